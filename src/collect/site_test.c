/* SPDX-License-Identifier: Apache-2.0 */
/* site_test.c: addresses as people type and paste them, and what is none. */
#include "base/test.h"
#include "collect/site.h"

static const struct {
	const char *typed, *url, *path; /* path "!words" = refused with these words */
	bool cloud;
} rows[] = {
	{"acme.atlassian.net", "https://acme.atlassian.net", "", true},
	{"acme", "https://acme.atlassian.net", "", true},
	{"ACME.Atlassian.NET", "https://acme.atlassian.net", "", true},
	{"https://acme.atlassian.net/", "https://acme.atlassian.net", "", true},
	{"HTTPS://acme.atlassian.net///", "https://acme.atlassian.net", "", true},
	{"https://acme.atlassian.net/jira/x?y=1#z", "https://acme.atlassian.net", "/jira/x", true},
	{"acme.atlassian.net?x", "https://acme.atlassian.net", "", true},
	{"acme.atlassian.net#x", "https://acme.atlassian.net", "", true},
	{"\xe2\x80\x9c"
	 "acme.atlassian.net\xe2\x80\x9d,",
		"https://acme.atlassian.net", "", true},
	{"\xef\xbb\xbf acme.atlassian.net\xc2\xa0\r\n", "https://acme.atlassian.net", "", true},
	{"<https://acme.atlassian.net>;", "https://acme.atlassian.net", "", true},
	{"acme.atlassian.net'", "https://acme.atlassian.net", "", true},
	{"acme.atlassian.net:443", "https://acme.atlassian.net", "", true},
	{"jira.example.com", "https://jira.example.com", "", false},
	{"https://jira.example.com:8443/jira/", "https://jira.example.com:8443", "/jira", false},
	{"http://jira.example.com", "http://jira.example.com", "", false},
	{"http://jira.example.com:80", "http://jira.example.com", "", false},
	{"http://jira.example.com:443", "http://jira.example.com:443", "", false},
	{"localhost:7990", "https://localhost:7990", "", false},
	{"10.1.2.3/bitbucket", "https://10.1.2.3", "/bitbucket", false},
	{"https://[::1]:8443/x", "https://[::1]:8443", "/x", false},
	{"[fd00::1]", "https://[fd00::1]", "", false},
	{"notatlassian.net", "https://notatlassian.net", "", false},
	{"evil-atlassian.net.example.com", "https://evil-atlassian.net.example.com", "", false},
	{".atlassian.net", "https://.atlassian.net", "", false},
	{"", NULL, "!no host", false},
	{"https://", NULL, "!no host", false},
	{"///", NULL, "!no host", false},
	{" ,;\"' ", NULL, "!no host", false},
	{"ftp://x", NULL, "!only https://", false},
	{"https://https://x.y", NULL, "!only https://", false},
	{"bob@example.com", NULL, "!mail address", false},
	{"https://bob:pw@example.com/x", NULL, "!mail address", false},
	{"a b.c", NULL, "!letters, digits", false},
	{"a_b.example.com", NULL, "!letters, digits", false},
	{"caf\xc3\xa9.atlassian.net", NULL, "!beyond a to z", false},
	{"[::1", NULL, "!letters, digits", false},
	{"x.y:", NULL, "!port", false},
	{"x.y:0", NULL, "!port", false},
	{"x.y:65536", NULL, "!port", false},
	{"x.y:8o", NULL, "!port", false},
	{"x.y/a b", NULL, "!blanks", false},
	{"x.y/\x01", NULL, "!odd characters", false},
	{"x\x1b[31m.y", NULL, "!letters, digits", false},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct site site;
		struct err err = {0};
		char url[SITE_URL];
		int rc = site_read(rows[i].typed, &site, &err);
		if (rows[i].path[0] == '!') {
			CHECK_ROW(i, rc == -1 && err.kind == ERR_USAGE);
			CHECK_ROW(i, strstr(err.text, rows[i].path + 1));
			CHECK_ROW(i, !strchr(err.text, 0x1b));
			continue;
		}
		CHECK_ROW(i, rc == 0);
		CHECK_ROW(i, strcmp(site_url(&site, 0, url), rows[i].url) == 0);
		CHECK_ROW(i, strcmp(site.path, rows[i].path) == 0);
		CHECK_ROW(i, site_is_cloud(&site) == rows[i].cloud);
	}
}

/* No length overruns anything: each part at its most, and beyond. */
static void test_lengths(void **state)
{
	(void)state;
	for (size_t host = 200; host < 300; host++) {
		for (size_t path = 500; path < 520; path += 3) {
			char typed[1000];
			struct site site;
			struct err err;
			memset(typed, 'a', sizeof(typed));
			typed[host] = '/';
			typed[host + path] = '\0';
			if (site_read(typed, &site, &err) == 0) {
				char url[SITE_URL];
				assert_true(strlen(site_url(&site, path, url)) < SITE_URL);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
