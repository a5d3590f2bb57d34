/* SPDX-License-Identifier: Apache-2.0 */
/* filter_value.c: one test on one value as SQL: numbers and times by their intervals, parts of times, paths in JSON; texts are
 * filter_text.c's. */
#include "cluster/filter_private.h"

static void put_int(struct buf *out, int64_t value)
{
	if (value == INT64_MIN)
		buf_puts(out, "toInt64(-9223372036854775807) - 1");
	else
		buf_printf(out, "%lld", (long long)value);
}

static void key_bytes(u128 key, uint8_t bytes[16])
{
	uint64_t part[2] = {
		__builtin_bswap64((uint64_t)(key >> 64)), __builtin_bswap64((uint64_t)key)};
	memcpy(bytes, part, 16);
}

static void put_key(struct buf *out, enum col_type type, u128 key)
{
	uint8_t bytes[16];
	if (type != COL_UUID && type != COL_IP) {
		put_int(out, key_value(key));
		return;
	}
	key_bytes(key, bytes);
	sql_id(out, bytes);
}

/* Single values behind IN; of 16 bytes there may be thousands. */
static void put_singles(struct buf *out, enum col_type type, const struct spans *spans)
{
	struct sql_set ids = {0};
	bool some = false;
	for (uint32_t i = 0; i < spans->n; i++) {
		uint8_t bytes[16];
		u128 key = spans->of[i].low;
		if (key != spans->of[i].high)
			continue;
		if (type == COL_UUID || type == COL_IP) {
			key_bytes(key, bytes);
			sql_set_add(&ids, (struct slice){(const char *)bytes, 16});
			continue;
		}
		buf_puts(out, some ? "," : "(");
		put_key(out, type, key);
		some = true;
	}
	if (ids.n)
		sql_set_put_ids(&ids, out);
	else
		buf_push(out, ')');
}

/* Single values as one list, the others as ranges. */
static void put_spans(
	struct buf *out, enum col_type type, const char *value, const struct spans *spans)
{
	bool single = false;
	for (uint32_t i = 0; i < spans->n; i++) {
		const struct span *span = &spans->of[i];
		if (span->low == span->high) {
			single = true;
			continue;
		}
		or_more(out);
		buf_printf(out, "(%s >= ", value);
		put_key(out, type, span->low);
		buf_printf(out, " AND %s <= ", value);
		put_key(out, type, span->high);
		buf_push(out, ')');
	}
	if (single) {
		or_more(out);
		buf_printf(out, "%s IN ", value);
		put_singles(out, type, spans);
	}
}

/* Numbers, times …: intervals; and texts as printed where a pattern asks for them. */
static void values(struct making *m, const struct probe *probe, enum col_type type,
	const char *value, struct pair *pair)
{
	const struct test *test = probe->test->test;
	put_spans(&pair->must, type, value, &probe->spans);
	if (!probe->printed)
		return;
	struct buf text;
	buf_init(&text, 4096);
	if (type == COL_TIME || type == COL_IP) {
		text_not_null(&pair->may, (struct sql_value){value, true});
	} else {
		if (type == COL_BOOL)
			buf_printf(&text, "if(%s, 'true', 'false')", value);
		else
			buf_printf(&text, "%s(%s)",
				type == COL_UUID ? "UUIDNumToString" : "toString", value);
		buf_push(&text, '\0');
		struct sql_value printed = {text.ptr, true};
		if (test->op == TEST_REGEX)
			text_regex(pair, printed, test);
		else
			text_patterns(pair, m->features, printed, test, true);
	}
	buf_fini(&text);
}

/* ---- parts of times -------------------------------------------------------------------------- */

#define DAY_US "86400000000"

/* The part of a time in µs; dates only from 1970 to 2099, which all versions know. */
static const struct {
	const char *before, *after;
	bool date;
} parts[] = {
	[PART_MINUTE] = {"intDiv((", " % 3600000000 + 3600000000) % 3600000000, 60000000)", false},
	[PART_HOUR] = {"intDiv((", " % " DAY_US " + " DAY_US ") % " DAY_US ", 3600000000)", false},
	[PART_WEEKDAY] = {"intDiv(((",
		" % 604800000000 + 864000000000) % 604800000000), " DAY_US ") + 1", false},
	[PART_DAY] = {"toDayOfMonth(toDateTime(intDiv(", ", 1000000), 'UTC'))", true},
	[PART_WEEK] = {"toISOWeek(toDateTime(intDiv(", ", 1000000), 'UTC'))", true},
	[PART_MONTH] = {"toMonth(toDateTime(intDiv(", ", 1000000), 'UTC'))", true},
	[PART_YEAR] = {"toYear(toDateTime(intDiv(", ", 1000000), 'UTC'))", true},
};

