/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.h (private to alerts*.c): what the parts of `pugmark alerts` share. */
#ifndef CLI_ALERTS_H
#define CLI_ALERTS_H

#include "cli/private.h"
#include "store/alerts.h"

enum { ALERT_SHORT = 8 /* digits of an id in tables: as a rule enough to name it */ };

/* What `alerts list`, `show` and `export` do; `filter` is what the options say. */
int alerts_print_list(const struct command_line *line, struct store *store,
	struct alert_filter *filter, struct err *err);
int alerts_print_one(const struct command_line *line, struct store *store,
	struct alert_filter *filter, struct err *err);
int alerts_export(const struct command_line *line, struct store *store, struct alert_filter *filter,
	struct err *err);
/* "3 open (1 high), 2 acknowledged" for people. Appends to `out`. */
int alerts_summary(struct store *store, struct buf *out, struct err *err);

#endif
