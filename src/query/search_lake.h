/* SPDX-License-Identifier: Apache-2.0 */
/* search_lake.h (tests of searching): numbered events whose every value follows from the number,
 * stored through the store's own steps and read back without the search, so that what a search finds
 * can be held against a plain scan. */
#ifndef QUERY_SEARCH_LAKE_H
#define QUERY_SEARCH_LAKE_H

#include "base/test.h"
#include "query/search_private.h"

static const char lake_yaml[] = "table: search_logs\n"
				"product: search\n"
				"version: \"1\"\n"
				"time: time\n"
				"columns:\n"
				"  who: who\n"
				"  number: {paths: number, type: int}\n"
				"  level: {paths: level, type: int}\n"
				"  note: note\n"
				"  labels: {list: labels, of: string}\n"
				"common:\n"
				"  actor: who\n"
				"identity: [number]\n";
static const char lake_other_yaml[] = "table: other_logs\n"
				      "product: other\n"
				      "version: \"1\"\n"
				      "time: time\n"
				      "columns:\n"
				      "  who: who\n"
				      "  number: {paths: number, type: int}\n"
				      "common:\n"
				      "  actor: who\n"
				      "identity: [number]\n";

enum { LAKE_RECORD = 24 };
#define LAKE_T0 INT64_C(1780000000000000)

struct event {
	bool timed, secondary;
	int64_t time;
	const char *who;  /* NULL = null */
	int64_t level;    /* < 0 = null */
	char note[32];    /* all different */
	unsigned nlabels; /* labels[0] may stand twice */
	const char *labels[3];
	int64_t extra; /* < 0: none */
};

static inline uint64_t lake_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * UINT64_C(0x2545f4914f6cdd1d);
}

/* Not 0: times follow from it in no order, few of them, with many events each. */
static uint64_t lake_shuffle;
/* All are secondary. */
static bool lake_secondary;

/* Event number n. Five in a row have the same time; every eleventh has none. */
static inline struct event lake_event(uint32_t n)
{
	static const char *const who[] = {"Ann", "bob", "Carol", "dave", "EVE", "frank", NULL};
	static const char *const labels[] = {"red", "green", "Blue", "straße", "x y", "0"};
	uint64_t seed = n * UINT64_C(0x9e3779b97f4a7c15) + 77;
	lake_random(&seed);
	struct event e = {.timed = n % 11 != 10,
		.time = LAKE_T0 + (int64_t)(n / 5) * 61000000,
		.secondary = n % 13 == 12,
		.who = who[lake_random(&seed) % 7],
		.level = (int64_t)(lake_random(&seed) % 12) - 1,
		.nlabels = (unsigned)(lake_random(&seed) % 4),
		.extra = n % 3 ? (int64_t)(lake_random(&seed) % 5) : -1};
	if (lake_shuffle) {
		uint64_t other = n * UINT64_C(0xd1342543de82ef95) + lake_shuffle;
		lake_random(&other);
		e.time = LAKE_T0 + (int64_t)(lake_random(&other) % 40) * 3600000000;
		e.timed = lake_random(&other) % 16 != 0;
		e.secondary = lake_random(&other) % 7 == 0;
	}
	e.secondary |= lake_secondary;
	snprintf(e.note, sizeof(e.note), "note %u of %u", n * 7919 % 100003, n % 10);
	for (unsigned i = 0; i < e.nlabels; i++)
		e.labels[i] = labels[lake_random(&seed) % 6];
	return e;
}

/* ---- batches --------------------------------------------------------------------------------- */

struct texts {
	struct column *col;
	struct arena *mem;
	uint32_t cap;
};

static inline void texts_begin(struct batch *batch, int column, uint32_t most, struct texts *t)
{
	*t = (struct texts){&batch->columns[column], &batch->mem, most};
	t->col->codes = arena_zalloc(t->mem, most + 1, 4);
	t->col->off = arena_zalloc(t->mem, most + 2, 4);
	t->col->heap = arena_zalloc(t->mem, most + 1, 40);
}

