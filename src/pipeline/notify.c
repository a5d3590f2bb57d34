/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c: what is due goes out, notifier by notifier; what fails is due again later. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "pipeline/notify_target.h"
#include "query/evidence.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

enum {
	FIRST_PAUSE_S = 10,
	LONGEST_PAUSE_S = 3600,
	GIVE_UP_H = 24,
	LOOK_MS = 1000, /* at the queue */
	TICK_MS = 100,
	ROUND_MOST = 20000, /* notices of a round: the others come in the next one */
};

/* The notices of one notifier. */
struct due {
	const char *notifier;
	uint32_t n, cap;
	struct notice *list; /* texts in the round's arena */
};
struct round {
	struct store *store;
	const struct notify_options *options;
	struct notify_result *result;
	struct arena mem;
	struct due *due;
	uint32_t ndue, cap, total;
};

/* ---- gathering ------------------------------------------------------------------------------- */

static struct due *due_of(struct round *round, const char *notifier)
{
	if (round->ndue && strcmp(round->due[round->ndue - 1].notifier, notifier) == 0)
		return &round->due[round->ndue - 1];
	if (round->ndue == round->cap)
		round->due = xrealloc(
			round->due, (round->cap = 2 * round->cap + 8) * sizeof(*round->due));
	round->due[round->ndue] =
		(struct due){.notifier = arena_strdup(&round->mem, slice_of(notifier))};
	return &round->due[round->ndue++];
}

static int note(void *ctx, const struct notice *notice, struct err *err)
{
	struct round *round = ctx;
	(void)err;
	struct due *due = due_of(round, notice->notifier);
	if (due->n == due->cap)
		due->list =
			xrealloc(due->list, (due->cap = 2 * due->cap + 32) * sizeof(*due->list));
	struct notice *kept = &due->list[due->n++];
	*kept = *notice;
	kept->notifier = due->notifier;
	kept->change = arena_strdup(&round->mem, slice_of(notice->change));
	kept->key = arena_strdup(&round->mem, slice_of(notice->key));
	return ++round->total >= ROUND_MOST;
}

/* ---- messages -------------------------------------------------------------------------------- */

static void fill(const struct alert_info *info, const struct notice *notice, struct arena *mem,
	struct notify_alert *alert)
{
	char id[2 * ALERT_ID + 1];
	const struct alert_found *f = &info->found;
	*alert = (struct notify_alert){
		.id = arena_strdup(mem, slice_of(alert_id_text(info->id, id))),
		.level = level_name(f->level),
		.rank = f->level,
		.state = alert_state_name(info->state),
		.title = f->title,
		.rule = f->rule,
		.group = f->group,
		.actor = f->actor,
		.target = f->target,
		.ip = f->ip,
		.sources = f->sources,
		.events = f->count,
		.first = f->first,
		.last = f->last,
		.changed = info->changed,
		.change = notice->change,
		.key = notice->key,
	};
}

/* An alert as it is now: it may have changed since it was queued. */
static int load_alert(struct store *store, const struct notice *notice, struct arena *mem,
	bool whole, struct notify_alert *alert, struct err *err)
{
	char id[2 * ALERT_ID + 1];
	struct alert_info info = {0};
	int rc = (whole ? evidence_get : alerts_get)(
		store, alert_id_text(notice->alert, id), mem, &info, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "the alert %s is gone", id);
	if (rc < 0)
		return -1;
	fill(&info, notice, mem, alert);
	if (whole) {
		struct buf json;
		buf_init(&json, 8 << 20);
		alert_json(&info, true, &json);
		/* Too long with its evidence: then without. */
		if (json.full) {
			buf_clear(&json);
			alert_json(&info, false, &json);
		}
		alert->json = (struct slice){arena_strdup(mem, buf_view(&json)), json.len};
		buf_fini(&json);
	}
	return 0;
}

static int send_one(struct round *round, const struct notify_target *target,
	const struct notice *notice, int64_t *again, struct err *err)
{
	struct arena mem = {0};
	struct notify_alert alert;
	int rc = load_alert(
		round->store, notice, &mem, strcmp(target->kind, "webhook") == 0, &alert, err);
	if (rc == 0) {
		const struct notify_message message = {.what = NOTIFY_ALERT,
			.now = clock_now_us(),
			.key = notice->key,
			.n = 1,
			.alerts = &alert,
			.listed = 1};
		rc = notify_send(target, &message, again, err);
	}
	arena_fini(&mem);
	return rc;
}

