/* SPDX-License-Identifier: Apache-2.0 */
/*
 * damage.c: what happens to log lines in real life: cut, garbled, mixed with other output, written
 * by another encoding. Some stay events (repaired, or without a time), some cannot be read.
 */
#include "damage.h"

/* The line with `text` put in after the first `key`. */
static char *insert(char *p, struct slice line, const char *key, struct slice text)
{
	const char *at = memmem(line.ptr, line.len, key, strlen(key));
	size_t head = at == NULL ? 1 : (size_t)(at - line.ptr) + strlen(key);
	p = put(p, (struct slice){line.ptr, head});
	p = put(p, text);
	return put(p, (struct slice){line.ptr + head, line.len - head});
}

/* The line with the last letter of its time's key changed, so that the time is nowhere. */
static char *without_time(char *p, struct slice line)
{
	static const char *const keys[] = {"\"timestamp\":", "\"created\":", "\"creationDate\":",
		"\"processedAt\":", "\"detectionTime\":", "\"start\":", "\"time\":"};
	char *begin = p;
	p = put(p, line);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char *at = memmem(begin, line.len, keys[i], strlen(keys[i]));
		if (at != NULL)
			at[strlen(keys[i]) - 3] = 'X';
	}
	return p;
}

/* Damage that leaves an event; numbers 0 to 5. */
static char *repairable(char *p, struct slice line, const struct format *f, uint32_t n)
{
	switch (n) {
	case 0:
		return insert(p, line, f->action_key, SLICE("\xc3(\xff"));
	case 1:
		return insert(p, line, "{", slice_of(f->twice));
	case 2:
		return insert(p, line, f->action_key, SLICE("\\ud800 and \\udc00"));
	case 3:
		return insert(p, line, f->action_key, SLICE("nul \\u0000 "));
	default:
		return insert(p, line, f->action_key, SLICE("bell \x07 "));
	}
}

/* Damage that leaves nothing to read. */
static char *hopeless(char *p, struct slice line, uint32_t n)
{
	switch (n) {
	case 0:
		return put(p, (struct slice){line.ptr, line.len * 3 / 5});
	case 1:
		return PUT(p, "Jan  5 10:11:12 host java[412]: WARN audit log rolled, see above");
	case 2:
		return PUT(p, "42");
	case 3:
		return PUT(p, "\x01\x02\x7f"
			      "ELF\x00\x00\xfe\xff{\"a\"");
	case 4:
		p = PUT(p, "{\"author\":");
		memset(p, '[', 5000);
		memset(p + 5000, ']', 5000);
		return PUT(p + 10000, "}");
	case 5:
		return PUT(put(p, line), "}}");
	default:
		return PUT(p, "[1,2,3]");
	}
}

char *damage_line(
	char *p, struct slice line, const struct format *format, uint32_t n, enum line_kind *kind)
{
	n %= 13;
	if (n == 12) {
		*kind = LINE_NO_TIME;
		return without_time(p, line);
	}
	*kind = n % 2 == 0 && n < 10 ? LINE_REPAIRED : LINE_REJECT;
	if (*kind == LINE_REPAIRED)
		return repairable(p, line, format, n / 2);
	return hopeless(p, line, n < 10 ? n / 2 : n == 10 ? 5 : 6);
}
