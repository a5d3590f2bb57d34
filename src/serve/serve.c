/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c: which processes there should be, and which there are. */
#include "serve/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "serve/child.h"
#include "store/cluster_setting.h"
#include "store/notifiers.h"
#include "store/watchlists.h"

#define SECOND INT64_C(1000000)

enum {
	LOOK_US = 2 * 1000000, /* at the connections */
	TICK_US = 200 * 1000,
	RESTART_MOST_S = 60, /* at most between a failure and the next start */
	STEADY_S = 60,       /* a process that ran for so long had started well */
	END_S = 60,          /* to finish, when the service ends */
};

struct service {
	const struct serve_options *options;
	bool beside; /* no service, but beside a process that collects: only what sends to a cluster */
	struct child *children; /* a list */
	int64_t looked;
	bool waiting_told;
	char trouble[1024]; /* with the folder, that was told last */
	unsigned wanted;    /* found by the last look */
};

/* ---- which sources --------------------------------------------------------------------------- */

static bool is_meant(const struct service *s, const char *name)
{
	if (!s->options->only)
		return true;
	for (const char *const *only = s->options->only; *only; only++) {
		if (strcmp(*only, name) == 0)
			return true;
	}
	return false;
}

static struct child *find(struct service *s, const char *name)
{
	struct child *child = s->children;
	while (child && strcmp(child->name, name) != 0)
		child = child->next;
	return child;
}

static struct child *want(struct service *s, const char *name)
{
	struct child *child = find(s, name);
	if (!child) {
		child = xcalloc(1, sizeof(*child));
		snprintf(child->name, sizeof(child->name), "%s", name);
		child->next = s->children;
		s->children = child;
	}
	child->wanted = true;
	s->wanted++;
	return child;
}

static int note_connection(void *ctx, const struct connection *c, struct err *err)
{
	struct service *s = ctx;
	(void)err;
	if (c->paused || strcmp(c->kind, "hook") == 0 || !is_meant(s, c->name))
		return 0;
	struct child *child = want(s, c->name);
	/* Connected again, or changed: what failed before may work now. */
	if (child->changed_at != c->changed_at)
		child->failures = 0, child->due = 0;
	child->changed_at = c->changed_at;
	return 0;
}

/* Where anybody is to be told of alerts, one process does so. It ends when there is nobody any more. */
static int note_notifier(void *ctx, const struct notifier *notifier, struct err *err)
{
	static const char *const words[] = {"notify", "run", NULL};
	(void)notifier;
	(void)err;
	want(ctx, "(alerts)")->words = words; /* a name that no source has */
	return 1;
}

/* Where there is a feed, one process fetches them all. It ends when there is none any more. */
static int note_feed(void *ctx, const struct watchlist *list, struct err *err)
{
	static const char *const words[] = {"ioc", "update", "--loop", NULL};
	(void)err;
	if (!*list->url || list->paused)
		return 0;
	want(ctx, "(feeds)")->words = words;
	return 1;
}

/* The API answers whatever is connected: it is no source, and nothing to wait for. */
static void want_http(struct service *s)
{
	struct child *child = want(s, "(http)"); /* a name that no source has */
	child->words = s->options->http;
	child->whole = true;
	s->wanted--;
}

/* What is stored is signed each hour: whatever is connected, and nothing to wait for. */
static void want_checkpoints(struct service *s)
{
	static const char *const words[] = {"checkpoint", "--loop", NULL};
	want(s, "(checkpoints)")->words = words;
	s->wanted--;
}

/* Where a cluster is set, one process sends there what comes. It ends when none is set any more. */
static int want_cluster(struct service *s, struct store *store, struct err *err)
{
	static const char *const words[] = {"cluster", "load", "--loop", NULL};
	int rc = store_cluster_is_set(store, err);
	if (rc == 1) {
		want(s, "(cluster)")->words = words; /* a name that no source has */
		s->wanted--;
	}
	return rc < 0 ? -1 : 0;
}

