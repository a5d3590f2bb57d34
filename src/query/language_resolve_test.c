/* SPDX-License-Identifier: Apache-2.0 */
/* language_resolve_test.c: which columns a name means in each shipped table, in an older file's shape, and
 * which names there are; tables as constants. */
#include "base/test.h"

#include "query/language_show.h"

static struct search_tables tables;

static int load_tables(void **state)
{
	static const struct schema *all[16];
	(void)state;
	while (tables.n < COUNT(all) && (all[tables.n] = schema_builtin(tables.n)))
		tables.n++;
	tables.schemas = all;
	return tables.n ? 0 : -1;
}

/* The columns as "a, b.c, extra/key". */
static void resolved(const struct schema *schema, const struct batch_shape *shape, const char *name,
	enum test_op op, struct buf *out)
{
	struct match_field fields[MATCH_FIELDS];
	uint32_t n = query_resolve(schema, shape, slice_of(name), op, fields);
	buf_clear(out);
	for (uint32_t i = 0; i < n; i++) {
		const struct column_shape *column = &shape->columns[fields[i].column];
		assert_true((uint32_t)fields[i].column < shape->ncolumns);
		if (i)
			buf_puts(out, ", ");
		if (column->group != NO_GROUP && !shape->groups[column->group].bare)
			buf_printf(out, "%s.", shape->groups[column->group].name);
		buf_puts(out, column->name);
		if (fields[i].path.len)
			buf_printf(out, "/%.*s", SLICE_ARG(fields[i].path));
	}
	buf_append(out, "", 1);
}

static void names_are_columns(void **state)
{
	static const struct {
		const char *table, *name;
		enum test_op op;
		const char *columns;
	} rows[] = {
		{"bitbucket", "actor", TEST_PATTERNS, "actor"},
		{"bitbucket", "ACTOR", TEST_PATTERNS, "actor"},
		{"bitbucket", "author_name", TEST_PATTERNS, "author_name"},
		{"bitbucket", "author.name", TEST_PATTERNS, "author_name"},
		{"bitbucket", "Author.Name", TEST_PATTERNS, "author_name"},
		{"bitbucket", "type.action", TEST_PATTERNS, "audit_type_action"},
		{"bitbucket", "target", TEST_PATTERNS, "targets"},
		{"bitbucket", "target", TEST_EXISTS, "targets"},
		{"bitbucket", "ip", TEST_PATTERNS, "ip"},
		{"bitbucket", "ip", TEST_CIDR, "ip_bytes"},
		{"bitbucket", "source_address", TEST_CIDR, "source_address"},
		{"bitbucket", "source", TEST_PATTERNS, "source"},
		{"bitbucket", "timestamp", TEST_RANGE, "event_time"},
		{"jira", "created", TEST_RANGE, "event_time"},
		{"jira", "creationDate", TEST_RANGE, ""},
		{"confluence", "creationDate", TEST_RANGE, "event_time"},
		{"bitbucket", "affectedObjects.type", TEST_PATTERNS, "affected_objects.type"},
		{"bitbucket", "affectedObjects[].type", TEST_PATTERNS, "affected_objects.type"},
		{"bitbucket", "affected_objects.type", TEST_PATTERNS, "affected_objects.type"},
		{"jira", "changedValues.field_name", TEST_PATTERNS, "changed_values.field_name"},
		{"jira", "changed_values.fieldName", TEST_PATTERNS, "changed_values.field_name"},
		{"jira", "changed_values.KEY", TEST_PATTERNS, "changed_values.field_name"},
		{"bitbucket", "changedValues.key", TEST_PATTERNS, "changed_values.key"},
		{"bitbucket", "changed_values", TEST_PATTERNS,
			"changed_values.key, changed_values.i18n_key, changed_values.from, "
			"changed_values.to"},
		{"bitbucket", "changedValues", TEST_EXISTS,
			"changed_values.key, changed_values.i18n_key, changed_values.from, "
			"changed_values.to"},
		{"bitbucket", "extra", TEST_PATTERNS, "extra"},
		{"bitbucket", "extra.a.b", TEST_PATTERNS, "extra/a.b"},
		{"confluence", "author_operations.x", TEST_PATTERNS, "author_operations/x"},
		{"confluence", "author.operations.x.y", TEST_PATTERNS, "author_operations/x.y"},
		{"jira", "author_operations.x", TEST_PATTERNS, ""},
		{"jira", "objectItem.name", TEST_PATTERNS, "object_item_name"},
		{"bitbucket", "objectItem.name", TEST_PATTERNS, ""},
		{"bitbucket", "nothing", TEST_PATTERNS, ""},
		{"bitbucket", "affected_objects.nothing", TEST_PATTERNS, ""},
		{"bitbucket", ".", TEST_PATTERNS, ""},
		{"bitbucket", "extra.", TEST_PATTERNS, ""},
		{"bitbucket", "table", TEST_PATTERNS, ""},
		{"bitbucket", "", TEST_PATTERNS,
			"extra, author_id, author_name, author_type, author_uri, "
			"author_avatar_uri, "
			"audit_type_action, audit_type_action_i18n_key, audit_type_category, "
			"audit_type_category_i18n_key, audit_type_area, audit_type_level, "
			"source_address, "
			"method, node, system, version, affected_objects.id, "
			"affected_objects.name, "
			"affected_objects.type, affected_objects.uri, changed_values.key, "
			"changed_values.i18n_key, changed_values.from, changed_values.to, "
			"extra_attributes.name, extra_attributes.name_i18n_key, "
			"extra_attributes.value"},
		{"bitbucket", "", TEST_CIDR, "ip_bytes"},
		{"jira", "", TEST_CIDR, "remote_address, source_address"},
	};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct schema *schema = schema_find(rows[i].table);
		resolved(schema, &schema->shape, rows[i].name, rows[i].op, &out);
		if (strcmp(out.ptr, rows[i].columns) != 0)
			fail_msg("row %zu: %s: %s", i, rows[i].name, out.ptr);
	}
	buf_fini(&out);
}

