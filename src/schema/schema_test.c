/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the built-in tables: that each is sound, takes every field that its product's records
 * have, and is told from the others by its marks. */
#include "base/test.h"
#include "schema/builtin.h"
#include "schema/infer.h"
#include "schema/plan_check.h"

static void test_builtins_are_sound(void **state)
{
	(void)state;
	static const char *const tables[] = {"atlassian_org_events", "bitbucket_audit_logs",
		"confluence_audit_logs", "jira_audit_logs", "third_party_alerts"};
	for (unsigned i = 0; i < COUNT(tables); i++) {
		const struct schema *s = schema_builtin(i);
		assert_non_null(s);
		assert_string_equal(s->table, tables[i]);
		assert_string_equal(s->table, builtin_files[i].table);
		assert_string_equal(s->product, builtin_files[i].product);
		plan_check(s);
		assert_ptr_equal(schema_find(tables[i]), s);
		assert_ptr_equal(schema_find(s->product), s);
		assert_ptr_equal(schema_builtin(i), s);
		assert_true(schema_builtin_text(i).len > 1000);
	}
	assert_null(schema_builtin(COUNT(tables)));
	assert_int_equal(schema_builtin_text(COUNT(tables)).len, 0);
	assert_null(schema_find("trello"));
	assert_memory_not_equal(schema_builtin(0)->fingerprint, schema_builtin(1)->fingerprint, 32);
}

