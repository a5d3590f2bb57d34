/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.h (private to query/): the walls around the SQL child. Landlock decides which files it
 * may open, a seccomp filter which system calls it may make, resource limits how much it may take.
 * DuckDB's own settings are only the second wall: they are enforced by the code under attack.
 */
#ifndef QUERY_SANDBOX_H
#define QUERY_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct sandbox {
	const char *read_dir;  /* read only; NULL or "" = none */
	const char *write_dir; /* the private spill folder */
	uint64_t memory;       /* bytes of private memory beyond what the process has now */
	uint64_t spill;        /* longest file it may write */
};

/* The version of Landlock that the kernel offers, 0 where there is none. For tests, the environment
 * variable PUGMARK_LANDLOCK makes it 0 ("off") or at most a number. */
int sandbox_landlock(void);

/* What Landlock is asked to watch over: files, TCP ports, sockets and signals across the wall. As
 * the kernel takes it (struct landlock_ruleset_attr). */
struct landlock_rules {
	uint64_t fs, net, scoped;
};
/* All that a version of Landlock knows, and no bit that it does not (it would refuse the whole).
 * Returns how many bytes of `rules` it takes. */
size_t sandbox_rules(int version, struct landlock_rules *rules);

/* Takes resources: no core files, few descriptors, private memory. Must be called before the
 * walls: reads /proc. */
int sandbox_limit(const struct sandbox *sandbox, struct err *err);

/* Closes the walls around this thread and all that it starts later; cannot be undone. To be called
 * while the process has one thread. ERR_UNSUPPORTED where the kernel cannot. */
int sandbox_enter(const struct sandbox *sandbox, struct err *err);

/* The second half of sandbox_enter: the filter of system calls alone. */
int sandbox_filter(struct err *err);

#endif
