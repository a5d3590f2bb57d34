/* SPDX-License-Identifier: Apache-2.0 */
/* identity_test.c: identities against a naive model that follows identity.h to the letter, over
 * random sequences of batches, commits, give-ups, reopenings and merges. LONG=1 runs more seeds. */
#include "base/base.h"
#include "base/test.h"
#include "store/identity.h"

enum { KEYS = 40, CONTAINERS = 24, RUNS = 200 };

/* ---- the model: every sighting in one array, counted by going through it ---- */

struct sighting {
	int32_t day;
	uint32_t key, container, copy;
	uint64_t offset;
	bool overlap, stored;
};

struct model {
	struct sighting *all;
	size_t n, cap, committed;
};

static size_t count_overlap(const struct model *m, int32_t day, uint32_t key, uint32_t container)
{
	size_t n = 0;
	for (size_t i = 0; i < m->n; i++)
		n += m->all[i].day == day && m->all[i].key == key && m->all[i].overlap &&
		     m->all[i].container == container;
	return n;
}

static void model_add(struct model *m, struct sighting s)
{
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 256;
		m->all = xrealloc(m->all, m->cap * sizeof(*m->all));
	}
	m->all[m->n++] = s;
}

/* max(D, max O) > S, with the new sighting counted. */
static bool model_judge(struct model *m, struct sighting s, bool has_id, uint32_t *copy)
{
	size_t stored = 0, disjoint = !s.overlap, most = 0;
	for (size_t i = 0; i < m->n; i++) {
		const struct sighting *old = &m->all[i];
		if (old->day != s.day || old->key != s.key)
			continue;
		if (old->container == s.container && old->offset == s.offset)
			return false;
		stored += old->stored;
		disjoint += !old->overlap;
	}
	for (uint32_t c = 0; c < CONTAINERS; c++) {
		size_t n = count_overlap(m, s.day, s.key, c) + (s.overlap && c == s.container);
		most = n > most ? n : most;
	}
	if (has_id && stored > 0)
		return false;
	s.stored = (disjoint > most ? disjoint : most) > stored;
	s.copy = s.stored ? (uint32_t)stored : 0;
	*copy = s.copy;
	model_add(m, s);
	return s.stored;
}

/* ---- a world: the model, the real thing, and what happened to the files ---- */

struct world {
	uint64_t random;
	char *dir;
	struct identity *identity;
	struct id_run runs[RUNS];
	uint32_t nruns, names;
	bool closed[CONTAINERS];
	struct model model;
};

static uint32_t pick(struct world *w, uint32_t n)
{
	w->random += 0x9e3779b97f4a7c15;
	uint64_t z = w->random;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ z >> 31) >> 16) % n;
}

/* Keys that differ early, late, and only in the last byte: some share all that the filter's line
 * and the sort's first pass look at. The top bit of the number says that they have an id. */
static void make_key(uint32_t number, uint8_t key[16])
{
	memset(key, number % 3 == 0 ? 0xff : 0, 16);
	if (number % 3 == 1)
		key[0] = (uint8_t)(number * 37);
	if (number % 3 == 2)
		key[7] = (uint8_t)number;
	key[15] = (uint8_t)number;
}
static bool key_has_id(uint32_t number)
{
	return number % 5 == 0;
}

static int32_t pick_day(struct world *w)
{
	static const int32_t days[] = {ID_NO_DAY, -1, 0, 19000, 19001, 19002, 84006};
	return days[pick(w, COUNT(days))];
}

static bool is_overlap(uint32_t container)
{
	return container >= CONTAINERS / 3;
}

static uint32_t pick_container(struct world *w)
{
	for (;;) {
		uint32_t c = pick(w, CONTAINERS);
		if (!w->closed[c])
			return c;
	}
}

