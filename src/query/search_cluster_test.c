/* SPDX-License-Identifier: Apache-2.0 */
/* search_cluster_test.c: random searches asked of a lake's files and of a real ClickHouse that holds the same: equal pages, orders,
 * counts, histograms, facets; and what happens where it does not answer. LONG=1 asks 2,000 and more. */
#include "cluster/table.h"
#include "cluster/test_server.h"
#include "query/clustered.h"
#include "query/search_lake.h"
#include "store/cluster_setting.h"

static struct test_server server;
static uint64_t dice;

static uint32_t draw(uint32_t n)
{
	return (uint32_t)(lake_random(&dice) >> 33) % n;
}
#define PICK(array) (array)[draw(COUNT(array))]

static int set_up(void **state)
{
	(void)state;
	test_server_start(&server);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_server_stop(&server);
	return 0;
}

/* ---- the same in both ------------------------------------------------------------------------ */

static struct cluster *sending;

static int send_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	const char *collector = ctx;
	struct parquet_reader *reader;
	if (parquet_open(info->path, &reader, err) < 0)
		return -1;
	for (uint32_t g = 0; g < parquet_groups(reader); g++) {
		struct batch batch;
		batch_init(&batch, parquet_shape(reader));
		must(parquet_read(reader, g, NULL, &batch, err), err);
		test_server_insert(sending, &batch, info->table, slice_of(collector));
		batch_fini(&batch);
	}
	parquet_close(reader);
	return 0;
}

/* Sets the server for the lake, makes the tables anew, and sends all that the lake holds. */
static void send_all(struct lake *lake)
{
	struct err err = {0};
	struct arena mem = {0};
	struct cluster_setting setting = {
		.urls = server.url, .name = "", .database = "searched", .user = "", .ca_file = ""};
	must(store_cluster_put(lake->store, &setting, NULL, NULL, &err), &err);
	must(store_cluster_get(lake->store, &mem, &setting, &err), &err);
	must(lake_cluster(lake->store, NULL, NULL, &sending, &err), &err);
	test_server_tell(sending, SLICE("DROP DATABASE IF EXISTS searched"), SLICE(""));
	must(table_init(sending, lake->list, 2, NULL, NULL, &err), &err);
	must(store_segments(
		     lake->store, NULL, send_segment, (char *)(uintptr_t)setting.collector, &err),
		&err);
	cluster_close(sending);
	arena_fini(&mem);
}

static void random_lake(struct lake *lake)
{
	uint32_t at = 0;
	lake_shuffle = draw(4) ? lake_random(&dice) | 1 : 0;
	lake_open(lake);
	for (unsigned i = 0, n = 2 + draw(4); i < n; i++) {
		uint32_t rows = 1 + draw(300);
		lake_add(lake, draw(3) ? lake->schema : lake->other, at, rows, 1 + draw(150));
		at += draw(3) ? rows : rows / 2;
	}
	send_all(lake);
}

/* ---- one search ------------------------------------------------------------------------------ */

static const char *const words[] = {"*", "who:bob", "who:(eve OR ann)", "actor:*", "level:>6",
	"level:3", "number:[100 TO 160]", "number:123", "labels:RED", "labels:strasse",
	"labels:STRAßE", "labels:*SS*", "note:*7*", "note:/note \\d+7 of/", "note:/^note 1/",
	"extra.a.b:v3", "extra.c:3", "extra.c:>2", "table:other_logs", "who:nobody", "who:*a*",
	"bob", "\"x y\"", "labels:b*", "who:?ob", "NOT who:*", "NOT labels:*",
	"level:(1 OR 2 OR 5)", "note:\"note 7919 of 1\"", "event_time:>2026-05-29",
	"secondary:true", "actor:[b TO d]", "note:[\"note 2\" TO \"note 5\"]"};

static void random_query(struct buf *out, unsigned depth) /* NOLINT(misc-no-recursion) */
{
	unsigned op = depth < 3 ? draw(6) : 5;
	if (op > 2) {
		buf_puts(out, PICK(words));
		return;
	}
	buf_puts(out, op == 2 ? "NOT (" : "(");
	random_query(out, depth + 1);
	if (op != 2) {
		buf_puts(out, op == 0 ? " AND " : " OR ");
		random_query(out, depth + 1);
	}
	buf_push(out, ')');
}

static const char *const facet_fields[] = {"labels", "who", "level", "number", "extra.a.b",
	"event_time", "table", "nothing", "secondary", "target", "event_id", "source", "actor"};
static const char *const sort_fields[] = {"level", "who", "labels", "number", "note", "extra.c",
	"event_id", "secondary", "nothing", "time"};

