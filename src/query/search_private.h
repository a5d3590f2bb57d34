/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search_private.h (private to query/): what the files of a search share. One thread lists the
 * segments; then workers take items (a file to be opened, a row group to be looked at) from one
 * heap, best time first, until the page is full and nothing that is left can change it.
 */
#ifndef QUERY_SEARCH_PRIVATE_H
#define QUERY_SEARCH_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "cluster/filter.h"
#include "parquet/parquet.h"
#include "query/field.h"
#include "query/search.h"
#include "query/table_file.h"

enum {
	SEARCH_SECONDS = 300,   /* where the request says 0 */
	SEARCH_THREADS = 64,    /* at most */
	SEARCH_RETRIES = 3,     /* after a segment was retired under the search */
	SEARCH_BUCKETS = 10000, /* at most */
	SEARCH_FACET_VALUES = 100000,
	SEARCH_SORT_BYTES = 1024, /* texts are sorted by so many bytes of their folded form */
};

/* Files that are kept open, so that there are never too many; rows of one time that are kept before
 * their ids are read to choose among them. Tests make them small. */
extern unsigned search_open_files;
extern size_t search_ties_kept;

/* search_run with a time limit in microseconds. */
int search_run_for(struct store *store, const struct search_request *request, int64_t us,
	struct search **search, struct err *err);

/* search_values of the lake's own files, and of the cluster that is set. */
int search_values_lake(struct store *store, const struct search_tables *tables, const char *field,
	struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds,
	int (*each)(void *ctx, struct slice value, uint64_t count, struct err *err), void *ctx,
	struct err *err);
int search_values_cluster(struct store *store, const struct search_tables *tables,
	const char *field, struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds,
	int (*each)(void *ctx, struct slice value, uint64_t count, struct err *err), void *ctx,
	struct err *err);

/* ---- plan ------------------------------------------------------------------------------------ */

/* A shape of a table, and what the request means in it. Files of equal shape share one. */
struct search_shape {
	struct search_shape *next;
	struct batch_shape shape; /* a copy */
	uint32_t table;
	struct match_program *program;
	bool always, never;
	struct field *facets; /* request->nfacets */
	struct field sort;
};

struct search_table {
	const struct schema *schema;
	const struct expr *expr; /* with tests of `table` answered */
	struct matcher *matcher; /* of `expr`; tables with the same expr share it */
	bool owns_matcher;
};

struct search_file {
	uint64_t id, rows, no_time;
	uint32_t table;
	const char *path;
	int64_t min_time, max_time;
	struct parquet_reader *reader; /* NULL = not open, or not kept open */
	struct search_shape *shape;    /* once it was open */
	uint32_t pending;              /* of its items, those that are not done */
	bool read, failed;             /* a group was read; a problem was told */
};

/* Where a row stands in the order of time. `key` grows toward the page's begin. */
struct place {
	bool timed;
	int64_t key; /* NEWEST: the time; OLDEST: ~time */
};
static inline struct place place_of(enum search_order order, bool timed, int64_t time)
{
	return (struct place){timed, !timed ? 0 : order == SEARCH_NEWEST ? time : ~time};
}
/* >0: a stands before b. */
static inline int place_cmp(struct place a, struct place b)
{
	if (a.timed != b.timed)
		return a.timed ? 1 : -1;
	return a.key < b.key ? -1 : a.key > b.key;
}

enum { GROUP_FILE = UINT32_MAX }; /* an item's `group`: the file is to be opened */
struct search_item {
	struct place best; /* no row of it stands before this */
	uint32_t file, group;
};

struct missing {
	uint64_t *ids;
	uint32_t n;
};

/* ---- page ------------------------------------------------------------------------------------ */

struct hit {
	struct place place;
	uint32_t file, group, row;
	bool has_id;
	uint8_t id[16];
};

/* Rows that may be the page: the best `most` (one more than asked for, to know whether there are
 * more), and what ties with the last of them in time. */
struct page {
	struct hit *hits;
	size_t n, cap, most, trim_at;
	bool full;          /* n >= most, and: */
	struct place worst; /* rows behind it are of no use */
};

/* By a field: `most` best of a worker, the worst on top. */
enum sort_kind { SORT_NULL, SORT_TEXT, SORT_NUMBER };
struct sort_hit {
	enum sort_kind kind;
	int64_t number;
	struct slice text; /* owned */
	struct hit hit;
};
struct sort_heap {
	struct sort_hit *hits;
	size_t n, cap;
};

/* ---- histogram and facets -------------------------------------------------------------------- */

struct histogram {
	uint32_t n;      /* 0: none wanted, or nothing to show */
	int64_t *begins; /* n + 1: the last is the end */
	int64_t width;   /* µs; of months and years a mean */
	bool even;       /* all are `width` wide */
};

