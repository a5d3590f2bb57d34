/* SPDX-License-Identifier: Apache-2.0 */
/* search_random_test.c: random lakes, queries and requests against a plain scan: the page in its
 * order, what is counted, over time and by value, and paging on from any row. LONG=1 does more. */
#include "query/search_lake.h"

static uint64_t dice;

static uint32_t draw(uint32_t n)
{
	return (uint32_t)(lake_random(&dice) >> 33) % n;
}

/* ---- queries --------------------------------------------------------------------------------- */

typedef bool holds(uint32_t n, bool other, const struct event *e);

static bool all_events(uint32_t n, bool other, const struct event *e)
{
	(void)n, (void)other, (void)e;
	return true;
}
static bool who_bob(uint32_t n, bool other, const struct event *e)
{
	(void)n, (void)other;
	return e->who && strcmp(e->who, "bob") == 0;
}
static bool who_folded(uint32_t n, bool other, const struct event *e)
{
	(void)n, (void)other;
	return e->who && (strcmp(e->who, "EVE") == 0 || strcmp(e->who, "Ann") == 0);
}
static bool has_who(uint32_t n, bool other, const struct event *e)
{
	(void)n, (void)other;
	return e->who != NULL;
}
static bool level_above(uint32_t n, bool other, const struct event *e)
{
	(void)n;
	return !other && e->level > 6;
}
static bool level_is(uint32_t n, bool other, const struct event *e)
{
	(void)n;
	return !other && e->level == 3;
}
static bool number_in(uint32_t n, bool other, const struct event *e)
{
	(void)other, (void)e;
	return n >= 100 && n <= 160;
}
static bool number_one(uint32_t n, bool other, const struct event *e)
{
	(void)other, (void)e;
	return n == 123;
}
static bool label_red(uint32_t n, bool other, const struct event *e)
{
	bool any = false;
	(void)n;
	for (unsigned i = 0; i < e->nlabels; i++)
		any |= !other && strcmp(e->labels[i], "red") == 0;
	return any;
}
static bool note_seven(uint32_t n, bool other, const struct event *e)
{
	(void)n;
	return !other && strstr(e->note, "7") != NULL;
}
static bool extra_three(uint32_t n, bool other, const struct event *e)
{
	(void)n, (void)other;
	return e->extra == 3;
}
static bool is_other(uint32_t n, bool other, const struct event *e)
{
	(void)n, (void)e;
	return other;
}
static bool nothing(uint32_t n, bool other, const struct event *e)
{
	(void)n, (void)other, (void)e;
	return false;
}

static const struct {
	const char *text;
	holds *holds;
} tests[] = {
	{"*", all_events},
	{"who:bob", who_bob},
	{"who:(eve OR ann)", who_folded},
	{"actor:*", has_who},
	{"level:>6", level_above},
	{"level:3", level_is},
	{"number:[100 TO 160]", number_in},
	{"number:123", number_one},
	{"labels:RED", label_red},
	{"note:*7*", note_seven},
	{"extra.a.b:v3", extra_three},
	{"table:other_logs", is_other},
	{"who:nobody", nothing},
};

/* A query in prefix form: tests joined by what stands before them. */
struct query {
	uint8_t ops[32]; /* 0: AND, 1: OR, 2: NOT, 10 …: a test */
	unsigned n;
};

static void make_query(struct query *q, unsigned depth) /* NOLINT(misc-no-recursion) */
{
	unsigned op = depth < 3 ? draw(6) : 5;
	if (op > 2) {
		q->ops[q->n++] = (uint8_t)(10 + draw(COUNT(tests)));
		return;
	}
	q->ops[q->n++] = (uint8_t)op;
	make_query(q, depth + 1);
	if (op != 2)
		make_query(q, depth + 1);
}

static void put_query(
	const struct query *q, unsigned *at, struct buf *out) /* NOLINT(misc-no-recursion) */
{
	unsigned op = q->ops[(*at)++];
	if (op >= 10) {
		buf_puts(out, tests[op - 10].text);
		return;
	}
	buf_puts(out, op == 2 ? "NOT (" : "(");
	put_query(q, at, out);
	if (op != 2) {
		buf_puts(out, op == 0 ? " AND " : " OR ");
		put_query(q, at, out);
	}
	buf_push(out, ')');
}

