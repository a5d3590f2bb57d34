/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h (private to sources*.c and status.c): the parts of pugmark sources. */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "cli/private.h"
#include "pipeline/collect.h"

/* All sources with their state, as lines; *n = how many. 0 or -1. */
int sources_print(struct store *store, unsigned *n, struct err *err);
/* Actions: 0 done, 1 done but something is missing, -1. */
int sources_test(const struct command_line *line, struct store *store, struct err *err);
int sources_ledger(const struct command_line *line, struct store *store, struct err *err);
int sources_gaps(const struct command_line *line, struct store *store, struct err *err);

#endif
