/* SPDX-License-Identifier: Apache-2.0 */
/* options_test.c: the words of a command line, what is wrong with them, and the usual homes. */
#include <sys/stat.h>

#include "base/test.h"
#include "ship/private.h"

static struct err err;

static void targets_are_read(void **state)
{
	static const struct {
		const char *args[4];
		const char *folder, *bucket, *prefix; /* bucket NULL = refused, */
		const char *words;                    /* with these words */
	} rows[] = {
		{{"s3://b"}, NULL, "b", "", NULL},
		{{"s3://b/"}, NULL, "b", "", NULL},
		{{"s3://b/p"}, NULL, "b", "p", NULL},
		{{"s3://b/p/q/"}, NULL, "b", "p/q", NULL},
		{{"logs", "s3://b/p"}, "logs", "b", "p", NULL},
		{{"s3://b/p", "logs"}, "logs", "b", "p", NULL},
		{{"s3://b/a b+c%20\xc3\xbc"}, NULL, "b", "a b+c%20\xc3\xbc", NULL},
		{{NULL}, NULL, NULL, NULL, "the target is missing"},
		{{"logs"}, NULL, NULL, NULL, "the target is missing"},
		{{"s3:b/p"}, NULL, NULL, NULL, "is written s3://"},
		{{"s3://"}, NULL, NULL, NULL, "write s3://BUCKET"},
		{{"s3:///p"}, NULL, NULL, NULL, "write s3://BUCKET"},
		{{"s3://b?x"}, NULL, NULL, NULL, "write s3://BUCKET"},
		{{"https://b.example.com/p"}, NULL, NULL, NULL, "is written s3://"},
		{{"s3://b", "s3://c"}, NULL, NULL, NULL, "is written s3://"},
		{{"x", "y", "s3://b"}, NULL, NULL, NULL, "is too much"},
		{{"", "s3://b"}, NULL, NULL, NULL, "is too much"},
		{{"s3://b//p"}, NULL, NULL, NULL, "prefix"},
		{{"s3://b/p//q"}, NULL, NULL, NULL, "prefix"},
		{{"s3://b/../q"}, NULL, NULL, NULL, "prefix"},
		{{"s3://b/p/."}, NULL, NULL, NULL, "prefix"},
		{{"s3://b/p\n"}, NULL, NULL, NULL, "prefix"},
		{{"s3://b/\xff"}, NULL, NULL, NULL, "prefix"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ship_options o;
		char *args[4];
		int n = 0;
		for (; n < 4 && rows[i].args[n]; n++)
			args[n] = strdup(rows[i].args[n]);
		ship_options_init(&o);
		int status = ship_arguments(&o, args, n, &err);
		if (!rows[i].bucket) {
			CHECK_ROW(i, status == -1 && err.kind == ERR_USAGE);
			CHECK_ROW(i, strstr(err.text, rows[i].words) != NULL);
		} else {
			CHECK_ROW(i, status == 0);
			CHECK_ROW(i, strcmp(o.bucket, rows[i].bucket) == 0);
			CHECK_ROW(i, strcmp(o.prefix, rows[i].prefix) == 0);
			CHECK_ROW(i, !o.folder == !rows[i].folder &&
					     (!o.folder || strcmp(o.folder, rows[i].folder) == 0));
		}
		ship_options_fini(&o);
		while (n > 0)
			free(args[--n]);
	}
}

static void options_are_checked(void **state)
{
	static const struct {
		const char *pairs[6]; /* name, value, name, value */
		const char *words;    /* of the refusal; NULL = taken */
	} rows[] = {
		{{"every", "1"}, NULL},
		{{"every", "0"}, "from 1 to 86400"},
		{{"every", "x"}, "from 1 to 86400"},
		{{"every", "-5"}, "from 1 to 86400"},
		{{"max-files", "1"}, "from 2"},
		{{"max-files", "100"}, NULL},
		{{"node", ""}, "needs a value"},
		{{"state", ""}, "needs a value"},
		{{"proxy", ""}, NULL},
		{{"nonsense", "x"}, "no option"},
		{{"proxy", "http://user:word@host:1"}, "must hold no password"},
		{{"proxy", "http://host:1"}, NULL},
		{{"endpoint", "http://host"}, "in the clear"},
		{{"endpoint", "http://host", "allow-private", NULL}, NULL},
		{{"endpoint", "https://host"}, NULL},
		{{"access-key-id-file", "f"}, "go together"},
		{{"secret-access-key-file", "f"}, "go together"},
		{{"access-key-id-file", "f", "secret-access-key-file", "f"}, NULL},
		{{"access-key-id-file", "f", "secret-access-key-file", "f", "profile", "p"},
			"exclude"},
		{{"external-id", "x"}, "goes with"},
		{{"external-id", "x", "role-arn", "arn:aws:iam::1:role/x"}, NULL},
		{{"json", NULL}, "goes with"},
		{{"json", NULL, "once", NULL}, NULL},
		{{"json", NULL, "dry-run", NULL}, NULL},
	};
	char url[] = "s3://b", *args[] = {url};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ship_options o;
		int status = 0;
		ship_options_init(&o);
		for (size_t k = 0; k < 6 && rows[i].pairs[k] && status == 0; k += 2)
			status = ship_option_set(&o, rows[i].pairs[k], rows[i].pairs[k + 1], &err);
		if (status == 0)
			status = ship_arguments(&o, args, 1, &err);
		CHECK_ROW(i, status == (rows[i].words ? -1 : 0));
		if (rows[i].words && (err.kind != ERR_USAGE || !strstr(err.text, rows[i].words)))
			fail_msg("row %zu: %s", i, err.text);
		ship_options_fini(&o);
	}
}

