/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: names of logs: which are audit logs, which is older, and what they are called in a bucket. */
#include "net/sigv4.h"
#include "ship/private.h"

static const char suffix[] = ".audit.log";

bool names_match(const char *name)
{
	size_t n = strlen(name), end = sizeof(suffix) - 1;
	return n > end && strcmp(name + n - end, suffix) == 0;
}

/* Up to `most` digits at `text` as a number; how many there are. */
static size_t digits(const char *text, size_t most, int64_t *value)
{
	size_t n = 0;
	*value = 0;
	for (; n < most && text[n] >= '0' && text[n] <= '9'; n++)
		*value = *value * 10 + (text[n] - '0');
	return n;
}

/* `20240924.00000` and `20240924-00000`: the number counts the logs of a day, so that it tells the order
 * where times cannot: all of a backup have the same. */
struct ship_order names_order(const char *name, int64_t mtime_us)
{
	struct ship_order order = {.mtime_us = mtime_us};
	int64_t year;
	unsigned month, day;
	if (digits(name, 8, &order.day) == 8 && (name[8] == '.' || name[8] == '-') &&
		digits(name + 9, 9, &order.number) >= 1) {
		order.mtime_us = 0;
		return order;
	}
	clock_date(mtime_us / (86400 * SHIP_SECOND), &year, &month, &day);
	order.day = year * 10000 + month * 100 + day;
	order.number = INT64_MAX;
	return order;
}

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

int names_compare(const struct ship_order *a, const char *name_a, const struct ship_order *b,
	const char *name_b)
{
	int c = compare(a->day, b->day);
	if (c == 0)
		c = compare(a->number, b->number);
	if (c == 0)
		c = compare(a->mtime_us, b->mtime_us);
	return c != 0 ? c : strcmp(name_a, name_b);
}

static bool plain(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

void names_encode(struct buf *out, struct slice text)
{
	bool dots = slice_eq(text, SLICE(".")) || slice_eq(text, SLICE(".."));
	for (size_t i = 0; i < text.len; i++)
		if (plain(text.ptr[i]) && !dots)
			buf_push(out, text.ptr[i]);
		else
			buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
}

/* One part of a key. A key has 1,024 bytes at most: of a long name the beginning, and a hash that makes it
 * its own. A tilde is in no encoded name. */
static void add_part(struct buf *out, const char *name)
{
	char hex[SIGV4_HEX];
	size_t before = out->len;
	names_encode(out, slice_of(name));
	size_t most = before + LIMIT_SHIP_NAME;
	if (out->len <= most)
		return;
	while (out->ptr[most - 1] == '%' || out->ptr[most - 2] == '%')
		most--; /* not within %XX */
	out->len = most;
	buf_printf(out, "~%.16s", sigv4_hash(slice_of(name), hex));
}

static void add_generation(struct buf *out, const struct ship_record *log)
{
	if (log->generation > 1)
		buf_printf(out, "~%u", log->generation);
}

void names_log(struct buf *out, const struct ship_record *log)
{
	names_encode(out, slice_of(log->name));
	add_generation(out, log);
}

void names_key(struct buf *out, const char *prefix, const struct ship_record *log, uint64_t from,
	uint64_t to, bool gzip)
{
	buf_printf(out, "%s%s", prefix, *prefix ? "/" : "");
	add_part(out, log->node);
	buf_push(out, '/');
	add_part(out, log->name);
	add_generation(out, log);
	buf_printf(out, "/%s/%015llu-%015llu.ndjson.%s", log->fp, (unsigned long long)from,
		(unsigned long long)to, gzip ? "gz" : "zst");
}

void names_check_key(struct buf *out, const char *prefix, const char *node)
{
	buf_printf(out, "%s%s", prefix, *prefix ? "/" : "");
	add_part(out, node);
	buf_puts(out, "/.pugmark-ship");
}