struct facet_map {
	struct map values;
	uint64_t nulls, hits;
	uint64_t *stamps; /* per value: the round (of a row group) and row that had it last */
	uint32_t nstamps;
	uint64_t rounds;
	uint64_t lost; /* values dropped when memory ran out */
	bool cut;
};

/* ---- workers --------------------------------------------------------------------------------- */

struct worker {
	struct search *search;
	struct cluster *cluster; /* a connection of its own, where one is asked */
	pthread_t thread;
	bool started;
	struct match_scratch *scratch;
	struct sort_heap sorted;
	uint64_t *buckets; /* histogram_cells */
	uint64_t no_time, matched;
	uint64_t *tables; /* matches per table */
	struct facet_map *facets;
	struct search_explain explain;
	/* the row group in hand */
	struct search_file *file;
	uint32_t file_index, group;
	struct parquet_reader *reader;
	struct group_facts facts;
	struct batch batch;
	bool rows_loaded; /* rows of a column were read, not only distinct values */
	struct buf among, rows, local, counts, text, folded;
	struct hit *hits;
	size_t nhits, hits_cap;
};

struct search {
	struct store *store;
	const struct search_request *request;
	struct search_request copy;
	enum search_order order;
	bool bounded;  /* since or until is set */
	bool counted;  /* all matches are looked at */
	bool last_try; /* a segment that is gone is a problem now */
	int64_t started, deadline;
	unsigned threads;
	struct arena mem; /* of the attempt; results */
	struct search_table *tables;
	struct search_file *files;
	uint32_t nfiles, files_cap;
	struct histogram histogram;
	struct worker *workers;
	struct missing missing;

	pthread_mutex_t lock; /* what follows */
	pthread_cond_t changed;
	struct search_item *items; /* a heap */
	size_t nitems, items_cap;
	unsigned opening; /* files in the hands of workers, which may make items */
	unsigned open_files;
	struct search_shape *shapes;
	struct page page;
	struct search_problem *problems;
	uint32_t nproblems, problems_cap;
	bool again; /* a segment is gone: start over */
	const char *why;
	atomic_bool ended; /* stop, time limit, again: for all workers */

	struct sort_hit *sorted; /* the page by a field, after the run */
	struct search_result result;
	struct clustered *clustered; /* NULL: the lake's own files are asked */
};

/* search_plan.c */
int plan_tables(struct search *s, struct err *err);
void plan_tables_free(struct search *s);
/* Lists the segments and makes the first items. */
int plan_files(struct search *s, struct err *err);
struct search_shape *make_shape(struct search *s, uint32_t table, const struct batch_shape *from);
/* Opens a file, prunes its groups and puts the others into the heap. The lock is not held. */
void plan_open(struct worker *w, struct search_file *file, uint32_t index);
/* Opens a file; the reader is the caller's. */
int file_open(const struct search_file *file, struct parquet_reader **reader, struct err *err);
/* The file's reader, or one of the worker's own where too many files are open; until
 * file_give_back. A failure is dealt with. */
int file_take(struct worker *w, struct search_file *file, struct parquet_reader **reader,
	struct err *err);
void file_give_back(struct worker *w, struct search_file *file, struct parquet_reader *reader);
/* Adds to the list of problems, once per file. search_problem takes the lock, for problem_add it is
 * held. */
void problem_add(struct search *s, struct search_file *file, const char *what);
void search_problem(struct search *s, struct search_file *file, const char *what);
void item_push(struct search *s, struct search_item item);
bool item_pop(struct search *s, struct search_item *item);

/* search_run.c: runs the workers until nothing is left to do. */
void search_workers(struct search *s);
/* Whether the search is to end; sets why. Cheap. */
bool run_ended(struct search *s);
/* Ends it; `why` counts where nothing was told before. */
void run_end(struct search *s, const char *why);
/* Loads a column of the group in hand. */
int work_load(struct worker *w, uint32_t column, struct err *err);

/* The rows of the batch in hand that match and are among the asked: *rows NULL = all. */
int match_group(struct worker *w, const uint64_t **rows, uint32_t *count, struct err *err);
/* Counts them: histogram, facets. */
int count_group(struct worker *w, const uint64_t *rows, uint32_t count, struct err *err);

/* search_top.c: rows NULL = all of the group in hand. */
int top_group(struct worker *w, const uint64_t *rows, struct err *err);
/* Whether rows at `best` or behind can still come into the page. The lock is held. */
bool top_wants(const struct search *s, struct place best);
/* Sorts the page and cuts it. */
void top_finish(struct search *s);

/* search_sort.c */
int sort_group(struct worker *w, const uint64_t *rows, struct err *err);
void sort_finish(struct search *s);
void sort_heap_free(struct sort_heap *heap);

