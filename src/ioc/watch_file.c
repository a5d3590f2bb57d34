/* SPDX-License-Identifier: Apache-2.0 */
/* watch_file.c: a watchlist read, and walked along what was seen. The smaller of the two is walked, the other is asked. */
#include <stdlib.h>

#include "base/map.h"
#include "ioc/watch_value.h"

struct range {
	struct slice first, last; /* equally long */
	struct slice own;         /* the key of its record */
	struct slice reach;       /* the greatest `last` of this one and all before */
};
struct watch_file {
	struct sorted_reader *file;
	struct sorted_reader *aside; /* for questions out of order */
	struct arena mem;
	struct range *ranges; /* by kind (length), then by first */
	uint32_t nranges, cap;
	bool loaded;
	struct watched current;
	struct buf key;
};

int watch_file_open(const char *path, struct watch_file **out, struct err *err)
{
	struct watch_file *w = xcalloc(1, sizeof(*w));
	buf_init(&w->key, SORTED_KEY_MAX + 64);
	if (sorted_open(path, &w->file, err) < 0 || sorted_open(path, &w->aside, err) < 0) {
		watch_file_close(w);
		return -1;
	}
	*out = w;
	return 0;
}

void watch_file_close(struct watch_file *w)
{
	if (!w)
		return;
	sorted_close(w->file);
	sorted_close(w->aside);
	arena_fini(&w->mem);
	free(w->ranges);
	buf_fini(&w->key);
	free(w);
}

int watch_next(struct watch_file *w, const struct watched **watched, struct err *err)
{
	const struct sorted_record *record;
	int rc;
	while ((rc = sorted_next(w->file, &record, err)) == 1) {
		if (!(watch_flags(record->value) & WATCH_OWN))
			continue;
		if (!watch_take_own(record, &w->current))
			return sorted_damaged(w->file, "a record of an indicator is damaged", err);
		*watched = &w->current;
		return 1;
	}
	return rc;
}

/* The record of exactly that place. 1, 0, -1. */
static int find(struct sorted_reader *file, unsigned kind, struct slice key,
	const struct sorted_record **record, struct err *err)
{
	int rc = sorted_seek(file, kind, key, record, err);
	return rc == 1 ? (*record)->kind == kind && slice_eq((*record)->key, key) : rc;
}

int watch_has(struct watch_file *w, const struct watched *watched, struct err *err)
{
	const struct sorted_record *record;
	struct watched old;
	unsigned kind = watch_own_place(&watched->indicator, &w->key);
	int rc = find(w->file, kind, buf_view(&w->key), &record, err);
	if (rc != 1)
		return rc;
	if (!(watch_flags(record->value) & WATCH_OWN))
		return 0;
	if (!watch_take_own(record, &old))
		return sorted_damaged(w->file, "a record of an indicator is damaged", err);
	return (old.below || !watched->below) && old.expires >= watched->expires;
}

/* ---- what was hit ---------------------------------------------------------------------------- */

struct matching {
	struct watch_file *watch;
	struct obs_reader *run;
	struct map hits; /* kind and key of own records */
	struct buf entry;
	struct buf below;
	/* the parents of the last domain: those that were asked for already */
	char parent[IOC_KEY_MAX];
	size_t nparent;
};

static void hit_place(struct matching *m, unsigned kind, struct slice key)
{
	buf_clear(&m->entry);
	buf_push(&m->entry, (char)kind);
	buf_slice(&m->entry, key);
	(void)map_put(&m->hits, buf_view(&m->entry), NULL);
}

static int hit(struct matching *m, const struct sorted_record *record, struct err *err)
{
	unsigned kind;
	struct slice key;
	if (!watch_owner(record, &kind, &key))
		return sorted_damaged(m->watch->file, "a record of an indicator is damaged", err);
	hit_place(m, kind, key);
	return 0;
}

/* ---- ranges ---------------------------------------------------------------------------------- */

