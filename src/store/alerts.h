/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alerts.h: alerts in the catalog: what rules found, what people did about it, and who is to be told.
 *
 * Alerts are a function of the stored events: the detector (pipeline/detect.h) computes those of a *cell* (rule, group, UTC
 * day) and hands them all over; alerts_replace makes the catalog say so, and keeps what people did: an alert whose
 * evidence overlaps with that of one of the same cell takes over its state, comments and notices, and its old id goes on
 * being an alias. One that is no longer supported becomes `withdrawn`; nothing is deleted.
 *
 * A segment that was committed and not yet looked at by the detector is *pending*: it is noted in the commit's transaction.
 */
#ifndef STORE_ALERTS_H
#define STORE_ALERTS_H

#include "store/store.h"

enum alert_state { ALERT_OPEN, ALERT_ACKNOWLEDGED, ALERT_CLOSED, ALERT_WITHDRAWN, ALERT_STATES };
enum alert_reason {
	REASON_NONE,
	REASON_TRUE_POSITIVE,
	REASON_FALSE_POSITIVE,
	REASON_BENIGN,
	REASON_DUPLICATE,
	ALERT_REASONS
};
enum {
	ALERT_ID = 16 /* bytes; shown as 32 hex digits */,
	ALERT_EVIDENCE = 25 /* events that are copied */
};

/* One event that an alert rests on. */
struct alert_event {
	uint8_t id[16];
	int64_t time; /* µs; INT64_MIN = none */
	const char *table;
	const char *json; /* the event as `show` has it; NULL = only its id is kept */
};

/* An alert as the detector computes it. All texts borrowed. */
struct alert_found {
	const char *rule; /* id, else title */
	uint8_t version[8];
	const char *title;
	unsigned level;    /* enum rule_level */
	const char *group; /* for people: "actor: mallory, ip: 203.0.113.7" */
	uint8_t group_key[16];
	int64_t day; /* the cell: days since 1970 (UTC) of its first event; INT64_MIN = no time */
	uint8_t fired[16];   /* the event with which it fired: a part of its identity */
	int64_t first, last; /* µs of its first and last event; INT64_MIN = none */
	uint64_t count;      /* events in all */
	uint64_t values;     /* distinct values or rules, where the rule counts them; else 0 */
	const char *actor, *target, *ip; /* of its first event; NULL = none */
	const char *origin;              /* "" = our rules; else the product whose alert it was */
	const char *sources; /* connections that its evidence came from, joined by ", " */
	bool provisional;    /* history of one of its sources is still being read */
	uint32_t nevents;
	const struct alert_event
		*events; /* in order; the first ALERT_EVIDENCE, and the last where there are more */
};

/* Makes its texts its own, in `mem`; it has no events then. */
void alert_own(struct alert_found *found, struct arena *mem);

/* A cell: what the alerts of one rule and group on one day are now. */
struct alert_cell {
	const char *rule;
	uint8_t group_key[16];
	int64_t day;
	uint32_t n;
	const struct alert_found *found; /* ascending by `first` */
};
struct alert_changes {
	uint64_t added, changed, withdrawn;
};
/*
 * Makes the catalog's alerts of these cells be what was found, in one transaction, with `done` (ndone segment ids) no longer pending.
 * Cells of one rule and group that are handed over together share their evidence: an alert whose first event moved to
 * another day is found again. A stored alert is taken over by the one found with its id; else the same first event; else an
 * event in common; else an overlap of [first, last]; each by one, the older version of a rule as well. New events of an
 * acknowledged alert are counted in new_events; those of a closed one open it again. Evidence counts as new where `count` grew.
 *
 * New alerts, and those opened again, are queued for every notifier whose filter takes them, unless `quiet`. Texts are cut at
 * LIMIT_ALERT_TEXT bytes; of events longer than LIMIT_ALERT_EVENT the id alone is kept. Adds to *changes (may be NULL). 0 or
 * -1; ERR_USAGE where two alerts found have one identity, or a cell's day or group is not that of its alerts.
 */
int alerts_replace(struct store *store, const struct alert_cell *cells, uint32_t n,
	const uint64_t *done, uint32_t ndone, bool quiet, struct alert_changes *changes,
	struct err *err);
/* The id: SHA-256 of rule, version, group and the event with which it fired, cut. */
void alert_id(const char *rule, const uint8_t version[8], const uint8_t group_key[16],
	const uint8_t fired[16], uint8_t id[ALERT_ID]);
/* Cells of a rule (NULL = all) on a day range [from, to] that have alerts which are not withdrawn, for a replay to look at again;
 * `found` is NULL. As store_segments. */
int alerts_cells(struct store *store, const char *rule, int64_t from, int64_t to,
	int (*each)(void *ctx, const struct alert_cell *cell, struct err *err), void *ctx,
	struct err *err);

/* Alerts are no longer provisional where the history of none of their sources is being read: `unfinished` is asked of each
 * source of those that are, and of nothing where none is. 0 or -1. */
int alerts_settle(struct store *store, bool (*unfinished)(void *ctx, struct slice source),
	void *ctx, struct err *err);

/* Segments that the detector has not looked at; as store_segments, oldest first. A segment that was merged away meanwhile is given by the
 * times that it had. */