/* Every text column is looked into, directly or as what a common field repeats. */
static void a_bare_word_misses_no_text(void **state)
{
	(void)state;
	for (uint32_t t = 0; t < tables.n; t++) {
		const struct schema *schema = tables.schemas[t];
		struct match_field fields[MATCH_FIELDS];
		bool seen[LIMIT_COLUMNS] = {false};
		uint32_t n =
			query_resolve(schema, &schema->shape, SLICE(""), TEST_PATTERNS, fields);
		for (uint32_t i = 0; i < n; i++) {
			assert_false(seen[fields[i].column]);
			seen[fields[i].column] = true;
		}
		for (uint32_t c = SYS_COLUMNS; c < schema->shape.ncolumns; c++)
			assert_int_equal(
				seen[c], schema->shape.columns[c].type == COL_STRING ||
						 schema->shape.columns[c].type == COL_JSON);
		assert_true(seen[SYS_EXTRA]);
		for (int c = SYS_ACTOR; c <= SYS_SUMMARY; c++)
			if (c != SYS_IP_BYTES && c != SYS_TARGET && c != SYS_TARGET_TYPE)
				assert_int_equal(seen[c], schema->common[c].direct);
	}
}

/* An older file lacks columns, and others stand elsewhere. */
static void an_older_shape(void **state)
{
	static const struct column_shape columns[] = {{"event_id", COL_UUID, NO_GROUP, 0},
		{"event_time", COL_TIME, NO_GROUP, 0}, {"ip", COL_STRING, NO_GROUP, 0},
		{"author_name", COL_STRING, NO_GROUP, 0}, {"targets", COL_STRING, 0, 0},
		{"to", COL_STRING, 1, 0}};
	static const struct group_shape groups[] = {{"targets", true}, {"changed_values", false}};
	static const struct batch_shape shape = {
		"bitbucket_audit_logs", COUNT(columns), COUNT(groups), columns, groups};
	static const struct {
		const char *name;
		enum test_op op;
		const char *columns;
	} rows[] = {
		{"author.name", TEST_PATTERNS, "author_name"},
		{"author.id", TEST_PATTERNS, ""},
		{"target", TEST_PATTERNS, "targets"},
		{"changedValues.to", TEST_PATTERNS, "changed_values.to"},
		{"changedValues.from", TEST_PATTERNS, ""},
		{"changedValues", TEST_PATTERNS, "changed_values.to"},
		{"ip", TEST_CIDR, "ip"},
		{"extra.x", TEST_PATTERNS, ""},
		{"", TEST_PATTERNS, "author_name, changed_values.to"},
	};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		resolved(schema_find("bitbucket"), &shape, rows[i].name, rows[i].op, &out);
		if (strcmp(out.ptr, rows[i].columns) != 0)
			fail_msg("row %zu: %s: %s", i, rows[i].name, out.ptr);
	}
	buf_fini(&out);
}

