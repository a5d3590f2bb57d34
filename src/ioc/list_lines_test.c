/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of lists that are lines: plain ones, CSV, Zeek and free text; and of what is refused. */
#include "ioc/list_test.h"

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"

static void check_rows(const struct list_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_list(i, &rows[i]);
}

static void test_plain(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		{.text = "192.0.2.1\nexample.com\r\n\n# comment\n; more\n// more\n" MD5,
			.told = "1 ipv4 192.0.2.1\n2 domain example.com\n7 md5 " MD5 "\n",
			.format = IOC_LIST_PLAIN},
		{.text = "\xef\xbb\xbf"
			 "192.0.2.1\n",
			.told = "1 ipv4 192.0.2.1\n",
			.format = IOC_LIST_PLAIN},
		{.text = "192.0.2.0/24 ; SBL1\nhttp://a.com/#x # why\n",
			.told = "1 ipv4 192.0.2.0/24 description=SBL1\n2 url a.com/ "
				"description=why\n",
			.all = true},
		{.text = "0.0.0.0 evil.com\n0.0.0.0 bad.com # x\n127.0.0.1\tworse.com\n",
			.told = "1 domain evil.com\n2 domain bad.com\n3 domain worse.com\n",
			.format = IOC_LIST_PLAIN},
		{.text = "bob\nalice\n",
			.told = "1 word bob\n2 word alice\n",
			.format = IOC_LIST_PLAIN},
		{.text = "Bob ; x\nC# coder\n",
			.told = "1 user bob ; x\n2 user c# coder\n",
			.options = {.format = IOC_LIST_PLAIN, .kind = IOC_USER}},
		{.text = "0.0.0.0/0\n*.com\nex*mple.com\n300.1.1.1\n",
			.told = "1 wide ipv4 0.0.0.0/0\n2 wide domain *.com\n3 ! ex*mple.com: a "
				"wildcard is "
				"understood in front of a domain only: *.example.com\n4 word "
				"300.1.1.1\n"},
		{.text = "300.1.1.1\n",
			.told = "1 ! 300.1.1.1: not an address\n",
			.options = {.kind = IOC_IPV4}},
		{.text = "", .told = ""},
		{.text = "\n\n\n", .told = ""},
		{.text = "hxxp://evil[.]com/a\n1.1.1[.]2\n",
			.told = "1 url evil.com/a\n2 ipv4 1.1.1.2\n"},
	};
	check_rows(rows, COUNT(rows));
}

static void test_feeds(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		/* URLhaus */
		{.text = "################\n# abuse.ch URLhaus #\n################\n#\n"
			 "# "
			 "id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,"
			 "reporter\n"
			 "\"1\",\"2026-01-02 "
			 "03:04:05\",\"http://192.0.2.1:8080/i\",\"online\",\"2026-01-03 "
			 "00:00:00\",\"malware_download\",\"32-bit,elf\",\"https://"
			 "urlhaus.abuse.ch/url/1/\",\"x\"\n",
			.told = "6 url 192.0.2.1:8080/i id=1 tags=32-bit,elf "
				"description=malware_download "
				"reference=https://urlhaus.abuse.ch/url/1/ from=2026-01-02\n",
			.format = IOC_LIST_CSV,
			.all = true},
		/* ThreatFox */
		{.text = "# "
			 "\"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\","
			 "\"confidence_level\",\"tags\"\n"
			 "\"2026-01-02 03:04:05\", \"10\", \"192.0.2.1:8080\", \"ip:port\", "
			 "\"botnet_cc\", \"75\", \"None\"\n"
			 "\"2026-01-02 03:04:05\", \"11\", \"[2001:db8::1]:443\", \"ip:port\", "
			 "\"botnet_cc\", \"100\", \"a,b\"\n"
			 "\"2026-01-02 03:04:05\", \"12\", \"evil.com\", \"domain\", "
			 "\"botnet_cc\", \"x\", \"\"\n"
			 "\"2026-01-02 03:04:05\", \"13\", \"" MD5
			 "\", \"md5_hash\", \"payload\", \"50\", \"\"\n",
			.told = "2 ipv4 192.0.2.1 confidence=75 id=10 type=ip:port "
				"description=botnet_cc from=2026-01-02\n"
				"3 ipv6 2001:db8::1 confidence=100 id=11 type=ip:port tags=a,b "
				"description=botnet_cc from=2026-01-02\n"
				"4 domain evil.com id=12 type=domain description=botnet_cc "
				"from=2026-01-02\n"
				"5 md5 " MD5 " confidence=50 id=13 type=md5_hash "
				"description=payload from=2026-01-02\n",
			.format = IOC_LIST_CSV,
			.all = true},
		{.text = "Indicator type,Indicator,Description\nIPv4,192.0.2.1,\"a \"\"b\"\", "
			 "c\"\nmutex,abc,\nFileHash-MD5," MD5 ",two\n",
			.told = "2 ipv4 192.0.2.1\n3 ! abc: of a type that is not looked for\n4 "
				"md5 " MD5 "\n",
			.format = IOC_LIST_CSV},
	};
	check_rows(rows, COUNT(rows));
}

