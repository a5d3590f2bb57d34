/* SPDX-License-Identifier: Apache-2.0 */
/* watch_file_test.c: lists made in one piece and in many, walked from either side along what was seen, against comparing each with each. */
#include <stdlib.h>

#include "base/base.h"
#include "base/map.h"
#include "base/test.h"
#include "ioc/watch_file.h"

enum { MOST = 3000 };

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A text of a small world, so that many are equal, below one another, or in one another's ranges. */
static void random_text(uint64_t *seed, bool seen, char text[80])
{
	unsigned a = (unsigned)(next(seed) % 6), b = (unsigned)(next(seed) % 40);
	switch (next(seed) % (seen ? 6 : 9)) {
	case 0:
		snprintf(text, 80, "10.0.%u.%u", a, b);
		break;
	case 1:
		snprintf(text, 80, "2001:db8::%x:%x", a, b);
		break;
	case 2:
		snprintf(text, 80, "h%u.evil%u.com", b, a);
		break;
	case 3:
		snprintf(text, 80, "evil%u.com", a);
		break;
	case 4:
		snprintf(text, 80, "bob%u@evil%u.com", b, a);
		break;
	case 5:
		snprintf(text, 80, "user %u", b);
		break;
	case 6:
		snprintf(text, 80, "10.0.%u.0/%u", a, 22 + b % 8);
		break;
	case 7:
		snprintf(text, 80, "*.evil%u.com", a);
		break;
	default:
		snprintf(text, 80, "10.0.%u.%u-10.0.%u.%u", a, b, a, b + 9);
	}
}

struct world {
	struct arena mem;
	struct watched watched[MOST];
	uint32_t nwatched;
	struct sheet seen;
};

static struct slice key_of(struct arena *mem, enum ioc_kind *kind, const char *text)
{
	struct buf key;
	buf_init(&key, 4096);
	assert_true(ioc_key(kind, slice_of(text), &key));
	struct slice kept = {arena_strdup(mem, buf_view(&key)), key.len};
	buf_fini(&key);
	return kept;
}

static int by_key(const void *left, const void *right)
{
	const struct sighting *a = left, *b = right;
	return sorted_order(a->kind, a->key, b->kind, b->key);
}

static void make_seen(struct world *w, uint64_t *seed, uint32_t n)
{
	static const enum ioc_kind names[] = {IOC_USER, IOC_HOST, IOC_ACCOUNT, IOC_OTHER};
	struct sighting *list = w->seen.list = arena_alloc(&w->mem, n * sizeof(*list));
	for (uint32_t i = 0; i < n; i++) {
		char text[80];
		struct indicator indicator;
		bool wide;
		struct err err;
		random_text(seed, true, text);
		assert_int_equal(
			indicator_parse(slice_of(text), IOC_NONE, &w->mem, &indicator, &wide, &err),
			0);
		enum ioc_kind kind = indicator.form == IOC_EXACT && next(seed) % 4
					     ? indicator.kind
					     : names[next(seed) % 4];
		struct slice key = key_of(&w->mem, &kind, text);
		list[i] = (struct sighting){
			.kind = kind, .key = key, .events = 1, .first = 1, .last = 0};
	}
	qsort(list, n, sizeof(*list), by_key);
	for (uint32_t i = 0; i < n; i++) {
		if (w->seen.n == 0 || by_key(&list[w->seen.n - 1], &list[i]) != 0)
			list[w->seen.n++] = list[i];
	}
}

static void make_watched(struct world *w, uint64_t *seed, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char text[80];
		struct watched *watched = &w->watched[w->nwatched++];
		bool wide;
		struct err err;
		random_text(seed, false, text);
		*watched = (struct watched){.confidence = (int)(next(seed) % 100) - 1,
			.expires = next(seed) % 3 ? INT64_MAX : (int64_t)(next(seed) % 1000)};
		watched->text = slice_of(arena_strdup(&w->mem, slice_of(text)));
		assert_int_equal(indicator_parse(watched->text, IOC_NONE, &w->mem,
					 &watched->indicator, &wide, &err),
			0);
		watched->below = watched->indicator.form == IOC_EXACT &&
				 watched->indicator.kind == IOC_DOMAIN && next(seed) % 2;
	}
}

static bool starts_below(struct slice key, struct slice domain)
{
	return key.len > domain.len && key.ptr[domain.len] == '.' &&
	       memcmp(key.ptr, domain.ptr, domain.len) == 0;
}

/* By the words of docs/ioc.md, one compared with one. */
static bool is_match(const struct watched *w, const struct sighting *s, struct arena *mem)
{
	const struct indicator *i = &w->indicator;
	if (i->form == IOC_RANGE)
		return s->kind == i->kind && slice_cmp(s->key, i->key) >= 0 &&
		       slice_cmp(s->key, i->last) <= 0;
	if (i->form == IOC_BELOW)
		return s->kind == IOC_DOMAIN && starts_below(s->key, i->key);
	if (i->form == IOC_EXACT && s->kind == i->kind && slice_eq(s->key, i->key))
		return true;
	if (i->form == IOC_EXACT && w->below && s->kind == IOC_DOMAIN &&
		starts_below(s->key, i->key))
		return true;
	if (!(ioc_also(i) >> s->kind & 1))
		return false;
	enum ioc_kind kind = s->kind;
	struct buf text;
	buf_init(&text, 4096);
	if (i->form == IOC_WORD)
		buf_slice(&text, i->last);
	else
		ioc_key_text(i->kind, i->key, &text);
	struct slice key = key_of(mem, &kind, arena_strdup(mem, buf_view(&text)));
	buf_fini(&text);
	return slice_eq(key, s->key);
}

