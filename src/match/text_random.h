/* SPDX-License-Identifier: Apache-2.0 */
/* text_random.h: random texts and patterns that meet each other often. For tests only. */
#ifndef MATCH_TEXT_RANDOM_H
#define MATCH_TEXT_RANDOM_H

#include "match/text.h"

static uint64_t random_seed = 1;

/* splitmix64 */
static inline uint32_t draw(uint32_t n)
{
	uint64_t z = (random_seed += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return (uint32_t)((z ^ (z >> 31)) % n);
}

/* Letters that fold, that fold to two or three, to fewer bytes, to ASCII; no letters; ill-formed
 * bytes, whole and in parts of what would be well-formed together. */
static const char *const random_units[] = {"a", "A", "b", "B", "k", "K", "\xe2\x84\xaa", "s", "S",
	"\xc3\x9f", "\xc5\xbf", "\xe1\xba\x9e", "\xc3\xa9", "\xc3\x89", "\xc4\xb0", "\xc4\xb1", "i",
	"I", "f", "\xef\xac\x83", "\xe6\x97\xa5", "\xf0\x90\x90\x80", "\xff", "\xc3", "\x84",
	"\xe1\xba", "[", "@", "`", "{", "~", "xXxXxXxXxXxXxXxXxX"};
enum { RANDOM_ASCII = 8 };
static const char *const random_ascii[RANDOM_ASCII] = {
	"a", "A", "b", "k", "s", "@", "`", "xXxXxXxXxXxXxXxXxXxXxXxX"};

/* Appends up to `most` characters. */
static inline void put_random(struct buf *out, uint32_t most, bool ascii)
{
	for (uint32_t n = draw(most + 1); n > 0; n--)
		buf_puts(out,
			ascii ? random_ascii[draw(RANDOM_ASCII)]
			      : random_units[draw(sizeof(random_units) / sizeof(*random_units))]);
}

/* A pattern of up to 6 pieces in the arena, as `form` says in *, ? and t for a text; NULL: of any form,
 * of the plain ones more often than not. */
static inline struct pattern random_pattern(struct arena *arena, const char *form)
{
	static const char *const forms[] = {"t", "t", "*t*", "*t*", "t*", "*t", "", "*t*t*", "t*t",
		"?t", "t?t", "*?t*", "*t?*"};
	char random_form[8] = {0};
	bool any = !form && draw(3) == 0, longer = form != NULL; /* many short ones fit all */
	if (!form)
		form = forms[draw(sizeof(forms) / sizeof(*forms))];
	if (any) {
		for (uint32_t i = draw(7); i > 0; i--)
			random_form[i - 1] = "*?tt"[draw(4)];
		form = random_form;
	}
	struct piece *pieces = arena_zalloc(arena, 8, sizeof(*pieces));
	uint32_t n = 0;
	for (; form[n]; n++) {
		pieces[n].kind = form[n] == 't'   ? PIECE_TEXT
				 : form[n] == '?' ? PIECE_ONE
						  : PIECE_MANY;
		if (form[n] != 't')
			continue;
		struct buf text;
		buf_init(&text, 4096);
		bool ascii = draw(2);
		put_random(&text, draw(5) ? 3 : 8, ascii);
		for (uint32_t i = 0; longer && i < 2; i++)
			buf_puts(&text, ascii ? random_ascii[draw(6)] : random_units[draw(20)]);
		pieces[n].text = (struct slice){arena_strdup(arena, buf_view(&text)), text.len};
		buf_fini(&text);
	}
	return (struct pattern){pieces, n};
}

#endif
