/* SPDX-License-Identifier: Apache-2.0 */
/* answer.c: does one row answer a question? The plainest reading, a row and a value at a time. */
#include "model.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

enum { CODES = 700 };

/* A text as code points, folded where letters do not count. The first of what a character folds to
 * has the bit START, so that `?` is a character of the text and not of its folded form. */
enum { START = 1 << 24 };
static unsigned points(const char *text, bool fold, int32_t to[CODES])
{
	unsigned n = 0;
	const uint8_t *at = (const uint8_t *)text;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text), step;
	for (; left > 0; at += step, left -= step) {
		int32_t code;
		int boundary = 0;
		unsigned first = n;
		step = utf8proc_iterate(at, left, &code);
		if (!fold)
			to[n++] = code;
		else
			n += (unsigned)utf8proc_decompose_char(
				code, to + n, CODES - n, UTF8PROC_CASEFOLD, &boundary);
		to[first] |= START;
	}
	return n;
}

static bool fits(const int32_t *p, const int32_t *pend, const int32_t *s, const int32_t *send)
{
	for (; p < pend; p++) {
		if (*p == -'*') {
			for (const int32_t *from = s; from <= send; from++)
				if (fits(p + 1, pend, from, send))
					return true;
			return false;
		}
		if (s == send || (*p == -'?' ? !(*s & START) : (*p & ~START) != (*s & ~START)))
			return false;
		s++;
		while (*p == -'?' && s < send && !(*s & START))
			s++;
	}
	return s == send;
}

/* `around`: the pattern may stand anywhere in the text. */
static bool pattern_fits(const struct ask_pattern *p, bool around, const char *text)
{
	static int32_t want[4 * CODES], have[CODES];
	unsigned n = 0;
	if (around)
		want[n++] = -'*';
	for (unsigned i = 0; i <= p->nliterals; i++) {
		if (p->gap[i])
			want[n++] = -p->gap[i];
		if (i < p->nliterals)
			n += points(p->literal[i], !p->exact, want + n);
	}
	if (around)
		want[n++] = -'*';
	unsigned m = points(text, !p->exact, have);
	return fits(want, want + n, have, have + m);
}

static bool regex_fits(const struct ask *ask, const char *text)
{
	const char *word = ask->pattern.literal[0];
	size_t n = strlen(word), len = strlen(text);
	bool begins = strncmp(text, word, n) == 0;
	bool ends = len >= n && strcmp(text + len - n, word) == 0;
	return ask->shape == 0   ? strstr(text, word) != NULL
	       : ask->shape == 1 ? begins
	       : ask->shape == 2 ? ends
				 : begins && len == n;
}

static int order(const char *a, const char *b)
{
	static int32_t x[CODES], y[CODES];
	unsigned n = points(a, true, x), m = points(b, true, y);
	for (unsigned i = 0; i < n && i < m; i++)
		if ((x[i] & ~START) != (y[i] & ~START))
			return (x[i] & ~START) < (y[i] & ~START)
				       ? -1
				       : 1; /* code points order as UTF-8 bytes do */
	return n < m ? -1 : n > m;
}

static bool between(const struct ask *ask, const char *text)
{
	int low = order(text, ask->low_text), high = order(text, ask->high_text);
	return (!ask->low || (ask->low_in ? low >= 0 : low > 0)) &&
	       (!ask->high || (ask->high_in ? high <= 0 : high < 0));
}

static bool number_fits(const struct ask *ask, int64_t n)
{
	return (!ask->low || (ask->low_in ? n >= ask->least : n > ask->least)) &&
	       (!ask->high || (ask->high_in ? n <= ask->most : n < ask->most));
}

/* Bounds are whole days: an exclusive lower one leaves its day out, an inclusive upper one takes it in. */
static bool time_fits(const struct ask *ask, int64_t us)
{
	const int64_t day_us = INT64_C(86400) * 1000000;
	int64_t day = us / day_us;
	return number_fits(ask, day);
}

static bool network_fits(const struct ask *ask, const char *text)
{
	struct in_addr four;
	struct in6_addr six;
	uint32_t have, want;
	if (inet_pton(AF_INET, text, &four) == 1) {
		memcpy(&have, &four, 4);
	} else if (inet_pton(AF_INET6, text, &six) == 1 && IN6_IS_ADDR_V4MAPPED(&six)) {
		memcpy(&have, six.s6_addr + 12, 4);
	} else {
		return false;
	}
	memcpy(&want, ask->network, 4);
	uint32_t mask = ask->bits == 0 ? 0 : UINT32_MAX << (32 - ask->bits);
	return ((ntohl(have) ^ ntohl(want)) & mask) == 0;
}

