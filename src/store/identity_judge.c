/* SPDX-License-Identifier: Apache-2.0 */
/* identity_judge.c: which sightings of a batch are new. Keys are sorted, then each day's are held
 * against the filters of that day; only what passes a filter, or stands twice in the batch, is
 * looked up. What identity.h calls max(D, max O) > S needs only the count that has just grown:
 * S is never below the others, since each of them was judged when it grew. */
#include <stdlib.h>
#include <string.h>

#include "store/identity_private.h"

/* A query of a key that stands several times in the batch. */
struct place_ref {
	uint64_t offset;
	uint32_t index;
	bool known, counted;
};

/* The sections of one day, and where new cells go. */
struct day {
	struct identity *identity;
	struct id_query *queries;
	uint32_t container;
	bool overlap;
	struct {
		struct run *run;
		struct section *section;
	} * sections;
	uint32_t nruns, n; /* the first nruns are files, the rest shelves */
	struct cell *out;
};

static uint64_t load_be(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

static int add_section(struct day *day, struct run *run, int32_t number, struct err *err)
{
	struct section *section = run_section(run, number);
	if (!section)
		return 0;
	if (run_load(run, section, err) < 0)
		return -1;
	section->used = day->identity->epoch;
	day->sections[day->n].run = run;
	day->sections[day->n++].section = section;
	return 0;
}

static int find_sections(struct day *day, int32_t number, struct err *err)
{
	struct identity *identity = day->identity;
	identity->epoch++;
	day->n = 0;
	for (uint32_t i = 0; i < identity->nslots; i++) {
		if (add_section(day, identity->slots[i].run, number, err) < 0)
			return -1;
	}
	day->nruns = day->n;
	for (uint32_t i = 0; i < identity->nshelves; i++) {
		if (add_section(day, identity->shelves[i], number, err) < 0)
			return -1;
	}
	return 0;
}

/* Marks the keys that may be known. */
static void probe(struct day *day, const struct ref *refs, uint32_t n, uint8_t *touched)
{
	memset(touched, 0, n);
	for (uint32_t s = 0; s < day->nruns; s++) {
		struct section *section = day->sections[s].section;
		if (!section->filter) {
			memset(touched, 1, n);
			return;
		}
		for (uint32_t i = 0; i < n; i++) {
			uint64_t *line = filter_line(section->filter, section->nlines, refs[i].hi);
			touched[i] |= filter_has(line, refs[i].lo);
		}
	}
	struct identity *identity = day->identity;
	for (uint32_t i = 0; i < n && day->n > day->nruns; i++) {
		uint64_t *line = filter_line(identity->filter, identity->nlines, refs[i].hi);
		touched[i] |= filter_has(line, refs[i].lo);
	}
}

static int tally_key(struct day *day, const struct cell *at, struct tally *tally, struct err *err)
{
	for (uint32_t s = 0; s < day->n; s++) {
		struct section *section = day->sections[s].section;
		if (section->filter &&
			!filter_has(filter_line(section->filter, section->nlines, at->hi), at->lo))
			continue;
		if (run_tally(day->sections[s].run, section, at, tally, err) < 0)
			return -1;
	}
	return 0;
}

/* Counts one sighting; true where it makes an entry. */
static bool judge(const struct day *day, struct id_query *query, bool known, struct tally *tally)
{
	query->stored = false;
	query->copy = 0;
	bool count = query->has_id ? tally->stored == 0 : !known;
	if (!count)
		return false;
	tally->own++;
	tally->disjoint += !day->overlap;
	if ((day->overlap ? tally->own : tally->disjoint) <= tally->stored && !query->has_id)
		return true;
	query->stored = true;
	query->copy = tally->next_copy++;
	tally->stored++;
	return true;
}

static void emit(struct day *day, const struct ref *ref, const struct id_query *query)
{
	unsigned flags = (query->stored ? 0 : ID_SEEN) | (day->overlap ? ID_OVERLAP : 0);
	*day->out++ = (struct cell){.hi = ref->hi,
		.lo = ref->lo,
		.container = day->container,
		.copy = query->copy,
		.place = query->offset << 8 | flags};
}

static int by_offset(const void *left, const void *right)
{
	const struct place_ref *a = left, *b = right;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->index < b->index ? -1 : 1;
}

static int by_index(const void *left, const void *right)
{
	const struct place_ref *a = left, *b = right;
	return a->index < b->index ? -1 : 1;
}

/* Marks those whose place is known already, from before or from within the batch. Sorted by offset
 * afterwards; *sorted tells whether they were so before. */
static int mark_known(struct day *day, struct place_ref *places, uint32_t n,
	const struct tally *tally, struct cell *at, bool *sorted, struct err *err)
{
	*sorted = true;
	for (uint32_t i = 1; i < n; i++)
		*sorted &= places[i - 1].offset <= places[i].offset;
	if (!*sorted)
		qsort(places, n, sizeof(*places), by_offset);
	for (uint32_t i = 0; i < n; i++) {
		places[i].known = i > 0 && places[i].offset == places[i - 1].offset;
		at->place = places[i].offset << 8;
		for (uint32_t s = 0;
			s < day->n && places[i].offset < tally->end && !places[i].known; s++) {
			int rc = run_knows(day->sections[s].run, day->sections[s].section, at, err);
			if (rc < 0)
				return -1;
			places[i].known = rc > 0;
		}
	}
	return 0;
}

/* Several sightings of one key: judged in their order, put out in the order of their offsets. */
static int judge_many(struct day *day, const struct ref *refs, uint32_t n, struct cell *at,
	struct tally *tally, struct err *err)
{
	struct place_ref *places = day->identity->places;
	bool sorted;
	for (uint32_t i = 0; i < n; i++)
		places[i] = (struct place_ref){
			.offset = day->queries[refs[i].index].offset, .index = refs[i].index};
	if (mark_known(day, places, n, tally, at, &sorted, err) < 0)
		return -1;
	if (!sorted)
		qsort(places, n, sizeof(*places), by_index);
	for (uint32_t i = 0; i < n; i++)
		places[i].counted =
			judge(day, &day->queries[places[i].index], places[i].known, tally);
	if (!sorted)
		qsort(places, n, sizeof(*places), by_offset);
	for (uint32_t i = 0; i < n; i++) {
		if (places[i].counted)
			emit(day, refs, &day->queries[places[i].index]);
	}
	return 0;
}

static int judge_key(
	struct day *day, const struct ref *refs, uint32_t n, bool touched, struct err *err)
{
	struct id_query *query = &day->queries[refs->index];
	struct cell at = {.hi = refs->hi,
		.lo = refs->lo,
		.container = day->container,
		.place = query->offset << 8};
	struct tally tally = {0};
	if (touched && tally_key(day, &at, &tally, err) < 0)
		return -1;
	if (n > 1)
		return judge_many(day, refs, n, &at, &tally, err);
	if (judge(day, query, tally.known, &tally))
		emit(day, refs, query);
	return 0;
}

static int judge_day(struct day *day, const struct ref *refs, uint32_t n, struct err *err)
{
	uint8_t *touched = day->identity->touched;
	if (find_sections(day, refs->day, err) < 0)
		return -1;
	probe(day, refs, n, touched);
	for (uint32_t i = 0, next; i < n; i = next) {
		next = i + 1;
		if (i + 8 < n)
			__builtin_prefetch(&day->queries[refs[i + 8].index]);
		while (next < n && refs[next].hi == refs[i].hi && refs[next].lo == refs[i].lo)
			next++;
		if (judge_key(day, refs + i, next - i, touched[i], err) < 0)
			return -1;
	}
	return 0;
}

static void unload_beyond(struct identity *identity, uint64_t epoch, size_t most)
{
	size_t loaded = 0;
	for (uint32_t i = 0; i < identity->nslots; i++)
		loaded += identity->slots[i].run->loaded;
	for (uint32_t i = 0; i < identity->nslots && loaded > most; i++)
		run_unload(identity->slots[i].run, epoch);
}

static void make_room(struct identity *identity, uint32_t n)
{
	shelf_filter_grow(identity, n);
	if (n <= identity->room)
		return;
	identity->room = n;
	identity->refs = xrealloc(identity->refs, n * sizeof(*identity->refs));
	identity->spare = xrealloc(identity->spare, n * sizeof(*identity->spare));
	identity->touched = xrealloc(identity->touched, n);
	identity->places = xrealloc(identity->places, n * sizeof(*identity->places));
}

static int judge_days(struct day *day, const struct ref *refs, uint32_t n, struct section **out,
	uint32_t *nout, struct err *err)
{
	uint32_t cap = 0;
	for (uint32_t i = 0, next; i < n; i = next) {
		next = i + 1;
		while (next < n && refs[next].day == refs[i].day)
			next++;
		const struct cell *before = day->out;
		if (judge_day(day, refs + i, next - i, err) < 0)
			return -1;
		unload_beyond(day->identity, day->identity->epoch, LOADED_MOST);
		if (day->out == before)
			continue;
		if (*nout == cap) {
			cap = cap ? cap * 2 : 16;
			*out = xrealloc(*out, cap * sizeof(**out));
		}
		(*out)[(*nout)++] = (struct section){
			.day = refs[i].day, .count = (uint64_t)(day->out - before)};
	}
	return 0;
}

static int sort_queries(
	struct identity *identity, const struct id_query *queries, uint32_t n, struct err *err)
{
	for (uint32_t i = 0; i < n; i++) {
		if (queries[i].offset >= ID_OFFSET_END)
			return err_set(err, ERR_LIMIT, "a place beyond 64 PiB in one input");
		identity->refs[i] = (struct ref){.hi = load_be(queries[i].key),
			.lo = load_be(queries[i].key + 8),
			.index = i,
			.day = day_clamp(queries[i].day)};
	}
	identity_sort(identity->refs, identity->spare, n);
	return 0;
}

int identity_judge(struct identity *identity, struct id_query *queries, uint32_t n,
	uint32_t container, bool overlap, struct err *err)
{
	if (n == 0)
		return 0;
	make_room(identity, n);
	if (identity_open_runs(identity, err) < 0 || sort_queries(identity, queries, n, err) < 0)
		return -1;
	uint64_t room;
	struct cell *cells = shelf_cells(identity, n, &room);
	struct section *sections = NULL;
	uint32_t nsections = 0;
	struct day day = {.identity = identity,
		.queries = queries,
		.container = container,
		.overlap = overlap,
		.out = cells};
	day.sections = xcalloc(identity->nslots + identity->nshelves, sizeof(*day.sections));
	int rc = judge_days(&day, identity->refs, n, &sections, &nsections, err);
	if (rc == 0)
		shelf_push(identity, cells, room, sections, nsections);
	else
		shelf_return(identity, cells, room);
	free(sections);
	free(day.sections);
	for (uint32_t i = 0; i < identity->nslots && identity->nslots > FILES_MOST; i++)
		run_close_file(identity->slots[i].run);
	return rc;
}