static void step_judge(struct world *w)
{
	enum { MOST = 400 };
	struct id_query queries[MOST];
	struct sighting sightings[MOST];
	uint32_t n = pick(w, 8) ? pick(w, 30) : pick(w, MOST);
	uint32_t keys = pick(w, 4) ? KEYS : 2, container = pick_container(w);
	int32_t day = pick_day(w);
	uint64_t offset = pick(w, 3) ? 0 : pick(w, 200);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t key = pick(w, keys);
		if (!pick(w, 10))
			day = pick_day(w);
		offset = pick(w, 20) ? offset + pick(w, 3) : pick(w, 300);
		sightings[i] = (struct sighting){.day = day,
			.key = key,
			.container = container,
			.offset = offset,
			.overlap = is_overlap(container)};
		queries[i] =
			(struct id_query){.day = day, .has_id = key_has_id(key), .offset = offset};
		make_key(key, queries[i].key);
	}
	struct err err = {0};
	if (identity_judge(w->identity, queries, n, container, is_overlap(container), &err) < 0)
		fail_msg("judge: %s", err.text);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t copy = 0;
		bool stored = model_judge(&w->model, sightings[i], queries[i].has_id, &copy);
		CHECK_ROW(i, stored == queries[i].stored);
		CHECK_ROW(i, copy == queries[i].copy);
	}
}

static void new_name(struct world *w, char name[64])
{
	snprintf(name, 64, "%08u.run", w->names++);
}

static void check_run(struct world *w, const struct id_run *run)
{
	char path[700];
	struct err err = {0};
	snprintf(path, sizeof(path), "%s/%s", w->dir, run->name);
	if (identity_check(path, run, &err) < 0)
		fail_msg("check: %s", err.text);
}

static void step_commit(struct world *w)
{
	char name[64];
	struct id_run run;
	struct err err = {0};
	new_name(w, name);
	if (identity_write(w->identity, name, &run, &err) < 0)
		fail_msg("write: %s", err.text);
	assert_int_equal(run.entries, w->model.n - w->model.committed);
	identity_committed(w->identity, &run);
	w->model.committed = w->model.n;
	if (run.entries) {
		check_run(w, &run);
		assert_true(w->nruns < RUNS);
		w->runs[w->nruns++] = run;
	}
}

static void step_discard(struct world *w)
{
	identity_discard(w->identity);
	w->model.n = w->model.committed;
}

static void step_reopen(struct world *w)
{
	struct err err = {0};
	identity_close(w->identity);
	w->identity = NULL;
	w->model.n = w->model.committed;
	if (identity_open(w->dir, w->runs, w->nruns, &w->identity, &err) < 0)
		fail_msg("open: %s", err.text);
}

static bool is_closed(void *ctx, uint32_t container)
{
	return ((struct world *)ctx)->closed[container];
}

/* What a merge may forget: sightings that were not stored, of containers that are over. */
static void merge(struct world *w, const uint32_t *indexes, uint32_t n)
{
	char name[64];
	struct id_run run;
	struct err err = {0};
	new_name(w, name);
	if (identity_merge(w->identity, indexes, n, name, is_closed, w, INT32_MIN, &run, &err) < 0)
		fail_msg("merge: %s", err.text);
	for (uint32_t i = 0; i < n; i++) {
		char path[700];
		snprintf(path, sizeof(path), "%s/%s", w->dir, w->runs[indexes[i]].name);
		assert_int_equal(unlink(path), 0);
		w->runs[indexes[i]].entries = 0;
	}
	uint32_t kept = 0;
	for (uint32_t i = 0; i < w->nruns; i++) {
		if (w->runs[i].entries)
			w->runs[kept++] = w->runs[i];
	}
	w->nruns = kept;
	if (run.entries) {
		check_run(w, &run);
		w->runs[w->nruns++] = run;
	}
	if (identity_reload(w->identity, w->runs, w->nruns, &err) < 0)
		fail_msg("reload: %s", err.text);
}

static void step_merge(struct world *w)
{
	uint32_t indexes[RUNS], n;
	while ((n = identity_merge_plan(w->identity, indexes, RUNS)) > 0)
		merge(w, indexes, n);
}

