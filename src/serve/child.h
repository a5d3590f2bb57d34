/* SPDX-License-Identifier: Apache-2.0 */
/* child.h (private to serve/): a process of the service: of a source, or the one that tells of alerts or fetches feeds. */
#ifndef SERVE_CHILD_H
#define SERVE_CHILD_H

#include <sys/types.h>

#include "base/base.h"

struct child {
	char name[64];
	const char *const *words; /* the command, NULL-ended; NULL = collect NAME */
	bool whole;               /* the words are all: no arguments behind them */
	pid_t pid;                /* 0 = none */
	int status;               /* of the last one, as waitpid */
	bool wanted;
	int64_t changed_at;   /* of the connection */
	int64_t started, due; /* monotonic; not started before `due` */
	unsigned failures;    /* in a row */
	struct child *next;
};

/* Starts `pugmark collect NAME args…`, or the words given: this very program. 0 or -1. */
int child_start(struct child *child, const char *const *args, struct err *err);
/* True where it has ended; pid is 0 then. */
bool child_reap(struct child *child);
/* Whether the last one ended because there was nothing more to do, or it was asked to. */
bool child_ended_well(const struct child *child);
/* "was ended by signal 11", "ended with status 1". Returns `text`. */
const char *child_how_ended(const struct child *child, char *text, size_t size);
/* Sends a signal where it runs. */
void child_signal(struct child *child, int number);

#endif
