/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jobs.c: all jobs, and the thread that starts their processes, reads them, ends them, and tells those that follow. Whoever follows is a
 * suspended connection with a buffer: an event is appended where the last one was taken, so that a slow reader costs one event and waits for
 * nobody. Locks are taken in this order: the jobs', a request's.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http/job.h"
#include "http/private.h"
#include "http/server.h"

enum { READS = 64 /* of one pipe in a round; what is left when a process has ended is less */ };

struct follower {
	struct request *r;
	struct job *job;
	uint64_t seen; /* of job->version */
	int64_t told;  /* monotonic */
};

struct jobs {
	const char *data;
	const char *const *args;
	pthread_mutex_t lock;
	pthread_t thread;
	int poke;            /* an eventfd */
	bool ending, detect; /* detect: there is something to look at */
	struct job *first;   /* the newest */
	struct follower followers[JOBS_FOLLOWERS];
	unsigned nfollowers;
};

static void poke(struct jobs *jobs)
{
	uint64_t one = 1;
	ssize_t unused = write(jobs->poke, &one, sizeof(one));
	(void)unused;
}

static struct job *find(struct jobs *jobs, const char *id)
{
	struct job *job = jobs->first;
	while (job && (job->house || strcmp(job->id, id) != 0))
		job = job->next;
	return job;
}

/* ---- those that follow ------------------------------------------------------------------------- */

/* Its answer ends; under its lock. */
static void send_away(struct request *r, bool broken)
{
	r->broken |= broken;
	r->ended = true;
	request_wake(r);
}

static void put_event(struct request *r, const struct job *job)
{
	bool over = job->state != JOB_RUNS;
	if (r->taken == r->out.len) {
		buf_clear(&r->out);
		r->taken = 0;
	}
	buf_printf(&r->out, "event: %s\ndata: ", over ? "end" : "job");
	job_json(job, over, &r->out);
	buf_puts(&r->out, "\n\n");
	if (over)
		send_away(r, false);
	else
		request_wake(r);
}

