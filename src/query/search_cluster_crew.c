/* SPDX-License-Identifier: Apache-2.0 */
/* search_cluster_crew.c: several questions to a cluster at once, each over a connection of its own: a page of six tables takes as long as
 * the slowest of them, not as all of them together. */
#include <stdlib.h>

#include "query/search_private.h"

struct crew {
	struct search *search;
	int (*job)(struct worker *w, uint32_t n, void *ctx, struct err *err);
	void *ctx;
	uint32_t njobs;
	atomic_uint next;
	atomic_bool failed;
	struct err err; /* the first one; under the search's lock */
};

struct member {
	struct crew *crew;
	struct worker *w;
};

/* Connections for n members, the first of which has that of the search; how many there are. Nobody asks meanwhile. */
static unsigned connect_all(struct search *s, unsigned n)
{
	struct clustered *c = s->clustered;
	for (unsigned i = 1; i < n; i++)
		if (!c->connections[i] && cluster_twin(c->connections[0], s->request->stop,
						  &c->connections[i], NULL) < 0)
			return i;
	return n;
}

static void crew_failed(struct crew *crew, const struct err *err)
{
	pthread_mutex_lock(&crew->search->lock);
	if (!atomic_load(&crew->failed))
		crew->err = *err;
	atomic_store(&crew->failed, true);
	pthread_mutex_unlock(&crew->search->lock);
}

static void *work(void *ctx)
{
	struct member *member = ctx;
	struct crew *crew = member->crew;
	struct err err = {0};
	uint32_t job;
	while (!atomic_load(&crew->failed) &&
		(job = atomic_fetch_add(&crew->next, 1)) < crew->njobs)
		if (crew->job(member->w, job, crew->ctx, &err) < 0)
			crew_failed(crew, &err);
	return NULL;
}

int clustered_each(struct search *s, struct worker *workers, uint32_t njobs,
	int (*job)(struct worker *w, uint32_t n, void *ctx, struct err *err), void *ctx,
	struct err *err)
{
	struct crew crew = {.search = s, .job = job, .ctx = ctx, .njobs = njobs};
	struct worker passing[CLUSTERED_AT_ONCE] = {0};
	struct member members[CLUSTERED_AT_ONCE];
	unsigned n = connect_all(s, njobs < CLUSTERED_AT_ONCE ? njobs : CLUSTERED_AT_ONCE);
	/* The first is this thread, so that there is always one. */
	for (unsigned i = 0; i < n; i++) {
		struct worker *w = workers ? &workers[i] : &passing[i];
		w->search = s;
		w->cluster = s->clustered->connections[i];
		members[i] = (struct member){&crew, w};
		w->started = i > 0 && pthread_create(&w->thread, NULL, work, &members[i]) == 0;
	}
	if (n > 0)
		work(&members[0]);
	for (unsigned i = 0; i < n; i++) {
		if (members[i].w->started)
			pthread_join(members[i].w->thread, NULL);
		members[i].w->started = false;
	}
	if (!atomic_load(&crew.failed))
		return 0;
	if (err)
		*err = crew.err;
	return -1;
}
