/* SPDX-License-Identifier: Apache-2.0 */
/* rows.c: random events for the model, and what they look like as NDJSON. */
#include "model.h"

#include <stdio.h>

const char model_schema[] = "table: model_logs\n"
			    "time: at\n"
			    "columns:\n"
			    "  rid: rid\n"
			    "  name: name\n"
			    "  note: note\n"
			    "  num: {paths: num, type: int}\n"
			    "  flag: {paths: flag, type: bool}\n"
			    "  seen: {paths: seen, type: time}\n"
			    "  addr: {paths: addr, observable: ip}\n"
			    "  tags:\n"
			    "    list: tags\n"
			    "    of: string\n"
			    "  parts:\n"
			    "    list: parts\n"
			    "    fields:\n"
			    "      k: k\n"
			    "      v: v\n"
			    "      n: {paths: n, type: int}\n"
			    "common:\n"
			    "  actor: name\n"
			    "  ip: addr\n"
			    "id: rid\n"
			    "identity: [rid]\n";

uint32_t pick(uint64_t *state, uint32_t n)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 16) % n;
}

void random_word(uint64_t *state, bool ascii, char *to, size_t size)
{
	static const char *const plain[] = {"al", "Bo", "ka", "K", "repo", "REPO", "Sign", "s",
		"ss", "x-1", "0", "42", "a*b", "a?b", "q\"t", "c:\\d", "(z)", "AND", "to", "/p",
		"[e]", "-n", "=v", "TO ", "OR"};
	static const char *const wide[] = {"\u00df", "Stra\u00dfe", "\u017f", "\u212a", "\u00dcnal",
		"\u00fcNAL", "\u6771\u4eac", "\u0130", "i\u0307", "\u03a3\u03c2\u03c3", "\ufb01",
		"\U0001f43e", "\u202ertl"};
	char *end = to + size;
	unsigned parts = 1 + pick(state, 2);
	*to = '\0';
	for (unsigned i = 0; i < parts; i++) {
		const char *s = !ascii && pick(state, 4) == 0
					? wide[pick(state, sizeof(wide) / sizeof(*wide))]
					: plain[pick(state, sizeof(plain) / sizeof(*plain))];
		to += snprintf(to, (size_t)(end - to), "%s", s);
	}
}

static void random_text(uint64_t *state, bool ascii, struct text *text)
{
	*text = (struct text){.given = pick(state, 8) != 0};
	if (!text->given || pick(state, 12) == 0)
		return;
	char a[64], b[64];
	random_word(state, ascii, a, sizeof(a));
	random_word(state, ascii, b, sizeof(b));
	unsigned form = pick(state, 3);
	snprintf(text->bytes, sizeof(text->bytes),
		form == 0   ? "%s"
		: form == 1 ? "%s %s"
			    : "%s%s",
		a, b);
	if (form == 0)
		snprintf(text->bytes, sizeof(text->bytes), "%s", a);
}

static void random_address(uint64_t *state, struct text *text)
{
	*text = (struct text){.given = pick(state, 8) != 0};
	unsigned c = pick(state, 3), d = pick(state, 256);
	switch (pick(state, 5)) {
	case 0:
		snprintf(text->bytes, sizeof(text->bytes), "2001:db8::%x:%x", c, d);
		break;
	case 1:
		snprintf(text->bytes, sizeof(text->bytes), "::ffff:10.0.%u.%u", c, d);
		break;
	case 2:
		snprintf(text->bytes, sizeof(text->bytes), "no address %u", d);
		break;
	default:
		snprintf(text->bytes, sizeof(text->bytes), "10.0.%u.%u", c, d);
	}
}

enum { DAY_S = 86400 };
static const int64_t first_second = INT64_C(1767225600); /* 2026-01-01 */

