/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of user's schema files that compile: own tables, extending, renaming, subsets, common
 * fields, identity, and the fingerprint. */
#include "base/test.h"
#include "schema/plan_check.h"

static struct schema *parse(const char *text)
{
	struct schema *schema;
	struct err err;
	if (schema_parse(slice_of(text), "my.yml", &schema, &err) != 0)
		fail_msg("%s", err.text);
	plan_check(schema);
	return schema;
}

static int find(const struct schema *s, const char *name)
{
	return schema_resolve(s, slice_of(name));
}

static const struct schema_column *own(const struct schema *s, const char *name)
{
	int index = find(s, name);
	assert_true(index >= SYS_COLUMNS);
	return &s->columns[index - SYS_COLUMNS];
}

static const struct schema_node *child(
	const struct schema *s, const struct schema_node *node, const char *key)
{
	for (uint32_t i = 0; i < node->nchildren; i++)
		if (strcmp(s->nodes[node->first_child + i].key, key) == 0)
			return &s->nodes[node->first_child + i];
	return NULL;
}

/* An object that one column keeps whole, and others in parts, in whichever order they stand. */
static void test_whole_and_parts(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"table: t\ntime: w.t\ncolumns:\n  w: {paths: w, type: json}\n  n: w.n.x\n"
		"  l: {list: l, fields: {a: {paths: o, type: json}, b: o.b}}\n",
		"table: t\ntime: w.t\ncolumns:\n  n: w.n.x\n  w: {paths: w, type: json}\n"
		"  l: {list: l, fields: {b: o.b, a: {paths: o, type: json}}}\n",
	};
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct schema *s = parse(texts[i]);
		const struct schema_node *whole = child(s, &s->nodes[0], "w");
		assert_int_equal(whole->kind, NODE_OBJECT);
		assert_int_equal(whole->column, find(s, "w"));
		assert_int_equal(child(s, whole, "t")->kind, NODE_TIME);
		assert_int_equal(child(s, whole, "n")->column, -1);
		assert_int_equal(child(s, child(s, whole, "n"), "x")->column, find(s, "n"));
		const struct schema_node *o = child(s, child(s, &s->nodes[0], "l"), "o");
		assert_int_equal(o->kind, NODE_OBJECT);
		assert_int_equal(o->column, find(s, "l.a"));
		assert_int_equal(find(s, "l.o"), o->column);
		assert_int_equal(find(s, "l[].o.b"), find(s, "l.b"));
		assert_int_equal(find(s, "w.n"), -1);
		schema_free(s);
	}
}

static void test_fallback(void **state)
{
	(void)state;
	static const char head[] = "table: t\ntime: when\ncolumns:\n  a: {paths: a, type: time}\n"
				   "  b: {paths: b, type: time}\n";
	char text[300];
	snprintf(text, sizeof(text), "%stime_fallback: [b, a]\n", head);
	struct schema *s = parse(text), *without = parse(head);
	assert_int_equal(s->nfallback, 2);
	assert_int_equal(s->fallback[0], find(s, "b"));
	assert_int_equal(s->fallback[1], find(s, "a"));
	assert_int_equal(without->nfallback, 0);
	assert_memory_not_equal(s->fingerprint, without->fingerprint, 32);
	struct buf out;
	buf_init(&out, 1 << 16);
	schema_print(s, &out);
	buf_push(&out, '\0');
	assert_non_null(strstr(out.ptr, "when, else b, else a\n"));
	buf_fini(&out);
	schema_free(s);
	schema_free(without);
	/* `only` leaves it, since the event's time may come from it; another file may name others. */
	s = parse("extend: atlassian_org_events\ntable: few\nonly: [actor_name]\n");
	assert_int_equal(s->fallback[0], find(s, "processed_at"));
	assert_int_equal(find(s, "actor_email"), -1);
	schema_free(s);
	s = parse("extend: atlassian_org_events\ntable: few\ncolumns:\n"
		  "  seen: {paths: seenAt, type: time}\n"
		  "  context: {fields: {permission: attributes.permissionName}}\n"
		  "time_fallback: seen\n");
	assert_int_equal(s->nfallback, 1);
	assert_int_equal(s->fallback[0], find(s, "seen"));
	assert_true(find(s, "context.permission") > 0);
	schema_free(s);
}

