/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h (private to query/): the walls around the SQL child. Landlock decides which files it
 * may open, a seccomp filter which system calls it may make, resource limits how much it may take.
 * DuckDB's own settings are only the second wall: they are enforced by the code under attack.
 */
#ifndef QUERY_SANDBOX_H
#define QUERY_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct sandbox {
	const char *read_dir;  /* read only; NULL or "" = none */
	const char *write_dir; /* the private spill folder */
	uint64_t memory;       /* bytes of private memory beyond what the process has now */
	uint64_t spill;        /* longest file it may write */
};

/* The version of Landlock that the kernel offers, 0 where there is none. The environment variable
 * PUGMARK_LANDLOCK=off makes it 0, for tests. */
int sandbox_landlock(void);

/* Takes resources: no core files, few descriptors, private memory. Must be called before the
 * walls: reads /proc. */
int sandbox_limit(const struct sandbox *sandbox, struct err *err);

/* Closes the walls around this thread and all that it starts later; cannot be undone. To be called
 * while the process has one thread. ERR_UNSUPPORTED where the kernel cannot. */
int sandbox_enter(const struct sandbox *sandbox, struct err *err);

/* The second half of sandbox_enter: the filter of system calls alone. */
int sandbox_filter(struct err *err);

#endif
