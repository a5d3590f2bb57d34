/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entity_people.c: the other names of a person. What is joined by what:
 *
 *   a mail address, an account id or key of 20 bytes and more   means one person everywhere
 *   a shorter id or key, a user name                            means one within a table and instance
 *   a display name                                              joins nothing: people share them
 *
 * Two values are linked where one event names one person by both. From the value that was asked for, links are followed
 * step by step; each step is a pass over the events of the names that it begins at. A name that goes with more than
 * ENTITY_BEARERS others of one kind is shared by many and leads no further.
 */
#include <stdlib.h>
#include <strings.h>

#include "query/entity_people.h"

/* ---- values ---------------------------------------------------------------------------------- */

bool name_is_nobody(struct slice text)
{
	static const char *const words[] = {"", "-", "-1", "0", "anonymous", "anonymous user",
		"unknown", "unknown user", "system", "none", "null", "nobody", "n/a", "undefined",
		"guest", "(none)"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text.len == strlen(words[i]) && strncasecmp(text.ptr, words[i], text.len) == 0)
			return true;
	}
	return false;
}

bool name_key(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	enum ioc_kind mail = IOC_EMAIL;
	buf_clear(key);
	if (text.len == 0 || text.len > TEXT_MOST)
		return false;
	if (*kind == IOC_USER && memchr(text.ptr, '@', text.len) && ioc_key(&mail, text, key) &&
		mail == IOC_EMAIL) {
		*kind = IOC_EMAIL;
		return true;
	}
	buf_clear(key);
	return ioc_key(kind, text, key);
}

static struct slice entry_of(struct buf *entry, enum ioc_kind kind, struct slice key)
{
	buf_clear(entry);
	buf_push(entry, (char)kind);
	buf_slice(entry, key);
	return buf_view(entry);
}

void people_want(struct people *p, enum ioc_kind kind, struct slice key)
{
	map_put(&p->wanted, entry_of(&p->entry, kind, key), NULL);
}

static bool is_wanted(struct people *p, enum ioc_kind kind, struct slice text)
{
	return name_key(&kind, text, &p->key) &&
	       map_get(&p->wanted, entry_of(&p->entry, kind, buf_view(&p->key)));
}

struct people *people_new(struct slice value, const struct entity_keys *keys)
{
	static const enum ioc_kind kinds[] = {IOC_USER, IOC_ACCOUNT, IOC_EMAIL};
	struct people *p = xcalloc(1, sizeof(*p));
	p->nobody = name_is_nobody(value);
	p->nodes = xcalloc(NODES_MOST, sizeof(*p->nodes));
	p->asked = xcalloc(NODES_MOST, sizeof(*p->asked));
	buf_init(&p->key, TEXT_MOST * 8);
	buf_init(&p->entry, TEXT_MOST * 16);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct slice key = keys->of[kinds[i]];
		p->keys.of[kinds[i]] = (struct slice){arena_strdup(&p->mem, key), key.len};
		if (key.len && !p->nobody)
			people_want(p, kinds[i], key);
	}
	return p;
}

void people_free(struct people *p)
{
	if (!p)
		return;
	map_fini(&p->node_ids);
	map_fini(&p->link_ids);
	map_fini(&p->tuple_ids);
	map_fini(&p->wanted);
	free(p->nodes);
	free(p->links);
	free(p->tuples);
	free(p->asked);
	buf_fini(&p->key);
	buf_fini(&p->entry);
	arena_fini(&p->mem);
	arena_fini(&p->pass_mem);
	free(p);
}

/* ---- what stands together -------------------------------------------------------------------- */