static void test_own_table(void **state)
{
	(void)state;
	struct schema *s = parse("table: vpn\ntime: [t, a.t]\ncolumns:\n"
				 "  summary: title\n"
				 "  who: {paths: [a.who, 'x\\.y'], observable: user}\n"
				 "  n: {paths: n, type: int}\n"
				 "  items: {list: a.items, fields: {v: {paths: q.v, type: json}}}\n"
				 "  tags: {list: tags, of: bool}\n"
				 "  again: {paths: t, type: time}\n"
				 "common: {actor: who, summary: who}\n");
	assert_string_equal(s->product, "vpn");
	assert_int_equal(s->ncolumns, 5);
	assert_int_equal(s->shape.ngroups, 3);
	assert_true(s->shape.groups[2].bare);
	const struct schema_node *root = &s->nodes[0];
	const struct schema_node *a = child(s, root, "a");
	assert_int_equal(a->kind, NODE_OBJECT);
	assert_int_equal(child(s, a, "t")->kind, NODE_TIME);
	assert_int_equal(child(s, a, "t")->column, -1);
	assert_int_equal(child(s, root, "t")->kind, NODE_TIME);
	assert_int_equal(child(s, root, "t")->column, find(s, "again"));
	assert_int_equal(child(s, root, "title")->column, SYS_SUMMARY);
	assert_int_equal(child(s, root, "x.y")->column, find(s, "who"));
	const struct schema_node *items = child(s, a, "items");
	assert_int_equal(items->kind, NODE_LIST);
	const struct schema_node *q = child(s, items, "q");
	assert_int_equal(q->kind, NODE_OBJECT);
	assert_int_equal(q->group, items->group);
	assert_int_equal(child(s, q, "v")->column, find(s, "items.v"));
	assert_int_equal(child(s, root, "tags")->kind, NODE_VALUES);
	assert_int_equal(child(s, root, "tags")->column, find(s, "tags"));
	assert_string_equal(own(s, "items.v")->paths[0], "a.items[].q.v");
	assert_string_equal(own(s, "tags")->paths[0], "tags[]");
	assert_int_equal(find(s, "a.items[].q.v"), find(s, "items.v"));
	assert_int_equal(find(s, "x\\.y"), find(s, "who"));
	assert_true(s->common[SYS_SUMMARY].direct);
	assert_int_equal(s->common[SYS_SUMMARY].ncolumns, 1);
	assert_int_equal(s->id_column, -1);
	assert_int_equal(s->instance_column, -1);
	/* without `identity`: the time, direct common fields, all columns */
	assert_int_equal(s->nidentity, 2 + s->ncolumns);
	assert_int_equal(s->identity[0].column, SYS_EVENT_TIME);
	assert_int_equal(s->identity[1].column, SYS_SUMMARY);
	schema_free(s);
}

static void test_extend_adds(void **state)
{
	(void)state;
	const struct schema *base = schema_find("jira");
	struct schema *s = parse("extend: jira_audit_logs\ntime: when\ncolumns:\n"
				 "  remote_address: [client_ip, net.ip]\n"
				 "  ticket: acme.ticket\n"
				 "  changed_values: {list: changes, fields: {why: why}}\n"
				 "  affected_objects: {fields: {name: label}}\n");
	assert_string_equal(s->table, "jira_audit_logs");
	assert_string_equal(s->product, "jira");
	assert_int_equal(s->ncolumns, base->ncolumns + 2);
	assert_int_equal(s->shape.ngroups, base->shape.ngroups);
	assert_int_equal(find(s, "remoteAddress"), find(s, "remote_address"));
	assert_int_equal(find(s, "net.ip"), find(s, "remote_address"));
	assert_int_equal(own(s, "remote_address")->observable, OBS_IP);
	assert_int_equal(find(s, "when"), SYS_EVENT_TIME);
	assert_int_equal(find(s, "created"), SYS_EVENT_TIME);
	assert_int_equal(find(s, "changes[].why"), find(s, "changed_values.why"));
	assert_int_equal(find(s, "changes[].fieldName"), find(s, "changedValues[].key"));
	assert_int_equal(find(s, "affectedObjects.label"), find(s, "affected_objects.name"));
	assert_int_equal(
		own(s, "changed_values.why")->group, own(s, "changed_values.field_name")->group);
	assert_int_equal(s->nidentity, base->nidentity);
	assert_int_equal(s->nmarks, base->nmarks);
	assert_int_equal(s->id_column, find(s, "id"));
	schema_free(s);
}

