/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lists that are trees: STIX with its patterns, MISP, OpenIOC. */
#include "ioc/list_test.h"

#define MD5    "d41d8cd98f00b204e9800998ecf8427e"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void check_rows(const struct list_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_list(i, &rows[i]);
}

/* A bundle with one indicator of this pattern. */
static void check_pattern(size_t i, const char *pattern, const char *told)
{
	struct buf json;
	buf_init(&json, SIZE_MAX);
	buf_puts(&json, "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":");
	text_json_string(&json, slice_of(pattern));
	buf_puts(&json, "}]}");
	buf_push(&json, 0);
	struct list_row row = {.text = json.ptr, .told = told, .format = IOC_LIST_STIX};
	check_list(i, &row);
	buf_fini(&json);
}

static void test_patterns(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *told;
	} rows[] = {
		{"[ipv4-addr:value = '192.0.2.1']", "ipv4 192.0.2.1\n"},
		{"[ipv4-addr:value ISSUBSET '192.0.2.0/24']", "ipv4 192.0.2.0/24\n"},
		{"[ipv6-addr:value='2001:DB8::1']", "ipv6 2001:db8::1\n"},
		{"[domain-name:value IN ('a.com', 'b.com')]", "domain a.com\ndomain b.com\n"},
		{"[domain-name:value LIKE '%.a.com' OR domain-name:value LIKE 'b.com']",
			"domain *.a.com\ndomain b.com\n"},
		{"[domain-name:value LIKE 'a%.com']", "! domain-name:value LIKE 'a%.com': a LIKE "
						      "with wildcards other than %.example.com\n"},
		{"[url:value = 'http://a.com/it\\'s']", "url a.com/it's\n"},
		{"[email-addr:value = 'Bob@a.com'] FOLLOWEDBY [url:value = 'http://a.com/'] WITHIN "
		 "5 SECONDS",
			"email bob@a.com\nurl a.com/\n"},
		{"[file:hashes.MD5 = '" MD5 "' AND file:name = 'a.exe']",
			"md5 " MD5
			"\n! file:name = 'a.exe': of a property that is not looked for\n"},
		{"[file:hashes.'SHA-256' = '" SHA256 "']", "sha256 " SHA256 "\n"},
		{"[file:hashes.'SHA-512' = 'x']",
			"! file:hashes.'SHA-512' = 'x': of a property that is not looked for\n"},
		{"[user-account:account_login = 'Bob' OR user-account:user_id = 'Bob']",
			"user bob\naccount Bob\n"},
		{"[network-traffic:dst_ref.value = '192.0.2.1' AND network-traffic:dst_port = 443]",
			"ipv4 192.0.2.1\n! network-traffic:dst_port = 443: of a property that is "
			"not looked for\n"},
		{"([ipv4-addr:value = '192.0.2.1'] AND [ipv4-addr:value = '192.0.2.2']) START "
		 "t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
			"ipv4 192.0.2.1\nipv4 192.0.2.2\n"},
		{"[domain-name:value = 'a.com' AND domain-name:resolves_to_refs[*].value = "
		 "'192.0.2.1/32']",
			"domain a.com\nipv4 192.0.2.1\n"},
		{"[ipv4-addr:value != '192.0.2.1']",
			"! ipv4-addr:value != '192.0.2.1': a condition that must not hold\n"},
		{"[ipv4-addr:value NOT IN ('192.0.2.1')]",
			"! ipv4-addr:value NOT IN ('192.0.2.1': a condition that must not hold\n"},
		{"[domain-name:value MATCHES '^a']",
			"! domain-name:value MATCHES '^a': a regular expression\n"},
		{"[x-new:thing.is[*].here = true]",
			"! x-new:thing.is[*].here = true: of a property that is not looked for\n"},
		{"[ipv4-addr:value = '300.1.1.1']", "! 300.1.1.1: not an address\n"},
		{"[ipv4-addr:value = '192.0.2.1",
			"! [ipv4-addr:value = '192.0.2.1: the pattern is broken at character 29\n"},
		{"[ipv4-addr:value IN ('192.0.2.1' '192.0.2.2')]",
			"ipv4 192.0.2.1\n! [ipv4-addr:value IN ('192.0.2.1' '192.0.2.2')]: the "
			"pattern is broken at character 44\n"},
		{"[ipv4-addr:value]",
			"! [ipv4-addr:value]: the pattern is broken at character 17\n"},
		{"hello", "! hello: the pattern is broken at character 5\n"},
		{"]", "! ]: the pattern is broken at character 1\n"},
		{"\xe2\x82\xac", "! \xe2\x82\xac: the pattern is broken at character 0\n"},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		check_pattern(i, rows[i].pattern, rows[i].told);
}

static void test_stix(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		{.text = "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":["
			 "{\"type\":\"identity\",\"id\":\"identity--1\",\"name\":\"x\"},"
			 "{\"type\":\"indicator\",\"id\":\"indicator--1\",\"name\":\"C2\","
			 "\"pattern_type\":\"stix\","
			 "\"pattern\":\"[ipv4-addr:value = "
			 "'192.0.2.1']\",\"valid_from\":\"2026-01-02T00:00:00Z\","
			 "\"valid_until\":\"2026-02-02T00:00:00.123Z\",\"confidence\":70,"
			 "\"labels\":[\"a\",\"b\"],"
			 "\"external_references\":[{\"source_name\":\"s\"},{\"url\":\"https://"
			 "x.com/\"}]},"
			 "{\"type\":\"indicator\",\"id\":\"indicator--2\",\"revoked\":true,"
			 "\"indicator_types\":[\"c\"],"
			 "\"pattern\":\"[domain-name:value = 'evil.com']\",\"confidence\":999}]}",
			.told = "ipv4 192.0.2.1 confidence=70 id=indicator--1 type=indicator "
				"tags=a,b description=C2 "
				"reference=https://x.com/ from=2026-01-02 expires=2026-02-02\n"
				"domain evil.com revoked id=indicator--2 type=indicator tags=c\n",
			.format = IOC_LIST_STIX,
			.all = true},
		{.text = "{\"objects\":[{\"type\":\"ipv4-addr\",\"value\":\"192.0.2.1/"
			 "24\"},{\"type\":\"url\",\"value\":\"http://a.com\"},"
			 "{\"type\":\"file\",\"name\":\"x\",\"hashes\":{\"MD5\":\"" MD5
			 "\",\"SSDEEP\":\"3:x\"}},"
			 "{\"type\":\"user-account\",\"user_id\":\"A1\",\"account_login\":\"Bob\"},"
			 "{\"type\":\"user-account\"},7,null]}",
			.told = "ipv4 192.0.2.0/24\nurl a.com/\nmd5 " MD5
				"\n! 3:x: of a type that is not looked for\n"
				"user bob\naccount A1\n",
			.format = IOC_LIST_STIX},
		{.text = "{\"type\":\"bundle\",\"objects\":[{\"type\":\"indicator\",\"pattern\":"
			 "\"title: x\",\"pattern_type\":\"sigma\"},"
			 "{\"type\":\"indicator\"}]}",
			.told = "! title: x: a pattern of another language: sigma\n! : an "
				"indicator without a pattern\n"},
		{.text = "{\"type\":\"bundle\",\"objects\":[\n{\"type\":",
			.told = "error: the list, line 2: broken JSON at column 8: unexpected "
				"token near end of file; was it "
				"loaded to its end?\n"},
		{.text = "{\"a\":1}",
			.told = "error: the list: JSON, but neither a STIX 2 bundle nor MISP "
				"events; as format text, "
				"indicators are taken out of it\n"},
	};
	check_rows(rows, COUNT(rows));
}

static void test_misp(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		{.text = "{\"Event\":{\"info\":\"Case\",\"Tag\":[{\"name\":\"tlp:green\"}],"
			 "\"Attribute\":["
			 "{\"uuid\":\"u1\",\"type\":\"ip-dst|port\",\"value\":\"192.0.2.1|443\","
			 "\"to_ids\":true,\"timestamp\":\"1767312000\"},"
			 "{\"type\":\"domain|ip\",\"value\":\"evil.com|192.0.2.2\",\"to_ids\":true,"
			 "\"comment\":\"c\",\"Tag\":[{\"name\":\"t\"}]},"
			 "{\"type\":\"filename|sha256\",\"value\":\"a.exe|" SHA256
			 "\",\"to_ids\":true},"
			 "{\"type\":\"filename\",\"value\":\"a.exe\",\"to_ids\":true},"
			 "{\"type\":\"url\",\"value\":\"http://x.com/\",\"to_ids\":false},"
			 "{\"type\":\"md5\",\"value\":\"" MD5 "\",\"deleted\":true}],"
			 "\"Object\":[{\"name\":\"o\",\"Attribute\":[{\"type\":\"email-src\","
			 "\"value\":\"a@b.com\",\"to_ids\":true}]}]}}",
			.told = "ipv4 192.0.2.1 id=u1 type=ip-dst|port tags=tlp:green "
				"description=Case from=2026-01-02\n"
				"domain evil.com type=domain|ip tags=t,tlp:green description=c\n"
				"ipv4 192.0.2.2 type=domain|ip tags=t,tlp:green description=c\n"
				"sha256 " SHA256
				" type=filename|sha256 tags=tlp:green description=Case\n"
				"! a.exe: of a type that is not looked for type=filename "
				"tags=tlp:green description=Case\n"
				"! http://x.com/: context only: not marked for detection (to_ids) "
				"type=url tags=tlp:green "
				"description=Case\n"
				"md5 " MD5 " revoked type=md5 tags=tlp:green description=Case\n"
				"email a@b.com type=email-src tags=tlp:green description=Case\n",
			.format = IOC_LIST_MISP,
			.all = true},
		{.text = "[{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.com\"}]}},"
			 "{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"b.com\"}]}}]",
			.told = "domain a.com\ndomain b.com\n",
			.format = IOC_LIST_MISP},
		{.text = "{\"response\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.com\"},{"
			 "\"type\":\"domain\"}]}}",
			.told = "domain a.com\n! : an attribute without type and value\n",
			.format = IOC_LIST_MISP},
		{.text = "{\"response\":[{\"Event\":{\"Attribute\":[{\"type\":\"user-agent\","
			 "\"value\":\"Bad/1.0\"}]}}]}",
			.told = "agent bad/1.0\n"},
		{.text = "{\"response\":[]}", .told = ""},
		{.text = "{\"0b988513-9535-42f0-9ebc-5d6aec2e1c79\":{\"info\":\"x\",\"timestamp\":"
			 "\"1\",\"Orgc\":{}}}",
			.told = "error: the list: the manifest of a MISP feed, which only names "
				"its events; read the event "
				"files beside it (UUID.json)\n"},
		{.text = "{\"Event\":{\"Attribute\":7,\"Object\":{\"a\":1}}}", .told = ""},
		{.text = "{\"Event\":{\"Attribute\":[{\"type\":\"domain|ip\",\"value\":\"evil."
			 "com\"},{\"type\":\"ip-src|port\",\"value\":\"|\"},5]}}",
			.told = "domain evil.com\n! |: of a type that is not looked for\n! : an "
				"attribute without type and value\n"},
	};
	check_rows(rows, COUNT(rows));
}