/* Path → column, for the shapes of SOURCES. */
static const struct {
	const char *table, *path, *column;
} paths[] = {
	{"jira", "created", "event_time"},
	{"jira", "timestamp", "event_time"},
	{"jira", "id", "id"},
	{"jira", "summary", "summary"},
	{"jira", "category", "category"},
	{"jira", "description", "description"},
	{"jira", "eventSource", "event_source"},
	{"jira", "remoteAddress", "remote_address"},
	{"jira", "authorKey", "author_key"},
	{"jira", "authorAccountId", "author_account_id"},
	{"jira", "objectItem.id", "object_item_id"},
	{"jira", "objectItem.name", "object_item_name"},
	{"jira", "objectItem.typeName", "object_item_type_name"},
	{"jira", "objectItem.parentId", "object_item_parent_id"},
	{"jira", "objectItem.parentName", "object_item_parent_name"},
	{"jira", "associatedItems.id", "associated_items.id"},
	{"jira", "associatedItems[].name", "associated_items.name"},
	{"jira", "associatedItems[].typeName", "associated_items.type_name"},
	{"jira", "associatedItems[].parentId", "associated_items.parent_id"},
	{"jira", "associatedItems[].parentName", "associated_items.parent_name"},
	{"jira", "changedValues[].fieldName", "changed_values.field_name"},
	{"jira", "changedValues[].changedFrom", "changed_values.changed_from"},
	{"jira", "changedValues[].changedTo", "changed_values.changed_to"},
	{"jira", "changedValues[].key", "changed_values.field_name"},
	{"jira", "changedValues[].from", "changed_values.changed_from"},
	{"jira", "changedValues[].to", "changed_values.changed_to"},
	{"jira", "changedValues[].i18nKey", "changed_values.i18n_key"},
	{"confluence", "creationDate", "event_time"},
	{"confluence", "timestamp", "event_time"},
	{"confluence", "summary", "summary"},
	{"confluence", "category", "category"},
	{"confluence", "description", "description"},
	{"confluence", "remoteAddress", "remote_address"},
	{"confluence", "author.displayName", "author_display_name"},
	{"confluence", "author.operations", "author_operations"},
	{"confluence", "author.username", "author_username"},
	{"confluence", "author.userKey", "author_user_key"},
	{"confluence", "author.accountId", "author_account_id"},
	{"confluence", "author.accountType", "author_account_type"},
	{"confluence", "author.publicName", "author_public_name"},
	{"confluence", "author.externalCollaborator", "author_external_collaborator"},
	{"confluence", "author.isExternalCollaborator", "author_is_external_collaborator"},
	{"confluence", "author.isGuest", "author_is_guest"},
	{"confluence", "sysAdmin", "sys_admin"},
	{"confluence", "superAdmin", "super_admin"},
	{"confluence", "affectedObject.name", "affected_object_name"},
	{"confluence", "affectedObject.objectType", "affected_object_object_type"},
	{"confluence", "associatedObjects[].name", "associated_objects.name"},
	{"confluence", "associatedObjects[].objectType", "associated_objects.object_type"},
	{"confluence", "changedValues[].name", "changed_values.name"},
	{"confluence", "changedValues[].oldValue", "changed_values.old_value"},
	{"confluence", "changedValues[].newValue", "changed_values.new_value"},
	{"confluence", "changedValues[].hiddenOldValue", "changed_values.hidden_old_value"},
	{"confluence", "changedValues[].hiddenNewValue", "changed_values.hidden_new_value"},
	{"confluence", "changedValues[].key", "changed_values.name"},
	{"confluence", "changedValues[].from", "changed_values.old_value"},
	{"confluence", "changedValues[].to", "changed_values.new_value"},
	{"confluence", "changedValues[].i18nKey", "changed_values.i18n_key"},
	{"bitbucket", "timestamp", "event_time"},
	{"bitbucket", "changedValues[].key", "changed_values.key"},
	{"bitbucket", "changedValues[].i18nKey", "changed_values.i18n_key"},
	{"bitbucket", "changedValues[].from", "changed_values.from"},
	{"bitbucket", "changedValues[].to", "changed_values.to"},
	{"org", "attributes.time", "event_time"},
	{"org", "attributes.processedAt", "processed_at"},
	{"org", "id", "id"},
	{"org", "type", "type"},
	{"org", "attributes.action", "action"},
	{"org", "attributes.actor.id", "actor_account_id"},
	{"org", "attributes.actor.name", "actor_name"},
	{"org", "attributes.actor.email", "actor_email"},
	{"org", "attributes.actor.picture", "actor_picture"},
	{"org", "attributes.actor.auth.authType", "actor_auth_type"},
	{"org", "attributes.actor.auth.tokenId", "actor_auth_token_id"},
	{"org", "attributes.actor.auth.tokenLabel", "actor_auth_token_label"},
	{"org", "attributes.actor.onBehalfOf.id", "actor_on_behalf_of_id"},
	{"org", "attributes.actor.onBehalfOf.name", "actor_on_behalf_of_name"},
	{"org", "attributes.actor.onBehalfOf.email", "actor_on_behalf_of_email"},
	{"org", "attributes.actor.app.id", "actor_app_id"},
	{"org", "attributes.actor.app.attributes", "actor_app_attributes"},
	{"org", "attributes.actor.links", "actor_links"},
	{"org", "attributes.context[].id", "context.id"},
	{"org", "attributes.context[].type", "context.type"},
	{"org", "attributes.context[].attributes.name", "context.name"},
	{"org", "attributes.context[].attributes.siteName", "context.name"},
	{"org", "attributes.context[].attributes.email", "context.email"},
	{"org", "attributes.context[].attributes", "context.attributes"},
	{"org", "attributes.context[].links", "context.links"},
	{"org", "attributes.container[].id", "container.id"},
	{"org", "attributes.container.attributes.siteHostName", "container.site_host_name"},
	{"org", "attributes.container[].attributes", "container.attributes"},
	{"org", "attributes.location.ip", "location_ip"},
	{"org", "attributes.location.geo", "location_geo"},
	{"org", "attributes.location.countryName", "location_country_name"},
	{"org", "attributes.location.regionName", "location_region_name"},
	{"org", "attributes.location.city", "location_city"},
	{"org", "message.content", "message_content"},
	{"org", "message.format", "message_format"},
	{"org", "links", "links"},
	{"alerts", "detectionTime", "event_time"},
	{"alerts", "alertId", "alert_id"},
	{"alerts", "alertTitle", "title"},
	{"alerts", "alertDetailURL", "url"},
	{"alerts", "type", "type"},
	{"alerts", "activity.action", "activity_action"},
	{"alerts", "activity.subject", "activity_subject"},
	{"alerts", "activity.subject.ari", "subject_ari"},
	{"alerts", "activity.subject.containerAri", "subject_container_ari"},
	{"alerts", "activity.subject.ati", "subject_ati"},
	{"alerts", "activity.time.start", "activity_start"},
	{"alerts", "activity.time.end", "activity_end"},
	{"alerts", "actor.accountId", "actor_account_id"},
	{"alerts", "actor.name", "actor_name"},
	{"alerts", "actor.url", "actor_url"},
	{"alerts", "actor.sessions[].ipAddress", "sessions.ip_address"},
	{"alerts", "actor.sessions[].userAgent", "sessions.user_agent"},
	{"alerts", "actor.sessions[].loginTime", "sessions.login_time"},
	{"alerts", "actor.sessions[].lastActiveTime", "sessions.last_active_time"},
	{"alerts", "alert.id", "alert_key"},
	{"alerts", "alert.product", "alert_product"},
	{"alerts", "alert.site", "alert_site"},
	{"alerts", "alert.title", "alert_title"},
	{"alerts", "alert.url", "alert_url"},
	{"alerts", "alert.created", "alert_created"},
	{"alerts", "workspace.id", "workspace_id"},
	{"alerts", "workspace.cloudId", "workspace_cloud_id"},
	{"alerts", "workspace.orgId", "workspace_org_id"},
	{"alerts", "id", "record_id"},
	{"alerts", "timestamp", "reported_at"},
	{"alerts", "title", "title"},
	{"alerts", "severity", "severity"},
	{"alerts", "status", "state"},
	{"alerts", "description", "description"},
	{"alerts", "vendor", "reported_by"},
};

