/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delta.c: DELTA_BINARY_PACKED: numbers as differences to the one before, packed by 32. Times of
 * events are nearly sorted, and so are places in the vault: plain numbers through zstd took a sixth
 * of the time of all columns and more than twice the room.
 */
#include "base/varint.h"
#include "parquet/private.h"

enum {
	DELTA_BLOCK = 128, /* values of a block, and of its four miniblocks */
	MINI = 32,
	MINIS = DELTA_BLOCK / MINI,
	MOST_WIDTH = 32 /* wider differences are not worth it: the column is written plain */
};

static uint64_t zigzag(uint64_t v)
{
	return v << 1 ^ (v >> 63 ? UINT64_MAX : 0);
}

/* Differences of up to 128 values to those before them, less the smallest; the rest is 0. Returns
 * the smallest. Differences wrap around, as the format says. */
static int64_t differences(const int64_t *ints, size_t n, uint64_t out[DELTA_BLOCK])
{
	int64_t min = INT64_MAX;
	for (size_t i = 0; i < n; i++) {
		out[i] = (uint64_t)ints[i] - (uint64_t)ints[i - 1];
		min = (int64_t)out[i] < min ? (int64_t)out[i] : min;
	}
	for (size_t i = 0; i < n; i++)
		out[i] -= (uint64_t)min;
	for (size_t i = n; i < DELTA_BLOCK; i++)
		out[i] = 0;
	return min;
}

/* One block; NULL where a difference is too wide. */
static uint8_t *put_block(uint8_t *p, const int64_t *ints, size_t n)
{
	uint64_t wide[DELTA_BLOCK];
	uint32_t values[DELTA_BLOCK];
	p += varint_put(p, zigzag((uint64_t)differences(ints, n, wide)));
	uint8_t *widths = p;
	p += MINIS;
	for (size_t m = 0; m < MINIS; m++) {
		uint64_t all = 0;
		for (size_t i = m * MINI; i < (m + 1) * MINI; i++) {
			all |= wide[i];
			values[i] = (uint32_t)wide[i];
		}
		if (all > UINT32_MAX)
			return NULL;
		widths[m] = (uint8_t)bits_for((uint32_t)all);
		/* Miniblocks past the last value have no bytes; their width is 0. */
		bits_pack(values + m * MINI, MINI, p, widths[m]);
		p += 4 * (size_t)widths[m];
	}
	return p;
}

bool delta_write(struct buf *out, const int64_t *ints, size_t n, size_t most)
{
	size_t blocks = n / DELTA_BLOCK + 1;
	uint8_t *begin = (uint8_t *)buf_reserve(out, 40 + blocks * (14 + 4 * DELTA_BLOCK));
	uint8_t *p = begin + varint_put(begin, DELTA_BLOCK);
	p += varint_put(p, MINIS);
	p += varint_put(p, n);
	p += varint_put(p, n ? zigzag((uint64_t)ints[0]) : 0);
	for (size_t i = 1; i < n; i += DELTA_BLOCK) {
		p = put_block(p, ints + i, n - i < DELTA_BLOCK ? n - i : DELTA_BLOCK);
		if (!p || (size_t)(p - begin) > most)
			return false;
	}
	out->len += (size_t)(p - begin);
	return true;
}

struct delta_in {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t get_varint(struct delta_in *in)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (in->at >= in->end)
			break;
		uint8_t byte = *in->at++;
		if (shift == 63 && byte > 1)
			break;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return value;
	}
	in->bad = true;
	return 0;
}

static uint64_t get_zigzag(struct delta_in *in)
{
	uint64_t v = get_varint(in);
	return v >> 1 ^ (v & 1 ? UINT64_MAX : 0);
}

/* One block of n values after `last`, which they change. */
static int get_block(struct delta_in *in, int64_t *ints, size_t n, uint64_t *last)
{
	uint64_t min = get_zigzag(in);
	if (in->bad || in->end - in->at < MINIS)
		return -1;
	const uint8_t *widths = in->at;
	in->at += MINIS;
	for (size_t m = 0; m < MINIS; m++) {
		uint32_t values[MINI] = {0};
		size_t left = n > m * MINI ? n - m * MINI : 0, take = left < MINI ? left : MINI;
		unsigned width = widths[m];
		if (width > MOST_WIDTH || (take == 0 && width) ||
			(size_t)(in->end - in->at) < 4 * (size_t)width)
			return -1;
		if (width)
			bits_unpack(in->at, values, MINI, width);
		in->at += 4 * (size_t)width;
		for (size_t i = 0; i < take; i++) {
			*last += min + values[i];
			ints[m * MINI + i] = (int64_t)*last;
		}
	}
	return 0;
}

int delta_read(const uint8_t *data, size_t len, int64_t *ints, size_t n)
{
	struct delta_in in = {data, data + len, false};
	if (get_varint(&in) != DELTA_BLOCK || get_varint(&in) != MINIS || get_varint(&in) != n)
		return -1;
	uint64_t last = get_zigzag(&in);
	if (in.bad)
		return -1;
	if (n)
		ints[0] = (int64_t)last;
	for (size_t i = 1; i < n; i += DELTA_BLOCK) {
		size_t left = n - i;
		if (get_block(&in, ints + i, left < DELTA_BLOCK ? left : DELTA_BLOCK, &last))
			return -1;
	}
	return in.at == in.end ? 0 : -1;
}