static void step_merge_some(struct world *w)
{
	uint32_t indexes[RUNS], n = 0;
	for (uint32_t i = 0; i < w->nruns; i++) {
		if (pick(w, 2))
			indexes[n++] = i;
	}
	if (n > 0)
		merge(w, indexes, n);
}

static void step_close_container(struct world *w)
{
	uint32_t c = pick(w, CONTAINERS - 1);
	w->closed[c] = is_overlap(c);
}

/* ---- at the end: the runs hold what the model holds ---- */

struct listed {
	struct world *w;
	size_t n;
};

static int find_entry(void *ctx, int32_t day, const struct id_entry *entry, struct err *err)
{
	(void)err;
	struct listed *listed = ctx;
	const struct model *m = &listed->w->model;
	for (size_t i = 0; i < m->n; i++) {
		const struct sighting *s = &m->all[i];
		uint8_t key[16];
		make_key(s->key, key);
		if (s->day == day && memcmp(key, entry->key, 16) == 0 &&
			s->container == entry->container && s->offset == entry->offset) {
			assert_int_equal(s->copy, entry->copy);
			assert_int_equal(!s->stored, !!(entry->flags & ID_SEEN));
			assert_int_equal(s->overlap, !!(entry->flags & ID_OVERLAP));
			listed->n++;
			return 0;
		}
	}
	fail_msg("an entry that nobody made");
	return -1;
}

static void check_entries(struct world *w)
{
	struct listed listed = {w, 0};
	size_t needed = 0, most = w->model.n;
	for (uint32_t i = 0; i < w->nruns; i++) {
		char path[700];
		struct err err = {0};
		snprintf(path, sizeof(path), "%s/%s", w->dir, w->runs[i].name);
		if (identity_each(path, find_entry, &listed, &err) < 0)
			fail_msg("each: %s", err.text);
	}
	for (size_t i = 0; i < most; i++)
		needed += w->model.all[i].stored || !w->closed[w->model.all[i].container];
	assert_true(listed.n >= needed && listed.n <= most);
	/* One merge of everything drops all that may be dropped, and no more. */
	if (w->nruns == 0)
		return;
	uint32_t indexes[RUNS];
	for (uint32_t i = 0; i < w->nruns; i++)
		indexes[i] = i;
	merge(w, indexes, w->nruns);
	assert_int_equal(w->nruns ? w->runs[0].entries : 0, needed);
}

static void one_seed(uint64_t seed)
{
	static void (*const steps[])(struct world *) = {step_judge, step_judge, step_judge,
		step_judge, step_judge, step_commit, step_commit, step_discard, step_reopen,
		step_merge, step_merge_some, step_close_container};
	struct world *w = xcalloc(1, sizeof(*w));
	struct err err = {0};
	w->random = seed * 7919 + 1;
	w->dir = test_folder();
	assert_int_equal(identity_open(w->dir, NULL, 0, &w->identity, &err), 0);
	for (uint32_t i = 10 + pick(w, 40); i > 0; i--)
		steps[pick(w, COUNT(steps))](w);
	step_commit(w);
	check_entries(w);
	identity_close(w->identity);
	test_remove(w->dir);
	free(w->model.all);
	free(w);
}

static uint64_t seed_running = UINT64_MAX;

static void agrees_with_the_model(void **state)
{
	(void)state;
	const char *from = getenv("SEED"), *longer = getenv("LONG");
	uint64_t seeds = longer && *longer ? 10000 : 200,
		 first = from ? strtoull(from, NULL, 0) : 0;
	for (uint64_t seed = first; seed < (from ? first + 1 : seeds); seed++) {
		seed_running = seed;
		one_seed(seed);
	}
	seed_running = UINT64_MAX;
}

static int name_seed(void **state)
{
	(void)state;
	if (seed_running != UINT64_MAX)
		print_error("failed with SEED=%llu\n", (unsigned long long)seed_running);
	return 0;
}

int main(void)
{
	/* Stopping a process loses nothing that was written: fsync may be quick here. */
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(agrees_with_the_model, name_seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
