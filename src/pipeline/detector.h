/* SPDX-License-Identifier: Apache-2.0 */
/* detector.h (private to detect*.c): one evaluation of rules over the store. */
#ifndef PIPELINE_DETECTOR_H
#define PIPELINE_DETECTOR_H

#include <pthread.h>

#include "detect/correlate.h"
#include "detect/engine.h"
#include "detect/sketch.h"
#include "pipeline/detect.h"
#include "pipeline/detect_catch.h"
#include "query/field.h"
#include "query/spill.h"
#include "query/table_file.h"

/* ---- names ----------------------------------------------------------------------------------- */

/* A field in one shape, and where its value is looked for: the first that has one. */
struct name_list {
	uint32_t n;
	struct field *fields;
};
/* A rule that a base rule's events go to, in one shape. HIT_PERHAPS in `member`: the rule may come to see an alert that rests on the
 * event, in that group and at that time, where it sees a correlation. Such hits are counted and not kept. */
#define HIT_PERHAPS (UINT32_C(1) << 31)
struct use {
	uint32_t rule, member;
	struct name_list group, value;
	bool needs_all; /* an event without one of the group's values does not count */
};
/* What the rules mean in one shape of a table. */
struct detect_shape {
	struct detect_shape *next;
	const struct schema *schema;
	struct batch_shape shape;
	struct engine_program *program;
	uint32_t *nuses; /* per rule */
	struct use **uses;
	struct name_list actor, ip, target, source, severity, summary, reported_by;
	struct arena mem;
};

/* ---- hits ------------------------------------------------------------------------------------ */

struct hits {
	struct hit *of;
	size_t n, cap;
};
/* A segment as the pass sees it. */
struct detect_file {
	uint64_t id, rows;
	char *path;
	const struct schema *schema;
	int64_t min_time, max_time;
	bool no_time;
	struct detect_shape *shape;  /* once it was asked for */
	const struct caught *caught; /* what an import of this process kept of it; NULL = nothing */
	struct parquet_reader *reader;
	bool failed;
};
/* What a thread takes at a time: row groups of a file. */
struct detect_unit {
	uint32_t file, from,
		to; /* row groups [from, to); to = UINT32_MAX: all, the file is not open yet */
	struct hits held; /* between the two rounds of a pass */
	bool holds;
};

/* What a pass looks for: which rules, and for each the times of hits that matter. */
struct detect_range {
	bool wanted;
	bool untimed;     /* hits without time */
	int64_t from, to; /* hits of times in [from, to) */
};
struct detect_pass {
	struct detector *d;
	struct detect_range *ranges; /* per rule */
	const struct map *groups;    /* (rule, group): the only ones wanted; NULL = all */
	uint32_t part, parts;        /* groups of this part only */
	bool all;                    /* of hits that cannot matter by themselves none is left out */
	struct detect_file *files;
	uint32_t nfiles;
	size_t most;      /* hits at most; more is `full` */
	struct hits hits; /* of rules of events alone, sorted */
	struct hits
		deep; /* events that correlations of correlations look at as well; in any order */
	/* One hit of each group that has hits and none that could matter, where `groups` or `parts` leave open which were looked at. */
	struct hits witnesses;
	struct sketch *sketch;
	struct detect_unit *units;
	uint32_t nunits;
	bool full;
	/* threads */
	pthread_mutex_t lock;
	bool counts; /* this is the round that counts */
	size_t held; /* hits in memory between the rounds */
	uint32_t next;
	int rc;
	struct err err;
};

struct detector {
	struct store *store;
	const struct detect_options *options;
	struct detect_result *result;
	const struct rules *rules;
	struct engine *engine;
	const struct expr **exprs;
	bool *active; /* per rule: it raises alerts, or a rule that does so needs it */
	bool *raises;
	bool *chained; /* it feeds a correlation, or is fed by one: its groups are not looked at in parts */
	unsigned *depth; /* 0 = of events alone, n + 1 = of correlations of depth n */
	bool *counted; /* all that it sees has hits, perhaps or not: those that are too few can be told */
	struct schema_set schemas;
	pthread_mutex_t lock; /* of shapes and sources */
	struct detect_shape *shapes;
	struct map sources;        /* names that hits came from; a hit has the number of an entry */
	struct detect_file *files; /* all segments, ascending by id */
	uint32_t nfiles;
	int64_t kept_from; /* day: retention has dropped what is earlier; INT64_MIN + 1 = nothing */
	int64_t began, last; /* times of the first and last event; began > last: there is none */
	int64_t *
		rule_began; /* per rule: of the first event of the tables that it looks at; INT64_MAX = none */
	int64_t longest_reach; /* of the rules that take part; µs */
	unsigned threads;
	uint64_t rows_total;
	char spool[SPILL_PATH]; /* the private folder of files from a cluster; "" = none */
	char **unfinished;      /* sources whose history is still being read; NULL-ended */
	struct arena mem;
};