static void time_part_of(
	const struct test *test, enum col_type type, const char *value, struct pair *pair)
{
	if (type != COL_TIME) {
		buf_printf(&pair->may, "match(%s, '\\\\A[0-9]{4}')", value);
		return;
	}
	bool date = parts[test->part].date;
	buf_push(&pair->must, '(');
	if (date)
		buf_printf(&pair->must, "%s >= 0 AND %s < 4102444800000000 AND ", value, value);
	buf_printf(&pair->must, "%s%s%s >= ", parts[test->part].before, value,
		parts[test->part].after);
	put_int(&pair->must, test->part_least);
	buf_printf(&pair->must, " AND %s%s%s <= ", parts[test->part].before, value,
		parts[test->part].after);
	put_int(&pair->must, test->part_most);
	buf_push(&pair->must, ')');
	if (date)
		buf_printf(&pair->may, "%s < 0 OR %s >= 4102444800000000", value, value);
}

/* ---- paths in JSON --------------------------------------------------------------------------- */

/* The last key stands there in quotes at its end, however the dots before it are keys, unless something is written with a
 * backslash; and so does the text that is asked for. */
static void path(const struct probe *probe, const struct source *source, const char *value,
	struct pair *pair)
{
	const char *dot = memrchr(source->path.ptr, '.', source->path.len);
	struct slice key = source->path;
	struct buf text;
	buf_init(&text, SIZE_MAX / 4);
	if (dot)
		key = (struct slice){
			dot + 1, source->path.len - (size_t)(dot + 1 - source->path.ptr)};
	buf_slice(&text, key);
	buf_push(&text, '"');
	buf_printf(&pair->may, "position(%s, '\\\\') > 0 OR (position(%s, ", value, value);
	sql_text(&pair->may, buf_view(&text));
	buf_puts(&pair->may, ") > 0");
	if (probe->kind == PROBE_TEXT && probe->test->test->op == TEST_PATTERNS) {
		text_run(&text, probe->test->test);
		if (text.len > 1) {
			buf_printf(&pair->may, " AND (positionCaseInsensitive(%s, ", value);
			sql_text(&pair->may, buf_view(&text));
			buf_puts(&pair->may, ") > 0");
			buf_push(&pair->may, ')');
			if (probe->test->test->fold)
				pair->letters = PLAIN_FOLDED;
		}
	}
	buf_push(&pair->may, ')');
	buf_fini(&text);
}

/* ---- one test on one value ------------------------------------------------------------------- */

static void text_probe(
	struct making *m, const struct probe *probe, const char *value, struct pair *pair)
{
	struct sql_value text = {value, false};
	const struct test *test = probe->test->test;
	switch (probe->kind) {
	case PROBE_TEXT:
		if (test->op == TEST_REGEX)
			text_regex(pair, text, test);
		else
			text_patterns(pair, m->features, text, test, false);
		break;
	case PROBE_RANGE:
		text_range(pair, text, probe->test);
		break;
	case PROBE_CIDR:
		buf_printf(&pair->may, "match(%s, '\\\\A[0-9a-fA-F:.]{2,45}\\\\z')", value);
		break;
	case PROBE_EXISTS:
	case PROBE_PART:
	case PROBE_VALUES:
	case PROBE_FIELD:
		break;
	}
}

void probe_value(struct making *m, const struct probe *probe, const struct source *source,
	const char *value, struct pair *pair)
{
	if (source->path.len)
		path(probe, source, value, pair);
	else if (probe->kind == PROBE_EXISTS)
		text_not_null(&pair->must, (struct sql_value){value, false});
	else if (probe->kind == PROBE_PART)
		time_part_of(probe->test->test, source->type, value, pair);
	else if (probe->kind == PROBE_VALUES)
		values(m, probe, source->type, value, pair);
	else
		text_probe(m, probe, value, pair);
}
