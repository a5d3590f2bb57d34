/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of keys: what two texts share is an equal key, and the key's text makes the same key again. */
#include "base/test.h"
#include "ioc/kind_private.h"

struct row {
	enum ioc_kind kind;
	const char *text;
	const char *same; /* the text of its key; NULL: it is none of that kind */
	enum ioc_kind becomes;
};

static void check_row(size_t i, const struct row *row)
{
	struct buf key, text, again;
	enum ioc_kind kind = row->kind;
	buf_init(&key, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	buf_init(&again, SIZE_MAX);
	bool ok = ioc_key(&kind, slice_of(row->text), &key);
	CHECK_ROW(i, ok == (row->same != NULL));
	CHECK_ROW(i, ok || key.len == 0);
	if (ok) {
		ioc_key_text(kind, buf_view(&key), &text);
		if (!slice_eq(buf_view(&text), slice_of(row->same)))
			fail_msg("row %zu: %s gives %.*s", i, row->text, SLICE_ARG(text));
		CHECK_ROW(i, kind == (row->becomes ? row->becomes : row->kind));
		CHECK_ROW(i, ioc_key(&kind, buf_view(&text), &again));
		CHECK_ROW(i, slice_eq(buf_view(&key), buf_view(&again)));
	}
	buf_fini(&key);
	buf_fini(&text);
	buf_fini(&again);
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_row(i, &rows[i]);
}

static void test_addresses(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{IOC_IPV4, "192.0.2.1", "192.0.2.1", 0},
		{IOC_IPV6, "192.0.2.1", "192.0.2.1", IOC_IPV4},
		{IOC_IPV4, "255.255.255.255", "255.255.255.255", 0},
		{IOC_IPV4, "0.0.0.0", "0.0.0.0", 0},
		{IOC_IPV4, "192.0.2.01", NULL, 0},
		{IOC_IPV4, "192.0.2", NULL, 0},
		{IOC_IPV4, "192.0.2.1.", NULL, 0},
		{IOC_IPV4, "192.0.2.256", NULL, 0},
		{IOC_IPV4, "192.0.2.1:80", NULL, 0},
		{IOC_IPV4, "3221225985", NULL, 0},
		{IOC_IPV4, " 192.0.2.1", NULL, 0},
		{IOC_IPV4, "", NULL, 0},
		{IOC_IPV4, "2001:DB8::1", "2001:db8::1", IOC_IPV6},
		{IOC_IPV6, "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1", 0},
		{IOC_IPV6, "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 0},
		{IOC_IPV6, "2001:0:0:1:0:0:0:1", "2001:0:0:1::1", 0},
		{IOC_IPV6, "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 0},
		{IOC_IPV6, "::", "::", 0},
		{IOC_IPV6, "0:0:0:0:0:0:0:1", "::1", 0},
		{IOC_IPV6, "1::", "1::", 0},
		{IOC_IPV6, "::ffff:192.0.2.1", "192.0.2.1", IOC_IPV4},
		{IOC_IPV6, "::FFFF:c000:201", "192.0.2.1", IOC_IPV4},
		{IOC_IPV6, "64:ff9b::192.0.2.1", "192.0.2.1", IOC_IPV4},
		{IOC_IPV6, "64:ff9b:1::192.0.2.1", "64:ff9b:1::c000:201", 0},
		{IOC_IPV6, "::192.0.2.1", "::c000:201", 0},
		{IOC_IPV6, "fe80::1%eth0", "fe80::1", 0},
		{IOC_IPV6, "fe80::1%", NULL, 0},
		{IOC_IPV6, "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", 0},
		{IOC_IPV6, "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0", 0},
		{IOC_IPV6, "1:2:3:4:5:6:7", NULL, 0},
		{IOC_IPV6, "1:2:3:4:5:6:7:8:9", NULL, 0},
		{IOC_IPV6, "1::2::3", NULL, 0},
		{IOC_IPV6, "1:::2", NULL, 0},
		{IOC_IPV6, ":1::2", NULL, 0},
		{IOC_IPV6, "1::2:", NULL, 0},
		{IOC_IPV6, ":", NULL, 0},
		{IOC_IPV6, "12345::1", NULL, 0},
		{IOC_IPV6, "::1.2.3", NULL, 0},
		{IOC_IPV6, "1:2:3:4:5:6:7:1.2.3.4", NULL, 0},
		{IOC_IPV6, "[::1]", NULL, 0},
		{IOC_IPV6, "::g", NULL, 0},
	};
	check_rows(rows, COUNT(rows));
}

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void test_domains(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{IOC_DOMAIN, "www.example.com", "www.example.com", 0},
		{IOC_DOMAIN, "WWW.Example.COM.", "www.example.com", 0},
		{IOC_DOMAIN, "_dmarc.example.com", "_dmarc.example.com", 0},
		{IOC_DOMAIN,
			"b\xc3\xbc"
			"cher.example",
			"xn--bcher-kva.example", 0},
		{IOC_DOMAIN,
			"B\xc3\x9c"
			"CHER.example",
			"xn--bcher-kva.example", 0},
		{IOC_DOMAIN, "XN--BCHER-KVA.example", "xn--bcher-kva.example", 0},
		{IOC_DOMAIN,
			"stra\xc3\x9f"
			"e.example",
			"xn--strae-oqa.example", 0},
		{IOC_DOMAIN,
			"example\xe3\x80\x82"
			"com",
			"example.com", 0},
		{IOC_DOMAIN, "localhost", "localhost", 0},
		{IOC_DOMAIN, "192.0.2.1", NULL, 0},
		{IOC_DOMAIN, "1.2.3.4.5", NULL, 0},
		{IOC_DOMAIN, "a..b", NULL, 0},
		{IOC_DOMAIN, ".a.b", NULL, 0},
		{IOC_DOMAIN, "a.b..", NULL, 0},
		{IOC_DOMAIN, ".", NULL, 0},
		{IOC_DOMAIN, "a b.com", NULL, 0},
		{IOC_DOMAIN, "*.example.com", NULL, 0},
		{IOC_DOMAIN, "a/b.com", NULL, 0},
		{IOC_DOMAIN, "\xff\xfe.com", NULL, 0},
		{IOC_DOMAIN, A63 ".com", A63 ".com", 0},
		{IOC_DOMAIN, A63 "a.com", NULL, 0},
		{IOC_DOMAIN, A63 "." A63 "." A63 "." A61, A63 "." A63 "." A63 "." A61, 0},
		{IOC_DOMAIN, A63 "." A63 "." A63 "." A61 "a", NULL, 0},
	};
	check_rows(rows, COUNT(rows));
}

static void test_urls(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{IOC_URL, "http://example.com", "example.com/", 0},
		{IOC_URL, "https://Example.COM:443/", "example.com/", 0},
		{IOC_URL, "http://example.com:443/", "example.com:443/", 0},
		{IOC_URL, "http://example.com:80", "example.com/", 0},
		{IOC_URL, "http://example.com:/a", "example.com/a", 0},
		{IOC_URL, "http://example.com:08080/a?b", "example.com:8080/a?b", 0},
		{IOC_URL, "http://example.com:65536/", NULL, 0},
		{IOC_URL, "http://example.com:a/", NULL, 0},
		{IOC_URL, "http://bob:secret@example.com/#top", "example.com/", 0},
		{IOC_URL, "http://a@b@example.com/", "example.com/", 0},
		{IOC_URL, "http://example.com?x=@y", "example.com/?x=@y", 0},
		{IOC_URL, "http://example.com#@evil.com/", "example.com/", 0},
		{IOC_URL, "ftp://example.com:21/A/b", "example.com/A/b", 0},
		{IOC_URL, "svn+ssh://example.com/r", "example.com/r", 0},
		{IOC_URL, "//example.com/a", "example.com/a", 0},
		{IOC_URL, "example.com/a", "example.com/a", 0},
		{IOC_URL, "http://example.com./a", "example.com/a", 0},
		{IOC_URL, "http://192.0.2.1./a", "192.0.2.1/a", 0},
		{IOC_URL, "http://192.0.2.1:8080", "192.0.2.1:8080/", 0},
		{IOC_URL, "http://[2001:DB8:0::1]:8080/a", "[2001:db8::1]:8080/a", 0},
		{IOC_URL, "http://[::ffff:192.0.2.1]/a", "192.0.2.1/a", 0},
		{IOC_URL, "http://[fe80::1%25eth0]/", "[fe80::1]/", 0},
		{IOC_URL, "http://[::1/", NULL, 0},
		{IOC_URL, "http://[::1]x/", NULL, 0},
		{IOC_URL, "http://[example.com]/", NULL, 0},
		{IOC_URL, "http:///a", NULL, 0},
		{IOC_URL, "http://", NULL, 0},
		{IOC_URL, "/a/b", NULL, 0},
		{IOC_URL,
			"http://b\xc3\xbc"
			"cher.example/\xc3\xbc",
			"xn--bcher-kva.example/%C3%BC", 0},
		{IOC_URL, "http://ex%61mple.com/", "example.com/", 0},
		{IOC_URL, "http://ex%2fmple.com/", NULL, 0},
		{IOC_URL, "http://example.com/%7euser/%2f%41?%5b", "example.com/~user/%2FA?%5B", 0},
		{IOC_URL, "http://example.com/%zz%", "example.com/%25zz%25", 0},
		{IOC_URL, "http://example.com/%%341", "example.com/%2541", 0},
		{IOC_URL, "http://example.com/a b", "example.com/a%20b", 0},
		{IOC_URL, "http:\\\\example.com\\a\\b?c\\d", "example.com/a/b?c\\d", 0},
		{IOC_URL, "http://3221225985/", "3221225985/", 0},
		{IOC_URL, "http://jira:8080/browse/A-1", "jira:8080/browse/A-1", 0},
		{IOC_URL, "http://a b/", NULL, 0},
	};
	check_rows(rows, COUNT(rows));
}

