/* SPDX-License-Identifier: Apache-2.0 */
/* decode_test.c: the written rule for input, odd and even (docs/format.md), one row per sentence;
 * each is decoded by both parsers, alone and after other records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/toy.h"

#define FFFD "\xEF\xBF\xBD"
#define T    "\"time\":1,"
#define T_AT "event_time=1970-01-01T00:00:01.000000Z|"

/* Rows: a record and what becomes of it: toy_row, or "?reason". */
static const struct row {
	const char *rule;
	struct slice record;
	const char *row;
} rows[] = {
	/* values in their columns */
	{"plain", SLICE("{" T "\"name\":\"ann\"}"), T_AT "name=ann|!"},
	{"blanks", SLICE("{ \"time\" : 1 ,\t\"name\" : \"ann\" }"), T_AT "name=ann|!"},
	{"empty object", SLICE("{}"), "!N"},
	{"null is nothing",
		SLICE("{" T "\"name\":null,\"user\":null,\"things\":null,\"labels\":null}"),
		T_AT "!"},
	{"empty text is a text", SLICE("{" T "\"name\":\"\"}"), T_AT "name=|!"},
	{"escapes", SLICE("{" T "\"name\":\"a\\\"\\\\\\/\\u00e9\\ud83d\\ude00\\t\"}"),
		T_AT "name=a\"\\/\xC3\xA9\xF0\x9F\x98\x80\t|!"},
	{"UTF-8", SLICE("{" T "\"name\":\"J\xC3\xBCrgen \xE2\x82\xAC\"}"),
		T_AT "name=J\xC3\xBCrgen \xE2\x82\xAC|!"},
	{"an escaped key is the key", SLICE("{" T "\"n\\u0061me\":\"ann\"}"), T_AT "name=ann|!"},
	{"nested", SLICE("{" T "\"user\":{\"name\":\"ann\",\"id\":\"7\"}}"),
		"event_time=1970-01-01T00:00:01.000000Z|actor=ann|user_name=ann|user_id=7|!"},
	{"a text longer than a vector",
		SLICE("{" T "\"name\":\"0123456789012345678901234567890123456789\"}"),
		T_AT "name=0123456789012345678901234567890123456789|!"},
	/* numbers, exact */
	{"integers", SLICE("{" T "\"count\":9007199254740993,\"small\":-2147483648}"),
		T_AT "count=9007199254740993|small=-2147483648|!"},
	{"the ends of 64 bits", SLICE("{" T "\"count\":-9223372036854775808}"),
		T_AT "count=-9223372036854775808|!"},
	{"beyond 64 bits", SLICE("{" T "\"count\":9223372036854775808}"),
		T_AT "extra={\"count\":9223372036854775808}|!"},
	{"-0", SLICE("{" T "\"count\":-0}"), T_AT "extra={\"count\":-0}|!"},
	{"1.0", SLICE("{" T "\"count\":1.0}"), T_AT "extra={\"count\":1.0}|!"},
	{"1e400", SLICE("{" T "\"count\":1e400}"), T_AT "extra={\"count\":1e400}|!"},
	{"digits in a string", SLICE("{" T "\"count\":\"12\",\"small\":\"012\"}"),
		T_AT "extra={\"small\":\"012\"}|count=12|!"},
	{"a number for a text is its source text",
		SLICE("{" T "\"name\":1e400,\"user\":{\"id\":-0,\"name\":1.10}}"),
		T_AT "actor=1.10|name=1e400|user_name=1.10|user_id=-0|!"},
	{"a bool for a text", SLICE("{" T "\"name\":true}"), T_AT "name=true|!"},
	/* other types */
	{"bool", SLICE("{" T "\"flag\":true}"), T_AT "flag=true|!"},
	{"no bool", SLICE("{" T "\"flag\":\"true\"}"), T_AT "extra={\"flag\":\"true\"}|!"},
	{"time column", SLICE("{" T "\"until\":\"2026-01-02T03:04:05Z\"}"),
		T_AT "until=2026-01-02T03:04:05.000000Z|!"},
	{"time column, object", SLICE("{" T "\"until\":{\"epochSecond\":1,\"nano\":2000}}"),
		T_AT "until=1970-01-01T00:00:01.000002Z|!"},
	{"time column, digits beyond microseconds",
		SLICE("{" T "\"until\":\"2026-01-02T03:04:05.123456789Z\"}"),
		T_AT "extra={\"until\":\"2026-01-02T03:04:05.123456789Z\"}|until=2026-01-02T03:04:"
		     "05.123456Z|!"},
	{"time column, digits that are naughts",
		SLICE("{" T "\"until\":\"2026-01-02T03:04:05.123456000Z\"}"),
		T_AT "until=2026-01-02T03:04:05.123456Z|!"},
	{"time column, unreadable", SLICE("{" T "\"until\":\"soon\"}"),
		T_AT "extra={\"until\":\"soon\"}|!"},
	{"json column, any value", SLICE("{" T "\"any\":{\"a\":[1, null]}}"),
		T_AT "anything={\"a\":[1, null]}|!"},
	{"json column, string", SLICE("{" T "\"any\":\"x\"}"), T_AT "anything=\"x\"|!"},
	{"json column, mended", SLICE("{" T "\"any\":[\"\xFF\"]}"),
		T_AT "anything=[\"" FFFD "\"]|!R"},
	{"address", SLICE("{" T "\"client\":\"10.0.0.1:8443\"}"),
		T_AT "ip=10.0.0.1:8443|ip_bytes=00000000000000000000ffff0a000001|client=10.0.0.1:"
		     "8443|!"},
	{"no address", SLICE("{" T "\"client\":\"proxy\"}"), T_AT "ip=proxy|client=proxy|!"},
	/* what does not fit its column */
	{"object for a text", SLICE("{" T "\"name\":{\"a\":1}}"),
		T_AT "extra={\"name\":{\"a\":1}}|!"},
	{"array for a text", SLICE("{" T "\"name\":[ ]}"), T_AT "extra={\"name\":[ ]}|!"},
	{"text for an object", SLICE("{" T "\"user\":\"bob\"}"), T_AT "extra={\"user\":\"bob\"}|!"},
	{"object for a list", SLICE("{" T "\"things\":{}}"), T_AT "extra={\"things\":{}}|!"},
	{"text for a list", SLICE("{" T "\"labels\":\"x\"}"), T_AT "extra={\"labels\":\"x\"}|!"},
	/* unknown fields */
	{"unknown", SLICE("{" T "\"x\":{ \"y\" : [1,\"\\u00e9\"] },\"name\":\"a\"}"),
		T_AT "extra={\"x\":{ \"y\" : [1,\"\\u00e9\"] }}|name=a|!"},
	{"unknown, deeper", SLICE("{" T "\"user\":{\"mail\":null,\"name\":\"a\"}}"),
		T_AT "actor=a|extra={\"user.mail\":null}|user_name=a|!"},
	{"unknown, in a list",
		SLICE("{" T "\"things\":[{\"id\":\"1\"},{\"z\":1,\"owner\":{\"q\":2}}]}"),
		T_AT "target=1|targets=[1]|extra={\"things[1].z\":1,\"things[1].owner.q\":2}|"
		     "things=[{id=1},"
		     "{}]|!"},
	{"unknown, mended", SLICE("{" T "\"x\":\"\\ud800\1\",\"\xFF\":1}"),
		T_AT "extra={\"x\":\"\\ufffd\\u0001\",\"" FFFD "\":1}|!R"},
	{"unknown, empty key", SLICE("{" T "\"\":1}"), T_AT "extra={\"\":1}|!"},
	{"unknown, key with quotes", SLICE("{" T "\"a\\\"b\":1}"), T_AT "extra={\"a\\\"b\":1}|!"},
	/* keys that stand twice */
	{"twice", SLICE("{" T "\"name\":\"a\",\"name\":\"b\",\"name\":\"a\"}"),
		T_AT "extra={\"name\":\"b\",\"name#2\":\"a\"}|name=a|!R"},
	{"twice, null first", SLICE("{" T "\"name\":null,\"name\":\"b\"}"),
		T_AT "extra={\"name\":\"b\"}|!R"},
	{"twice, objects", SLICE("{" T "\"user\":{\"name\":\"a\"},\"user\":{\"id\":\"9\"}}"),
		T_AT "actor=a|extra={\"user\":{\"id\":\"9\"}}|user_name=a|!R"},
	{"twice, lists", SLICE("{" T "\"labels\":[\"a\"],\"labels\":[]}"),
		T_AT "extra={\"labels\":[]}|labels=[a]|!R"},
	{"twice, unknown", SLICE("{" T "\"x\":1,\"x\":1}"), T_AT "extra={\"x\":1,\"x#2\":1}|!R"},
	{"twice, several names", SLICE("{" T "\"x\":1,\"y\":2,\"x\":3,\"y\":4,\"x\":5}"),
		T_AT "extra={\"x\":1,\"y\":2,\"x#2\":3,\"y#2\":4,\"x#3\":5}|!R"},
	{"twice, a number that stands", SLICE("{" T "\"x#2\":1,\"x\":2,\"x\":3,\"x\":4}"),
		T_AT "extra={\"x#2\":1,\"x\":2,\"x#3\":3,\"x#4\":4}|!R"},
	{"twice, the time", SLICE("{" T "\"time\":2}"), T_AT "extra={\"time\":2}|!R"},
	{"two paths of one column", SLICE("{" T "\"old\":{\"name\":\"b\"},\"name\":\"a\"}"),
		T_AT "extra={\"name\":\"a\"}|name=b|!"},
	{"two paths, the first null", SLICE("{" T "\"old\":{\"name\":null},\"name\":\"a\"}"),
		T_AT "name=a|!"},
	/* ill-formed text */
	{"ill-formed UTF-8", SLICE("{" T "\"name\":\"a\xFF\"}"), T_AT "name=a" FFFD "|!R"},
	{"lone surrogate", SLICE("{" T "\"name\":\"a\\udc00\"}"), T_AT "name=a" FFFD "|!R"},
	{"escaped NUL", SLICE("{" T "\"name\":\"a\\u0000b\"}"), T_AT "name=a" FFFD "b|!R"},
	{"raw NUL", SLICE("{" T "\"name\":\"a\0b\"}"), T_AT "name=a" FFFD "b|!R"},
	{"raw control character", SLICE("{" T "\"name\":\"a\tb\"}"), T_AT "name=a\tb|!R"},
	{"a key with a bad byte is another key", SLICE("{" T "\"name\xFF\":\"a\"}"),
		T_AT "extra={\"name" FFFD "\":\"a\"}|!R"},
	/* lists */
	{"list",
		SLICE("{" T
		      "\"things\":[{\"id\":\"1\",\"name\":\"p\",\"type\":\"PROJECT\",\"size\":4},"
		      "{\"id\":2,\"owner\":{\"name\":\"o\"}}]}"),
		T_AT "target=p|target_type=PROJECT|targets=[p,2]|things=[{id=1,name=p,type=PROJECT,"
		     "size=4},"
		     "{id=2,owner=o}]|!"},
	{"empty lists", SLICE("{" T "\"things\":[],\"labels\":[ ]}"), T_AT "things=[]|labels=[]|!"},
	{"list of texts", SLICE("{" T "\"labels\":[\"a\",null,\"a\",3]}"),
		T_AT "labels=[a,null,a,3]|!"},
	{"no objects in a list of objects",
		SLICE("{" T "\"things\":[{\"id\":\"1\"},null,\"x\",[2]]}"),
		T_AT "target=1|targets=[1]|extra={\"things[2]\":\"x\",\"things[3]\":[2]}|things=[{"
		     "id=1},{},"
		     "{},{}]|!"},
	{"no texts in a list of texts", SLICE("{" T "\"labels\":[{\"a\":1},\"b\"]}"),
		T_AT "extra={\"labels[0]\":{\"a\":1}}|labels=[null,b]|!"},
	/* targets */
	{"the most specific target, each once",
		SLICE("{" T
		      "\"things\":[{\"name\":\"p\",\"type\":\"project\"},{\"name\":\"r\",\"type\":"
		      "\"REPOSITORY\"},{\"name\":\"k\",\"type\":\"KEY\"},{\"name\":\"p\"},{\"id\":"
		      "\"\"}]}"),
		T_AT "target=k|target_type=KEY|targets=[p,r,k]|things=[{name=p,type=project},{name="
		     "r,type="
		     "REPOSITORY},{name=k,type=KEY},{name=p},{id=}]|!"},
	{"an empty name is none", SLICE("{" T "\"things\":[{\"id\":\"5\",\"name\":\"\"}]}"),
		T_AT "target=5|targets=[5]|things=[{id=5,name=}]|!"},
	/* common fields */
	{"an empty text gives way", SLICE("{" T "\"user\":{\"name\":\"\",\"id\":\"7\"}}"),
		T_AT "actor=7|user_name=|user_id=7|!"},
	{"an empty text is better than none", SLICE("{" T "\"user\":{\"name\":\"\"}}"),
		T_AT "actor=|user_name=|!"},
	{"a leaf of a common field", SLICE("{" T "\"act\":\"login\"}"), T_AT "action=login|!"},
	/* time */
	{"ISO", SLICE("{\"time\":\"2022-01-24T08:48:05.645+0000\"}"),
		"event_time=2022-01-24T08:48:05.645000Z|!"},
	{"the guide's odd form", SLICE("{\"time\":\"2022-08-03:00:00.000+0000\"}"),
		"event_time=2022-08-03T00:00:00.000000Z|!L"},
	{"no zone", SLICE("{\"time\":\"2022-01-24T08:48:05\"}"),
		"event_time=2022-01-24T08:48:05.000000Z|!Z"},
	{"milliseconds", SLICE("{\"time\":1661412506867}"),
		"event_time=2022-08-25T07:28:26.867000Z|!"},
	{"nano", SLICE("{\"time\":{\"epochSecond\":1644624007,\"nano\":19000000}}"),
		"event_time=2022-02-12T00:00:07.019000Z|!"},
	{"nano with blanks", SLICE("{\"time\":{ \"nano\":19000000, \"epochSecond\":1644624007 }}"),
		"event_time=2022-02-12T00:00:07.019000Z|!"},
	{"digits beyond microseconds are kept beside",
		SLICE("{\"time\":{\"epochSecond\":1,\"nano\":1001}}"),
		"event_time=1970-01-01T00:00:01.000001Z|extra={\"time\":{\"epochSecond\":1,"
		"\"nano\":1001}}|!"},
	{"nano of a second and more", SLICE("{\"time\":{\"epochSecond\":1,\"nano\":1000000000}}"),
		"extra={\"time\":{\"epochSecond\":1,\"nano\":1000000000}}|!N"},
	{"unreadable time", SLICE("{\"time\":\"soon\",\"name\":\"a\"}"),
		"extra={\"time\":\"soon\"}|name=a|!N"},
	{"null time", SLICE("{\"time\":null}"), "!N"},
	{"the second place of the time", SLICE("{\"time\":null,\"when\":5}"),
		"event_time=1970-01-01T00:00:05.000000Z|!"},
	{"the first readable time", SLICE("{\"time\":\"soon\",\"when\":5}"),
		"event_time=1970-01-01T00:00:05.000000Z|extra={\"time\":\"soon\"}|!"},
	{"a second time", SLICE("{" T "\"when\":5}"), T_AT "extra={\"when\":5}|!"},
	/* instance and id */
	{"instance and id", SLICE("{" T "\"id\":12,\"site\":\"HTTPS://A.example/\"}"),
		T_AT "instance=https://a.example|id=12|site=HTTPS://A.example/|!I"},
	{"id alone", SLICE("{" T "\"id\":\"x\"}"), T_AT "id=x|!I"},
	/* rejects */
	{"not an object", SLICE("[1]"), "?not an object at byte 0"},
	{"a scalar", SLICE("12"), "?not an object at byte 0"},
	{"text after", SLICE("{" T "\"name\":\"a\"} x"), "?text after the object at byte 21"},
	{"two objects", SLICE("{}{}"), "?text after the object at byte 2"},
	{"cut", SLICE("{" T "\"name\":\"a"), "?string without an end at byte 19"},
	{"cut after a key", SLICE("{" T "\"name\""), "?':' expected at byte 16"},
	{"cut after a colon", SLICE("{" T "\"name\":"), "?value expected at byte 17"},
	{"cut after a value", SLICE("{" T "\"name\":\"a\""), "?',' or '}' expected at byte 20"},
	{"cut in a list", SLICE("{" T "\"things\":[{\"id\":\"1\"}"),
		"?',' or ']' expected at byte 30"},
	{"comma at the end", SLICE("{" T "\"name\":\"a\",}"), "?key expected at byte 21"},
	{"no quotes", SLICE("{name:\"a\"}"), "?key expected at byte 1"},
	{"wrong escape", SLICE("{\"name\":\"\\x\"}"), "?unknown escape in a string at byte 10"},
	{"wrong escape in a key", SLICE("{\"na\\xme\":1}"),
		"?unknown escape in a string at byte 5"},
	{"wrong number", SLICE("{\"count\":01}"), "?number with a leading zero at byte 10"},
	{"wrong literal", SLICE("{\"name\":nul}"), "?value expected at byte 11"},
	{"wrong unknown value", SLICE("{\"x\":[1,]}"), "?value expected at byte 8"},
	{"BOM within", SLICE("\xEF\xBB\xBF{}"), "?not an object at byte 0"},
};

