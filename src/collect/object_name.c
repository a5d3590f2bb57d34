/* SPDX-License-Identifier: Apache-2.0 */
/* object_name.c: what keys say: node, log and byte range of what pugmark ship wrote; the log of what other
 * tools wrote. */
#include "collect/objects.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool all_digits(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(p[i]))
			return false;
	}
	return n > 0;
}

static int hex(char c)
{
	return is_digit(c)            ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The last part of what is left of the key, cut off from it. */
static struct slice last_part(struct slice *key)
{
	size_t at = key->len;
	while (at > 0 && key->ptr[at - 1] != '/')
		at--;
	struct slice part = {key->ptr + at, key->len - at};
	key->len = at > 0 ? at - 1 : 0;
	return part;
}

static bool ends_with(struct slice text, const char *ending)
{
	size_t n = strlen(ending);
	return text.len > n && memcmp(text.ptr + text.len - n, ending, n) == 0;
}

bool object_is_audit_log(struct slice name, size_t *len)
{
	static const char ending[] = ".audit.log";
	size_t n = sizeof(ending) - 1;
	*len = name.len;
	if (ends_with(name, ".gz"))
		*len -= 3;
	else if (ends_with(name, ".zst"))
		*len -= 4;
	return *len == 14 + n && all_digits(name.ptr, 8) &&
	       (name.ptr[8] == '.' || name.ptr[8] == '-') && all_digits(name.ptr + 9, 5) &&
	       memcmp(name.ptr + 14, ending, n) == 0;
}

bool object_is_wanted(struct slice name)
{
	static const char *const endings[] = {".log", ".json", ".ndjson", ".jsonl"};
	if (ends_with(name, ".gz"))
		name.len -= 3;
	else if (ends_with(name, ".zst"))
		name.len -= 4;
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (name.ptr[0] != '.' && ends_with(name, endings[i]))
			return true;
	}
	return false;
}

/* "%41" to "A"; false where it is not what an encoder writes, is too long, or holds NUL. */
static bool decode(struct slice part, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < part.len; i++) {
		char c = part.ptr[i];
		if (c == '%') {
			if (i + 2 >= part.len || hex(part.ptr[i + 1]) < 0 ||
				hex(part.ptr[i + 2]) < 0)
				return false;
			c = (char)(hex(part.ptr[i + 1]) * 16 + hex(part.ptr[i + 2]));
			i += 2;
		}
		if (n + 1 >= size || c == '\0' || c == '\n')
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return n > 0;
}

/* "000000000000000-000000012345.ndjson.zst" */
static bool read_range(struct slice part, struct object_name *name)
{
	int64_t from, to;
	if (ends_with(part, ".zst"))
		part.len -= 4;
	else if (ends_with(part, ".gz"))
		part.len -= 3;
	if (!ends_with(part, ".ndjson"))
		return false;
	part.len -= 7;
	const char *dash = memchr(part.ptr, '-', part.len);
	if (!dash)
		return false;
	struct slice first = {part.ptr, (size_t)(dash - part.ptr)};
	struct slice second = {dash + 1, part.len - first.len - 1};
	if (first.len < 15 || first.len > 18 || second.len > 18 ||
		!all_digits(first.ptr, first.len) || !all_digits(second.ptr, second.len) ||
		text_parse_int(first, &from) < 0 || text_parse_int(second, &to) < 0 || to <= from)
		return false;
	name->from = (uint64_t)from;
	name->to = (uint64_t)to;
	return true;
}

static bool is_fingerprint(struct slice part)
{
	for (size_t i = 0; i < part.len; i++) {
		if (hex(part.ptr[i]) < 0)
			return false;
	}
	return part.len == 8;
}

static bool read_shipped(struct slice key, struct object_name *name)
{
	struct slice range = last_part(&key), print = last_part(&key);
	struct slice log = last_part(&key), node = last_part(&key);
	name->ranged = read_range(range, name) && is_fingerprint(print) &&
		       decode(log, name->log, sizeof(name->log)) &&
		       decode(node, name->node, sizeof(name->node));
	return name->ranged;
}

void object_name_read(struct slice key, struct object_name *name)
{
	size_t n;
	bool packed = ends_with(key, ".gz") || ends_with(key, ".zst");
	*name = (struct object_name){.packed = packed};
	if (read_shipped(key, name))
		return;
	*name = (struct object_name){.packed = packed};
	struct slice last = last_part(&key);
	if (object_is_audit_log(last, &n))
		memcpy(name->log, last.ptr, n);
}

uint32_t object_date(struct slice part)
{
	char digits[8];
	bool dashed = part.len >= 10 && part.ptr[4] == '-' && part.ptr[7] == '-';
	if (dashed) {
		memcpy(digits, part.ptr, 4);
		memcpy(digits + 4, part.ptr + 5, 2);
		memcpy(digits + 6, part.ptr + 8, 2);
	} else if (part.len >= 8) {
		memcpy(digits, part.ptr, 8);
	} else {
		return 0;
	}
	int64_t n;
	if (!all_digits(digits, 8) || text_parse_int((struct slice){digits, 8}, &n) < 0)
		return 0;
	/* Ten digits are no date but a number of seconds. */
	if (!dashed && part.len > 8 && is_digit(part.ptr[8]))
		return 0;
	bool possible = n / 10000 >= 1970 && n / 100 % 100 >= 1 && n / 100 % 100 <= 12 &&
			n % 100 >= 1 && n % 100 <= 31;
	return possible ? (uint32_t)n : 0;
}
