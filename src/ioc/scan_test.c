/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the scanner: what is found in texts, what is not, where, and in which time. */
#include "base/base.h"
#include "base/test.h"
#include "ioc/scan.h"

struct row {
	const char *text;
	const char *found; /* "kind text, kind text"; empty: nothing */
};

struct seen {
	struct slice text;
	struct buf found;
	size_t end, count;
};

static void note(void *ctx, const struct ioc_found *found)
{
	struct seen *seen = ctx;
	assert_true(found->at >= seen->end);
	seen->end = found->at + found->len;
	assert_true(found->len > 0 && seen->end <= seen->text.len);
	if (seen->count++ > 50)
		return;
	buf_printf(&seen->found, "%s%s ", seen->found.len ? ", " : "", ioc_kind_name(found->kind));
	ioc_key_text(found->kind, found->key, &seen->found);
}

static void check_rows(const struct row *rows, size_t n, bool refang)
{
	struct ioc_scan_options options = {.refang = refang};
	for (size_t i = 0; i < n; i++) {
		/* Bytes of its own, so that the sanitizer sees a step over its end. */
		size_t len = strlen(rows[i].text);
		char *copy = malloc(len + 1);
		memcpy(copy, rows[i].text, len);
		char *exact = realloc(copy, len ? len : 1);
		struct seen seen = {.text = {exact, len}};
		buf_init(&seen.found, SIZE_MAX);
		ioc_scan(seen.text, &options, note, &seen);
		if (!slice_eq(buf_view(&seen.found), slice_of(rows[i].found)))
			fail_msg("row %zu: %s\n\tgives  %.*s\n\twanted %s", i, rows[i].text,
				SLICE_ARG(seen.found), rows[i].found);
		buf_fini(&seen.found);
		free(exact);
	}
}

#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA1   "da39a3ee5e6b4b0d3255bfef95601890afd80709"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void test_addresses(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"", ""},
		{"192.0.2.1", "ipv4 192.0.2.1"},
		{"from 192.0.2.1.", "ipv4 192.0.2.1"},
		{"(192.0.2.1, 192.0.2.2)", "ipv4 192.0.2.1, ipv4 192.0.2.2"},
		{"192.0.2.1,192.0.2.2;192.0.2.3", "ipv4 192.0.2.1, ipv4 192.0.2.2, ipv4 192.0.2.3"},
		{"192.0.2.1:8080", "ipv4 192.0.2.1"},
		{"ip=192.0.2.1&x", "ipv4 192.0.2.1"},
		{"wiki/10.1.2.3:443", "ipv4 10.1.2.3"},
		{"192.0.2.0/24", "ipv4 192.0.2.0"},
		{"\xe2\x80\x9c"
		 "192.0.2.1\xe2\x80\x9d",
			"ipv4 192.0.2.1"},
		{"1.2.3", ""},
		{"1.2.3.4.5", ""},
		{"v1.2.3.4", ""},
		{"1.2.3.4-rc", ""},
		{"1.2.3.4_5", ""},
		{"-1.2.3.4", ""},
		{"..1.2.3.4", ""},
		{"1.2.3.400", ""},
		{"1.2.3.04", ""},
		{"Chrome/120.0.0.0 Safari/537.36", ""},
		{"2001:db8::1", "ipv6 2001:db8::1"},
		{"2001:DB8:0:0:0:0:0:1.", "ipv6 2001:db8::1"},
		{"[2001:db8::1]:443", "ipv6 2001:db8::1"},
		{"at 2001:db8::1: unreachable", "ipv6 2001:db8::1"},
		{"ip:2001:db8::1", "ipv6 2001:db8::1"},
		{"fe80::1%eth0", "ipv6 fe80::1"},
		{"2001:db8::/32", "ipv6 2001:db8::"},
		{"::ffff:192.0.2.1", "ipv4 192.0.2.1"},
		{"64:ff9b::192.0.2.1", "ipv4 192.0.2.1"},
		{"::1", "ipv6 ::1"},
		{"1:2:3:4:5:6:7:8", ""},
		{"2001:2:3:4:5:6:7:8", "ipv6 2001:2:3:4:5:6:7:8"},
		{"12:30:45", ""},
		{"2026-11-28T12:30:45.123Z", ""},
		{"00:11:22:33:44:55", ""},
		{"00:11:22:33:44:55:66:77", ""},
		{"a::b", ""},
		{"x[1::2] y[::2]", ""},
		{"Fee::Bad dead::beef", ""},
		{"std::vector", ""},
		{"::", ""},
		{":::::::::::::::::::", ""},
		{"1:2:3:4:5:6:7:8:9:10:11:192.0.2.1", ""},
		{"time:12:30 host:192.0.2.1", "ipv4 192.0.2.1"},
	};
	check_rows(rows, COUNT(rows), false);
}

