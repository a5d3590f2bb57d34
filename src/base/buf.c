/* SPDX-License-Identifier: Apache-2.0 */
/* buf.c: growth by doubling, limit first. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

void buf_init(struct buf *buf, size_t max)
{
	*buf = (struct buf){.max = max};
}

void buf_fini(struct buf *buf)
{
	free(buf->ptr);
	buf_init(buf, buf->max);
}

void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->full = false;
}

char *buf_reserve(struct buf *buf, size_t n)
{
	if (n > buf->max || buf->len > buf->max - n) {
		buf->full = true;
		return NULL;
	}
	size_t need = buf->len + n;
	if (need > buf->cap || !buf->ptr) {
		size_t cap = buf->cap ? buf->cap * 2 : 256;
		if (cap < need)
			cap = need;
		if (cap > buf->max)
			cap = buf->max;
		buf->ptr = xrealloc(buf->ptr, cap);
		buf->cap = cap;
	}
	return buf->ptr + buf->len;
}

int buf_append(struct buf *buf, const void *data, size_t n)
{
	if (n == 0)
		return 0;
	char *to = buf_reserve(buf, n);
	if (!to)
		return -1;
	memcpy(to, data, n);
	buf->len += n;
	return 0;
}

int buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *to = n < 0 ? NULL : buf_reserve(buf, (size_t)n + 1);
	if (to) {
		vsnprintf(to, (size_t)n + 1, fmt, again);
		buf->len += (size_t)n;
	}
	va_end(again);
	return to ? 0 : -1;
}
