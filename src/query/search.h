/* SPDX-License-Identifier: Apache-2.0 */
/*
 * search.h: a search over the store: plan (which row groups can hold a match), run (newest first,
 * all cores, early stop), results (rows, count, histogram, facets).
 *
 * Order is (event_time, event_id), both descending or both ascending; events without a time come
 * last in either. Paging by the last row's (time, id) is stable while new events arrive. Rows of a
 * `secondary` source are left out unless asked for.
 *
 * A damaged segment does not end a search: it is named in the result, and the others answer. A
 * segment that was retired (compaction, retention) under the search makes it start again with the
 * segments of now.
 *
 * Where a cluster is set for the lake it is asked instead of the lake's files, with the same results. One that does not answer is an
 * error; what takes too long is `partial` as always.
 *
 * Counts, histogram and facets are of all matches in [since, until), whatever page is asked for.
 * Names of fields are not checked here: one that no table has is null in every event.
 */
#ifndef QUERY_SEARCH_H
#define QUERY_SEARCH_H

#include "query/language.h"
#include "store/store.h"

enum search_order { SEARCH_NEWEST, SEARCH_OLDEST };

struct search_cursor {
	bool no_time;
	int64_t time;
	uint8_t id[16];
};

/* Borrowed, with all that it points to, until search_free. */
struct search_request {
	const struct expr *expr;
	const struct search_tables *tables; /* all that are to be searched; from the caller, with
	                                       the user's own schemas */
	int64_t now;
	/* event_time in [since, until); INT64_MIN, INT64_MAX = open. Where one is set, events without
	 * time are left out. */
	int64_t since, until;
	enum search_order order;
	/* NULL: by time. A field's name: by its values (numbers before folded texts, of which 1,024
	 * bytes count; of a list the one that comes first; nulls last, equals newest first); `order`
	 * tells the direction (NEWEST = descending); no cursor then, no early stop. */
	const char *sort;
	uint64_t
		limit; /* rows of the page; 0 = none (only counts are wanted). Less where `memory` is
	                   too small for so many: then `more` is set */
	const struct search_cursor *after; /* NULL = from the start */
	bool secondary;
	bool rule_names; /* fields are named as in rules: query_resolve_rule */
	/* These look at every match, so the whole time range is read. */
	bool count;
	unsigned buckets;          /* histogram: at most so many (10,000); 0 = none */
	bool by_table;             /* its buckets are counted for each table as well */
	const char *const *facets; /* fields; `table` is one as well */
	uint32_t nfacets;
	uint32_t facet_values; /* the most frequent so many of each */
	/* how far it may go */
	unsigned threads;
	unsigned seconds;            /* 0 = 300; ends with what was found, `partial` set */
	uint64_t memory;             /* bytes for working memory, all threads together; 0 = 1 GiB */
	const volatile int *stop;    /* non-zero: the same, at once */
	uint64_t only_after_segment; /* segments with a higher id only (following); 0 = all */
	bool lake; /* the files of this lake, also where a cluster is set; so is what is followed */
};

struct search_bucket {
	int64_t begin; /* µs */
	uint64_t count;
};
struct search_facet_value {
	struct slice value; /* text as printed; numbers, booleans too */
	bool null;          /* the field is null or its list empty */
	uint64_t count;     /* events (an event with a value twice in a list counts once) */
};
struct search_facet {
	const char *field;
	uint64_t distinct; /* values seen; the null is none. At least so many where cut */
	uint64_t others;   /* value hits not among `values` */
	bool cut;          /* memory ran out: counts of rare values are too low, and said to be */
	uint32_t n;
	/* Most frequent first, equals by value. The null, where there is one, stands among them by its
	 * count, beside the `facet_values` that were asked for. */
	const struct search_facet_value *values;
};
/* A file that did not answer. */
struct search_problem {
	const char *path, *what;
};

struct search_explain {
	uint64_t segments, segments_by_time, segments_by_stats,
		segments_read; /* all; pruned; read */
	uint64_t groups, groups_by_time, groups_by_stats, groups_by_values, groups_read,
		groups_left; /* left: not needed, the page was full */
	uint64_t rows_tested, columns_read, bytes_read;
	/* Wall; plan (footers read, row groups pruned) is part of match, the sum over threads. */
	int64_t list_us, plan_us, match_us, page_us, total_us;
};

