/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_private.h (private to ioc*.c): indicators as questions to sorted keys. */
#ifndef QUERY_IOC_PRIVATE_H
#define QUERY_IOC_PRIVATE_H

#include "base/map.h"
#include "cluster/cluster.h"
#include "query/ioc.h"

/* One key, or all from `key` to `last` (without it where `open`). Small: there may be millions. */
struct ioc_question {
	uint64_t prefix; /* of kind and key: sorts as they do, ties are decided by the key */
	const char *key;
	const struct slice *last; /* NULL = the key alone */
	uint32_t indicator;
	uint16_t nkey;
	uint8_t kind; /* enum ioc_kind */
	bool open;
};
static inline struct slice ioc_question_key(const struct ioc_question *q)
{
	return (struct slice){q->key, q->nkey};
}
struct ioc_questions {
	struct ioc_question *list; /* ascending */
	uint32_t n, cap;
	struct arena mem;
};
/* The questions of indicators [from, to); kinds that are not in `kinds` (bits) are not asked for. */
void ioc_questions_make(struct ioc_questions *questions, const struct ioc_request *request,
	uint32_t from, uint32_t to, uint32_t kinds);
void ioc_questions_free(struct ioc_questions *questions);

/* Whether a key lies in a question's range. */
static inline bool ioc_in_range(const struct ioc_question *q, struct slice key)
{
	int c = slice_cmp(key, *q->last);
	return c < 0 || (c == 0 && !q->open);
}

/* Answers while they are put together. Threads share `list` and `states`, each for indicators of its own, with a memory of its own. */
struct ioc_filling_state;
struct ioc_filling {
	struct ioc_answers *answers;
	struct ioc_answer *list;
	struct ioc_filling_state *states;
	struct arena *mem;
};
/* The list becomes that of the answers, which free it. */
void ioc_filling_begin(struct ioc_filling *filling, struct ioc_answers *answers, struct arena *mem);
void ioc_filling_end(struct ioc_filling *filling);
/* The names that sightings of one run are told with; answers borrow them. */
struct ioc_naming {
	const struct slice *names;
	uint64_t *hashes;
	uint32_t n;
};
/* Adds a sighting in a table to an indicator's answer. */
void ioc_fill(struct ioc_filling *filling, uint32_t indicator, uint32_t table,
	const struct sighting *s, const struct ioc_naming *naming);

/* Questions as a table: keys that are asked for, and ranges, which are few. */
struct ioc_lookup {
	const struct ioc_question *list; /* of n questions; borrowed */
	uint32_t n;
	struct map
		keys; /* kind and key → the first question of it; questions of one key stand together */
	uint32_t *ranges; /* questions */
	uint32_t nranges;
	struct buf entry;
	bool kinds[IOC_KINDS];
};
void ioc_lookup_init(struct ioc_lookup *l, const struct ioc_question *list, uint32_t n);
void ioc_lookup_fini(struct ioc_lookup *l);
/* Calls `each` with the number of every question that asks for this key. */
void ioc_lookup_each(struct ioc_lookup *l, enum ioc_kind kind, struct slice key,
	void (*each)(void *ctx, uint32_t question), void *ctx);

/* Where the cluster is asked (ioc_cluster.c, ioc_cluster_events.c): as ioc_search and ioc_events. */
int ioc_search_cluster(struct cluster *cluster, const struct ioc_request *request,
	struct ioc_answers *answers, struct err *err);
int ioc_events_cluster(struct cluster *cluster, const struct ioc_events *events, struct err *err);
/* Of both: SQL that holds for the rows of the table of observables that answer some of n questions. `table` NULL = of all. */
void ioc_cluster_where(
	const struct ioc_question *list, uint32_t n, const char *table, struct buf *sql);
/* How many of n questions go into one such piece of SQL: at least one. */
uint32_t ioc_cluster_some(const struct ioc_question *list, uint32_t n);
/* The tables that have observables there, by name; in `mem`. */
int ioc_cluster_tables(struct cluster *cluster, const char *only, struct arena *mem,
	const char *const **tables, uint32_t *n, struct err *err);

/* ---- the hits of a batch (ioc_scan.c) --------------------------------------------------------- */

struct ioc_row_hit {
	uint32_t row, indicator;
};
struct ioc_scan {
	const struct ioc_events *events;
	struct ioc_lookup *lookup;
	const char *table;
	struct ioc_row_hit *hits; /* of a batch, by row */
	uint32_t n, cap;
};
void ioc_scan_fini(struct ioc_scan *scan);
/* Which columns are read to find hits (`want`), which of the hits (`fetch`; NULL = all), and whether those are others. */
struct ioc_columns {
	struct observing what;
	bool *want, *fetch;
	bool more;
};
/* Chooses them for a shape; `columns->what` is what is observed of it, and becomes less: of the kinds that are asked for. In `mem`. */
void ioc_scan_columns(struct ioc_scan *scan, const struct batch_shape *shape,
	struct ioc_columns *columns, struct arena *mem);
/* Adds one. */
void ioc_scan_add(struct ioc_scan *scan, uint32_t row, uint32_t indicator);
/* Finds the hits of a batch that has the columns of `want`. */
void ioc_scan_batch(
	struct ioc_scan *scan, const struct ioc_columns *columns, const struct batch *batch);
/* The rows of the hits, each once, ascending, in `rows` (room for scan->n); the hits count in these from now on. How many. */
uint32_t ioc_scan_rows(struct ioc_scan *scan, uint32_t *rows);
/* Hands the hits over, those of the last row first. 1 to end. */
int ioc_scan_hand_over(struct ioc_scan *scan, const struct batch *batch, struct err *err);

#endif
