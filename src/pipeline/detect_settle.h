/* SPDX-License-Identifier: Apache-2.0 */
/* detect_settle.h (private to detect_*.c): the alerts of one pass on their way from hits to the catalog. */
#ifndef PIPELINE_DETECT_SETTLE_H
#define PIPELINE_DETECT_SETTLE_H

#include "pipeline/detector.h"

/* An alert on its way. */
struct draft {
	uint32_t rule;
	const struct hit *hits; /* its evidence */
	uint32_t nhits;
	struct episode episode;
	const struct hit *trigger;
	int64_t day;
	bool empty; /* only its group is asked for: there is no alert */
	/* of its rows */
	uint8_t group_key[16];
	const char *group, *actor, *ip, *target, *title, *origin;
	int level; /* -1 = the rule's */
	struct alert_event *events;
	uint32_t nevents;
};

/* A row that is read for a draft. */
struct wish {
	uint32_t file, row_group, row;
	uint32_t draft, event; /* UINT32_MAX: the trigger */
};

/* What one of the threads that read evidence has for itself. */
struct reading {
	struct settling *s;
	struct arena mem;
	struct buf text;
};
struct settling {
	struct detector *d;
	const struct detect_pass *pass;
	int64_t from, to;
	struct arena mem;
	struct draft *drafts;
	uint32_t ndrafts, cap;
	struct wish *wishes;
	size_t nwishes, wishes_cap;
	struct reading *readings; /* whose memory drafts point into */
	uint32_t nreadings;
	/* of the threads that read */
	pthread_mutex_t lock;
	size_t next;
	int rc;
	struct err err;
	struct hits fed; /* of the correlations of one depth that stand on others */
	/* while one run is correlated */
	const struct hit *run;
	struct buf text;
};

/* detect_alerts.c: one more draft, empty. */
struct draft *draft_add(struct settling *s);

/* detect_evidence.c: where a hit's rule has its group in a shape; NULL = nowhere. */
const struct use *use_of(
	const struct detector *d, const struct detect_shape *shape, const struct hit *hit);
/* How many events of each alert are copied. */
uint32_t evidence_copies(const struct settling *s);
/* Asks for the rows of a draft: of its trigger, and of its evidence, `copies` of them whole. */
void evidence_wish(struct settling *s, uint32_t draft, uint32_t copies);
/* Reads what was asked for, on all cores; drafts point into its memory until evidence_fini. 0 or -1. */
int evidence_read(struct settling *s, struct err *err);
void evidence_fini(struct settling *s);

/* detect_cells.c: makes the catalog's alerts be the drafts, or tells of them in a dry run. 0 or -1. */
int cells_write(struct settling *s, struct err *err);

#endif