struct search_result {
	uint64_t
		matched; /* exact where `counted`, else rows seen matching before the page was full */
	bool counted, more; /* more: rows beyond the page (exact, but where partial) */
	bool partial;       /* ended early; `why` tells */
	const char *why;
	uint64_t gave_up;  /* values for which a regular expression ran into its limits */
	uint32_t nrows;    /* of the page */
	int64_t bucket_us; /* width; of months and years, which differ, the mean */
	uint32_t nbuckets;
	const struct search_bucket *buckets; /* ascending, without holes */
	/* by_table: of the request's i-th table, in bucket b: [i * nbuckets + b]; else NULL. */
	const uint64_t *table_buckets;
	uint64_t no_time; /* matches that stand in no bucket */
	uint32_t nfacets;
	const struct search_facet *facets;
	uint32_t nproblems; /* may grow by search_rows */
	const struct search_problem *problems;
	uint64_t newest_segment; /* highest id listed: for following */
	struct search_explain explain;
};

/* Sets `order` and `sort` by `field`, or `-field` for the highest first; event_time is the order by time itself. `text` is borrowed. 0; 1 for
 * `table`, by which nothing is ordered; -1 as query_check_field. */
int search_sort_by(struct search_request *request, const struct search_tables *tables,
	const char *text, struct err *err);

struct search;
/* Runs it, with threads of its own; the store itself is used by the calling thread only. *search
 * owns the result (borrowed until search_free). -1: could not search at all: the store cannot be
 * read, or ERR_USAGE as matcher_new. */
int search_run(struct store *store, const struct search_request *request, struct search **search,
	struct err *err);
void search_free(struct search *search);
const struct search_result *search_result(const struct search *search);

/* A row of the page. `batch` holds that row (among others of its file) with the wanted columns and
 * event_id, event_time; its shape is the file's. All borrowed for the call. */
struct search_row {
	const struct schema *schema;
	const struct batch *batch;
	uint32_t row;
	struct search_cursor cursor;
	const struct match_program *program; /* for match_spans */
	const char *source;                  /* the column's text; NULL where it was not read */
};
/* Reads the page's rows [first, first + n) and calls `each` in order of the page; a non-zero return
 * ends it and is returned. `fields` are resolved per table (NULL = all columns). Rows that cannot be
 * read any more are left out, and their file is added to the result's problems. */
int search_rows(struct search *search, uint32_t first, uint32_t n, const char *const *fields,
	uint32_t nfields, int (*each)(void *ctx, const struct search_row *row, struct err *err),
	void *ctx, struct err *err);

/* Appends the value of a field of a row as text (a list: its values joined by ", "; a struct's field
 * likewise; times as clock_text; `table` too). Of several columns, the first that has a value. False
 * where it is null, was not read, or the table has no such field (nothing is appended). */
bool search_cell(const struct search_row *row, const char *field, struct buf *out);
/* Appends a whole row as one JSON object: "table", then the columns that were read, in the table's
 * order, as in the "event" of `pugmark show --json`, but without nulls. */
void search_row_json(const struct search_row *row, struct buf *out);
/* The row's place in the vault, for store_read_raw; false where its columns (source, vault_file,
 * vault_frame, vault_offset, vault_length) were not read. */
bool search_row_place(const struct search_row *row, struct vault_place *place);
/* What is to be said where they were read and are not known: the event is another collector's. -1. */
int search_row_elsewhere(const struct search_row *row, struct err *err);

/* The distinct values of a field that begin with `prefix` (folded), most frequent first, at most
 * `max`, from the newest segments, within `milliseconds`: for completion. Segments that end before `since` (INT64_MIN = none) are left
 * out. Files that cannot be read offer nothing. */
int search_values(struct store *store, const struct search_tables *tables, const char *field,
	struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds,
	int (*each)(void *ctx, struct slice value, uint64_t count, struct err *err), void *ctx,
	struct err *err);

#endif
