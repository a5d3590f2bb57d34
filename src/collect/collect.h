/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect.h: the services that events are collected from, behind one contract: what each kind of source
 * wants to know, how it is asked, and what its answers mean. Nothing is stored here and nothing is
 * decoded: pages and objects are given as bytes; which windows to ask for, and what was seen before, is
 * known to pipeline/.
 *
 * Three shapes. SOURCE_WINDOWS: an API that is asked for stretches of time and answers newest first, page
 * by page. SOURCE_STREAM: one that goes on from a cursor, oldest first. SOURCE_OBJECTS: a bucket or
 * folder of files (objects.h).
 *
 * A failure is one sentence that says what to do, and a kind to branch on. An error is never an empty
 * page.
 */
#ifndef COLLECT_COLLECT_H
#define COLLECT_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/settings.h"
#include "net/net.h"

enum source_shape { SOURCE_WINDOWS, SOURCE_STREAM, SOURCE_OBJECTS };

/* One thing that a kind of source may be told. */
struct setting_row {
	const char *name; /* in settings; as an option of `connect`: --name with hyphens */
	const char *arg;  /* what its value is called in help; NULL = a switch */
	const char *help;
	bool secret; /* a secret, read from a file or asked for without echo: sealed, never a setting */
};

struct source_kind {
	const char *name;  /* "jira" */
	const char *title; /* for people: "Jira" */
	enum source_shape shape;
	const char *table;                  /* NULL = must be given */
	uint32_t interval_s;                /* by default: between two readings, */
	uint32_t lookback_s;                /* and how far each reads again */
	const struct setting_row *settings; /* ends with a NULL name */
	const char *guide;                  /* where what it wants is found, for people: lines */
};

/* All kinds; a NULL name ends them. */
extern const struct source_kind source_kinds[];
/* The kind of that name, or NULL. */
const struct source_kind *source_kind_find(const char *name);
/* Settings that every kind takes (ca_file, proxy, allow_private); ends with a NULL name. */
extern const struct setting_row source_common_settings[];

/* ---- failures -------------------------------------------------------------------------------- */

enum source_failure {
	SOURCE_FINE,
	SOURCE_TOKEN,      /* 401: the token is not accepted */
	SOURCE_PERMISSION, /* 403: the account may not read the audit log, or the plan has none */
	SOURCE_LOGIN,      /* a redirect, or a web page instead of data */
	SOURCE_MISSING,    /* 404: no audit log at this address */
	SOURCE_REFUSED,    /* another 4xx: the request is not understood */
	SOURCE_OVERLOADED, /* 429 or 5xx, also after retries */
	SOURCE_NETWORK,    /* no whole reply: name, connection, TLS, time */
	SOURCE_GARBLED,    /* 200, but not what was asked for, also after retries */
	SOURCE_STOPPED,    /* we were asked to stop */
	SOURCE_FAILURES
};
/* "token refused", … for logs and --json; "fine". */
const char *source_failure_name(enum source_failure failure);
/* Whether trying again soon is useless, since somebody has to do something. */
bool source_failure_is_final(enum source_failure failure);

/* ---- APIs ------------------------------------------------------------------------------------ */

/* What a source is asked through; all borrowed. */
struct source_env {
	struct http_client *http;
	const struct retry_policy *policy; /* NULL = default */
	const struct retry_env *retry;     /* NULL = real time and chance */
};

/* An API with its address and login. */
struct source;

/* Opens an API source (SOURCE_WINDOWS or SOURCE_STREAM) as its settings say; nothing is sent. `secret` is
 * the token, copied, overwritten at close. ERR_USAGE where a setting is missing. */
int source_open(const struct source_kind *kind, const struct settings *settings, const char *secret,
	const struct source_env *env, struct source **source, struct err *err);
/* Accepts NULL. */
void source_close(struct source *source);

/* How an API pages, which is known once it is open. */
struct source_traits {
	unsigned page_rows; /* that one page may hold; the server may cap it lower */
	bool has_ids;       /* records have ids of their own */
	bool cursors;       /* pages go by cursor, not by offset */
	int64_t pause_us;   /* at least between two requests; 0 = none */
};
struct source_traits source_traits(const struct source *source);
/* The end point, for people and as the `input` of events; borrowed. */
const char *source_endpoint(const struct source *source);

