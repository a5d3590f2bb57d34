/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c (cli/): questions on the terminal. */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "cli/private.h"

/* Whether a line can be read; false where we were asked to stop, also just before this began. */
static bool wait_for_line(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	sigset_t stops, before;
	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	sigprocmask(SIG_BLOCK, &stops, &before);
	bool ready = !stop_requested && ppoll(&input, 1, NULL, &before) > 0;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ready && !stop_requested;
}

char *ask_line(const char *prompt, bool secret)
{
	struct termios before, silent;
	char *line = NULL;
	size_t cap = 0;
	bool hidden = secret && tcgetattr(STDIN_FILENO, &before) == 0;
	if (hidden) { /* before the question: who is quick is not echoed either */
		silent = before;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	}
	fprintf(stderr, "%s: ", prompt);
	ssize_t n = wait_for_line() ? getline(&line, &cap, stdin) : -1;
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (n < 0) {
		free(line);
		return NULL;
	}
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	return line;
}
