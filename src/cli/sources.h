/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h (private to sources*.c and status.c): the parts of pugmark sources. */
#ifndef CLI_SOURCES_H
#define CLI_SOURCES_H

#include "cli/private.h"
#include "pipeline/collect.h"

/* All sources with their state, as lines or as elements of a JSON array; *n = how many. 0 or -1. */
int sources_print(struct store *store, bool json, unsigned *n, struct err *err);
/* `,"name":"2026-…"` or null. */
void print_json_time(const char *name, int64_t us);

/* Actions: 0 done, 1 done but something is missing, -1. */
int sources_test(const struct command_line *line, struct store *store, struct err *err);
int sources_ledger(const struct command_line *line, struct store *store, struct err *err);
int sources_gaps(const struct command_line *line, struct store *store, struct err *err);

#endif
