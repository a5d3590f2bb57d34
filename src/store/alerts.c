/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.c: alerts read: listed, counted, found by the beginning of an id. A folder of an older format that is open for
 * reading has none. */
#include <stdio.h>
#include <string.h>

#include "store/alerts_private.h"

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const states[ALERT_STATES] = {"open", "acknowledged", "closed", "withdrawn"};
static const char *const reasons[ALERT_REASONS] = {
	"", "true-positive", "false-positive", "benign", "duplicate"};

const char *alert_state_name(enum alert_state state)
{
	return (unsigned)state < ALERT_STATES ? states[state] : "?";
}

const char *alert_reason_name(enum alert_reason reason)
{
	return (unsigned)reason < ALERT_REASONS ? reasons[reason] : "?";
}

static bool same_word(const char *a, const char *b)
{
	for (; *a && (*a == *b || (*a == '-' && (*b == ' ' || *b == '_'))); a++)
		b++;
	return *a == '\0' && *b == '\0';
}

static int named(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (*names[i] && same_word(names[i], name))
			return i;
	}
	return -1;
}

int alert_state_named(const char *name)
{
	return named(states, ALERT_STATES, name);
}

int alert_reason_named(const char *name)
{
	return named(reasons, ALERT_REASONS, name);
}

/* ---- ids ------------------------------------------------------------------------------------- */

void alert_id(const char *rule, const uint8_t version[8], const uint8_t group_key[16],
	const uint8_t fired[16], uint8_t id[ALERT_ID])
{
	struct buf text;
	uint8_t sum[32];
	buf_init(&text, SIZE_MAX / 2);
	/* The rule's NUL ends it: what follows has fixed lengths. */
	buf_append(&text, rule, strlen(rule) + 1);
	buf_append(&text, version, 8);
	buf_append(&text, group_key, 16);
	buf_append(&text, fired, 16);
	sha256(text.ptr, text.len, sum);
	memcpy(id, sum, ALERT_ID);
	buf_fini(&text);
}

char *alert_id_text(const uint8_t id[ALERT_ID], char text[2 * ALERT_ID + 1])
{
	for (int i = 0; i < ALERT_ID; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return text;
}

/* ---- lists ----------------------------------------------------------------------------------- */

#define ALERT_COLUMNS                                                                              \
	"SELECT id, rule, version, title, level, group_name, group_key, day, first, last, events," \
	" distinct_values, actor, target, ip, origin, sources, provisional, state, reason,"        \
	" created_at, changed_at, new_events, n FROM alerts"
enum { COLUMN_N = 23 };

static const char *text_or_null(sqlite3_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt, column);
}

/* Texts borrowed until the next step. */
static void read_alert(sqlite3_stmt *stmt, struct alert_info *alert)
{
	*alert = (struct alert_info){
		.found = {.rule = catalog_text(stmt, 1),
			.title = catalog_text(stmt, 3),
			.level = (unsigned)sqlite3_column_int(stmt, 4),
			.group = catalog_text(stmt, 5),
			.day = sqlite3_column_int64(stmt, 7),
			.first = sqlite3_column_int64(stmt, 8),
			.last = sqlite3_column_int64(stmt, 9),
			.count = (uint64_t)sqlite3_column_int64(stmt, 10),
			.values = (uint64_t)sqlite3_column_int64(stmt, 11),
			.actor = text_or_null(stmt, 12),
			.target = text_or_null(stmt, 13),
			.ip = text_or_null(stmt, 14),
			.origin = catalog_text(stmt, 15),
			.sources = catalog_text(stmt, 16),
			.provisional = sqlite3_column_int(stmt, 17) != 0},
		.state = (enum alert_state)sqlite3_column_int(stmt, 18),
		.reason = (enum alert_reason)sqlite3_column_int(stmt, 19),
		.created = sqlite3_column_int64(stmt, 20),
		.changed = sqlite3_column_int64(stmt, 21),
		.new_events = (uint64_t)sqlite3_column_int64(stmt, 22),
	};
	catalog_blob(stmt, 0, alert->id, ALERT_ID);
	catalog_blob(stmt, 2, alert->found.version, 8);
	catalog_blob(stmt, 6, alert->found.group_key, 16);
}