static void test_extend_alone_is_the_builtin(void **state)
{
	(void)state;
	for (unsigned i = 0; schema_builtin(i); i++) {
		const struct schema *base = schema_builtin(i);
		char text[100];
		snprintf(text, sizeof(text), "extend: %s\n", base->table);
		struct schema *s = parse(text);
		assert_memory_equal(s->fingerprint, base->fingerprint, 32);
		schema_free(s);
		snprintf(text, sizeof(text), "table: other\nextend: %s\n", base->table);
		s = parse(text);
		assert_string_equal(s->table, "other");
		assert_memory_not_equal(s->fingerprint, base->fingerprint, 32);
		schema_free(s);
	}
}

static void test_extend_replaces(void **state)
{
	(void)state;
	struct schema *s = parse("extend: bitbucket_audit_logs\nproduct: git\n"
				 "common: {actor: author_id}\n"
				 "targets: [{name: node}]\ntarget_order: [X]\n"
				 "identity: [event_time, node]\n"
				 "instance: node\nid: version\n"
				 "marks: [{path: x, weight: 1}]\n");
	assert_string_equal(s->product, "git");
	assert_int_equal(s->common[SYS_ACTOR].ncolumns, 1);
	assert_int_equal(s->common[SYS_ACTOR].columns[0], find(s, "author_id"));
	assert_int_equal(s->common[SYS_IP].columns[0], find(s, "source_address"));
	assert_int_equal(s->ntargets, 1);
	assert_int_equal(s->ntarget_order, 1);
	assert_int_equal(s->nidentity, 2);
	assert_int_equal(s->identity[1].column, find(s, "node"));
	assert_int_equal(s->instance_column, find(s, "node"));
	assert_int_equal(s->id_column, find(s, "version"));
	assert_int_equal(s->nmarks, 1);
	schema_free(s);
}

static void test_rename(void **state)
{
	(void)state;
	struct schema *s = parse("extend: jira_audit_logs\nrename:\n"
				 "  remote_address: client_ip\n"
				 "  affected_objects: objects\n"
				 "  objects.type: kind\n"
				 "  method: remote_address\n"
				 "columns: {client_ip: ip}\n");
	assert_int_equal(find(s, "remoteAddress"), find(s, "client_ip"));
	assert_int_equal(find(s, "method"), find(s, "remote_address"));
	assert_int_equal(own(s, "client_ip")->npaths, 2);
	assert_string_equal(own(s, "objects.kind")->paths[0], "affectedObjects[].type");
	assert_int_equal(s->common[SYS_IP].columns[0], find(s, "client_ip"));
	assert_int_equal(s->targets[1].type_column, find(s, "objects.kind"));
	schema_free(s);
}

static bool identity_has(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->nidentity; i++)
		if (s->identity[i].column == find(s, name) ||
			s->identity[i].otherwise == find(s, name))
			return true;
	return false;
}

static void test_only_keeps_the_identity(void **state)
{
	(void)state;
	const struct schema *base = schema_find("jira");
	struct schema *s = parse("extend: jira_audit_logs\nonly: [actor, method, version]\n");
	assert_true(s->ncolumns < base->ncolumns);
	assert_int_equal(s->nidentity, base->nidentity);
	assert_true(find(s, "version") >= SYS_COLUMNS);
	assert_true(identity_has(s, "author_account_id"));
	assert_true(identity_has(s, "affected_objects.id"));
	assert_int_equal(s->id_column, find(s, "id"));
	assert_int_equal(s->instance_column, find(s, "system"));
	/* left out: their paths feed nothing, so their values go to `extra` */
	assert_int_equal(find(s, "author_uri"), -1);
	assert_int_equal(find(s, "author.avatarUri"), -1);
	assert_int_equal(find(s, "affectedObjects[].uri"), -1);
	/* direct common fields stay */
	assert_int_equal(find(s, "summary"), SYS_SUMMARY);
	assert_true(s->common[SYS_SUMMARY].direct);
	schema_free(s);
}

