/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c: blocks that double in size up to 1 MiB; larger requests get a block of their own. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
	struct arena_block *older;
	size_t size; /* bytes of data[] */
	_Alignas(16) char data[];
};

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

static void die_of_memory(size_t size)
{
	fprintf(stderr, "pugmark: out of memory (asked for %zu bytes)\n", size);
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);
	if (!p)
		die_of_memory(size);
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);
	if (!p)
		die_of_memory(count * size);
	return p;
}

void *xrealloc(void *ptr, size_t size)
{
	void *p = realloc(ptr, size ? size : 1);
	if (!p)
		die_of_memory(size);
	return p;
}

char *xstrdup(const char *text)
{
	size_t n = strlen(text) + 1;
	return memcpy(xmalloc(n), text, n);
}

void arena_init(struct arena *arena)
{
	*arena = (struct arena){0};
}

static void free_blocks(struct arena *arena, struct arena_block *block)
{
	while (block) {
		struct arena_block *older = block->older;
		arena->used -= block->size;
		free(block);
		block = older;
	}
}

void arena_fini(struct arena *arena)
{
	free_blocks(arena, arena->head);
	arena_init(arena);
}

void arena_reset(struct arena *arena)
{
	struct arena_block *head = arena->head;
	if (!head)
		return;
	free_blocks(arena, head->older);
	head->older = NULL;
	arena->at = head->data;
	arena->end = head->data + head->size;
}

static void add_block(struct arena *arena, size_t need)
{
	size_t size = arena->head ? arena->head->size * 2 : FIRST_BLOCK;
	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < need)
		size = need;
	struct arena_block *block = xmalloc(sizeof(*block) + size);
	block->older = arena->head;
	block->size = size;
	arena->head = block;
	arena->at = block->data;
	arena->end = block->data + size;
	arena->used += size;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX / 2)
		die_of_memory(size);
	size = (size + 15) & ~(size_t)15;
	if (!arena->at || size > (size_t)(arena->end - arena->at))
		add_block(arena, size);
	void *p = arena->at;
	arena->at += size;
	return p;
}

void *arena_zalloc(struct arena *arena, size_t count, size_t size)
{
	size_t total;
	if (__builtin_mul_overflow(count, size, &total))
		die_of_memory(SIZE_MAX);
	void *p = arena_alloc(arena, total);
	memset(p, 0, total);
	return p;
}

char *arena_strdup(struct arena *arena, struct slice text)
{
	char *p = arena_alloc(arena, text.len + 1);
	if (text.len)
		memcpy(p, text.ptr, text.len);
	p[text.len] = '\0';
	return p;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	size_t size = n < 0 ? 1 : (size_t)n + 1;
	char *p = arena_alloc(arena, size);
	p[0] = '\0';
	vsnprintf(p, size, fmt, again);
	va_end(again);
	return p;
}
