/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ioc.h: indicators asked of all that is stored: by the index of observables, which grows with distinct values and not with
 * events; and the events themselves, out of the segments whose own runs say that they hold them.
 */
#ifndef QUERY_IOC_H
#define QUERY_IOC_H

#include "ioc/indicator.h"
#include "store/observables.h"

struct search_tables; /* query/language.h */
struct ioc_request {
	const struct indicator *list; /* n of them; borrowed until the answers are freed */
	uint32_t n;
	const char *table; /* NULL = all tables */
	/* All tables with their schemas: where a cluster is set for the lake, it is asked. NULL: the lake's own files always. */
	const struct search_tables *tables;
	bool exact; /* a domain is itself only; otherwise what is below it counts as well */
	unsigned threads;
	const volatile int *stop;
};

struct ioc_answer {
	uint64_t events;
	/* An indicator that stands for several observables (a range, a domain with what is below it, a word): events that
	 * hold two of them were counted twice. ioc_count_exactly makes it exact. */
	bool at_most;
	int64_t first,
		last; /* microseconds, where there are events; first > last where none has a time */
	const uint64_t *by_table; /* ntables of them */
	const struct slice *actors;
	uint32_t nactors; /* SIGHTING_ACTORS at most */
	bool more_actors;
	uint32_t kinds; /* bit 1 << enum ioc_kind: as what it was seen */
};
struct ioc_answers {
	const struct ioc_answer *list; /* one for each indicator, in the same order */
	uint32_t n, ntables;
	const char *const *tables;
	uint64_t
		unindexed; /* segments that were not asked: store_index_observables makes their runs */
	/* Private: names of actors are borrowed from open runs; memory, one for each thread. */
	struct observable_set set;
	struct obs_reader **readers;
	uint32_t nreaders, nmem;
	struct arena mem[64];
};

/* 0, or -1 (ERR_INTERRUPTED by stop). */
int ioc_search(struct store *store, const struct ioc_request *request, struct ioc_answers *answers,
	struct err *err);
void ioc_answers_free(struct ioc_answers *answers);

/* ---- the events ------------------------------------------------------------------------------ */

/* Calls `each` for every event that holds one of the indicators: table by table, the newest segments first; of one event once for each
 * of its indicators, one after another. The batch has all columns where `whole`, else event_id, event_time and those that
 * `columns` asks for. `each` returns 0, 1 to end, -1 with err set. Segments that cannot be read are named to `problem`, and the
 * others go on. */
struct ioc_events {
	const struct ioc_request *request;
	bool whole;
	bool fields_only;     /* what stands inside text does not count */
	int64_t since, until; /* event_time in [since, until); INT64_MIN, INT64_MAX = open */
	bool untimed;         /* events without a time as well, where since or until is set */
	const uint64_t *only; /* segments (n ids), NULL = all */
	uint32_t nonly;
	/* Sets in `want` (a bool per column of the shape) what is to be read beside event_id and event_time; asked once for each
	 * segment, before its first batch. `what` are its columns of observables. May be NULL. */
	void (*columns)(void *ctx, const char *table, const struct batch_shape *shape,
		const struct observing *what, bool *want);
	/* Called before the first event of a batch; may be NULL. */
	void (*begin)(void *ctx, const struct batch *batch);
	int (*each)(void *ctx, const char *table, const struct batch *batch, uint32_t row,
		uint32_t indicator, struct err *err);
	void (*problem)(void *ctx, const char *path, const char *what); /* may be NULL */
	void *ctx;
};
int ioc_events(struct store *store, const struct ioc_events *events, struct err *err);

/* Counts anew the answers that are too high, by reading the events; at most `most` such indicators, the others stay. */
int ioc_count_exactly(struct store *store, const struct ioc_request *request,
	struct ioc_answers *answers, uint32_t most, struct err *err);

#endif
