/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ledger.h: the completeness ledger: what was asked of a source, window by window, what came of it,
 * and what is missing; the numbers of audit files seen; what was read of each object of a bucket; and how
 * a source is doing. Sources are named as in segment_begin; the ledger outlives the connection.
 *
 * What came with a segment is written in the segment's own transaction (struct segment_facts.ledger):
 * the sums of the windows are the sums of the segments, whatever kills the process. The rest goes in
 * small transactions of its own.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store/store.h"

/* ---- windows --------------------------------------------------------------------------------- */

enum ledger_kind {
	LEDGER_SWEEP,    /* new events of an API: [from, to) */
	LEDGER_BACKFILL, /* history of an API: [from, to) */
	LEDGER_FILE,     /* a file or object, by name; from and to are byte offsets */
	LEDGER_LATE,     /* [from, to) once more, for events that arrive late */
	LEDGER_KINDS
};
enum ledger_state { LEDGER_OPEN, LEDGER_SETTLED, LEDGER_FAILED };
/* "sweep", "settled", …; "?" beyond. */
const char *ledger_kind_name(enum ledger_kind kind);
const char *ledger_state_name(enum ledger_state state);

/* Added up; max_late is the largest. */
struct ledger_counts {
	uint64_t requests, pages;
	uint64_t records;    /* that the source sent */
	uint64_t stored;     /* of them */
	uint64_t duplicates; /* recognised */
	uint64_t expired;    /* older than retention keeps */
	uint64_t rejects;    /* lines */
	uint64_t late;       /* stored, but older than what was settled already */
	int64_t max_late;    /* microseconds */
	uint64_t errors;     /* requests that failed, also where a later try went well */
};

struct ledger_window {
	uint64_t id;
	const char *source;
	enum ledger_kind kind;
	const char *name; /* of a file or object, else "" */
	int64_t from, to; /* microseconds, half-open; of LEDGER_FILE bytes */
	int64_t overlap;  /* microseconds of [from, to) that a sweep had settled before */
	struct ledger_counts counts;
	enum ledger_state state;
	const char *why;            /* it failed */
	int64_t begun_at, ended_at; /* 0 = not yet */
	uint64_t windows;           /* that this one stands for (ledger_fold) */
};

/* Begins a window (an attempt of the source). `name` NULL = "". 0 or -1. */
int ledger_begin(struct store *store, const char *source, enum ledger_kind kind, const char *name,
	int64_t from, int64_t to, uint64_t *id, struct err *err);
struct object_mark;
/* A window of an object that begins and ends at once, by its name for people, with what was read of it (NULL =
 * stays as it is) in one transaction: an object that is set aside is a gap, and none that is a gap is
 * taken for one that was never met. 0 or -1. */
int ledger_object(struct store *store, const char *source, const char *name, uint64_t bytes,
	enum ledger_state state, const char *why, const struct object_mark *mark, struct err *err);
/* Adds what no segment brings: requests, pages, errors (records too, where no segment comes of them). */
int ledger_add(
	struct store *store, uint64_t id, const struct ledger_counts *counts, struct err *err);
/* Ends it: settled (a success of the source), or failed with a sentence (no secrets; cut at 500 bytes).
 * A window that has ended already is ERR_USAGE. */
int ledger_end(struct store *store, uint64_t id, enum ledger_state state, const char *why,
	struct err *err);
/* Ends the windows of a source (NULL = all) that a process left open when it died, as failed. Only for
 * whoever holds the source's lease. *n (may be NULL) = how many. */
int ledger_abandon(struct store *store, const char *source, uint64_t *n, struct err *err);
/* Calls `each` for the windows of a source (NULL = all) that ended, or began, at or after `since`,
 * newest first, `limit` at most (0 = all); as store_segments. */
int ledger_windows(struct store *store, const char *source, int64_t since, uint32_t limit,
	int (*each)(void *ctx, const struct ledger_window *window, struct err *err), void *ctx,
	struct err *err);
/* Makes one of the windows of a day (UTC, by their end), for those that ended before `before`: of settled
 * ones of a kind those that join, of failed ones those with the same reason. Sums stay, gaps stay, objects by name stay as they
 * are. *n (may be NULL) = rows that went. 0 or -1. */
int ledger_fold(
	struct store *store, const char *source, int64_t before, uint64_t *n, struct err *err);
/* The sums over all windows of a source (NULL = all). */
int ledger_sums(
	struct store *store, const char *source, struct ledger_counts *sums, struct err *err);

/* ---- with a segment -------------------------------------------------------------------------- */

struct object_mark;
struct ledger_log {
	const char *node, *file;
};

/* Written in the transaction of segment_commit (segment_facts.ledger), which fills counts.stored,
 * duplicates, expired and rejects from the segment itself. */
struct ledger_note {
	uint64_t window; /* open */
	struct ledger_counts counts;
	enum ledger_state
		state; /* LEDGER_OPEN = goes on; else the window ends with this segment, */
	const char *why;
	bool narrowed; /* and is [from, to) only: the rest was not asked for */
	int64_t from, to;
	int64_t settled_to; /* of a settled sweep: up to there all has been asked for, where that is
	                     * not the window's end (0); -1 = that is not known yet */
	const struct ledger_log *logs; /* audit files whose numbers were seen, as ledger_file */
	uint32_t nlogs;
	const struct object_mark *objects; /* now read so far, as objects_put */
	uint32_t nobjects;
};