/* detect_setup.c */
/* Rules, engine and schemas, and no segment: enough for looking at batches. 0 or -1; detector_close after -1 too. */
int detector_prepare(struct detector *d, struct store *store, const struct detect_options *options,
	struct detect_result *result, struct err *err);
/* With the segments of the lake; of a replay (`history` not NULL) with what the lake's cluster has of it, where one is set. */
struct detect_history {
	int64_t since, until;
};
int detector_open(struct detector *d, struct store *store, const struct detect_options *options,
	const struct detect_history *history, struct detect_result *result, struct err *err);
/* Adds a file; its path becomes the detector's. */
void detector_add_file(struct detector *d, const struct detect_file *file);
/* detect_cluster.c: adds files with what the cluster has. 1; 0 where the lake's own files are what counts: no cluster is set, or alerts are
 * written and the lake has events of its own; -1. */
int detect_cluster_files(struct detector *d, int64_t since, int64_t until, struct err *err);
void detector_close(struct detector *d);
/* The sources whose history is still being read, NULL-ended, or NULL; freed by detector_unfinished_free. 0 or -1. */
int detector_unfinished(struct store *store, char ***names, struct err *err);
bool detector_is_unfinished(char *const *names, struct slice source);
void detector_unfinished_free(char **names);
bool detector_stops(const struct detector *d, struct err *err);

/* detect_shape.c */
struct detect_shape *detect_shape(
	struct detector *d, const struct schema *schema, const struct batch_shape *shape);
void detect_shapes_free(struct detector *d);
/* Opens a file and finds its shape. False where it cannot be read (counted). */
bool detect_file_open(struct detector *d, struct detect_file *file);
void detect_file_close(struct detect_file *file);
/* Its shape, without opening it where hits were caught. False as detect_file_open. */
bool detect_file_shape(struct detector *d, struct detect_file *file);
/* The value of a name in a row of a batch whose columns are loaded, appended to `out`; false where there is none. */
bool detect_value(const struct batch *batch, const struct name_list *list, uint32_t at,
	uint32_t row, struct buf *out);

/* The hash of one value; not 0 and not 1. */
static inline uint64_t detect_hash(struct slice value)
{
	uint64_t hash = hash_bytes(value.ptr, value.len);
	return hash > 1 ? hash : hash + 2;
}

/* The hash of a group with the hash of its value number i (0: there is none): the same whether an event or an alert of a correlation
 * brings it. */
static inline uint64_t detect_fold(uint64_t hash, uint32_t i, uint64_t value)
{
	return hash_fold(hash ^ value, UINT64_C(0x9e3779b97f4a7c15) + i);
}

void hits_push(struct hits *hits, const struct hit *hit);
void hits_append(struct hits *hits, const struct hit *of, size_t n);

/* detect_take.c: the hits of one batch after another. A thread has one. */
struct taker {
	struct detector *d;
	const struct detect_range *ranges; /* per rule: the times that matter; NULL = all */
	struct engine_scratch *scratch;
	struct hits hits; /* of the batch in hand: file, source 0 */
	/* Called for each expression that matches, before its hits are taken; may be NULL. */
	void (*matched)(void *ctx, const uint64_t *rows, uint32_t count);
	void *ctx;
	/* the batch in hand */
	const struct detect_shape *shape;
	const struct match_input *input;
	uint32_t group;
	struct buf text;
	struct arena mem;
	struct hash_memo *memos;
	uint32_t nmemos;
};
void taker_init(struct taker *taker, struct detector *d);
void taker_fini(struct taker *taker);
/* Fills taker->hits with those of a batch, row group `group` of its file. `among` as of engine_run. 0 or -1. */
int taker_run(struct taker *taker, const struct detect_shape *shape,
	const struct match_input *input, uint32_t group, const uint64_t *among, struct err *err);
/* detect_scan.c: fills pass->hits with those of its files, sorted. 0, or -1. */
int detect_scan(struct detect_pass *pass, struct err *err);

/* detect_alerts.c: the alerts of what a pass found on the days [from, to] (INT64_MIN: of what has no time), and makes them be
 * what the catalog says. `groups` as of the pass. */
int detect_settle(struct detector *d, const struct detect_pass *pass, int64_t from, int64_t to,
	struct err *err);

/* detect_days.c: scans pass->files; detect_ranges chooses them first, of the detector's, as pass->ranges want. 1 where the memory did
 * not do, 0, -1. */
int detect_first(struct detect_pass *pass, struct err *err);
int detect_ranges(struct detect_pass *pass, struct err *err);
void detect_pass_fini(struct detect_pass *pass);
/* Whole days [from, to], in as many passes as memory wants. `wanted` per rule; `groups` NULL = all. */
int detect_days(struct detector *d, const bool *wanted, const struct map *groups, int64_t from,
	int64_t to, struct err *err);
int detect_untimed(
	struct detector *d, const bool *wanted, const struct map *groups, struct err *err);

#endif