static void test_csv(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		{.text = "name;address\nx;192.0.2.1\ny;192.0.2.2\n",
			.told = "2 ipv4 192.0.2.1\n3 ipv4 192.0.2.2\n",
			.format = IOC_LIST_CSV},
		{.text = "192.0.2.1\t5\n192.0.2.2\t4\n",
			.told = "1 ipv4 192.0.2.1\n2 ipv4 192.0.2.2\n",
			.format = IOC_LIST_CSV},
		{.text = "a|192.0.2.1|x\nb|192.0.2.2|y\n",
			.told = "1 ipv4 192.0.2.1\n2 ipv4 192.0.2.2\n",
			.format = IOC_LIST_CSV},
		{.text = "comment,value\n\"two\nlines, \"\"here\"\"\",192.0.2.1\nx,192.0.2.2\n",
			.told = "3 ipv4 192.0.2.1\n4 ipv4 192.0.2.2\n",
			.format = IOC_LIST_CSV},
		{.text = "a,b\n192.0.2.1,evil.com\n192.0.2.2,bad.com\n",
			.told = "2 domain evil.com\n3 domain bad.com\n",
			.options = {.column = "2", .format = IOC_LIST_CSV},
			.format = IOC_LIST_CSV},
		{.text = "ip,domain\n192.0.2.1,evil.com\n192.0.2.2,bad.com\n",
			.told = "2 domain evil.com\n3 domain bad.com\n",
			.options = {.column = "Domain"}},
		{.text = "ip,domain\n192.0.2.1,evil.com\n192.0.2.2,bad.com\n",
			.told = "error: the list: there is no column 3\n",
			.options = {.column = "3"}},
		{.text = "name,age\nbob,3\nalice,4\n",
			.told = "error: f.csv: no column holds indicators; name the column (its "
				"name or number), or "
				"the kind of its values\n",
			.options = {.format = IOC_LIST_CSV, .name = "f.csv"}},
		{.text = "name,age\nbob,3\nalice,4\n",
			.told = "2 user bob\n3 user alice\n",
			.options = {.format = IOC_LIST_CSV, .kind = IOC_USER, .column = "name"}},
		{.text = "value,x\n\"192.0.2.1,a\n192.0.2.2,b\n",
			.told = "error: f.csv, line 2: a quote (\") is opened and not closed; is "
				"it a CSV file?\n",
			.options = {.format = IOC_LIST_CSV, .name = "f.csv"}},
		{.text = "# first_seen_utc,dst_ip,dst_port,malware\r\n",
			.told = "",
			.format = IOC_LIST_CSV},
		{.text = "first_seen_utc,dst_ip,dst_port,malware\n2026-01-02 "
			 "03:04:05,192.0.2.1,443,Emotet\n",
			.told = "2 ipv4 192.0.2.1 description=Emotet from=2026-01-02\n",
			.all = true},
		{.text = "value,confidence,expires\nevil.com,high,2026-05-01\nbad.com,101,x\n",
			.told = "2 domain evil.com confidence=85 expires=2026-05-01\n3 domain "
				"bad.com\n",
			.all = true},
	};
	check_rows(rows, COUNT(rows));
}