#define SOURCE_OPEN_FROM INT64_MIN
#define SOURCE_OPEN_TO   INT64_MAX

struct page_ask {
	/* Microseconds, whole milliseconds; SOURCE_OPEN_… = no bound. Servers take both as inclusive: rows
	 * of the millisecond `to` come with the window before it and the one after it, so that none is
	 * lost where a server's times are finer than its bounds. */
	int64_t from, to;
	uint64_t offset;    /* rows to pass over; 0 where there is a cursor */
	const char *cursor; /* page.cursor of the page before, or NULL */
	unsigned rows;      /* wanted; 0 = traits.page_rows */
	bool newest;        /* of a stream: its newest rows, for a look at it */
};

enum { PAGE_CURSOR = 2048 };
struct page {
	struct http_reply reply; /* holds the bytes */
	struct slice records;    /* the JSON array of the records, in reply; valid JSON (lenient) */
	bool empty;              /* no record in it */
	bool last;               /* the server says that nothing follows */
	bool more;               /* it says that more follows */
	int64_t total;           /* rows of the window as the server says; -1 = it does not */
	char cursor
		[PAGE_CURSOR]; /* where the next page begins, as the server says; "" = it does not */
	int64_t server_us;     /* the server's clock; 0 = not said */
	uint32_t requests, errors; /* made, and failed of them; added up over the page's life */
	enum source_failure failure;
	int64_t asked_us; /* that the server wants to be left alone; -1 = it does not say */
};
/* An empty page; to be used again and again. */
void page_init(struct page *page);
void page_fini(struct page *page);
/* Asks for a page. 0, or -1 with page->failure and `err`. page->requests and errors count on. */
int source_page(
	struct source *source, const struct page_ask *ask, struct page *page, struct err *err);

/* ---- trying out ------------------------------------------------------------------------------ */

/* TEST_PHASE: the text is a word for what is looked at from now on ("address", "token" …); nothing has come of it yet. */
enum test_mark { TEST_OK, TEST_NOTE, TEST_WARNING, TEST_FAILED, TEST_PHASE };

struct source_test {
	/* Hears of each step as it is done; may be NULL. */
	void (*step)(void *ctx, enum test_mark mark, const char *text);
	void *ctx;
	/* out: */
	char instance[800]; /* of the product: cloud id, or base URL */
	struct page newest; /* the newest records, at most three; the caller's (page_fini) */
	int64_t oldest_us; /* a day on which there is a record, and none before it; 0 = not known */
	bool empty;        /* it answers, but there is no record */
	bool time_filter_broken; /* records without bounds, none within them */
	int64_t clock_off_us;    /* of this machine's clock, ahead of the server's */
};

/* Tests the truth, not the login: reaches the host, recognises the kind of token and the address that it
 * needs, checks the permission, reads with and without the time filter. `typed` is the domain or base URL as
 * the user typed it. Puts into `settings` what source_open needs. 0, or -1 with the sentence. */
int source_try(const struct source_kind *kind, const char *typed, struct settings *settings,
	const char *secret, const struct source_env *env, struct source_test *test,
	struct err *err);

/* ---- credentials ----------------------------------------------------------------------------- */

/* The guide's three values from a file as people have them: JSON with typographic quotes, trailing commas,
 * comments or without braces, or lines `key: value`, `key=value`. Texts in `mem`, NULL where missing. */
struct creds {
	const char *domain, *mail, *api_token;
};
/* 0, or -1 with the line where nothing could be read. The error holds no value. */
int creds_read(struct slice text, const char *name, struct arena *mem, struct creds *creds,
	struct err *err);
/* A secret as it was pasted: blanks around it cut. ERR_USAGE where it is empty or has a line break, a blank,
 * a quote or a control character within. Returns it in `mem`. */
const char *secret_trim(struct slice text, const char *what, struct arena *mem, struct err *err);

#endif