/* A client that closed its side, even if only for sending, has gone. The descriptor is open as long as the request is not freed. */
static bool has_gone(const struct request *r)
{
	struct pollfd fd = {.fd = r->fd, .events = POLLRDHUP};
	return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static void tell(struct follower *f, int64_t now)
{
	struct request *r = f->r;
	const struct job *job = f->job;
	pthread_mutex_lock(&r->lock);
	bool over = job->state != JOB_RUNS, taken = r->taken == r->out.len;
	if (!r->ended && has_gone(r))
		send_away(r, true);
	else if (!r->ended &&
		 (over || (taken && f->seen != job->version && now - f->told >= JOB_TELL_US))) {
		put_event(r, job);
		f->seen = job->version;
		f->told = now;
		request_stays(r);
	} else if (!r->ended && taken && now - f->told >= JOB_ALIVE_US) {
		buf_puts(&r->out, ": alive\n\n");
		f->told = now;
		request_stays(r);
		request_wake(r);
	}
	pthread_mutex_unlock(&r->lock);
}

int jobs_follow(struct request *r, const char *id, struct err *err)
{
	struct jobs *jobs = request_jobs(r);
	int rc = 0;
	if (!r->head)
		stream_begin(r, "text/event-stream");
	pthread_mutex_lock(&jobs->lock);
	struct job *job = find(jobs, id);
	if (!job)
		rc = err_set(err, ERR_NOT_FOUND, "there is no job %s: the last %d are kept", id,
			JOBS_KEPT);
	else if (jobs->nfollowers == JOBS_FOLLOWERS || jobs->ending)
		rc = err_set(err, ERR_BUSY,
			"%d connections follow jobs already: ask for the job itself",
			JOBS_FOLLOWERS);
	else if (!r->head) {
		r->followed = true;
		jobs->followers[jobs->nfollowers++] = (struct follower){
			.r = r, .job = job, .seen = UINT64_MAX}; /* told at once */
		poke(jobs);
	}
	pthread_mutex_unlock(&jobs->lock);
	if (r->head && rc == 0)
		stream_begin(r, "text/event-stream");
	if (rc < 0)
		r->form = REPLY_NONE;
	return rc;
}

void jobs_leave(struct jobs *jobs, struct request *r)
{
	pthread_mutex_lock(&jobs->lock);
	for (unsigned i = 0; i < jobs->nfollowers; i++) {
		if (jobs->followers[i].r == r)
			jobs->followers[i--] = jobs->followers[--jobs->nfollowers];
	}
	pthread_mutex_unlock(&jobs->lock);
}

/* ---- begun ----------------------------------------------------------------------------------- */

static struct job *job_new(const char *who, struct job_order *order, int64_t act)
{
	struct job *job = xcalloc(1, sizeof(*job));
	uint8_t id[8];
	if (getrandom(id, sizeof(id), 0) != sizeof(id))
		abort(); /* there is no chance: as out of memory */
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(job->id + 2 * i, 3, "%02x", id[i]);
	job->kind = order->kind;
	job->target = xstrdup(order->target);
	job->role = order->role;
	snprintf(job->who, sizeof(job->who), "%s", who);
	job->started = clock_now_us();
	job->act = act;
	job->out = job->err = -1;
	buf_init(&job->steps, JOB_STEPS);
	buf_init(&job->line, JOB_LINE);
	buf_init(&job->result, JOB_RESULT);
	buf_init(&job->tail, JOB_LINE);
	job->asked = order->asked;
	buf_init(&order->asked, 0);
	job->order = *order;
	order->nwords = order->nsecrets = 0; /* they are the job's */
	return job;
}

/* ---- processes ------------------------------------------------------------------------------- */

/* The second half of the row that was written when it was asked for. */
static void note_end(struct jobs *jobs, const struct job *job)
{
	struct store *store;
	struct err err = {0};
	char result[1100];
	snprintf(result, sizeof(result), "%s%s",
		job->outcome == JOB_DONE        ? "done"
		: job->outcome == JOB_CANCELLED ? "cancelled"
						: "failed: ",
		job->outcome == JOB_FAILED ? job->error : "");
	if (store_open(jobs->data, STORE_WRITE, &store, &err) == 0) {
		(void)audit_end(store, job->act, result, &err);
		store_close(store);
	}
	if (err.kind)
		log_error("the audit log: %s", err.text);
}

static void start_job(struct job *job, const char *const *args)
{
	struct err err = {0};
	job->out = job->err = -1;
	if (job_spawn(job, args, &err) == 0)
		return;
	log_error("%s: %s", job->kind, err.text);
	job->error = xstrdup(err.text);
	job->exited = true;
	job->status = 127 << 8;
}

/* What is there now, a bounded part of it: the others wait. */
static void read_from(struct job *job, int *fd, void (*take)(struct job *job, struct slice bytes))
{
	char data[16 << 10];
	ssize_t n = 1;
	for (int i = 0; i < READS && *fd >= 0 && (n = read(*fd, data, sizeof(data))) > 0; i++)
		take(job, (struct slice){data, (size_t)n});
	if (*fd >= 0 && (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))) {
		close(*fd);
		*fd = -1;
	}
}

static void end_politely(struct job *job, bool asked)
{
	job->asked_to_end |= asked;
	if (job->pid <= 0 || job->kill_at)
		return;
	job->kill_at = clock_mono_us() + JOB_KILL_S * INT64_C(1000000);
	(void)kill(-job->pid, SIGTERM);
}