/* What a filter takes. */
#define ALERT_WHERE                                                                                \
	" WHERE (?1 >> state) & 1 AND level >= ?2 AND (?3 >> level) & 1 AND last >= ?4"            \
	" AND (last < ?5 OR ?5 = 9223372036854775807)"                                             \
	" AND (?6 IS NULL OR rule = ?6 OR lower(title) = lower(?6)"                                \
	"  OR (length(?6) >= 8 AND substr(rule, 1, length(?6)) = ?6))"                             \
	" AND (?7 IS NULL OR instr(lower(title || char(10) || group_name || char(10)"              \
	"  || coalesce(actor, '') || char(10) || coalesce(target, '') || char(10)"                 \
	"  || coalesce(ip, '')), lower(?7)) > 0)"

/* A query with ALERT_WHERE and, as ?8, a number of its own. */
static sqlite3_stmt *filtered(struct store *store, const struct alert_filter *filter,
	const char *sql, int64_t number, struct err *err)
{
	unsigned wanted =
		filter->states ? filter->states : 1u << ALERT_OPEN | 1u << ALERT_ACKNOWLEDGED;
	unsigned levels = filter->levels ? filter->levels : (1u << RULE_LEVELS) - 1;
	return catalog_query(store, err, sql, "iiiiitti", (int64_t)wanted,
		(int64_t)filter->least_level, (int64_t)levels, filter->since, filter->until,
		filter->rule, filter->text, number);
}

int alerts_list(struct store *store, const struct alert_filter *filter,
	int (*each)(void *ctx, const struct alert_info *alert, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = filtered(store, filter,
		ALERT_COLUMNS ALERT_WHERE " ORDER BY last DESC, n DESC LIMIT ?8",
		filter->limit ? (int64_t)filter->limit : INT64_C(-1), err);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct alert_info alert;
		read_alert(stmt, &alert);
		rows.answer = each(ctx, &alert, err);
	}
	return rows.answer;
}

/* One pass over the alerts: a column for each state and level, so that what is distinct can be counted beside them. */
static void by_rule_sql(struct buf *sql)
{
	buf_puts(sql, "SELECT rule, title, group_name, actor, max(last), count(*), sum(events),"
		      " count(DISTINCT group_key), count(DISTINCT coalesce(actor, ''))");
	for (unsigned state = 0; state < ALERT_STATES; state++)
		for (unsigned level = 0; level < RULE_LEVELS; level++)
			buf_printf(sql, ", count(*) FILTER (WHERE state = %u AND level = %u)",
				state, level);
	/* The one max() makes the columns that stand alone those of its row. */
	buf_puts(sql,
		" FROM alerts" ALERT_WHERE " AND ?8 GROUP BY rule ORDER BY max(last) DESC, rule");
	buf_push(sql, '\0');
}

static void read_rule(sqlite3_stmt *stmt, struct alert_rule *rule)
{
	enum { FIRST_COUNT = 9 };
	*rule = (struct alert_rule){
		.rule = catalog_text(stmt, 0),
		.title = catalog_text(stmt, 1),
		.group = catalog_text(stmt, 2),
		.actor = text_or_null(stmt, 3),
		.newest = sqlite3_column_int64(stmt, 4),
		.alerts = (uint64_t)sqlite3_column_int64(stmt, 5),
		.events = (uint64_t)sqlite3_column_int64(stmt, 6),
		.groups = (uint64_t)sqlite3_column_int64(stmt, 7),
		.actors = (uint64_t)sqlite3_column_int64(stmt, 8),
	};
	for (int i = 0; i < ALERT_STATES * RULE_LEVELS; i++)
		rule->n[i / RULE_LEVELS][i % RULE_LEVELS] =
			(uint64_t)sqlite3_column_int64(stmt, FIRST_COUNT + i);
}

int alerts_by_rule(struct store *store, const struct alert_filter *filter,
	int (*each)(void *ctx, const struct alert_rule *rule, struct err *err), void *ctx,
	struct err *err)
{
	struct buf sql;
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	buf_init(&sql, 8 << 10);
	by_rule_sql(&sql);
	struct rows rows = rows_of(store, filtered(store, filter, sql.ptr, 1, err));
	while (rows_next(&rows, err)) {
		struct alert_rule rule;
		read_rule(rows.stmt, &rule);
		rows.answer = each(ctx, &rule, err);
	}
	buf_fini(&sql);
	return rows.answer;
}

