/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err.h: one caller-owned error value: a kind for code to branch on, a text for people.
 * Nothing is allocated, nothing is global. Each layer may add its context once, in front.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

enum err_kind {
	ERR_NONE = 0,
	ERR_IO,          /* the operating system refused; code = errno */
	ERR_NO_SPACE,    /* ENOSPC, EDQUOT */
	ERR_ACCESS,      /* EACCES, EPERM, EROFS */
	ERR_NOT_FOUND,   /* no such file, event, table, column … */
	ERR_USAGE,       /* the caller's words are wrong */
	ERR_FORMAT,      /* input from outside is ill-formed */
	ERR_DAMAGED,     /* a file that we wrote does not hold what we wrote */
	ERR_LIMIT,       /* a limit of base/limits.h, time or memory was reached */
	ERR_BUSY,        /* somebody else holds the lease */
	ERR_INTERRUPTED, /* Ctrl-C or a stop request */
	ERR_UNSUPPORTED, /* needs something this machine or build does not have */
};

struct err {
	enum err_kind kind;
	int code; /* errno where kind came from one, else 0 */
	char text[1000];
};

/* Sets kind and text (printf form). Always returns -1, so that `return err_set(…)` reads well.
 * A NULL `err` is allowed and ignored. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Sets the error from `errno`: the text is "WHAT: strerror". Keeps errno. Always returns -1. */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "CONTEXT: " in front of the text that is there. Always returns -1. */
int err_context(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The static analyser sees one file at a time: tells it what these return. */
#ifdef __clang_analyzer__
#define err_set(...)                                                                               \
	({                                                                                         \
		err_set(__VA_ARGS__);                                                              \
		-1;                                                                                \
	})
#define err_errno(...)                                                                             \
	({                                                                                         \
		err_errno(__VA_ARGS__);                                                            \
		-1;                                                                                \
	})
#define err_context(...)                                                                           \
	({                                                                                         \
		err_context(__VA_ARGS__);                                                          \
		-1;                                                                                \
	})
#endif

/* The kind as a word for JSON output, e.g. "no-space". */
const char *err_kind_name(enum err_kind kind);

/* The process exit status for an error: 2 for ERR_USAGE, else 1. */
int err_exit_status(const struct err *err);

#endif
