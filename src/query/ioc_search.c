/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_search.c: sorted questions walked along sorted runs. Each thread has indicators of its own, so that answers need no lock. */
#include <pthread.h>
#include <stdlib.h>

#include "query/ioc_private.h"
#include "ioc/obs_file.h"

enum {
	THREADS_MOST = 63,
	SHARE_LEAST = 20000, /* indicators that are worth a thread */
};

/* An answer while it is put together. */
struct filling {
	struct ioc_answer *answer;
	uint64_t *by_table;
	/* the observable that was seen first, to know whether there is another */
	enum ioc_kind kind;
	struct slice key;
	struct slice *actors;
};
struct worker {
	const struct ioc_request *request;
	const struct observable_set *set;
	struct ioc_answers *answers;
	struct filling *fillings; /* of all indicators */
	struct arena *mem;        /* its own */
	uint32_t from, to;
	uint32_t kinds;
	int status;
	struct err err;
	pthread_t thread;
};

static void add_actor(struct filling *f, struct slice name, struct arena *mem)
{
	struct ioc_answer *answer = f->answer;
	for (uint32_t i = 0; i < answer->nactors; i++) {
		if (slice_eq(f->actors[i], name))
			return;
	}
	if (answer->nactors == SIGHTING_ACTORS) {
		answer->more_actors = true;
		return;
	}
	if (!f->actors)
		answer->actors = f->actors = arena_alloc(mem, SIGHTING_ACTORS * sizeof(*f->actors));
	f->actors[answer->nactors++] = (struct slice){arena_strdup(mem, name), name.len};
}

static void take(struct worker *w, uint32_t indicator, uint32_t table, const struct sighting *s,
	const struct slice *names)
{
	struct filling *f = &w->fillings[indicator];
	struct ioc_answer *answer = f->answer;
	if (answer->events == 0) {
		f->kind = s->kind;
		f->key = (struct slice){arena_strdup(w->mem, s->key), s->key.len};
		answer->by_table = f->by_table =
			arena_zalloc(w->mem, w->answers->ntables, sizeof(*f->by_table));
	} else if (sighting_order(f->kind, f->key, s->kind, s->key) != 0) {
		answer->at_most = true;
	}
	answer->events += s->events;
	f->by_table[table] += s->events;
	answer->kinds |= 1u << s->kind;
	answer->more_actors |= s->more_actors;
	if (s->first <= s->last) {
		answer->first = s->first < answer->first ? s->first : answer->first;
		answer->last = s->last > answer->last ? s->last : answer->last;
	}
	for (uint32_t i = 0; i < s->nactors; i++)
		add_actor(f, names[s->actors[i]], w->mem);
}

static int ask(struct worker *w, struct obs_reader *reader, const struct ioc_question *q,
	uint32_t table, const struct slice *names, struct err *err)
{
	const struct sighting *s;
	int rc = obs_seek(reader, q->kind, q->key, &s, err);
	if (!q->range) {
		if (rc == 1 && s->kind == q->kind && slice_eq(s->key, q->key))
			take(w, q->indicator, table, s, names);
		return rc;
	}
	while (rc == 1 && s->kind == q->kind && ioc_in_range(q, s->key)) {
		take(w, q->indicator, table, s, names);
		rc = obs_next(reader, &s, err);
	}
	return rc;
}

static int walk(struct worker *w, const struct ioc_questions *questions, struct obs_reader *reader,
	uint32_t table, struct err *err)
{
	const struct slice *names;
	uint32_t nnames;
	int rc = obs_names(reader, &names, &nnames, err);
	for (uint32_t i = 0; i < questions->n && rc >= 0; i++) {
		if (i % 4096 == 0 && w->request->stop && *w->request->stop)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		rc = ask(w, reader, &questions->list[i], table, names, err);
	}
	return rc < 0 ? -1 : 0;
}

static uint32_t table_of(const struct ioc_answers *answers, const char *table)
{
	uint32_t i = 0;
	while (strcmp(answers->tables[i], table) != 0)
		i++;
	return i;
}

