/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_match.c: stored alerts loaded, and matched with those found; each step is linear in what the steps before left. */
#include <stdlib.h>
#include <string.h>

#include "store/alerts_match.h"

/* ---- loading --------------------------------------------------------------------------------- */

struct loading {
	struct match_run *run;
	uint32_t cap;
	struct map ids; /* of those loaded */
};

#define STORED_COLUMNS                                                                             \
	"SELECT n, id, first_event, digest, first, last, events, new_events, state, was_state,"    \
	" evidence FROM alerts"

static struct slice key_of(const uint8_t id[16])
{
	return (struct slice){(const char *)id, 16};
}

static void add_stored(struct loading *loading, sqlite3_stmt *stmt)
{
	struct match_run *run = loading->run;
	if (run->nstored == loading->cap) {
		struct match_stored *more = arena_zalloc(
			&run->mem, loading->cap = 2 * loading->cap + 16, sizeof(*more));
		if (run->nstored)
			memcpy(more, run->stored, run->nstored * sizeof(*more));
		run->stored = more;
	}
	struct match_stored *s = &run->stored[run->nstored++];
	*s = (struct match_stored){
		.n = sqlite3_column_int64(stmt, 0),
		.first = sqlite3_column_int64(stmt, 4),
		.last = sqlite3_column_int64(stmt, 5),
		.events = (uint64_t)sqlite3_column_int64(stmt, 6),
		.new_events = (uint64_t)sqlite3_column_int64(stmt, 7),
		.state = (enum alert_state)sqlite3_column_int(stmt, 8),
		.was = (enum alert_state)sqlite3_column_int(stmt, 9),
	};
	catalog_blob(stmt, 1, s->id, ALERT_ID);
	catalog_blob(stmt, 2, s->first_event, 16);
	catalog_blob(stmt, 3, s->digest, 32);
	const void *evidence = sqlite3_column_blob(stmt, 10);
	s->nevents = evidence ? (uint32_t)sqlite3_column_bytes(stmt, 10) / 16 : 0;
	uint8_t(*copy)[16] = arena_zalloc(&run->mem, (size_t)s->nevents + 1, 16);
	if (evidence && s->nevents)
		memcpy(copy, evidence, (size_t)s->nevents * 16);
	s->evidence = (const uint8_t(*)[16])copy;
	*map_put(&loading->ids, key_of(s->id), NULL) = 1;
}

static int add_rows(struct loading *loading, sqlite3_stmt *stmt, struct err *err)
{
	struct rows rows = rows_of(loading->run->store, stmt);
	while (rows_next(&rows, err))
		add_stored(loading, stmt);
	return rows.answer;
}

static int by_state_and_first(const void *a, const void *b)
{
	const struct match_stored *x = a, *y = b;
	bool gone = x->state == ALERT_WITHDRAWN, also = y->state == ALERT_WITHDRAWN;
	if (gone != also)
		return gone - also;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (x->n > y->n) - (x->n < y->n);
}

static int load_all(
	struct loading *loading, const struct alert_cell *const *cells, uint32_t n, struct err *err)
{
	struct match_run *run = loading->run;
	for (uint32_t c = 0; c < n && run->there->rule; c++) {
		sqlite3_stmt *stmt = catalog_query(run->store, err,
			STORED_COLUMNS " WHERE rule = ? AND group_key = ? AND day = ?", "tbi",
			cells[c]->rule, cells[c]->group_key, (size_t)16, cells[c]->day);
		if (add_rows(loading, stmt, err) < 0)
			return -1;
	}
	/* An event whose time is read otherwise now moved its alert to another day. */
	for (uint32_t i = 0; i < run->nfound; i++) {
		bool is_new;
		uint64_t *there = map_put(&loading->ids, key_of(run->found[i].id), &is_new);
		if (*there == 2)
			return err_set(err, ERR_USAGE,
				"alerts_replace: two alerts of %.100s begin with one event",
				run->found[i].f.rule);
		*there = 2;
		is_new = is_new && run->there->rule;
		sqlite3_stmt *stmt =
			is_new ? catalog_query(run->store, err, STORED_COLUMNS " WHERE id = ?", "b",
					 run->found[i].id, (size_t)ALERT_ID)
			       : NULL;
		if (is_new && add_rows(loading, stmt, err) < 0)
			return -1;
		*map_put(&loading->ids, key_of(run->found[i].id), NULL) = 2;
	}
	return 0;
}