#define ITEM(condition, search, type, content)                                                     \
	"<IndicatorItem condition=\"" condition "\"><Context document=\"x\" search=\"" search      \
	"\"/>"                                                                                     \
	"<Content type=\"" type "\">" content "</Content></IndicatorItem>"

static void test_openioc(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		{.text = "<?xml version=\"1.0\"?>\n<ioc "
			 "xmlns=\"http://schemas.mandiant.com/2010/ioc\" id=\"i1\">\n"
			 "<short_description>Case</short_description><definition><Indicator "
			 "operator=\"OR\">\n" ITEM("is", "FileItem/Md5sum", "md5", MD5) "\n" ITEM(
				 "is", "PortItem/remoteIP", "IP",
				 " 192.0.2.1 ") "\n" ITEM("contains", "Network/DNS", "string",
				 "evil.com") "\n" ITEM("is", "FileItem/FileName", "string", "a.exe")
				 ITEM("contains", "UrlHistoryItem/URL", "string", "/a?b&amp;c")
					 ITEM("isnot", "Network/DNS", "string",
						 "good.com") "</Indicator></definition></ioc>",
			.told = "4 md5 " MD5 " id=i1 type=FileItem/Md5sum description=Case\n"
				"5 ipv4 192.0.2.1 id=i1 type=PortItem/remoteIP description=Case\n"
				"6 domain evil.com id=i1 type=Network/DNS description=Case\n"
				"6 domain *.evil.com id=i1 type=Network/DNS description=Case\n"
				"7 ! a.exe: of a type that is not looked for id=i1 "
				"type=FileItem/FileName description=Case\n"
				"7 ! /a?b&c: a condition other than \"is\" id=i1 "
				"type=UrlHistoryItem/URL description=Case\n"
				"7 ! good.com: a condition that must not hold id=i1 "
				"type=Network/DNS description=Case\n",
			.format = IOC_LIST_OPENIOC,
			.all = true},
		{.text = "<OpenIOC xmlns=\"http://openioc.org/schemas/OpenIOC_1.1\" "
			 "id=\"i2\"><criteria><Indicator>"
			 "<IndicatorItem condition=\"is\" negate=\"true\"><Context "
			 "search=\"Email/From\"/><Content "
			 "type=\"string\">a@b.com</Content></IndicatorItem>" ITEM("is",
				 "Email/From", "string",
				 "a@b.com") "</Indicator></criteria></OpenIOC>",
			.told = "1 ! a@b.com: a condition that must not hold\n1 email a@b.com\n",
			.format = IOC_LIST_OPENIOC},
		{.text = "<?xml version=\"1.0\"?><!DOCTYPE ioc [<!ENTITY a \"aaaa\"><!ENTITY b "
			 "\"&a;&a;\">]><ioc>&b;</ioc>",
			.told = "error: the list, line 1: it has a document type, which may define "
				"entities; remove it\n"},
		{.text = "<ioc id=\"i\">\n<a></b>",
			.told = "error: the list, line 2: mismatched tag\n"},
		{.text = "<ioc id=\"i\">\n", .told = "error: the list, line 2: no element found\n"},
		{.text = "<ioc id=\"i\">" ITEM(
			 "is", "Network/DNS", "string", "&undefined;") "</ioc>",
			.told = "error: the list, line 1: undefined entity\n"},
	};
	check_rows(rows, COUNT(rows));
}

