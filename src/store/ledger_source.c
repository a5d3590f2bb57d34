/* SPDX-License-Identifier: Apache-2.0 */
/* ledger_source.c: a source's row of the ledger: attempts, successes, failures, the events' times; and
 * what these say of its health. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/connections_private.h"
#include "store/ledger_private.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define WEEK   (7 * DAY)

/* ---- writing --------------------------------------------------------------------------------- */

int ledger_source(struct store *store, const char *source, bool make, int64_t *id, struct err *err)
{
	static const char find[] = "SELECT id FROM source_states WHERE name = ?";
	int rc = catalog_int(store, id, err, find, "t", source);
	if (rc != 0 || !make)
		return rc;
	if (catalog_run(store, err,
		    "INSERT INTO source_states(name) VALUES(?) ON CONFLICT DO NOTHING", "t",
		    source) < 0)
		return -1;
	return catalog_int(store, id, err, find, "t", source);
}

int ledger_note_attempt(struct store *store, int64_t source_id, int64_t now, struct err *err)
{
	return catalog_run(store, err, "UPDATE source_states SET last_attempt = ? WHERE id = ?",
		"ii", now, source_id);
}

int ledger_note_end(struct store *store, int64_t source_id, enum ledger_state state,
	const char *why, int64_t settled_to, int64_t now, struct err *err)
{
	if (state == LEDGER_FAILED)
		return catalog_run(store, err,
			"UPDATE source_states SET failures = failures + 1, error = ?, error_at = ?"
			" WHERE id = ?",
			"tii", why, now, source_id);
	return catalog_run(store, err,
		"UPDATE source_states SET failures = 0, error = '', error_at = 0,"
		" last_success = ?, settled_to = max(settled_to, ?) WHERE id = ?",
		"iii", now, settled_to, source_id);
}

#define LAG_MOST (INT64_C(86400) * 1000000)

static int64_t week_of(int64_t time)
{
	return time / WEEK - (time % WEEK < 0);
}

/* Gaps are counted by weeks of event time: a week holds the nights and the weekend, and a gap of
 * holidays is forgotten after two. Gaps within a segment are not seen: it spans seconds, or it is
 * history. */
int ledger_note_events(struct store *store, int64_t source_id, bool history,
	const struct ledger_segment *segment, struct err *err)
{
	/* A time in the future is the source's error, and would hide all silence. */
	int64_t latest = segment->committed_at, first = segment->min_time, last = segment->max_time;
	if (segment->stored == 0)
		return 0;
	last = last < latest ? last : latest;
	if (catalog_run(store, err, "UPDATE source_states SET last_new = ? WHERE id = ?", "ii",
		    segment->committed_at, source_id) < 0)
		return -1;
	if (first > last)
		return 0;
	if (catalog_run(store, err,
		    "UPDATE source_states SET first_event ="
		    " iif(first_event = 0, ?1, min(first_event, ?1)) WHERE id = ?2",
		    "ii", first, source_id) < 0)
		return -1;
	if (!history && catalog_run(store, err,
				"UPDATE source_states SET"
				" gap_before = CASE ?3 - gap_week WHEN 0 THEN gap_before WHEN 1 "
				"THEN gap_now"
				"  ELSE 0 END,"
				" gap_now = max(iif(gap_week = ?3, gap_now, 0),"
				"  iif(last_event > 0, ?1 - last_event, 0)), gap_week = ?3"
				" WHERE id = ?2 AND ?3 >= gap_week",
				"iii", first, source_id, week_of(last)) < 0)
		return -1;
	/* Old files that are read for the first time say nothing of how long events are on their way. */
	bool on_its_way = segment->received_at - last < LAG_MOST;
	if (!history && on_its_way &&
		catalog_run(store, err,
			"UPDATE source_states SET lag_received = max(0, ?),"
			" lag_searchable = max(0, ?) WHERE id = ?",
			"iii", segment->received_at - last,
			segment->committed_at - segment->received_at, source_id) < 0)
		return -1;
	return catalog_run(store, err,
		"UPDATE source_states SET last_event = max(last_event, ?) WHERE id = ?", "ii", last,
		source_id);
}

static int note_failure(struct store *store, const char *source, const char *why, struct err *err)
{
	char text[LEDGER_WHY];
	int64_t id, now = clock_now_us();
	if (ledger_source(store, source, true, &id, err) < 1 ||
		ledger_note_attempt(store, id, now, err) < 0)
		return -1;
	return ledger_note_end(store, id, LEDGER_FAILED, ledger_sentence(why, text), 0, now, err);
}

int ledger_failure(struct store *store, const char *source, const char *why, struct err *err)
{
	if (store_check_writable(store, err) < 0 || store_check_source(source, err) < 0 ||
		catalog_begin(store, err) < 0)
		return -1;
	return catalog_end(store, note_failure(store, source, why, err), err);
}

/* ---- reading --------------------------------------------------------------------------------- */

