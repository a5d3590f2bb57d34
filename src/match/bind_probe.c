/* SPDX-License-Identifier: Apache-2.0 */
/* bind_probe.c: what a test becomes on a column of a given type: texts are tested as texts, values of
 * other types become intervals of numbers, and their printed text is tested only where a pattern
 * asks for it. */
#include "match/private.h"

#include <stdlib.h>
#include <strings.h>

static bool is_text(enum col_type type)
{
	return type == COL_STRING || type == COL_JSON;
}

/* ---- one value ------------------------------------------------------------------------------- */

static bool is_word(struct slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.ptr, word, text.len) == 0;
}

/* A time as the interval [low, high] that its text names. */
static int time_span(struct slice text, int64_t now, int64_t *low, int64_t *high)
{
	if (clock_parse(text, now, low, high) != 0 || *high <= *low)
		return -1;
	--*high;
	return 0;
}

/* An exact text as a value of the type. 0, or -1 where it is none. */
static int value_span(enum col_type type, struct slice text, int64_t now, struct span *span)
{
	struct decimal number;
	uint8_t bytes[16];
	int64_t low, high;
	bool exact;
	switch (type) {
	case COL_INT64:
	case COL_INT32:
		if (decimal_parse(text, &number) != 0 ||
			decimal_floor(&number, &low, &exact) != 0 || !exact)
			return -1;
		high = low;
		break;
	case COL_BOOL:
		low = high = is_word(text, "true");
		if (!low && !is_word(text, "false"))
			return -1;
		break;
	case COL_TIME:
		if (time_span(text, now, &low, &high) != 0)
			return -1;
		break;
	case COL_UUID:
	case COL_IP:
		if ((type == COL_UUID ? text_parse_uuid : address_parse)(text, bytes) != 0)
			return -1;
		span->low = span->high = load128(bytes);
		return 0;
	case COL_STRING:
	case COL_JSON:
	default:
		return -1;
	}
	*span = (struct span){key_of(low), key_of(high)};
	return 0;
}

/* ---- patterns -------------------------------------------------------------------------------- */

/* `2026-03*` on times: what is printed begins so where the time lies in that month. The text must be
 * how both ends of the interval are printed: other ways to write a time are for exact patterns. */
static bool time_prefix(const struct pattern *pattern, int64_t now, struct span *span)
{
	char low[CLOCK_TEXT], high[CLOCK_TEXT];
	const struct piece *pieces = pattern->pieces;
	if (pattern->npieces != 2 || pieces[0].kind != PIECE_TEXT || pieces[1].kind != PIECE_MANY)
		return false;
	struct slice text = pieces[0].text;
	if (text.len < 4 || text.len > 19 || text.len % 3 != 1 ||
		value_span(COL_TIME, text, now, span) != 0)
		return false;
	clock_text(key_value(span->low), low);
	clock_text(key_value(span->high), high);
	return memcmp(low, text.ptr, text.len) == 0 && memcmp(high, text.ptr, text.len) == 0;
}

/* A test of the wild patterns that are left. */
static const struct text_test *wild_test(struct match_set *set, const struct prepared *prepared,
	const struct pattern *wild, uint32_t n)
{
	if (n == 0 || n == prepared->test->npatterns)
		return n == 0 ? NULL : prepared->text;
	set->owned = arena_grow(&set->mem, set->owned, set->nowned, sizeof(struct text_test *));
	struct text_test **made = &set->owned[set->nowned++];
	*made = text_test_patterns(wild, n, prepared->test->fold);
	return *made;
}