/* True where it has just ended, and what it wrote is read. */
static bool look(struct job *job, int64_t now)
{
	read_from(job, &job->out, job_said);
	read_from(job, &job->err, job_heard);
	if (job->pid > 0 && waitpid(job->pid, &job->status, WNOHANG) == job->pid) {
		read_from(job, &job->out, job_said);
		read_from(job, &job->err, job_heard);
		job->exited = true;
		job->pid = 0;
	}
	if (job->pid > 0 && job->kill_at && now >= job->kill_at)
		(void)kill(-job->pid, SIGKILL);
	if (!job->exited)
		return false;
	if (job->out >= 0)
		close(job->out);
	if (job->err >= 0)
		close(job->err);
	job->out = job->err = -1;
	job_settle(job);
	return true;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Waits until a process says something, somebody pokes, or a moment is over. */
static void wait_for(struct jobs *jobs, bool busy)
{
	struct pollfd fds[1 + 2 * (JOBS_RUNNING + 1)] = {{.fd = jobs->poke, .events = POLLIN}};
	nfds_t n = 1;
	uint64_t count;
	pthread_mutex_lock(&jobs->lock);
	for (struct job *job = jobs->first; job && n + 1 < sizeof(fds) / sizeof(*fds);
		job = job->next) {
		if (job->state != JOB_RUNS)
			continue;
		fds[n++] = (struct pollfd){.fd = job->out, .events = POLLIN};
		fds[n++] = (struct pollfd){.fd = job->err, .events = POLLIN};
	}
	pthread_mutex_unlock(&jobs->lock);
	(void)poll(fds, n, busy ? 100 : -1);
	if (fds[0].revents) {
		ssize_t unused = read(jobs->poke, &count, sizeof(count));
		(void)unused;
	}
}

/* The last one of the house goes; where there is something to look at, the next one begins. */
static void keep_house(struct jobs *jobs)
{
	for (struct job **at = &jobs->first; *at; at = &(*at)->next) {
		struct job *job = *at;
		if (!job->house)
			continue;
		if (job->state == JOB_RUNS)
			return;
		*at = job->next;
		job_free(job);
		break;
	}
	if (!jobs->detect || jobs->ending)
		return;
	struct job_order order;
	jobs->detect = false;
	order_init(&order, "detect new", "", ROLE_ADMIN);
	order_word(&order, "detect");
	order_word(&order, "--");
	order_word(&order, "new");
	struct job *job = job_new("", &order, 0);
	job->house = true;
	job->next = jobs->first;
	jobs->first = job;
}

/* One round; true where there is something to come back for. */
static bool round_of(struct jobs *jobs)
{
	struct job *over[JOBS_RUNNING + 1];
	unsigned nover = 0, running = 0;
	int64_t now = clock_mono_us();
	pthread_mutex_lock(&jobs->lock);
	keep_house(jobs);
	for (struct job *job = jobs->first; job; job = job->next) {
		if (job->state != JOB_RUNS)
			continue;
		if (job->pid == 0 && !job->exited)
			start_job(job, jobs->args);
		if (jobs->ending || job->asked_to_end)
			end_politely(job, true);
		if (look(job, now) && nover < JOBS_RUNNING + 1)
			over[nover++] = job;
		else
			running++;
	}
	for (unsigned i = 0; i < jobs->nfollowers; i++)
		tell(&jobs->followers[i], now);
	bool busy = running > 0 || nover > 0 || jobs->nfollowers > 0;
	pthread_mutex_unlock(&jobs->lock);
	/* They are over for others when that is noted; until then nobody removes them. */
	for (unsigned i = 0; i < nover; i++) {
		if (!over[i]->house)
			note_end(jobs, over[i]);
		else if (over[i]->outcome == JOB_FAILED)
			log_warn("%s: %s", over[i]->kind, over[i]->error);
		pthread_mutex_lock(&jobs->lock);
		over[i]->state = over[i]->outcome;
		over[i]->version++;
		pthread_mutex_unlock(&jobs->lock);
	}
	return busy;
}

static bool is_over(struct jobs *jobs)
{
	bool running = false;
	pthread_mutex_lock(&jobs->lock);
	bool ending = jobs->ending;
	for (const struct job *job = jobs->first; job; job = job->next)
		running |= job->state == JOB_RUNS;
	pthread_mutex_unlock(&jobs->lock);
	return ending && !running;
}

/* A death signal comes when the thread that forked ends: so it is this one that forks, which ends last. */
static void *main_of(void *ctx)
{
	struct jobs *jobs = ctx;
	bool busy = false;
	while (!is_over(jobs)) {
		wait_for(jobs, busy);
		busy = round_of(jobs);
	}
	return NULL;
}

struct jobs *jobs_new(const char *data, const char *const *args)
{
	struct jobs *jobs = xcalloc(1, sizeof(*jobs));
	jobs->data = data;
	jobs->args = args;
	jobs->poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&jobs->lock, NULL);
	if (jobs->poke < 0 || pthread_create(&jobs->thread, NULL, main_of, jobs) != 0)
		abort(); /* as out of memory */
	return jobs;
}

void jobs_end(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	jobs->ending = true;
	pthread_mutex_unlock(&jobs->lock);
	poke(jobs);
	pthread_join(jobs->thread, NULL);
	pthread_mutex_lock(
		&jobs->lock); /* libmicrohttpd's thread still frees those that go by themselves */
	for (unsigned i = 0; i < jobs->nfollowers; i++) {
		struct request *r = jobs->followers[i].r;
		pthread_mutex_lock(&r->lock);
		send_away(r, true);
		pthread_mutex_unlock(&r->lock);
	}
	pthread_mutex_unlock(&jobs->lock);
}

