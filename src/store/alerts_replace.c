/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_replace.c: what was found becomes what the catalog says: cells of one rule and group are taken together, alerts found
 * are matched with those that are stored (alerts_match.c), and what people did stays with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/alerts_match.h"

enum { SCRATCH_MAX = 64 << 20 };

/* ---- what was found, made fit ---------------------------------------------------------------- */

/* At most LIMIT_ALERT_TEXT bytes, whole characters. */
static const char *cut(struct arena *mem, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	if (n <= LIMIT_ALERT_TEXT)
		return text;
	n = LIMIT_ALERT_TEXT;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return arena_strdup(mem, (struct slice){text, n});
}

static void fit(struct arena *mem, const struct alert_found *in, struct alert_found *out)
{
	*out = *in;
	out->title = cut(mem, in->title ? in->title : "");
	out->group = cut(mem, in->group ? in->group : "");
	out->actor = cut(mem, in->actor);
	out->target = cut(mem, in->target);
	out->ip = cut(mem, in->ip);
	out->origin = cut(mem, in->origin ? in->origin : "");
	out->sources = cut(mem, in->sources ? in->sources : "");
	out->level = in->level < RULE_LEVELS ? in->level : RULE_LEVELS - 1;
	out->count = in->count < INT64_MAX ? in->count : INT64_MAX;
	out->values = in->values < INT64_MAX ? in->values : INT64_MAX;
}

static void digest_text(struct buf *buf, const char *text)
{
	uint64_t n = text ? strlen(text) : UINT64_MAX;
	buf_append(buf, &n, sizeof(n));
	if (text)
		buf_append(buf, text, n);
}