static void test_domains(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"see www.Example.com.", "domain www.example.com"},
		{"example.com:8080", "domain example.com"},
		{"\"example.com\"", "domain example.com"},
		{"a..example.com", "domain example.com"},
		{"example.com...", "domain example.com"},
		{"-example.com-", "domain example.com"},
		{"@example.com", "domain example.com"},
		{"_dmarc.example.com", "domain _dmarc.example.com"},
		{"b\xc3\xbc"
		 "cher.de",
			"domain xn--bcher-kva.de"},
		{"xn--bcher-kva.de", "domain xn--bcher-kva.de"},
		{"\xd0\xbf\xd1\x80\xd0\xb0\xd0\xb2\xd0\xb4\xd0\xb0.\xd1\x80\xd1\x84",
			"domain xn--80aafi6cg.xn--p1ai"},
		{"\xe8\xa6\x8b"
		 "example.com\xe3\x81\xa7",
			"domain example.com"},
		{"\xe8\xa6\x8b"
		 "example.com\xe3\x81\xa7"
		 "example.org\xe3\x81\xa7",
			"domain example.com, domain example.org"},
		{"\xe2\x80\x9c"
		 "example.com\xe2\x80\x9d",
			"domain example.com"},
		{"evil.example", "domain evil.example"},
		{"allegro.com.pl", "domain allegro.com.pl"},
		{"java.lang.String", ""},
		{"report.py README.md app.zip run.sh main.rs a.pl", ""},
		{"www.report.py", "domain www.report.py"},
		{"e.g. this.Next one", ""},
		{"It is done.In", ""},
		{"Example.Com EXAMPLE.COM", "domain example.com, domain example.com"},
		{"os.name() user.id", ""},
		{"audit.logging.category.user.management, atlassian.audit.event.attribute.id", ""},
		{"jira.example.com jira.acme.cloud kompas.co.id",
			"domain jira.example.com, domain jira.acme.cloud, domain kompas.co.id"},
		{"window.open(x)", ""},
		{"$user.name", ""},
		{"3.14 1e5.com2", ""},
		{"example.com-foo", ""},
		{"a.-b.com", ""},
		{"exa mple . com", ""},
		{"wiki.corp.local", ""},
		{"\xff.\xfe.com", ""},
		{".com", ""},
		{"example.\xef\xbd\x81", ""},
		{"com.", ""},
	};
	check_rows(rows, COUNT(rows), false);
}