void jobs_free(struct jobs *jobs)
{
	while (jobs->first) {
		struct job *job = jobs->first;
		jobs->first = job->next;
		job_free(job);
	}
	close(jobs->poke);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs);
}

/* ---- asked by handlers ------------------------------------------------------------------------- */

static unsigned running_now(const struct jobs *jobs)
{
	unsigned n = 0;
	for (const struct job *job = jobs->first; job; job = job->next)
		n += job->state == JOB_RUNS && !job->house;
	return n;
}

static bool is_followed(const struct jobs *jobs, const struct job *job)
{
	for (unsigned i = 0; i < jobs->nfollowers; i++) {
		if (jobs->followers[i].job == job)
			return true;
	}
	return false;
}

/* The oldest ones that nobody needs go. */
static void make_room(struct jobs *jobs)
{
	unsigned n = 0;
	for (struct job *job = jobs->first; job; job = job->next)
		n++;
	while (n-- >= JOBS_KEPT) {
		struct job **oldest = NULL;
		for (struct job **at = &jobs->first; *at; at = &(*at)->next) {
			if ((*at)->state != JOB_RUNS && !is_followed(jobs, *at))
				oldest = at;
		}
		if (!oldest)
			return;
		struct job *gone = *oldest;
		*oldest = gone->next;
		job_free(gone);
	}
}

static int audit(struct request *r, const struct job_order *order, int64_t *act, struct err *err)
{
	const struct audit_act begun = {r->who, r->from, order->kind, order->target};
	struct store *store;
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return -1;
	int rc = audit_begin(store, &begun, act, err);
	store_close(store);
	return rc;
}

static int too_many(struct err *err)
{
	return err_set(
		err, ERR_BUSY, "%d jobs run already: wait for one, or cancel it", JOBS_RUNNING);
}

int jobs_start(struct request *r, struct job_order *order, struct err *err)
{
	struct jobs *jobs = request_jobs(r);
	int64_t act = 0;
	pthread_mutex_lock(&jobs->lock);
	bool full = jobs->ending || running_now(jobs) >= JOBS_RUNNING;
	pthread_mutex_unlock(&jobs->lock);
	if (full)
		return too_many(err);
	if (audit(r, order, &act, err) < 0)
		return -1;
	buf_clear(&r->out);
	buf_puts(&r->out, "{\"job\":");
	pthread_mutex_lock(&jobs->lock);
	full = jobs->ending || running_now(jobs) >= JOBS_RUNNING;
	if (!full) {
		make_room(jobs);
		struct job *job = job_new(r->who, order, act);
		job->next = jobs->first;
		jobs->first = job;
		job_json(job, false, &r->out);
		poke(jobs);
	}
	pthread_mutex_unlock(&jobs->lock);
	if (full) {
		struct job none = {
			.outcome = JOB_FAILED, .act = act, .error = (char[]){"too many jobs"}};
		note_end(jobs, &none);
		return too_many(err);
	}
	buf_puts(&r->out, "}\n");
	reply_done(r, 202, "application/json");
	return 0;
}

void jobs_list(struct jobs *jobs, struct buf *out)
{
	pthread_mutex_lock(&jobs->lock);
	buf_puts(out, "{\"jobs\":[");
	unsigned n = 0;
	for (const struct job *job = jobs->first; job; job = job->next) {
		if (job->house)
			continue;
		buf_puts(out, n++ ? "," : "");
		job_json(job, false, out);
	}
	buf_puts(out, "]}\n");
	pthread_mutex_unlock(&jobs->lock);
}

int jobs_get(struct jobs *jobs, const char *id, struct buf *out)
{
	pthread_mutex_lock(&jobs->lock);
	const struct job *job = find(jobs, id);
	if (job) {
		job_json(job, true, out);
		buf_push(out, '\n');
	}
	pthread_mutex_unlock(&jobs->lock);
	return job != NULL;
}

int jobs_cancel(struct jobs *jobs, const char *id, enum access_role role)
{
	int rc = 0;
	pthread_mutex_lock(&jobs->lock);
	struct job *job = find(jobs, id);
	if (job)
		rc = role >= job->role ? 1 : -1;
	if (rc == 1 && job->state == JOB_RUNS)
		end_politely(job, true);
	pthread_mutex_unlock(&jobs->lock);
	return rc;
}

void jobs_detect(struct jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	jobs->detect = true;
	pthread_mutex_unlock(&jobs->lock);
	poke(jobs);
}
