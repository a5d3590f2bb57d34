/* SPDX-License-Identifier: Apache-2.0 */
/* ship_cluster.c: the shipper: what is withdrawn is deleted, what is in doubt is settled, what waits is sent. */
#include "pipeline/ship_cluster.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cluster/table.h"
#include "pipeline/ship_private.h"
#include "query/clustered.h"
#include "store/cluster_setting.h"

enum {
	SEEN_SECONDS = 15, /* until a replica has what another one took */
	LOOP_MS = 500,
	GATHER_SECONDS = 3, /* so long small segments wait for others */
	GATHER_ROWS = 100000,
	REST_SECONDS = 60, /* few rows go once in so long, */
	REST_BURST = 10,   /* but some times in a row where they have not gone for long */
	KNOWN_SECONDS =
		3600, /* the loop asks so often whether numbers are there that the catalog does not know */
	PAUSE_LEAST = 5,
	PAUSE_MOST = 300, /* seconds, between tries while the cluster is away */
};
#define SECOND INT64_C(1000000)

/* ---- one shipment ---------------------------------------------------------------------------- */

/* Observables that were taken as they were sent: the server said so. Their table is sorted by value, so counting those of a shipment reads all
 * of it: that is for shipments in doubt. */
#define NOT_COUNTED UINT64_MAX

/* What the cluster has of it: 1 = what it should, 0 = not; *more: more events than that. -1. */
static int is_whole(struct shipper *s, const struct shipment *shipment, uint64_t observables,
	bool *more, struct err *err)
{
	uint64_t events, seen = NOT_COUNTED;
	if (ship_count(s, shipment, false, &events, err) < 0 ||
		(observables != NOT_COUNTED && ship_count(s, shipment, true, &seen, err) < 0))
		return -1;
	*more = events > shipment->rows;
	return events == shipment->rows && seen == observables;
}

/* It was sent whole; what is counted tells. Replicas may need a moment. */
static int check(
	struct shipper *s, const struct shipment *shipment, uint64_t observables, struct err *err)
{
	int64_t until = clock_mono_us() + (s->replicas ? SEEN_SECONDS : 0) * SECOND;
	for (;;) {
		bool more;
		int whole = is_whole(s, shipment, observables, &more, err);
		if (whole != 0)
			return whole < 0 ? -1 : 0;
		if (more || clock_mono_us() > until)
			break;
		if (s->options->stop && *s->options->stop)
			return err_set(err, ERR_INTERRUPTED, "stopped");
		nanosleep(&(struct timespec){0, LOOP_MS * 1000000L}, NULL);
	}
	bool old = clock_now_us() - shipment->made_at > RESEND_SECONDS * SECOND;
	if (s->replicas && !old)
		return err_set(err, ERR_BUSY,
			"the cluster has taken shipment %" PRIu64
			" and does not show all of it yet: it is looked at again later",
			shipment->id);
	log_warn("the cluster has not what was sent to it in shipment %" PRIu64
		 ": it is deleted there and sent anew",
		shipment->id);
	return shipment_withdraw(s->store, shipment->id, err) < 0 ? -1 : 1;
}

static int note_sent(
	struct shipper *s, const struct shipment *shipment, uint64_t observables, struct err *err)
{
	int rc = shipment_sent(s->store, shipment->id, err);
	if (rc < 1) /* withdrawn meanwhile: deleted and sent anew by the next turn */
		return rc;
	s->result->rows += shipment->rows;
	s->result->observables += observables;
	s->result->shipments++;
	return 0;
}

/* Sends all of it but what is known to be there. `doubt`: some of it may have been sent before. */
static int send(struct shipper *s, const struct shipment *shipment, bool doubt,
	const struct ship_choice *choice, uint64_t have_observables, struct err *err)
{
	uint64_t observables = 0;
	int rc = ship_events(s, shipment, choice, NULL, err);
	if (rc == 0)
		rc = ship_observables(s, shipment, have_observables, &observables, err);
	if (rc == 1)
		return shipment_withdraw(s->store, shipment->id, err);
	if (rc == 0)
		rc = check(s, shipment, doubt ? observables : NOT_COUNTED, err);
	return rc == 0 ? note_sent(s, shipment, observables, err) : rc < 0 ? -1 : 0;
}

/* One server alone: it says what it has. */
static int settle_alone(struct shipper *s, const struct shipment *shipment, struct err *err)
{
	uint8_t(*ids)[16] = NULL;
	uint64_t n = 0, observables = 0;
	int rc = ship_quiet(s, err);
	if (rc == 0)
		rc = ship_ids(s, shipment, &ids, &n, err);
	if (rc == 0)
		rc = ship_count(s, shipment, true, &observables, err);
	if (rc == 0)
		rc = send(s, shipment, true,
			&(struct ship_choice){.have = (const uint8_t(*)[16])ids, .n = n},
			observables, err);
	free(ids);
	return rc;
}

