/* SPDX-License-Identifier: Apache-2.0 */
/* job_order.c: from the members of a body to the words of a command, and its process. Secrets go through pipes: they are in no list of
 * processes, in no environment and in no file. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "http/job.h"
#include "http/private.h"
#include "json/json.h"

enum {
	FIRST_SECRET = 3,
	HIGH = 64 /* above the numbers that the child uses */,
	VALUE_MOST = 16 << 10
};

void order_init(
	struct job_order *order, const char *kind, const char *target, enum access_role role)
{
	*order = (struct job_order){.kind = kind, .target = target, .role = role};
	buf_init(&order->asked, 8 * HTTP_BODY_SMALL);
}

void order_fini(struct job_order *order)
{
	for (unsigned i = 0; i < order->nwords; i++)
		free(order->words[i]);
	for (unsigned i = 0; i < order->nsecrets; i++)
		close(order->secrets[i]);
	buf_fini(&order->asked);
	order->nwords = order->nsecrets = 0;
}

void order_word(struct job_order *order, const char *word)
{
	if (order->nwords < JOB_WORDS)
		order->words[order->nwords++] = xstrdup(word);
	else
		order->too_many = true;
}

void order_option(struct job_order *order, const char *option, const char *value)
{
	struct buf word;
	buf_init(&word, 2 * HTTP_BODY_SMALL);
	buf_printf(&word, value ? "--%s=%s" : "--%s", option, value);
	order_word(order, word.ptr);
	buf_fini(&word);
}

int order_secret(struct job_order *order, const char *option, struct slice secret, struct err *err)
{
	char path[32];
	int ends[2], high = -1;
	if (order->nsecrets == JOB_SECRETS || secret.len > VALUE_MOST)
		return err_set(err, ERR_USAGE, "\"%s\" is too long", option);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(err, "a pipe");
	/* It fits into the pipe: 64 KiB. */
	if (write(ends[1], secret.ptr, secret.len) == (ssize_t)secret.len)
		high = fcntl(ends[0], F_DUPFD_CLOEXEC, HIGH);
	close(ends[0]);
	close(ends[1]);
	if (high < 0)
		return err_errno(err, "a pipe");
	snprintf(path, sizeof(path), "/dev/fd/%u", FIRST_SECRET + order->nsecrets);
	order->secrets[order->nsecrets++] = high;
	order_option(order, option, path);
	return 0;
}

/* ---- members --------------------------------------------------------------------------------- */

static const struct job_member *find(const struct job_member *members, struct slice name)
{
	for (; members->name; members++) {
		if (slice_eq(name, slice_of(members->name)))
			return members;
	}
	return NULL;
}

static int wrong_type(const struct job_member *member, struct err *err)
{
	static const char *const wants[] = {"a string of well-formed characters", "a whole number",
		"true or false", "a string of well-formed characters",
		"a string of well-formed characters"};
	return err_set(err, ERR_USAGE, "\"%s\" must be %s", member->name, wants[member->type]);
}

/* What was asked for is shown again, so that nobody has to type it twice. */
static void note_asked(struct job_order *order, const struct job_member *member)
{
	buf_printf(&order->asked, "%s\"%s\":", order->asked.len ? "," : "", member->name);
}

static int take_text(struct job_order *order, const struct job_member *member, struct slice value,
	struct err *err)
{
	struct buf text;
	bool repaired = false;
	buf_init(&text, VALUE_MOST);
	int64_t end = value.ptr[0] == '"' ? json_unescape(value, 0, &text, &repaired) : -1;
	bool good = end >= 0 && !repaired && !text.full &&
		    !(text.len && memchr(text.ptr, '\0', text.len));
	int rc = good ? 0 : wrong_type(member, err);
	if (good && member->type == MEMBER_SECRET)
		rc = order_secret(order, member->option, buf_view(&text), err);
	else if (good) {
		note_asked(order, member);
		text_json_string(&order->asked, buf_view(&text));
	}
	if (good && member->type == MEMBER_TEXT) {
		buf_push(&text, '\0');
		order_option(order, member->option, text.ptr);
	}
	if (text.ptr)
		explicit_bzero(text.ptr, text.cap);
	buf_fini(&text);
	return rc;
}

static int take_number(struct job_order *order, const struct job_member *member, struct slice value,
	struct err *err)
{
	char text[32];
	int64_t n;
	if (text_parse_int(value, &n) < 0 || value.len >= sizeof(text))
		return wrong_type(member, err);
	snprintf(text, sizeof(text), "%.*s", SLICE_ARG(value));
	note_asked(order, member);
	buf_puts(&order->asked, text);
	order_option(order, member->option, text);
	return 0;
}

