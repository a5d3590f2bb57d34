/* SPDX-License-Identifier: Apache-2.0 */
/* tally_test.c: random batches against a plain count of each row, in any form of columns, divided among tallies in any way. */
#include "base/test.h"

#include "base/base.h"
#include "ioc/scan.h"
#include "ioc/tally.h"

enum { ROWS = 300, ACTORS = 70, SEEN_MOST = 400, COLUMNS = 7, KEY = 40 };
enum { TIME, ACTOR, SKIP, USER, IP, TEXT, LIST };

static const struct group_shape groups[] = {{"things", false}};
static const struct column_shape columns[COLUMNS] = {{"time", COL_TIME, NO_GROUP, 0},
	{"actor", COL_STRING, NO_GROUP, 0}, {"skip", COL_BOOL, NO_GROUP, 0},
	{"user", COL_STRING, NO_GROUP, 0}, {"ip", COL_STRING, NO_GROUP, 0},
	{"text", COL_STRING, NO_GROUP, 0}, {"thing", COL_STRING, 0, 0}};
static const struct batch_shape shape = {
	.table = "things", .ncolumns = COLUMNS, .ngroups = 1, .columns = columns, .groups = groups};
static const struct observed observed[] = {{ACTOR, IOC_USER, false}, {USER, IOC_USER, false},
	{IP, IOC_IPV4, false}, {TEXT, IOC_NONE, true}, {LIST, IOC_NONE, true}};
static const struct observing what = {.columns = observed,
	.n = COUNT(observed),
	.time_column = TIME,
	.actor_column = ACTOR,
	.skip_column = SKIP};

static const char *const addresses[] = {
	"10.0.0.1", "10.0.0.2", "203.0.113.7", "::1", "none", "2001:db8::5"};
static const char *const texts[] = {"nothing to see here at all, whatever may be looked for",
	"from 10.0.0.1", "10.0.0.2 and 10.0.0.1 and 10.0.0.2", "mail ann@example.com",
	"https://example.com/a?b=c", "www.example.com", "", "d41d8cd98f00b204e9800998ecf8427e",
	"203.0.113.7, 203.0.113.7",
	"a text without any, longer than a block of the scanner is, so that it is passed over",
	"9.9.9.1 9.9.9.2 9.9.9.3 9.9.9.4 9.9.9.5 9.9.9.6 9.9.9.7 9.9.9.8 9.9.9.9 9.9.9.10"};

static const char *const things[] = {
	"https://thing.example.net/", "192.0.2.1 and 192.0.2.2", "thing", "eve@example.net"};

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed >> 33;
}

/* ---- the plain count ------------------------------------------------------------------------- */

struct seen {
	enum ioc_kind kind;
	char key[KEY];
	size_t nkey;
	uint64_t events;
	int64_t first, last;
	bool by[ACTORS];
	uint32_t row; /* the last one, from 1 */
};
struct world {
	struct seen seen[SEEN_MOST];
	uint32_t n, rows;
	char actors[ACTORS][32];
	/* of the row in progress */
	int64_t time;
	int actor;
};

static void see(struct world *w, enum ioc_kind kind, struct slice key)
{
	struct seen *s = w->seen, *end = w->seen + w->n;
	while (s < end && (s->kind != kind || !slice_eq((struct slice){s->key, s->nkey}, key)))
		s++;
	if (s == end) {
		assert_true(w->n++ < SEEN_MOST && key.len <= KEY);
		*s = (struct seen){
			.kind = kind, .nkey = key.len, .first = INT64_MAX, .last = INT64_MIN};
		memcpy(s->key, key.ptr, key.len);
	}
	if (s->row == w->rows)
		return;
	s->row = w->rows;
	s->events++;
	if (w->time != INT64_MIN) {
		s->first = w->time < s->first ? w->time : s->first;
		s->last = w->time > s->last ? w->time : s->last;
	}
	if (w->actor >= 0)
		s->by[w->actor] = true;
}

static void see_with_host(struct world *w, enum ioc_kind kind, struct slice key)
{
	struct buf host;
	enum ioc_kind host_kind;
	buf_init(&host, 1 << 10);
	see(w, kind, key);
	if (ioc_key_host(kind, key, &host_kind, &host))
		see(w, host_kind, buf_view(&host));
	buf_fini(&host);
}

static void see_found(void *ctx, const struct ioc_found *found)
{
	see_with_host(ctx, found->kind, found->key);
}

static void see_value(struct world *w, const struct observed *o, struct slice text)
{
	static const struct ioc_scan_options as_it_is = {.refang = false};
	enum ioc_kind kind = o->kind;
	struct buf key;
	buf_init(&key, 1 << 10);
	if (o->text)
		ioc_scan(text, &as_it_is, see_found, w);
	else if (ioc_key(&kind, text, &key))
		see_with_host(w, kind, buf_view(&key));
	buf_fini(&key);
}

