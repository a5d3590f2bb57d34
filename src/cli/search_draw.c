/* SPDX-License-Identifier: Apache-2.0 */
/* search_draw.c (cli/): the histogram in block characters and the facets with small bars, and the same as
 * JSON. Pure: results in, text out. */
#include <inttypes.h>

#include "cli/search.h"

enum { LEVELS = 8, HEIGHT = 4, BAR = 16, NAME_WIDTH = 40 };

/* From nothing to a full block, by eighths from below. */
static const char *const lower[LEVELS + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
/* By eighths from the left. */
static const char *const left[LEVELS + 1] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

/* `part` of `whole` in `steps`, and at least one where there is any. */
static unsigned steps_of(uint64_t part, uint64_t whole, unsigned steps)
{
	if (part == 0 || whole == 0)
		return 0;
	unsigned n = (unsigned)((__extension__(unsigned __int128) part) * steps / whole);
	return n ? n : 1;
}

static void put_many(struct buf *out, const char *what, size_t n)
{
	for (; n; n--)
		buf_puts(out, what);
}

/* A bucket of months has the width of as many mean ones (30.436875 days). */
#define MEAN_MONTH (INT64_C(2629746) * 1000000)

/* "6 h", "1 d 12 h": two units at most; "3 months", "2 years". */
static void put_width(struct buf *out, int64_t us)
{
	if (us >= MEAN_MONTH && us % MEAN_MONTH == 0) {
		int64_t n = us / MEAN_MONTH;
		bool years = n % 12 == 0;
		n = years ? n / 12 : n;
		buf_printf(out, "%" PRId64 " %s%s", n, years ? "year" : "month", n == 1 ? "" : "s");
		return;
	}
	static const struct {
		int64_t us;
		const char *name;
	} units[] = {{INT64_C(86400000000), "d"}, {INT64_C(3600000000), "h"}, {60000000, "min"},
		{1000000, "s"}, {1000, "ms"}, {1, "µs"}};
	for (size_t i = 0, shown = 0; i < sizeof(units) / sizeof(*units) && shown < 2; i++) {
		int64_t n = us / units[i].us;
		us %= units[i].us;
		if (n)
			buf_printf(out, "%s%" PRId64 " %s", shown++ ? " " : "", n, units[i].name);
	}
}

static uint64_t most_of(const struct search_result *result)
{
	uint64_t most = 0;
	for (uint32_t i = 0; i < result->nbuckets; i++)
		if (result->buckets[i].count > most)
			most = result->buckets[i].count;
	return most;
}

/* Each end of the axis with as much of its time as a bucket tells apart. */
static void put_axis(const struct search_result *result, unsigned label, struct buf *out)
{
	char begin[CLOCK_TEXT], end[CLOCK_TEXT];
	int digits = result->bucket_us >= MEAN_MONTH             ? 7
		     : result->bucket_us >= INT64_C(86400000000) ? 10
		     : result->bucket_us >= 60000000             ? 16
								 : 19;
	clock_text(result->buckets[0].begin, begin);
	clock_text(result->buckets[result->nbuckets - 1].begin, end);
	put_many(out, " ", label + 2);
	buf_printf(out, "%.*s", digits, begin);
	if (result->nbuckets >= 2 * (unsigned)digits + 2) {
		put_many(out, " ", result->nbuckets - 2 * (unsigned)digits);
		buf_printf(out, "%.*s", digits, end);
	} else {
		buf_printf(out, " … %.*s", digits, end);
	}
	buf_puts(out, "  one bar = ");
	put_width(out, result->bucket_us);
	buf_push(out, '\n');
}

void histogram_draw(const struct search_result *result, struct buf *out)
{
	char most_text[32], untimed[32];
	uint64_t most = most_of(result);
	text_count(most, most_text);
	unsigned label = (unsigned)strlen(most_text);
	for (unsigned row = HEIGHT; row-- > 0 && result->nbuckets;) {
		buf_printf(out, "%*s %s", (int)label,
			row == HEIGHT - 1 ? most_text
			: row == 0        ? "0"
					  : "",
			row == HEIGHT - 1 || row == 0 ? "┤" : "│");
		for (uint32_t i = 0; i < result->nbuckets; i++) {
			unsigned steps = steps_of(result->buckets[i].count, most, HEIGHT * LEVELS);
			unsigned below = row * LEVELS, here = steps > below ? steps - below : 0;
			buf_puts(out, lower[here > LEVELS ? LEVELS : here]);
		}
		buf_push(out, '\n');
	}
	if (result->nbuckets)
		put_axis(result, label, out);
	if (result->no_time)
		buf_printf(out, "%s without a time\n", text_count(result->no_time, untimed));
}

/* ---- facets ---------------------------------------------------------------------------------- */

/* The value as a line shows it: escaped, at most `width` columns. */
static void put_value(const struct search_facet_value *value, size_t width, struct buf *out)
{
	struct slice text = value->value;
	if (value->null || text.len == 0) {
		buf_puts(out, value->null ? "(none)" : "(empty)");
		return;
	}
	bool cut = false;
	while (text.len && text_width(text) > width - cut) {
		cut = true;
		text.len--;
		while (text.len && ((unsigned char)text.ptr[text.len] & 0xc0) == 0x80)
			text.len--;
	}
	text_escape(out, text);
	buf_puts(out, cut ? "…" : "");
}

static size_t shown_width(const struct search_facet_value *value, size_t width)
{
	struct buf shown;
	buf_init(&shown, 1 << 20);
	struct search_facet_value some = *value;
	if (some.value.len > 4 * NAME_WIDTH) /* what is longer is cut anyway */
		some.value.len = 4 * NAME_WIDTH;
	put_value(&some, width, &shown);
	size_t n = text_width(buf_view(&shown));
	buf_fini(&shown);
	return n;
}

static void draw_value(const struct search_facet_value *value, uint64_t most, size_t names,
	size_t most_names, unsigned bar, struct buf *out)
{
	char count[32];
	struct search_facet_value some = *value;
	if (some.value.len > 4 * NAME_WIDTH)
		some.value.len = 4 * NAME_WIDTH;
	buf_puts(out, "  ");
	put_value(&some, most_names, out);
	put_many(out, " ", names - shown_width(value, most_names));
	buf_printf(out, "  %14s", text_count(value->count, count));
	unsigned steps = steps_of(value->count, most, bar * LEVELS);
	buf_puts(out, bar ? "  " : "");
	put_many(out, left[LEVELS], steps / LEVELS);
	buf_puts(out, left[steps % LEVELS]);
	buf_push(out, '\n');
}

static void draw_facet(const struct search_facet *facet, unsigned width, struct buf *out)
{
	char a[32];
	size_t names = 0, most_names = NAME_WIDTH;
	unsigned bar = width >= 50 ? BAR : 0;
	if (width < NAME_WIDTH + 2 + 16 + 2 + bar)
		most_names = width > 18 + 2u + bar + 10 ? width - 20 - bar : 10;
	for (uint32_t i = 0; i < facet->n; i++) {
		size_t w = shown_width(&facet->values[i], most_names);
		names = w > names ? w : names;
	}
	text_escape(out, slice_of(facet->field));
	buf_printf(out, ": %s value%s%s\n", text_count(facet->distinct, a),
		facet->distinct == 1 ? "" : "s",
		facet->cut ? ", more than memory holds: counts of rare ones are too low" : "");
	for (uint32_t i = 0; i < facet->n; i++)
		draw_value(&facet->values[i], facet->values[0].count, names, most_names, bar, out);
	if (facet->others)
		buf_printf(out, "  and %s of other values\n", text_count(facet->others, a));
}

void facets_draw(const struct search_result *result, unsigned width, struct buf *out)
{
	for (uint32_t i = 0; i < result->nfacets; i++) {
		if (i)
			buf_push(out, '\n');
		draw_facet(&result->facets[i], width, out);
	}
}

/* ---- JSON ------------------------------------------------------------------------------------ */

void result_json(const struct searching *s, const struct search_result *result, struct buf *out)
{
	search_result_json(result, &s->request, clock_mono_us() - s->began,
		s->line->values[OPT_EXPLAIN] != NULL, out);
}