static const char *const before[] = {
	"",
	"{\"name\":\"ann\",\"user\":{\"name\":\"ann\",\"id\":\"7\"},\"things\":[{\"id\":\"1\","
	"\"name\":"
	"\"p\",\"type\":\"PROJECT\",\"size\":1}],\"labels\":[\"a\",\"b\"],\"time\":1}\n",
	"{\"labels\":[\"a\",\"b\"],\"things\":[{\"type\":\"x\"},{\"type\":\"y\"},{\"id\":\"1\"}],"
	"\"x\":1,"
	"\"user\":{\"id\":\"8\"}\n",
};

static unsigned count_lines(struct slice text, const char *line)
{
	unsigned n = 0;
	for (const char *p = text.ptr, *end = p + text.len, *newline; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		n += slice_eq((struct slice){p, (size_t)(newline - p)}, slice_of(line));
	}
	return n;
}

static unsigned rules_by(enum decode_simd simd, struct schema *schema)
{
	unsigned wrong = 0;
	struct decode_options options = {.source = "test", .simd = simd};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t k = 0; k < sizeof(before) / sizeof(before[0]); k++) {
			struct buf in, out;
			buf_init(&in, 100000);
			buf_init(&out, 100000);
			buf_puts(&in, before[k]);
			/* Twice: the second time by guess and memory. */
			buf_slice(&in, rows[i].record);
			buf_push(&in, '\n');
			buf_slice(&in, rows[i].record);
			struct slice text = buf_view(&in);
			toy_lines(schema, &options, text, text.len, false, &out);
			bool ok = count_lines(buf_view(&out), rows[i].row) == 2;
			buf_push(&out, '\0');
			if (!ok)
				print_error(
					"%s (%.*s) after %zu, simd %d:\n%s--- wanted twice\n%s\n",
					rows[i].rule, SLICE_ARG(rows[i].record), k, simd, out.ptr,
					rows[i].row);
			wrong += !ok;
			buf_fini(&in);
			buf_fini(&out);
		}
	}
	return wrong;
}

