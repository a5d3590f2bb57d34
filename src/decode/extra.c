/* SPDX-License-Identifier: Apache-2.0 */
/* extra.c: values that no column takes, kept as one JSON object a record, and what is counted of
 * them for `schema drift`. */
#include "decode/odd.h"

#include <stdlib.h>

enum {
	NAMES_KEPT = 1024,  /* a larger table is not cleared for each record but given back */
	DRIFT_PATHS = 4096, /* counted in one go; hostile keys must not fill the memory */
	DRIFT_PATH = 500,   /* bytes of a path that is counted */
};

/* ---- paths ---- */

/* `author.avatarUri`, `affectedObjects[0].foo`; without numbers for drift. */
static void put_path(struct buf *out, const struct frame *at, struct slice key, bool numbers)
{
	const struct frame *chain[64];
	unsigned n = 0;
	for (; at && at->node && n < 64; at = at->up)
		chain[n++] = at;
	while (n-- > 0) {
		if (out->len)
			buf_push(out, '.');
		buf_slice(out, chain[n]->node->key);
		if (chain[n]->index >= 0 && numbers)
			buf_printf(out, "[%lld]", (long long)chain[n]->index);
		else if (chain[n]->index >= 0)
			buf_puts(out, "[]");
	}
	if (!key.ptr)
		return;
	if (out->len)
		buf_push(out, '.');
	buf_slice(out, key);
}

struct slice extra_path(struct decoder *d, const struct frame *at, struct slice key)
{
	buf_clear(&d->path);
	put_path(&d->path, at, key, true);
	return d->path.len ? buf_view(&d->path) : SLICE("");
}

/* ---- names that stand already ---- */

static struct extra_name *find_name(struct extra_name *names, uint32_t cap, uint64_t hash)
{
	uint64_t s = hash & (cap - 1);
	while (names[s].hash && names[s].hash != hash)
		s = (s + 1) & (cap - 1);
	return &names[s];
}

static void grow_names(struct decoder *d)
{
	uint32_t old = d->extra_names_cap, cap = old ? old * 2 : 64;
	struct extra_name *names = xcalloc(cap, sizeof(*names));
	for (uint32_t i = 0; i < old; i++) {
		if (d->extra_names[i].hash)
			*find_name(names, cap, d->extra_names[i].hash) = d->extra_names[i];
	}
	free(d->extra_names);
	d->extra_names = names;
	d->extra_names_cap = cap;
}

/* The name's entry in this record, made where missing: then its number is 0. Valid until the next
 * call. By its keyed hash alone: were two names of one hash, the second would get a number that it
 * does not need. */
static struct extra_name *take_name(struct decoder *d, struct slice name)
{
	uint64_t hash = hash_bytes(name.ptr, name.len) | 1;
	if (d->nextra_names * 2 >= d->extra_names_cap)
		grow_names(d);
	struct extra_name *found = find_name(d->extra_names, d->extra_names_cap, hash);
	if (!found->hash) {
		found->hash = hash;
		d->nextra_names++;
	}
	return found;
}

/* Makes the name in d->path one that does not stand yet: name, name#2, name#3 … True where it had
 * to be numbered. */
static bool number_name(struct decoder *d)
{
	size_t len = d->path.len;
	struct extra_name *name = take_name(d, len ? buf_view(&d->path) : SLICE(""));
	uint32_t number = name->number;
	if (number == 0) {
		name->number = 1;
		return false;
	}
	do {
		d->path.len = len;
		buf_printf(&d->path, "#%u", ++number);
		name = take_name(d, buf_view(&d->path));
	} while (name->number > 0);
	name->number = 1;
	take_name(d, (struct slice){len ? d->path.ptr : "", len})->number = number;
	return true;
}

/* ---- drift ---- */

static const char *type_name(char c)
{
	switch (c) {
	case '"':
		return "string";
	case '{':
		return "object";
	case '[':
		return "array";
	case 't':
	case 'f':
		return "bool";
	case 'n':
		return "null";
	default:
		return "number";
	}
}

