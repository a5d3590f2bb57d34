/* SPDX-License-Identifier: Apache-2.0 */
/* feed_test.c: what a feed's settings and packing may look like: headers, addresses, and a zip of one file whole, cut and changed. */
#include "pipeline/feed_private.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include "base/test.h"

/* ---- headers --------------------------------------------------------------------------------- */

static const struct {
	const char *lines, *read; /* "name=value," of all; NULL = refused */
} headers[] = {
	{"Auth-Key: abc\n", "Auth-Key=abc,"},
	{"Auth-Key:abc", "Auth-Key=abc,"},
	{"\n# a comment\n  X-One :  two words \t\r\nB: c:d\r\n",
		NULL}, /* a blank in front of the colon */
	{"\n# a comment\n  X-One:  two words \t\r\nB: c:d\r\n", "X-One=two words,B=c:d,"},
	{"", ""},
	{"no colon\n", NULL},
	{": value\n", NULL},
	{"Name:\n", NULL},
	{"Name: \x01\n", NULL},
	{"N\xc3\xa4me: x\n", NULL},
	{"host: x\n", NULL},
	{"HOST: x\n", NULL},
	{"Content-Length: 5\n", NULL},
	{"Accept-Encoding: gzip\n", NULL},
	{"Range: bytes=0-1\n", NULL},
	{"If-None-Match: x\n", NULL},
	{"Cookie: a=b\nAuthorization: Bearer x\n", "Cookie=a=b,Authorization=Bearer x,"},
};

static int note_header(void *ctx, const char *name, const char *value, struct err *err)
{
	(void)err;
	buf_printf(ctx, "%s=%s,", name, value);
	return 0;
}

static void test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		struct arena mem = {0};
		struct buf read;
		struct err err = {0};
		buf_init(&read, 4096);
		int rc = feed_headers_read(
			slice_of(headers[i].lines), &mem, note_header, &read, &err);
		bool good = headers[i].read ? rc == 0 && slice_eq(buf_view(&read),
								 slice_of(headers[i].read))
					    : rc < 0 && err.kind == ERR_USAGE;
		if (!good)
			fail_msg("row %zu: %.*s %s", i, SLICE_ARG(buf_view(&read)), err.text);
		buf_fini(&read);
		arena_fini(&mem);
	}
}

/* ---- addresses ------------------------------------------------------------------------------- */

static const struct {
	struct feed feed;
	bool good;
} feeds[] = {
	{{.url = "https://feeds.example/list"}, true},
	{{.url = "http://feeds.example/list"}, false},
	{{.url = "http://feeds.internal/list", .allow_private = true}, true},
	{{.url = "https://"}, false},
	{{.url = "https://me:secret@feeds.example/"}, false},
	{{.url = "https://feeds.example/@me"}, true},
	{{.url = "ftp://feeds.example/"}, false},
	{{.url = "https://feeds.example/", .user = "me"}, false},
	{{.url = "https://feeds.example/", .password = "x"}, false},
	{{.url = "https://feeds.example/", .user = "me", .password = "x"}, true},
	{{.url = "https://feeds.example/", .user = "m:e", .password = "x"}, false},
	{{.url = "https://feeds.example/", .user = "me", .password = "x", .token = "y"}, false},
	{{.url = "https://feeds.example/", .proxy = "http://a:b@proxy"}, false},
	{{.url = "https://feeds.example/", .headers = "A: b\n"}, true},
	{{.url = "https://feeds.example/", .headers = "A b\n"}, false},
	{{.kind = FEED_FILE, .url = "/lists"}, true},
	{{.kind = FEED_FILE, .url = "/lists", .token = "x"}, false},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(feeds); i++) {
		struct err err = {0};
		if ((feed_check(&feeds[i].feed, &err) == 0) != feeds[i].good)
			fail_msg("row %zu: %s %s", i, feeds[i].feed.url, err.text);
		if (strstr(err.text, "secret"))
			fail_msg("row %zu shows a password", i);
	}
}