/* Of all that is found, but the copies of events: what is found again unchanged is left alone. */
static void digest(struct buf *buf, const struct alert_found *f, uint8_t out[32])
{
	const char *const texts[] = {
		f->title, f->group, f->actor, f->target, f->ip, f->origin, f->sources};
	const int64_t numbers[] = {f->level, f->day, f->first, f->last, (int64_t)f->count,
		(int64_t)f->values, f->nevents};
	buf_clear(buf);
	buf_append(buf, f->version, sizeof(f->version));
	buf_append(buf, numbers, sizeof(numbers));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		digest_text(buf, texts[i]);
	for (uint32_t e = 0; e < f->nevents; e++) {
		buf_append(buf, f->events[e].id, 16);
		buf_append(buf, &f->events[e].time, 8);
		digest_text(buf, f->events[e].table);
	}
	sha256(buf->ptr, buf->len, out);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* An id is one alert's: whoever takes it has it, and is no other's alias by it. */
static int take_id(struct match_run *run, const uint8_t id[ALERT_ID], struct err *err)
{
	if (!run->there->aliases)
		return 0;
	return catalog_run(run->store, err, "DELETE FROM alert_aliases WHERE id = ?", "b", id,
		(size_t)ALERT_ID);
}

static int add_alert(struct match_run *run, const struct match_found *found, struct err *err)
{
	struct store *store = run->store;
	const struct alert_found *f = &found->f;
	if (take_id(run, found->id, err) < 0 ||
		catalog_run(store, err,
			"INSERT INTO alerts(id, rule, version, group_key, day, first_event, title, "
			"level,"
			" group_name, first, last, events, distinct_values, actor, target, ip, "
			"origin,"
			" sources, provisional, digest, state, was_state, reason, created_at,"
			" changed_at, new_events, evidence) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
			"?, ?, ?, "
			"?, ?, ?,"
			" ?, ?, ?, ?, 0, 0, 0, ?21, ?21, 0, ?22)",
			"btbbibtitiiuutttttibib", found->id, (size_t)ALERT_ID, f->rule, f->version,
			(size_t)8, f->group_key, (size_t)16, f->day, f->events[0].id, (size_t)16,
			f->title, (int64_t)f->level, f->group, f->first, f->last, f->count,
			f->values, f->actor, f->target, f->ip, f->origin, f->sources,
			(int64_t)f->provisional, found->digest, (size_t)32, run->now,
			found->evidence, (size_t)f->nevents * 16) < 0)
		return -1;
	int64_t n = sqlite3_last_insert_rowid(store->db);
	run->changes.added++;
	if (alert_evidence_put(store, n, f, NULL, run->scratch, err) < 0)
		return -1;
	return run->quiet || !run->there->notifiers
		       ? 0
		       : alert_queue(store, n, found->id, f->level, f->rule, "new", run->now, err);
}

/* How many events joined: counted one by one where all are known, else by the number. */
static uint64_t joined(const struct match_found *found)
{
	const struct match_stored *old = found->old;
	const struct alert_found *f = &found->f;
	uint64_t n = 0;
	if (f->nevents != f->count || old->nevents != old->events)
		return f->count > old->events ? f->count - old->events : 0;
	for (uint32_t e = 0; e < f->nevents; e++) {
		uint32_t o = 0;
		while (o < old->nevents && memcmp(old->evidence[o], f->events[e].id, 16) != 0)
			o++;
		n += o == old->nevents;
	}
	return n;
}

/* What becomes of the state: taken over, opened again, back from withdrawn. */
struct outcome {
	enum alert_state state;
	uint64_t new_events;
	bool reopened;
};

static int decide(struct match_run *run, const struct match_found *found, struct outcome *outcome,
	struct err *err)
{
	const struct match_stored *old = found->old;
	*outcome = (struct outcome){.state = old->state, .new_events = old->new_events};
	if (old->state == ALERT_WITHDRAWN) {
		outcome->state = old->was;
		if (alert_note_add(run->store, old->n, run->now, ALERT_SELF,
			    "supported again by the stored events", err) < 0)
			return -1;
	}
	if (outcome->state == ALERT_OPEN)
		return 0;
	uint64_t more = joined(found);
	outcome->new_events += more;
	if (outcome->state != ALERT_CLOSED || more == 0)
		return 0;
	char count[32], text[120];
	snprintf(text, sizeof(text), "opened again: %s %s joined after it was closed",
		text_count(more, count), more == 1 ? "event" : "events");
	outcome->state = ALERT_OPEN;
	outcome->reopened = true;
	return alert_note_add(run->store, old->n, run->now, ALERT_SELF, text, err);
}

static int keep_alias(struct match_run *run, const struct match_found *found, struct err *err)
{
	const struct match_stored *old = found->old;
	if (memcmp(old->id, found->id, ALERT_ID) == 0)
		return 0;
	if (take_id(run, found->id, err) < 0)
		return -1;
	run->there->aliases = true;
	return catalog_run(run->store, err,
		"INSERT INTO alert_aliases VALUES(?, ?) ON CONFLICT DO UPDATE SET alert = "
		"excluded.alert",
		"bi", old->id, (size_t)ALERT_ID, old->n);
}

static int replace_evidence(struct match_run *run, const struct match_found *found, struct err *err)
{
	struct alert_found old = {0};
	if (alert_evidence_get(run->store, found->old->n, &run->mem, &old, err) < 0)
		return -1;
	return alert_evidence_put(run->store, found->old->n, &found->f, &old, run->scratch, err);
}

static int change_alert(struct match_run *run, const struct match_found *found, struct err *err)
{
	struct store *store = run->store;
	const struct alert_found *f = &found->f;
	const struct match_stored *old = found->old;
	struct outcome outcome;
	if (old->state != ALERT_WITHDRAWN && memcmp(old->digest, found->digest, 32) == 0 &&
		memcmp(old->id, found->id, ALERT_ID) == 0)
		return 0;
	if (decide(run, found, &outcome, err) < 0 || keep_alias(run, found, err) < 0 ||
		replace_evidence(run, found, err) < 0 ||
		catalog_run(store, err,
			"UPDATE alerts SET id = ?, version = ?, day = ?, first_event = ?, title = "
			"?,"
			" level = ?, group_name = ?, first = ?, last = ?, events = ?, "
			"distinct_values = ?,"
			" actor = ?, target = ?, ip = ?, origin = ?, sources = ?, provisional = ?,"
			" digest = ?, state = ?, reason = CASE WHEN ?19 = 2 THEN reason ELSE 0 END,"
			" changed_at = ?20, new_events = ?21, evidence = ?23 WHERE n = ?22",
			"bbibtitiiuutttttibiiuib", found->id, (size_t)ALERT_ID, f->version,
			(size_t)8, f->day, f->events[0].id, (size_t)16, f->title, (int64_t)f->level,
			f->group, f->first, f->last, f->count, f->values, f->actor, f->target,
			f->ip, f->origin, f->sources, (int64_t)f->provisional, found->digest,
			(size_t)32, (int64_t)outcome.state, run->now, outcome.new_events, old->n,
			found->evidence, (size_t)f->nevents * 16) < 0)
		return -1;
	run->changes.changed++;
	if (run->quiet || !outcome.reopened)
		return 0;
	return alert_queue(store, old->n, found->id, f->level, f->rule, "reopened", run->now, err);
}

static int withdraw(struct match_run *run, const struct match_stored *old, struct err *err)
{
	if (old->taken || old->state == ALERT_WITHDRAWN)
		return 0;
	run->changes.withdrawn++;
	if (catalog_run(run->store, err,
		    "UPDATE alerts SET was_state = state, state = ?, changed_at = ? WHERE n = ?",
		    "iii", (int64_t)ALERT_WITHDRAWN, run->now, old->n) < 0)
		return -1;
	return alert_note_add(run->store, old->n, run->now, ALERT_SELF,
		"withdrawn: the stored events no longer support it", err);
}

/* ---- cells ----------------------------------------------------------------------------------- */

/* Ascending by rule, group and day. */
static int by_cell(const void *a, const void *b)
{
	const struct alert_cell *x = *(const struct alert_cell *const *)a;
	const struct alert_cell *y = *(const struct alert_cell *const *)b;
	int c = strcmp(x->rule, y->rule);
	if (c == 0)
		c = memcmp(x->group_key, y->group_key, 16);
	return c ? c : (x->day > y->day) - (x->day < y->day);
}

static bool same_run(const struct alert_cell *a, const struct alert_cell *b)
{
	return strcmp(a->rule, b->rule) == 0 && memcmp(a->group_key, b->group_key, 16) == 0;
}

static int check_cell(const struct alert_cell *cell, struct err *err)
{
	for (uint32_t i = 0; i < cell->n; i++) {
		const struct alert_found *f = &cell->found[i];
		if (f->day != cell->day || memcmp(f->group_key, cell->group_key, 16) != 0 ||
			strcmp(f->rule, cell->rule) != 0)
			return err_set(err, ERR_USAGE,
				"alerts_replace: an alert of %.100s is not of its cell",
				cell->rule);
		if (f->nevents == 0 || f->count < f->nevents)
			return err_set(err, ERR_USAGE,
				"alerts_replace: an alert of %.100s has no evidence", cell->rule);
	}
	return 0;
}

static const uint8_t (*ids_of(struct arena *mem, const struct alert_found *f))[16]
{
	uint8_t(*ids)[16] = arena_zalloc(mem, f->nevents, 16);
	for (uint32_t e = 0; e < f->nevents; e++)
		memcpy(ids[e], f->events[e].id, 16);
	return (const uint8_t(*)[16])ids;
}

static void fill_found(struct match_run *run, const struct alert_cell *const *cells, uint32_t n,
	struct buf *scratch)
{
	uint32_t count = 0;
	for (uint32_t c = 0; c < n; c++)
		count += cells[c]->n;
	run->found = arena_zalloc(&run->mem, count + 1, sizeof(*run->found));
	for (uint32_t c = 0; c < n; c++) {
		for (uint32_t i = 0; i < cells[c]->n; i++) {
			struct match_found *found = &run->found[run->nfound++];
			fit(&run->mem, &cells[c]->found[i], &found->f);
			found->evidence = ids_of(&run->mem, &found->f);
			digest(scratch, &found->f, found->digest);
			alert_id(found->f.rule, found->f.version, found->f.group_key,
				found->f.fired, found->id);
		}
	}
}

static int replace_run(
	struct match_run *run, const struct alert_cell *const *cells, uint32_t n, struct err *err)
{
	for (uint32_t c = 0; c < n; c++) {
		if (check_cell(cells[c], err) < 0)
			return -1;
		if (c > 0 && cells[c]->day == cells[c - 1]->day)
			return err_set(err, ERR_USAGE,
				"alerts_replace: a cell of %.100s stands there twice",
				cells[c]->rule);
	}
	fill_found(run, cells, n, run->scratch);
	if (match_load(run, cells, n, err) < 0)
		return -1;
	match_find(run);
	/* First those that go: ids and aliases are free then for those that come. */
	for (uint32_t i = 0; i < run->nstored; i++) {
		if (withdraw(run, &run->stored[i], err) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < run->nfound; i++) {
		const struct match_found *found = &run->found[i];
		if (found->old && change_alert(run, found, err) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < run->nfound; i++) {
		const struct match_found *found = &run->found[i];
		if (!found->old && add_alert(run, found, err) < 0)
			return -1;
	}
	return 0;
}

static int any_row(struct store *store, const char *sql, bool *any, struct err *err)
{
	int64_t n = 0;
	int rc = catalog_int(store, &n, err, sql, "");
	*any = rc == 1;
	return rc < 0 ? -1 : 0;
}

/* Asked once for all alerts instead of once for each. */
static int look_around(struct store *store, struct match_there *there, struct err *err)
{
	if (any_row(store, "SELECT 1 FROM alert_aliases LIMIT 1", &there->aliases, err) < 0)
		return -1;
	return any_row(store, "SELECT 1 FROM notifiers LIMIT 1", &there->notifiers, err);
}

/* Whether anything is stored of the rule of a cell, which is the first of its rule. */
static int look_for_rule(
	struct store *store, const char *rule, struct match_there *there, struct err *err)
{
	int64_t n = 0;
	int rc = catalog_int(
		store, &n, err, "SELECT 1 FROM alerts WHERE rule = ? LIMIT 1", "t", rule);
	there->rule = rc == 1;
	return rc < 0 ? -1 : 0;
}

static int replace_all(struct store *store, const struct alert_cell *const *cells, uint32_t n,
	bool quiet, struct alert_changes *changes, struct err *err)
{
	struct buf scratch;
	int rc = 0;
	int64_t now = clock_now_us();
	buf_init(&scratch, SCRATCH_MAX);
	struct match_there there = {0};
	rc = look_around(store, &there, err);
	for (uint32_t at = 0, end; rc == 0 && at < n; at = end) {
		struct match_run run = {.store = store,
			.now = now,
			.quiet = quiet,
			.scratch = &scratch,
			.there = &there};
		if ((at == 0 || strcmp(cells[at]->rule, cells[at - 1]->rule) != 0) &&
			look_for_rule(store, cells[at]->rule, &there, err) < 0) {
			rc = -1;
			break;
		}
		for (end = at + 1; end < n && same_run(cells[at], cells[end]);)
			end++;
		rc = replace_run(&run, cells + at, end - at, err);
		arena_fini(&run.mem);
		changes->added += run.changes.added;
		changes->changed += run.changes.changed;
		changes->withdrawn += run.changes.withdrawn;
	}
	buf_fini(&scratch);
	return rc;
}

static int not_pending(struct store *store, const uint64_t *done, uint32_t n, struct err *err)
{
	for (uint32_t i = 0; i < n; i++) {
		if (catalog_run(store, err, "DELETE FROM detect_pending WHERE segment_id = ?", "u",
			    done[i]) < 0)
			return -1;
	}
	return 0;
}

int alerts_replace(struct store *store, const struct alert_cell *cells, uint32_t n,
	const uint64_t *done, uint32_t ndone, bool quiet, struct alert_changes *changes,
	struct err *err)
{
	struct alert_changes made = {0};
	if (store_check_writable(store, err) < 0)
		return -1;
	const struct alert_cell **sorted = xcalloc((size_t)n + 1, sizeof(*sorted));
	for (uint32_t i = 0; i < n; i++)
		sorted[i] = &cells[i];
	qsort(sorted, n, sizeof(*sorted), by_cell);
	int rc = catalog_begin(store, err);
	if (rc == 0) {
		rc = replace_all(store, sorted, n, quiet, &made, err);
		if (rc == 0)
			rc = not_pending(store, done, ndone, err);
		rc = catalog_end(store, rc, err);
	}
	free(sorted);
	if (rc == 0 && changes) {
		changes->added += made.added;
		changes->changed += made.changed;
		changes->withdrawn += made.withdrawn;
	}
	return rc;
}
