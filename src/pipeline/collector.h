/* SPDX-License-Identifier: Apache-2.0 */
/* collector.h (private to collect*.c): one connection while it is read. */
#ifndef PIPELINE_COLLECTOR_H
#define PIPELINE_COLLECTOR_H

#include "pipeline/collect.h"
#include "pipeline/sweep.h"

/* What is saved with the events. Times in microseconds, 0 = not yet. */
struct checkpoint {
	int64_t settled_to;  /* windows: everything before has been asked for */
	int64_t late_at;     /* when older events were last asked for again */
	int64_t backfill_to; /* history is read from there on */
	bool backfilled;     /* to its beginning */
	/* streams: where the live one and the one through history go on */
	char cursor[PAGE_CURSOR], history[PAGE_CURSOR];
	int64_t processed_to, history_to;
	/* buckets */
	int64_t listed_at;    /* when the whole of it was last listed */
	int64_t listed_pages; /* and how many pages that took */
};

int checkpoint_read(
	struct store *store, const char *name, struct checkpoint *checkpoint, struct err *err);
/* Appends it as text. */
void checkpoint_write(const struct checkpoint *checkpoint, struct buf *out);

struct collector {
	struct store *store;
	const struct collect_options *options;
	struct collect_result *result;
	struct store_lock *lease;
	struct arena mem;
	struct connection connection;
	const struct source_kind *kind;
	struct settings settings;
	struct secret secret;
	struct http_client *http;
	const struct schema *schema;
	struct schema *owned_schema;
	struct checkpoint checkpoint;
	int64_t looked; /* monotonic: when the connection was last looked at, whether it has changed */
	/* APIs */
	struct source *source;
	struct sweep sweep;
	int64_t since;       /* options->since, until it was read; else INT64_MIN */
	int64_t range_from;  /* of the live range being read */
	int64_t range_began; /* when it, or that of late events, was begun; by the server's clock */
	int64_t due;         /* monotonic: when new events are asked for again */
};

/* One turn of each shape: new events, and what else is due; history as long as nothing is. *more: history
 * is left. 0 or -1, with result->failure. */
int collect_windows(struct collector *collector, bool *more, struct err *err);
int collect_stream(struct collector *collector, bool *more, struct err *err);
int collect_bucket(struct collector *collector, bool *more, struct err *err);
int collect_folder(struct collector *collector, bool *more, struct err *err);

/* Whether we were asked to stop. */
bool collector_stopped(const struct collector *collector);
/* Rules over what was committed, where the options say so; `busy` as of detect_live_run. Between commits: also in the thread that
 * committed, while others read and pack. */
void collector_detect(const struct collector *collector, bool busy);
/* Tells where it is. */
void collector_tell(const struct collector *collector, const struct collect_progress *at);

#endif