static bool eval_query(/* NOLINT(misc-no-recursion) */
	const struct query *q, unsigned *at, const struct known *row, const struct event *e)
{
	unsigned op = q->ops[(*at)++];
	if (op >= 10)
		return tests[op - 10].holds(row->n, row->table, e);
	bool left = eval_query(q, at, row, e);
	if (op == 2)
		return !left;
	bool right = eval_query(q, at, row, e);
	return op == 0 ? left && right : left || right;
}

/* ---- what is due ----------------------------------------------------------------------------- */

struct due {
	const struct search_request *request;
	const struct query *query;
	struct known *rows; /* in order */
	uint32_t n;
};

static enum search_order order_now;

static int cmp_place(
	bool timed_a, int64_t a, const uint8_t *id_a, bool timed_b, int64_t b, const uint8_t *id_b)
{
	if (timed_a != timed_b)
		return timed_a ? -1 : 1;
	int c = timed_a && a != b ? (a < b ? -1 : 1) : memcmp(id_a, id_b, 16);
	return order_now == SEARCH_NEWEST ? -c : c;
}

static int by_place(const void *left, const void *right)
{
	const struct known *a = left, *b = right;
	struct event x = lake_event(a->n), y = lake_event(b->n);
	return cmp_place(x.timed, x.time, a->id, y.timed, y.time, b->id);
}

static void find_due(struct due *due, const struct scan *scan)
{
	const struct search_request *request = due->request;
	bool bounded = request->since != INT64_MIN || request->until != INT64_MAX;
	due->rows = xmalloc((scan->n + 1) * sizeof(*due->rows));
	due->n = 0;
	for (uint32_t i = 0; i < scan->n; i++) {
		struct event e = lake_event(scan->rows[i].n);
		unsigned at = 0;
		if ((e.secondary && !request->secondary) ||
			(bounded && (!e.timed || e.time < request->since ||
					    (e.time >= request->until))))
			continue;
		if (eval_query(due->query, &at, &scan->rows[i], &e))
			due->rows[due->n++] = scan->rows[i];
	}
	order_now = request->order;
	qsort(due->rows, due->n, sizeof(*due->rows), by_place);
}

static void check_page(const struct asked *a, const struct due *due, const char *what)
{
	const struct search_cursor *after = due->request->after;
	uint32_t first = 0;
	for (; after && first < due->n; first++) {
		struct event e = lake_event(due->rows[first].n);
		if (cmp_place(e.timed, e.time, due->rows[first].id, !after->no_time, after->time,
			    after->id) > 0)
			break;
	}
	uint32_t n = due->n - first, limit = (uint32_t)due->request->limit;
	if (a->n != (n < limit ? n : limit))
		fail_msg("%s: %u rows, not %u", what, a->n, n < limit ? n : limit);
	for (uint32_t i = 0; i < a->n; i++) {
		if (a->numbers[i] != due->rows[first + i].n)
			fail_msg("%s: row %u: %u, not %u", what, i, a->numbers[i],
				due->rows[first + i].n);
	}
	if (limit && a->result->more != (n > limit))
		fail_msg("%s: more: %d", what, a->result->more);
	if (a->result->counted && a->result->matched != due->n)
		fail_msg("%s: %d counted, not %u", what, (int)a->result->matched, due->n);
	if (due->request->count && !a->result->counted)
		fail_msg("%s: not counted", what);
}