static void test_other_kinds(void **state)
{
	(void)state;
	static const char md5[] = "D41D8CD98F00B204E9800998ECF8427E";
	static const char sha1[] = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
	static const char sha256[] =
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const struct row rows[] = {
		{IOC_EMAIL, "Bob@Example.COM", "bob@example.com", 0},
		{IOC_EMAIL, "bob+tag@example.com.", "bob+tag@example.com", 0},
		{IOC_EMAIL,
			"bob@b\xc3\xbc"
			"cher.example",
			"bob@xn--bcher-kva.example", 0},
		{IOC_EMAIL, "root@localhost", "root@localhost", 0},
		{IOC_EMAIL, "@example.com", NULL, 0},
		{IOC_EMAIL, "bob@", NULL, 0},
		{IOC_EMAIL, "bob", NULL, 0},
		{IOC_EMAIL, "a@b@example.com", NULL, 0},
		{IOC_EMAIL, "a b@example.com", NULL, 0},
		{IOC_EMAIL, "bob@192.0.2.1", NULL, 0},
		{IOC_MD5, md5, "d41d8cd98f00b204e9800998ecf8427e", 0},
		{IOC_SHA256, md5, "d41d8cd98f00b204e9800998ecf8427e", IOC_MD5},
		{IOC_MD5, sha1, sha1, IOC_SHA1},
		{IOC_SHA1, sha256, sha256, IOC_SHA256},
		{IOC_MD5, "d41d8cd98f00b204e9800998ecf8427", NULL, 0},
		{IOC_MD5, "g41d8cd98f00b204e9800998ecf8427e", NULL, 0},
		{IOC_USER,
			"Stra\xc3\x9f"
			"e",
			"strasse", 0},
		{IOC_AGENT, "Mozilla/5.0 (X11)", "mozilla/5.0 (x11)", 0},
		{IOC_HOST, "DC01", "dc01", 0},
		{IOC_OTHER, "\xff", "\xff", 0},
		{IOC_ACCOUNT, "557058:AbC", "557058:AbC", 0},
		{IOC_ACCOUNT, "", NULL, 0},
		{IOC_NONE, "x", NULL, 0},
		{IOC_KINDS, "x", NULL, 0},
	};
	check_rows(rows, COUNT(rows));
}