/* ---- audit files ----------------------------------------------------------------------------- */

/* Day and number of an audit file's name: the last part of `name` is YYYYMMDD.NNNNN.audit.log, or with
 * a hyphen, with any more endings (.gz). False where it is none (impossible dates too). */
bool ledger_file_number(const char *name, uint32_t *day, uint32_t *number);
/* Notes the number of a file of a node: closes the gap where it was one. 1 noted or known, 0 the name
 * has no number, -1. */
int ledger_file(struct store *store, const char *source, const char *node, const char *name,
	struct err *err);

/* ---- gaps ------------------------------------------------------------------------------------ */

/* What is missing: numbers of files (`node` is set), an object whose last reading failed (`object` is
 * set), or a stretch of time that no settled window covers (neither is). */
struct ledger_gap {
	const char *source;
	const char *object; /* its key */
	const char *node;
	uint32_t day, first, last; /* files: 20240924, numbers first to last */
	bool at_start;             /* of the first day seen of the node: they may be older than the
	                                connection, and deleted by the server since */
	int64_t from, to;          /* time: microseconds; object: bytes */
	const char *why;           /* of the last window that failed there, or "" */
};
/* Calls `each` for the gaps of a source (NULL = all): files by node, day and number, then objects, then
 * time; as store_segments. Time before the first window that ended and after the last is no gap. */
int ledger_gaps(struct store *store, const char *source,
	int (*each)(void *ctx, const struct ledger_gap *gap, struct err *err), void *ctx,
	struct err *err);

/* ---- sources --------------------------------------------------------------------------------- */

/* A source now. Times in microseconds, 0 = never. */
struct source_state {
	const char *source;
	int64_t last_attempt, last_success;
	int64_t first_event, last_event; /* event times */
	int64_t last_new;                /* when an event was stored that was new */
	int64_t settled_to;              /* of the sweeps: everything before has been asked for */
	int64_t longest_gap; /* between events in this and the last week of theirs (for "silent") */
	uint64_t failures;   /* attempts that failed since the last success */
	const char *error;   /* of the last failure since the last success, or "" */
	int64_t error_at;
	/* Of the newest event of the last segment that brought new ones, from event to received and from
	 * received to committed; -1 = not known. */
	int64_t lag_received, lag_searchable;
	/* of the connection; zero and false where there is none (any more) */
	bool connected, paused;
	bool hook; /* what is sent to it is taken: nobody reads it */
	uint32_t interval_s;
	int64_t token_expires, changed_at;
};
/* Calls `each` for the sources that have a ledger or a connection, by name; as store_segments. */
int store_source_states(struct store *store,
	int (*each)(void *ctx, const struct source_state *state, struct err *err), void *ctx,
	struct err *err);
/* A failure outside any window: no login, no such host. `why` as ledger_end. */
int ledger_failure(struct store *store, const char *source, const char *why, struct err *err);

enum source_condition {
	SOURCE_HEALTHY,
	SOURCE_NEW,      /* connected, never read yet */
	SOURCE_EXPIRING, /* healthy, but the token expires within EXPIRY_WARNING_DAYS */
	SOURCE_SILENT,   /* no event for longer than is usual for it */
	SOURCE_BEHIND,   /* not read for longer than its interval explains */
	SOURCE_FAILING,  /* the last attempt failed, or the token has expired */
	SOURCE_PAUSED,
	SOURCE_GONE, /* no connection any more */
	SOURCE_CONDITIONS
};
enum { EXPIRY_WARNING_DAYS = 14 };
#define EXPIRES_NEVER INT64_MAX /* or not known */

struct source_health {
	enum source_condition condition;
	int64_t expires_days; /* until the token expires, rounded down; negative = has expired */
	int64_t silence;      /* microseconds since the last event; 0 = none yet */
	char text[300];       /* one sentence for people */
};
/* "healthy", "new", "token expires", "silent", "behind", "failing", "paused", "gone". */
const char *source_condition_name(enum source_condition condition);
/* How a source is doing: a function of the row and the time alone. */
struct source_health source_health(const struct source_state *state, int64_t now);

/* ---- objects of a bucket --------------------------------------------------------------------- */

enum object_state {
	OBJECT_READ,        /* up to read_to */
	OBJECT_QUARANTINED, /* broken: to be tried again when it changes */
};
/* How an object of a listing stands to what was read of it. */
enum object_news {
	OBJECT_NEW,     /* never read */
	OBJECT_SAME,    /* read to its end, or quarantined, and unchanged */
	OBJECT_REST,    /* unchanged, but only read up to read_to */
	OBJECT_GROWN,   /* other ETag and more bytes than were read: it may go on at read_to */
	OBJECT_CHANGED, /* anything else: to be read anew */
};
struct object_mark {
	struct slice key, etag; /* as the listing has them; hashed, not stored */
	uint64_t bytes;
	uint64_t read_to; /* out of objects_find; into objects_put (= bytes where all is read) */
	enum object_state state; /* the same */
	enum object_news news;   /* out of objects_find */
};
/* Looks up a page of a listing at once. 0 or -1. */
int objects_find(struct store *store, const char *source, struct object_mark *marks, uint32_t n,
	struct err *err);
/* Notes what was read of objects without a segment (empty, quarantined), in one transaction; with a
 * segment ledger_note.objects does. */
int objects_put(struct store *store, const char *source, const struct object_mark *marks,
	uint32_t n, struct err *err);

#endif
