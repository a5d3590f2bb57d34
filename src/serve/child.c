/* SPDX-License-Identifier: Apache-2.0 */
/* child.c: one process: started, asked after, ended. It ends with this one, however this one ends. */
#include "serve/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MOST = 32, STOPPED = 130 };

/* In the new process: until exec nothing but calls that are safe between fork and exec. */
static void become(char **argv, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1); /* it has ended already */
	setpgid(0, 0);    /* Ctrl-C is for the service, which asks its processes to end */
	sigset_t none;
	sigemptyset(&none); /* a thread that takes no signals may have started it */
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(127);
}

int child_start(struct child *child, const char *const *args, struct err *err)
{
	char *argv[ARGS_MOST + 4] = {0};
	/* Another process of the service sends to the cluster. */
	const char *const collect[] = {"collect", child->name, "--no-send", NULL};
	size_t n = 0;
	argv[n++] = xstrdup("pugmark");
	for (const char *const *word = child->words ? child->words : collect; *word; word++)
		argv[n++] = xstrdup(*word);
	for (; args && *args && n < ARGS_MOST + 3; args++)
		argv[n++] = xstrdup(*args);
	pid_t parent = getpid();
	pid_t pid = fork();
	if (pid == 0)
		become(argv, parent);
	for (size_t i = 0; i < n; i++)
		free(argv[i]);
	if (pid < 0)
		return err_errno(err, "starting a process");
	child->pid = pid;
	return 0;
}

bool child_reap(struct child *child)
{
	int status;
	pid_t pid = waitpid(child->pid, &status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	child->status = pid > 0 ? status : 0;
	child->pid = 0;
	return true;
}

bool child_ended_well(const struct child *child)
{
	int status = WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -1;
	return status == 0 || status == STOPPED;
}

const char *child_how_ended(const struct child *child, char *text, size_t size)
{
	if (WIFSIGNALED(child->status))
		snprintf(text, size, "was ended by signal %d", WTERMSIG(child->status));
	else
		snprintf(text, size, "ended with status %d", WEXITSTATUS(child->status));
	return text;
}

void child_signal(struct child *child, int number)
{
	if (child->pid > 0)
		kill(child->pid, number);
}
