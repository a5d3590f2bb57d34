/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_search.c: sorted questions walked along sorted runs. Each thread has indicators of its own, so that answers need no lock. */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "query/clustered.h"
#include "query/ioc_private.h"
#include "ioc/obs_file.h"

enum {
	THREADS_MOST = 63,
	SHARE_LEAST = 20000, /* indicators that are worth a thread */
};

struct worker {
	const struct ioc_request *request;
	const struct observable_set *set;
	struct ioc_answers *answers;
	struct ioc_filling filling;
	uint32_t from, to;
	uint32_t kinds;
	struct obs_reader **readers; /* that it has opened: answers borrow names of them */
	uint32_t nreaders;
	int status;
	struct err err;
	pthread_t thread;
};

static int ask(struct worker *w, struct obs_reader *reader, const struct ioc_question *q,
	uint32_t table, const struct ioc_naming *naming, struct err *err)
{
	const struct sighting *s;
	int rc = obs_seek(reader, (enum ioc_kind)q->kind, ioc_question_key(q), &s, err);
	if (!q->last) {
		if (rc == 1 && s->kind == (enum ioc_kind)q->kind &&
			slice_eq(s->key, ioc_question_key(q)))
			ioc_fill(&w->filling, q->indicator, table, s, naming);
		return rc;
	}
	while (rc == 1 && s->kind == (enum ioc_kind)q->kind && ioc_in_range(q, s->key)) {
		ioc_fill(&w->filling, q->indicator, table, s, naming);
		rc = obs_next(reader, &s, err);
	}
	return rc;
}

static int walk(struct worker *w, const struct ioc_questions *questions, struct obs_reader *reader,
	uint32_t table, struct err *err)
{
	struct ioc_naming naming = {0};
	int rc = obs_names(reader, &naming.names, &naming.n, err);
	naming.hashes = xmalloc((naming.n + (size_t)1) * sizeof(*naming.hashes));
	for (uint32_t i = 0; i < naming.n && rc == 0; i++)
		naming.hashes[i] = hash_bytes(naming.names[i].ptr, naming.names[i].len);
	for (uint32_t i = 0; i < questions->n && rc >= 0; i++) {
		if (i % 4096 == 0 && w->request->stop && *w->request->stop)
			rc = err_set(err, ERR_INTERRUPTED, "interrupted");
		else
			rc = ask(w, reader, &questions->list[i], table, &naming, err);
	}
	free(naming.hashes);
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
		struct obs_reader *reader = run->reader; /* the first worker's */
		if (w->from > 0 && obs_open(run->path, &reader, &w->err) < 0) {
			w->status = -1;
			break;
		}
		if (w->from > 0)
			w->readers[w->nreaders++] = reader;
		w->status = walk(w, &questions, reader, table_of(w->answers, run->table), &w->err);
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
	assert(n > 0);
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

static int search_lake(struct store *store, const struct ioc_request *request,
	struct ioc_answers *answers, struct err *err)
{
	struct worker workers[THREADS_MOST] = {0};
	uint32_t n = request->n / SHARE_LEAST + 1,
		 threads = request->threads ? request->threads : 1;
	*answers = (struct ioc_answers){.n = request->n};
	if (observable_set_open(store, request->table, &answers->set, err) < 0)
		return -1;
	n = n < threads ? n : threads;
	n = n < THREADS_MOST ? n : THREADS_MOST;
	answers->nmem = n + 1;
	answers->unindexed = answers->set.unindexed;
	list_tables(&answers->set, answers);
	answers->readers = xcalloc((size_t)n * (answers->set.n + 1), sizeof(*answers->readers));
	struct ioc_filling filling;
	ioc_filling_begin(&filling, answers, &answers->mem[0]);
	uint32_t kinds = kinds_there(&answers->set);
	for (uint32_t i = 0; i < n; i++)
		workers[i] = (struct worker){.request = request,
			.set = &answers->set,
			.answers = answers,
			.filling = {answers, filling.list, filling.states, &answers->mem[i + 1]},
			.readers = answers->readers + (size_t)i * answers->set.n,
			.from = (uint32_t)((uint64_t)request->n * i / n),
			.to = (uint32_t)((uint64_t)request->n * (i + 1) / n),
			.kinds = kinds};
	answers->nreaders = n * answers->set.n;
	int status = run_workers(workers, n, err);
	ioc_filling_end(&filling);
	if (status < 0)
		ioc_answers_free(answers);
	return status;
}

int ioc_search(struct store *store, const struct ioc_request *request, struct ioc_answers *answers,
	struct err *err)
{
	struct cluster *cluster = NULL;
	*answers = (struct ioc_answers){.n = request->n};
	int rc = request->tables ? lake_cluster(store, NULL, request->stop, &cluster, err) : 0;
	if (rc == 0)
		return search_lake(store, request, answers, err);
	if (rc == 1)
		rc = ioc_search_cluster(cluster, request, answers, err);
	cluster_close(cluster);
	return rc;
}

void ioc_answers_free(struct ioc_answers *answers)
{
	for (uint32_t i = 0; i < answers->nreaders; i++)
		obs_close(answers->readers[i]);
	free(answers->readers);
	free((void *)(uintptr_t)answers->list); /* ours */
	observable_set_close(&answers->set);
	for (uint32_t i = 0; i < answers->nmem; i++)
		arena_fini(&answers->mem[i]);
	*answers = (struct ioc_answers){0};
}