static void add_range(struct watch_file *w, struct slice first, struct slice last, struct slice own)
{
	struct slice reach = last;
	if (w->nranges > 0) {
		const struct range *before = &w->ranges[w->nranges - 1];
		if (before->first.len == last.len && slice_cmp(before->reach, last) > 0)
			reach = before->reach;
	}
	if (w->nranges == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->ranges = xrealloc(w->ranges, w->cap * sizeof(*w->ranges));
	}
	w->ranges[w->nranges++] = (struct range){first, last, own, reach};
}

static int load_ranges(struct watch_file *w, struct err *err)
{
	const struct sorted_record *record;
	if (w->loaded)
		return 0;
	w->loaded = true;
	int rc = sorted_seek(w->aside, WATCH_RANGES, SLICE(""), &record, err);
	while (rc == 1 && record->kind == WATCH_RANGES) {
		struct watched watched;
		struct slice own = {arena_strdup(&w->mem, record->key), record->key.len};
		struct sorted_record kept = {record->kind, own, record->value};
		if (!watch_take_own(&kept, &watched))
			return sorted_damaged(w->file, "a range of addresses is damaged", err);
		add_range(w, watched.indicator.key, watched.indicator.last, own);
		rc = sorted_next(w->aside, &record, err);
	}
	return rc < 0 ? -1 : 0;
}

/* Ranges come by kind, so the shorter addresses first. */
static bool starts_after(const struct range *range, struct slice address)
{
	return range->first.len != address.len ? range->first.len > address.len
					       : slice_cmp(range->first, address) > 0;
}

static void match_ranges(struct matching *m, struct slice address)
{
	const struct watch_file *w = m->watch;
	uint32_t low = 0, high = w->nranges;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (starts_after(&w->ranges[middle], address))
			high = middle;
		else
			low = middle + 1;
	}
	while (low-- > 0) {
		const struct range *range = &w->ranges[low];
		if (range->first.len != address.len || slice_cmp(range->reach, address) < 0)
			return;
		if (slice_cmp(range->last, address) >= 0)
			hit_place(m, WATCH_RANGES, range->own);
	}
}

/* ---- from what was seen ---------------------------------------------------------------------- */

/* The domains that a name is below of: com, com.example of com.example.www. Those that the name before had too were asked for. */
static int match_parents(struct matching *m, struct slice name, struct err *err)
{
	size_t same = slice_common((struct slice){m->parent, m->nparent}, name);
	for (size_t i = 0; i < name.len; i++) {
		const struct sorted_record *record;
		struct slice parent = {name.ptr, i};
		if (name.ptr[i] != '.' || i < same)
			continue;
		int rc = find(m->watch->aside, IOC_DOMAIN, parent, &record, err);
		if (rc == 1 && watch_flags(record->value) & WATCH_IS_BELOW &&
			hit(m, record, err) < 0)
			return -1;
		if (rc >= 0)
			rc = find(m->watch->aside, WATCH_BELOW, parent, &record, err);
		if (rc < 0 || (rc == 1 && hit(m, record, err) < 0))
			return -1;
	}
	memcpy(m->parent, name.ptr, name.len);
	m->nparent = name.len;
	return 0;
}

static int match_seen(struct matching *m, struct err *err)
{
	struct sighting_source source;
	const struct sighting *s;
	const struct sorted_record *record;
	int rc = obs_source(m->run, &source, err); /* from the beginning */
	if (rc == 0)
		rc = load_ranges(m->watch, err);
	while (rc == 0 && (rc = obs_next(m->run, &s, err)) == 1) {
		rc = find(m->watch->file, s->kind, s->key, &record, err);
		if (rc == 1)
			rc = hit(m, record, err);
		if (rc == 0 && s->kind == IOC_DOMAIN)
			rc = match_parents(m, s->key, err);
		if (rc == 0 && (s->kind == IOC_IPV4 || s->kind == IOC_IPV6))
			match_ranges(m, s->key);
	}
	return rc;
}

/* ---- from what is watched for ---------------------------------------------------------------- */