static inline void texts_add(struct texts *t, const char *text)
{
	struct column *col = t->col;
	uint32_t d = 0;
	if (!text) {
		col->codes[col->n++] = CODE_NULL;
		return;
	}
	size_t len = strlen(text);
	while (d < col->ndistinct && (col->off[d + 1] - col->off[d] != len ||
					     memcmp(col->heap + col->off[d], text, len) != 0))
		d++;
	if (d == col->ndistinct) {
		memcpy(col->heap + col->off[d], text, len);
		col->off[d + 1] = col->off[d] + (uint32_t)len;
		col->ndistinct++;
	}
	col->codes[col->n++] = d;
}

static inline void lake_texts(struct batch *batch, const char *column, uint32_t first,
	const char *(*of)(const struct event *e, char *room))
{
	struct texts texts;
	int c = batch_find_column(batch->shape, slice_of(column));
	if (c < 0)
		return;
	texts_begin(batch, c, batch->nrows, &texts);
	for (uint32_t i = 0; i < batch->nrows; i++) {
		struct event e = lake_event(first + i);
		char room[40];
		texts_add(&texts, of(&e, room));
	}
	if (strcmp(column, "note") == 0 && first % 2) /* both forms */
		batch_make_plain(batch, (uint32_t)c);
}

static inline const char *event_who(const struct event *e, char *room)
{
	(void)room;
	return e->who;
}
static inline const char *event_note(const struct event *e, char *room)
{
	return strcpy(room, e->note);
}
static inline const char *event_extra(const struct event *e, char *room)
{
	snprintf(room, 40, "{\"a\":{\"b\":\"v%d\"},\"c\":%d}", (int)e->extra, (int)e->extra);
	return e->extra < 0 ? NULL : room;
}
static inline const char *event_source(const struct event *e, char *room)
{
	(void)e;
	return strcpy(room, "lake");
}

static inline int64_t *lake_ints(struct batch *batch, int column, bool nulls)
{
	struct column *col = &batch->columns[column];
	col->n = batch->nrows;
	col->i64 = arena_zalloc(&batch->mem, batch->nrows + 1, 8);
	if (nulls)
		col->nulls = arena_zalloc(&batch->mem, batch->nrows / 64 + 1, 8);
	return col->i64;
}

static inline void lake_labels(struct batch *batch, uint32_t first)
{
	struct texts texts;
	int c = batch_find_column(batch->shape, SLICE("labels"));
	if (c < 0)
		return;
	struct group *list = &batch->groups[batch->shape->columns[c].group];
	texts_begin(batch, c, batch->nrows * 3, &texts);
	list->list_off = arena_zalloc(&batch->mem, batch->nrows + 1, 4);
	for (uint32_t i = 0; i < batch->nrows; i++) {
		struct event e = lake_event(first + i);
		for (unsigned k = 0; k < e.nlabels; k++)
			texts_add(&texts, e.labels[k]);
		list->list_off[i + 1] = texts.col->n;
	}
	list->nelements = texts.col->n;
	if (first % 4 == 0)
		batch_make_plain(batch, (uint32_t)c);
}

static inline void lake_numbers(struct batch *batch, uint32_t first)
{
	int number = batch_find_column(batch->shape, SLICE("number"));
	int level = batch_find_column(batch->shape, SLICE("level"));
	int64_t *times = lake_ints(batch, SYS_EVENT_TIME, true);
	int64_t *numbers = lake_ints(batch, number, false);
	int64_t *levels = level >= 0 ? lake_ints(batch, level, true) : NULL;
	struct column *secondary = &batch->columns[SYS_SECONDARY];
	secondary->n = batch->nrows;
	secondary->bools = arena_zalloc(&batch->mem, batch->nrows, 1);
	for (uint32_t i = 0; i < batch->nrows; i++) {
		struct event e = lake_event(first + i);
		numbers[i] = first + i;
		secondary->bools[i] = e.secondary;
		if (levels && e.level >= 0)
			levels[i] = e.level;
		else if (levels)
			bit_set(batch->columns[level].nulls, i);
		if (e.timed) {
			times[i] = e.time;
		} else {
			bit_set(batch->columns[SYS_EVENT_TIME].nulls, i);
			batch->flags[i] |= ROW_NO_TIME;
		}
	}
}

/* Where no value was put all are null: the writer takes n = 0 for that, the store wants the places. */
static inline void lake_places(struct batch *batch)
{
	static const int places[] = {SYS_RECEIVED_AT, SYS_VAULT_FILE, SYS_VAULT_FRAME,
		SYS_VAULT_OFFSET, SYS_VAULT_LENGTH};
	for (size_t i = 0; i < COUNT(places); i++)
		lake_ints(batch, places[i], false);
	batch->columns[SYS_EVENT_ID].n = batch->nrows;
	batch->columns[SYS_EVENT_ID].uuid = arena_zalloc(&batch->mem, batch->nrows, 16);
}