int match_load(
	struct match_run *run, const struct alert_cell *const *cells, uint32_t n, struct err *err)
{
	struct loading loading = {.run = run};
	int rc = load_all(&loading, cells, n, err);
	map_fini(&loading.ids);
	if (run->nstored > 1)
		qsort(run->stored, run->nstored, sizeof(*run->stored), by_state_and_first);
	return rc;
}

/* ---- matching -------------------------------------------------------------------------------- */

static void pair(struct match_found *found, struct match_stored *stored)
{
	found->old = stored;
	stored->taken = true;
}

/* Stored alerts by a key of 16 bytes; several may have one key, the first of them comes first. */
struct index {
	struct map heads; /* 1 + number in `links` */
	struct link {
		struct match_stored *stored;
		uint64_t next;
	} * links;
	uint64_t n, cap;
};

static void index_add(struct index *index, const uint8_t key[16], struct match_stored *stored)
{
	if (index->n == index->cap)
		index->links = xrealloc(
			index->links, (index->cap = 2 * index->cap + 64) * sizeof(*index->links));
	uint64_t *head = map_put(&index->heads, key_of(key), NULL);
	index->links[index->n] = (struct link){stored, *head};
	*head = ++index->n;
}

static struct match_stored *index_take(struct index *index, const uint8_t key[16])
{
	uint64_t *head = index->n ? map_get(&index->heads, key_of(key)) : NULL;
	/* What is taken by now need not be passed again. */
	while (head && *head && index->links[*head - 1].stored->taken)
		*head = index->links[*head - 1].next;
	return head && *head ? index->links[*head - 1].stored : NULL;
}

static void index_fini(struct index *index)
{
	map_fini(&index->heads);
	free(index->links);
}

/* By id, then by the first event. The last added comes first, so they are added backwards. */
static void match_first(struct match_run *run, bool by_id)
{
	struct index index = {0};
	for (uint32_t i = run->nstored; i-- > 0;) {
		struct match_stored *s = &run->stored[i];
		if (!s->taken)
			index_add(&index, by_id ? s->id : s->first_event, s);
	}
	for (uint32_t i = 0; i < run->nfound; i++) {
		struct match_found *found = &run->found[i];
		struct match_stored *s =
			found->old ? NULL
				   : index_take(&index, by_id ? found->id : found->f.events[0].id);
		if (s)
			pair(found, s);
	}
	index_fini(&index);
}

static bool any_left(const struct match_run *run)
{
	bool found = false, stored = false;
	for (uint32_t i = 0; i < run->nfound && !found; i++)
		found = !run->found[i].old;
	for (uint32_t i = 0; i < run->nstored && !stored; i++)
		stored = !run->stored[i].taken;
	return found && stored;
}

static void match_shared(struct match_run *run)
{
	struct index index = {0};
	for (uint32_t i = run->nstored; i-- > 0;) {
		struct match_stored *s = &run->stored[i];
		for (uint32_t e = 0; !s->taken && e < s->nevents; e++)
			index_add(&index, s->evidence[e], s);
	}
	for (uint32_t i = 0; i < run->nfound; i++) {
		struct match_found *found = &run->found[i];
		for (uint32_t e = 0; !found->old && e < found->f.nevents; e++) {
			struct match_stored *s = index_take(&index, found->f.events[e].id);
			if (s)
				pair(found, s);
		}
	}
	index_fini(&index);
}

static bool may_share(const struct match_found *found, const struct match_stored *stored)
{
	const struct alert_found *f = &found->f;
	bool timed = f->first != INT64_MIN && stored->first != INT64_MIN;
	bool known = f->nevents == f->count && stored->nevents == stored->events;
	return timed && !known && stored->first <= f->last && f->first <= stored->last;
}

/* Of stored[from, to), ascending by `first`: those that end before one found begins end before all later ones. */
static void match_times(struct match_run *run, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < run->nfound; i++) {
		struct match_found *found = &run->found[i];
		if (found->old || found->f.first == INT64_MIN)
			continue;
		while (from < to &&
			(run->stored[from].taken || run->stored[from].last < found->f.first))
			from++;
		for (uint32_t s = from;
			s < to && !found->old && run->stored[s].first <= found->f.last; s++) {
			if (!run->stored[s].taken && may_share(found, &run->stored[s]))
				pair(found, &run->stored[s]);
		}
	}
}

void match_find(struct match_run *run)
{
	match_first(run, true);
	match_first(run, false);
	if (!any_left(run))
		return;
	match_shared(run);
	uint32_t live = 0;
	while (live < run->nstored && run->stored[live].state != ALERT_WITHDRAWN)
		live++;
	match_times(run, 0, live);
	match_times(run, live, run->nstored);
}
