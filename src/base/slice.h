/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slice.h: a borrowed run of bytes. Never NUL-terminated, never owned; valid as long as what it
 * points into.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

/* A slice over a string literal. */
#define SLICE(lit) ((struct slice){"" lit, sizeof(lit) - 1})
/* For printf("%.*s", SLICE_ARG(s)). */
#define SLICE_ARG(s) (int)(s).len, (s).ptr

/* A slice over a C string; borrowed from it. */
static inline struct slice slice_of(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

/* True where both hold the same bytes. */
static inline bool slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Byte order: <0, 0, >0; a prefix sorts before what it begins. */
static inline int slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* How many bytes both begin with in common. */
static inline size_t slice_common(struct slice a, struct slice b)
{
	size_t most = a.len < b.len ? a.len : b.len, n = 0;
	while (n < most && a.ptr[n] == b.ptr[n])
		n++;
	return n;
}

#endif