static void check_counts(const struct asked *a, const struct due *due, const char *what)
{
	uint64_t sum = a->result->no_time, hits = 0;
	for (uint32_t i = 0; i < a->result->nbuckets; i++)
		sum += a->result->buckets[i].count;
	if (due->request->buckets && sum != due->n)
		fail_msg("%s: %d in the histogram, not %u", what, (int)sum, due->n);
	for (uint32_t f = 0; f < a->result->nfacets; f++) {
		const struct search_facet *facet = &a->result->facets[f];
		for (uint32_t v = 0; v < facet->n; v++) {
			uint64_t count = 0;
			const struct search_facet_value *value = &facet->values[v];
			for (uint32_t i = 0; i < due->n; i++) {
				struct event e = lake_event(due->rows[i].n);
				bool has = false;
				for (unsigned k = 0; k < e.nlabels && !due->rows[i].table; k++)
					has |= slice_eq(slice_of(e.labels[k]), value->value);
				count += value->null ? e.nlabels == 0 || due->rows[i].table : has;
			}
			if (count != value->count)
				fail_msg("%s: label %.*s: %d, not %d", what,
					SLICE_ARG(value->value), (int)value->count, (int)count);
			hits += value->count;
		}
		assert_true(hits + facet->others >= due->n);
	}
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static void random_request(struct asked *a, const struct scan *scan, struct search_cursor *cursor)
{
	static const char *const fields[] = {"labels"};
	struct search_request *request = &a->request;
	const int64_t hour = 3600000000;
	request->order = draw(2) ? SEARCH_NEWEST : SEARCH_OLDEST;
	request->limit = draw(3) ? draw(30) : draw(2000);
	request->threads = 1 + draw(4);
	search_ties_kept = draw(2) ? 65536 : draw(20);
	search_open_files = draw(2) ? 256 : draw(4);
	request->secondary = draw(3) == 0;
	request->count = draw(3) == 0;
	request->buckets = draw(4) ? 0 : 1 + draw(100);
	if (draw(4) == 0) {
		request->facets = fields;
		request->nfacets = 1;
		request->facet_values = draw(8);
	}
	if (draw(3) == 0)
		request->since = LAKE_T0 + draw(42) * hour + draw(2);
	if (draw(3) == 0)
		request->until = LAKE_T0 + draw(42) * hour + draw(2);
	if (draw(3) == 0) {
		const struct known *row = &scan->rows[draw(scan->n)];
		struct event e = lake_event(row->n);
		*cursor = (struct search_cursor){.no_time = !e.timed, .time = e.timed ? e.time : 0};
		memcpy(cursor->id, row->id, 16);
		request->after = cursor;
	}
}

static void ask_once(const struct lake *lake, const struct scan *scan)
{
	struct query query = {.n = 0};
	struct search_cursor cursor;
	struct asked a;
	struct buf text;
	unsigned at = 0;
	make_query(&query, 0);
	buf_init(&text, 10000);
	put_query(&query, &at, &text);
	buf_push(&text, '\0');
	ask_begin(&a, lake, text.ptr);
	random_request(&a, scan, &cursor);
	text.len--;
	buf_printf(&text, " (order %d, limit %d, threads %u, after %d)", (int)a.request.order,
		(int)a.request.limit, a.request.threads, a.request.after != NULL);
	buf_push(&text, '\0');
	ask(&a, lake->store);
	struct due due = {.request = &a.request, .query = &query};
	find_due(&due, scan);
	check_page(&a, &due, text.ptr);
	check_counts(&a, &due, text.ptr);
	assert_int_equal(a.result->nproblems, 0);
	free(due.rows);
	ask_end(&a);
	buf_fini(&text);
}

static void random_lake(unsigned queries)
{
	struct lake lake;
	struct scan scan;
	struct err err = {0};
	uint32_t at = 0;
	uint64_t before, after;
	lake_shuffle = draw(4) ? lake_random(&dice) | 1 : 0;
	lake_open(&lake);
	for (unsigned i = 0, n = 2 + draw(4); i < n; i++) {
		uint32_t rows = 1 + draw(300);
		lake_add(&lake, draw(3) ? lake.schema : lake.other, at, rows, 1 + draw(150));
		at += draw(3) ? rows : rows / 2; /* numbers may stand in both tables */
	}
	if (draw(3) == 0 && store_compact(lake.store, NULL, 0, NULL, &before, &after, &err) < 0)
		fail_msg("%s", err.text);
	lake_scan(&lake, &scan);
	for (unsigned i = 0; i < queries; i++)
		ask_once(&lake, &scan);
	free(scan.rows);
	lake_close(&lake);
}

static void as_a_plain_scan(void **state)
{
	(void)state;
	bool many = getenv("LONG") != NULL;
	dice = many ? hash_secret[0] | 1 : 20261122;
	for (unsigned i = 0; i < (many ? 40 : 4); i++) {
		uint64_t seed = dice;
		print_message("lake from %llu\n", (unsigned long long)seed);
		random_lake(many ? 1000 : 150);
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {cmocka_unit_test(as_a_plain_scan)};
	return cmocka_run_group_tests(cases, NULL, NULL);
}
