/* SPDX-License-Identifier: Apache-2.0 */
/* watch_builder.c: indicators in any order → a sorted file: sorted in memory, in parts where there are many. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/io.h"
#include "ioc/watch_value.h"

struct item {
	uint64_t prefix; /* of kind and key: sorts as they do */
	uint8_t kind;
	struct slice key, value;
};
struct watch_builder {
	char *path;
	size_t memory;
	struct arena mem;
	struct item *items;
	size_t n, cap;
	uint32_t parts;
	struct watch_facts facts;
	struct buf own_key, value;
	/* the record being put together */
	bool open;
	unsigned kind;
	struct buf sum_key, sum_value;
};

struct watch_builder *watch_build(const char *path, size_t memory)
{
	struct watch_builder *b = xcalloc(1, sizeof(*b));
	b->path = xstrdup(path);
	b->memory = memory;
	buf_init(&b->own_key, SORTED_KEY_MAX + 64);
	buf_init(&b->value, SORTED_VALUE_MAX);
	buf_init(&b->sum_key, SORTED_KEY_MAX + 64);
	buf_init(&b->sum_value, SORTED_VALUE_MAX);
	return b;
}

static char *part_path(const struct watch_builder *b, uint32_t part, struct buf *out)
{
	buf_init(out, strlen(b->path) + 64);
	buf_printf(out, "%s.%u.tmp", b->path, part);
	return out->ptr;
}

static void remove_parts(struct watch_builder *b)
{
	for (uint32_t i = 0; i < b->parts; i++) {
		struct buf path;
		(void)io_unlink(part_path(b, i, &path), NULL);
		buf_fini(&path);
	}
	b->parts = 0;
}

void watch_builder_free(struct watch_builder *b)
{
	if (!b)
		return;
	remove_parts(b);
	arena_fini(&b->mem);
	free(b->items);
	free(b->path);
	buf_fini(&b->own_key);
	buf_fini(&b->value);
	buf_fini(&b->sum_key);
	buf_fini(&b->sum_value);
	free(b);
}

/* ---- equal keys ------------------------------------------------------------------------------ */

static bool same_words(const struct watched *a, const struct watched *b)
{
	return a->expires == b->expires && a->confidence == b->confidence &&
	       slice_eq(a->tags, b->tags);
}

/* Two own records of one key: the more confident one, the wider reach, the latest end. */
static void join_own(struct watch_builder *b, struct slice value)
{
	struct sorted_record old = {b->kind, buf_view(&b->sum_key), buf_view(&b->sum_value)};
	struct sorted_record new = {b->kind, old.key, value};
	struct watched x, y;
	struct buf joined;
	if (!watch_take_own(&old, &x) || !watch_take_own(&new, &y))
		return;
	b->facts.duplicates++;
	b->facts.contradictory += !same_words(&x, &y);
	struct watched sum = y.confidence > x.confidence ? y : x;
	sum.expires = x.expires > y.expires ? x.expires : y.expires;
	sum.below = x.below || y.below;
	buf_init(&joined, SORTED_VALUE_MAX);
	watch_put_own(&sum, &joined);
	buf_clear(&b->sum_value);
	buf_slice(&b->sum_value, buf_view(&joined));
	buf_fini(&joined);
}

static int end_sum(struct watch_builder *b, struct sorted_writer *file, bool last, struct err *err)
{
	if (!b->open)
		return 0;
	b->open = false;
	b->facts.indicators += last && watch_flags(buf_view(&b->sum_value)) & WATCH_OWN;
	return sorted_add(file, b->kind, buf_view(&b->sum_key), buf_view(&b->sum_value), err);
}

/* The next record in order. One that is an indicator's own goes before those that point elsewhere. `last`: of the whole. */
static int put(struct watch_builder *b, struct sorted_writer *file, bool last, unsigned kind,
	struct slice key, struct slice value, struct err *err)
{
	if (b->open && b->kind == kind && slice_eq(buf_view(&b->sum_key), key)) {
		bool own = watch_flags(value) & WATCH_OWN;
		bool old_own = watch_flags(buf_view(&b->sum_value)) & WATCH_OWN;
		if (own && old_own)
			join_own(b, value);
		if (own && !old_own) {
			buf_clear(&b->sum_value);
			buf_slice(&b->sum_value, value);
		}
		return 0;
	}
	if (end_sum(b, file, last, err) < 0)
		return -1;
	buf_clear(&b->sum_key);
	buf_clear(&b->sum_value);
	buf_slice(&b->sum_key, key);
	buf_slice(&b->sum_value, value);
	b->kind = kind;
	b->open = true;
	return 0;
}

/* ---- in memory ------------------------------------------------------------------------------- */

static int by_key(const void *left, const void *right)
{
	const struct item *a = left, *b = right;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	int c = slice_cmp(a->key, b->key);
	return c ? c : slice_cmp(a->value, b->value);
}

