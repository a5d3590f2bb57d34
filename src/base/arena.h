/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h: memory that is freed all at once. One per batch, request or command. Running out of
 * memory aborts (STYLE: out of memory aborts), so nothing here returns NULL.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *head; /* the block in use; older ones behind it */
	char *at, *end;           /* free bytes of the head block */
	size_t used;              /* bytes taken from the system, for budgets */
};

/* Makes an empty arena; takes no memory until the first allocation. A zeroed struct is one too. */
void arena_init(struct arena *arena);
/* Gives everything back to the system. The arena is empty and usable again. */
void arena_fini(struct arena *arena);
/* Forgets everything but keeps the newest block for reuse. */
void arena_reset(struct arena *arena);

/* Uninitialised memory, aligned to 16 bytes; in arena. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));
/* Zeroed memory for `count` items of `size` bytes; in arena. Aborts on overflow. */
void *arena_zalloc(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));
/* A NUL-terminated copy of `text`; in arena. */
char *arena_strdup(struct arena *arena, struct slice text) __attribute__((returns_nonnull));
/* A formatted, NUL-terminated string; in arena. */
char *arena_printf(struct arena *arena, const char *fmt, ...)
	__attribute__((returns_nonnull, format(printf, 2, 3)));

/* malloc/calloc/realloc that abort instead of returning NULL; owned by the caller (free). */
void *xmalloc(size_t size) __attribute__((returns_nonnull));
void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull));
void *xrealloc(void *ptr, size_t size) __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((returns_nonnull));

#endif