/* The products that have a Data Center, and what every one's records have. */
static const char *const datacenter[] = {"bitbucket", "confluence", "jira"};
static const struct {
	const char *path, *column;
} shared[] = {
	{"author.id", "author_id"},
	{"author.name", "author_name"},
	{"author.type", "author_type"},
	{"author.uri", "author_uri"},
	{"author.avatarUri", "author_avatar_uri"},
	{"auditType.action", "audit_type_action"},
	{"type.action", "audit_type_action"},
	{"auditType.actionI18nKey", "audit_type_action_i18n_key"},
	{"type.actionI18nKey", "audit_type_action_i18n_key"},
	{"auditType.category", "audit_type_category"},
	{"type.category", "audit_type_category"},
	{"auditType.categoryI18nKey", "audit_type_category_i18n_key"},
	{"type.categoryI18nKey", "audit_type_category_i18n_key"},
	{"auditType.area", "audit_type_area"},
	{"auditType.level", "audit_type_level"},
	{"source_address", "source_address"},
	{"method", "method"},
	{"node", "node"},
	{"system", "system"},
	{"version", "version"},
	{"affectedObjects[].id", "affected_objects.id"},
	{"affectedObjects[].name", "affected_objects.name"},
	{"affectedObjects[].type", "affected_objects.type"},
	{"affectedObjects.uri", "affected_objects.uri"},
	{"extraAttributes[].name", "extra_attributes.name"},
	{"extraAttributes[].nameI18nKey", "extra_attributes.name_i18n_key"},
	{"extraAttributes[].value", "extra_attributes.value"},
};

static const char *label(const struct schema *s, int index)
{
	return index < 0             ? "-"
	       : index < SYS_COLUMNS ? sys_columns[index].name
				     : s->columns[index - SYS_COLUMNS].name;
}

static void check_path(const struct schema *s, const char *path, const char *column)
{
	const char *got = label(s, schema_resolve(s, slice_of(path)));
	if (strcmp(got, column) != 0)
		fail_msg("%s: %s is %s, not %s", s->table, path, got, column);
}

static void test_every_field_has_its_column(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		check_path(schema_find(paths[i].table), paths[i].path, paths[i].column);
	for (unsigned t = 0; t < COUNT(datacenter); t++)
		for (size_t i = 0; i < COUNT(shared); i++)
			check_path(schema_find(datacenter[t]), shared[i].path, shared[i].column);
}

static void test_source_feeds_the_address(void **state)
{
	(void)state;
	for (unsigned t = 0; t < COUNT(datacenter); t++) {
		const struct schema *s = schema_find(datacenter[t]);
		int column = schema_resolve(s, SLICE("source_address"));
		assert_string_equal(s->columns[column - SYS_COLUMNS].paths[0], "source");
		assert_int_equal(s->columns[column - SYS_COLUMNS].observable, OBS_IP);
		assert_int_equal(schema_resolve(s, SLICE("source")), SYS_SOURCE);
	}
}

