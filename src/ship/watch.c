/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c: waiting without turning in circles: inotify tells of changes, and a stop wakes it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "ship/private.h"

struct watch {
	int fd, id; /* of inotify and of the folder in it; -1 = none */
};

struct watch *watch_open(void)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));
	watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch->id = -1;
	return watch;
}

void watch_close(struct watch *watch)
{
	if (!watch)
		return;
	io_close(watch->fd);
	free(watch);
}

void watch_folder(struct watch *watch, const char *path)
{
	if (watch->fd < 0)
		return;
	int id = inotify_add_watch(watch->fd, path,
		IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR);
	if (watch->id >= 0 && id != watch->id)
		inotify_rm_watch(watch->fd, watch->id); /* the folder that was there before */
	watch->id = id;
}

/* What happened is of no interest: a look at the folder follows. */
static void drain(const struct watch *watch)
{
	char events[4096];
	while (watch->fd >= 0 && read(watch->fd, events, sizeof(events)) > 0)
		;
}

void watch_wait(
	struct watch *watch, int64_t until_us, bool listen, const volatile sig_atomic_t *stop)
{
	sigset_t held, before;
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	/* From here on a signal waits for ppoll, so that none comes between the look at the flag and
	 * the sleep. */
	pthread_sigmask(SIG_BLOCK, &held, &before);
	for (;;) {
		int64_t left = until_us - clock_mono_us();
		if (left <= 0 || (stop && *stop))
			break;
		struct timespec timeout = {left / SHIP_SECOND, left % SHIP_SECOND * 1000};
		struct pollfd events = {.fd = listen ? watch->fd : -1, .events = POLLIN};
		int ready = ppoll(&events, 1, &timeout, &before);
		if (ready > 0 || (ready < 0 && errno != EINTR))
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	drain(watch);
}
