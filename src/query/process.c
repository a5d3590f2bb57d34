/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c: starts this program anew as the SQL child and reads what it says. The child has its
 * own process group, so Ctrl-C reaches only the parent, which then kills it; SIGKILL is the only
 * signal used, since some of DuckDB's functions ignore every gentler request.
 */
#include "query/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "query/child.h"

enum { TICK_MS = 50, READ_BYTES = 64 << 10, FIRST_FD = 10, SECOND_US = 1000000 };

/* Sanitizers must let an allocation that is too large fail, as malloc does, and must not look for
 * leaks in a process that ends by _exit. */
static char sanitizer[] =
	"ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0:quarantine_size_mb=8:"
	"max_allocation_size_mb=65536";

/* The request as a memory file, at a descriptor that no dup2 below overwrites. */
static int request_file(const struct sql_request *request, struct err *err)
{
	struct buf bytes;
	buf_init(&bytes, SIZE_MAX);
	request_encode(request, &bytes);
	int fd = memfd_create("pugmark-sql", MFD_CLOEXEC), up = -1;
	if (fd >= 0)
		up = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);
	if (up < 0)
		err_errno(err, "the request of the SQL child");
	if (fd >= 0)
		close(fd);
	for (size_t done = 0; up >= 0 && done < bytes.len;) {
		ssize_t n = write(up, bytes.ptr + done, bytes.len - done);
		if (n < 0) {
			err_errno(err, "the request of the SQL child");
			close(up);
			up = -1;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	buf_fini(&bytes);
	return up;
}

static int answer_pipe(int *from, int *to, struct err *err)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, "pipe");
	*from = ends[0];
	*to = fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST_FD);
	close(ends[1]);
	if (*to < 0) {
		close(*from);
		return err_errno(err, "pipe");
	}
	return 0;
}

/* posix_spawn does not copy the parent's memory, however large, and may be called with threads. */
static int spawn(pid_t *pid, int request, int answer)
{
	char name[32], *argv[] = {name, NULL};
	char landlock[64], *envp[] = {sanitizer, NULL, NULL};
	const char *most = getenv("PUGMARK_LANDLOCK"); /* of tests, see sandbox.h */
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	snprintf(name, sizeof(name), "%s", child_name);
	snprintf(landlock, sizeof(landlock), "PUGMARK_LANDLOCK=%s", most ? most : "");
	if (most)
		envp[1] = landlock;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	for (int fd = 0; fd < REQUEST_FD; fd++)
		posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&actions, request, REQUEST_FD);
	posix_spawn_file_actions_adddup2(&actions, answer, ANSWER_FD);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	int rc = posix_spawn(pid, "/proc/self/exe", &actions, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

int process_start(struct process *process, const struct sql_request *request, unsigned seconds,
	const volatile int *stop, struct err *err)
{
	int to = -1;
	memset(process, 0, sizeof(*process));
	process->fd = -1;
	process->seconds = seconds;
	process->left_us = (int64_t)seconds * SECOND_US;
	process->stop = stop;
	buf_init(&process->in, LIMIT_FRAME + READ_BYTES + 16);
	int file = request_file(request, err);
	if (file < 0)
		return -1;
	if (answer_pipe(&process->fd, &to, err) != 0) {
		close(file);
		return -1;
	}
	int rc = spawn(&process->pid, file, to);
	close(file);
	close(to);
	if (rc == 0)
		return 0;
	process->pid = 0;
	errno = rc;
	return err_errno(err, "starting the SQL child");
}

/* The pipe ended without a last frame. */
static int explain_death(struct process *process, struct err *err)
{
	int status = 0;
	while (waitpid(process->pid, &status, 0) < 0 && errno == EINTR)
		;
	process->pid = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return err_set(err, ERR_LIMIT,
			"the SQL process was killed by the system, most likely because the machine "
			"ran out of memory: lower --memory or ask for less");
	if (WIFSIGNALED(status))
		return err_set(err, ERR_LIMIT,
			"the SQL engine gave up on this query (signal %d: %s): it met a limit that "
			"it cannot report, or a defect of its own; the store is not affected",
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	return err_set(err, ERR_IO, "the SQL process ended without an answer (status %d)",
		WEXITSTATUS(status));
}

/* Waits until there is something to read. */
static int wait_input(struct process *process, struct err *err)
{
	for (;;) {
		if (process->stop && *process->stop)
			return err_set(err, ERR_INTERRUPTED, "the query was stopped");
		if (process->left_us <= 0)
			return err_set(err, ERR_LIMIT,
				"the query took longer than %u seconds and was stopped: narrow it "
				"(WHERE event_time > …) or add --timeout",
				process->seconds);
		struct pollfd fds = {process->fd, POLLIN, 0};
		int64_t began = clock_mono_us();
		int n = poll(&fds, 1, TICK_MS);
		process->left_us -= clock_mono_us() - began;
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_errno(err, "waiting for the SQL process");
	}
}

/* Reads until `need` bytes from process->at are there. */
static int fill(struct process *process, size_t need, struct err *err)
{
	struct buf *in = &process->in;
	if (process->at && (process->at == in->len || in->len - process->at < need)) {
		memmove(in->ptr, in->ptr + process->at, in->len - process->at);
		in->len -= process->at;
		process->at = 0;
	}
	while (in->len - process->at < need) {
		if (wait_input(process, err) != 0)
			return -1;
		char *to = buf_reserve(in, READ_BYTES);
		if (!to)
			return err_set(err, ERR_LIMIT, "the SQL process sent too long a frame");
		ssize_t n = read(process->fd, to, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "reading from the SQL process");
		if (n == 0)
			return explain_death(process, err);
		in->len += (size_t)n;
	}
	return 0;
}

int process_frame(struct process *process, char *tag, struct slice *payload, struct err *err)
{
	uint32_t len;
	size_t head = 1 + sizeof(len);
	if (process->stop && *process->stop)
		return err_set(err, ERR_INTERRUPTED, "the query was stopped");
	if (fill(process, head, err) != 0)
		return -1;
	memcpy(&len, process->in.ptr + process->at + 1, sizeof(len));
	if (len > LIMIT_FRAME)
		return err_set(err, ERR_DAMAGED, "the SQL process sent a frame of %u bytes", len);
	if (fill(process, head + len, err) != 0)
		return -1;
	*tag = process->in.ptr[process->at];
	*payload = (struct slice){process->in.ptr + process->at + head, len};
	process->at += head + len;
	return 1;
}

void process_end(struct process *process)
{
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (process->fd >= 0)
		close(process->fd);
	process->pid = 0;
	process->fd = -1;
	buf_fini(&process->in);
}