static int get_brief(struct store *store, const uint8_t id[ALERT_ID],
	int (*each)(void *ctx, const struct alert_info *alert, struct err *err), void *ctx,
	struct err *err)
{
	sqlite3_stmt *stmt = catalog_query(store, err,
		ALERT_COLUMNS " WHERE id = ?1 OR n ="
			      " (SELECT alert FROM alert_aliases WHERE id = ?1)",
		"b", id, (size_t)ALERT_ID);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct alert_info alert;
		read_alert(stmt, &alert);
		rows.answer = each(ctx, &alert, err);
	}
	return rows.answer;
}

int alerts_these(struct store *store, const uint8_t (*ids)[ALERT_ID], uint32_t n,
	int (*each)(void *ctx, const struct alert_info *alert, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 5, err) < 0 ? -1 : 0;
	for (uint32_t i = 0; rc == 0 && i < n; i++)
		rc = get_brief(store, ids[i], each, ctx, err);
	return rc;
}

int alerts_counts(struct store *store, uint64_t counts[ALERT_STATES][RULE_LEVELS], struct err *err)
{
	memset(counts, 0, sizeof(uint64_t) * ALERT_STATES * RULE_LEVELS);
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(
		store, err, "SELECT state, level, count(*) FROM alerts GROUP BY state, level", "");
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		unsigned state = (unsigned)sqlite3_column_int(stmt, 0);
		unsigned level = (unsigned)sqlite3_column_int(stmt, 1);
		if (state < ALERT_STATES && level < RULE_LEVELS)
			counts[state][level] = (uint64_t)sqlite3_column_int64(stmt, 2);
	}
	return rows.answer;
}

int alerts_cells(struct store *store, const char *rule, int64_t from, int64_t to,
	int (*each)(void *ctx, const struct alert_cell *cell, struct err *err), void *ctx,
	struct err *err)
{
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	/* Two questions, so that the index by rule and day answers the first. */
	sqlite3_stmt *stmt = catalog_query(store, err,
		rule ? "SELECT rule, group_key, day, count(*) FROM alerts WHERE rule = ?1"
		       " AND day BETWEEN ?2 AND ?3 AND state <> 3 GROUP BY rule, group_key, day"
		     : "SELECT rule, group_key, day, count(*) FROM alerts WHERE ?1 IS NULL"
		       " AND day BETWEEN ?2 AND ?3 AND state <> 3 GROUP BY rule, group_key, day",
		"tii", rule, from, to);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		struct alert_cell cell = {.rule = catalog_text(stmt, 0),
			.day = sqlite3_column_int64(stmt, 2),
			.n = (uint32_t)sqlite3_column_int64(stmt, 3)};
		catalog_blob(stmt, 1, cell.group_key, 16);
		rows.answer = each(ctx, &cell, err);
	}
	return rows.answer;
}

/* ---- one ------------------------------------------------------------------------------------- */