void random_row(uint64_t *state, bool ascii, unsigned id, struct row *row)
{
	*row = (struct row){.id = id};
	row->has_time = pick(state, 20) != 0;
	row->at = (first_second + pick(state, 30 * DAY_S)) * 1000000;
	row->has_num = pick(state, 6) != 0;
	row->num = pick(state, 4) == 0 ? INT64_C(9007199254740992) + pick(state, 3)
				       : (int64_t)pick(state, 20) - 10;
	row->has_flag = pick(state, 6) != 0;
	row->flag = pick(state, 2);
	row->has_seen = pick(state, 6) != 0;
	row->seen = (first_second + pick(state, 5 * DAY_S)) * 1000000;
	random_text(state, ascii, &row->name);
	random_text(state, ascii, &row->note);
	if (pick(state, 3) == 0)
		snprintf(row->note.bytes, sizeof(row->note.bytes), "%s", row->name.bytes);
	random_text(state, ascii, &row->odd);
	row->odd.given = row->odd.given && pick(state, 4) == 0;
	random_address(state, &row->addr);
	row->tags_given = pick(state, 6) != 0;
	row->ntags = row->tags_given ? pick(state, MODEL_TAGS + 1) : 0;
	for (unsigned i = 0; i < row->ntags; i++)
		random_text(state, ascii, &row->tags[i]);
	row->parts_given = pick(state, 6) != 0;
	row->nparts = row->parts_given ? pick(state, MODEL_PARTS + 1) : 0;
	for (unsigned i = 0; i < row->nparts; i++) {
		random_text(state, ascii, &row->parts[i].k);
		random_text(state, ascii, &row->parts[i].v);
		row->parts[i].has_n = pick(state, 4) != 0;
		row->parts[i].n = pick(state, 6);
	}
}

static void put_text(struct buf *out, const struct text *text)
{
	if (text->given)
		text_json_string(out, slice_of(text->bytes));
	else
		buf_printf(out, "null");
}

static void put_time(struct buf *out, const char *key, bool given, int64_t us)
{
	char text[CLOCK_TEXT];
	if (given)
		buf_printf(out, ",\"%s\":\"%s\"", key, clock_text(us, text));
}

void row_extra(const struct row *row, struct buf *out)
{
	if (!row->odd.given)
		return;
	buf_printf(out, "{\"odd\":");
	put_text(out, &row->odd);
	buf_printf(out, "}");
}

void row_json(const struct row *row, struct buf *out)
{
	buf_printf(out, "{\"rid\":\"r%u\"", row->id);
	put_time(out, "at", row->has_time, row->at);
	put_time(out, "seen", row->has_seen, row->seen);
	if (row->has_num)
		buf_printf(out, ",\"num\":%lld", (long long)row->num);
	if (row->has_flag)
		buf_printf(out, ",\"flag\":%s", row->flag ? "true" : "false");
	const struct {
		const char *key;
		const struct text *text;
	} texts[] = {{"name", &row->name}, {"note", &row->note}, {"addr", &row->addr}};
	for (unsigned i = 0; i < 3; i++) {
		buf_printf(out, ",\"%s\":", texts[i].key);
		put_text(out, texts[i].text);
	}
	if (row->odd.given) {
		buf_printf(out, ",\"odd\":");
		put_text(out, &row->odd);
	}
	for (unsigned i = 0; row->tags_given && i <= row->ntags; i++) {
		buf_printf(out, i == 0 ? ",\"tags\":[" : i < row->ntags ? "," : "");
		if (i < row->ntags)
			put_text(out, &row->tags[i]);
		else
			buf_printf(out, "]");
	}
	for (unsigned i = 0; row->parts_given && i <= row->nparts; i++) {
		buf_printf(out, i == 0 ? ",\"parts\":[" : i < row->nparts ? "," : "");
		if (i == row->nparts) {
			buf_printf(out, "]");
			break;
		}
		buf_printf(out, "{\"k\":");
		put_text(out, &row->parts[i].k);
		buf_printf(out, ",\"v\":");
		put_text(out, &row->parts[i].v);
		if (row->parts[i].has_n)
			buf_printf(out, ",\"n\":%lld", (long long)row->parts[i].n);
		buf_printf(out, "}");
	}
	buf_printf(out, "}\n");
}
