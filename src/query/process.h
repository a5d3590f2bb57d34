/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h (private to query/): the parent's side of the SQL child: finding the library, starting,
 * listening with a time limit, killing.
 */
#ifndef QUERY_PROCESS_H
#define QUERY_PROCESS_H

#include <sys/types.h>

#include "query/wire.h"

struct process {
	pid_t pid; /* 0 = none */
	int fd;    /* the answer, or -1 */
	struct buf in;
	size_t at;       /* bytes of `in` that were taken */
	int64_t left_us; /* of the time limit; only waiting counts, not what the parent does */
	unsigned seconds;
	const volatile int *stop;
};

/* Starts the child with a request. */
int process_start(struct process *process, const struct sql_request *request, unsigned seconds,
	const volatile int *stop, struct err *err);
/* The next frame; its payload is borrowed until the next call. 1, or -1: ERR_LIMIT at the time
 * limit, ERR_INTERRUPTED, ERR_IO where the child died. */
int process_frame(struct process *process, char *tag, struct slice *payload, struct err *err);
/* Kills what still runs, reaps it, frees. */
void process_end(struct process *process);

#endif