struct random_request {
	struct search_cursor cursor;
	const char *facets[3];
};

static void random_request(struct search_request *request, struct random_request *r)
{
	const int64_t hour = 3600000000;
	request->order = draw(2) ? SEARCH_NEWEST : SEARCH_OLDEST;
	request->limit = draw(3) ? draw(30) : draw(2000);
	request->secondary = draw(3) == 0;
	request->count = draw(3) == 0;
	request->buckets = draw(3) ? 0 : 1 + draw(draw(2) ? 4 : 200);
	request->by_table = draw(2);
	request->sort = draw(4) ? NULL : PICK(sort_fields);
	for (unsigned i = 0, n = draw(3) ? 0 : 1 + draw(3); i < n; i++)
		r->facets[request->nfacets++] = PICK(facet_fields);
	request->facets = r->facets;
	request->facet_values = draw(8);
	if (draw(3) == 0)
		request->since = LAKE_T0 + draw(42) * hour + draw(2);
	if (draw(3) == 0)
		request->until = LAKE_T0 + draw(42) * hour + draw(2);
}

struct seen {
	struct buf rows;
	struct search_cursor cursor[2000];
	uint32_t n;
};

static int see_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct seen *seen = ctx;
	(void)err;
	search_row_json(row, &seen->rows);
	buf_push(&seen->rows, '\n');
	if (seen->n < COUNT(seen->cursor))
		seen->cursor[seen->n] = row->cursor;
	seen->n++;
	return 0;
}

static void ask_one(struct store *store, const struct search_request *request,
	struct search **search, struct seen *seen, const char *what)
{
	static const char *const some[] = {"number", "labels", "extra"};
	struct err err = {0};
	if (search_run(store, request, search, &err) < 0)
		fail_msg("%s: %s", what, err.text);
	buf_clear(&seen->rows);
	seen->n = 0;
	bool all = request->limit % 2;
	if (search_rows(*search, 0, UINT32_MAX, all ? NULL : some, all ? 0 : 3, see_row, seen,
		    &err) < 0)
		fail_msg("%s: rows: %s", what, err.text);
}

static void check(bool holds, const char *what, const char *which)
{
	if (!holds)
		fail_msg("%s: %s differ", what, which);
}

static void same_facets(
	const struct search_result *a, const struct search_result *b, const char *what)
{
	for (uint32_t f = 0; f < a->nfacets; f++) {
		const struct search_facet *x = &a->facets[f], *y = &b->facets[f];
		check(x->distinct == y->distinct && x->others == y->others && x->n == y->n, what,
			x->field);
		for (uint32_t v = 0; v < x->n; v++)
			check(slice_eq(x->values[v].value, y->values[v].value) &&
					x->values[v].null == y->values[v].null &&
					x->values[v].count == y->values[v].count,
				what, x->field);
	}
}

static void same_results(const struct search_request *request, const struct search_result *a,
	const struct search_result *b, const char *what)
{
	check(a->nrows == b->nrows && a->more == b->more, what, "numbers of rows");
	check(!a->partial && !b->partial, what, "partial");
	if (request->count || request->buckets || request->nfacets)
		check(a->counted && b->counted && a->matched == b->matched, what, "counts");
	else if (b->counted && a->counted)
		check(a->matched == b->matched, what, "numbers of matches");
	check(a->nbuckets == b->nbuckets && a->bucket_us == b->bucket_us, what, "buckets");
	check(!request->buckets || a->no_time == b->no_time, what, "events without time");
	for (uint32_t i = 0; i < a->nbuckets; i++)
		check(a->buckets[i].begin == b->buckets[i].begin &&
				a->buckets[i].count == b->buckets[i].count,
			what, "buckets");
	if (request->by_table)
		check(memcmp(a->table_buckets, b->table_buckets,
			      (size_t)a->nbuckets * 2 * sizeof(uint64_t)) == 0,
			what, "buckets of tables");
	same_facets(a, b, what);
}

