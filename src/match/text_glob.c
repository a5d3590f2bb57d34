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

bool glob_fits(const struct glob *glob, struct slice text, const uint32_t *from,
	struct text_span *spans, uint32_t *nspans)
{
	size_t at = 0, star_at = 0;
	uint32_t piece = 0, star = UINT32_MAX, n = 0, star_n = 0;
	if (text.len < glob->shortest)
		return false;
	for (;;) {
		if (piece == glob->npieces) {
			if (at == text.len)
				break;
		} else if (glob->pieces[piece].kind == PIECE_MANY) {
			star = piece++;
			star_at = at;
			star_n = n;
			if (piece == glob->npieces)
				break;
			continue;
		} else {
			size_t end = after_piece(&glob->pieces[piece], text, from, at);
			if (end) {
				if (spans && glob->pieces[piece].kind == PIECE_TEXT)
					spans[n++] =
						(struct text_span){(uint32_t)at, (uint32_t)end};
				at = end;
				piece++;
				continue;
			}
		}
		if (star == UINT32_MAX || star_at == text.len)
			return false;
		at = ++star_at;
		piece = star + 1;
		n = star_n;
	}
	if (nspans)
		*nspans = n;
	return true;
}