static int take(struct job_order *order, const struct job_member *member, struct slice value,
	struct err *err)
{
	if (slice_eq(value, SLICE("null")))
		return 0;
	if (member->type == MEMBER_NUMBER)
		return take_number(order, member, value, err);
	if (member->type != MEMBER_FLAG)
		return take_text(order, member, value, err);
	bool is_set = slice_eq(value, SLICE("true"));
	if (!is_set && !slice_eq(value, SLICE("false")))
		return wrong_type(member, err);
	note_asked(order, member);
	buf_puts(&order->asked, is_set ? "true" : "false");
	if (is_set)
		order_option(order, member->option, NULL);
	return 0;
}

int order_members(struct job_order *order, const struct job_member *members, struct slice body,
	struct err *err)
{
	uint64_t seen = 0;
	struct buf name, shown;
	struct slice value;
	int rc = 0;
	buf_init(&name, HTTP_BODY_SMALL);
	for (size_t at = 0; rc == 0 && json_next(body, &at, &name, &value);) {
		const struct job_member *member = find(members, buf_view(&name));
		uint64_t bit = member ? UINT64_C(1) << (member - members) : 0;
		buf_init(&shown, 400);
		text_escape(&shown, (struct slice){name.ptr, name.len < 60 ? name.len : 60});
		if (!member)
			rc = err_set(err, ERR_USAGE,
				"there is no member \"%.*s\" here: docs/api.md has them",
				SLICE_ARG(buf_view(&shown)));
		else if (seen & bit)
			rc = err_set(err, ERR_USAGE, "the member \"%s\" stands there twice",
				member->name);
		else
			rc = take(order, member, value, err);
		seen |= bit;
		buf_fini(&shown);
	}
	buf_fini(&name);
	if (rc == 0 && order->too_many)
		rc = err_set(err, ERR_USAGE, "too many members");
	return rc;
}

/* ---- the process ----------------------------------------------------------------------------- */

/* In the new process: until exec nothing but calls that are safe between fork and exec. */
static void become(const struct job_order *order, char **argv, const int ends[2], pid_t parent)
{
	sigset_t none;
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1); /* it has ended already */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(ends[0], 1) < 0 || dup2(ends[1], 2) < 0)
		_exit(126);
	for (unsigned i = 0; i < order->nsecrets; i++) {
		if (dup2(order->secrets[i], FIRST_SECRET + (int)i) < 0)
			_exit(126);
	}
	(void)close_range(FIRST_SECRET + order->nsecrets, ~0u, 0);
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* A pipe whose ends have high numbers, the reading one non-blocking. */
static int make_pipe(int ends[2])
{
	int low[2];
	if (pipe2(low, O_CLOEXEC) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, HIGH);
		close(low[i]);
	}
	if (ends[0] >= 0 && ends[1] >= 0 && fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0)
		return 0;
	close(ends[0]);
	close(ends[1]);
	return -1;
}

int job_spawn(struct job *job, const char *const *args, struct err *err)
{
	char *argv[2 * JOB_WORDS] = {0};
	const struct job_order *order = &job->order;
	int out[2], errs[2];
	unsigned n = 0;
	argv[n++] = xstrdup("pugmark");
	for (; args && *args && n < JOB_WORDS - 2; args++)
		argv[n++] = xstrdup(*args);
	argv[n++] = xstrdup("--json");
	argv[n++] = xstrdup("--progress=json");
	for (unsigned i = 0; i < order->nwords && n < 2 * JOB_WORDS - 1; i++)
		argv[n++] = xstrdup(order->words[i]);
	if (make_pipe(out) < 0)
		(void)err_errno(err, "a pipe");
	else if (make_pipe(errs) < 0) {
		(void)err_errno(err, "a pipe");
		close(out[0]);
		close(out[1]);
	} else {
		pid_t parent = getpid(), pid = fork();
		if (pid == 0)
			become(order, argv, (const int[]){out[1], errs[1]}, parent);
		if (pid > 0)
			(void)setpgid(pid, pid); /* whoever of the two comes first */
		else
			(void)err_errno(err, "starting a process");
		job->pid = pid > 0 ? pid : 0;
		close(out[1]);
		close(errs[1]);
		job->out = out[0];
		job->err = errs[0];
	}
	for (unsigned i = 0; i < n; i++)
		free(argv[i]);
	order_fini(&job->order);
	return job->pid > 0 ? 0 : -1;
}
