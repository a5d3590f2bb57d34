/* SPDX-License-Identifier: Apache-2.0 */
/* collect.c: one connection from its lease to its last turn: opened as its settings say, read at its
 * interval, ever more rarely while it fails. */
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "pipeline/collector.h"
#include "pipeline/hook.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define DAY    (24 * 60 * MINUTE)

enum {
	LOOK_SECONDS = 5,  /* at the connection, whether it was paused or changed */
	YIELD_SECONDS = 30 /* for another process to give the source out of its hands */
};
#define FOLD_AGE      (7 * DAY)     /* windows of the ledger that are older become one a day */
#define PAUSE_FAILING (10 * MINUTE) /* at most, while a server or the network fails */
#define PAUSE_REFUSED (60 * MINUTE) /* at most, while a person has to do something */

bool collector_stopped(const struct collector *c)
{
	return c->options->stop && *c->options->stop;
}

void collector_tell(const struct collector *c, const struct collect_progress *at)
{
	if (c->options->progress)
		c->options->progress(c->options->progress_ctx, at);
}

/* ---- opening --------------------------------------------------------------------------------- */

int connection_settings(
	const struct connection *connection, struct settings *settings, struct err *err)
{
	if (settings_read(settings, slice_of(connection->settings), err) == 0)
		return 0;
	return err_context(err, "the connection %s", connection->name);
}

const char *connection_proxy(const struct settings *settings)
{
	const char *proxy = settings_get(settings, "proxy");
	return proxy && strcmp(proxy, CONNECTION_NO_PROXY) == 0 ? "" : proxy;
}

struct http_client *connection_http(
	const struct settings *settings, const volatile sig_atomic_t *stop, struct err *err)
{
	struct http_settings http = {
		.ca_file = settings_get(settings, "ca_file"),
		.proxy = connection_proxy(settings),
		.stop = stop,
	};
	return http_open(&http, err);
}

static int load_connection(struct collector *c, const char *name, struct err *err)
{
	int rc = store_connection_get(c->store, name, &c->mem, &c->connection, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND,
			"there is no source %s: pugmark sources lists them, pugmark connect makes "
			"one",
			name);
	if (rc < 0)
		return -1;
	c->kind = source_kind_find(c->connection.kind);
	if (strcmp(c->connection.kind, HOOK_KIND) == 0)
		return err_set(err, ERR_USAGE,
			"%s is a hook: what is sent to it is stored, there is nothing to read",
			name);
	if (!c->kind)
		return err_set(err, ERR_UNSUPPORTED,
			"%s is of the kind %s, which this version does not know", name,
			c->connection.kind);
	return connection_settings(&c->connection, &c->settings, err);
}

static int load_secret(struct collector *c, const char *field, struct err *err)
{
	struct secret_key *key;
	if (store_secret_key(c->store, c->options->key_file, false, &key, err) < 0)
		return -1;
	int rc = store_connection_secret(c->store, c->connection.name, field, key, &c->secret, err);
	secret_key_free(key);
	if (rc == 0)
		return err_set(
			err, ERR_USAGE, "%s has no token: connect it again", c->connection.name);
	return rc < 0 ? -1 : 0;
}

static int open_api(struct collector *c, struct err *err)
{
	struct source_env env = {.http = c->http, .policy = c->options->policy};
	if (load_secret(c, "api_token", err) < 0 ||
		source_open(c->kind, &c->settings, c->secret.text, &env, &c->source, err) < 0)
		return -1;
	const char *edition = settings_get(&c->settings, "edition");
	bool lines_say = edition && strcmp(edition, "data-center") == 0;
	struct harvest_settings harvest = {
		.store = c->store,
		.schema = c->schema,
		.source = c->connection.name,
		.input = source_endpoint(c->source),
		.instance = lines_say ? NULL : c->connection.instance,
		.secondary = c->connection.secondary,
	};
	if (sweep_init(&c->sweep, c->store, c->source, &harvest, err) < 0)
		return -1;
	c->sweep.stop = c->options->stop;
	return 0;
}

static void collector_close(struct collector *c)
{
	sweep_fini(&c->sweep);
	source_close(c->source);
	c->source = NULL;
	http_close(c->http);
	c->http = NULL;
	secret_wipe(&c->secret);
	schema_free(c->owned_schema);
	c->owned_schema = NULL;
	settings_fini(&c->settings);
	arena_fini(&c->mem);
}