static void test_resolve_rules(void **state)
{
	(void)state;
	const struct schema *s = schema_find("jira");
	static const struct {
		const char *name;
		int index;
	} rows[] = {
		{"", -1},
		{"nothing", -1},
		{"objectItem", -1},
		{"associated_items", -1},
		{"associatedItems", -1},
		{"associatedItems[]", -1},
		{"targets", SYS_TARGETS},
		{"EVENT_TIME", SYS_EVENT_TIME},
		{"Created", SYS_EVENT_TIME},
		{"created.x", -1},
		{".", -1},
		{"a..b", -1},
		{"[]", -1},
		{"summary.x", -1},
		{"ip", SYS_IP},
	};
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_ROW(i, schema_resolve(s, slice_of(rows[i].name)) == rows[i].index);
	assert_int_equal(schema_resolve(s, SLICE("AUDITTYPE.ACTION")),
		schema_resolve(s, SLICE("audit_type_action")));
	assert_int_equal(schema_resolve(s, (struct slice){"ip\0x", 4}), -1);
	char *longest = calloc(1, 1 << 20);
	memset(longest, 'a', (1 << 20) - 1);
	assert_int_equal(schema_resolve(s, slice_of(longest)), -1);
	free(longest);
}

static void test_jira_plan(void **state)
{
	(void)state;
	const struct schema *s = schema_find("jira");
	assert_int_equal(s->id_column, schema_resolve(s, SLICE("id")));
	assert_int_equal(s->columns[s->id_column - SYS_COLUMNS].type, COL_INT64);
	assert_int_equal(s->instance_column, schema_resolve(s, SLICE("system")));
	assert_true(s->common[SYS_SUMMARY].direct && s->common[SYS_CATEGORY].direct);
	assert_false(s->common[SYS_ACTION].direct);
	const struct common_field *action = &s->common[SYS_ACTION];
	assert_int_equal(action->ncolumns, 3);
	assert_int_equal(action->columns[0], schema_resolve(s, SLICE("audit_type_action")));
	assert_int_equal(action->columns[1], SYS_SUMMARY);
	assert_int_equal(s->identity[0].column, SYS_EVENT_TIME);
	assert_int_equal(s->identity[1].otherwise, SYS_SUMMARY);
	assert_int_equal(s->ntargets, 3);
	assert_int_equal(s->targets[0].name_column, schema_resolve(s, SLICE("object_item_name")));
}

/* The two tables of other shapes: which times and ids there are, and where they may come from. */
static void test_other_plans(void **state)
{
	(void)state;
	const struct schema *s = schema_find("org");
	assert_int_equal(s->nfallback, 1);
	assert_int_equal(s->fallback[0], schema_resolve(s, SLICE("processed_at")));
	assert_int_equal(s->id_column, schema_resolve(s, SLICE("id")));
	assert_int_equal(s->instance_column, -1);
	assert_true(s->common[SYS_ACTION].direct);
	int attributes = schema_resolve(s, SLICE("context.attributes"));
	assert_int_equal(s->columns[attributes - SYS_COLUMNS].type, COL_JSON);
	s = schema_find("alerts");
	assert_int_equal(s->nfallback, 3);
	assert_int_equal(s->id_column, schema_resolve(s, SLICE("alert_id")));
	assert_int_equal(s->instance_column, schema_resolve(s, SLICE("workspace_cloud_id")));
	int ip = schema_resolve(s, SLICE("sessions.ip_address"));
	assert_int_equal(s->columns[ip - SYS_COLUMNS].observable, OBS_IP);
}

/* Display names and localized texts never count alone where a key or an id stands beside them. */
static void test_identity_prefers_keys(void **state)
{
	(void)state;
	static const char *const texts[] = {"audit_type_action", "audit_type_category",
		"author_name", "author_display_name", "affected_objects.name",
		"extra_attributes.name", "author_uri", "affected_objects.uri", "actor_name",
		"actor_email", "context.name", "container.name", "message_content", "title"};
	for (unsigned t = 0; schema_builtin(t); t++) {
		const struct schema *s = schema_builtin(t);
		for (uint32_t i = 0; i < s->nidentity; i++)
			for (size_t k = 0; k < COUNT(texts); k++)
				assert_string_not_equal(label(s, s->identity[i].column), texts[k]);
	}
}

