/* SPDX-License-Identifier: Apache-2.0 */
/* ioc.h (private to ioc*.c): indicators that a command was given, and what they were found as. */
#ifndef CLI_IOC_H
#define CLI_IOC_H

#include "answer/ioc.h"
#include "cli/private.h"
#include "ioc/list.h"
#include "pipeline/watch.h"
#include "pipeline/watch_fill.h"
#include "query/ioc.h"

/* Takes the values of the command line, from args[from] on, and those of --file. 0 or -1. */
int ioc_input_read(
	const struct command_line *line, int from, struct ioc_input *input, struct err *err);
/* The options of lists as list.h wants them (--list-format, --column, --kind). 0 or -1 (told). */
int ioc_list_options_of(const struct command_line *line, struct ioc_list_options *options);
/* Reads a file (plain, gzip, zstd; "-") as a list. 0 or -1. */
int ioc_file_read(const char *path, const struct ioc_list_options *options,
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err), void *ctx,
	struct ioc_list_counts *counts, struct err *err);

/* Makes the runs of observables that older programs left out, with progress. 0 or -1. */
int ioc_index_all(const struct command_line *line, struct store *store, struct err *err);
/* The same, where this folder may be written to. *left: segments that stay unindexed. */
int ioc_complete_index(
	const struct command_line *line, struct store *store, uint64_t *left, struct err *err);

/* What was found, as a table, JSON or CSV. `own` as indicator_caution has it. */
int ioc_print_answers(const struct command_line *line, enum query_format format,
	const struct ioc_input *input, const struct ioc_answers *answers, const struct slice *own,
	uint32_t nown, struct err *err);
/* The events of what was found. */
int ioc_print_events(const struct command_line *line, enum query_format format, struct store *store,
	const struct ioc_request *request, struct err *err);

/* The verbs of `pugmark ioc`, one file each. */
int ioc_search_run(const struct command_line *line);
int ioc_add_run(const struct command_line *line);
int ioc_list_run(const struct command_line *line);
int ioc_remove_run(const struct command_line *line);
int ioc_pause_run(const struct command_line *line);
int ioc_index_run(const struct command_line *line);
int ioc_update_run(const struct command_line *line);
int ioc_feeds_run(const struct command_line *line);
/* What came of a fetch (`err` NULL: it went well), as an object. Appends. */
struct feed_result;
void ioc_feed_json(
	const char *name, const struct feed_result *r, const struct err *err, struct buf *out);
/* `ioc add` with the options of a feed. */
bool ioc_is_feed(const struct command_line *line);
int ioc_feed_add_run(const struct command_line *line);

/* The list of that name, or a new one, with the settings of the command line over what it had; texts in `mem` or the line's. 0 or -1. */
int ioc_list_settings(const struct command_line *line, struct store *store, const char *name,
	struct arena *mem, struct watchlist *list, struct err *err);
/* Tells of texts that were not taken, the first of them. */
struct ioc_telling {
	uint64_t told;
};
void ioc_tell_unusable(void *ctx, const struct ioc_entry *entry, const char *reason);
/* What a list holds now, and what changed. */
void ioc_tell_fill(
	const char *name, const struct watch_fill_result *r, const struct ioc_telling *telling);

/* Asks watchlists of what they were not asked of yet, and says what came of it. `with`: *result has it as well. */
int ioc_sweep_with(const struct command_line *line, struct store *store,
	struct watch_result *result, struct err *err);
int ioc_sweep(const struct command_line *line, struct store *store, struct err *err);

#endif