static bool text_answers(const struct text *text, const struct ask *ask)
{
	if (!text->given)
		return false;
	return ask->kind == ASK_EXISTS    ? true
	       : ask->kind == ASK_BETWEEN ? between(ask, text->bytes)
	       : ask->kind == ASK_REGEX   ? regex_fits(ask, text->bytes)
					  : pattern_fits(&ask->pattern, false, text->bytes);
}

static bool part_answers(const struct part *part, const struct ask *ask)
{
	bool all = true;
	if (ask->kind == ASK_NOT)
		return !part_answers(part, ask->kids[0]);
	for (unsigned i = 0; i < ask->nkids; i++)
		all = all && part_answers(part, ask->kids[i]);
	if (ask->nkids > 0)
		return all;
	if (ask->field == FIELD_PARTS_N)
		return part->has_n && (ask->kind == ASK_EXISTS || number_fits(ask, part->n));
	return text_answers(ask->field == FIELD_PARTS_K ? &part->k : &part->v, ask);
}

static bool any_part(const struct row *row, const struct ask *ask)
{
	for (unsigned i = 0; i < row->nparts; i++)
		if (part_answers(&row->parts[i], ask))
			return true;
	return false;
}

static bool any_tag(const struct row *row, const struct ask *ask)
{
	for (unsigned i = 0; i < row->ntags; i++)
		if (text_answers(&row->tags[i], ask))
			return true;
	return false;
}

static bool field_answers(const struct row *row, const struct ask *ask)
{
	bool there = ask->kind == ASK_EXISTS;
	switch (ask->field) {
	case FIELD_NAME:
		return text_answers(&row->name, ask);
	case FIELD_NOTE:
		return text_answers(&row->note, ask);
	case FIELD_ADDR:
		return text_answers(&row->addr, ask);
	case FIELD_ODD:
		return text_answers(&row->odd, ask);
	case FIELD_TAGS:
		return any_tag(row, ask);
	case FIELD_PARTS_K:
	case FIELD_PARTS_V:
	case FIELD_PARTS_N:
		return any_part(row, ask);
	case FIELD_NUM:
		return row->has_num && (there || number_fits(ask, row->num));
	case FIELD_FLAG:
		return row->has_flag && (there || row->flag == ask->flag);
	case FIELD_SEEN:
		return row->has_seen && (there || time_fits(ask, row->seen));
	case FIELD_EVENT_TIME:
		return row->has_time && (there || time_fits(ask, row->at));
	default:
		abort();
	}
}

static bool word_answers(const struct row *row, const struct ask_pattern *pattern)
{
	char id[16];
	struct buf extra;
	bool found;
	snprintf(id, sizeof(id), "r%u", row->id);
	buf_init(&extra, 1 << 16);
	row_extra(row, &extra);
	found = pattern_fits(pattern, true, id) ||
		(extra.len && pattern_fits(pattern, true, extra.ptr));
	buf_fini(&extra);
	const struct text *const texts[] = {&row->name, &row->note, &row->addr};
	for (unsigned i = 0; i < 3; i++)
		found = found || (texts[i]->given && pattern_fits(pattern, true, texts[i]->bytes));
	for (unsigned i = 0; i < row->ntags; i++)
		found = found ||
			(row->tags[i].given && pattern_fits(pattern, true, row->tags[i].bytes));
	for (unsigned i = 0; i < row->nparts; i++) {
		const struct part *p = &row->parts[i];
		found = found || (p->k.given && pattern_fits(pattern, true, p->k.bytes)) ||
			(p->v.given && pattern_fits(pattern, true, p->v.bytes));
	}
	return found;
}

bool row_answers(const struct row *row, const struct ask *ask)
{
	bool all = true, any = false;
	switch (ask->kind) {
	case ASK_ALL:
		return true;
	case ASK_NOT:
		return !row_answers(row, ask->kids[0]);
	case ASK_AND:
	case ASK_OR:
		for (unsigned i = 0; i < ask->nkids; i++) {
			bool one = row_answers(row, ask->kids[i]);
			all = all && one;
			any = any || one;
		}
		return ask->kind == ASK_AND ? all : any;
	case ASK_SAME:
		return any_part(row, ask);
	case ASK_WORD:
		return word_answers(row, &ask->pattern);
	case ASK_NETWORK:
		return row->addr.given && network_fits(ask, row->addr.bytes);
	case ASK_EQUAL:
		return row->name.given && row->note.given &&
		       order(row->name.bytes, row->note.bytes) == 0;
	default:
		return field_answers(row, ask);
	}
}
