/* SPDX-License-Identifier: Apache-2.0 */
/* table_init.c: makes the tables that are missing, and holds those that are there against what they must be. */
#include <stdio.h>

#include "cluster/private.h"
#include "cluster/table_ddl.h"
#include "cluster/table_plan.h"

enum { ANSWER_MOST = 64 << 20, NAMED_MOST = 5, NOT_REPLICATED = 371 };

struct making {
	struct cluster *cluster;
	const struct cluster_features *features;
	struct arena mem;
	struct table_plan *plans;
	uint32_t nplans;
	struct map there;    /* "table\0`column`" -> index + 1 into types; and "table\0" */
	struct map types;    /* a type's text */
	struct buf sql, out; /* of one statement */
	struct ddl ddl;      /* what changes something */
	struct table_told told;
};

static const char *name_of(const struct making *m)
{
	return m->cluster->settings.cluster;
}

static const char *database_of(const struct making *m)
{
	return m->cluster->settings.database;
}

/* The question in m->sql, its answer to m->out. */
static int ask(struct making *m, int *code, struct err *err)
{
	struct cluster_query query = {
		.sql = buf_view(&m->sql), .reading = true, .whole = true, .seconds = 90};
	buf_clear(&m->out);
	int rc = cluster_ask(m->cluster, &query, &m->out, err);
	*code = query.outcome == CLUSTER_REFUSED ? query.code : 0;
	return rc;
}

/* The statement in m->sql, which changes something. */
static int change(struct making *m, struct err *err)
{
	int code;
	return ddl_change(&m->ddl, buf_view(&m->sql), &code, err);
}

/* ---- the cluster itself ---------------------------------------------------------------------- */

/* Appends the names of an answer, "a, b and 3 more". */
static void listed(struct buf *text, struct slice answer)
{
	struct row_cursor cursor = row_cursor(answer);
	unsigned n = 0;
	while (row_more(&cursor)) {
		struct slice name = row_text(&cursor);
		if (n++ < NAMED_MOST) {
			buf_puts(text, n > 1 ? ", " : "");
			text_escape(text, (struct slice){name.ptr, name.len < 60 ? name.len : 60});
		}
	}
	if (n > NAMED_MOST)
		buf_printf(text, " and %u more", n - NAMED_MOST);
	if (n == 0)
		buf_puts(text, "none");
}

static int unknown_cluster(struct making *m, struct err *err)
{
	int code;
	struct buf names;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "SELECT DISTINCT cluster FROM system.clusters ORDER BY cluster FORMAT "
			  "RowBinary");
	if (ask(m, &code, err) < 0)
		return -1;
	buf_init(&names, 1 << 16);
	listed(&names, buf_view(&m->out));
	err_set(err, ERR_USAGE,
		"the servers know no cluster %s: in their remote_servers stand: %.*s", name_of(m),
		SLICE_ARG(buf_view(&names)));
	buf_fini(&names);
	return -1;
}

/* Replicas are told apart by macros, which every server's config must have. */
static int check_macros(struct making *m, struct err *err)
{
	int code;
	bool shard = false, replica = false;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "SELECT macro FROM system.macros FORMAT RowBinary");
	if (ask(m, &code, err) < 0)
		return -1;
	struct row_cursor cursor = row_cursor(buf_view(&m->out));
	while (row_more(&cursor)) {
		struct slice macro = row_text(&cursor);
		shard = shard || slice_eq(macro, SLICE("shard"));
		replica = replica || slice_eq(macro, SLICE("replica"));
	}
	if (shard && replica)
		return 0;
	return err_set(err, ERR_USAGE,
		"the server at %s has no macro %s: put "
		"<macros><shard>01</shard><replica>01</replica>"
		"</macros> into the config of every server, with the shard's number and a name of "
		"the replica's own, and start them again",
		m->cluster->urls[m->cluster->now], shard ? "replica" : "shard");
}