static void test_zeek(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		{.text = "#separator "
			 "\\x09\n#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta."
			 "url\n"
			 "192.0.2.1\tIntel::ADDR\tx\tbad\thttp://x.com/\n192.0.2.0/"
			 "24\tIntel::SUBNET\tx\t-\t-\n"
			 "evil.com/a\tIntel::URL\tx\t-\t-\nevil.com\tIntel::DOMAIN\tx\t-\t-\n"
			 "a.exe\tIntel::FILE_NAME\tx\t-\t-\n" MD5 "\tIntel::FILE_HASH\tx\t-\t-\n"
			 "Bob\tIntel::USER_NAME\tx\t-\t-\n#close\n",
			.told = "3 ipv4 192.0.2.1 type=Intel::ADDR description=bad "
				"reference=http://x.com/\n"
				"4 ipv4 192.0.2.0/24 type=Intel::SUBNET\n5 url evil.com/a "
				"type=Intel::URL\n"
				"6 domain evil.com type=Intel::DOMAIN\n"
				"7 ! a.exe: of a type that is not looked for "
				"type=Intel::FILE_NAME\n"
				"8 md5 " MD5
				" type=Intel::FILE_HASH\n9 user bob type=Intel::USER_NAME\n",
			.format = IOC_LIST_ZEEK,
			.all = true},
		{.text = "192.0.2.1\tx\n",
			.told = "error: the list, line 1: no line with #fields in front of the "
				"values\n",
			.options = {.format = IOC_LIST_ZEEK}},
		{.text = "#fields\ta\tb\n",
			.told = "error: the list, line 1: no column holds indicators; name the "
				"column (its name or "
				"number), or the kind of its values\n"},
	};
	check_rows(rows, COUNT(rows));
}

static void test_text(void **state)
{
	(void)state;
	static const struct list_row rows[] = {
		{.text = "The actor used hxxp://evil[.]com/a and 192[.]0[.]2[.]1:8080.\nAgain "
			 "192.0.2.1, and 192.0.2.0/24;\n"
			 "all of *.bad.com, bob (at) bad (dot) com; file " MD5 ".exe, report.py.\n",
			.told = "1 url evil.com/a\n1 ipv4 192.0.2.1\n2 ipv4 192.0.2.0/24\n3 domain "
				"*.bad.com\n"
				"3 email bob@bad.com\n3 md5 " MD5 "\n",
			.format = IOC_LIST_TEXT},
		{.text = "192.0.2.1, evil.com",
			.told = "1 ipv4 192.0.2.1\n1 domain evil.com\n",
			.format = IOC_LIST_TEXT},
		{.text = "nothing to be found here\n", .told = "", .format = IOC_LIST_TEXT},
		{.text = "evil.com and 192.0.2.1",
			.told = "1 ipv4 192.0.2.1\n",
			.options = {.kind = IOC_IPV4, .format = IOC_LIST_TEXT}},
		{.text = "<html><a href=\"http://evil.com/x\">x</a></html>",
			.told = "1 url evil.com/x\n",
			.options = {.format = IOC_LIST_TEXT}},
	};
	check_rows(rows, COUNT(rows));
}

static void check_refused(const void *data, size_t n, const char *says)
{
	struct ioc_list_options options = {.name = "f"};
	struct told told = {0};
	assert_int_equal(told_list(&told, &options, (struct slice){data, n}, 1 << 20), -1);
	if (!strstr(told.out.ptr, says))
		fail_msg("%s\nwanted %s", told.out.ptr, says);
	buf_fini(&told.out);
}