static void test_names(void **state)
{
	(void)state;
	assert_null(ioc_kind_name(IOC_NONE));
	assert_null(ioc_kind_name(IOC_KINDS));
	assert_int_equal(ioc_kind_named(SLICE("nothing")), IOC_NONE);
	for (int kind = IOC_NONE + 1; kind < IOC_KINDS; kind++)
		assert_int_equal(
			ioc_kind_named(slice_of(ioc_kind_name((enum ioc_kind)kind))), kind);
}

static void test_domain_keys_are_turned(void **state)
{
	(void)state;
	struct buf key;
	enum ioc_kind kind = IOC_DOMAIN;
	buf_init(&key, SIZE_MAX);
	buf_puts(&key, "x");
	assert_true(ioc_key(&kind, SLICE("www.Example.com."), &key));
	assert_true(slice_eq(buf_view(&key), SLICE("xcom.example.www")));
	buf_fini(&key);
}

static void test_hosts(void **state)
{
	(void)state;
	static const struct {
		enum ioc_kind kind;
		const char *text;
		enum ioc_kind host_kind;
		const char *host;
	} rows[] = {
		{IOC_URL, "http://www.example.com:81/a", IOC_DOMAIN, "www.example.com"},
		{IOC_URL, "http://192.0.2.1:81/a", IOC_IPV4, "192.0.2.1"},
		{IOC_URL, "http://[2001:db8::1]:81/a", IOC_IPV6, "2001:db8::1"},
		{IOC_URL, "http://1.2.3/", IOC_NONE, NULL},
		{IOC_EMAIL, "bob@Example.com", IOC_DOMAIN, "example.com"},
		{IOC_DOMAIN, "example.com", IOC_NONE, NULL},
		{IOC_USER, "bob@example.com", IOC_NONE, NULL},
	};
	struct buf key, host, text;
	buf_init(&key, SIZE_MAX);
	buf_init(&host, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum ioc_kind kind = rows[i].kind, host_kind = IOC_NONE;
		buf_clear(&key);
		buf_clear(&host);
		buf_clear(&text);
		CHECK_ROW(i, ioc_key(&kind, slice_of(rows[i].text), &key));
		bool ok = ioc_key_host(kind, buf_view(&key), &host_kind, &host);
		CHECK_ROW(i, ok == (rows[i].host != NULL));
		if (!ok)
			continue;
		CHECK_ROW(i, host_kind == rows[i].host_kind);
		ioc_key_text(host_kind, buf_view(&host), &text);
		CHECK_ROW(i, slice_eq(buf_view(&text), slice_of(rows[i].host)));
	}
	buf_fini(&key);
	buf_fini(&host);
	buf_fini(&text);
}

