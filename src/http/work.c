/* SPDX-License-Identifier: Apache-2.0 */
/*
 * work.c: requests at work: a queue, the threads that empty it, and the watch over clients that have gone. A request belongs to the
 * server's thread until it is added, to its worker until that ends, and is freed by whoever is last.
 *
 * Requests that hash a password have a lane and a worker of their own: however many sign in at once, they take the memory and the
 * processor of one, and keep no other request waiting.
 */
#include <poll.h>
#include <stdlib.h>

#include "http/private.h"

enum { WORKERS = HTTP_WORKERS + 1, LANES = 2 };

struct lane {
	pthread_cond_t more;
	struct request *first, *last; /* waiting */
	unsigned waiting;
};
struct work {
	pthread_mutex_t lock;
	struct lane lanes[LANES]; /* the last one is for passwords */
	struct request *at_work[WORKERS];
	bool ending;
	pthread_t threads[WORKERS];
};
struct worker {
	struct work *work;
	unsigned number;
};

/* The handler, and the end of its answer whatever became of it. */
static void run(struct request *r)
{
	struct err err = {0};
	int rc = r->stop ? err_set(&err, ERR_INTERRUPTED, "the service ends")
			 : r->route->handle(r, &err);
	if (rc < 0 && r->form == REPLY_NONE)
		reply_error(r, &err);
	else if (rc < 0) {
		if (err.kind != ERR_INTERRUPTED)
			log_warn("%s %s: %s", r->route->method, r->route->path, err.text);
		stream_end(r, true);
	}
	pthread_mutex_lock(&r->lock);
	if (!r->followed) {
		r->ended = true;
		request_wake(r);
	}
	pthread_mutex_unlock(&r->lock);
}

static struct request *take(struct work *work, unsigned number)
{
	struct lane *lane = &work->lanes[number < HTTP_WORKERS ? 0 : 1];
	pthread_mutex_lock(&work->lock);
	while (!lane->first && !work->ending)
		pthread_cond_wait(&lane->more, &work->lock);
	struct request *r = lane->first;
	if (r) {
		lane->first = r->next;
		lane->last = lane->first ? lane->last : NULL;
		lane->waiting--;
		work->at_work[number] = r;
	}
	pthread_mutex_unlock(&work->lock);
	return r;
}

static void *main_of(void *ctx)
{
	struct worker worker = *(struct worker *)ctx;
	struct work *work = worker.work;
	struct request *r;
	free(ctx);
	while ((r = take(work, worker.number))) {
		run(r);
		pthread_mutex_lock(&work->lock);
		work->at_work[worker.number] = NULL;
		r->queued = false;
		bool mine = r->finished;
		pthread_mutex_unlock(&work->lock);
		if (mine)
			request_free(r);
	}
	return NULL;
}

struct work *work_new(void)
{
	struct work *work = xcalloc(1, sizeof(*work));
	pthread_mutex_init(&work->lock, NULL);
	for (unsigned i = 0; i < LANES; i++)
		pthread_cond_init(&work->lanes[i].more, NULL);
	for (unsigned i = 0; i < WORKERS; i++) {
		struct worker *worker = xmalloc(sizeof(*worker));
		*worker = (struct worker){work, i};
		if (pthread_create(&work->threads[i], NULL, main_of, worker) != 0)
			abort(); /* as out of memory */
	}
	return work;
}

bool work_add(struct work *work, struct request *r)
{
	const bool hashes = r->route->body == BODY_PASSWORD;
	struct lane *lane = &work->lanes[hashes ? 1 : 0];
	pthread_mutex_lock(&work->lock);
	bool room = lane->waiting < (hashes ? HTTP_HASHING : HTTP_WAITING) && !work->ending;
	if (room) {
		r->queued = true;
		r->next = NULL;
		if (lane->last)
			lane->last->next = r;
		else
			lane->first = r;
		lane->last = r;
		lane->waiting++;
		pthread_mutex_lock(&r->lock); /* always within the other: see work_forget */
		r->parked = true;
		MHD_suspend_connection(r->connection);
		pthread_mutex_unlock(&r->lock);
		pthread_cond_signal(&lane->more);
	}
	pthread_mutex_unlock(&work->lock);
	return room;
}

static void stop(struct request *r)
{
	pthread_mutex_lock(&r->lock);
	r->stop = 1;
	pthread_cond_broadcast(&r->room);
	pthread_mutex_unlock(&r->lock);
}

void work_forget(struct work *work, struct request *r)
{
	pthread_mutex_lock(&work->lock);
	bool busy = r->queued;
	r->finished = true;
	if (busy)
		stop(r);
	pthread_mutex_unlock(&work->lock);
	if (!busy)
		request_free(r);
}

void request_limit(struct request *r, unsigned seconds)
{
	pthread_mutex_lock(&r->lock);
	r->until = clock_mono_us() + (int64_t)seconds * 1000000;
	pthread_mutex_unlock(&r->lock);
}

/* A client that closed its side, even if only for sending, has gone. The descriptor is open as long as the request is not finished. */
static void look(struct request *r)
{
	struct pollfd fd = {.fd = r->fd, .events = POLLRDHUP};
	pthread_mutex_lock(&r->lock);
	bool late = r->until && clock_mono_us() > r->until;
	r->late |= late;
	pthread_mutex_unlock(&r->lock);
	if (late && !r->stop)
		stop(r);
	if (!r->finished && !r->stop && poll(&fd, 1, 0) > 0 &&
		(fd.revents & (POLLRDHUP | POLLHUP | POLLERR)))
		stop(r);
}

/* One that holds a worker for a reader who takes nothing is broken off where others wait. */
static void look_stalled(struct request *r)
{
	pthread_mutex_lock(&r->lock);
	bool stalled = r->stalled && clock_mono_us() - r->stalled > HTTP_STALL_S * INT64_C(1000000);
	pthread_mutex_unlock(&r->lock);
	if (stalled)
		stop(r);
}

void work_watch(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	for (unsigned i = 0; i < WORKERS; i++) {
		if (work->at_work[i])
			look(work->at_work[i]);
		if (i < HTTP_WORKERS && work->at_work[i] && work->lanes[0].waiting > 0)
			look_stalled(work->at_work[i]);
	}
	for (unsigned i = 0; i < LANES; i++) {
		for (struct request *r = work->lanes[i].first; r; r = r->next)
			look(r);
	}
	pthread_mutex_unlock(&work->lock);
}

void work_end(struct work *work)
{
	pthread_mutex_lock(&work->lock);
	work->ending = true;
	for (unsigned i = 0; i < WORKERS; i++) {
		if (work->at_work[i])
			stop(work->at_work[i]);
	}
	for (unsigned i = 0; i < LANES; i++) {
		for (struct request *r = work->lanes[i].first; r; r = r->next)
			stop(r);
		pthread_cond_broadcast(&work->lanes[i].more);
	}
	pthread_mutex_unlock(&work->lock);
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(work->threads[i], NULL);
}

void work_free(struct work *work)
{
	for (unsigned i = 0; i < LANES; i++)
		pthread_cond_destroy(&work->lanes[i].more);
	pthread_mutex_destroy(&work->lock);
	free(work);
}