/* Whether the run holds a key from `first` on that is not greater than `last`, or begins with `first` where there is none. */
static int is_seen(struct matching *m, enum ioc_kind kind, struct slice first,
	const struct slice *last, struct err *err)
{
	const struct sighting *s;
	int rc = obs_seek(m->run, kind, first, &s, err);
	if (rc != 1)
		return rc;
	if (s->kind != kind)
		return 0;
	if (last)
		return slice_cmp(s->key, *last) <= 0;
	return s->key.len >= first.len && memcmp(s->key.ptr, first.ptr, first.len) == 0;
}

static int is_below_seen(struct matching *m, struct slice domain, struct err *err)
{
	buf_clear(&m->below);
	buf_slice(&m->below, domain);
	buf_push(&m->below, '.');
	return is_seen(m, IOC_DOMAIN, buf_view(&m->below), NULL, err);
}

static int match_record(struct matching *m, const struct sorted_record *record, struct err *err)
{
	struct watched range;
	if (record->kind == WATCH_BELOW)
		return is_below_seen(m, record->key, err);
	if (record->kind == WATCH_RANGES) {
		if (!watch_take_own(record, &range))
			return sorted_damaged(
				m->watch->file, "a range of addresses is damaged", err);
		return is_seen(
			m, range.indicator.kind, range.indicator.key, &range.indicator.last, err);
	}
	int rc = is_seen(m, (enum ioc_kind)record->kind, record->key, &record->key, err);
	if (rc == 0 && record->kind == IOC_DOMAIN && watch_flags(record->value) & WATCH_IS_BELOW)
		rc = is_below_seen(m, record->key, err);
	return rc;
}

static int match_watched(struct matching *m, struct err *err)
{
	const struct sorted_record *record;
	int rc;
	sorted_rewind(m->watch->file);
	while ((rc = sorted_next(m->watch->file, &record, err)) == 1) {
		rc = match_record(m, record, err);
		if (rc == 1)
			rc = hit(m, record, err);
		if (rc < 0)
			return -1;
	}
	return rc;
}

/* ---- both ------------------------------------------------------------------------------------ */

static int by_key(const void *left, const void *right)
{
	const struct map_entry *const *a = left, *const *b = right;
	return slice_cmp((*a)->key, (*b)->key);
}

static int tell_hits(struct matching *m,
	int (*each)(void *ctx, const struct watched *watched, struct err *err), void *ctx,
	struct err *err)
{
	const struct sorted_record *record;
	const struct map_entry **hits = xmalloc((m->hits.count + (size_t)1) * sizeof(*hits));
	int rc = 0;
	for (uint32_t i = 0; i < m->hits.count; i++)
		hits[i] = &m->hits.entries[i];
	if (m->hits.count > 1)
		qsort(hits, m->hits.count, sizeof(*hits), by_key);
	for (uint32_t i = 0; i < m->hits.count && rc == 0; i++) {
		struct slice key = hits[i]->key;
		rc = find(m->watch->aside, (unsigned char)key.ptr[0],
			(struct slice){key.ptr + 1, key.len - 1}, &record, err);
		if (rc == 0)
			continue; /* another indicator has its place: that one was told */
		if (rc == 1 && !watch_take_own(record, &m->watch->current))
			rc = sorted_damaged(
				m->watch->file, "a record of an indicator is damaged", err);
		if (rc == 1)
			rc = each(ctx, &m->watch->current, err);
	}
	free(hits);
	return rc;
}

int watch_match(struct watch_file *watch, struct obs_reader *run,
	int (*each)(void *ctx, const struct watched *watched, struct err *err), void *ctx,
	struct err *err)
{
	struct matching m = {.watch = watch, .run = run};
	buf_init(&m.entry, SORTED_KEY_MAX + 64);
	buf_init(&m.below, SORTED_KEY_MAX + 64);
	sorted_rewind(watch->file);
	int rc = obs_entries(run) <= sorted_entries(watch->file) ? match_seen(&m, err)
								 : match_watched(&m, err);
	if (rc == 0)
		rc = tell_hits(&m, each, ctx, err);
	map_fini(&m.hits);
	buf_fini(&m.entry);
	buf_fini(&m.below);
	return rc;
}