static void same_once(const struct lake *lake, struct seen *mine, struct seen *theirs)
{
	struct asked a;
	struct random_request random = {.cursor = {.time = 0}};
	struct buf text;
	struct search *local, *there;
	buf_init(&text, 10000);
	random_query(&text, 0);
	buf_push(&text, '\0');
	ask_begin(&a, lake, text.ptr);
	random_request(&a.request, &random);
	text.len--;
	buf_printf(&text, " (order %d, limit %d, sort %s, facets %u, buckets %u)",
		(int)a.request.order, (int)a.request.limit, a.request.sort ? a.request.sort : "-",
		a.request.nfacets, a.request.buckets);
	buf_push(&text, '\0');
	for (unsigned page = 0; page < 3; page++) {
		a.request.lake = true;
		ask_one(lake->store, &a.request, &local, mine, text.ptr);
		a.request.lake = false;
		ask_one(lake->store, &a.request, &there, theirs, text.ptr);
		same_results(&a.request, search_result(local), search_result(there), text.ptr);
		if (!slice_eq(buf_view(&mine->rows), buf_view(&theirs->rows)))
			fail_msg("%s: page %u: rows differ:\n%.*s\n\n%.*s", text.ptr, page,
				(int)(mine->rows.len < 1500 ? mine->rows.len : 1500),
				mine->rows.ptr,
				(int)(theirs->rows.len < 1500 ? theirs->rows.len : 1500),
				theirs->rows.ptr);
		search_free(local);
		search_free(there);
		if (mine->n == 0 || a.request.sort)
			break;
		random.cursor = mine->cursor[draw(
			mine->n < COUNT(mine->cursor) ? mine->n : COUNT(mine->cursor))];
		a.request.after = &random.cursor;
	}
	arena_fini(&a.mem);
	buf_fini(&text);
}

static void test_the_same(void **state)
{
	bool many = getenv("LONG") != NULL;
	struct seen *mine = xcalloc(2, sizeof(*mine)), *theirs = mine + 1;
	(void)state;
	buf_init(&mine->rows, 64 << 20);
	buf_init(&theirs->rows, 64 << 20);
	dice = many ? hash_secret[0] | 1 : 20261128;
	for (unsigned i = 0; i < (many ? 10 : 2); i++) {
		struct lake lake;
		print_message("lake from %llu\n", (unsigned long long)dice);
		random_lake(&lake);
		for (unsigned k = 0; k < (many ? 250 : 75); k++)
			same_once(&lake, mine, theirs);
		lake_close(&lake);
	}
	buf_fini(&mine->rows);
	buf_fini(&theirs->rows);
	free(mine);
}

/* ---- completion ------------------------------------------------------------------------------ */

static int put_value(void *ctx, struct slice value, uint64_t count, struct err *err)
{
	(void)err;
	buf_slice(ctx, value);
	buf_printf(ctx, "=%d\n", (int)count);
	return 0;
}