static int check_cluster(struct making *m, struct err *err)
{
	int code;
	if (!name_of(m)[0])
		return 0;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "SELECT count(), uniqExact(shard_num) FROM system.clusters WHERE cluster "
			  "= ");
	sql_text(&m->sql, slice_of(name_of(m)));
	buf_puts(&m->sql, " FORMAT RowBinary");
	if (ask(m, &code, err) < 0)
		return -1;
	struct row_cursor cursor = row_cursor(buf_view(&m->out));
	uint64_t servers = row_u64(&cursor), shards = row_u64(&cursor);
	if (servers == 0 && !cursor.bad)
		return unknown_cluster(m, err);
	if (check_macros(m, err) < 0)
		return -1;
	table_tell(&m->told, "cluster %s: %llu %s, %llu %s, ClickHouse %s", name_of(m),
		(unsigned long long)shards, shards == 1 ? "shard" : "shards",
		(unsigned long long)servers, servers == 1 ? "server" : "servers",
		m->features->version_text);
	return 0;
}

/* 1 it is there, 0 not, -1. */
static int has_database(struct making *m, struct err *err)
{
	int code;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "SELECT count() FROM system.databases WHERE name = ");
	sql_text(&m->sql, slice_of(database_of(m)));
	buf_puts(&m->sql, " FORMAT RowBinary");
	if (ask(m, &code, err) < 0)
		return -1;
	struct row_cursor cursor = row_cursor(buf_view(&m->out));
	return row_u64(&cursor) > 0;
}

/* With a cluster's name it is made again everywhere: a server may have come since. */
static int make_database(struct making *m, struct err *err)
{
	int there = has_database(m, err);
	if (there < 0 || (there == 1 && !name_of(m)[0]))
		return there < 0 ? -1 : 0;
	buf_clear(&m->sql);
	table_database_sql(&m->sql, m->cluster);
	if (change(m, err) == 0) {
		if (!there)
			table_tell(&m->told, "database %s made", database_of(m));
		return 0;
	}
	if (there == 1 && err->kind != ERR_IO)
		return 0; /* the user may make none, and need not */
	return err_context(err,
		"the database %s cannot be made (whoever may can do it: CREATE DATABASE %s%s%s)",
		database_of(m), database_of(m), name_of(m)[0] ? " ON CLUSTER " : "", name_of(m));
}

/* ---- what is there --------------------------------------------------------------------------- */

static struct slice key_of(struct buf *key, const char *table, bool local, struct slice column)
{
	buf_clear(key);
	buf_printf(key, "%s%s", table, local ? "_local" : "");
	buf_push(key, '\0');
	buf_slice(key, column);
	return buf_view(key);
}

static int take_columns(struct making *m, struct err *err)
{
	struct row_cursor cursor = row_cursor(buf_view(&m->out));
	struct buf key, name;
	buf_init(&key, ANSWER_MOST);
	buf_init(&name, ANSWER_MOST);
	while (row_more(&cursor)) {
		struct slice table = row_text(&cursor), column = row_text(&cursor),
			     type = row_text(&cursor);
		bool is_new;
		buf_clear(&name);
		sql_name(&name, column);
		buf_clear(&key);
		buf_slice(&key, table);
		buf_push(&key, '\0');
		map_put(&m->there, buf_view(&key), NULL);
		buf_slice(&key, buf_view(&name));
		uint64_t *index = map_put(&m->types, type, &is_new);
		if (is_new)
			*index = m->types.count;
		*map_put(&m->there, buf_view(&key), NULL) = *index;
	}
	buf_fini(&key);
	buf_fini(&name);
	return cursor.bad ? err_set(err, ERR_FORMAT, "%s: a list of columns that ends within one",
				    m->cluster->urls[m->cluster->now])
			  : 0;
}

static int read_columns(struct making *m, struct err *err)
{
	int code;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "SELECT toString(table), toString(name), toString(type) FROM "
			  "system.columns WHERE database = ");
	sql_text(&m->sql, slice_of(database_of(m)));
	buf_puts(&m->sql, " FORMAT RowBinary");
	return ask(m, &code, err) < 0 ? -1 : take_columns(m, err);
}

/* The type of a column that is there; empty where it is not. */
static struct slice type_there(
	const struct making *m, const char *table, bool local, const char *column)
{
	struct buf key;
	buf_init(&key, 1 << 16);
	const uint64_t *index = map_get(&m->there, key_of(&key, table, local, slice_of(column)));
	buf_fini(&key);
	return index && *index ? m->types.entries[*index - 1].key : SLICE("");
}

static bool table_there(const struct making *m, const char *table, bool local)
{
	struct buf key;
	buf_init(&key, 1 << 16);
	bool there = map_get(&m->there, key_of(&key, table, local, SLICE(""))) != NULL;
	buf_fini(&key);
	return there;
}