static void test_refused(void **state)
{
	(void)state;
	check_refused("\x1f\x8b\x08\0\0", 5, "f: compressed with gzip; unpack it first: gunzip -c");
	check_refused("PK\x03\x04\0\0", 6, "f: a zip archive; unpack it first");
	check_refused("\xff\xfe"
		      "a\0b\0",
		6, "f: UTF-16; convert it first: iconv");
	check_refused("%PDF-1.7 ", 9, "f: a PDF");
	check_refused("192.0.2.1\n\0\n", 12, "f, line 2: binary data (a byte 0)");
	check_refused("\n <!DOCTYPE HTML><html>", 23, "f, line 1: a web page (HTML) and no list");
	check_refused("<?xml version=\"1.0\"?><stix:STIX_Package xmlns:stix=\"x\"/>", 56,
		"f, line 1: XML, but not OpenIOC");
}

static void test_limits(void **state)
{
	(void)state;
	struct ioc_list_options options = {.name = "f", .max_bytes = 1000};
	struct told told = {0};
	struct buf text;
	buf_init(&text, SIZE_MAX);
	while (text.len < 3000000)
		buf_puts(&text, "aaaaaaaaaa");
	buf_puts(&text, "\n192.0.2.1\n");
	assert_int_equal(told_list(&told, &options, buf_view(&text), 4096), -1);
	assert_string_equal(told.out.ptr,
		"error: f: larger than the limit of 1.0 kB; split it or raise the limit\n");
	buf_fini(&told.out);
	options = (struct ioc_list_options){.format = IOC_LIST_PLAIN};
	assert_int_equal(told_list(&told, &options, buf_view(&text), 1 << 20), 0);
	assert_non_null(strstr(told.out.ptr, "1 ! aaaaa"));
	assert_non_null(strstr(told.out.ptr, "a line longer than 1 MiB\n2 ipv4 192.0.2.1\n"));
	assert_int_equal(told.counts.usable, 1);
	assert_int_equal(told.counts.unusable, 1);
	assert_int_equal(told.counts.lines, 2);
	buf_fini(&told.out);
	buf_fini(&text);
}

static void test_each_ends_the_reading(void **state)
{
	(void)state;
	static const char *const texts[] = {"192.0.2.1\n192.0.2.2\n", "a.com and b.com and c.com",
		"value,x\na.com,1\nb.com,2\n", "#fields\tindicator\tx\na.com\t1\nb.com\t2\n"};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct ioc_list_options options = {0};
		struct told told = {.stop_after = 1};
		CHECK_ROW(i, told_list(&told, &options, slice_of(texts[i]), 1 << 20) == 7);
		CHECK_ROW(i, told.count == 1);
		buf_fini(&told.out);
	}
}

static void test_counts(void **state)
{
	(void)state;
	struct ioc_list_options options = {0};
	struct told told = {0};
	told_list(&told, &options, SLICE("# c\n\n192.0.2.1\nex*\n"), 1 << 20);
	assert_int_equal(told.counts.lines, 4);
	assert_int_equal(told.counts.usable, 1);
	assert_int_equal(told.counts.unusable, 1);
	assert_int_equal(told.counts.skipped, 2);
	buf_fini(&told.out);
}

static void test_names(void **state)
{
	(void)state;
	for (int f = IOC_LIST_GUESS; f < IOC_LIST_FORMATS; f++)
		assert_int_equal(ioc_list_format_named(
					 slice_of(ioc_list_format_name((enum ioc_list_format)f))),
			f);
	assert_int_equal(ioc_list_format_named(SLICE("nothing")), IOC_LIST_FORMATS);
	assert_null(ioc_list_format_name(IOC_LIST_FORMATS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_feeds),
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_zeek),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_each_ends_the_reading),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
