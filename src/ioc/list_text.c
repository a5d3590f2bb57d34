/* SPDX-License-Identifier: Apache-2.0 */
/* list_text.c: free text, such as a report that was pasted: what the scanner finds in it, each once. It is read in pieces that
 * end with a line, or with a blank where a line is long. */
#include "base/map.h"
#include "ioc/list_private.h"
#include "ioc/scan.h"

enum {
	REMEMBERED = 1000000, /* of more, some may be told twice */
	PIECE = 1 << 20,
};

struct reading {
	struct list *list;
	struct map seen;
	struct slice text;
	size_t counted; /* bytes of the text in which lines were counted */
	int status;
};

bool text_looks_like(struct list *list, struct slice head)
{
	(void)list;
	(void)head;
	return true;
}

static bool is_new(struct reading *r, const struct indicator *indicator)
{
	char key[2 + 2 * IOC_KEY_MAX] = {(char)indicator->form, (char)indicator->kind};
	bool was_new = true;
	size_t n = 2 + indicator->key.len;
	memcpy(key + 2, indicator->key.ptr, indicator->key.len);
	if (indicator->last.len)
		memcpy(key + n, indicator->last.ptr, indicator->last.len);
	struct slice s = {key, n + indicator->last.len};
	if (r->seen.count >= REMEMBERED)
		return !map_get(&r->seen, s);
	map_put(&r->seen, s, &was_new);
	return was_new;
}

/* The digits of a CIDR range after an address; 0 where there are none. */
static size_t range_bytes(struct slice text, size_t end)
{
	size_t at = end + 1;
	if (end >= text.len || text.ptr[end] != '/')
		return 0;
	while (at < text.len && at - end < 4 && text.ptr[at] >= '0' && text.ptr[at] <= '9')
		at++;
	bool word = at < text.len && (text.ptr[at] == '.' || text.ptr[at] == '/') &&
		    at + 1 < text.len && text.ptr[at + 1] > ' ';
	return at > end + 1 && !word ? at - end : 0;
}

static bool is_before(struct slice text, size_t at, const char *what)
{
	size_t n = strlen(what);
	return at >= n && memcmp(text.ptr + at - n, what, n) == 0;
}

/* An address may be the base of a range, a domain the end of a wildcard. */
static void widen(struct slice text, const struct ioc_found *found, struct arena *mem,
	struct ioc_entry *entry)
{
	static const char *const stars[] = {"*.", "*[.]", "*(.)"};
	size_t n = found->kind == IOC_IPV4 || found->kind == IOC_IPV6
			   ? range_bytes(text, found->at + found->len)
			   : 0;
	struct indicator range;
	bool wide;
	struct slice with = {text.ptr + found->at, found->len + n};
	if (n && indicator_parse(with, found->kind, mem, &range, &wide, NULL) == 0) {
		entry->text = with;
		entry->indicator = range;
		entry->wide = wide;
	}
	for (size_t i = 0; found->kind == IOC_DOMAIN && i < sizeof(stars) / sizeof(stars[0]); i++) {
		size_t star = strlen(stars[i]);
		if (!is_before(text, found->at, stars[i]))
			continue;
		entry->text = (struct slice){text.ptr + found->at - star, found->len + star};
		entry->indicator.form = IOC_BELOW;
	}
}

static bool is_hash(enum ioc_kind kind)
{
	return kind >= IOC_MD5 && kind <= IOC_SHA256;
}

/* Whether a kind is asked for: versions of addresses, and lengths of hashes, stand for each other. */
static bool is_wanted(enum ioc_kind wanted, enum ioc_kind kind)
{
	bool addresses = (wanted == IOC_IPV4 || wanted == IOC_IPV6) &&
			 (kind == IOC_IPV4 || kind == IOC_IPV6);
	return wanted == IOC_NONE || wanted == kind || addresses ||
	       (is_hash(wanted) && is_hash(kind));
}

static void count_lines(struct reading *r, size_t until)
{
	const char *at = r->text.ptr + r->counted, *end = r->text.ptr + until, *p;
	while (at < end && (p = memchr(at, '\n', (size_t)(end - at)))) {
		r->list->line++;
		at = p + 1;
	}
	r->counted = until;
}

static void take(void *ctx, const struct ioc_found *found)
{
	struct reading *r = ctx;
	struct ioc_entry entry = list_entry();
	if (r->status != 0)
		return;
	arena_reset(&r->list->mem);
	entry.text = (struct slice){r->text.ptr + found->at, found->len};
	entry.indicator =
		(struct indicator){.form = IOC_EXACT, .kind = found->kind, .key = found->key};
	widen(r->text, found, &r->list->mem, &entry);
	if (!is_wanted(r->list->options->kind, found->kind) || !is_new(r, &entry.indicator))
		return;
	count_lines(r, found->at);
	entry.line = r->list->line + 1;
	entry.usable = true;
	r->list->counts->usable++;
	r->status = r->list->each(r->list->ctx, &entry, r->list->err);
}

/* Bytes of the piece that begins at list->at: up to a line's end, a blank, or all that there is. */
static size_t piece_bytes(const struct list *list)
{
	const char *from = list->data + list->at;
	size_t n = list->len - list->at;
	if (list->ended)
		return n;
	const char *end = memrchr(from, '\n', n);
	if (!end)
		end = memrchr(from, ' ', n);
	return end ? (size_t)(end - from) + 1 : n;
}

static int read_pieces(struct reading *r)
{
	static const struct ioc_scan_options options = {.refang = true};
	struct list *list = r->list;
	for (;;) {
		while (!list->ended && list->len - list->at < PIECE)
			if (list_fill(list) != 0)
				return -1;
		size_t n = piece_bytes(list);
		if (n == 0)
			return 0;
		r->text = (struct slice){list->data + list->at, n};
		r->counted = 0;
		ioc_scan(r->text, &options, take, r);
		count_lines(r, n);
		list->at += n;
		if (r->status != 0)
			return r->status;
	}
}

int text_read(struct list *list)
{
	struct reading r = {.list = list};
	map_init(&r.seen);
	int status = read_pieces(&r);
	list->counts->lines = list->line;
	map_fini(&r.seen);
	return status;
}