static const char *name_of(const struct indicator *i, struct arena *mem)
{
	struct buf text;
	buf_init(&text, 4096);
	buf_push(&text, (char)('0' + i->form));
	indicator_text(i, &text);
	char *name = arena_strdup(mem, buf_view(&text));
	buf_fini(&text);
	return name;
}

struct hits {
	struct arena *mem;
	struct map names;
};

static int take(void *ctx, const struct watched *watched, struct err *err)
{
	(void)err;
	struct hits *hits = ctx;
	bool is_new;
	(void)map_put(&hits->names, slice_of(name_of(&watched->indicator, hits->mem)), &is_new);
	assert_true(is_new); /* each once */
	return 0;
}

static void check_match(struct world *w, struct watch_file *file, const char *run)
{
	struct hits hits = {.mem = &w->mem};
	struct map want = {0};
	struct obs_reader *reader;
	struct err err;
	assert_int_equal(obs_open(run, &reader, &err), 0);
	if (watch_match(file, reader, take, &hits, &err) < 0)
		fail_msg("%s", err.text);
	obs_close(reader);
	/* What is said twice has the wider reach of both. */
	for (uint32_t i = 0; i < w->nwatched; i++) {
		for (uint32_t k = 0; k < w->seen.n; k++) {
			if (is_match(&w->watched[i], &w->seen.list[k], &w->mem))
				(void)map_put(&want,
					slice_of(name_of(&w->watched[i].indicator, &w->mem)), NULL);
		}
	}
	for (uint32_t i = 0; i < want.count; i++) {
		if (!map_get(&hits.names, want.entries[i].key))
			fail_msg("%.*s was not found", SLICE_ARG(want.entries[i].key));
	}
	for (uint32_t i = 0; i < hits.names.count; i++) {
		if (!map_get(&want, hits.names.entries[i].key))
			fail_msg("%.*s was found", SLICE_ARG(hits.names.entries[i].key));
	}
	map_fini(&want);
	map_fini(&hits.names);
}

static void check_content(struct world *w, struct watch_file *file, const struct watch_facts *facts)
{
	struct map want = {0};
	const struct watched *watched;
	struct err err;
	uint64_t n = 0;
	int rc;
	for (uint32_t i = 0; i < w->nwatched; i++)
		(void)map_put(&want, slice_of(name_of(&w->watched[i].indicator, &w->mem)), NULL);
	while ((rc = watch_next(file, &watched, &err)) == 1) {
		n++;
		if (!map_get(&want, slice_of(name_of(&watched->indicator, &w->mem))))
			fail_msg("%.*s is in the list", SLICE_ARG(watched->text));
	}
	assert_int_equal(rc, 0);
	assert_int_equal(n, want.count);
	assert_int_equal(facts->indicators, n);
	assert_int_equal(facts->duplicates, w->nwatched - n);
	map_fini(&want);
}

static void one_world(uint64_t seed, uint32_t nwatched, uint32_t nseen, size_t memory)
{
	char *dir = test_folder(), list[700], run[700];
	struct world *w = xcalloc(1, sizeof(*w));
	struct sheet_reader reader;
	struct sorted_facts facts;
	struct watch_facts made;
	struct watch_file *file;
	struct err err;
	make_watched(w, &seed, nwatched);
	make_seen(w, &seed, nseen);
	snprintf(list, sizeof(list), "%s/list", dir);
	snprintf(run, sizeof(run), "%s/run", dir);
	struct sighting_source source = sheet_source(&reader, &w->seen);
	assert_int_equal(obs_write(run, &source, 1, 0, &facts, &err), 0);
	struct watch_builder *builder = watch_build(list, memory);
	for (uint32_t i = 0; i < w->nwatched; i++)
		assert_int_equal(watch_add(builder, &w->watched[i], &err), 0);
	if (watch_finish(builder, &made, &err) < 0)
		fail_msg("%s", err.text);
	watch_builder_free(builder);
	assert_int_equal(watch_file_open(list, &file, &err), 0);
	check_content(w, file, &made);
	check_match(w, file, run);
	for (uint32_t i = 0; i < w->nwatched;
		i++) { /* of those said twice, one may reach further */
		struct watched alone = w->watched[i];
		alone.below = false;
		alone.expires = INT64_MIN;
		assert_int_equal(watch_has(file, &alone, &err), 1);
	}
	watch_file_close(file);
	arena_fini(&w->mem);
	free(w);
	test_remove(dir);
}

static void as_each_with_each(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		one_world(seed, 300, 40, 1 << 30);  /* the run leads */
		one_world(seed, 20, 400, 1 << 30);  /* the list leads */
		one_world(seed, 500, 300, 1 << 16); /* in parts */
	}
	one_world(99, 0, 50, 1 << 20);
	one_world(98, 50, 0, 1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_each_with_each)};
	return cmocka_run_group_tests_name("watch_file", tests, NULL, NULL);
}
