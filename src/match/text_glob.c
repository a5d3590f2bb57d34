/* SPDX-License-Identifier: Apache-2.0 */
/* text_glob.c: a general wildcard pattern, without recursion: only the last `*` is ever taken back,
 * since a literal part found further left leaves what follows no less room. */
#include "match/text_private.h"

/* Where the character ends that begins at byte `at`, or 0 where none begins there. */
static size_t after_character(struct slice text, const uint32_t *from, size_t at)
{
	if (at >= text.len)
		return 0;
	if (!from)
		return at + 1;
	if (at > 0 && from[at] == from[at - 1])
		return 0; /* within a character, or what one was folded to */
	size_t end = at + 1;
	while (end < text.len && from[end] == from[at])
		end++;
	return end;
}

/* Where the piece, not a `*`, ends that stands at byte `at`, or 0 where it does not stand there. */
static size_t after_piece(
	const struct glob_piece *piece, struct slice text, const uint32_t *from, size_t at)
{
	if (piece->kind == PIECE_ONE)
		return after_character(text, from, at);
	const struct needle *literal = &piece->text;
	if (text.len - at < literal->len || !needle_at(literal, text.ptr + at))
		return 0;
	return at + literal->len;
}

/* The first place from `at` on where a `*` may end: where the literal behind it stands, if it is one.
 * Beyond the text where there is none. */
static size_t seek(const struct glob *glob, uint32_t star, const struct text_simd *simd,
	struct slice text, size_t at)
{
	const struct glob_piece *next = &glob->pieces[star + 1];
	if (next->kind != PIECE_TEXT || at > text.len)
		return at;
	const char *place = simd->find(&next->text, text.ptr + at, text.ptr + text.len);
	return place ? (size_t)(place - text.ptr) : text.len + 1;
}

bool glob_fits(const struct glob *glob, const struct text_simd *simd, struct slice text,
	const uint32_t *from, struct text_span *spans, uint32_t *nspans)
{
	size_t at = 0, star_at = 0;
	uint32_t piece = 0, star = UINT32_MAX, n = 0, star_n = 0;
	if (text.len < glob->shortest)
		return false;
	while (piece < glob->npieces || at < text.len) {
		const struct glob_piece *next = &glob->pieces[piece];
		size_t end = 0;
		if (piece < glob->npieces && next->kind == PIECE_MANY) {
			star = piece++;
			if (piece == glob->npieces)
				break;
			star_at = at = seek(glob, star, simd, text, at);
			star_n = n;
			if (at > text.len)
				return false;
			continue;
		}
		if (piece < glob->npieces)
			end = after_piece(next, text, from, at);
		if (end) {
			if (spans && next->kind == PIECE_TEXT)
				spans[n++] = (struct text_span){(uint32_t)at, (uint32_t)end};
			at = end;
			piece++;
			continue;
		}
		if (star == UINT32_MAX)
			return false;
		star_at = at = seek(glob, star, simd, text, star_at + 1);
		if (at > text.len)
			return false;
		piece = star + 1;
		n = star_n;
	}
	if (nspans)
		*nspans = n;
	return true;
}