static void test_only_leaves_added_columns(void **state)
{
	(void)state;
	struct schema *s = parse("extend: jira_audit_logs\nonly: [remote_address]\n"
				 "columns:\n  client_ip: clientIp\n");
	assert_true(schema_resolve(s, SLICE("client_ip")) >= 0);
	assert_true(schema_resolve(s, SLICE("clientIp")) >= 0);
	assert_int_equal(schema_resolve(s, SLICE("author_avatar_uri")), -1);
	schema_free(s);
}

static void test_only_of_an_own_identity(void **state)
{
	(void)state;
	struct schema *s = parse("extend: bitbucket_audit_logs\n"
				 "only: [author_name, affected_objects, extra_attributes.value]\n"
				 "identity: [event_time, author_name]\n");
	/* with `system`, which names the instance */
	assert_int_equal(s->ncolumns, 1 + 4 + 1 + 1);
	assert_int_equal(s->shape.ngroups, 3);
	assert_int_equal(s->common[SYS_ACTOR].ncolumns, 1);
	assert_int_equal(s->common[SYS_ACTION].ncolumns, 0);
	assert_int_equal(s->ntargets, 1);
	assert_int_equal(find(s, "changed_values.from"), -1);
	assert_int_equal(find(s, "extra_attributes.name"), -1);
	schema_free(s);
	s = parse("extend: bitbucket_audit_logs\nonly: [author_name]\n"
		  "identity: [event_time, author_name]\n");
	assert_int_equal(s->ntargets, 0);
	assert_int_equal(s->shape.ngroups, 1);
	schema_free(s);
}

/* The fingerprint follows what is stored, not how the file is written. */
static void test_fingerprint(void **state)
{
	(void)state;
	static const char head[] = "table: t\ntime: t\ncolumns:\n  a: {paths: a}\n  b: b\n";
	static const struct {
		const char *text;
		bool same;
	} rows[] = {
		{"# words\ntable: 't'\nversion: x\ntime: [t]\ncolumns: {a: a, b: [b]}\n", true},
		{"table: t\ntime: t\ncolumns: {a: a, b: b}\nmarks: [{path: a, weight: 1}]\n", true},
		{"table: u\nproduct: t\ntime: t\ncolumns: {a: a, b: b}\n", false},
		{"table: t\nproduct: u\ntime: t\ncolumns: {a: a, b: b}\n", false},
		{"table: t\ntime: u\ncolumns: {a: a, b: b}\n", false},
		{"table: t\ntime: t\ncolumns: {b: b, a: a}\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: c}\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: [b, c]}\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: {paths: b, type: int}}\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: {paths: b, observable: ip}}\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: b}\ncommon: {actor: a}\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: b}\ntargets: [{name: a}]\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: b}\ntarget_order: [a]\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: b}\nid: a\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: b}\ninstance: a\n", false},
		{"table: t\ntime: t\ncolumns: {a: a, b: b}\nidentity: [a]\n", false},
	};
	struct schema *first = parse(head);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct schema *s = parse(rows[i].text);
		CHECK_ROW(i, (memcmp(s->fingerprint, first->fingerprint, 32) == 0) == rows[i].same);
		schema_free(s);
	}
	schema_free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_table),
		cmocka_unit_test(test_whole_and_parts),
		cmocka_unit_test(test_fallback),
		cmocka_unit_test(test_extend_adds),
		cmocka_unit_test(test_extend_alone_is_the_builtin),
		cmocka_unit_test(test_extend_replaces),
		cmocka_unit_test(test_rename),
		cmocka_unit_test(test_only_keeps_the_identity),
		cmocka_unit_test(test_only_leaves_added_columns),
		cmocka_unit_test(test_only_of_an_own_identity),
		cmocka_unit_test(test_fingerprint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
