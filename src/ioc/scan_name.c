/* SPDX-License-Identifier: Apache-2.0 */
/* scan_name.c: a name is a run of letters, digits, hyphens, underscores and single dots. It is a domain, an IPv4 address, part of
 * a mail address, or nothing. Each name is looked at once: `failed_begin` and `cursor` see to it. */
#include "base/text.h"
#include "ioc/scan_private.h"

enum {
	LOCAL_SEEN = 64,  /* RFC 5321: longest local part; bounds the way back from an '@' */
	NAME_SEEN = 1024, /* longer ones are no domains, and are not looked at as a whole */
};

static bool is_dot(const struct scan *scan, size_t at)
{
	return scan->text.ptr[at] == '.';
}

/* How far a step to the right goes: over a byte of a name, or a letter outside ASCII where `wide`. */
static size_t step_right(const struct scan *scan, size_t at, bool wide)
{
	if (at == scan->text.len)
		return 0;
	char c = scan->text.ptr[at];
	if (byte_is(c, BYTE_HOST))
		return 1;
	return wide && (unsigned char)c >= 0x80 ? scan_letter(scan, at) : 0;
}

static size_t step_left(const struct scan *scan, size_t at, bool wide)
{
	if (at <= scan->found)
		return 0;
	char c = scan->text.ptr[at - 1];
	if (byte_is(c, BYTE_HOST))
		return 1;
	return wide && (unsigned char)c >= 0x80 ? scan_letter_before(scan, at) : 0;
}

/* To the right as far as the name goes, dots only where more of it follows. */
static size_t name_end(const struct scan *scan, size_t at, bool wide)
{
	size_t n, from = at;
	for (;;) {
		while ((n = step_right(scan, at, wide)) > 0)
			at += n;
		bool dot = at < scan->text.len && is_dot(scan, at) && at > from &&
			   !is_dot(scan, at - 1);
		if (!dot || step_right(scan, at + 1, wide) == 0)
			return at;
		at++;
	}
}

static size_t name_begin(const struct scan *scan, size_t at, bool wide)
{
	size_t n, from = at;
	for (;;) {
		while (from - at < NAME_SEEN && (n = step_left(scan, at, wide)) > 0)
			at -= n;
		bool dot = at > scan->found && is_dot(scan, at - 1);
		if (!dot || from - at >= NAME_SEEN || step_left(scan, at - 1, wide) == 0)
			return at;
		at--;
	}
}

static struct slice part(const struct scan *scan, size_t begin, size_t end)
{
	return (struct slice){scan->text.ptr + begin, end - begin};
}

static bool defanged(const struct scan *scan, size_t begin, size_t end)
{
	return scan->refanged && refang_touched(scan->refanged, begin, end);
}

/* Labels do not begin or end with a hyphen. */
static bool hyphens_are_good(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		bool edge = i == 0 || i + 1 == name.len || name.ptr[i - 1] == '.' ||
			    name.ptr[i + 1] == '.';
		if (name.ptr[i] == '-' && edge)
			return false;
	}
	return true;
}

/* Whether [begin, end) may be a domain as far as its last label says. */
static bool ends_as_domain(const struct scan *scan, size_t begin, size_t end, bool mail)
{
	struct slice name = part(scan, begin, end);
	const char *dot = name.len ? memrchr(name.ptr, '.', name.len) : NULL;
	if (!dot || !hyphens_are_good(name))
		return false;
	struct slice last = {dot + 1, name.len - (size_t)(dot - name.ptr) - 1};
	if (defanged(scan, begin, end))
		return last.len >= 2 && !byte_is(last.ptr[0], BYTE_DIGIT);
	if (!tld_known(last))
		return false;
	bool two = !memchr(name.ptr, '.', (size_t)(dot - name.ptr));
	return mail || (two ? !tld_is_extension(last) : !tld_is_message(name));
}