static void rows_reach_their_members(void **state)
{
	struct ship_options o;
	(void)state;
	ship_options_init(&o);
	assert_int_equal(o.every_s, 60);
	assert_int_equal(o.max_files, 100);
	for (const struct ship_option *row = ship_option_rows; row->name; row++) {
		assert_true(ship_option_known(row->name));
		assert_true((row->kind == SHIP_FLAG) == (row->arg == NULL));
		assert_int_equal(ship_option_set(&o, row->name, "7", &err), 0);
	}
	assert_true(o.once && o.dry_run && o.all && o.gzip && o.json && o.verbose && o.path_style &&
		    o.allow_private);
	assert_true(o.every_s == 7 && o.max_files == 7);
	assert_true(o.node && o.state && o.endpoint && o.region && o.profile && o.id_file &&
		    o.secret_file && o.token_file && o.role_arn && o.external_id && o.ca_file &&
		    o.proxy);
	assert_false(ship_option_known("help"));
	ship_options_fini(&o);
}

static void make(const char *root, const char *below)
{
	struct arena mem = {0};
	assert_int_equal(io_mkdirs(arena_printf(&mem, "%s%s", root, below), &err), 0);
	arena_fini(&mem);
}

static void homes_are_found(void **state)
{
	char *root = test_folder(), *found;
	struct arena mem = {0};
	(void)state;
	unsetenv("BITBUCKET_HOME");
	unsetenv("CONFLUENCE_HOME");
	setenv("JIRA_HOME", "", 1);
	assert_null(homes_find(root, &err));
	assert_int_equal(err.kind, ERR_USAGE);
	assert_non_null(strstr(err.text, "/data/bitbucket/log/audit"));
	assert_non_null(strstr(err.text, "pugmark ship /path/to"));
	make(root, "/var/atlassian/application-data/confluence/log/audit");
	make(root, "/var/atlassian/application-data/empty");
	found = homes_find(root, &err);
	assert_non_null(strstr(found, "/application-data/confluence/log/audit"));
	free(found);
	/* The same folder by another name is the same. */
	setenv("JIRA_HOME", "/jira", 1);
	assert_int_equal(
		symlink(arena_printf(&mem, "%s/var/atlassian/application-data/confluence", root),
			arena_printf(&mem, "%s/jira", root)),
		0);
	found = homes_find(root, &err);
	assert_non_null(found);
	free(found);
	make(root, "/data/bitbucket/log/audit");
	assert_null(homes_find(root, &err));
	assert_non_null(strstr(err.text, "several"));
	assert_non_null(strstr(err.text, "/data/bitbucket/log/audit"));
	assert_non_null(strstr(err.text, "/jira/log/audit"));
	unsetenv("JIRA_HOME");
	arena_fini(&mem);
	test_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(targets_are_read),
		cmocka_unit_test(options_are_checked),
		cmocka_unit_test(rows_reach_their_members),
		cmocka_unit_test(homes_are_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
