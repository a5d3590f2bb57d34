/* SPDX-License-Identifier: Apache-2.0 */
/* scan_hash.c: 32, 40 or 64 hexadecimal digits by themselves. */
#include "ioc/scan_private.h"

enum { HASH_MOST = 64 };

/* A number of so many decimal digits is none, and neither is a word of letters alone. */
static bool is_mixed(struct slice text)
{
	bool digit = false, letter = false;
	for (size_t i = 0; i < text.len; i++) {
		bool is_digit = byte_is(text.ptr[i], BYTE_DIGIT);
		digit = digit || is_digit;
		letter = letter || !is_digit;
	}
	return digit && letter;
}

static bool stands_alone(const struct scan *scan, size_t begin, size_t end)
{
	const char *text = scan->text.ptr;
	return (begin == 0 || !byte_is(text[begin - 1], BYTE_WORD)) &&
	       (end == scan->text.len || !byte_is(text[end], BYTE_WORD));
}

/* A hash may be a label of a domain or stand before an '@': the widest counts. */
static bool is_inside_name(struct scan *scan, size_t begin, size_t end)
{
	const char *text = scan->text.ptr;
	bool touched = (end < scan->text.len && memchr(".@-", text[end], 3)) ||
		       (begin > scan->found && memchr(".-", text[begin - 1], 2));
	bool known = begin >= scan->failed_begin && begin < scan->failed_end;
	return touched && !known && scan_name(scan, begin) && scan->found >= end;
}

bool scan_hash(struct scan *scan, size_t at)
{
	size_t begin = at, end = at;
	const char *text = scan->text.ptr;
	if (at < scan->hex_end || at < scan->found)
		return false;
	while (begin > scan->found && at - begin <= HASH_MOST && byte_is(text[begin - 1], BYTE_HEX))
		begin--;
	while (end < scan->text.len && byte_is(text[end], BYTE_HEX))
		end++;
	scan->hex_end = end;
	size_t n = end - begin;
	if ((n != 32 && n != 40 && n != 64) || !stands_alone(scan, begin, end) ||
		!is_mixed((struct slice){text + begin, n}))
		return false;
	if (is_inside_name(scan, begin, end))
		return true;
	return begin >= scan->found && scan_emit(scan, IOC_MD5, begin, end);
}