/* What stands around a name can tell that it is one of a program's: call(), $variable. */
static bool is_code(const struct scan *scan, size_t begin, size_t end)
{
	return (end < scan->text.len && scan->text.ptr[end] == '(') ||
	       (begin > 0 && scan->text.ptr[begin - 1] == '$');
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* "done.In", "this.Next": a blank is missing, or a member is named. In a name written with capitals, all labels have them. */
static bool is_sentence(struct slice name)
{
	const char *dot = memrchr(name.ptr, '.', name.len), *end = name.ptr + name.len;
	return !is_capital(name.ptr[0]) && is_capital(dot[1]) && !is_capital(end[-1]);
}

static bool try_domain(struct scan *scan, struct span name)
{
	while (name.begin < name.end && scan->text.ptr[name.begin] == '-')
		name.begin++;
	while (name.end > name.begin && memchr("-_", scan->text.ptr[name.end - 1], 2))
		name.end--;
	if (!ends_as_domain(scan, name.begin, name.end, false))
		return false;
	if (!defanged(scan, name.begin, name.end) &&
		(is_code(scan, name.begin, name.end) ||
			is_sentence(part(scan, name.begin, name.end))))
		return false;
	return scan_emit(scan, IOC_DOMAIN, name.begin, name.end);
}

/* Chrome/120.0.0.0 is a version: addresses of hosts do not end in two zeros. */
static bool is_version(const struct scan *scan, size_t begin, const uint8_t address[4])
{
	return address[2] == 0 && address[3] == 0 && begin >= 2 &&
	       scan->text.ptr[begin - 1] == '/' && byte_is(scan->text.ptr[begin - 2], BYTE_ALNUM);
}

static bool try_four(struct scan *scan, struct span name)
{
	uint8_t address[4];
	if (name.begin > 0 && is_dot(scan, name.begin - 1) && name.begin > scan->found)
		return false;
	if (!address4_parse(part(scan, name.begin, name.end), address) ||
		is_version(scan, name.begin, address))
		return false;
	return scan_emit(scan, IOC_IPV4, name.begin, name.end);
}

/* The first '@' at or behind `from`; text.len where there is none. Each is looked for once. */
static size_t next_at(struct scan *scan, size_t from)
{
	if (scan->next_at < from || scan->next_at == SIZE_MAX) {
		size_t left = scan->text.len - from;
		const char *p = left ? memchr(scan->text.ptr + from, '@', left) : NULL;
		scan->next_at = p ? (size_t)(p - scan->text.ptr) : scan->text.len;
	}
	return scan->next_at;
}

/* The local part that ends at an '@': where it begins; `at` where there is none. */
static size_t local_begin(const struct scan *scan, size_t at)
{
	size_t begin = at;
	while (begin > scan->found && byte_is(scan->text.ptr[begin - 1], BYTE_LOCAL))
		if (at - --begin > LOCAL_SEEN)
			return at;
	while (begin < at && memchr(".-+%~", scan->text.ptr[begin], 5))
		begin++;
	return begin;
}

bool scan_mail(struct scan *scan, size_t at)
{
	size_t begin = local_begin(scan, at);
	if (begin == at)
		return false;
	for (unsigned wide = 2; wide-- > 0;) {
		size_t end = name_end(scan, at + 1, wide);
		while (end > at + 1 && memchr("-_", scan->text.ptr[end - 1], 2))
			end--;
		if (end - at < NAME_SEEN && ends_as_domain(scan, at + 1, end, true) &&
			scan_emit(scan, IOC_EMAIL, begin, end))
			return true;
	}
	return false;
}

/* A mail address whose local part goes on from the name. */
static bool try_mail(struct scan *scan, struct span name)
{
	size_t at = next_at(scan, name.end);
	if (at == scan->text.len || at - name.end > LOCAL_SEEN)
		return false;
	for (size_t i = name.end; i < at; i++)
		if (!byte_is(scan->text.ptr[i], BYTE_LOCAL))
			return false;
	return scan_mail(scan, at);
}

static bool try_name(struct scan *scan, struct span name)
{
	return try_mail(scan, name) || try_four(scan, name) || try_domain(scan, name);
}

bool scan_name(struct scan *scan, size_t at)
{
	bool known = at >= scan->failed_begin && at < scan->failed_end;
	if (!known) {
		struct span name = {name_begin(scan, at, true), name_end(scan, at, true)};
		if (is_dot(scan, at))
			name.end = name_end(scan, at + 1, true);
		if (name.end - name.begin < NAME_SEEN && try_name(scan, name))
			return true;
		scan->failed_begin = name.begin;
		scan->failed_end = name.end;
		if (text_is_ascii(part(scan, name.begin, name.end))) {
			scan->cursor = name.end > scan->cursor ? name.end : scan->cursor;
			return false;
		}
	}
	/* Text without blanks between words, as Chinese is written, may touch a name. */
	struct span name = {name_begin(scan, at, false), name_end(scan, at, false)};
	if (is_dot(scan, at))
		name.end = name_end(scan, at + 1, false);
	scan->cursor = name.end > scan->cursor ? name.end : scan->cursor;
	return name.end - name.begin < NAME_SEEN && name.end > name.begin && try_name(scan, name);
}