static void rules(void **state)
{
	(void)state;
	struct schema *schema = toy_schema(toy_yaml);
	unsigned wrong = rules_by(SIMD_PORTABLE, schema) + rules_by(SIMD_BEST, schema);
	schema_free(schema);
	assert_int_equal(wrong, 0);
}

/* The samples of Atlassian's guide. */
static const struct {
	const char *table, *record, *row;
} samples[] = {
	{"jira",
		"{\"id\": 1, \"summary\": \"User updated\", \"created\": "
		"\"2022-08-03:00:00.000+0000\", \"category\": \"user management\", "
		"\"eventSource\": \"\", \"objectItem\": {\"id\": \"abc123\", \"name\": "
		"\"def456\", \"typeName\": \"USER\", \"parentId\": \"2\", \"parentName\": "
		"\"IDP "
		"Directory\"}, \"changedValues\": [{\"fieldName\": \"Active / Inactive\", "
		"\"changedFrom\": \"Active\", \"changedTo\": \"Inactive\"}], "
		"\"associatedItems\": [{\"id\": \"abc123\", \"name\": \"def456\", "
		"\"typeName\": "
		"\"USER\", \"parentId\": \"2\", \"parentName\": \"IDP Directory\"}]}",
		"event_time=2022-08-03T00:00:00.000000Z|action=User updated|category=user "
		"management|target=def456|target_type=USER|summary=User "
		"updated|targets=[def456]|id=1|event_source=|object_item_id=abc123|object_"
		"item_"
		"name=def456|object_item_type_name=USER|object_item_parent_id=2|object_"
		"item_"
		"parent_name=IDP "
		"Directory|associated_items=[{id=abc123,name=def456,type_name=USER,parent_"
		"id=2,"
		"parent_name=IDP Directory}]|changed_values=[{field_name=Active / "
		"Inactive,changed_from=Active,changed_to=Inactive}]|!LI"},
	{"confluence",
		"{\"author\": {\"type\": \"user\", \"displayName\": \"Name\", "
		"\"operations\": "
		"null, \"isExternalCollaborator\": false, \"accountType\": \"\", "
		"\"publicName\": "
		"\"user\", \"externalCollaborator\": false}, \"remoteAddress\": \"\", "
		"\"creationDate\": 1661412506867, \"summary\": \"User deleted\", "
		"\"description\": \"\", \"category\": \"Users and groups\", \"sysAdmin\": "
		"false, "
		"\"superAdmin\": false, \"affectedObject\": {\"name\": \"Name "
		"(Unlicensed)\", "
		"\"objectType\": \"User\"}, \"changedValues\": [], \"associatedObjects\": "
		"[]}",
		"event_time=2022-08-25T07:28:26.867000Z|actor=Name|action=User "
		"deleted|category=Users and groups|ip=|target=Name "
		"(Unlicensed)|target_type=User|summary=User deleted|targets=[Name "
		"(Unlicensed)]|description=|remote_address=|author_type=user|author_"
		"display_name=Name|author_account_type=|author_public_name=user|author_"
		"external_collaborator=false|author_is_external_collaborator=false|sys_"
		"admin=false|super_admin=false|affected_object_name=Name "
		"(Unlicensed)|affected_object_object_type=User|associated_objects=[]|"
		"changed_values=[]|!"},
	{"bitbucket",
		"{\"affectedObjects\":[{\"id\":\"12341\",\"name\":\"TLA\",\"type\":"
		"\"PROJECT\"},{"
		"\"id\":\"12342\",\"name\":\"scripts\",\"type\":\"REPOSITORY\"}],"
		"\"auditType\":{"
		"\"action\":\"Repository accessed by "
		"user\",\"actionI18nKey\":\"bitbucket.service.repository.audit.action."
		"repositoryaccessed\",\"area\":\"END_USER_ACTIVITY\",\"category\":"
		"\"Repositories\",\"categoryI18nKey\":\"bitbucket.service.audit.category."
		"repositories\",\"level\":\"BASE\"},\"author\":{\"id\":\"12343\",\"name\":"
		"\"user1\",\"type\":\"NORMAL\"},\"changedValues\":[],\"extraAttributes\":[{"
		"\"name\":\"target\",\"nameI18nKey\":\"bitbucket.audit.attribute.legacy."
		"target\",\"value\":\"TLA/scripts\"},{\"name\":\"Load balancer/proxy IP "
		"address\",\"nameI18nKey\":\"atlassian.audit.event.attribute.forwarder\","
		"\"value\":\"12.1.12.123\"}],\"method\":\"Browser\",\"node\":\"abcd-fea7-"
		"4fd7-"
		"bc34-abc123\",\"source\":\"123.12.12.12\",\"system\":\"https://"
		"example.ab.abc.upwork\",\"timestamp\":{\"epochSecond\":1644624007,"
		"\"nano\":"
		"410000000},\"version\":\"1.0\"}",
		"event_time=2022-02-12T00:00:07.410000Z|instance=https://"
		"example.ab.abc.upwork|actor=user1|actor_id=12343|action=Repository "
		"accessed by "
		"user|category=Repositories|ip=123.12.12.12|ip_bytes="
		"00000000000000000000ffff7b0c0c0c|target=scripts|target_type=REPOSITORY|"
		"summary=Repository accessed by "
		"user|targets=[TLA,scripts]|author_id=12343|author_name=user1|author_type="
		"NORMAL|audit_type_action=Repository accessed by "
		"user|audit_type_action_i18n_key=bitbucket.service.repository.audit.action."
		"repositoryaccessed|audit_type_category=Repositories|audit_type_category_"
		"i18n_key=bitbucket.service.audit.category.repositories|audit_type_area="
		"END_USER_ACTIVITY|audit_type_level=BASE|source_address=123.12.12.12|"
		"method=Browser|node=abcd-fea7-4fd7-bc34-abc123|system=https://"
		"example.ab.abc.upwork|version=1.0|affected_objects=[{id=12341,name=TLA,"
		"type=PROJECT},{id=12342,name=scripts,type=REPOSITORY}]|changed_values=[]|"
		"extra_attributes=[{name=target,name_i18n_key=bitbucket.audit.attribute."
		"legacy.target,value=TLA/scripts},{name=Load balancer/proxy IP "
		"address,name_i18n_key=atlassian.audit.event.attribute.forwarder,value=12."
		"1.12.123}]|!"},
};

/* Decoded exactly. */
static void guide(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct buf out;
		struct decode_options options = {.source = "test"};
		struct slice record = slice_of(samples[i].record);
		buf_init(&out, 100000);
		toy_lines(schema_find(samples[i].table), &options, record, record.len, false, &out);
		struct slice row = {out.ptr, out.len - 1};
		if (!slice_eq(row, slice_of(samples[i].row)))
			fail_msg("%s:\n%.*s\n--- wanted\n%s", samples[i].table, SLICE_ARG(row),
				samples[i].row);
		buf_fini(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(guide),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