/* The keys of all stored events are made from these lists, in this order: another one would not know
 * them again. */
static const char *const frozen[] = {
	"event_time action actor_account_id|actor_name "
	"actor_on_behalf_of_id|actor_on_behalf_of_name location_ip context.id|context.name "
	"context.type container.id|container.name container.type id|message_content",
	"event_time audit_type_action_i18n_key|audit_type_action "
	"audit_type_category_i18n_key|audit_type_category author_id|author_name author_type "
	"source_address method node affected_objects.id|affected_objects.name "
	"affected_objects.type changed_values.i18n_key|changed_values.key changed_values.from "
	"changed_values.to extra_attributes.name_i18n_key|extra_attributes.name "
	"extra_attributes.value",
	"event_time audit_type_action_i18n_key|summary audit_type_category_i18n_key|category "
	"description author_type author_id|author_account_id "
	"author_account_id|author_display_name remote_address|source_address "
	"affected_object_name affected_object_object_type associated_objects.name "
	"associated_objects.object_type changed_values.i18n_key|changed_values.name "
	"changed_values.old_value changed_values.new_value changed_values.hidden_old_value "
	"changed_values.hidden_new_value affected_objects.id|affected_objects.name "
	"affected_objects.type extra_attributes.name_i18n_key|extra_attributes.name "
	"extra_attributes.value method node",
	"event_time audit_type_action_i18n_key|summary audit_type_category_i18n_key|category "
	"description event_source remote_address|source_address author_account_id|author_key "
	"author_id|author_name author_type object_item_id|object_item_name "
	"object_item_type_name object_item_parent_id "
	"associated_items.id|associated_items.name associated_items.type_name "
	"changed_values.i18n_key|changed_values.field_name changed_values.changed_from "
	"changed_values.changed_to affected_objects.id|affected_objects.name "
	"affected_objects.type extra_attributes.name_i18n_key|extra_attributes.name "
	"extra_attributes.value method node",
	"event_time type activity_action actor_account_id|actor_name subject_ari|subject_name "
	"workspace_id|alert_site alert_id|record_id alert_id|title alert_id|description "
	"reported_by "
	"remote_address host_name",
};

static void test_identity_is_frozen(void **state)
{
	(void)state;
	assert_null(schema_builtin(COUNT(frozen)));
	for (unsigned t = 0; t < COUNT(frozen); t++) {
		const struct schema *s = schema_builtin(t);
		struct buf list;
		buf_init(&list, 1 << 16);
		for (uint32_t i = 0; i < s->nidentity; i++) {
			const struct identity_part *part = &s->identity[i];
			buf_printf(&list, "%s%s", i ? " " : "", label(s, part->column));
			if (part->otherwise >= 0)
				buf_printf(&list, "|%s", label(s, part->otherwise));
		}
		buf_push(&list, '\0');
		assert_string_equal(list.ptr, frozen[t]);
		buf_fini(&list);
	}
}

