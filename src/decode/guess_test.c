/* SPDX-License-Identifier: Apache-2.0 */
/* guess_test.c: the table of records by their shape. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/decode.h"

static void tables(void **state)
{
	(void)state;
	static const struct {
		const char *record, *table; /* NULL: none */
	} rows[] = {
		{"{\"id\":11959,\"summary\":\"Project "
		 "deleted\",\"created\":\"2022-01-24T08:48:05.645+0000\","
		 "\"category\":\"projects\",\"eventSource\":\"\",\"objectItem\":{\"typeName\":"
		 "\"PROJECT\"}}",
			"jira_audit_logs"},
		{"{\"author\":{\"type\":\"user\",\"displayName\":\"J\",\"accountType\":\"\"},"
		 "\"creationDate\":1643097111962,\"summary\":\"Space logo "
		 "uploaded\",\"sysAdmin\":false,"
		 "\"superAdmin\":false,\"affectedObject\":{\"objectType\":\"Space\"}}",
			"confluence_audit_logs"},
		{"{\"auditType\":{\"actionI18nKey\":\"bitbucket.service.project.audit.action.x\"},"
		 "\"author\":{\"type\":\"NORMAL\"},\"node\":\"n\",\"timestamp\":{\"epochSecond\":1}"
		 "}",
			"bitbucket_audit_logs"},
		{"{\"auditType\":{\"actionI18nKey\":\"jira.auditing.group.created\"},\"author\":{"
		 "\"type\":"
		 "\"user\"}}",
			"jira_audit_logs"},
		{"{\"type\":{\"actionI18nKey\":\"bitbucket.a\",\"categoryI18nKey\":\"bitbucket.b\"}"
		 ","
		 "\"timestamp\":\"2021-11-27T18:11:09.514Z\"}",
			"bitbucket_audit_logs"},
		{"{\"auditType\":{\"actionI18nKey\":\"audit.logging.summary.user.created\"},"
		 "\"author\":{"
		 "\"type\":\"user\"}}",
			"confluence_audit_logs"},
		{"{\"type\":\"events\",\"id\":\"a\",\"attributes\":{\"time\":\"2026-05-19T10:00:"
		 "00Z\","
		 "\"processedAt\":\"2026-05-19T10:00:01.5Z\",\"action\":\"user_login\"}}",
			"atlassian_org_events"},
		/* as /events had it once, and others write it */
		{"{\"id\":\"a\",\"attributes\":{\"time\":\"2026-05-19T10:00:00Z\",\"action\":\"x\","
		 "\"actor\":{\"id\":\"1\"}},\"message\":{\"content\":\"User created\"}}",
			"atlassian_org_events"},
		{"{\"alertId\":\"1\",\"alertTitle\":\"t\",\"detectionTime\":1780050685848,\"type\":"
		 "\"x\"}",
			"third_party_alerts"},
		/* other vendors' alerts are for --table to name, and no Jira record */
		{"{\"id\":7,\"title\":\"t\",\"severity\":\"high\",\"created\":\"2026-05-19T10:00:"
		 "00Z\"}",
			NULL},
		{"{\"data\":{\"id\":\"a\",\"attributes\":{\"action\":\"x\"}}}", NULL},
		{"{\"hello\":\"world\"}", NULL},
		{"{}", NULL},
		{"12", NULL},
		{"{\"auditType\":", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice record = slice_of(rows[i].record);
		struct err err = {0};
		const struct schema *schema = decode_guess(&record, 1, &err);
		bool right = rows[i].table ? schema && strcmp(schema->table, rows[i].table) == 0
					   : !schema && err.kind == ERR_USAGE;
		if (!right)
			fail_msg("%s: %s", rows[i].record, schema ? schema->table : err.text);
	}
}

/* What all three have in common decides nothing. */
static void equal_scores(void **state)
{
	(void)state;
	struct slice record = SLICE("{\"auditType\":{\"actionI18nKey\":\"atlassian.audit.x\"}}");
	struct err err = {0};
	assert_null(decode_guess(&record, 1, &err));
	assert_non_null(strstr(err.text, "as well as"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(equal_scores),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