static int collector_open(struct collector *c, const char *name, struct err *err)
{
	memset(&c->sweep, 0, sizeof(c->sweep));
	if (load_connection(c, name, err) < 0 ||
		store_schema(store_dir(c->store), c->connection.table, &c->schema, &c->owned_schema,
			err) < 0)
		return -1;
	c->looked = clock_mono_us();
	c->http = connection_http(&c->settings, c->options->stop, err);
	if (!c->http)
		return -1;
	return c->kind->shape == SOURCE_OBJECTS ? 0 : open_api(c, err);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static int turn(struct collector *c, bool *more, struct err *err)
{
	*more = false;
	c->due = clock_mono_us() + (int64_t)c->connection.interval_s * SECOND;
	if (checkpoint_read(c->store, c->connection.name, &c->checkpoint, err) < 0)
		return -1;
	switch (c->kind->shape) {
	case SOURCE_WINDOWS:
		return collect_windows(c, more, err);
	case SOURCE_STREAM:
		return collect_stream(c, more, err);
	case SOURCE_OBJECTS:
		break;
	}
	return strcmp(c->kind->name, "folder") == 0 ? collect_folder(c, more, err)
						    : collect_bucket(c, more, err);
}

static void add_counts(struct collector *c, const struct ledger_counts *before)
{
	struct ledger_counts now, *sum = &c->result->counts;
	if (ledger_sums(c->store, c->connection.name, &now, NULL) < 0)
		return;
	sum->requests += now.requests - before->requests;
	sum->pages += now.pages - before->pages;
	sum->records += now.records - before->records;
	sum->stored += now.stored - before->stored;
	sum->duplicates += now.duplicates - before->duplicates;
	sum->expired += now.expired - before->expired;
	sum->rejects += now.rejects - before->rejects;
	sum->late += now.late - before->late;
	sum->errors += now.errors - before->errors;
	if (now.max_late > sum->max_late)
		sum->max_late = now.max_late;
}

/* One turn, and how it ended: 0; -1 where the source failed (*store_failed false) or the store did. */
void collector_detect(const struct collector *c, bool busy)
{
	if (c->options->detect)
		detect_live_run(c->options->detect, c->store, busy, c->options->detected);
}

static int counted_turn(struct collector *c, bool *more, bool *store_failed, struct err *err)
{
	struct ledger_counts before = {0};
	*store_failed = ledger_sums(c->store, c->connection.name, &before, err) < 0;
	if (*store_failed)
		return -1;
	c->sweep.failure = SOURCE_FINE;
	int rc = turn(c, more, err);
	c->result->failure = c->sweep.failure;
	*store_failed = rc < 0 && c->result->failure == SOURCE_FINE;
	add_counts(c, &before);
	collector_detect(c, *more);
	return rc;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int64_t jittered(int64_t us)
{
	uint32_t bits = 0;
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		bits = (uint32_t)clock_mono_us();
	return us - us / 10 + (int64_t)(bits % 1000) * us / 5000;
}

/* When the next turn is due: at the interval; after failures later, or when the server allows it. */
static int64_t next_turn(const struct collector *c, unsigned failures)
{
	int64_t pause = (int64_t)c->connection.interval_s * SECOND, asked = c->sweep.asked_us;
	bool final = source_failure_is_final(c->result->failure);
	/* A look at a folder costs nothing, and but one of its files may be what fails. */
	bool near = strcmp(c->kind->name, "folder") == 0;
	int64_t most = near ? MINUTE : final ? PAUSE_REFUSED : PAUSE_FAILING;
	if (failures == 0)
		return c->due + jittered(pause) - pause;
	if (most < pause)
		most = pause;
	for (unsigned i = 1; i < failures && pause < most; i++)
		pause *= 2;
	pause = pause < most ? pause : most;
	return clock_mono_us() + jittered(asked > pause ? asked : pause);
}

/* ---- the lease ------------------------------------------------------------------------------- */

/* Who wants a source that is being read holds this lock until it has the lease. */
static int lock_next(struct store *store, const char *name, struct store_lock **next)
{
	char file[128];
	struct err ignored;
	snprintf(file, sizeof(file), "leases/%s.next", name);
	return store_lock(store, file, false, next, &ignored);
}

static bool somebody_waits(struct collector *c)
{
	struct store_lock *next;
	int rc = lock_next(c->store, c->connection.name, &next);
	store_unlock(next);
	return rc == 0;
}

static void nap(int64_t us)
{
	struct timespec wait = {us / SECOND, us % SECOND * 1000};
	nanosleep(&wait, NULL);
}

/* One that reads once asks the process that reads for ever for its turn. */
static int take_lease(struct store *store, const char *name, const struct collect_options *options,
	struct store_lock **lease, struct err *err)
{
	int64_t until = clock_mono_us() + YIELD_SECONDS * SECOND;
	struct store_lock *next = NULL;
	int rc = store_source_lease(store, name, lease, err);
	while (rc < 0 && err->kind == ERR_BUSY && options->wait && clock_mono_us() < until &&
		!(options->stop && *options->stop)) {
		if (!next)
			(void)lock_next(store, name, &next);
		nap(SECOND / 10);
		rc = store_source_lease(store, name, lease, err);
	}
	store_unlock(next);
	return rc;
}

/* ---- between turns --------------------------------------------------------------------------- */

enum waited { WAITED, CHANGED, GONE, WANTED };

/* Whether the connection is still to be read as it was opened. */
static enum waited look(struct collector *c, struct err *err)
{
	struct arena mem = {0};
	struct connection now;
	enum waited seen = GONE;
	int rc = store_connection_get(c->store, c->connection.name, &mem, &now, err);
	if (rc < 0 || (rc == 1 && !now.paused))
		seen = rc == 1 && now.changed_at != c->connection.changed_at ? CHANGED : WAITED;
	arena_fini(&mem);
	return seen == WAITED && somebody_waits(c) ? WANTED : seen;
}

/* Waits, and looks at the connection from time to time. */
static enum waited wait_until(struct collector *c, int64_t until, struct err *err)
{
	while (!collector_stopped(c)) {
		int64_t now = clock_mono_us();
		/* Kept from turn to turn: intervals may be shorter than this. */
		if (now - c->looked >= LOOK_SECONDS * SECOND) {
			enum waited seen = look(c, err);
			if (seen != WAITED)
				return seen;
			c->looked = now;
		}
		if (now >= until)
			return WAITED;
		int64_t part = until - now < SECOND / 5 ? until - now : SECOND / 5;
		nap(part);
	}
	return WAITED;
}

/* ---- all together ---------------------------------------------------------------------------- */

static int housekeeping(struct collector *c, struct err *err)
{
	static int64_t last; /* one source a process */
	int64_t now = clock_now_us();
	if (last && now - last < DAY)
		return 0;
	last = now;
	return ledger_fold(c->store, c->connection.name, now - FOLD_AGE, NULL, err);
}

static int collect_once(struct collector *c, struct err *err)
{
	bool more = true, store_failed;
	while (more && !collector_stopped(c)) {
		if (counted_turn(c, &more, &store_failed, err) < 0)
			return -1;
	}
	return 0;
}

static int reopen(struct collector *c, struct err *err)
{
	char name[64];
	snprintf(name, sizeof(name), "%s", c->connection.name);
	log_info("%s: the connection has changed", name);
	collector_close(c);
	return collector_open(c, name, err);
}

/* Another process has the source for as long as it needs it. 1 it is ours again, 0 it is to be read no more, -1. */
static int yield_to_other(struct collector *c, struct err *err)
{
	int rc = -1;
	log_info("%s: another pugmark reads it meanwhile", c->connection.name);
	store_unlock(c->lease);
	c->lease = NULL;
	while (!collector_stopped(c) && rc < 0) {
		nap(SECOND / 5);
		if (somebody_waits(c))
			continue;
		rc = store_source_lease(c->store, c->connection.name, &c->lease, err);
		if (rc < 0 && err->kind != ERR_BUSY)
			return -1;
	}
	return rc < 0 || look(c, err) == GONE ? 0 : reopen(c, err) < 0 ? -1 : 1;
}

/* 1 it goes on, as it was or as it is now; 0 it is to be read no more; -1. */
static int between_turns(struct collector *c, int64_t until, unsigned *failures, struct err *err)
{
	int rc = 1;
	switch (wait_until(c, until, err)) {
	case GONE:
		log_info("%s: paused or removed", c->connection.name);
		return 0;
	case CHANGED:
		rc = reopen(c, err) < 0 ? -1 : 1;
		*failures = 0;
		break;
	case WANTED:
		rc = yield_to_other(c, err);
		*failures = 0;
		break;
	case WAITED:
		break;
	}
	return rc;
}

static int collect_on(struct collector *c, struct err *err)
{
	unsigned failures = 0;
	while (!collector_stopped(c)) {
		bool more, store_failed;
		if (housekeeping(c, err) < 0)
			return -1;
		int rc = counted_turn(c, &more, &store_failed, err);
		if (rc < 0 && (store_failed || err->kind == ERR_INTERRUPTED))
			return collector_stopped(c) ? 0 : -1;
		if (rc < 0)
			log_warn("%s: %s", c->connection.name, err->text);
		else if (failures)
			log_info("%s: reads again", c->connection.name);
		failures = rc < 0 ? failures + 1 : 0;
		/* As long as history is left there is no pause, but a look at the connection. */
		rc = between_turns(c, rc == 0 && more ? 0 : next_turn(c, failures), &failures, err);
		if (rc < 1)
			return rc;
	}
	return 0;
}

/* A connection that cannot even be opened has failed too. */
static int note_opening(struct collector *c, const char *name, struct err *err)
{
	struct err ignored;
	if (c->connection.name) /* else there is none */
		ledger_failure(c->store, name, err->text, &ignored);
	return -1;
}

int collect_source(struct store *store, const char *name, const struct collect_options *options,
	struct collect_result *result, struct err *err)
{
	struct collector c = {
		.store = store, .options = options, .result = result, .since = options->since};
	if (take_lease(store, name, options, &c.lease, err) < 0)
		return -1;
	int rc = ledger_abandon(store, name, NULL, err);
	if (rc == 0 && collector_open(&c, name, err) < 0)
		rc = note_opening(&c, name, err);
	else if (rc == 0)
		rc = options->once ? collect_once(&c, err) : collect_on(&c, err);
	collector_close(&c);
	store_unlock(c.lease);
	return rc;
}