static void see_row(struct world *w, const struct batch *b, uint32_t row)
{
	const struct column *actor = &b->columns[ACTOR];
	if (!bit_get(b->columns[SKIP].nulls, row) && b->columns[SKIP].bools[row])
		return;
	w->rows++;
	w->time = column_is_null(&b->columns[TIME], row) ? INT64_MIN : b->columns[TIME].i64[row];
	w->actor = -1;
	for (int i = 0; i < ACTORS && !column_is_null(actor, row); i++) {
		if (slice_eq(slice_of(w->actors[i]), column_text(actor, row)))
			w->actor = i;
	}
	for (size_t o = 0; o < COUNT(observed); o++) {
		const struct column *c = &b->columns[observed[o].column];
		bool list = observed[o].column == LIST;
		uint32_t from = list ? b->groups[0].list_off[row] : row;
		uint32_t to = list ? b->groups[0].list_off[row + 1] : row + 1;
		for (uint32_t e = from; e < to; e++) {
			if (!column_is_null(c, e))
				see_value(w, &observed[o], column_text(c, e));
		}
	}
}

/* ---- batches --------------------------------------------------------------------------------- */

/* A column of n of the values, in either form. */
static void fill(struct batch *b, uint32_t column, uint32_t n, const char *const *values,
	uint32_t nvalues, uint64_t *seed)
{
	struct column *c = &b->columns[column];
	struct buf heap;
	bool plain = next(seed) % 3 == 0;
	uint32_t most = plain ? n : nvalues;
	buf_init(&heap, 1 << 20);
	*c = (struct column){.n = n, .plain = plain, .ndistinct = most};
	c->codes = arena_zalloc(&b->mem, n + 1, sizeof(*c->codes));
	c->nulls = plain ? arena_zalloc(&b->mem, n / 64 + 1, 8) : NULL;
	c->off = arena_zalloc(&b->mem, most + 1, sizeof(*c->off));
	for (uint32_t i = 0; i < n; i++) {
		c->codes[i] = next(seed) % 10 ? (uint32_t)(next(seed) % nvalues) : CODE_NULL;
		if (plain && c->codes[i] == CODE_NULL)
			bit_set(c->nulls, i);
	}
	for (uint32_t d = 0; d < most; d++) {
		if (!plain || c->codes[d] != CODE_NULL)
			buf_puts(&heap, values[plain ? c->codes[d] : d]);
		c->off[d + 1] = (uint32_t)heap.len;
	}
	c->heap = arena_strdup(&b->mem, buf_view(&heap));
	buf_fini(&heap);
}

/* Sometimes a user is the actor, by the same codes; sometimes the list holds the text alone. */
static void make_batch(struct world *w, struct batch *b, uint64_t *seed)
{
	const char *actors[ACTORS];
	uint32_t n = (uint32_t)(next(seed) % ROWS) + 1;
	batch_init(b, &shape);
	b->nrows = n;
	int64_t *times = arena_zalloc(&b->mem, n, sizeof(*times));
	uint8_t *skip = arena_zalloc(&b->mem, n, 1);
	uint32_t *off = arena_zalloc(&b->mem, n + 1, sizeof(*off));
	uint64_t *untimed = arena_zalloc(&b->mem, n / 64 + 1, 8);
	bool alone = next(seed) % 2;
	for (uint32_t i = 0; i < n; i++) {
		times[i] = (int64_t)(next(seed) % 100000) - 50000;
		skip[i] = next(seed) % 20 == 0;
		off[i + 1] = off[i] + (alone ? 1 : (uint32_t)(next(seed) % 4));
		if (next(seed) % 9 == 0)
			bit_set(untimed, i);
	}
	for (int i = 0; i < ACTORS; i++)
		actors[i] = w->actors[i];
	b->columns[TIME] = (struct column){.n = n, .i64 = times, .nulls = untimed};
	b->columns[SKIP] = (struct column){.n = n, .bools = skip};
	b->groups[0] = (struct group){.nelements = off[n], .list_off = off};
	fill(b, ACTOR, n, actors, next(seed) % 2 ? ACTORS : 5, seed);
	fill(b, USER, n, actors, ACTORS, seed);
	fill(b, IP, n, addresses, COUNT(addresses), seed);
	fill(b, TEXT, n, texts, COUNT(texts), seed);
	bool own = next(seed) % 2; /* no other column has what the list has */
	fill(b, LIST, off[n], own ? things : texts, own ? COUNT(things) : COUNT(texts), seed);
	if (next(seed) % 2) /* one actor for each address */
		b->columns[ACTOR] = b->columns[USER];
	batch_check(b);
}

/* ---- comparing ------------------------------------------------------------------------------- */

struct checking {
	struct world *world;
	const struct slice *names;
	uint32_t n;
};