/* A digest's key is of all keys in it: the same where the same is sent again. */
static char *digest_key(struct arena *mem, const struct due *due)
{
	struct buf keys;
	char hex[65];
	buf_init(&keys, SIZE_MAX / 2);
	for (uint32_t i = 0; i < due->n; i++)
		buf_printf(&keys, "%s\n", due->list[i].key);
	notify_sign(SLICE("digest"), 0, buf_view(&keys), hex);
	buf_fini(&keys);
	return arena_printf(mem, "digest-%.32s", hex);
}

static int worst_first(const void *a, const void *b)
{
	const struct notify_alert *x = a, *y = b;
	return x->rank != y->rank ? (x->rank < y->rank ? 1 : -1) : strcmp(x->key, y->key);
}

static int send_digest(struct round *round, const struct notify_target *target,
	const struct due *due, int64_t *again, struct err *err)
{
	struct arena mem = {0};
	struct notify_alert *alerts = arena_zalloc(&mem, due->n, sizeof(*alerts));
	struct notify_message message = {.what = NOTIFY_DIGEST,
		.now = clock_now_us(),
		.key = digest_key(&mem, due),
		.n = due->n,
		.alerts = alerts};
	int rc = 0;
	for (uint32_t i = 0; rc == 0 && i < due->n; i++) {
		rc = load_alert(round->store, &due->list[i], &mem, false, &alerts[i], err);
		if (rc == 0 && alerts[i].rank < RULE_LEVELS)
			message.levels[alerts[i].rank]++;
	}
	if (rc == 0) {
		qsort(alerts, due->n, sizeof(*alerts), worst_first);
		message.listed = due->n < NOTIFY_LISTED ? due->n : NOTIFY_LISTED;
		rc = notify_send(target, &message, again, err);
	}
	arena_fini(&mem);
	return rc;
}

/* ---- what became of it ----------------------------------------------------------------------- */

static int64_t pause_after(unsigned tries, int64_t asked)
{
	int64_t us = FIRST_PAUSE_S * SECOND;
	uint32_t bits = 0;
	for (unsigned i = 0; i < tries && us < LONGEST_PAUSE_S * SECOND; i++)
		us *= 2;
	us = us < LONGEST_PAUSE_S * SECOND ? us : LONGEST_PAUSE_S * SECOND;
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		bits = (uint32_t)clock_mono_us();
	us = us / 2 + (int64_t)(bits % 1000) * us / 1000;
	return us > asked ? us : asked;
}

static int note_failed(struct round *round, const struct due *due, uint32_t from, int64_t asked,
	const struct err *why, struct err *err)
{
	int64_t now = clock_now_us();
	round->result->failed += due->n - from;
	round->result->why = *why;
	log_warn("%s: %s", due->notifier, why->text);
	for (uint32_t i = from; i < due->n; i++) {
		const struct notice *notice = &due->list[i];
		bool over = notice->first_failed && now - notice->first_failed >= GIVE_UP_H * HOUR;
		if (over)
			log_error("%s: %s is given up after a day: pugmark notify list",
				due->notifier, notice->key);
		int64_t again = over ? INT64_MAX : now + pause_after(notice->tries, asked);
		if (notices_failed(round->store, due->notifier, &notice->id, 1, now, again,
			    why->text, err) < 0)
			return -1;
	}
	return 0;
}

static int note_sent(
	struct round *round, const struct due *due, uint32_t from, uint32_t n, struct err *err)
{
	uint64_t *ids = arena_zalloc(&round->mem, n, sizeof(*ids));
	for (uint32_t i = 0; i < n; i++)
		ids[i] = due->list[from + i].id;
	round->result->sent += n;
	return notices_sent(round->store, due->notifier, ids, n, clock_now_us(), err);
}