static void check_deep(const char *front, const char *part, const char *says)
{
	struct ioc_list_options options = {.name = "f"};
	struct told told = {0};
	struct buf text;
	buf_init(&text, SIZE_MAX);
	buf_puts(&text, front);
	for (unsigned i = 0; i < 100000; i++)
		buf_puts(&text, part);
	assert_int_equal(told_list(&told, &options, buf_view(&text), 1 << 20), -1);
	if (!strstr(told.out.ptr, says))
		fail_msg("%.300s", told.out.ptr);
	buf_fini(&told.out);
	buf_fini(&text);
}

static void test_depth_and_size(void **state)
{
	(void)state;
	check_deep("<ioc id=\"i\">", "<a>", "nested too deeply");
	check_deep("{\"type\":\"bundle\",\"objects\":", "[", "broken JSON");
	check_deep("<ioc id=\"i\"><a>", "aaaaaaaaaaaaaaaaaaaaaa", "longer than 64 KiB");
	struct ioc_list_options options = {.name = "f", .format = IOC_LIST_STIX};
	struct told told = {0};
	struct buf text;
	buf_init(&text, SIZE_MAX);
	char *spaces = buf_reserve(&text, LIMIT_LIST_JSON + 1);
	memset(spaces, ' ', LIMIT_LIST_JSON + 1);
	text.len = LIMIT_LIST_JSON + 1;
	assert_int_equal(told_list(&told, &options, buf_view(&text), 1 << 20), -1);
	assert_string_equal(told.out.ptr,
		"error: f: larger than the limit of 67 MB; split it or raise the limit\n");
	buf_fini(&told.out);
	buf_fini(&text);
}

static void test_each_ends_the_reading(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"{\"objects\":[{\"type\":\"indicator\",\"pattern\":\"[url:value IN "
		"('http://a.com','http://b.com')] AND "
		"[url:value = 'http://c.com']\"},{\"type\":\"url\",\"value\":\"http://d.com\"}]}",
		"{\"Event\":{\"Attribute\":[{\"type\":\"domain\",\"value\":\"a.com\"},{\"type\":"
		"\"domain\",\"value\":\"b.com\"}]}}",
		"<ioc id=\"i\">" ITEM("contains", "Network/DNS", "string", "a.com")
			ITEM("is", "Network/DNS", "string", "b.com") "</ioc>"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct ioc_list_options options = {0};
		struct told told = {.stop_after = 1};
		CHECK_ROW(i, told_list(&told, &options, slice_of(texts[i]), 1 << 20) == 7);
		CHECK_ROW(i, told.count == 1);
		buf_fini(&told.out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_stix),
		cmocka_unit_test(test_misp),
		cmocka_unit_test(test_openioc),
		cmocka_unit_test(test_depth_and_size),
		cmocka_unit_test(test_each_ends_the_reading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
