/* SPDX-License-Identifier: Apache-2.0 */
/* io_fault.c: counts file operations and fails, tears or stops the Nth one. Without a fault it
 * costs one relaxed atomic add for an operation that changes something. */
#include "base/io.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/private.h"
#include "base/text.h"

enum { CLASS_CHANGE = IO_OPS, CLASS_ANY };
enum effect { EFFECT_NONE, EFFECT_ERRNO, EFFECT_KILL, EFFECT_AFTER, EFFECT_TORN };

struct fault {
	int class; /* an io_op, CLASS_CHANGE or CLASS_ANY */
	enum effect effect;
	int code;       /* errno of EFFECT_ERRNO */
	bool and_later; /* all operations from the Nth on */
	uint64_t nth;
};

static struct fault active = {.class = CLASS_CHANGE};
static atomic_uint_fast64_t counted;
static pthread_once_t from_environment = PTHREAD_ONCE_INIT;
static _Thread_local bool end_after; /* this thread's running operation is the last one */

static const char *const op_names[IO_OPS] = {
	[IO_OPEN] = "open",
	[IO_READ] = "read",
	[IO_WRITE] = "write",
	[IO_FSYNC] = "fsync",
	[IO_RENAME] = "rename",
	[IO_UNLINK] = "unlink",
	[IO_MKDIR] = "mkdir",
	[IO_TRUNCATE] = "truncate",
	[IO_LOCK] = "lock",
	[IO_STAT] = "stat",
	[IO_LIST] = "list",
	[IO_LINK] = "link",
	[IO_PUNCH] = "punch",
	[IO_CHMOD] = "chmod",
};

static const struct {
	const char *name;
	enum effect effect;
	int code;
} effects[] = {
	{"ENOSPC", EFFECT_ERRNO, ENOSPC},
	{"EDQUOT", EFFECT_ERRNO, EDQUOT},
	{"EIO", EFFECT_ERRNO, EIO},
	{"EMFILE", EFFECT_ERRNO, EMFILE},
	{"EACCES", EFFECT_ERRNO, EACCES},
	{"EROFS", EFFECT_ERRNO, EROFS},
	{"ENOENT", EFFECT_ERRNO, ENOENT},
	{"kill", EFFECT_KILL, 0},
	{"after", EFFECT_AFTER, 0},
	{"torn", EFFECT_TORN, 0},
};

static int class_of(struct slice word)
{
	if (slice_eq(word, SLICE("change")))
		return CLASS_CHANGE;
	if (slice_eq(word, SLICE("any")))
		return CLASS_ANY;
	for (int op = 0; op < IO_OPS; op++) {
		if (slice_eq(word, slice_of(op_names[op])))
			return op;
	}
	return -1;
}

static int parse_effect(const char *word, struct fault *fault)
{
	for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
		if (strcmp(word, effects[i].name) == 0) {
			fault->effect = effects[i].effect;
			fault->code = effects[i].code;
			return 0;
		}
	}
	return -1;
}

/* "OP:N:WHAT" or "OP:N+:WHAT" */
static int parse_fault(const char *spec, struct fault *fault)
{
	const char *first = strchr(spec, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;
	if (!second)
		return -1;
	fault->class = class_of((struct slice){spec, (size_t)(first - spec)});
	struct slice nth = {first + 1, (size_t)(second - first - 1)};
	fault->and_later = nth.len > 0 && nth.ptr[nth.len - 1] == '+';
	nth.len -= fault->and_later;
	int64_t n;
	if (fault->class < 0 || text_parse_int(nth, &n) < 0 || n < 1)
		return -1;
	fault->nth = (uint64_t)n;
	return parse_effect(second + 1, fault);
}

static void read_environment(void)
{
	const char *spec = getenv("PUGMARK_FAULT");
	if (!spec || !*spec)
		return;
	if (parse_fault(spec, &active) < 0) {
		/* A test that asked for a fault must not pass without one. */
		fprintf(stderr, "pugmark: PUGMARK_FAULT: not OP:N:WHAT: %s\n", spec);
		abort();
	}
}

int io_fault(const char *spec, struct err *err)
{
	pthread_once(&from_environment, read_environment);
	struct fault fault = {.class = CLASS_CHANGE};
	if (spec && parse_fault(spec, &fault) < 0)
		return err_set(err, ERR_USAGE, "not a fault (OP:N:WHAT): %s", spec);
	active = fault;
	end_after = false;
	atomic_store(&counted, 0);
	return 0;
}

uint64_t io_count(void)
{
	return atomic_load(&counted);
}

void io_end_process(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static bool is_due(enum io_op op, bool changes)
{
	pthread_once(&from_environment, read_environment);
	end_after = false;
	bool counts = active.class == CLASS_ANY || active.class == (int)op ||
		      (active.class == CLASS_CHANGE && changes);
	if (!counts)
		return false;
	uint64_t n = atomic_fetch_add_explicit(&counted, 1, memory_order_relaxed) + 1;
	return active.effect != EFFECT_NONE &&
	       (n == active.nth || (active.and_later && n > active.nth));
}

static int take_effect(bool *torn)
{
	switch (active.effect) {
	case EFFECT_ERRNO:
		return active.code;
	case EFFECT_AFTER:
		end_after = true;
		return 0;
	case EFFECT_TORN:
		if (torn) {
			*torn = true;
			return 0;
		}
		io_end_process();
	case EFFECT_KILL:
		io_end_process();
	case EFFECT_NONE:
		break;
	}
	return 0;
}

int io_point(enum io_op op, bool changes)
{
	return is_due(op, changes) ? take_effect(NULL) : 0;
}

int io_point_write(bool *torn)
{
	*torn = false;
	return is_due(IO_WRITE, true) ? take_effect(torn) : 0;
}

void io_point_after(void)
{
	if (end_after)
		io_end_process();
}