static int write_items(
	struct watch_builder *b, struct sorted_writer *file, bool last, struct err *err)
{
	int rc = 0;
	if (b->n > 1)
		qsort(b->items, b->n, sizeof(*b->items), by_key);
	for (size_t i = 0; i < b->n && rc == 0; i++)
		rc = put(b, file, last, b->items[i].kind, b->items[i].key, b->items[i].value, err);
	if (rc == 0)
		rc = end_sum(b, file, last, err);
	b->n = 0;
	arena_reset(&b->mem);
	return rc;
}

static int flush_part(struct watch_builder *b, struct err *err)
{
	struct buf path;
	struct sorted_writer *file = NULL;
	struct sorted_facts facts;
	int rc = sorted_create(part_path(b, b->parts, &path), 0, &file, err);
	b->parts++;
	if (rc == 0)
		rc = write_items(b, file, false, err);
	if (rc == 0)
		rc = sorted_finish(file, SLICE(""), &facts, err);
	sorted_writer_free(file);
	buf_fini(&path);
	return rc;
}

static struct slice keep(struct watch_builder *b, struct slice text)
{
	char *to = arena_alloc(&b->mem, text.len + 1);
	memcpy(to, text.ptr, text.len);
	return (struct slice){to, text.len};
}

static void add_item(struct watch_builder *b, unsigned kind, struct slice key, struct slice value)
{
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 1024;
		b->items = xrealloc(b->items, b->cap * sizeof(*b->items));
	}
	b->items[b->n++] = (struct item){
		sorted_prefix(kind, key), (uint8_t)kind, keep(b, key), keep(b, value)};
}

/* A record that points to an indicator's own. */
struct pointing {
	struct watch_builder *builder;
	const struct watched *watched;
	unsigned own_kind;
	struct slice own_key;
};

static void add_other(void *ctx, enum ioc_kind kind, struct slice key)
{
	struct pointing *p = ctx;
	struct watch_builder *b = p->builder;
	if ((unsigned)kind == p->own_kind && slice_eq(p->own_key, key))
		return;
	buf_clear(&b->value);
	watch_put_other(p->watched, p->own_kind, p->own_key, &b->value);
	add_item(b, kind, key, buf_view(&b->value));
}

int watch_add(struct watch_builder *b, const struct watched *w, struct err *err)
{
	unsigned kind = watch_own_place(&w->indicator, &b->own_key);
	assert(kind > 0 && kind < SORTED_KINDS);
	buf_clear(&b->value);
	watch_put_own(w, &b->value);
	add_item(b, kind, buf_view(&b->own_key), buf_view(&b->value));
	struct pointing pointing = {b, w, kind, buf_view(&b->own_key)};
	ioc_also_keys(&w->indicator, UINT32_MAX, add_other, &pointing);
	if (b->mem.used + b->cap * sizeof(*b->items) < b->memory)
		return 0;
	return flush_part(b, err);
}

/* ---- parts ----------------------------------------------------------------------------------- */

struct part {
	struct sorted_reader *file;
	const struct sorted_record *at; /* NULL = at the end */
};

static int part_next(struct part *part, struct err *err)
{
	int rc = sorted_next(part->file, &part->at, err);
	if (rc == 0)
		part->at = NULL;
	return rc < 0 ? -1 : 0;
}

static int merge_parts(
	struct watch_builder *b, struct part *parts, struct sorted_writer *file, struct err *err)
{
	int rc = 0;
	for (uint32_t i = 0; i < b->parts && rc == 0; i++) {
		struct buf path;
		rc = sorted_open(part_path(b, i, &path), &parts[i].file, err);
		if (rc == 0)
			rc = part_next(&parts[i], err);
		buf_fini(&path);
	}
	while (rc == 0) {
		struct part *least = NULL;
		for (uint32_t i = 0; i < b->parts; i++) {
			if (parts[i].at &&
				(!least || sorted_order(parts[i].at->kind, parts[i].at->key,
						   least->at->kind, least->at->key) < 0))
				least = &parts[i];
		}
		if (!least)
			break;
		rc = put(b, file, true, least->at->kind, least->at->key, least->at->value, err);
		if (rc == 0)
			rc = part_next(least, err);
	}
	return rc == 0 ? end_sum(b, file, true, err) : -1;
}

int watch_finish(struct watch_builder *b, struct watch_facts *facts, struct err *err)
{
	struct sorted_writer *file = NULL;
	if (b->parts > 0 && b->n > 0 && flush_part(b, err) < 0)
		return -1;
	int rc = sorted_create(b->path, 0, &file, err);
	if (rc == 0 && b->parts == 0) {
		rc = write_items(b, file, true, err);
	} else if (rc == 0) {
		struct part *parts = xcalloc(b->parts, sizeof(*parts));
		rc = merge_parts(b, parts, file, err);
		for (uint32_t i = 0; i < b->parts; i++)
			sorted_close(parts[i].file);
		free(parts);
	}
	if (rc == 0)
		rc = sorted_finish(file, SLICE(""), &b->facts.file, err);
	sorted_writer_free(file);
	*facts = b->facts;
	return rc;
}