static int by_text(const void *left, const void *right)
{
	return slice_cmp(*(const struct slice *)left, *(const struct slice *)right);
}

static int check_sighting(void *ctx, const struct sighting *s, struct err *err)
{
	struct checking *c = ctx;
	struct slice names[ACTORS] = {{0}};
	uint32_t n = 0, i = 0;
	(void)err;
	while (i < c->world->n && (c->world->seen[i].kind != s->kind ||
					  !slice_eq(s->key, (struct slice){c->world->seen[i].key,
								    c->world->seen[i].nkey})))
		i++;
	assert_true(i < c->world->n);
	const struct seen *seen = &c->world->seen[i];
	for (int a = 0; a < ACTORS; a++) {
		if (seen->by[a])
			names[n++] = slice_of(c->world->actors[a]);
	}
	qsort(names, n, sizeof(*names), by_text);
	assert_int_equal(s->events, seen->events);
	assert_int_equal(s->first, seen->first);
	assert_int_equal(s->last, seen->last);
	assert_int_equal(s->more_actors, n > SIGHTING_ACTORS);
	assert_int_equal(s->nactors, n > SIGHTING_ACTORS ? SIGHTING_ACTORS : n);
	for (uint32_t a = 0; a < s->nactors; a++)
		assert_true(slice_eq(c->names[s->actors[a]], names[a]));
	c->n++;
	return 0;
}

/* The sheets of the tallies, merged, are what was counted plainly. */
static void check(struct world *w, struct tally *const *tallies, uint32_t n)
{
	struct sheet sheets[4];
	struct sheet_reader readers[4];
	struct sighting_source sources[4];
	struct arena mem = {0};
	struct err err = {0};
	struct checking checking = {.world = w};
	uint32_t nnames;
	for (uint32_t i = 0; i < n; i++) {
		tally_sheet(tallies[i], &sheets[i]);
		sources[i] = sheet_source(&readers[i], &sheets[i]);
	}
	struct slice *names = sighting_names(sources, n, &mem, &nnames);
	checking.names = names;
	assert_int_equal(
		sightings_merge(sources, n, names, nnames, check_sighting, &checking, &err), 0);
	assert_int_equal(checking.n, w->n);
	for (uint32_t i = 0; i < n; i++)
		sheet_fini(&sheets[i]);
	arena_fini(&mem);
}

static void one_world(uint64_t seed, uint32_t ntallies, uint32_t nbatches)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct tally *tallies[4];
	/* Some names differ only behind their first eight bytes, some end before. */
	for (int i = 0; i < ACTORS; i++)
		snprintf(w->actors[i], sizeof(w->actors[i]), i % 3 ? "longname%d" : "n%d",
			(i * 37) % ACTORS);
	for (uint32_t i = 0; i < ntallies; i++)
		tallies[i] = tally_new();
	for (uint32_t i = 0; i < nbatches; i++) {
		struct batch batch;
		uint32_t keep[ROWS], n = 0;
		make_batch(w, &batch, &seed);
		bool all = next(&seed) % 2;
		for (uint32_t row = 0; row < batch.nrows; row++) {
			if (all || next(&seed) % 4)
				keep[n++] = row;
		}
		for (uint32_t k = 0; k < n; k++)
			see_row(w, &batch, keep[k]);
		tally_add(tallies[next(&seed) % ntallies], &what, &batch, all ? NULL : keep, n);
		batch_fini(&batch);
	}
	check(w, tallies, ntallies);
	for (uint32_t i = 0; i < ntallies; i++)
		tally_free(tallies[i]);
	free(w);
}

static void as_counted_row_by_row(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++)
		one_world(seed, (uint32_t)(seed % 4) + 1, (uint32_t)(seed % 7));
}

/* What a quick look passes over holds nothing: hashes at any place, texts that end with a block. */
static void nothing_is_passed_over(void **state)
{
	static const char *const found[] = {
		"d41d8cd98f00b204e9800998ecf8427e", "a.example.com", "1.2.3.4"};
	(void)state;
	for (size_t f = 0; f < COUNT(found); f++) {
		for (uint32_t before = 0; before < 140; before++) {
			char heap[300];
			uint32_t n = (uint32_t)strlen(found[f]), off[5] = {0, before / 2, before};
			memset(heap, 'z', sizeof(heap));
			memcpy(heap + before, found[f], n);
			off[3] = before + n;
			off[4] = before + n + 70;
			assert_int_equal(ioc_scan_next(heap, off, 0, 4), 2);
			assert_int_equal(ioc_scan_next(heap, off, 2, 4), 2);
			assert_int_equal(ioc_scan_next(heap, off, 3, 4), 4);
			assert_int_equal(ioc_scan_next(heap, off, 4, 4), 4);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_counted_row_by_row), cmocka_unit_test(nothing_is_passed_over)};
	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
