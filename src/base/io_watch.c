/* SPDX-License-Identifier: Apache-2.0 */
/* io_watch.c: tells one watcher what was done to files, so that a test knows what a disk may hold
 * when the power goes. Without a watcher it costs one comparison. */
#include "base/io.h"

#include <stdlib.h>

static void (*watcher)(void *ctx, const struct io_change *change);
static void *watcher_ctx;

void io_watch(void (*seen)(void *ctx, const struct io_change *change), void *ctx)
{
	watcher = seen;
	watcher_ctx = ctx;
}

void io_changed(const struct io_change *change)
{
	if (watcher)
		watcher(watcher_ctx, change);
}
