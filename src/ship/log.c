/* SPDX-License-Identifier: Apache-2.0 */
/* log.c: one log: made, opened, closed, freed, left alone. */
#include <stdlib.h>

#include "ship/private.h"

#define REST_US  (60 * SHIP_SECOND)  /* of a log that cannot be read */
#define AGAIN_US (600 * SHIP_SECOND) /* the same trouble is said again */

void follow_free_log(struct ship_log *log)
{
	io_close(log->fd);
	free(log->is.node);
	free(log->is.name);
	free(log->before_name);
	free(log->path);
	free(log);
}

struct ship_log *follow_add_log(struct follow *f)
{
	if (f->count == f->cap) {
		f->cap = f->cap ? 2 * f->cap : 128;
		f->logs = xrealloc(f->logs, f->cap * sizeof(struct ship_log *));
	}
	struct ship_log *log = xcalloc(1, sizeof(*log));
	log->fd = -1;
	f->logs[f->count++] = log;
	return log;
}

void follow_name_log(const struct follow *f, struct ship_log *log, const char *name)
{
	struct arena mem = {0};
	free(log->path);
	log->path = xstrdup(arena_printf(&mem, "%s/%s", f->path, name));
	log->shown = strrchr(log->path, '/') + 1;
	arena_fini(&mem);
}

int follow_open_log(struct follow *f, struct ship_log *log, struct err *err)
{
	bool closed = log->fd < 0;
	if (match_open(log, err) < 0)
		return -1;
	f->open += closed;
	return 0;
}

void follow_spare_log(struct follow *f, struct ship_log *log)
{
	if (log->fd < 0 || log->held || (!log->is.whole && f->open <= LIMIT_SHIP_OPEN))
		return;
	io_close(log->fd);
	log->fd = -1;
	f->open--;
}

void follow_rest_log(struct ship_log *log, const struct ship_time *now, const struct err *err)
{
	log->rest_us = now->mono_us + REST_US;
	if (log->said_us && now->mono_us - log->said_us < AGAIN_US)
		return;
	log->said_us = now->mono_us;
	log_error("%s: this log is left out until it can be read", err->text);
}
