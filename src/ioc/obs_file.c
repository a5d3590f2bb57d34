/* SPDX-License-Identifier: Apache-2.0 */
/* obs_file.c: sightings as records of a sorted file, and back. What is read is checked. */
#include "base/varint.h"
#include "ioc/obs_file.h"

#include <stdlib.h>

_Static_assert((int)IOC_KINDS <= (int)SORTED_KINDS, "a kind of the file for each");
_Static_assert((int)IOC_KEY_MAX <= (int)SORTED_KEY_MAX, "keys fit");

enum { VALUE_MOST = (4 + SIGHTING_ACTORS) * VARINT_MAX };

/* ---- writing --------------------------------------------------------------------------------- */

struct writing {
	struct sorted_writer *file;
	int64_t base;
};

static int add(void *ctx, const struct sighting *s, struct err *err)
{
	struct writing *w = ctx;
	char value[VALUE_MOST];
	bool timed = s->first <= s->last;
	char *to = value;
	to += varint_put(to, s->events << 1 | timed);
	if (timed) {
		to += varint_put(to, (uint64_t)s->first - (uint64_t)w->base);
		to += varint_put(to, (uint64_t)s->last - (uint64_t)s->first);
	}
	to += varint_put(to, (uint64_t)s->nactors << 1 | s->more_actors);
	for (uint32_t i = 0; i < s->nactors; i++)
		to += varint_put(to, s->actors[i] - (i ? s->actors[i - 1] : 0));
	return sorted_add(
		w->file, s->kind, s->key, (struct slice){value, (size_t)(to - value)}, err);
}

static void print_names(const struct slice *names, uint32_t n, struct buf *out)
{
	for (uint32_t i = 0; i < n; i++)
		buf_varint_text(out, names[i]);
}

int obs_write(const char *path, const struct sighting_source *sources, uint32_t n, int64_t base,
	struct sorted_facts *facts, struct err *err)
{
	struct writing w = {.base = base};
	struct arena mem = {0};
	struct buf extra;
	uint32_t nnames;
	buf_init(&extra, UINT32_MAX);
	struct slice *names = sighting_names(sources, n, &mem, &nnames);
	print_names(names, nnames, &extra);
	int rc = extra.full ? err_set(err, ERR_LIMIT,
				      "%s: the names of actors take more than 4 GiB", path)
			    : sorted_create(path, (uint64_t)base, &w.file, err);
	if (rc == 0)
		rc = sightings_merge(sources, n, names, nnames, add, &w, err);
	if (rc == 0)
		rc = sorted_finish(w.file, buf_view(&extra), facts, err);
	sorted_writer_free(w.file);
	buf_fini(&extra);
	arena_fini(&mem);
	return rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct obs_reader {
	struct sorted_reader *file;
	int64_t base;
	char *extra;
	struct slice *names; /* NULL = not read yet */
	uint32_t nnames;
	struct sighting sighting;
	uint32_t actors[SIGHTING_ACTORS];
};

int obs_open(const char *path, struct obs_reader **reader, struct err *err)
{
	struct obs_reader *r = xcalloc(1, sizeof(*r));
	if (sorted_open(path, &r->file, err) < 0) {
		free(r);
		return -1;
	}
	r->base = (int64_t)sorted_tag(r->file);
	*reader = r;
	return 0;
}

void obs_close(struct obs_reader *r)
{
	if (!r)
		return;
	sorted_close(r->file);
	free(r->extra);
	free(r->names);
	free(r);
}

uint64_t obs_entries(const struct obs_reader *reader)
{
	return sorted_entries(reader->file);
}

uint32_t obs_kinds(const struct obs_reader *reader)
{
	return sorted_kinds(reader->file);
}

int64_t obs_base(const struct obs_reader *reader)
{
	return reader->base;
}

int obs_names(struct obs_reader *r, const struct slice **names, uint32_t *n, struct err *err)
{
	size_t bytes = 0, cap = 0;
	if (!r->names) {
		if (sorted_extra(r->file, &r->extra, &bytes, err) < 0)
			return -1;
		const char *at = r->extra, *end = at + bytes;
		r->names = xmalloc(sizeof(*r->names));
		while (at < end) {
			uint64_t len;
			if (!varint_take(&at, end, &len) || len > (uint64_t)(end - at))
				return sorted_damaged(r->file, "a name is damaged", err);
			if (r->nnames == cap) {
				cap = cap ? cap * 2 : 64;
				r->names = xrealloc(r->names, cap * sizeof(*r->names));
			}
			r->names[r->nnames++] = (struct slice){at, len};
			at += len;
		}
	}
	*names = r->names;
	*n = r->nnames;
	return 0;
}

static bool take_actors(struct obs_reader *r, const char *at, const char *end)
{
	struct sighting *s = &r->sighting;
	uint64_t n, less, actor = 0;
	if (!varint_take(&at, end, &n) || n >> 1 > SIGHTING_ACTORS)
		return false;
	s->nactors = (uint32_t)(n >> 1);
	s->more_actors = n & 1;
	s->actors = r->actors;
	for (uint32_t i = 0; i < s->nactors; i++) {
		if (!varint_take(&at, end, &less) || less >= SIGHTING_NAMES)
			return false;
		actor += less;
		/* Whether it has a name is known once names are read. */
		if (actor >= SIGHTING_NAMES || (r->names && actor >= r->nnames))
			return false;
		r->actors[i] = (uint32_t)actor;
	}
	return at == end;
}

static int take(struct obs_reader *r, const struct sorted_record *record,
	const struct sighting **sighting, struct err *err)
{
	struct sighting *s = &r->sighting;
	const char *at = record->value.ptr, *end = at + record->value.len;
	uint64_t events, first, length;
	bool ok = varint_take(&at, end, &events);
	*s = (struct sighting){.kind = (enum ioc_kind)record->kind,
		.key = record->key,
		.first = INT64_MAX,
		.last = INT64_MIN};
	if (ok && events & 1) {
		ok = varint_take(&at, end, &first) && varint_take(&at, end, &length);
		if (ok) {
			s->first = (int64_t)((uint64_t)r->base + first);
			s->last = (int64_t)((uint64_t)s->first + length);
		}
	}
	if (!ok || !take_actors(r, at, end))
		return sorted_damaged(r->file, "what is known of an observable is damaged", err);
	s->events = events >> 1;
	*sighting = s;
	return 1;
}

int obs_seek(struct obs_reader *r, enum ioc_kind kind, struct slice key,
	const struct sighting **sighting, struct err *err)
{
	const struct sorted_record *record;
	int rc = sorted_seek(r->file, kind, key, &record, err);
	return rc == 1 ? take(r, record, sighting, err) : rc;
}

int obs_next(struct obs_reader *r, const struct sighting **sighting, struct err *err)
{
	const struct sorted_record *record;
	int rc = sorted_next(r->file, &record, err);
	return rc == 1 ? take(r, record, sighting, err) : rc;
}

static int source_next(void *ctx, const struct sighting **sighting, struct err *err)
{
	return obs_next(ctx, sighting, err);
}

int obs_source(struct obs_reader *r, struct sighting_source *source, struct err *err)
{
	sorted_rewind(r->file);
	*source = (struct sighting_source){.next = source_next, .ctx = r};
	return obs_names(r, &source->names, &source->nnames, err);
}