static struct tuple *tuple_of(struct people *p, const char *table, struct slice instance,
	const struct person_value *values, uint32_t n)
{
	struct buf entry;
	bool is_new;
	buf_init(&entry, (size_t)VALUES_MOST * (TEXT_MOST + 16) + (64 << 10));
	put_part(&entry, slice_of(table));
	put_part(&entry, instance);
	for (uint32_t i = 0; i < n; i++) {
		buf_push(&entry, (char)values[i].kind);
		buf_push(&entry, (char)values[i].naming);
		put_part(&entry, values[i].text);
	}
	struct slice key = buf_view(&entry);
	bool full = entry.full || p->tuple_ids.count == TUPLES_MOST;
	uint64_t *id =
		full && !map_get(&p->tuple_ids, key) ? NULL : map_put(&p->tuple_ids, key, &is_new);
	if (!id) {
		p->cut = "too many different persons in its events";
		buf_fini(&entry);
		return NULL;
	}
	if (is_new) {
		*id = p->tuple_ids.count - 1;
		if (*id == p->tuples_cap) {
			p->tuples_cap = p->tuples_cap ? p->tuples_cap * 2 : 64;
			p->tuples = xrealloc(p->tuples, p->tuples_cap * sizeof(*p->tuples));
		}
		struct tuple *t = &p->tuples[*id];
		*t = (struct tuple){.table = arena_strdup(&p->pass_mem, slice_of(table)),
			.instance = arena_strdup(&p->pass_mem, instance),
			.values = arena_alloc(&p->pass_mem, (n + 1ul) * sizeof(*values)),
			.n = n,
			.first = INT64_MAX,
			.last = INT64_MIN};
		for (uint32_t i = 0; i < n; i++) {
			t->values[i] = values[i];
			t->values[i].text.ptr = arena_strdup(&p->pass_mem, values[i].text);
		}
	}
	buf_fini(&entry);
	return &p->tuples[*id];
}

void people_add(struct people *p, const char *table, struct slice instance,
	const struct person_value *values, uint32_t n, uint64_t events, int64_t first, int64_t last)
{
	instance.len = instance.len < TEXT_MOST ? instance.len : TEXT_MOST;
	struct tuple *t = tuple_of(p, table, instance, values, n < VALUES_MOST ? n : VALUES_MOST);
	if (!t)
		return;
	t->events += events;
	t->first = first < t->first ? first : t->first;
	t->last = last > t->last ? last : t->last;
}

static bool is_wanted_at(
	struct people *p, struct person_column *column, const struct column *values, uint32_t i)
{
	uint8_t known = column->known ? column->known[values->codes[i]] : 0;
	if (known == 0) {
		known = is_wanted(p, column->kind, column_text(values, i)) ? 2 : 1;
		if (column->known)
			column->known[values->codes[i]] = known;
	}
	return known == 2;
}

/* Element i of a person's columns. */
static void take_person(struct people *p, const struct person_columns *person, const char *table,
	const struct batch *batch, uint32_t row, uint32_t i)
{
	struct person_value values[VALUES_MOST];
	const struct column *times = &batch->columns[SYS_EVENT_TIME];
	const struct column *instances = &batch->columns[SYS_INSTANCE];
	bool timed = times->n > 0 && !column_is_null(times, row), wanted = false;
	uint32_t n = 0;
	for (uint32_t c = 0; c < person->n && n < VALUES_MOST; c++) {
		struct person_column *column = &person->first[c];
		const struct column *texts = &batch->columns[column->column];
		if (texts->n == 0 || column_is_null(texts, i))
			continue;
		wanted |= is_wanted_at(p, column, texts, i);
		struct slice text = column_text(texts, i);
		if (text.len > 0 && text.len <= TEXT_MOST)
			values[n++] = (struct person_value){column->kind, column->naming, text};
	}
	if (!wanted)
		return;
	struct slice instance = instances->n == 0 || column_is_null(instances, row)
					? (struct slice){"", 0}
					: column_text(instances, row);
	people_add(p, table, instance, values, n, 1, timed ? times->i64[row] : INT64_MAX,
		timed ? times->i64[row] : INT64_MIN);
}

void people_take_row(struct people *p, struct entity_plan *plan, const char *table,
	const struct batch *batch, uint32_t row)
{
	for (uint32_t i = 0; i < plan->npersons; i++) {
		uint32_t from, to;
		const struct person_columns *person = &plan->persons[i];
		column_range(batch, person->first[0].column, row, &from, &to);
		for (uint32_t k = from; k < to; k++)
			take_person(p, person, table, batch, row, k);
	}
}