static bool bind_patterns(struct match_set *set, const struct prepared *prepared,
	enum col_type type, struct probe *probe)
{
	const struct test *test = prepared->test;
	int64_t now = set->now;
	struct buf text;
	uint32_t nwild = 0;
	if (is_text(type)) {
		probe->kind = PROBE_TEXT;
		return prepared->text != NULL;
	}
	probe->kind = PROBE_VALUES;
	buf_init(&text, SIZE_MAX);
	struct pattern *wild = xcalloc(test->npatterns, sizeof(*wild));
	for (uint32_t i = 0; i < test->npatterns; i++) {
		const struct pattern *pattern = &test->patterns[i];
		struct span span;
		bool exact = pattern_exact(pattern, &text), held;
		if (exact)
			held = value_span(type, buf_view(&text), now, &span) == 0;
		else
			held = type == COL_TIME && time_prefix(pattern, now, &span);
		if (held)
			spans_add(&set->mem, &probe->spans, span.low, span.high);
		else if (!exact)
			wild[nwild++] = *pattern;
	}
	spans_finish(&probe->spans);
	probe->printed = wild_test(set, prepared, wild, nwild);
	free(wild);
	buf_fini(&text);
	return probe->spans.n > 0 || probe->printed;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

/* An end of a range as the least (most) int64 within it; false where there is none. */
static bool number_bound(
	const struct bound *bound, const struct decimal *number, bool upper, __int128 *value)
{
	int64_t floor;
	bool exact;
	int side = decimal_floor(number, &floor, &exact);
	if (side != 0)
		return upper ? side > 0 : side < 0;
	if (upper)
		*value = (__int128)floor - (exact && !bound->inclusive);
	else
		*value = (__int128)floor + !(exact && bound->inclusive);
	return true;
}

static bool time_bound(const struct bound *bound, int64_t now, bool upper, __int128 *value)
{
	int64_t low, high;
	if (time_span(bound->text, now, &low, &high) != 0)
		return false;
	if (upper)
		*value = bound->inclusive ? (__int128)high : (__int128)low - 1;
	else
		*value = bound->inclusive ? (__int128)low : (__int128)high + 1;
	return true;
}

static bool range_of_numbers(
	const struct prepared *prepared, int64_t now, bool times, struct span *span)
{
	const struct test *test = prepared->test;
	__int128 low = INT64_MIN, high = INT64_MAX;
	if (test->low.given &&
		!(times ? time_bound(&test->low, now, false, &low)
			: prepared->low_number &&
					number_bound(&test->low, &prepared->low, false, &low)))
		return false;
	if (test->high.given &&
		!(times ? time_bound(&test->high, now, true, &high)
			: prepared->high_number &&
					number_bound(&test->high, &prepared->high, true, &high)))
		return false;
	if (low > high || low > INT64_MAX || high < INT64_MIN)
		return false;
	*span = (struct span){key_of((int64_t)low), key_of((int64_t)high)};
	return true;
}

/* Of UUIDs and addresses: in order of their bytes. */
static bool range_of_bytes(const struct test *test, enum col_type type, struct span *span)
{
	struct span at;
	*span = (struct span){0, ~(u128)0};
	if (test->low.given) {
		if (value_span(type, test->low.text, 0, &at) != 0)
			return false;
		if (!test->low.inclusive && at.low == ~(u128)0)
			return false;
		span->low = at.low + !test->low.inclusive;
	}
	if (test->high.given) {
		if (value_span(type, test->high.text, 0, &at) != 0)
			return false;
		if (!test->high.inclusive && at.high == 0)
			return false;
		span->high = at.high - !test->high.inclusive;
	}
	return span->low <= span->high;
}

static bool bind_range(struct match_set *set, const struct prepared *prepared, enum col_type type,
	struct probe *probe)
{
	struct span span;
	bool holds = false;
	if (is_text(type)) {
		probe->kind = PROBE_RANGE;
		return true;
	}
	probe->kind = PROBE_VALUES;
	if (type == COL_UUID || type == COL_IP)
		holds = range_of_bytes(prepared->test, type, &span);
	else if (type != COL_BOOL)
		holds = range_of_numbers(prepared, set->now, type == COL_TIME, &span);
	if (holds)
		spans_add(&set->mem, &probe->spans, span.low, span.high);
	return holds;
}

/* ---- all ------------------------------------------------------------------------------------- */

static bool bind_networks(const struct prepared *prepared, enum col_type type, struct probe *probe)
{
	probe->kind = type == COL_IP ? PROBE_VALUES : PROBE_CIDR;
	probe->spans = prepared->nets;
	return prepared->nets.n > 0 && (type == COL_IP || is_text(type));
}

bool probe_bind(struct match_set *set, const struct prepared *prepared, uint32_t source,
	uint32_t other, struct probe *probe)
{
	const struct test *test = prepared->test;
	enum col_type type = set->sources[source].type;
	*probe = (struct probe){
		.kind = PROBE_EXISTS, .source = source, .other = other, .test = prepared};
	bool holds = true;
	switch (test->op) {
	case TEST_EXISTS:
		break;
	case TEST_PATTERNS:
		if (!prepared->any)
			holds = bind_patterns(set, prepared, type, probe);
		break;
	case TEST_REGEX:
		probe->kind = is_text(type) ? PROBE_TEXT : PROBE_VALUES;
		probe->printed = prepared->text;
		break;
	case TEST_RANGE:
		if (!prepared->any)
			holds = bind_range(set, prepared, type, probe);
		break;
	case TEST_CIDR:
		holds = bind_networks(prepared, type, probe);
		break;
	case TEST_TIME_PART:
		probe->kind = PROBE_PART;
		holds = (is_text(type) || type == COL_TIME) && test->part_least <= test->part_most;
		break;
	case TEST_FIELD:
		probe->kind = PROBE_FIELD;
		break;
	}
	return holds;
}