static int hex_value(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The ids that begin so are [low, high]. */
static int id_range(const char *text, uint8_t low[ALERT_ID], uint8_t high[ALERT_ID])
{
	size_t n = strlen(text);
	if (n < 6 || n > (size_t)2 * ALERT_ID)
		return -1;
	memset(low, 0, ALERT_ID);
	memset(high, 0xff, ALERT_ID);
	for (size_t i = 0; i < n; i++) {
		int value = hex_value(text[i]);
		if (value < 0)
			return -1;
		unsigned shift = i % 2 ? 0 : 4;
		low[i / 2] = (uint8_t)(low[i / 2] | value << shift);
		high[i / 2] = (uint8_t)((high[i / 2] & ~(0xf << shift)) | value << shift);
	}
	return 0;
}

int alert_id_parse(const char *text, uint8_t id[ALERT_ID])
{
	uint8_t high[ALERT_ID];
	return strlen(text) == (size_t)2 * ALERT_ID ? id_range(text, id, high) : -1;
}

static int find_alert(struct store *store, const char *id, int64_t *n, struct err *err)
{
	uint8_t low[ALERT_ID], high[ALERT_ID];
	int rc = catalog_has(store, 5, err);
	if (rc < 1)
		return rc;
	if (id_range(id, low, high) < 0)
		return err_set(err, ERR_USAGE,
			"`%.60s` is no alert's id: those have 32 digits 0-9 a-f, of which the "
			"first 6 "
			"or more are enough; `pugmark alerts` lists them",
			id);
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT n FROM alerts WHERE id BETWEEN ?1 AND ?2 UNION"
		" SELECT alert FROM alert_aliases WHERE id BETWEEN ?1 AND ?2 LIMIT 2",
		"bb", low, (size_t)ALERT_ID, high, (size_t)ALERT_ID);
	int found = 0;
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err)) {
		*n = sqlite3_column_int64(stmt, 0);
		found++;
	}
	if (rows.answer < 0 || found < 2)
		return rows.answer < 0 ? -1 : found;
	return err_set(
		err, ERR_USAGE, "several alerts' ids begin with %s: give more digits of it", id);
}

static int get_notes(struct store *store, int64_t n, struct arena *mem, struct alert_info *alert,
	struct err *err)
{
	int64_t count = 0;
	if (catalog_int(store, &count, err, "SELECT count(*) FROM alert_notes WHERE alert = ?", "i",
		    n) < 0)
		return -1;
	struct alert_note *notes = arena_zalloc(mem, (size_t)count + 1, sizeof(*notes));
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT at, who, text FROM alert_notes WHERE alert = ? ORDER BY n LIMIT ?", "ii", n,
		count);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err))
		notes[alert->nnotes++] = (struct alert_note){sqlite3_column_int64(stmt, 0),
			arena_strdup(mem, slice_of(catalog_text(stmt, 1))),
			arena_strdup(mem, slice_of(catalog_text(stmt, 2)))};
	alert->notes = notes;
	return rows.answer;
}

static int get_aliases(struct store *store, int64_t n, struct arena *mem, struct alert_info *alert,
	struct err *err)
{
	int64_t count = 0;
	if (catalog_int(store, &count, err, "SELECT count(*) FROM alert_aliases WHERE alert = ?",
		    "i", n) < 0)
		return -1;
	uint8_t(*aliases)[ALERT_ID] = arena_zalloc(mem, (size_t)count + 1, ALERT_ID);
	sqlite3_stmt *stmt = catalog_query(store, err,
		"SELECT id FROM alert_aliases WHERE alert = ? ORDER BY id LIMIT ?", "ii", n, count);
	struct rows rows = rows_of(store, stmt);
	while (rows_next(&rows, err))
		catalog_blob(stmt, 0, aliases[alert->naliases++], ALERT_ID);
	alert->aliases = (const uint8_t(*)[ALERT_ID])aliases;
	return rows.answer;
}

void alert_own(struct alert_found *f, struct arena *mem)
{
	const char **const texts[] = {&f->rule, &f->title, &f->group, &f->actor, &f->target, &f->ip,
		&f->origin, &f->sources};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = *texts[i] ? arena_strdup(mem, slice_of(*texts[i])) : NULL;
	f->events = NULL;
	f->nevents = 0;
}

int alerts_get(struct store *store, const char *id, struct arena *mem, struct alert_info *alert,
	struct err *err)
{
	int64_t n = 0;
	int rc = find_alert(store, id, &n, err);
	if (rc < 1)
		return rc;
	sqlite3_stmt *stmt = catalog_query(store, err, ALERT_COLUMNS " WHERE n = ?", "i", n);
	rc = stmt ? catalog_step(store, stmt, err) : -1;
	if (rc == 1) {
		read_alert(stmt, alert);
		alert_own(&alert->found, mem);
	}
	catalog_done(store, stmt);
	if (rc == 1 && (alert_evidence_get(store, n, mem, &alert->found, err) < 0 ||
			       get_notes(store, n, mem, alert, err) < 0 ||
			       get_aliases(store, n, mem, alert, err) < 0))
		rc = -1;
	return rc;
}
