/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h: a growing byte buffer with a maximum. The limit is checked before growth; a buffer that
 * met its limit stays as it was and says so once (`full`), so a chain of appends can be checked
 * at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
	char *ptr;
	size_t len, cap;
	size_t max; /* most bytes it may hold */
	bool full;  /* an append did not fit and was not done */
};

/* An empty buffer that may grow to `max` bytes. Takes no memory yet. */
void buf_init(struct buf *buf, size_t max);
/* Frees the bytes; the buffer is empty and usable again. */
void buf_fini(struct buf *buf);
/* Empties the buffer, keeps its memory, clears `full`. */
void buf_clear(struct buf *buf);

/* Makes room for `n` more bytes and returns where they go, or NULL where `max` forbids it. The
 * caller writes up to n bytes there and adds what he wrote to buf->len. */
char *buf_reserve(struct buf *buf, size_t n);

/* Appends bytes. 0, or -1 where `max` forbids it (then nothing is appended and `full` is set). */
int buf_append(struct buf *buf, const void *data, size_t n);
/* Appends formatted text. 0 or -1 as buf_append. */
int buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends one byte. 0 or -1 as buf_append. */
static inline int buf_push(struct buf *buf, char c)
{
	return buf_append(buf, &c, 1);
}
/* Appends a C string. 0 or -1 as buf_append. */
static inline int buf_puts(struct buf *buf, const char *text)
{
	return buf_append(buf, text, strlen(text));
}
/* Appends a slice. 0 or -1 as buf_append. */
static inline int buf_slice(struct buf *buf, struct slice s)
{
	return buf_append(buf, s.ptr, s.len);
}
/* What the buffer holds; borrowed until the next append. */
static inline struct slice buf_view(const struct buf *buf)
{
	return (struct slice){buf->ptr, buf->len};
}

#endif