static void count_drift(
	struct decoder *d, const struct frame *at, struct slice key, const char *kind, char first)
{
	buf_clear(&d->path);
	put_path(&d->path, at, key, false);
	if (d->path.len > DRIFT_PATH)
		return;
	/* The strings' lengths are known from their first letters. */
	buf_push(&d->path, '\0');
	buf_push(&d->path, kind[0]);
	buf_push(&d->path, type_name(first)[0]);
	buf_push(&d->path, type_name(first)[1]);
	struct slice name = buf_view(&d->path);
	uint64_t *count = map_get(&d->drift, name);
	if (count)
		++*count;
	else if (d->drift.count < DRIFT_PATHS)
		*map_put(&d->drift, name, NULL) = 1;
}

uint32_t decoder_drift(struct decoder *d, const struct decode_drift **drift)
{
	static const char *const types[] = {"string", "object", "array", "bool", "null", "number"};
	if (d->drift_cap < d->drift.count) {
		d->drift_cap = d->drift.count;
		d->drift_list = xrealloc(d->drift_list, d->drift_cap * sizeof(*d->drift_list));
	}
	uint32_t n = 0;
	for (uint32_t i = 0; i < d->drift.count; i++) {
		struct map_entry *e = &d->drift.entries[i];
		if (e->value == 0)
			continue;
		struct decode_drift *out = &d->drift_list[n++];
		const char *tail = e->key.ptr + e->key.len - 3;
		*out = (struct decode_drift){.path = {e->key.ptr, e->key.len - 4},
			.kind = tail[0] == 'n' ? "new" : "retyped",
			.count = e->value};
		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
			if (memcmp(types[t], tail + 1, 2) == 0)
				out->seen = types[t];
		}
		e->value = 0;
	}
	*drift = d->drift_list;
	d->drift_told = true;
	return n;
}

/* ---- values ---- */

static void put_raw(struct decoder *d, struct slice json, bool repaired)
{
	if (!repaired) {
		buf_slice(&d->extra, json);
		return;
	}
	d->row_flags |= ROW_REPAIRED;
	json_repair(json, &d->extra);
}

/* Whether the value at this place stands in a column already, within an object that is kept whole. */
static bool is_kept(const struct frame *at)
{
	while (at && at->node && !(at->node->kind == NODE_OBJECT && at->node->builder))
		at = at->up;
	return at && at->node;
}

const char *odd_extra(struct decoder *d, const struct frame *at, struct slice key, const char *p,
	const char *kind)
{
	bool repaired = false, kept = is_kept(at);
	const char *end = odd_value(d, at->depth, p, &repaired);
	if (!end || (kept && kind && kind[0] == 'n'))
		return end;
	d->oddities++;
	if (kind)
		count_drift(d, at, key, kind, *p);
	extra_path(d, at, key);
	if (number_name(d) && kind) /* an unknown key that stands twice */
		d->row_flags |= ROW_REPAIRED;
	if (kept)
		return end;
	buf_push(&d->extra, d->extra.len ? ',' : '{');
	text_json_string(&d->extra, d->path.len ? buf_view(&d->path) : SLICE(""));
	buf_push(&d->extra, ':');
	put_raw(d, (struct slice){p, (size_t)(end - p)}, repaired);
	return end;
}

int odd_finish(struct decoder *d)
{
	if (d->extra.len == 0 && !d->extra.full)
		return 0;
	buf_push(&d->extra, '}');
	if (d->extra.full) {
		parse_fail(d, d->begin, "the fields that no column takes need too much room");
		return -1;
	}
	builder_put(&d->builders[SYS_EXTRA], d->row, d->extra.ptr, (uint32_t)d->extra.len);
	return 0;
}

void extra_reset(struct decoder *d)
{
	buf_clear(&d->extra);
	if (d->extra_names_cap > NAMES_KEPT) {
		free(d->extra_names);
		d->extra_names = NULL;
		d->extra_names_cap = 0;
	} else if (d->nextra_names) {
		memset(d->extra_names, 0, d->extra_names_cap * sizeof(*d->extra_names));
	}
	d->nextra_names = 0;
	if (d->drift_told) {
		map_fini(&d->drift);
		d->drift_told = false;
	}
}
