/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.c: _plain, what letters stand in the texts of a row, found once when the row is written. Whoever looks for a text in many columns asks
 * this one number instead of asking each of them for the few letters beyond ASCII that fold to some (filter_text.c).
 */
#include <stdlib.h>

#include "cluster/private.h"

/* Whether one of the letters begins here that SPECIAL of filter_text.c has, beyond ASCII and folded to it: a test holds it to all letters. */
static bool folds_to_ascii(const unsigned char *at, size_t len)
{
	unsigned char next = len > 1 ? at[1] : 0, third = len > 2 ? at[2] : 0;
	switch (at[0]) {
	case 0xc3:
		return next == 0x9f;
	case 0xc4:
		return next == 0xb0;
	case 0xc5:
		return next == 0x89 || next == 0xbf;
	case 0xc7:
		return next == 0xb0;
	case 0xe1:
		return next == 0xba && ((third >= 0x96 && third <= 0x9a) || third == 0x9e);
	case 0xe2:
		return next == 0x84 && third == 0xaa;
	case 0xef:
		return next == 0xac && third >= 0x80 && third <= 0x86;
	default:
		return false;
	}
}

enum plainness plain_of(struct slice text)
{
	if (text_is_ascii(text))
		return PLAIN_ASCII;
	for (size_t i = 0; i < text.len; i++)
		if (folds_to_ascii((const unsigned char *)text.ptr + i, text.len - i))
			return PLAIN_ANY;
	return PLAIN_FOLDED;
}

/* ---- rows of a batch ------------------------------------------------------------------------- */

/* A column of texts: all of them at a glance, else each. */
struct texts {
	const struct column *col;
	uint8_t *of; /* per value of the dictionary; NULL = not one */
	bool ascii;
};

static void texts_open(struct texts *texts, const struct column *col)
{
	bool dictionary = col->codes && !col->plain;
	uint32_t n = dictionary ? col->ndistinct : col->n;
	*texts = (struct texts){.col = col, .ascii = true};
	if (col->n && n)
		texts->ascii = text_is_ascii(
			(struct slice){col->heap + col->off[0], col->off[n] - col->off[0]});
	if (texts->ascii || !dictionary)
		return;
	texts->of = xmalloc(n);
	for (uint32_t d = 0; d < n; d++)
		texts->of[d] = (uint8_t)plain_of(
			(struct slice){col->heap + col->off[d], col->off[d + 1] - col->off[d]});
}

static uint8_t text_at(const struct texts *texts, uint32_t i)
{
	if (i >= texts->col->n || column_is_null(texts->col, i))
		return PLAIN_ASCII;
	if (texts->of)
		return texts->of[texts->col->codes[i]];
	return (uint8_t)plain_of(column_text(texts->col, i));
}

static void lower(uint8_t *to, uint8_t value)
{
	*to = value < *to ? value : *to;
}

static void look_at(const struct texts *texts, const struct group *group, uint8_t *of, uint32_t n)
{
	if (!group) {
		for (uint32_t row = 0; row < n; row++)
			lower(&of[row], text_at(texts, row));
		return;
	}
	for (uint32_t row = 0; group->list_off && row < n; row++)
		for (uint32_t e = group->list_off[row]; e < group->list_off[row + 1]; e++)
			lower(&of[row], text_at(texts, e));
}

uint8_t *plain_rows(const struct batch *batch)
{
	uint8_t *of = xmalloc(batch->nrows + 1ul);
	memset(of, PLAIN_ASCII, batch->nrows);
	for (uint32_t c = 0; c < batch->shape->ncolumns; c++) {
		const struct column_shape *shape = &batch->shape->columns[c];
		struct texts texts;
		if (shape->type != COL_STRING && shape->type != COL_JSON)
			continue;
		texts_open(&texts, &batch->columns[c]);
		if (!texts.ascii)
			look_at(&texts,
				shape->group == NO_GROUP ? NULL : &batch->groups[shape->group], of,
				batch->nrows);
		free(texts.of);
	}
	return of;
}