struct pending_segment {
	uint64_t id;
	const char *table;
	int64_t min_time, max_time; /* min > max: none has a time */
	uint64_t no_time;
};
int alerts_pending(struct store *store,
	int (*each)(void *ctx, const struct pending_segment *pending, struct err *err), void *ctx,
	struct err *err);
/* ---- people ---------------------------------------------------------------------------------- */

struct alert_note {
	int64_t at;
	const char *who,
		*text; /* text: what was said, or what happened: "closed: false positive" */
};
struct alert_info {
	uint8_t id[ALERT_ID];
	struct alert_found found; /* alerts_get: with its events; else without */
	enum alert_state state;
	enum alert_reason reason;
	int64_t created, changed;
	uint64_t new_events; /* that joined since it was acknowledged or closed */
	uint32_t nnotes;
	const struct alert_note *notes; /* alerts_get only */
	uint32_t naliases;
	const uint8_t (*aliases)[ALERT_ID]; /* alerts_get only */
};
struct alert_filter {
	unsigned states; /* bits 1 << enum alert_state; 0 = open and acknowledged */
	int least_level; /* -1 = any */
	unsigned levels; /* bits 1 << enum rule_level; 0 = any */
	int64_t since,
		until; /* by its last event, since <= last < until; INT64_MIN, INT64_MAX = open */
	const char *rule; /* id or title, or the beginning of an id; NULL = any */
	const char *
		text; /* stands in title, group, actor, target or ip, in any case of A-Z; NULL = any */
	uint32_t limit; /* 0 = all */
};
/* Newest `last` first; as store_segments. */
int alerts_list(struct store *store, const struct alert_filter *filter,
	int (*each)(void *ctx, const struct alert_info *alert, struct err *err), void *ctx,
	struct err *err);
/* Alerts of one rule, of those that a filter takes. */
struct alert_rule {
	const char *rule, *title; /* texts borrowed until the next; of its newest alert */
	uint64_t n[ALERT_STATES][RULE_LEVELS];
	uint64_t alerts, events;
	uint64_t groups, actors;   /* how many; none counts as one */
	const char *group, *actor; /* of its newest alert: of all of them, where there is one */
	int64_t newest;            /* INT64_MIN = no event has a time */
};
/* Rules that have such alerts, the newest first; the filter's limit is not looked at. As store_segments. */
int alerts_by_rule(struct store *store, const struct alert_filter *filter,
	int (*each)(void *ctx, const struct alert_rule *rule, struct err *err), void *ctx,
	struct err *err);
/* Counts by state and level. */
int alerts_counts(struct store *store, uint64_t counts[ALERT_STATES][RULE_LEVELS], struct err *err);
/* By id, an alias, or the beginning of one (6 digits at least): 1 with everything (texts in `mem`), 0 none, -1: ERR_USAGE where
 * several begin so. */
int alerts_get(struct store *store, const char *id, struct arena *mem, struct alert_info *alert,
	struct err *err);
/* Appends an alert as one line of JSON (docs/alerts.md): what alerts_get gave (`whole`: with evidence, notes and aliases) or alerts_list.
 * Copied events stand in it as they were given. */
void alert_json(const struct alert_info *alert, bool whole, struct buf *out);
/* A new state, with who and what was said ("" or NULL = nothing); each is a note. Closing takes a reason. ERR_USAGE where it makes no
 * sense (acknowledge what is closed). `id` may be an alias. 0 or -1; ERR_NOT_FOUND. */
int alerts_set(struct store *store, const uint8_t id[ALERT_ID], enum alert_state state,
	enum alert_reason reason, const char *who, const char *comment, struct err *err);
/* A note and nothing else. As alerts_set. */
int alerts_comment(struct store *store, const uint8_t id[ALERT_ID], const char *who,
	const char *text, struct err *err);
/* The same to many, in one transaction. */
struct alert_act {
	int state; /* enum alert_state; -1 = a comment alone */
	enum alert_reason reason;
	const char *who, *comment; /* comment: NULL = none */
};
/* Does it to each that takes it: refused[i] says why one did not (text in `mem`), NULL = done. 0, or -1: nothing was done. */
int alerts_act(struct store *store, const struct alert_act *act, const uint8_t (*ids)[ALERT_ID],
	uint32_t n, struct arena *mem, const char **refused, struct err *err);
/* Those of these ids or aliases that there are, in their order, without events and notes. As store_segments. */
int alerts_these(struct store *store, const uint8_t (*ids)[ALERT_ID], uint32_t n,
	int (*each)(void *ctx, const struct alert_info *alert, struct err *err), void *ctx,
	struct err *err);
/* Names: open, acknowledged …; "", true-positive, false-positive … */
const char *alert_state_name(enum alert_state state);
const char *alert_reason_name(enum alert_reason reason);
/* Their numbers; -1 where there is none of that name ("true positive" is taken as well). */
int alert_state_named(const char *name);
int alert_reason_named(const char *name);
/* A whole id of 32 hex digits, in either case. 0 or -1. */
int alert_id_parse(const char *text, uint8_t id[ALERT_ID]);
/* An id as 32 hex digits and NUL. */
char *alert_id_text(const uint8_t id[ALERT_ID], char text[2 * ALERT_ID + 1]);

#endif