/* One record of each shape; `table` is what infer's judgement of coverage and marks must give. */
static const struct {
	const char *table, *record;
} records[] = {
	{"jira", "{\"id\":7,\"summary\":\"User updated\",\"created\":\"2022-08-03:00:00.000+0000\","
		 "\"category\":\"user "
		 "management\",\"eventSource\":\"\",\"objectItem\":{\"id\":\"a\","
		 "\"name\":\"b\",\"typeName\":\"USER\"}}"},
	{"jira", "{\"auditType\":{\"action\":\"x\",\"actionI18nKey\":\"jira.auditing.user."
		 "created\"},"
		 "\"author\":{\"id\":\"-2\",\"name\":\"Anonymous\",\"type\":\"user\"},"
		 "\"timestamp\":{\"epochSecond\":1,\"nano\":2}}"},
	{"jira", "{\"auditType\":{\"action\":\"x\",\"actionI18nKey\":"
		 "\"atlassian.audit.event.action.audit.search\"},\"author\":{\"id\":\"1\","
		 "\"type\":\"ApplicationUser\"},\"timestamp\":{\"epochSecond\":1,\"nano\":2}}"},
	{"confluence",
		"{\"author\":{\"type\":\"user\",\"displayName\":\"N\"},\"remoteAddress\":\"\","
		"\"creationDate\":1661412506867,\"summary\":\"User deleted\",\"category\":\"U\","
		"\"sysAdmin\":false,\"affectedObject\":{\"name\":\"N\",\"objectType\":\"User\"}}"},
	{"confluence", "{\"auditType\":{\"action\":\"x\",\"actionI18nKey\":"
		       "\"atlassian.audit.event.action.audit.search\"},\"author\":{\"id\":\"1\","
		       "\"type\":\"user\"},\"timestamp\":{\"epochSecond\":1,\"nano\":2}}"},
	{"confluence", "{\"type\":{\"action\":\"x\",\"actionI18nKey\":\"audit.logging.summary.user."
		       "created\"},"
		       "\"timestamp\":\"2021-11-27T18:11:09.514Z\"}"},
	{"bitbucket", "{\"auditType\":{\"action\":\"x\",\"actionI18nKey\":"
		      "\"atlassian.audit.event.action.audit.search\"},\"author\":{\"id\":\"1\","
		      "\"type\":\"NORMAL\"},\"node\":\"n\",\"timestamp\":{\"epochSecond\":1,"
		      "\"nano\":2}}"},
	{"bitbucket", "{\"timestamp\":\"2021-11-27T18:11:09.514Z\",\"type\":{\"actionI18nKey\":"
		      "\"bitbucket.service.repository.audit.action.repositoryaccessed\"},"
		      "\"author\":{\"type\":\"NORMAL\"}}"},
	{"org", "{\"type\":\"events\",\"id\":\"a\",\"attributes\":{\"time\":\"2026-05-19T10:00:"
		"00Z\","
		"\"processedAt\":\"2026-05-19T10:00:01Z\",\"action\":\"user_login\",\"actor\":{"
		"\"id\":"
		"\"confluence\",\"name\":\"Confluence\",\"email\":\"Atlassian app\"},\"context\":[{"
		"\"id\":\"1\",\"type\":\"sites\",\"attributes\":{\"siteName\":\"x\",\"open\":[1]}}]"
		"}}"},
	{"alerts", "{\"alertId\":\"1\",\"alertTitle\":\"t\",\"detectionTime\":1780050685848,"
		   "\"activity\":{\"subject\":{\"ari\":\"a\",\"new\":1}},\"actor\":{\"name\":\"n\","
		   "\"sessions\":[{\"ipAddress\":\"192.0.2.1\"}]}}"},
	{NULL, "{\"id\":7,\"title\":\"t\",\"severity\":\"high\",\"created\":\"2026-05-19T10:00:"
	       "00Z\"}"},
	{NULL, "{\"a\":1,\"b\":\"two\",\"time\":3}"},
};

static void test_marks_tell_tables_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(records); i++) {
		struct infer *infer = infer_new();
		struct err err;
		assert_int_equal(infer_add(infer, slice_of(records[i].record), &err), 0);
		const struct schema *base = guess_base(infer);
		CHECK_ROW(i, !base == !records[i].table);
		CHECK_ROW(i, !base || strcmp(base->product, records[i].table) == 0);
		infer_free(infer);
	}
}

static void test_print_names_everything(void **state)
{
	(void)state;
	for (unsigned t = 0; schema_builtin(t); t++) {
		const struct schema *s = schema_builtin(t);
		struct buf out;
		buf_init(&out, 1 << 20);
		schema_print(s, &out);
		buf_push(&out, '\0');
		for (uint32_t i = 0; i < s->ncolumns; i++)
			for (uint32_t p = 0; p < s->columns[i].npaths; p++)
				assert_non_null(strstr(out.ptr, s->columns[i].paths[p]));
		assert_non_null(strstr(out.ptr, "given by pugmark"));
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtins_are_sound),
		cmocka_unit_test(test_every_field_has_its_column),
		cmocka_unit_test(test_source_feeds_the_address),
		cmocka_unit_test(test_resolve_rules),
		cmocka_unit_test(test_jira_plan),
		cmocka_unit_test(test_other_plans),
		cmocka_unit_test(test_identity_prefers_keys),
		cmocka_unit_test(test_identity_is_frozen),
		cmocka_unit_test(test_marks_tell_tables_apart),
		cmocka_unit_test(test_print_names_everything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