static void *work(void *ctx)
{
	struct worker *w = ctx;
	struct ioc_questions questions;
	ioc_questions_make(&questions, w->request, w->from, w->to, w->kinds);
	for (uint32_t i = 0; i < w->set->n && w->status == 0; i++) {
		const struct observable_run *run = &w->set->runs[i];
		struct obs_reader *own = NULL;
		/* The first worker has the set's own readers. */
		if (w->from > 0 && obs_open(run->path, &own, &w->err) < 0)
			w->status = -1;
		else
			w->status = walk(w, &questions, own ? own : run->reader,
				table_of(w->answers, run->table), &w->err);
		obs_close(own);
	}
	ioc_questions_free(&questions);
	return NULL;
}

static void list_tables(const struct observable_set *set, struct ioc_answers *answers)
{
	const char **tables = arena_alloc(&answers->mem[0], (set->n + (size_t)1) * sizeof(*tables));
	for (uint32_t i = 0; i < set->n; i++) { /* sorted by table */
		const char *table = set->runs[i].table;
		if (i == 0 || strcmp(table, set->runs[i - 1].table) != 0)
			tables[answers->ntables++] =
				arena_strdup(&answers->mem[0], slice_of(table));
	}
	answers->tables = tables;
}

static uint32_t kinds_there(const struct observable_set *set)
{
	uint32_t kinds = 0;
	for (uint32_t i = 0; i < set->n; i++)
		kinds |= obs_kinds(set->runs[i].reader);
	return kinds;
}

static int run_workers(struct worker *workers, uint32_t n, struct err *err)
{
	int status = 0;
	for (uint32_t i = 1; i < n; i++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
			work(&workers[i]);
			workers[i].thread = pthread_self();
		}
	}
	work(&workers[0]);
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0 && !pthread_equal(workers[i].thread, pthread_self()))
			pthread_join(workers[i].thread, NULL);
		if (workers[i].status < 0 && status == 0) {
			status = -1;
			if (err)
				*err = workers[i].err;
		}
	}
	return status;
}

int ioc_search(struct store *store, const struct ioc_request *request, struct ioc_answers *answers,
	struct err *err)
{
	struct observable_set set;
	struct worker workers[THREADS_MOST];
	uint32_t n = request->n / SHARE_LEAST + 1,
		 threads = request->threads ? request->threads : 1;
	*answers = (struct ioc_answers){.n = request->n};
	if (observable_set_open(store, request->table, &set, err) < 0)
		return -1;
	n = n < threads ? n : threads;
	n = n < THREADS_MOST ? n : THREADS_MOST;
	answers->nmem = n + 1;
	answers->unindexed = set.unindexed;
	list_tables(&set, answers);
	struct ioc_answer *list =
		arena_zalloc(&answers->mem[0], request->n + (size_t)1, sizeof(*list));
	struct filling *fillings = xcalloc(request->n + (size_t)1, sizeof(*fillings));
	for (uint32_t i = 0; i < request->n; i++) {
		list[i].first = INT64_MAX;
		list[i].last = INT64_MIN;
		fillings[i].answer = &list[i];
	}
	answers->list = list;
	uint32_t kinds = kinds_there(&set);
	for (uint32_t i = 0; i < n; i++)
		workers[i] = (struct worker){.request = request,
			.set = &set,
			.answers = answers,
			.fillings = fillings,
			.mem = &answers->mem[i + 1],
			.from = (uint32_t)((uint64_t)request->n * i / n),
			.to = (uint32_t)((uint64_t)request->n * (i + 1) / n),
			.kinds = kinds};
	int status = run_workers(workers, n, err);
	free(fillings);
	observable_set_close(&set);
	if (status < 0)
		ioc_answers_free(answers);
	return status;
}

void ioc_answers_free(struct ioc_answers *answers)
{
	for (uint32_t i = 0; i < answers->nmem; i++)
		arena_fini(&answers->mem[i]);
	*answers = (struct ioc_answers){0};
}
