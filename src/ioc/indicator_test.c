/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of what people type: forms and kinds, defanging, ranges, wildcards, what cannot be used, and cautions. */
#include "base/base.h"
#include "base/test.h"
#include "ioc/indicator.h"

static const char *const forms[] = {
	[IOC_EXACT] = "exact", [IOC_RANGE] = "range", [IOC_BELOW] = "below", [IOC_WORD] = "word"};

/* "exact ipv4 192.0.2.1", "wide range ipv4 0.0.0.0/0", or "! reason". */
static char *describe(struct arena *mem, const char *text, enum ioc_kind kind)
{
	struct indicator indicator;
	struct err err = {0};
	bool wide;
	struct buf out;
	if (indicator_parse(slice_of(text), kind, mem, &indicator, &wide, &err) != 0) {
		assert_int_equal(err.kind, ERR_USAGE);
		return arena_printf(mem, "! %s", err.text);
	}
	buf_init(&out, SIZE_MAX);
	indicator_text(&indicator, &out);
	const char *name = ioc_kind_name(indicator.kind);
	char *said = arena_printf(mem, "%s%s %s%s%.*s", wide ? "wide " : "", forms[indicator.form],
		name ? name : "", name ? " " : "", SLICE_ARG(out));
	buf_fini(&out);
	return said;
}

struct row {
	const char *text;
	enum ioc_kind kind;
	const char *said;
};

static void check_rows(const struct row *rows, size_t n)
{
	struct arena mem;
	arena_init(&mem);
	for (size_t i = 0; i < n; i++) {
		char *said = describe(&mem, rows[i].text, rows[i].kind);
		if (strcmp(said, rows[i].said) != 0)
			fail_msg("row %zu: %s\n\tgives  %s\n\twanted %s", i, rows[i].text, said,
				rows[i].said);
	}
	arena_fini(&mem);
}

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"
static const char wildcard[] =
	"! a wildcard is understood in front of a domain only: *.example.com";

static void test_addresses(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"192.0.2.1", 0, "exact ipv4 192.0.2.1"},
		{" \"192.0.2.1\", ", 0, "exact ipv4 192.0.2.1"},
		{"\xe2\x80\x9c"
		 "192.0.2.1\xe2\x80\x9d",
			0, "exact ipv4 192.0.2.1"},
		{"192[.]0[.]2[.]1:8080", 0, "exact ipv4 192.0.2.1"},
		{"192.0.2.1:99999", 0, "word 192.0.2.1:99999"},
		{"[2001:DB8::1]:443", 0, "exact ipv6 2001:db8::1"},
		{"[2001:db8::1]", 0, "exact ipv6 2001:db8::1"},
		{"2001[:]db8[:][:]1", 0, "exact ipv6 2001:db8::1"},
		{"::ffff:192.0.2.1", 0, "exact ipv4 192.0.2.1"},
		{"::1", IOC_IPV4, "exact ipv6 ::1"},
		{"192.0.2.1", IOC_IPV6, "exact ipv4 192.0.2.1"},
		{"192.0.2", IOC_IPV4, "! not an address"},
		{"example.com", IOC_IPV4, "! not an address"},
		{"192.0.2.77/24", 0, "range ipv4 192.0.2.0/24"},
		{"192[.]0.2.77/24", 0, "range ipv4 192.0.2.0/24"},
		{"192.0.2.1/32", 0, "exact ipv4 192.0.2.1"},
		{"192.0.2.0/255.255.255.128", 0, "range ipv4 192.0.2.0/25"},
		{"192.0.2.0/255.0.255.0", 0, "exact url 192.0.2.0/255.0.255.0"},
		{"192.0.2.0/33", 0, "! not a range: its prefix is longer than an address"},
		{"2001:db8::1/32", 0, "range ipv6 2001:db8::/32"},
		{"2001:db8::1/129", 0, "! not a range: its prefix is longer than an address"},
		{"::ffff:192.0.2.9/120", 0, "range ipv4 192.0.2.0/24"},
		{"10.0.0.0/8", 0, "range ipv4 10.0.0.0/8"},
		{"10.0.0.0/7", 0, "wide range ipv4 10.0.0.0/7"},
		{"0.0.0.0/0", 0, "wide range ipv4 0.0.0.0/0"},
		{"::/0", 0, "wide range ipv6 ::/0"},
		{"::ffff:0.0.0.0/80", 0, "range ipv6 ::/80"},
		{"2001::/15", 0, "wide range ipv6 2000::/15"},
		{"192.0.2.1-192.0.2.9", 0, "range ipv4 192.0.2.1-192.0.2.9"},
		{"192.0.2.1 - 9", 0, "range ipv4 192.0.2.1-192.0.2.9"},
		{"192.0.2.0-192.0.2.255", 0, "range ipv4 192.0.2.0/24"},
		{"192.0.2.1-192.0.2.1", 0, "exact ipv4 192.0.2.1"},
		{"192.0.2.9-192.0.2.1", 0, "! not a range: it ends before it begins"},
		{"192.0.2.9-2001:db8::1", 0, "! not a range: one end is IPv4, the other IPv6"},
		{"2001:db8::-2001:db8::ff", 0, "range ipv6 2001:db8::/120"},
		{"1.0.0.0-9.255.255.255", 0, "wide range ipv4 1.0.0.0-9.255.255.255"},
		{"", 0, "! empty"},
		{" \t\r\n", 0, "! empty"},
		{"\"\"", 0, "word \"\""},
	};
	check_rows(rows, COUNT(rows));
}

