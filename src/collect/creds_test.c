/* SPDX-License-Identifier: Apache-2.0 */
/* creds_test.c: domain, mail and token as people keep them; secrets as they are pasted. */
#include "base/test.h"
#include "collect/collect.h"

#define LQ "\xe2\x80\x9c"
#define RQ "\xe2\x80\x9d"

static const struct {
	const char *text, *domain, *mail, *token; /* domain "!words" = refused with these words */
} rows[] = {
	{"{\n  " LQ "domain" RQ ": " LQ "acme.atlassian.net" RQ ",\n  " LQ "mail" RQ ": " LQ
	 "a@b.c" RQ ",\n  " LQ "api_token" RQ ": " LQ "tok=1" RQ ",\n}\n",
		"acme.atlassian.net", "a@b.c", "tok=1"},
	{"{\"domain\":\"x.y\",\"mail\":\"a@b.c\",\"api_token\":\"t\"}", "x.y", "a@b.c", "t"},
	{"domain: x.y\nmail: a@b.c\napi_token: t\n", "x.y", "a@b.c", "t"},
	{"DOMAIN=x.y\r\nEMAIL='a@b.c'\r\nAPI_TOKEN=t==\r\n", "x.y", "a@b.c", "t=="},
	{"url = https://x.y/z  # my site", "https://x.y/z", NULL, NULL},
	{"{ domain : x.y , user : a@b.c , token : t }", "x.y", "a@b.c", "t"},
	{"\"api_token\": \"a\\u003db\\/c\"", NULL, NULL, "a=b/c"},
	{"'api_token': 'a\\b'", NULL, NULL, "a\\b"},
	{"\"api_token\": \"a\\ud800b\"", NULL, NULL, "a\\ud800b"},
	{"api_token:t", NULL, NULL, "t"},
	{"mail\xc2\xa0:\xc2\xa0"
	 "a@b.c",
		NULL, "a@b.c", NULL},
	{"token: first\ntoken: second", NULL, NULL, "second"},
	{"my_token: x\nxdomain: y\nsite: z", "z", NULL, NULL},
	{"see https://help.example.com: domain: x.y", "x.y", NULL, NULL},
	{"", "!none of domain", NULL, NULL},
	{"nothing of use", "!none of domain", NULL, NULL},
	{"domain", "!none of domain", NULL, NULL},
	{"domain:", "!line 1: `domain` has no value", NULL, NULL},
	{"a\nb\n\"mail\": \"\"", "!line 3: `mail` has no value", NULL, NULL},
	{"mail: ,", "!`mail` has no value", NULL, NULL},
	{"mail: }", "!`mail` has no value", NULL, NULL},
	{LQ, "!none of domain", NULL, NULL},
	{"=:=:", "!none of domain", NULL, NULL},
};

static bool same(const char *have, const char *want)
{
	return have && want ? strcmp(have, want) == 0 : have == want;
}

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena mem = {0};
		struct creds creds;
		struct err err = {0};
		/* At the end of its memory: nothing beyond the text is read. */
		size_t n = strlen(rows[i].text);
		char *text = malloc(n ? n : 1);
		memcpy(text, rows[i].text, n);
		int rc = creds_read((struct slice){text, n}, "creds", &mem, &creds, &err);
		free(text);
		if (rows[i].domain && rows[i].domain[0] == '!') {
			CHECK_ROW(i, rc == -1 && strstr(err.text, rows[i].domain + 1));
		} else {
			CHECK_ROW(i, rc == 0);
			CHECK_ROW(i, same(creds.domain, rows[i].domain));
			CHECK_ROW(i, same(creds.mail, rows[i].mail));
			CHECK_ROW(i, same(creds.api_token, rows[i].token));
		}
		arena_fini(&mem);
	}
}

/* Every beginning of the guide's sample is read or refused, and never shown. */
static void test_cut_files(void **state)
{
	(void)state;
	const char *whole = rows[0].text;
	for (size_t n = 0; n < strlen(whole); n++) {
		struct arena mem = {0};
		struct creds creds;
		struct err err = {0};
		char *text = malloc(n ? n : 1);
		memcpy(text, whole, n);
		if (creds_read((struct slice){text, n}, "creds", &mem, &creds, &err) < 0)
			assert_null(strstr(err.text, "tok=1"));
		free(text);
		arena_fini(&mem);
	}
	struct arena mem = {0};
	struct creds creds;
	struct err err;
	char large[6000];
	memset(large, 'x', sizeof(large));
	memcpy(large, "token: ", 7);
	assert_int_equal(
		creds_read((struct slice){large, sizeof(large)}, "creds", &mem, &creds, &err), -1);
	assert_null(strstr(err.text, "xx"));
	assert_int_equal(
		creds_read((struct slice){"token: a\0b", 10}, "creds", &mem, &creds, &err), -1);
	arena_fini(&mem);
}

static const struct {
	const char *text;
	size_t len;
	const char *want; /* "!words" */
} secrets[] = {
	{"abc", 3, "abc"},
	{" \tabc\r\n\n", 8, "abc"},
	{"\xef\xbb\xbf"
	 "abc\r\n",
		8, "abc"},
	{"a=b/c+d_-.~%", 12, "a=b/c+d_-.~%"},
	{"", 0, "!empty"},
	{" \r\n", 3, "!empty"},
	{"\xef\xbb\xbf", 3, "!empty"},
	{"ab\ncd", 5, "!a line break within it, at character 3 of 5"},
	{"ab\rcd", 5, "!a line break"},
	{"ab cd", 5, "!a blank within it, at character 3"},
	{"ab\tcd", 5, "!a blank"},
	{"\"abc\"", 5, "!a quote within it, at character 1"},
	{"abc'", 4, "!a quote"},
	{"ab\0cd", 5, "!no token has"},
	{"ab\x7f", 3, "!no token has"},
	{"caf\xc3\xa9", 5, "!no token has"},
	{"\xff\xfe"
	 "a\0b\0",
		6, "!no token has"},
};

static void test_secrets(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(secrets); i++) {
		struct arena mem = {0};
		struct err err = {0};
		const char *have = secret_trim(
			(struct slice){secrets[i].text, secrets[i].len}, "token", &mem, &err);
		if (secrets[i].want[0] == '!') {
			CHECK_ROW(i, !have && err.kind == ERR_USAGE);
			CHECK_ROW(i, strstr(err.text, secrets[i].want + 1));
			CHECK_ROW(i, strstr(err.text, "the token"));
		} else {
			CHECK_ROW(i, same(have, secrets[i].want));
		}
		arena_fini(&mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_cut_files),
		cmocka_unit_test(test_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