static void test_mails(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"mailto:Bob@Example.com", "email bob@example.com"},
		{"<first.last+tag@mail.example.com>,", "email first.last+tag@mail.example.com"},
		{"a.b+c.d-e@example.com", "email a.b+c.d-e@example.com"},
		{"bob@example.com.", "email bob@example.com"},
		{"bob@report.py", "email bob@report.py"},
		{"bob@b\xc3\xbc"
		 "cher.de",
			"email bob@xn--bcher-kva.de"},
		{"bob@example.com\xe3\x81\xa7\xe3\x81\x99", "email bob@example.com"},
		{"git@github.com:org/repo.git", "email git@github.com"},
		{"a@b@example.com", "email b@example.com"},
		{"bob@localhost", ""},
		{"bob@192.0.2.1", "ipv4 192.0.2.1"},
		{"@scope/pkg.name2", ""},
		{"a@b.c", ""},
		{"example.com@nothing", "domain example.com"},
		{"@@@@", ""},
		{MD5 "@example.com", "email " MD5 "@example.com"},
	};
	check_rows(rows, COUNT(rows), false);
}

static void test_urls(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"http://example.com", "url example.com/"},
		{"(see https://Example.com/a_(b).)", "url example.com/a_(b)"},
		{"[text|http://example.com/x|smart]", "url example.com/x"},
		{"[http://example.com/x]", "url example.com/x"},
		{"<a href=\"http://example.com/x?a=1&b=2#c\">", "url example.com/x?a=1&b=2"},
		{"'http://a.com/x','http://b.com/y'", "url a.com/x, url b.com/y"},
		{"http://a.com/x,http://b.com/y", "url a.com/x, url b.com/y"},
		{"http://example.com/a,b;c", "url example.com/a,b;c"},
		{"ftp://bob:pw@192.0.2.1:21/f", "url 192.0.2.1/f"},
		{"http://[2001:db8::1]:81/x", "url [2001:db8::1]:81/x"},
		{"http://jira:8080/browse", "url jira:8080/browse"},
		{"https://wiki.corp.local/x", "url wiki.corp.local/x"},
		{"s3://bucket/key", ""},
		{"jdbc:postgresql://db.example.com:5432/x", "url db.example.com:5432/x"},
		{"http://b\xc3\xbc"
		 "cher.de/\xc3\xbc\xe2\x80\x9d",
			"url xn--bcher-kva.de/%C3%BC"},
		{"http://${host}/x", ""},
		{"file:///etc/passwd", ""},
		{"http://", ""},
		{"://example.com", "domain example.com"},
		{"http://example.com:x/y", ""},
		{"http://x/" SHA256, "url x/" SHA256},
		{"https://a.com/?u=http://b.com/", "url a.com/?u=http://b.com/"},
		{"http://example.com\\n", "url example.com/"},
	};
	check_rows(rows, COUNT(rows), false);
}

static void test_hashes(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{MD5, "md5 " MD5},
		{"x " SHA1 " y", "sha1 " SHA1},
		{"sha256:" SHA256 ",", "sha256 " SHA256},
		{"D41D8CD98F00B204E9800998ECF8427E", "md5 " MD5},
		{MD5 ".exe", "md5 " MD5},
		{"file." MD5 ".bin", "md5 " MD5},
		{MD5 ".example.com", "domain " MD5 ".example.com"},
		{"evil.com/" MD5, "domain evil.com, md5 " MD5},
		{MD5 "-" SHA1, "md5 " MD5 ", sha1 " SHA1},
		{MD5 "_x", ""},
		{"0x" SHA256, ""},
		{MD5 "0", ""},
		{"g" MD5, ""},
		{"12345678901234567890123456789012", ""},
		{SHA256 SHA256, ""},
		{"550e8400-e29b-41d4-a716-446655440000", ""},
	};
	check_rows(rows, COUNT(rows), false);
}