static void test_names_and_texts(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"Example.com.", 0, "exact domain example.com"},
		{"evil[.]corp", 0, "exact domain evil.corp"},
		{"example.com:8080", 0, "exact domain example.com"},
		{"wiki.corp.local", 0, "exact domain wiki.corp.local"},
		{"b\xc3\xbc"
		 "cher.de",
			0, "exact domain xn--bcher-kva.de"},
		{"*.Example.com", 0, "below domain *.example.com"},
		{".example.com", 0, "below domain *.example.com"},
		{"*[.]example[.]com", 0, "below domain *.example.com"},
		{"*.com", 0, "wide below domain *.com"},
		{"*.co.uk", 0, "wide below domain *.co.uk"},
		{"*.example.co.uk", IOC_DOMAIN, "below domain *.example.co.uk"},
		{"ex*mple.com", 0, wildcard},
		{"*.*.com", 0, wildcard},
		{"*", 0, wildcard},
		{"*.*", 0, wildcard},
		{"http://example.com/*", 0, wildcard},
		{"bob*", 0, wildcard},
		{"a b.com", IOC_DOMAIN, "! not a domain"},
		{"report.py", 0, "exact domain report.py"},
		{"localhost", IOC_DOMAIN, "exact domain localhost"},
		{"hxxps://evil[.]com:443/A?b#c", 0, "exact url evil.com/A?b"},
		{"<http://example.com>", 0, "exact url example.com/"},
		{"evil[.]com/path", 0, "exact url evil.com/path"},
		{"192.0.2.1:8080/x", 0, "exact url 192.0.2.1:8080/x"},
		{"example.com", IOC_URL, "exact url example.com/"},
		{"http:///", 0, "! not a URL"},
		{"http://[x]/", 0, "! not a URL"},
		{"Bob (at) example (dot) com", 0, "exact email bob@example.com"},
		{"mailto:bob@example.com", 0, "exact email bob@example.com"},
		{"<bob@example.com>;", 0, "exact email bob@example.com"},
		{"bob", IOC_EMAIL, "! not a mail address"},
		{"D41D8CD98F00B204E9800998ECF8427E", 0, "exact md5 " MD5},
		{MD5, IOC_SHA256, "exact md5 " MD5},
		{MD5 "0", IOC_SHA256, "! not a hash: 32, 40 or 64 hexadecimal digits"},
		{"Bob Smith", 0, "word Bob Smith"},
		{"bob.smith", 0, "word bob.smith"},
		{"bob(at)work", 0, "exact email bob@work"},
		{"Bob", IOC_USER, "exact user bob"},
		{"a*b", IOC_USER, "exact user a*b"},
		{"557058:AbC", IOC_ACCOUNT, "exact account 557058:AbC"},
		{"Mozilla/5.0 (X11)", 0, "word Mozilla/5.0 (X11)"},
		{"Mozilla/5.0 (X11)", IOC_AGENT, "exact agent mozilla/5.0 (x11)"},
		{"C:\\a\\b.com", 0, "word C:\\a\\b.com"},
		{"\xff\xfe", 0, "word \xff\xfe"},
		{"((((((((((x))))))))))", 0, "word ((x))"},
	};
	check_rows(rows, COUNT(rows));
}