/* After a failure the others of this notifier wait too: they would fail alike, each after its time. */
static int send_due(struct round *round, struct due *due, struct err *err)
{
	struct loaded_target loaded;
	struct err why = {0};
	int64_t asked = -1;
	uint32_t done = 0;
	int rc = 0,
	    got = notify_load(round->store, due->notifier, round->options->key_file, &loaded, &why);
	loaded.target.stop = round->options->stop;
	bool good = got == 1, together = due->n > NOTIFY_TOGETHER;
	while (good && rc == 0 && done < due->n) {
		uint32_t n = together ? due->n : 1;
		good = (together ? send_digest(round, &loaded.target, due, &asked, &why)
				 : send_one(round, &loaded.target, &due->list[done], &asked,
					   &why)) == 0;
		if (good)
			rc = note_sent(round, due, done, n, err);
		done += good ? n : 0;
	}
	notify_unload(&loaded);
	/* Removed meanwhile: its notices are gone too. Interrupted: nothing has failed. */
	if (rc < 0 || got == 0 || done == due->n || why.kind == ERR_INTERRUPTED)
		return rc;
	return note_failed(round, due, done, asked, &why, err);
}

static bool stopped(const struct notify_options *options)
{
	return options->stop && *options->stop;
}

static int run_round(struct store *store, const struct notify_options *options,
	struct notify_result *result, struct err *err)
{
	struct round round = {.store = store, .options = options, .result = result};
	int rc = notices_due(store, clock_now_us(), note, &round, err) < 0 ? -1 : 0;
	for (uint32_t i = 0; rc == 0 && i < round.ndue && !stopped(options); i++)
		rc = send_due(&round, &round.due[i], err);
	for (uint32_t i = 0; i < round.ndue; i++)
		free(round.due[i].list);
	free(round.due);
	arena_fini(&round.mem);
	return rc;
}

static int one(void *ctx, const struct notifier *notifier, struct err *err)
{
	(void)ctx;
	(void)notifier;
	(void)err;
	return 1;
}

static void wait(const struct notify_options *options)
{
	for (int ms = 0; ms < LOOK_MS && !stopped(options); ms += TICK_MS) {
		struct timespec tick = {0, TICK_MS * 1000000L};
		nanosleep(&tick, NULL);
	}
}

int notify_run(struct store *store, const struct notify_options *options,
	struct notify_result *result, struct err *err)
{
	struct store_lock *lock;
	*result = (struct notify_result){0};
	int rc = store_lock(store, NOTIFY_LOCK, false, &lock, err);
	if (rc == 0)
		return err_set(err, ERR_BUSY,
			"another pugmark sends the notices of this folder already (pugmark serve, "
			"or notify run)");
	if (rc < 0)
		return -1;
	do {
		rc = run_round(store, options, result, err);
		if (rc < 0 || options->once)
			break;
		wait(options);
		rc = notifier_list(store, NULL, one, NULL, err);
	} while (rc == 1 && !stopped(options));
	rc = rc < 0 ? -1 : 0;
	store_unlock(lock);
	return rc;
}

/* Sends one message that is about no alert. */
static int send_now(struct store *store, const char *name, const char *kind,
	struct notify_message *message, const struct notify_options *options, struct err *err)
{
	struct loaded_target loaded;
	int rc = notify_load(store, name, options->key_file, &loaded, err);
	if (rc == 0)
		rc = err_set(
			err, ERR_NOT_FOUND, "there is no notifier %s: pugmark notify list", name);
	if (rc == 1) {
		message->now = clock_now_us();
		message->key = arena_printf(
			&loaded.mem, "%s-%s-%lld", kind, name, (long long)message->now);
		loaded.target.stop = options->stop;
		rc = notify_send(&loaded.target, message, NULL, err);
	}
	notify_unload(&loaded);
	return rc;
}

int notify_try(struct store *store, const char *name, const struct notify_options *options,
	struct err *err)
{
	struct notify_message message = {.what = NOTIFY_TEST};
	return send_now(store, name, "test", &message, options, err);
}

int notify_checkpoint(struct store *store, const char *name, const char *summary, const char *note,
	const struct notify_options *options, struct err *err)
{
	struct notify_message message = {
		.what = NOTIFY_CHECKPOINT, .summary = summary, .note = note};
	return send_now(store, name, "checkpoint", &message, options, err);
}