static void test_values(void **state)
{
	static const char *const fields[] = {
		"who", "labels", "level", "table", "nothing", "extra.a.b", "actor"};
	static const char *const prefixes[] = {"", "b", "B", "st", "STRASS", "1"};
	struct lake lake;
	struct err err = {0};
	(void)state;
	dice = 4711;
	random_lake(&lake);
	for (size_t i = 0; i < COUNT(fields) * COUNT(prefixes); i++) {
		struct buf mine, theirs;
		const char *field = fields[i / COUNT(prefixes)],
			   *prefix = prefixes[i % COUNT(prefixes)];
		buf_init(&mine, 1 << 20);
		buf_init(&theirs, 1 << 20);
		must(search_values_lake(lake.store, &lake.tables, field, slice_of(prefix),
			     INT64_MIN, 5, 10000, put_value, &mine, &err),
			&err);
		must(search_values(lake.store, &lake.tables, field, slice_of(prefix), INT64_MIN, 5,
			     10000, put_value, &theirs, &err),
			&err);
		if (!slice_eq(buf_view(&mine), buf_view(&theirs)))
			fail_msg("%s %s:\n%.*s\n%.*s", field, prefix, SLICE_ARG(buf_view(&mine)),
				SLICE_ARG(buf_view(&theirs)));
		buf_fini(&mine);
		buf_fini(&theirs);
	}
	lake_close(&lake);
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

static void set_urls(struct lake *lake, const char *urls)
{
	struct err err = {0};
	struct cluster_setting setting = {
		.urls = urls, .name = "", .database = "searched", .user = "", .ca_file = ""};
	must(store_cluster_put(lake->store, &setting, NULL, NULL, &err), &err);
}

static void test_away(void **state)
{
	struct lake lake;
	struct asked a;
	struct err err = {0};
	(void)state;
	fill_lake(&lake);
	set_urls(&lake, "http://127.0.0.1:1");
	ask_begin(&a, &lake, "*");
	assert_int_equal(search_run(lake.store, &a.request, &a.search, &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	assert_non_null(strstr(err.text, "127.0.0.1:1"));
	assert_non_null(strstr(err.text, "pugmark cluster status"));
	assert_non_null(strstr(err.text, "--lake"));
	a.request.lake = true;
	ask(&a, lake.store);
	assert_int_equal(a.n, 10);
	ask_end(&a);
	lake_close(&lake);
}

/* Tables that nobody has made are empty; a table without a column of all is an error that names it. */
static void test_tables_that_lack(void **state)
{
	struct lake lake;
	struct asked a;
	struct err err = {0};
	(void)state;
	lake_shuffle = 0;
	fill_lake(&lake);
	send_all(&lake);
	must(lake_cluster(lake.store, NULL, NULL, &sending, &err), &err);
	test_server_tell(sending, SLICE("DROP TABLE searched.other_logs"), SLICE(""));
	test_server_tell(
		sending, SLICE("ALTER TABLE searched.search_logs DROP COLUMN note"), SLICE(""));
	ask_begin(&a, &lake, "*");
	a.request.count = true;
	ask(&a, lake.store);
	assert_int_equal(a.n, 10);
	ask_end(&a);
	ask_begin(&a, &lake, "note:*");
	a.request.count = true;
	ask(&a, lake.store);
	assert_int_equal(a.result->matched, 0);
	ask_end(&a);
	test_server_tell(
		sending, SLICE("ALTER TABLE searched.search_logs DROP COLUMN actor"), SLICE(""));
	ask_begin(&a, &lake, "*");
	assert_int_equal(search_run(lake.store, &a.request, &a.search, &err), -1);
	assert_non_null(strstr(err.text, "lacks the column actor"));
	ask_end(&a);
	cluster_close(sending);
	lake_close(&lake);
}

static void test_stopped(void **state)
{
	volatile int stop = 1;
	struct lake lake;
	struct asked a;
	(void)state;
	fill_lake(&lake);
	send_all(&lake);
	ask_begin(&a, &lake, "*");
	a.request.stop = &stop;
	ask(&a, lake.store);
	assert_true(a.result->partial);
	assert_string_equal(a.result->why, "it was stopped");
	ask_end(&a);
	lake_close(&lake);
}

/* ---- several questions at once --------------------------------------------------------------- */

struct jobs {
	pthread_mutex_t lock;
	unsigned times[40], now, most, fails_at; /* fails_at: a job, or none */
};

static int do_job(struct worker *w, uint32_t n, void *ctx, struct err *err)
{
	struct jobs *jobs = ctx;
	pthread_mutex_lock(&jobs->lock);
	jobs->times[n]++;
	jobs->now++;
	jobs->most = jobs->now > jobs->most ? jobs->now : jobs->most;
	pthread_mutex_unlock(&jobs->lock);
	struct buf out;
	buf_init(&out, 1 << 20);
	int rc = clustered_ask(w, SLICE("SELECT sleep(0.05) FORMAT RowBinary"), &out, err);
	buf_fini(&out);
	pthread_mutex_lock(&jobs->lock);
	jobs->now--;
	pthread_mutex_unlock(&jobs->lock);
	return n == jobs->fails_at ? err_set(err, ERR_LIMIT, "job %u", n) : rc;
}

/* Each job is done once, some at the same time and never too many; after one that fails no other begins. */
static void test_at_once(void **state)
{
	struct lake lake;
	(void)state;
	fill_lake(&lake);
	send_all(&lake);
	for (unsigned fails_at = 0; fails_at <= 40; fails_at += 10) {
		struct search s = {.store = lake.store,
			.lock = PTHREAD_MUTEX_INITIALIZER,
			.deadline = clock_mono_us() + 60000000};
		struct jobs jobs = {.lock = PTHREAD_MUTEX_INITIALIZER, .fails_at = fails_at};
		struct err err = {0};
		s.request = &s.copy;
		s.copy.tables = &lake.tables;
		assert_int_equal(clustered_open(&s, &err), 1);
		int rc = clustered_each(&s, NULL, 40, do_job, &jobs, &err);
		assert_int_equal(rc, fails_at < 40 ? -1 : 0);
		assert_in_range(jobs.most, 2, CLUSTERED_AT_ONCE);
		for (unsigned n = 0; n < 40; n++) {
			if (n <= fails_at)
				assert_int_equal(jobs.times[n], 1);
			else if (n > fails_at + 2ul * CLUSTERED_AT_ONCE)
				assert_int_equal(jobs.times[n], 0);
		}
		if (fails_at < 40)
			assert_int_equal(err.kind, ERR_LIMIT);
		clustered_free(&s);
	}
	lake_close(&lake);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(test_the_same),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_away),
		cmocka_unit_test(test_tables_that_lack),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_at_once),
	};
	return cmocka_run_group_tests(cases, set_up, tear_down);
}