static void test_refanging(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"hxxp://evil[.]com/a", "url evil.com/a"},
		{"hXXps[:]//evil[.]com[/]a", "url evil.com/a"},
		{"hxxps[://]evil(.)com", "url evil.com/"},
		{"h**p://evil{.}com/", "url evil.com/"},
		{"meow://evil.com/x fxp://evil.com/y", "url evil.com/x, url evil.com/y"},
		{"192[.]0[.]2[.]1:8080", "ipv4 192.0.2.1"},
		{"192[.0[.2[.1", "ipv4 192.0.2.1"},
		{"192.0.2[.]1", "ipv4 192.0.2.1"},
		{"2001[:]db8[:][:]1", "ipv6 2001:db8::1"},
		{"bob[at]example[dot]com", "email bob@example.com"},
		{"bob (at) example (dot) com", "email bob@example.com"},
		{"bob[@]example.com", "email bob@example.com"},
		{"evil [.] com", "domain evil.com"},
		{"evil[ . ]com", "domain evil.com"},
		{"evil\\.com", "domain evil.com"},
		{"evil[.com", "domain evil.com"},
		{"evil.]com", "domain evil.com"},
		{"evil[.com]/x", "domain evil.com"},
		{"report[.]py c2[.]corp", "domain report.py, domain c2.corp"},
		{"1[.]2", ""},
		{"https:\\/\\/evil.com\\/a", "url evil.com/a"},
		{"a [link](b) (c) [d] {e} f(.x)", ""},
		{"[.][.][.]", ""},
		{"[", ""},
		{"[.", ""},
		{"report.py", ""},
	};
	check_rows(rows, COUNT(rows), true);
	static const struct row plain[] = {{"hxxp://evil[.]com/a bob[at]example[dot]com", ""}};
	check_rows(plain, COUNT(plain), false);
}

static void note_place(void *ctx, const struct ioc_found *found)
{
	struct seen *seen = ctx;
	buf_append(&seen->found, seen->text.ptr + found->at, found->len);
	buf_push(&seen->found, '|');
}

static void test_places_are_those_of_the_text(void **state)
{
	(void)state;
	struct ioc_scan_options options = {.refang = true};
	struct seen seen = {
		.text = SLICE(
			"x[.]y a hxxp://evil[.]com/a, bob (at) example[dot]com; 192[.]0[.]2[.]1!")};
	buf_init(&seen.found, SIZE_MAX);
	ioc_scan(seen.text, &options, note_place, &seen);
	buf_push(&seen.found, 0);
	assert_string_equal(
		seen.found.ptr, "hxxp://evil[.]com/a|bob (at) example[dot]com|192[.]0[.]2[.]1|");
	buf_fini(&seen.found);
}

/* Hostile texts take no longer than others. What is quadratic takes minutes at this length, and what is linear 0.1 s, with the
 * sanitizers. */
static void test_time_is_linear(void **state)
{
	(void)state;
	static const char with_dot[] = MD5 ".", with_hyphen[] = MD5 "-";
	static const char *const parts[] = {"a.", "a..", ".", ":", "::", "@", "a@", "a@b.",
		"http://", "http://a.b:x/", "http://a.com,", "http://a.b/(", "))", "a.b+",
		"a:", "1:2:", "\xe3\x81\xa7.", "a\xe3\x81\xa7.a", "a", "1.2.3.4.", with_dot,
		with_hyphen, MD5, "[.]", "a[.]", "[", "(", "hxxp://", "a (at) ", "\\", "\xff",
		"a.b@", "a.com@", "://", "x.com "};
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct buf text;
		buf_init(&text, SIZE_MAX);
		while (text.len < (256 << 10))
			buf_puts(&text, parts[i]);
		for (int refang = 0; refang < 2; refang++) {
			struct ioc_scan_options options = {.refang = refang};
			struct seen seen = {.text = buf_view(&text)};
			int64_t start = clock_mono_us();
			buf_init(&seen.found, SIZE_MAX);
			ioc_scan(seen.text, &options, note, &seen);
			buf_fini(&seen.found);
			int64_t took = clock_mono_us() - start;
			if (took > 5000000)
				fail_msg("%s: %ld us", parts[i], (long)took);
		}
		buf_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_mails),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_refanging),
		cmocka_unit_test(test_places_are_those_of_the_text),
		cmocka_unit_test(test_time_is_linear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