/* LowCardinality is how a column lies on the disk: what is sent and asked is the same. */
static bool same_type(struct slice there, struct slice wanted)
{
	static const char low[] = "LowCardinality(";
	struct slice *sides[] = {&there, &wanted};
	for (int i = 0; i < 2; i++) {
		size_t n = sizeof(low) - 1;
		if (sides[i]->len > n && memcmp(sides[i]->ptr, low, n) == 0)
			*sides[i] = (struct slice){sides[i]->ptr + n, sides[i]->len - n - 1};
	}
	return slice_eq(there, wanted);
}

/* Notes what is wrong of one column; adds the missing one where `add`. */
struct fault {
	struct buf text;
	unsigned n;
};

static void note(struct fault *fault, const char *column, struct slice there, const char *wanted)
{
	fault->n++;
	if (fault->n > NAMED_MOST)
		return;
	buf_printf(&fault->text, "%s%s is ", fault->n > 1 ? "; " : "", column);
	if (there.len)
		text_escape(
			&fault->text, (struct slice){there.ptr, there.len < 60 ? there.len : 60});
	else
		buf_puts(&fault->text, "missing");
	buf_printf(&fault->text, " and should be %s", wanted);
}

static int check_table(struct making *m, const struct table_plan *plan, bool local, struct err *err)
{
	struct fault fault = {.n = 0};
	if (!table_there(m, plan->table, local))
		return 0;
	buf_init(&fault.text, 1 << 20);
	for (uint32_t c = 0; c < plan->n; c++) {
		const struct table_column *column = &plan->columns[c];
		struct slice there = type_there(m, plan->table, local, column->name);
		if (column->alias   ? false
			: there.len ? !same_type(there, slice_of(column->type))
				    : column->first)
			note(&fault, column->name, there, column->type);
	}
	if (fault.n > NAMED_MOST)
		buf_printf(&fault.text, "; and %u more", fault.n - NAMED_MOST);
	if (fault.n)
		err_set(err, ERR_USAGE,
			"the table %s.%s%s on the cluster has other columns than pugmark writes: "
			"%.*s. Rename that table, or take another database with --database",
			database_of(m), plan->table, local ? "_local" : "",
			SLICE_ARG(buf_view(&fault.text)));
	buf_fini(&fault.text);
	return fault.n ? -1 : 0;
}

/* ---- engines --------------------------------------------------------------------------------- */

/* A lone server's tables hold rows where a cluster's lead to shards: one does not become the other. */
static int check_engines(struct making *m, struct err *err)
{
	int code;
	bool shards = name_of(m)[0] != '\0';
	buf_clear(&m->sql);
	buf_puts(&m->sql,
		"SELECT toString(name), toString(engine) FROM system.tables WHERE database "
		"= ");
	sql_text(&m->sql, slice_of(database_of(m)));
	buf_puts(&m->sql, " FORMAT RowBinary");
	if (ask(m, &code, err) < 0)
		return -1;
	struct row_cursor cursor = row_cursor(buf_view(&m->out));
	while (row_more(&cursor)) {
		struct slice name = row_text(&cursor), engine = row_text(&cursor);
		bool distributed = slice_eq(engine, SLICE("Distributed"));
		for (uint32_t i = 0; i < m->nplans; i++)
			if (slice_eq(name, slice_of(m->plans[i].table)) && distributed != shards)
				return err_set(err, ERR_USAGE,
					"%s.%s on the cluster is a table of the engine %.*s: %s",
					database_of(m), m->plans[i].table,
					(int)(engine.len < 60 ? engine.len : 60), engine.ptr,
					shards ? "it was made for one server alone. Take another "
						 "database with --database"
					       : "it leads to a cluster. Name that with --cluster");
	}
	return 0;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* Before 20.1 no table but a replicated one is altered ON CLUSTER. A Distributed table holds no rows: it is made anew. */
static int make_anew(struct making *m, const struct table_plan *plan, struct err *err)
{
	buf_clear(&m->sql);
	buf_puts(&m->sql, "DROP TABLE IF EXISTS ");
	cluster_table_name(&m->sql, m->cluster, plan->table, false);
	table_on_cluster(&m->sql, m->cluster);
	if (change(m, err) < 0)
		return -1;
	buf_clear(&m->sql);
	table_distributed_sql(&m->sql, m->cluster, plan);
	return change(m, err);
}

/* 1: the table was made anew, with all its columns. */
static int add_column(struct making *m, const struct table_plan *plan,
	const struct table_column *column, bool local, struct err *err)
{
	int code;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "ALTER TABLE ");
	cluster_table_name(&m->sql, m->cluster, plan->table, local);
	table_on_cluster(&m->sql, m->cluster);
	buf_puts(&m->sql, " ADD COLUMN ");
	table_column_text(&m->sql, column, plan->codec && (local || !name_of(m)[0]));
	if (ddl_change(&m->ddl, buf_view(&m->sql), &code, err) == 0)
		return 0;
	if (code != NOT_REPLICATED || local || !name_of(m)[0])
		return -1;
	*err = (struct err){0};
	return make_anew(m, plan, err) < 0 ? -1 : 1;
}