static void tables_become_constants(void **state)
{
	static const struct {
		const char *query, *table, *means;
	} rows[] = {
		{"table:jira", "jira", "all"},
		{"table:jira", "bitbucket", "none"},
		{"table:jira_audit_logs", "jira", "all"},
		{"table:JIRA", "jira", "all"},
		{"table:'JIRA'", "jira", NULL},
		{"table:*bucket*", "bitbucket", "all"},
		{"table:/^(jira|bitb)/", "bitbucket", "all"},
		{"table:/^(jira|bitb)/", "confluence", "none"},
		{"table:*", "confluence", "all"},
		{"actor:x AND NOT table:(jira OR bitbucket)", "jira",
			"(and actor=\"x\" (not all))"},
		{"actor:x AND NOT table:(jira OR bitbucket)", "confluence",
			"(and actor=\"x\" (not none))"},
		{"actor:x OR ip:*", "jira", "(or actor=\"x\" ip exists)"},
	};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena mem = {0};
		const struct expr *expr;
		int status = query_parse(slice_of(rows[i].query), &tables, &mem, &expr, NULL, NULL);
		CHECK_ROW(i, status == (rows[i].means ? 0 : -1));
		if (rows[i].means) {
			const struct expr *own =
				query_for_table(expr, schema_find(rows[i].table), &mem);
			CHECK_ROW(i, (own == expr) == !strstr(rows[i].query, "table"));
			buf_clear(&out);
			show_expr(&out, own);
			buf_append(&out, "", 1);
			if (strcmp(out.ptr, rows[i].means) != 0)
				fail_msg("row %zu: %s", i, out.ptr);
		}
		arena_fini(&mem);
	}
	buf_fini(&out);
}

static void note_name(void *ctx, struct slice name, enum col_type type)
{
	(void)type;
	buf_slice(ctx, name);
	buf_push(ctx, ' ');
}

static void names_for_completion(void **state)
{
	static const struct {
		const char *prefix, *names;
	} rows[] = {
		{"actio", "action "},
		{"ACTO", "actor actor_id actor_account_id actor_name actor_email actor_picture "
			 "actor_auth_type actor_auth_token_id actor_auth_token_label "
			 "actor_on_behalf_of_id actor_on_behalf_of_name actor_on_behalf_of_email "
			 "actor_app_id actor_app_type actor_app_attributes actor_links actor_url "
			 "actor.accountId actor.name actor.url actor.sessions.ipAddress "
			 "actor.sessions.userAgent actor.sessions.loginTime "
			 "actor.sessions.lastActiveTime "},
		{"event_t", "event_time "},
		{"tab", "table "},
		{"affectedObjects.n", "affectedObjects.name "},
		{"changed_values.f", "changed_values.from changed_values.field_name "},
		{"nothing", ""},
	};
	struct buf out;
	(void)state;
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&out);
		query_fields(&tables, slice_of(rows[i].prefix), note_name, &out);
		buf_append(&out, "", 1);
		if (strcmp(out.ptr, rows[i].names) != 0)
			fail_msg("row %zu: %s: %s", i, rows[i].prefix, out.ptr);
	}
	buf_fini(&out);
}

static void find_name(void *ctx, struct slice name, enum col_type type)
{
	struct query_error where = {0};
	struct arena mem = {0};
	struct buf query;
	const struct expr *expr;
	(void)type;
	buf_init(&query, 1 << 12);
	buf_printf(&query, "%.*s:*", SLICE_ARG(name));
	if (query_parse(buf_view(&query), &tables, &mem, &expr, &where, NULL) != 0)
		fail_msg("%.*s: %s", SLICE_ARG(name), where.message);
	(*(unsigned *)ctx)++;
	buf_fini(&query);
	arena_fini(&mem);
}

/* Whatever completion offers can be searched. */
static void every_name_is_known(void **state)
{
	unsigned n = 0;
	(void)state;
	query_fields(&tables, SLICE(""), find_name, &n);
	assert_true(n > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_columns),
		cmocka_unit_test(a_bare_word_misses_no_text),
		cmocka_unit_test(an_older_shape),
		cmocka_unit_test(tables_become_constants),
		cmocka_unit_test(names_for_completion),
		cmocka_unit_test(every_name_is_known),
	};
	return cmocka_run_group_tests(tests, load_tables, NULL);
}