/* Looks at the connections. A folder that is not there yet has none. */
static int look(struct service *s, struct err *err)
{
	struct store *store;
	s->looked = clock_mono_us();
	s->wanted = 0;
	for (struct child *child = s->children; child; child = child->next)
		child->wanted = false;
	if (s->options->http)
		want_http(s);
	if (store_open(s->options->data, STORE_READ, &store, err) < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : -1;
	bool all = !s->options->only && !s->beside;
	if (all)
		want_checkpoints(s);
	int rc = s->beside ? 0 : store_connections(store, note_connection, s, err);
	if (rc == 0 && all)
		rc = notifier_list(store, NULL, note_notifier, s, err) < 0 ||
				     watchlists(store, note_feed, s, err) < 0
			     ? -1
			     : 0;
	if (rc == 0)
		rc = want_cluster(s, store, err);
	store_close(store);
	return rc;
}

/* ---- starting and ending --------------------------------------------------------------------- */

static int64_t jittered(int64_t us)
{
	uint32_t bits = 0;
	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		bits = (uint32_t)clock_mono_us();
	return us / 2 + (int64_t)(bits % 1000) * us / 1000;
}

static void note_end(struct child *child)
{
	char how[64];
	int64_t now = clock_mono_us();
	bool steady = now - child->started > STEADY_S * SECOND;
	if (child_ended_well(child)) {
		log_info("%s: its process has ended", child->name);
		child->due = now + SECOND;
		return;
	}
	child->failures = steady ? 1 : child->failures + 1;
	int64_t pause = SECOND;
	for (unsigned i = 1; i < child->failures && pause < RESTART_MOST_S * SECOND; i++)
		pause *= 2;
	pause = pause < RESTART_MOST_S * SECOND ? pause : RESTART_MOST_S * SECOND;
	child->due = now + jittered(pause);
	log_warn("%s: its process %s; it is started again in %d s", child->name,
		child_how_ended(child, how, sizeof(how)), (int)((child->due - now) / SECOND));
}

static void start_due(struct service *s)
{
	int64_t now = clock_mono_us();
	for (struct child *child = s->children; child; child = child->next) {
		struct err err;
		if (!child->wanted || child->pid > 0 || child->due > now)
			continue;
		child->started = now;
		if (child_start(child, child->whole ? NULL : s->options->args, &err) == 0) {
			log_info("%s: its process is %d", child->name, (int)child->pid);
			continue;
		}
		child->failures++;
		child->due = now + 10 * SECOND;
		log_error("%s: %s", child->name, err.text);
	}
}

static void reap(struct service *s)
{
	for (struct child *child = s->children; child; child = child->next) {
		if (child->pid > 0 && child_reap(child))
			note_end(child);
	}
}

static unsigned running(const struct service *s)
{
	unsigned n = 0;
	for (const struct child *child = s->children; child; child = child->next)
		n += child->pid > 0;
	return n;
}

static void tick(void)
{
	struct timespec wait = {0, TICK_US * 1000L};
	nanosleep(&wait, NULL);
}

/* Asks all to end, and waits: each commits what it has. */
static void end_all(struct service *s)
{
	int64_t until = clock_mono_us() + END_S * SECOND;
	for (struct child *child = s->children; child; child = child->next)
		child_signal(child, SIGTERM);
	while (running(s) > 0 && clock_mono_us() < until) {
		for (struct child *child = s->children; child; child = child->next) {
			if (child->pid > 0)
				child_reap(child);
		}
		tick();
	}
	for (struct child *child = s->children; child; child = child->next) {
		if (child->pid > 0)
			log_warn("%s: does not end: killed (nothing is lost)", child->name);
		child_signal(child, SIGKILL);
	}
	while (s->children) {
		struct child *child = s->children;
		s->children = child->next;
		free(child);
	}
}

/* ---- the service ----------------------------------------------------------------------------- */

/* One service a folder: a file of its own is locked. -1 where another has it. */
static int lock_folder(const char *data, struct err *err)
{
	struct buf path;
	buf_init(&path, 4096);
	buf_printf(&path, "%s/serve.lock", data);
	int fd = io_mkdirs(data, err) < 0 ? -1 : io_open(path.ptr, O_RDWR | O_CREAT, 0600, err);
	if (fd >= 0 && io_lock(fd, true, false, path.ptr, err) < 0) {
		io_close(fd);
		fd = -1;
		if (err->kind == ERR_BUSY)
			err_set(err, ERR_BUSY,
				"another pugmark serve (or collect) has the data folder %s: its "
				"log says "
				"what it does",
				data);
	}
	buf_fini(&path);
	return fd;
}

/* What is wrong with the folder now may be over soon, and the processes run: it is said once. */
static int look_failed(struct service *s, const struct err *why)
{
	if (strcmp(s->trouble, why->text) != 0)
		log_warn("%s", why->text);
	snprintf(s->trouble, sizeof(s->trouble), "%s", why->text);
	return 0;
}

static void tell_waiting(struct service *s)
{
	if (s->wanted > 0 || s->beside)
		s->waiting_told = false;
	else if (!s->waiting_told) {
		log_info("nothing is connected yet (or all is paused): pugmark connect");
		s->waiting_told = true;
	}
}

/* Looks, starts and reaps until *stop. */
static int watch(struct service *s, struct err *err)
{
	int rc = 0;
	while (!*s->options->stop && rc == 0) {
		bool first = s->looked == 0 && !s->beside;
		if (s->looked == 0 || clock_mono_us() - s->looked > LOOK_US) {
			rc = look(s, err);
			if (rc == 0)
				tell_waiting(s);
			else if (!first)
				rc = look_failed(s, err);
		}
		reap(s);
		start_due(s);
		tick();
	}
	end_all(s);
	return rc;
}

int serve_run(const struct serve_options *options, struct err *err)
{
	struct service service = {.options = options};
	int fd = lock_folder(options->data, err);
	if (fd < 0)
		return -1;
	log_info("serving %s", options->data);
	int rc = watch(&service, err);
	io_close(fd);
	log_info("ended");
	return rc;
}

/* ---- beside a process that collects ---------------------------------------------------------- */

struct serve_beside {
	struct serve_options options;
	volatile sig_atomic_t stop;
	pthread_t thread;
};

static void *run_beside(void *ctx)
{
	struct serve_beside *beside = ctx;
	struct service service = {.options = &beside->options, .beside = true};
	struct err err;
	(void)watch(&service, &err); /* logs what is wrong */
	return NULL;
}

struct serve_beside *serve_beside_start(const char *data, const char *const *args)
{
	struct serve_beside *beside = xcalloc(1, sizeof(*beside));
	sigset_t all, before;
	beside->options = (struct serve_options){.data = data, .args = args, .stop = &beside->stop};
	/* Signals are for the thread that collects: they end its waiting. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&beside->thread, NULL, run_beside, beside);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code == 0)
		return beside;
	log_warn("no thread could be started (%s): nothing is sent to a cluster from here, "
		 "pugmark cluster load does",
		strerror(code));
	free(beside);
	return NULL;
}

void serve_beside_end(struct serve_beside *beside)
{
	if (!beside)
		return;
	beside->stop = 1;
	pthread_join(beside->thread, NULL);
	free(beside);
}
