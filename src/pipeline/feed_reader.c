/* SPDX-License-Identifier: Apache-2.0 */
/* feed_reader.c: the bytes of a part, unpacked within limits: a reply that was packed for the way (gzip) or is a packed file is the same here, and
 * one that ends in the middle is seen, which libcurl's own unpacking does not. */
#include <stdlib.h>
#include <strings.h>

#include "pipeline/feed_private.h"
#include "pipeline/input.h"

enum { CHUNK = 1 << 16 };

static int read_packed(void *ctx, void *data, size_t n, size_t *got, bool *end, struct err *err)
{
	struct feed_reader *r = ctx;
	uint64_t left = r->part->len - r->at;
	*got = left < n ? (size_t)left : n;
	*end = *got == left;
	if (io_pread(r->part->fd, data, *got, r->part->from + r->at, r->part->name, err) < 0)
		return -1;
	r->at += *got;
	return 1;
}

int feed_reader_open(struct feed_reader *r, struct err *err)
{
	char head[4] = {0};
	size_t n = r->part->len < sizeof(head) ? (size_t)r->part->len : sizeof(head);
	if (io_pread(r->part->fd, head, n, r->part->from, r->part->name, err) < 0)
		return -1;
	if (zip_is(head, n))
		return zip_open(r->part, &r->zip, err);
	r->stream = (struct input_stream){read_packed, r, r->part->len};
	r->input = input_open_stream(r->part->name, &r->stream);
	return 0;
}

void feed_reader_close(struct feed_reader *r)
{
	input_close(r->input);
	zip_close(r->zip);
}

static bool begins_with(struct slice text, const char *word)
{
	size_t n = strlen(word);
	return text.len >= n && strncasecmp(text.ptr, word, n) == 0;
}

/* A page for people: of a login, an error, a firewall. */
static bool is_page(struct slice text)
{
	static const char *const tags[] = {
		"<!doctype html", "<html", "<head", "<body", "<script", "<!--", NULL};
	if (begins_with(text, "\xef\xbb\xbf"))
		text.ptr += 3, text.len -= 3;
	while (text.len && strchr(" \t\r\n", text.ptr[0]))
		text.ptr++, text.len--;
	for (size_t i = 0; tags[i]; i++) {
		if (begins_with(text, tags[i]))
			return true;
	}
	return false;
}

static int64_t read_input(struct feed_reader *r, char *to, size_t n, struct err *err)
{
	int64_t got = 0;
	bool end = false;
	while (got == 0 && !end)
		got = input_read(r->input, to, n, &end, err);
	if (got < 0 && err->kind == ERR_FORMAT)
		return err_set(err, ERR_FORMAT, "%s: the %s data are damaged or end early",
			r->part->name, input_packing(r->input));
	return got;
}

int64_t feed_reader_read(void *ctx, char *to, size_t n, struct err *err)
{
	struct feed_reader *r = ctx;
	char bytes[32];
	if (feed_stopped(r->stop))
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	int64_t got = r->zip ? zip_read(r->zip, to, n, err) : read_input(r, to, n, err);
	if (got <= 0)
		return got;
	if (!r->begun && is_page((struct slice){to, (size_t)got}))
		return err_set(err, ERR_FORMAT,
			"%s: it sent a web page (HTML), no list: a page to sign in, an error, or "
			"not the address of the list itself",
			r->part->name);
	r->begun = true;
	*r->passed += (uint64_t)got;
	if (*r->passed > r->most)
		return err_set(err, ERR_LIMIT,
			"%s: it unpacks to more than %s: --max-size allows more", r->part->name,
			text_bytes(r->most, bytes));
	return got;
}

int feed_part_text(const struct feed_part *part, uint64_t most, const volatile sig_atomic_t *stop,
	struct buf *text, struct err *err)
{
	uint64_t passed = 0;
	struct feed_reader reader = {.part = part, .stop = stop, .passed = &passed, .most = most};
	int64_t got = feed_reader_open(&reader, err);
	while (got == 0) {
		char *to = buf_reserve(text, CHUNK);
		if (!to) {
			got = err_set(err, ERR_LIMIT, "%s: it is too long", part->name);
			break;
		}
		got = feed_reader_read(&reader, to, CHUNK, err);
		if (got <= 0)
			break;
		text->len += (size_t)got;
		got = 0;
	}
	feed_reader_close(&reader);
	return got < 0 ? -1 : 0;
}