int store_source_states(struct store *store,
	int (*each)(void *ctx, const struct source_state *state, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 4, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT n.name, s.last_attempt, s.last_success, s.first_event, s.last_event,"
		" s.last_new, s.settled_to, max(s.gap_now, s.gap_before), s.failures, s.error,"
		" s.error_at, c.id IS NOT NULL, c.paused, c.interval_s, c.token_expires,"
		" coalesce(s.lag_received, -1), coalesce(s.lag_searchable, -1), c.changed_at,"
		" coalesce(c.kind = 'hook', 0)"
		" FROM (SELECT name FROM source_states UNION SELECT name FROM connections) n"
		" LEFT JOIN source_states s ON s.name = n.name"
		" LEFT JOIN connections c ON c.name = n.name ORDER BY n.name",
		"");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct source_state state = {
			.source = catalog_text(stmt, 0),
			.last_attempt = sqlite3_column_int64(stmt, 1),
			.last_success = sqlite3_column_int64(stmt, 2),
			.first_event = sqlite3_column_int64(stmt, 3),
			.last_event = sqlite3_column_int64(stmt, 4),
			.last_new = sqlite3_column_int64(stmt, 5),
			.settled_to = sqlite3_column_int64(stmt, 6),
			.longest_gap = sqlite3_column_int64(stmt, 7),
			.failures = (uint64_t)sqlite3_column_int64(stmt, 8),
			.error = catalog_text(stmt, 9),
			.error_at = sqlite3_column_int64(stmt, 10),
			.connected = sqlite3_column_int64(stmt, 11) != 0,
			.paused = sqlite3_column_int64(stmt, 12) != 0,
			.interval_s = (uint32_t)sqlite3_column_int64(stmt, 13),
			.token_expires = sqlite3_column_int64(stmt, 14),
			.lag_received = sqlite3_column_int64(stmt, 15),
			.lag_searchable = sqlite3_column_int64(stmt, 16),
			.changed_at = sqlite3_column_int64(stmt, 17),
			.hook = sqlite3_column_int64(stmt, 18) != 0,
		};
		rows.answer = each(ctx, &state, err);
	}
	return rows.answer;
}

/* ---- health ---------------------------------------------------------------------------------- */

const char *source_condition_name(enum source_condition condition)
{
	static const char *const names[SOURCE_CONDITIONS] = {
		"healthy", "new", "token expires", "silent", "behind", "failing", "paused", "gone"};
	return (unsigned)condition < SOURCE_CONDITIONS ? names[condition] : "?";
}

/* "3 days", "5 hours", "12 minutes"; returns `out`. */
static const char *span_text(int64_t us, char out[32])
{
	static const struct {
		int64_t unit;
		const char *one, *many;
	} units[] = {{DAY, "day", "days"}, {HOUR, "hour", "hours"},
		{60 * SECOND, "minute", "minutes"}, {SECOND, "second", "seconds"}};
	size_t i = 0;
	while (i < 3 && us < 2 * units[i].unit)
		i++;
	int64_t n = us / units[i].unit;
	snprintf(out, 32, "%" PRId64 " %s", n, n == 1 ? units[i].one : units[i].many);
	return out;
}

/* Twice the longest gap of two weeks; a day where less than a day of events is known, and never under
 * an hour. */
static bool is_silent(const struct source_state *s, int64_t silence)
{
	int64_t usual = s->longest_gap > HOUR / 2 ? s->longest_gap : HOUR / 2;
	if (s->last_event - s->first_event < DAY && usual < DAY / 2)
		usual = DAY / 2;
	return s->last_event != 0 && silence > 2 * usual;
}

/* Three intervals and five minutes since the last reading that went well; or, of sweeps, since what it
 * reached. */
static int64_t behind_by(const struct source_state *s, int64_t now)
{
	int64_t reached = s->last_success, allowed = 3 * (int64_t)s->interval_s * SECOND;
	if (s->settled_to != 0 && s->settled_to < reached)
		reached = s->settled_to;
	int64_t late = now - reached;
	return late > allowed + 5 * 60 * SECOND ? late : 0;
}

static void judge(const struct source_state *s, int64_t now, struct source_health *h)
{
	char text[32];
	int64_t late;
	if (!s->connected) {
		h->condition = SOURCE_GONE;
		snprintf(h->text, sizeof(h->text), "not connected any more; its events are kept");
	} else if (s->paused) {
		h->condition = SOURCE_PAUSED;
		snprintf(h->text, sizeof(h->text), "paused");
	} else if (h->expires_days < 0) {
		h->condition = SOURCE_FAILING;
		snprintf(h->text, sizeof(h->text),
			"the token expired %s ago: make a new one and "
			"connect again with it",
			span_text(now - s->token_expires, text));
	} else if (s->failures > 0) {
		h->condition = SOURCE_FAILING;
		snprintf(h->text, sizeof(h->text), "%.250s", s->error);
	} else if (s->last_success == 0) {
		h->condition = SOURCE_NEW;
		snprintf(h->text, sizeof(h->text),
			s->hook ? "nothing was sent to it yet" : "not read to an end yet");
	} else if (!s->hook && (late = behind_by(s, now)) > 0) { /* a hook waits to be told */
		h->condition = SOURCE_BEHIND;
		snprintf(h->text, sizeof(h->text), "%s behind", span_text(late, text));
	} else if (!s->hook && is_silent(s, h->silence)) {
		h->condition = SOURCE_SILENT;
		snprintf(h->text, sizeof(h->text),
			"no event for %s, longer than is usual: is the audit log still written?",
			span_text(h->silence, text));
	} else if (h->expires_days <= EXPIRY_WARNING_DAYS) {
		h->condition = SOURCE_EXPIRING;
		snprintf(h->text, sizeof(h->text), "the token expires in %s",
			span_text(s->token_expires - now, text));
	} else {
		snprintf(h->text, sizeof(h->text), "healthy");
	}
}

struct source_health source_health(const struct source_state *state, int64_t now)
{
	struct source_health health = {.expires_days = EXPIRES_NEVER};
	if (state->token_expires != 0) {
		int64_t left = state->token_expires - now;
		health.expires_days = left / DAY - (left % DAY < 0);
	}
	if (state->last_event != 0 && now > state->last_event)
		health.silence = now - state->last_event;
	judge(state, now, &health);
	return health;
}