static inline void lake_batch(
	struct batch *batch, const struct batch_shape *shape, uint32_t first, uint32_t n, char *raw)
{
	batch_init(batch, shape);
	batch->nrows = n;
	batch->columns = arena_zalloc(&batch->mem, shape->ncolumns, sizeof(*batch->columns));
	batch->groups = arena_zalloc(&batch->mem, shape->ngroups + 1, sizeof(*batch->groups));
	batch->records = arena_zalloc(&batch->mem, n, sizeof(*batch->records));
	batch->flags = arena_zalloc(&batch->mem, n, 1);
	batch->keys = arena_zalloc(&batch->mem, n, 16);
	batch->raw = raw;
	batch->raw_offset = (uint64_t)first * LAKE_RECORD;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t key[2] = {hash_fold(first + i + 1, UINT64_C(0x9e3779b97f4a7c15)),
			(first + i) * UINT64_C(0xd1342543de82ef95) + shape->ncolumns};
		snprintf(raw + (size_t)i * LAKE_RECORD, LAKE_RECORD + 1, "{\"n\":%-17u}\n",
			first + i);
		batch->records[i] = (struct record_place){i * LAKE_RECORD, LAKE_RECORD - 1};
		memcpy(batch->keys[i], key, 16);
	}
	lake_places(batch);
	lake_numbers(batch, first);
	lake_labels(batch, first);
	lake_texts(batch, "who", first, event_who);
	batch->columns[SYS_ACTOR] = batch->columns[batch_find_column(shape, SLICE("who"))];
	batch->columns[SYS_ACTOR].shared = true;
	lake_texts(batch, "note", first, event_note);
	lake_texts(batch, "extra", first, event_extra);
	lake_texts(batch, "source", first, event_source);
}

/* ---- the store ------------------------------------------------------------------------------- */

struct lake {
	char *dir;
	struct store *store;
	struct schema *schema, *other;
	const struct schema *list[2];
	struct search_tables tables;
};

/* Ends the test where something failed that must not. */
static inline void must(int rc, const struct err *err)
{
	if (rc < 0)
		fail_msg("%s", err->text);
}

static inline void lake_open(struct lake *lake)
{
	struct err err = {0};
	struct schema *schema = NULL, *other = NULL;
	struct store *store = NULL;
	char *dir = test_folder();
	must(store_open(dir, STORE_WRITE, &store, &err), &err);
	must(schema_parse(slice_of(lake_yaml), "lake", &schema, &err), &err);
	must(schema_parse(slice_of(lake_other_yaml), "other", &other, &err), &err);
	*lake = (struct lake){dir, store, schema, other, {schema, other}, {0}};
	lake->tables = (struct search_tables){2, lake->list};
}

static inline void lake_close(struct lake *lake)
{
	store_close(lake->store);
	schema_free(lake->schema);
	schema_free(lake->other);
	test_remove(lake->dir);
}

/* Stores events [first, first + n) as one segment with row groups of `per_group`. */
static inline void lake_add(struct lake *lake, const struct schema *schema, uint32_t first,
	uint32_t n, uint32_t per_group)
{
	struct err err = {0};
	struct segment *segment = NULL;
	uint32_t container = 0, kept = 0;
	struct segment_facts facts = {.input_bytes = 1};
	struct arena mem = {0};
	must(store_container(
		     lake->store, schema->table, CONTAINER_DISJOINT, "log", &container, &err),
		&err);
	must(segment_begin(lake->store, &schema->shape, "lake", "log", LAKE_T0, &segment, &err),
		&err);
	for (uint32_t at = 0; at < n; at += per_group) {
		uint32_t some = n - at < per_group ? n - at : per_group;
		struct batch batch;
		char *raw = arena_alloc(&mem, (size_t)some * LAKE_RECORD + 1);
		lake_batch(&batch, &schema->shape, first + at, some, raw);
		/* What is stored already is not stored again. */
		must(segment_identify(segment, &batch, container, 0, NULL, 0, &kept, &err), &err);
		struct segment_pack *pack = segment_pack(segment, &batch, NULL, 0);
		must(segment_append(segment, pack, &err), &err);
		segment_pack_free(pack);
		batch_fini(&batch);
	}
	must(segment_commit(segment, &facts, NULL, &err), &err);
	arena_fini(&mem);
}