static int add_missing(struct making *m, const struct table_plan *plan, bool local, struct err *err)
{
	for (uint32_t c = 0; c < plan->n; c++) {
		const struct table_column *column = &plan->columns[c];
		if (type_there(m, plan->table, local, column->name).len)
			continue;
		int rc = add_column(m, plan, column, local, err);
		if (rc < 0)
			return err_context(err, "a new column of %s", plan->table);
		if (rc == 1)
			return 0;
		table_tell(&m->told, "table %s%s: column %s added", plan->table,
			local ? "_local" : "", column->name);
	}
	return 0;
}

static int make_one(struct making *m, const struct table_plan *plan, bool local, struct err *err)
{
	bool shards = name_of(m)[0] != '\0', there = table_there(m, plan->table, local && shards);
	if (!there || shards) {
		buf_clear(&m->sql);
		if (local)
			table_local_sql(&m->sql, m->cluster, m->features, plan);
		else
			table_distributed_sql(&m->sql, m->cluster, plan);
		if (change(m, err) < 0)
			return err_context(err, "table %s cannot be made", plan->table);
	}
	if (there)
		return add_missing(m, plan, local && shards, err);
	if (local)
		table_tell(&m->told, "table %s made", plan->table);
	return 0;
}

static int make_all(struct making *m, struct err *err)
{
	bool shards = name_of(m)[0] != '\0';
	for (uint32_t i = 0; i < m->nplans; i++)
		if (check_table(m, &m->plans[i], false, err) < 0 ||
			(shards && check_table(m, &m->plans[i], true, err) < 0))
			return -1;
	for (uint32_t i = 0; i < m->nplans; i++)
		if (make_one(m, &m->plans[i], true, err) < 0 ||
			(shards && make_one(m, &m->plans[i], false, err) < 0))
			return -1;
	return 0;
}

/* ---- the view of events ---------------------------------------------------------------------- */

static bool planned(const struct making *m, const char *table)
{
	for (uint32_t i = 0; i < m->nplans; i++)
		if (strcmp(m->plans[i].table, table) == 0)
			return true;
	return false;
}

/* Ours, and those that other lakes have made: what ends in _local leads nowhere else. */
static uint32_t tables_of_events(struct making *m, const char **names)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i + 1 < m->nplans; i++)
		names[n++] = m->plans[i].table;
	for (uint32_t i = 0; i < m->there.count; i++) {
		struct slice key = m->there.entries[i].key;
		size_t len = strlen(key.ptr);
		struct slice column = {key.ptr + len + 1, key.len - len - 1};
		bool local = len > 6 && memcmp(key.ptr + len - 6, "_local", 6) == 0;
		if (slice_eq(column, SLICE("`_null_lists`")) && !local && !planned(m, key.ptr))
			names[n++] = arena_strdup(&m->mem, (struct slice){key.ptr, len});
	}
	return n;
}

