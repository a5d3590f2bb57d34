/* SPDX-License-Identifier: Apache-2.0 */
/* text_fold.c: Unicode's full case folding (CaseFolding.txt C + F, from libutf8proc), character by
 * character; ill-formed bytes stay as they are. */
#include "match/text_private.h"

#include <pthread.h>
#include <stdlib.h>

#include <utf8proc.h>

enum {
	TABLE_END = 0x800, /* code points below are folded by table: two bytes of UTF-8 at most */
	STRETCH = 3,       /* a folded character is at most so many times as long (U+0390) */
	CHUNK = 4096,
};

/* f of all bytes, in order. */
#define EACH_4(f, b)  f(b), f((b) + 1), f((b) + 2), f((b) + 3)
#define EACH_16(f, b) EACH_4(f, b), EACH_4(f, (b) + 4), EACH_4(f, (b) + 8), EACH_4(f, (b) + 12)
#define EACH_64(f, b)                                                                              \
	EACH_16(f, b), EACH_16(f, (b) + 16), EACH_16(f, (b) + 32), EACH_16(f, (b) + 48)
#define EACH_BYTE(f) EACH_64(f, 0), EACH_64(f, 64), EACH_64(f, 128), EACH_64(f, 192)
#define SAME(b)      (b)
#define LOWER(b)     ((b) >= 'A' && (b) <= 'Z' ? (b) | 0x20 : (b))
const unsigned char ascii_lower[256] = {EACH_BYTE(LOWER)};
const unsigned char ascii_same[256] = {EACH_BYTE(SAME)};

struct folded {
	uint8_t len;
	char bytes[7];
};
static struct folded table[TABLE_END];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

/* Writes the folded form of a code point; returns its length, at most 12. */
static size_t fold_code(uint32_t code, char *out)
{
	utf8proc_int32_t codes[8];
	int state = 0;
	utf8proc_ssize_t n = utf8proc_decompose_char(
		(utf8proc_int32_t)code, codes, 8, UTF8PROC_CASEFOLD, &state);
	size_t len = 0;
	for (utf8proc_ssize_t i = 0; i < n; i++)
		len += (size_t)utf8proc_encode_char(codes[i], (utf8proc_uint8_t *)out + len);
	return len;
}

static void make_table(void)
{
	for (uint32_t code = 0; code < TABLE_END; code++) {
		char out[16];
		table[code].len = (uint8_t)fold_code(code, out);
		memcpy(table[code].bytes, out, table[code].len);
	}
}

/* Folds one character of n > 0 bytes at `p` to `out` (room for STRETCH times its bytes); *used =
 * its bytes. Returns how many were written. */
static inline size_t fold_step(const char *p, size_t n, char *out, size_t *used)
{
	uint32_t code;
	size_t step = text_utf8_step(p, n, &code);
	if (step == 0) {
		*out = *p;
		*used = 1;
		return 1;
	}
	*used = step;
	if (code < TABLE_END) {
		memcpy(out, table[code].bytes, table[code].len);
		return table[code].len;
	}
	return fold_code(code, out);
}

void text_fold(struct buf *out, struct slice s)
{
	const struct text_simd *simd = text_simd_best();
	size_t begin = out->len, at = 0;
	pthread_once(&table_once, make_table);
	while (at < s.len) {
		size_t end = s.len - at < CHUNK ? s.len : at + CHUNK;
		/* The last character of a chunk may reach beyond it; utf8proc writes up to 16. */
		char *to = buf_reserve(out, STRETCH * (end - at) + 32), *first = to;
		if (!to) {
			out->len = begin;
			return;
		}
		while (at < end) {
			const char *high = simd->find_high(s.ptr + at, s.ptr + end);
			size_t run = (size_t)((high ? high : s.ptr + end) - (s.ptr + at));
			simd->lower(to, s.ptr + at, run);
			to += run;
			at += run;
			while (at < end && (unsigned char)s.ptr[at] >= 0x80) {
				size_t used;
				to += fold_step(s.ptr + at, s.len - at, to, &used);
				at += used;
			}
		}
		out->len += (size_t)(to - first);
	}
}

void text_map_make(struct text_map *map, struct slice s, bool fold)
{
	size_t room = STRETCH * s.len + 32, at = 0, n = 0;
	pthread_once(&table_once, make_table);
	buf_clear(&map->text);
	char *out = buf_reserve(&map->text, room);
	if (map->cap < room) {
		map->cap = room;
		map->from = xrealloc(map->from, room * sizeof(*map->from));
	}
	while (at < s.len) {
		size_t used = 1, wrote;
		if (fold) {
			wrote = fold_step(s.ptr + at, s.len - at, out + n, &used);
		} else {
			used = text_utf8_step(s.ptr + at, s.len - at, NULL);
			used = used ? used : 1;
			memcpy(out + n, s.ptr + at, used);
			wrote = used;
		}
		for (size_t k = 0; k < wrote; k++)
			map->from[n++] = (uint32_t)at;
		at += used;
	}
	map->from[n] = (uint32_t)s.len;
	map->text.len = n;
}

void text_map_fini(struct text_map *map)
{
	buf_fini(&map->text);
	free(map->from);
}

int text_order(struct text_scratch *scratch, struct slice a, struct slice b, bool fold)
{
	if (!fold)
		return slice_cmp(a, b);
	size_t n = a.len < b.len ? a.len : b.len, at = 0;
	/* ASCII decides most: as far as both are ASCII and fold to the same, they stay so. */
	for (; at < n; at++) {
		unsigned char x = ascii_lower[(unsigned char)a.ptr[at]];
		unsigned char y = ascii_lower[(unsigned char)b.ptr[at]];
		if ((x | y) >= 0x80)
			break;
		if (x != y)
			return x < y ? -1 : 1;
	}
	if (at == n && (at == a.len || at == b.len))
		return a.len < b.len ? -1 : a.len > b.len;
	buf_clear(&scratch->folded);
	buf_clear(&scratch->heap);
	text_fold(&scratch->folded, (struct slice){a.ptr + at, a.len - at});
	text_fold(&scratch->heap, (struct slice){b.ptr + at, b.len - at});
	return slice_cmp(buf_view(&scratch->folded), buf_view(&scratch->heap));
}
