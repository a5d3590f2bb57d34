/* SPDX-License-Identifier: Apache-2.0 */
/* scan_six.c: IPv6 addresses between times, hardware addresses, and the colons of programs. */
#include "ioc/scan_private.h"

enum { SIX_SEEN = 46, MOST_COLONS = 8 };

static bool is_part(char c)
{
	return c == ':' || c == '.' || byte_is(c, BYTE_HEX);
}

/* Numbers of hardware: groups of two digits each. */
static bool is_hardware(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((text.ptr[i] == ':') != (i % 3 == 2))
			return false;
	return true;
}

/* All that are in use begin with a group of three digits at least, or are ::1, or stand for IPv4; and have a digit. So `a::b`,
 * `x[1::2]` and `Fee::Bad` are none. */
static bool is_in_use(struct slice text, const uint8_t address[16], size_t n)
{
	static const uint8_t loopback[16] = {[15] = 1};
	bool digit = false;
	for (size_t i = 0; i < text.len; i++)
		digit = digit || byte_is(text.ptr[i], BYTE_DIGIT);
	return n == 4 || (digit && address[0] != 0) || memcmp(address, loopback, 16) == 0;
}

static bool try_six(struct scan *scan, size_t begin, size_t end)
{
	uint8_t address[16];
	const char *text = scan->text.ptr;
	while (end > begin && text[end - 1] == '.')
		end--;
	if (end - begin > 2 && text[end - 1] == ':' && text[end - 2] != ':')
		end--;
	if (end - begin > 2 && text[begin] == ':' && text[begin + 1] != ':')
		begin++;
	else if (begin > 0 && byte_is(text[begin - 1], BYTE_WORD))
		return false;
	if (end < scan->text.len && byte_is(text[end], BYTE_WORD))
		return false;
	struct slice six = {text + begin, end - begin};
	size_t n = address_key(six, address);
	if (n == 0 || is_hardware(six) || !is_in_use(six, address, n))
		return false;
	return scan_emit(scan, IOC_IPV6, begin, end);
}

bool scan_six(struct scan *scan, size_t colon)
{
	const char *text = scan->text.ptr;
	size_t begin = colon, end = colon, colons = 0, last = colon, n = scan->text.len;
	bool gap = false;
	while (begin > scan->found && colon - begin <= 4 && byte_is(text[begin - 1], BYTE_HEX))
		begin--;
	for (; end < n && end - begin < SIX_SEEN && is_part(text[end]); end++) {
		if (text[end] != ':')
			continue;
		gap = gap || (colons > 0 && last + 1 == end);
		colons++;
		last = end;
	}
	if (colons > MOST_COLONS + 1 || end - begin >= SIX_SEEN) {
		/* Too long for one: past the run, which is looked at once. */
		while (end < n && (text[end] == ':' || byte_is(text[end], BYTE_HEX)))
			end++;
		scan->cursor = end;
		return false;
	}
	scan->cursor = colons > 1 ? last + 1 : colon + 1;
	return colons > 1 && (gap || colons >= 6) && try_six(scan, begin, end);
}
