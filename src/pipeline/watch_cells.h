/* SPDX-License-Identifier: Apache-2.0 */
/* watch_cells.h (private to watch*.c): indicators that were seen → their events, day by day → alerts. */
#ifndef PIPELINE_WATCH_CELLS_H
#define PIPELINE_WATCH_CELLS_H

#include "pipeline/watch.h"
#include "query/ioc.h"

struct watch_cells;
struct watch_cells *watch_cells_new(
	struct store *store, const struct watch_options *options, struct watch_result *result);
void watch_cells_free(struct watch_cells *cells);
/* The days to be looked at: all, where this is never called; else those that the spans touch. */
void watch_cells_span(
	struct watch_cells *cells, int64_t min_time, int64_t max_time, uint64_t no_time);
/* One to be looked for; copied. Once for each list and indicator. */
void watch_cells_add(
	struct watch_cells *cells, const struct watchlist *list, const struct watched *watched);
/* Reads their events and makes the catalog's alerts of those days be what they say. */
int watch_cells_settle(struct watch_cells *cells, struct err *err);

#endif
