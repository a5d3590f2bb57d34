/* SPDX-License-Identifier: Apache-2.0 */
/*
 * harvest.h (private to pipeline/): pages of an API on their way into the store. A page is decoded at
 * once and kept; pages are judged and committed together, so that the writer's lease is not held while
 * a server is waited for.
 *
 * Copies are told by places: the nth row with one key in one reply has place n, in one container for the
 * whole source. So a page that is read again, or whose rows come again because they moved, adds
 * nothing; two equal events that one reply shows together are two.
 */
#ifndef PIPELINE_HARVEST_H
#define PIPELINE_HARVEST_H

#include "pipeline/session.h"

/* What the rows of one page say of time and identity; in the order of the reply. */
struct page_rows {
	uint32_t n;             /* rows, without rejects */
	uint32_t rejects;       /* records that are none */
	int64_t *times;         /* microseconds; INT64_MIN = none */
	uint8_t (*keys)[16];    /* identity keys */
	int64_t newest, oldest; /* INT64_MIN and INT64_MAX where no row has a time */
	int64_t processed;      /* the latest of harvest.processed_column; INT64_MIN = none */
	struct arena mem;
};
/* Frees; empty afterwards. A zeroed struct is empty. */
void page_rows_fini(struct page_rows *rows);

struct harvest {
	struct session session;
	struct decoder *decoder;
	uint32_t container;
	int processed_column; /* a time beside the event's own, by which a stream is ordered; -1 = none */
	struct import_result result; /* of all that was committed, and what is being committed */
	/* pages not committed yet */
	struct harvested *first, *last;
	size_t bytes;
	int64_t began; /* monotonic, of the first of them */
	/* of the segment being committed */
	int64_t settled_before; /* rows older than this that are new are late; INT64_MIN = none is */
	uint64_t late;
	int64_t max_late;
};

/* What a harvest needs to know; borrowed for its life. */
struct harvest_settings {
	struct store *store;
	const struct schema *schema;
	const char *source, *input; /* input: where from, always the same for a source */
	const char *instance;       /* NULL or "": what the records say */
	bool secondary;
	void (*facts)(void *ctx, struct segment_facts *facts); /* of each commit */
	void *ctx;
};

/* 0 or -1. */
int harvest_init(struct harvest *harvest, const struct harvest_settings *settings, struct err *err);
/* Forgets what is not committed. */
void harvest_fini(struct harvest *harvest);

/* For rows that go over several replies: how often each key has come (map of 16-byte keys), and how often
 * it may at most (NULL = as often as it comes). */
struct harvest_counts {
	struct map *seen;
	const struct map *most;
	uint32_t
		again; /* rows at the reply's beginning that came with the one before: not counted */
};

/* Decodes the records of a reply (a JSON array, copied), to be committed later. *rows (may be NULL) is the
 * caller's. `counts` NULL: the reply stands for itself. */
void harvest_add(struct harvest *harvest, struct slice records, const struct harvest_counts *counts,
	struct page_rows *rows);
/* Decodes without keeping: for looking. */
void harvest_look(struct harvest *harvest, struct slice records, struct page_rows *rows);
/* Whether there is enough for a segment, by size or age. */
bool harvest_full(const struct harvest *harvest);
/* Commits what there is, in one transaction with the facts; also where there is nothing, for the facts. 0
 * or -1. */
int harvest_commit(struct harvest *harvest, struct err *err);

#endif