/* search_histogram.c */
void histogram_plan(struct search *s, int64_t min, int64_t max);
/* What a worker counts: the buckets, or, by_table, those of each table, one table after another. */
size_t histogram_cells(const struct search *s);
/* Whether the times of the group in hand must be read to count it. */
bool histogram_needs_times(const struct worker *w);
void histogram_group(struct worker *w, const uint64_t *rows, uint32_t count);
void histogram_finish(struct search *s);
/* Adds matches of a table at a time (timed) to the buckets. */
void histogram_add(struct worker *w, uint32_t table, bool timed, int64_t time, uint64_t count);

/* search_facet.c: load, then add: what cannot be read is not counted in part. */
int facet_load(struct worker *w, struct err *err);
void facet_group(struct worker *w, const uint64_t *rows, uint32_t count);
void facet_finish(struct search *s);
void facet_map_fini(struct facet_map *facet);
/* Counts the values of a field in those rows of a batch whose columns are there. */
void facet_count(struct facet_map *facet, const struct field *field, const struct batch *batch,
	const uint64_t *rows, uint32_t count, struct buf *counts, struct buf *text);
/* Drops rare values while it takes more than `bytes`. */
void facet_shrink(struct facet_map *facet, uint64_t bytes);
/* What one worker's values of one facet may take. */
uint64_t facet_share(const struct search *s);

/* ---- on a cluster ---------------------------------------------------------------------------- */

/* A table there, and the request as SQL on it. */
struct cluster_table {
	bool there;
	struct search_shape *shape;
	struct cluster_filter filter;
	struct buf range; /* the conditions of time and of secondary sources */
};
enum { CLUSTERED_AT_ONCE = 4 }; /* questions at most: each takes all cores of the servers already */
/* A cluster that is asked instead of the lake's files: workers judge, the servers do the rest. Its files[t] stands for table t. */
struct clustered {
	struct cluster
		*connections[CLUSTERED_AT_ONCE]; /* [0] is there; others once they are needed */
	const struct cluster_features *features;
	struct cluster_table *tables;
	atomic_uint blocks; /* read so far: they are what row groups are of files */
	atomic_bool left;   /* rows that match may be left unread: the page was full */
};

/* search_cluster.c: 1: `s->clustered` is set, and s->threads for it; 0: the lake's files are to be asked; -1. */
int clustered_open(struct search *s, struct err *err);
/* Closes it, where one was opened. */
void clustered_free(struct search *s);
/* What plan_files and search_workers are for files. */
int clustered_plan(struct search *s, struct err *err);
int clustered_run(struct search *s, struct err *err); /* search_cluster_page.c */
/* Appends `database`.`table`. */
void clustered_from(const struct search *s, uint32_t table, struct buf *out);
/* Adds a condition to those after WHERE. */
void clustered_and(struct buf *where, struct slice condition);
/* Adds what the table's rows may be, where the gate does not say the same already. */
void clustered_and_may(const struct cluster_table *table, struct buf *where);
/* Asks for a table's rows and hands them to `each` as the worker's batch: the columns `want`, the rows `where`, in the order and number
 * that `tail` says. `gate` (may be empty) holds for all of them and is asked first. 0; 1 where the search ended in the middle; -1. */
int clustered_stream(struct worker *w, uint32_t table, const bool *want, struct slice gate,
	struct slice where, struct slice tail,
	int (*each)(struct worker *w, void *ctx, struct err *err), void *ctx, struct err *err);
/* Asks for an answer in RowBinary. As clustered_stream. */
int clustered_ask(struct worker *w, struct slice sql, struct buf *out, struct err *err);
/* search_cluster_crew.c: does the jobs 0 … njobs - 1, up to CLUSTERED_AT_ONCE at the same time, each with one of the `workers` (so many;
 * NULL: with workers that have no more than a connection). -1 with the first error of a job, after which no other begins. */
int clustered_each(struct search *s, struct worker *workers, uint32_t njobs,
	int (*job)(struct worker *w, uint32_t n, void *ctx, struct err *err), void *ctx,
	struct err *err);

/* search_cluster_count.c: all matches of a table are counted. As clustered_stream. */
int clustered_count(struct worker *w, uint32_t table, struct err *err);
/* search_cluster_rows.c */
int clustered_rows(struct search *s, const struct hit *hits, uint32_t n, const char *const *fields,
	uint32_t nfields, int (*each)(void *ctx, const struct search_row *row, struct err *err),
	void *ctx, struct err *err);
/* search_rows.c: the columns that fields are read from. */
void rows_want(const struct schema *schema, const struct batch_shape *shape,
	const char *const *fields, uint32_t nfields, bool *want);
void rows_fill(const struct schema *schema, const struct batch *batch, uint32_t at,
	const struct match_program *program, char source[128], struct search_row *row);

#endif