/* ---- zip ------------------------------------------------------------------------------------- */

static void put(struct buf *out, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_push(out, (char)(i < 8 ? value >> 8 * i : 0));
}

static void put_facts(struct buf *out, bool deflated, uint32_t crc, size_t packed, size_t size)
{
	put(out, 20, 2);
	put(out, 0, 2);
	put(out, deflated ? 8 : 0, 2);
	put(out, 0, 4);
	put(out, crc, 4);
	put(out, packed, 4);
	put(out, size, 4);
	put(out, 1, 2); /* of its name, */
	put(out, 0, 2); /* of more */
}

static void make_zip(struct buf *out, const char *text, size_t n, bool deflated)
{
	static char packed[65536];
	size_t size = n;
	memcpy(packed, text, n);
	if (deflated) {
		z_stream z = {.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)n};
		assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, 0), Z_OK);
		z.next_out = (Bytef *)packed;
		z.avail_out = sizeof(packed);
		assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
		size = sizeof(packed) - z.avail_out;
		deflateEnd(&z);
	}
	uint32_t crc = (uint32_t)crc32(0, (const Bytef *)text, (uInt)n);
	buf_append(out, "PK\3\4", 4);
	put_facts(out, deflated, crc, size, n);
	buf_push(out, 'a');
	buf_append(out, packed, size);
	size_t directory = out->len;
	buf_append(out, "PK\1\2", 4);
	put(out, 20, 2);
	put_facts(out, deflated, crc, size, n);
	put(out, 0, 2 + 2 + 2 + 4 + 4);
	buf_push(out, 'a');
	size_t bytes = out->len - directory;
	buf_append(out, "PK\5\6", 4);
	put(out, 0, 4);
	put(out, 1, 2);
	put(out, 1, 2);
	put(out, bytes, 4);
	put(out, directory, 4);
	put(out, 0, 2);
}

/* What is read of a zip that stands at `from` in a file; false where it is refused. */
static bool read_zip(struct slice bytes, uint64_t from, struct buf *text, struct err *err)
{
	char path[] = "/tmp/pugmark-zip-XXXXXX", some[700];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(io_pwrite(fd, bytes.ptr, bytes.len, from, path, err), 0);
	const struct feed_part part = {fd, "test", from, bytes.len};
	struct zip *zip = NULL;
	int64_t got = zip_open(&part, &zip, err);
	buf_clear(text);
	while (got == 0 && (got = zip_read(zip, some, sizeof(some), err)) > 0) {
		buf_append(text, some, (size_t)got);
		got = 0;
		if (text->full)
			break;
	}
	if (zip)
		zip_close(zip);
	close(fd);
	return got == 0;
}

static void test_zip(void **state)
{
	char text[3000];
	struct buf zip, read;
	struct err err = {0};
	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "0123456789.\n"[i * i % 12];
	buf_init(&zip, 1 << 20);
	buf_init(&read, 1 << 20);
	for (int deflated = 0; deflated < 2; deflated++) {
		for (size_t n = 0; n <= sizeof(text); n += 600) {
			buf_clear(&zip);
			make_zip(&zip, text, n, deflated);
			assert_true(read_zip(buf_view(&zip), (uint64_t)n * 7, &read, &err));
			assert_true(slice_eq(buf_view(&read), (struct slice){text, n}));
		}
		/* Cut anywhere it is refused; with any byte changed it is refused, or says the same. */
		for (size_t n = 0; n < zip.len; n++)
			assert_false(read_zip((struct slice){zip.ptr, n}, 0, &read, &err));
		for (size_t n = 0; n < zip.len; n++) {
			zip.ptr[n] ^= (char)(1 << n % 8);
			if (read_zip(buf_view(&zip), 0, &read, &err) &&
				!slice_eq(buf_view(&read), (struct slice){text, sizeof(text)}))
				fail_msg("byte %zu of %zu", n, zip.len);
			zip.ptr[n] ^= (char)(1 << n % 8);
		}
	}
	buf_fini(&zip);
	buf_fini(&read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_zip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
