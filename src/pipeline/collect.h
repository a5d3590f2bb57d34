/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collect.h: connections read into the store: new events first, their late comers, and the history in the
 * background; each event once. A connection is read by one process at a time (its lease).
 *
 * What was read is known by a checkpoint that is saved with the events, in their transaction; where a
 * process ends, the next one goes on there. The ledger (store/ledger.h) tells what was asked.
 */
#ifndef PIPELINE_COLLECT_H
#define PIPELINE_COLLECT_H

#include <signal.h>

#include "collect/collect.h"
#include "pipeline/detect_live.h"
#include "pipeline/pipeline.h"
#include "store/connections.h"
#include "store/ledger.h"

/* Where a collector is. */
struct collect_progress {
	const char *source;
	enum ledger_kind kind;
	int64_t down_to, from; /* history: read from now back to down_to, of what begins at `from`
	                        * (SOURCE_OPEN_FROM = as far as there is any); else 0 */
	uint64_t objects, objects_total; /* of buckets and folders; total 0 = not known yet */
	uint64_t bytes;                  /* of them */
	uint64_t records, stored;        /* so far in this call */
};

struct collect_options {
	const char *key_file; /* of the secrets' key; NULL = the usual places */
	bool once;     /* until nothing is left to read now, history included; else until `stop` */
	bool wait;     /* where another process reads the source, until it hands it over */
	int64_t since; /* read from then on once more; INT64_MIN = from the checkpoint */
	bool refetch;  /* only what the ledger says is missing, once */
	uint64_t memory;  /* 0 = BUDGET_DEFAULT */
	unsigned threads; /* 0 = the machine's cores; of imports from buckets and folders */
	const volatile sig_atomic_t *stop;
	void (*progress)(void *ctx, const struct collect_progress *at);
	void *progress_ctx;
	const struct retry_policy *policy; /* NULL = default */
	struct detect_live *detect;        /* run over what came, after each turn; NULL = not */
	struct detect_result *detected;    /* what it found, added up; may be NULL */
};

struct collect_result {
	struct ledger_counts counts; /* of this call */
	uint64_t objects;            /* read to their end */
	uint64_t quarantined;        /* objects that could not be read */
	enum source_failure failure; /* of the last try */
};

/* Reads a connection. 0 done, or stopped; -1 with `err` where it could not be read (the ledger knows it), the
 * lease is held by another process (ERR_BUSY), or there is no such connection (ERR_NOT_FOUND). Adds to
 * *result. Without `once` a source that fails is tried again, ever more rarely, and ends only with
 * `stop`, when the connection is paused or removed, or when the store fails. */
int collect_source(struct store *store, const char *name, const struct collect_options *options,
	struct collect_result *result, struct err *err);

/* How far a connection is. */
struct collect_position {
	bool begun;         /* it was read once, at least in part */
	int64_t settled_to; /* of new events */
	bool history_done;  /* to its beginning, or to where the connection wants it */
	int64_t history_to; /* read from there on; 0 = not begun */
	int64_t listed_at;  /* when a bucket was last listed whole; 0 = never */
};
int collect_position(
	struct store *store, const char *name, struct collect_position *position, struct err *err);

/* The instance that is meant by `said`: that of a connection where it is its name, its site or its base URL in
 * any form (so that an import and what is collected are one), else `said` itself. In `mem`. 0 or -1. */
int connection_instance(struct store *store, const char *said, struct arena *mem,
	const char **instance, struct err *err);

/* Settings of a connection as the collectors read them: 0 or -1. */
int connection_settings(
	const struct connection *connection, struct settings *settings, struct err *err);
/* What `proxy` holds where none is to be used, whatever the environment says. */
#define CONNECTION_NO_PROXY "none"
/* As http_settings.proxy. */
const char *connection_proxy(const struct settings *settings);
/* The HTTP client that a connection's settings ask for; stop may be NULL. NULL with `err`. */
struct http_client *connection_http(
	const struct settings *settings, const volatile sig_atomic_t *stop, struct err *err);

/* The newest events of a reply or a file as they will be stored, for people: one row each. Calls `each` with
 * the texts of event_time, actor, action, target and ip ("" where there is none). 0 or -1. */
struct preview_row {
	struct slice event_time, actor, action, target, ip, instance;
};
int preview_records(const struct schema *schema, struct slice records, unsigned most,
	void (*each)(void *ctx, const struct preview_row *row), void *ctx, struct err *err);

#endif