/* 900 events in one table, 200 in another. */
static inline void fill_lake(struct lake *lake)
{
	lake_open(lake);
	lake_add(lake, lake->schema, 0, 500, 100);
	lake_add(lake, lake->schema, 500, 300, 300);
	lake_add(lake, lake->other, 700, 200, 50); /* between the others in time */
	lake_add(lake, lake->schema, 900, 10, 4);
	lake_add(lake, lake->schema, 910, 90, 37);
}

/* ---- a plain scan ---------------------------------------------------------------------------- */

struct known {
	uint32_t n, table;
	uint8_t id[16];
};
struct scan {
	const struct lake *lake;
	struct known *rows;
	uint32_t n;
};

static inline int scan_segment(void *ctx, const struct segment_info *info, struct err *err)
{
	struct scan *scan = ctx;
	struct parquet_reader *reader;
	if (parquet_open(info->path, &reader, err) < 0)
		return -1;
	int number = batch_find_column(parquet_shape(reader), SLICE("number"));
	for (uint32_t g = 0; g < parquet_groups(reader); g++) {
		struct batch batch;
		batch_init(&batch, parquet_shape(reader));
		must(parquet_read(reader, g, NULL, &batch, err), err);
		scan->rows =
			xrealloc(scan->rows, (scan->n + batch.nrows + 1) * sizeof(*scan->rows));
		for (uint32_t r = 0; r < batch.nrows; r++) {
			struct known *row = &scan->rows[scan->n++];
			row->n = (uint32_t)batch.columns[number].i64[r];
			row->table = strcmp(info->table, "search_logs") != 0;
			memcpy(row->id, batch.columns[SYS_EVENT_ID].uuid[r], 16);
		}
		batch_fini(&batch);
	}
	parquet_close(reader);
	return 0;
}

/* Every row that is stored; scan->rows is the caller's. */
static inline void lake_scan(const struct lake *lake, struct scan *scan)
{
	struct err err = {0};
	*scan = (struct scan){.lake = lake};
	must(store_segments(lake->store, NULL, scan_segment, scan, &err), &err);
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asked {
	struct arena mem;
	struct search_request request;
	struct search *search;
	const struct search_result *result;
	uint32_t *numbers; /* of the page */
	uint32_t n;
	struct search_cursor last;
};

static inline void ask_begin(struct asked *a, const struct lake *lake, const char *query)
{
	struct err err = {0};
	*a = (struct asked){0};
	arena_init(&a->mem);
	a->request = (struct search_request){
		.tables = &lake->tables,
		.now = LAKE_T0,
		.since = INT64_MIN,
		.until = INT64_MAX,
		.limit = 10,
		.threads = 2,
		.memory = (uint64_t)64 << 20,
	};
	if (query_parse(slice_of(query), &lake->tables, &a->mem, &a->request.expr, NULL, &err) < 0)
		fail_msg("%s: %s", query, err.text);
}

static inline int note_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct asked *a = ctx;
	struct buf text;
	int64_t number;
	(void)err;
	buf_init(&text, 1000);
	assert_true(search_cell(row, "number", &text));
	assert_int_equal(text_parse_int(buf_view(&text), &number), 0);
	a->numbers[a->n++] = (uint32_t)number;
	a->last = row->cursor;
	buf_fini(&text);
	return 0;
}

static inline void ask(struct asked *a, struct store *store)
{
	static const char *const fields[] = {"number"};
	struct err err = {0};
	must(search_run(store, &a->request, &a->search, &err), &err);
	a->result = search_result(a->search);
	a->numbers = arena_zalloc(&a->mem, a->result->nrows + 1, 4);
	a->n = 0;
	must(search_rows(a->search, 0, a->result->nrows, fields, 1, note_row, a, &err), &err);
}

/* Ends it, so that it can be asked again. */
static inline void ask_again(struct asked *a)
{
	search_free(a->search);
	a->search = NULL;
}
static inline void ask_end(struct asked *a)
{
	search_free(a->search);
	arena_fini(&a->mem);
}

#endif