/* Replicas know the same blocks again; for some time. */
static int settle_replicas(struct shipper *s, const struct shipment *shipment, struct err *err)
{
	uint64_t observables = 0;
	if (clock_now_us() - shipment->made_at < RESEND_SECONDS * SECOND)
		return send(s, shipment, true, NULL, 0, err);
	if (ship_quiet(s, err) < 0 ||
		ship_observables(s, shipment, SHIP_COUNT_ONLY, &observables, err) < 0)
		return -1;
	bool more;
	int whole = is_whole(s, shipment, observables, &more, err);
	if (whole == 1)
		return note_sent(s, shipment, observables, err);
	return whole < 0 ? -1 : shipment_withdraw(s->store, shipment->id, err);
}

/* ---- what comes first ------------------------------------------------------------------------ */

int ship_clear_withdrawn(struct shipper *s, struct err *err)
{
	struct shipment_withdrawn one;
	struct arena mem = {0};
	int rc;
	while ((rc = shipments_withdrawn(s->store, &mem, &one, err)) == 1) {
		struct buf where;
		buf_init(&where, 1 << 16);
		buf_printf(&where, " WHERE _shipment %s %" PRIu64 " AND ", one.all ? "<=" : "=",
			one.id);
		ship_mine(&where, s);
		rc = ship_delete(s, one.table, &where, true, err);
		buf_fini(&where);
		if (rc < 0 || (rc = shipments_forget(s->store, one.id, err)) < 0)
			break;
	}
	arena_fini(&mem);
	return rc;
}

/* Tables or columns that a schema has gained since are made; once. 1 = made, 0 = that was not it. */
static int make_tables(struct shipper *s, struct err *err)
{
	struct schema_set schemas = {0};
	struct arena mem = {0};
	int code = cluster_code(s->cluster);
	if (s->made || (code != CLUSTER_UNKNOWN_TABLE && code != CLUSTER_NO_COLUMN &&
			       code != CLUSTER_UNKNOWN_NAME))
		return 0;
	s->made = true;
	int rc = store_schema_set(store_dir(s->store), &mem, &schemas, err);
	if (rc == 0)
		rc = table_init(s->cluster, schemas.of, schemas.n, NULL, NULL, err);
	schema_set_fini(&schemas);
	arena_fini(&mem);
	return rc < 0 ? -1 : 1;
}

/* 1 = sent one, or settled it; 0 = nothing waits. */
static int turn(struct shipper *s, struct err *err)
{
	struct arena mem = {0};
	struct shipment shipment;
	int rc = ship_clear_withdrawn(s, err);
	if (rc == 0)
		rc = shipment_open(s->store, &mem, &shipment, err);
	if (rc == 1) {
		rc = (s->replicas ? settle_replicas : settle_alone)(s, &shipment, err) < 0 ? -1 : 1;
	} else if (rc == 0) {
		rc = shipment_next(s->store, s->options->since, &mem, &shipment, err);
		if (rc == 1)
			rc = send(s, &shipment, false, NULL, 0, err) < 0 ? -1 : 1;
	}
	arena_fini(&mem);
	return rc;
}

static int run(struct shipper *s, struct err *err)
{
	struct err why = {0};
	struct shipments_lag lag;
	int rc = s->options->known ? 0 : ship_known(s, &why);
	if (shipments_lag(s->store, s->options->since, &lag, err) < 0)
		return -1;
	s->waiting = lag.rows;
	for (;;) {
		if (rc == 0 || rc == 1)
			rc = turn(s, &why);
		if (rc == 0)
			return 0;
		if (rc < 0) {
			int made = make_tables(s, err);
			if (made < 0)
				return -1;
			if (made == 0) {
				if (err)
					*err = why;
				return -1;
			}
			rc = 1;
		}
		if (s->options->stop && *s->options->stop)
			return err_set(err, ERR_INTERRUPTED, "stopped");
	}
}

/* ---- the whole ------------------------------------------------------------------------------- */

int ship_open(struct shipper *s, struct store *store, const struct ship_options *options,
	struct ship_result *result, struct err *err)
{
	*s = (struct shipper){.store = store, .options = options, .result = result};
	int rc = lake_cluster(store, options->key_file, options->stop, &s->cluster, err);
	if (rc < 1)
		return rc;
	s->collector = cluster_settings(s->cluster)->collector;
	s->replicas = *cluster_settings(s->cluster)->cluster != '\0';
	s->features = cluster_features(s->cluster, err);
	return s->features ? 1 : -1;
}