static void test_word_has_two_keys(void **state)
{
	(void)state;
	struct arena mem;
	struct indicator word;
	bool wide;
	arena_init(&mem);
	assert_int_equal(indicator_parse(SLICE("Bob"), IOC_NONE, &mem, &word, &wide, NULL), 0);
	assert_int_equal(word.kind, IOC_NONE);
	assert_true(slice_eq(word.key, SLICE("bob")));
	assert_true(slice_eq(word.last, SLICE("Bob")));
	arena_fini(&mem);
}

static void test_cautions(void **state)
{
	(void)state;
	static const struct {
		const char *text, *caution;
	} rows[] = {
		{"10.1.2.3", "a private range"},
		{"172.31.255.255", "a private range"},
		{"172.32.0.0", NULL},
		{"10.0.0.0/8", "a private range"},
		{"9.255.0.0-10.0.0.0", "a private range"},
		{"127.0.0.1", "loopback"},
		{"169.254.169.254", "a link-local range"},
		{"100.64.0.1", "a range shared by a provider's customers (CGNAT)"},
		{"192.0.2.1", "a documentation range"},
		{"224.0.0.1", "a multicast range"},
		{"8.8.8.8", "a well-known resolver"},
		{"8.8.8.0/24", "holds a well-known resolver"},
		{"8.8.8.9", NULL},
		{"2001:4860:4860::8888", "a well-known resolver"},
		{"::1", "loopback"},
		{"fe80::1", "a link-local range"},
		{"fd00::1", "a private range"},
		{"2001:db8::1", "a documentation range"},
		{"2a00::1", NULL},
		{"github.com", "a domain that many share"},
		{"www.github.com", "a domain that many share"},
		{"*.atlassian.net", "a domain that many share"},
		{"evil.github.com", NULL},
		{"https://github.com/", "a domain that many share"},
		{"https://github.com/evil", NULL},
		{"http://10.0.0.1/x", "a private range"},
		{"bob@github.com", NULL},
		{"acme.com", "your own domain"},
		{"wiki.acme.com", "your own domain"},
		{"*.wiki.acme.com", "your own domain"},
		{"https://wiki.acme.com/x", "your own domain"},
		{"bob@acme.com", "your own domain"},
		{"notacme.com", NULL},
		{"acme.com.evil.org", NULL},
		{MD5, "the hash of an empty file"},
		{"da39a3ee5e6b4b0d3255bfef95601890afd80709", "the hash of an empty file"},
		{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"the hash of an empty file"},
		{"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856", NULL},
		{"bob", NULL},
	};
	static const struct slice own[] = {SLICE("com.acme")};
	struct arena mem;
	arena_init(&mem);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct indicator indicator;
		bool wide;
		CHECK_ROW(i, indicator_parse(slice_of(rows[i].text), IOC_NONE, &mem, &indicator,
				     &wide, NULL) == 0);
		const char *said = indicator_caution(&indicator, own, COUNT(own));
		CHECK_ROW(i, slice_eq(slice_of(said), slice_of(rows[i].caution)));
	}
	arena_fini(&mem);
}

static void test_too_long(void **state)
{
	(void)state;
	struct arena mem;
	struct buf text;
	arena_init(&mem);
	buf_init(&text, SIZE_MAX);
	while (text.len < 65536)
		buf_puts(&text, "(");
	buf_push(&text, 0);
	assert_string_not_equal(describe(&mem, text.ptr, IOC_NONE), "! longer than 65536 bytes");
	text.ptr[65536] = '(';
	buf_push(&text, 0);
	assert_string_equal(describe(&mem, text.ptr, IOC_NONE), "! longer than 65536 bytes");
	buf_fini(&text);
	arena_fini(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_names_and_texts),
		cmocka_unit_test(test_word_has_two_keys),
		cmocka_unit_test(test_cautions),
		cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