/* 1 the view is there and lacks nothing; 0 it is to be made; 2 to be made anew; 3 there is something else of that name; -1. */
static int view_there(struct making *m, const char *const *names, uint32_t n, struct err *err)
{
	int code;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "SELECT toString(engine), toString(create_table_query) FROM "
			  "system.tables WHERE name = '" CLUSTER_EVENTS "' AND database = ");
	sql_text(&m->sql, slice_of(database_of(m)));
	buf_puts(&m->sql, " FORMAT RowBinary");
	if (ask(m, &code, err) < 0)
		return -1;
	struct row_cursor cursor = row_cursor(buf_view(&m->out));
	if (!row_more(&cursor))
		return 0;
	struct slice engine = row_text(&cursor), made = row_text(&cursor);
	if (!slice_eq(engine, SLICE("View")) || !table_view_is_ours(made)) {
		table_tell(&m->told,
			"%s." CLUSTER_EVENTS
			" is somebody else's and is left as it is: FROM " CLUSTER_EVENTS
			" asks that one. Rename it and run init again, or take another database "
			"with --database",
			database_of(m));
		return 3;
	}
	for (uint32_t i = 0; i < n; i++)
		if (!table_view_has(made, names[i]))
			return 2;
	return 1;
}

static int make_view(struct making *m, struct err *err)
{
	const char **names = arena_alloc(&m->mem, (m->nplans + m->there.count) * sizeof(*names));
	uint32_t n = tables_of_events(m, names);
	int there = n ? view_there(m, names, n, err) : 3;
	if (there < 0 || there == 3 || (there == 1 && !name_of(m)[0]))
		return there < 0 ? -1 : 0;
	if (there == 2) {
		buf_clear(&m->sql);
		buf_puts(&m->sql, "DROP TABLE IF EXISTS ");
		cluster_table_name(&m->sql, m->cluster, CLUSTER_EVENTS, false);
		table_on_cluster(&m->sql, m->cluster);
		if (change(m, err) < 0)
			return -1;
	}
	buf_clear(&m->sql);
	table_view_sql(&m->sql, m->cluster, names, n);
	if (change(m, err) < 0)
		return err_context(err, "the view " CLUSTER_EVENTS " cannot be made");
	if (there != 1)
		table_tell(&m->told, "view " CLUSTER_EVENTS " made: the common fields of %u tables",
			n);
	return 0;
}

/* Whether every shard answers through the one that was asked: their passwords stand in the servers' config, and are not ours to see. */
static int try_shards(struct making *m, struct err *err)
{
	int code;
	if (!name_of(m)[0])
		return 0;
	buf_clear(&m->sql);
	buf_puts(&m->sql, "SELECT count() FROM ");
	cluster_table_name(&m->sql, m->cluster, CLUSTER_OBSERVABLES, false);
	buf_puts(&m->sql, " FORMAT RowBinary");
	if (ask(m, &code, err) == 0 || !code)
		return m->out.len ? 0 : -1;
	table_tell(&m->told,
		"the servers of the cluster do not all reach each other yet: %.600s. Look into "
		"remote_servers of their configs: host, port, user, password",
		err->text);
	*err = (struct err){0};
	return 0;
}

static void plan_all(struct making *m, const struct schema *const *schemas, uint32_t n)
{
	m->plans = arena_zalloc(&m->mem, n + 1, sizeof(*m->plans));
	for (uint32_t i = 0; i < n; i++)
		table_plan_events(&m->mem, m->features, schemas[i], &m->plans[i]);
	table_plan_observables(&m->mem, m->features, &m->plans[n]);
	m->nplans = n + 1;
}

int table_init(struct cluster *cluster, const struct schema *const *schemas, uint32_t n,
	void (*said)(void *ctx, const char *what), void *ctx, struct err *err)
{
	struct making m = {.cluster = cluster, .told = {said, ctx}};
	m.features = cluster_features(cluster, err);
	if (!m.features)
		return -1;
	struct cluster_features features =
		*m.features; /* of now: another server may answer later */
	m.features = &features;
	buf_init(&m.sql, 1 << 20);
	buf_init(&m.out, ANSWER_MOST);
	plan_all(&m, schemas, n);
	int rc = -1;
	if (check_cluster(&m, err) == 0 && ddl_init(&m.ddl, cluster, said, ctx, err) == 0 &&
		make_database(&m, err) == 0 && check_engines(&m, err) == 0 &&
		read_columns(&m, err) == 0 && make_all(&m, err) == 0 && make_view(&m, err) == 0 &&
		ddl_end(&m.ddl, err) == 0)
		rc = try_shards(&m, err);
	ddl_fini(&m.ddl);
	buf_fini(&m.sql);
	buf_fini(&m.out);
	map_fini(&m.there);
	map_fini(&m.types);
	arena_fini(&m.mem);
	return rc;
}