/* What keeps it from being sent is shown by status, until it is over. */
static void note_failure(struct store *store, const struct err *why)
{
	struct arena mem = {0};
	struct cluster_setting setting;
	const char *text = why ? why->text : "";
	if (store_cluster_get(store, &mem, &setting, NULL) == 1 && strcmp(setting.error, text) != 0)
		(void)store_cluster_failed(store, why ? text : NULL, NULL);
	arena_fini(&mem);
}

static int ship_locked(struct store *store, const struct ship_options *options,
	struct ship_result *result, struct err *err)
{
	struct shipper s;
	struct err why = {0};
	int rc = ship_open(&s, store, options, result, &why);
	result->unset = rc == 0;
	if (rc == 1)
		rc = run(&s, &why);
	if (rc == 0)
		note_failure(store, NULL);
	else if (why.kind != ERR_INTERRUPTED)
		note_failure(store, &why);
	cluster_close(s.cluster);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

int ship_cluster(struct store *store, const struct ship_options *options,
	struct ship_result *result, struct err *err)
{
	struct store_lock *lock = NULL;
	int rc = store_cluster_is_set(store, err);
	result->unset = rc == 0;
	if (rc < 1)
		return rc;
	rc = store_lock(store, CLUSTER_LOCK, false, &lock, err);
	result->busy = rc == 0;
	if (rc == 1)
		rc = ship_locked(store, options, result, err);
	store_unlock(lock);
	struct err why;
	if (shipments_lag(store, INT64_MIN, &result->waits, rc < 0 ? &why : err) < 0)
		return -1;
	return rc;
}

/* ---- all the time ---------------------------------------------------------------------------- */

static bool stopped(const struct ship_options *options)
{
	return options->stop && *options->stop;
}

/* What the loop remembers, by the monotonic clock. */
struct looping {
	struct ship_options options;
	int64_t next, pause; /* after a failure */
	int64_t known_at;    /* when its numbers were asked for last; 0 = never */
	int64_t rested;      /* when all that was sent is made up for */
};

/* Whether it is time: many rows wait, or some for long enough, and not too often: each shipment is a part that the servers must merge, other
 * collectors send too, and observables of few events are many. 1; 0; -1. */
static int is_due(struct store *store, const struct looping *loop, struct err *err)
{
	struct shipments_lag lag;
	int64_t now = clock_mono_us();
	if (now < loop->next)
		return 0;
	if (shipments_lag(store, INT64_MIN, &lag, err) < 0)
		return -1;
	return lag.rows >= GATHER_ROWS ||
	       (lag.segments && clock_now_us() - lag.oldest >= GATHER_SECONDS * SECOND &&
		       loop->rested - now <= (REST_BURST - 1) * REST_SECONDS * SECOND);
}

static void after_failure(
	struct looping *loop, const struct ship_result *result, const struct err *why)
{
	log_warn("the cluster: %s; %" PRIu64
		 " events wait to be sent (nothing is lost), tried again in %d s",
		why->text, result->waits.rows, (int)loop->pause);
	loop->next = clock_mono_us() + loop->pause * SECOND;
	loop->pause = loop->pause * 2 < PAUSE_MOST ? loop->pause * 2 : PAUSE_MOST;
}

static void after_sending(struct looping *loop, const struct ship_result *result)
{
	int64_t now = clock_mono_us();
	loop->pause = PAUSE_LEAST;
	if (!result->busy && !loop->options.known)
		loop->known_at = now;
	if (result->shipments)
		loop->rested = (loop->rested > now ? loop->rested : now) + REST_SECONDS * SECOND;
	if (result->rows)
		log_info("sent %" PRIu64 " events to the cluster", result->rows);
}

static void send_waiting(struct store *store, struct looping *loop)
{
	struct ship_result result = {0};
	struct err why = {0};
	loop->options.known =
		loop->known_at && clock_mono_us() - loop->known_at < KNOWN_SECONDS * SECOND;
	if (ship_cluster(store, &loop->options, &result, &why) == 0)
		after_sending(loop, &result);
	else if (!stopped(&loop->options))
		after_failure(loop, &result, &why);
}

int ship_cluster_loop(struct store *store, const struct ship_options *options, struct err *err)
{
	struct looping loop = {.options = *options, .pause = PAUSE_LEAST};
	while (!stopped(options)) {
		int set = store_cluster_is_set(store, err), due = 0;
		if (set < 1) /* also where nothing waits */
			return set;
		if ((due = is_due(store, &loop, err)) < 0)
			return -1;
		if (due)
			send_waiting(store, &loop);
		nanosleep(&(struct timespec){0, LOOP_MS * 1000000L}, NULL);
	}
	return 0;
}
