/* SPDX-License-Identifier: Apache-2.0 */
/* list_plain.c: one value a line, comments, and the lines of hosts files ("0.0.0.0 example.com"). */
#include "ioc/list_private.h"

enum { SAMPLE_LINES = 200 };

static struct slice part(struct slice s, size_t begin, size_t end)
{
	return (struct slice){s.ptr + begin, end - begin};
}

static bool begins_comment(struct slice s, size_t at)
{
	char c = s.ptr[at];
	return c == '#' || c == ';' || (c == '/' && at + 1 < s.len && s.ptr[at + 1] == '/');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where a comment begins behind a blank; the end where there is none. Names of people and programs may hold one. */
static size_t comment_begin(struct slice s, enum ioc_kind kind)
{
	if (kind >= IOC_USER)
		return s.len;
	for (size_t i = 1; i < s.len; i++)
		if (is_blank(s.ptr[i - 1]) && begins_comment(s, i))
			return i;
	return s.len;
}

/* The name in a line of a hosts file; no bytes where it is none. */
static struct slice host_of(struct slice s)
{
	static const struct slice sinks[] = {
		SLICE("0.0.0.0"), SLICE("127.0.0.1"), SLICE("::1"), SLICE("::")};
	size_t n = 0;
	while (n < s.len && !is_blank(s.ptr[n]))
		n++;
	for (size_t i = 0; n < s.len && i < sizeof(sinks) / sizeof(sinks[0]); i++)
		if (slice_eq(part(s, 0, n), sinks[i]))
			return list_trim(part(s, n, s.len));
	return (struct slice){0};
}

bool plain_split(struct slice line, enum ioc_kind kind, struct slice *value, struct slice *comment)
{
	struct slice s = list_trim(line);
	*comment = (struct slice){0};
	if (s.len == 0 || begins_comment(s, 0))
		return false;
	size_t at = comment_begin(s, kind);
	if (at < s.len) {
		size_t from = at + (s.ptr[at] == '/' ? 2 : 1);
		*comment = list_trim(part(s, from, s.len));
		s = list_trim(part(s, 0, at));
	}
	struct slice host = host_of(s);
	*value = host.len ? host : s;
	return true;
}

static int read_line(struct list *list, struct slice line)
{
	struct ioc_entry entry = list_entry();
	if (!plain_split(line, list->options->kind, &entry.text, &entry.description)) {
		list->counts->skipped++;
		return 0;
	}
	entry.line = list->line;
	if (list->cut) {
		entry.text.len = 200;
		return list_emit_unusable(list, &entry, "a line longer than 1 MiB");
	}
	arena_reset(&list->mem);
	return list_emit(list, &entry, IOC_NONE);
}

int plain_read(struct list *list)
{
	struct slice line;
	int status;
	while ((status = list_line(list, &line)) > 0) {
		status = read_line(list, line);
		if (status != 0)
			return status;
	}
	return status;
}

static bool is_one_word(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_blank(s.ptr[i]))
			return false;
	return true;
}

/* Nearly all lines hold one word, or one that is of a known form. */
bool plain_looks_like(struct list *list, struct slice head)
{
	size_t good = 0, all = 0;
	while (head.len > 0 && all < SAMPLE_LINES) {
		const char *end = memchr(head.ptr, '\n', head.len);
		struct slice line = {head.ptr, end ? (size_t)(end - head.ptr) : head.len};
		struct slice value, comment;
		head = part(head, line.len + (end ? 1 : 0), head.len);
		if (!plain_split(line, list->options->kind, &value, &comment))
			continue;
		all++;
		good += is_one_word(value) || list_has_form(list, value);
	}
	return good * 10 >= all * 8;
}