/* Two long texts that differ at their ends have two keys, which stay as they are when they are keyed again. */
static void check_long(enum ioc_kind kind, const char *front, const char *letter)
{
	struct buf text, keys[2], again;
	buf_init(&again, SIZE_MAX);
	for (int i = 0; i < 2; i++) {
		buf_init(&text, SIZE_MAX);
		buf_init(&keys[i], SIZE_MAX);
		buf_puts(&text, front);
		while (text.len < 5000)
			buf_puts(&text, letter);
		buf_puts(&text, i ? "x" : "y");
		assert_true(ioc_key(&kind, buf_view(&text), &keys[i]));
		assert_in_range(keys[i].len, IOC_KEY_MAX - 5, IOC_KEY_MAX);
		buf_fini(&text);
	}
	assert_false(slice_eq(buf_view(&keys[0]), buf_view(&keys[1])));
	assert_true(ioc_key(&kind, buf_view(&keys[0]), &again));
	assert_true(slice_eq(buf_view(&keys[0]), buf_view(&again)));
	buf_fini(&keys[0]);
	buf_fini(&keys[1]);
	buf_fini(&again);
}

static void test_long_keys_are_cut(void **state)
{
	(void)state;
	check_long(IOC_URL, "http://example.com/", "a");
	check_long(IOC_URL, "http://example.com/", "%");
	check_long(IOC_URL, "http://example.com/a", "%");
	check_long(IOC_URL, "http://example.com/ab", "%");
	check_long(IOC_AGENT, "", "a");
	check_long(IOC_ACCOUNT, "a", "\xe2\x82\xac");
	check_long(IOC_OTHER, "ab", "\xe2\x82\xac");
}

static void test_full_buffer_takes_nothing(void **state)
{
	(void)state;
	static const struct {
		enum ioc_kind kind;
		const char *text;
	} rows[] = {{IOC_IPV4, "192.0.2.1"}, {IOC_DOMAIN, "example.com"},
		{IOC_URL, "http://example.com/aaaa"}, {IOC_EMAIL, "bob@example.com"},
		{IOC_USER, "bobby"}, {IOC_ACCOUNT, "bobby"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf key;
		enum ioc_kind kind = rows[i].kind;
		buf_init(&key, 3);
		CHECK_ROW(i, !ioc_key(&kind, slice_of(rows[i].text), &key));
		CHECK_ROW(i, key.len == 0);
		buf_fini(&key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_other_kinds),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_domain_keys_are_turned),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_long_keys_are_cut),
		cmocka_unit_test(test_full_buffer_takes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
