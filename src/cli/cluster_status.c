/* SPDX-License-Identifier: Apache-2.0 */
/* cluster_status.c (cli/): pugmark cluster status: servers, shards, replicas and rows as the cluster tells them, and what this lake has
 * still to send. */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/cluster.h"
#include "cluster/cluster.h"
#include "query/clustered.h"
#include "store/connections.h"
#include "store/shipments.h"

enum {
	SERVERS_MOST = 32,
	SHARDS_MOST = 1000,
	TABLES_MOST = 100000,
	ANSWER_MOST = 64 << 20,
	ASK_SECONDS = 20,
	CLOCK_SECONDS = 60, /* a clock that is wrong by more is told */
};

struct server_state {
	const char *url, *version, *error; /* version NULL where it does not answer */
	bool has_clock;
	int64_t ahead; /* its clock, of this machine's, in seconds */
};
struct shard_state {
	const char *shard; /* what its macro calls it */
	uint64_t replicas, active, readonly, queue, delay;
};
struct table_state { /* of one shard; "" where there is one server alone */
	const char *shard, *table;
	uint64_t rows, bytes;
};
struct cluster_state {
	struct arena mem;
	struct cluster_setting setting;
	struct cluster *cluster;
	struct server_state servers[SERVERS_MOST];
	uint32_t nservers, nshards, ntables;
	uint64_t shards_known, servers_known; /* as remote_servers has them */
	struct shard_state *shards;
	struct table_state *tables;
	struct shipments_lag lag;
	struct err failed; /* why the cluster could not be asked */
};

/* ---- asking ---------------------------------------------------------------------------------- */

static void try_clock(struct server_state *server, struct cluster *one)
{
	struct buf sql, out;
	struct row_cursor cursor;
	struct err err;
	buf_init(&sql, 1 << 10);
	buf_init(&out, 1 << 20);
	buf_puts(&sql, "SELECT toUInt64(toUnixTimestamp(now()))");
	server->has_clock = cluster_rows(one, &sql, &out, &cursor, &err) == 0;
	if (server->has_clock)
		server->ahead = (int64_t)row_u64(&cursor) - clock_now_us() / 1000000;
	server->has_clock = server->has_clock && !cursor.bad;
	buf_fini(&sql);
	buf_fini(&out);
}

static void try_server(struct cluster_state *s, const char *url)
{
	struct server_state *server = &s->servers[s->nservers++];
	struct cluster_settings settings = *cluster_settings(s->cluster);
	struct cluster *one = NULL;
	struct err err = {0};
	settings.urls = server->url = url;
	const struct cluster_features *features = NULL;
	if (cluster_open(&settings, &stop_requested, &one, &err) == 0)
		features = cluster_features(one, &err);
	if (features) {
		server->version = arena_strdup(&s->mem, slice_of(features->version_text));
		try_clock(server, one);
	} else
		server->error = arena_strdup(&s->mem, slice_of(err.text));
	cluster_close(one);
}

static void try_servers(struct cluster_state *s)
{
	char *text = arena_strdup(&s->mem, slice_of(s->setting.urls)), *rest = NULL;
	for (char *url = strtok_r(text, " ,\t\n", &rest); url && s->nservers < SERVERS_MOST;
		url = strtok_r(NULL, " ,\t\n", &rest))
		try_server(s, url);
}

/* The answer of a question that may miss shards that are down. */
static int ask(struct cluster_state *s, const struct buf *sql, struct buf *out, struct err *err)
{
	struct cluster_query query = {.sql = buf_view(sql),
		.reading = true,
		.whole = true,
		.seconds = ASK_SECONDS,
		.settings = "skip_unavailable_shards=1"};
	buf_clear(out);
	return cluster_ask(s->cluster, &query, out, err);
}

/* cluster('name', system.TABLE), or system.TABLE. */
static void of_all(struct buf *sql, const struct cluster_state *s, const char *table)
{
	if (!*s->setting.name) {
		buf_printf(sql, "system.%s", table);
		return;
	}
	buf_puts(sql, "cluster(");
	sql_text(sql, slice_of(s->setting.name));
	buf_printf(sql, ", system.%s)", table);
}

static const char *text_of(struct cluster_state *s, struct row_cursor *cursor)
{
	struct slice text = row_text(cursor);
	return arena_strdup(&s->mem, text);
}

/* One replica of each shard knows how many there are of it. */
static int ask_shards(struct cluster_state *s, struct buf *sql, struct buf *out, struct err *err)
{
	buf_clear(sql);
	buf_puts(sql, "SELECT count(), uniqExact(shard_num) FROM system.clusters WHERE cluster = ");
	sql_text(sql, slice_of(s->setting.name));
	buf_puts(sql, " FORMAT RowBinary");
	if (ask(s, sql, out, err) < 0)
		return -1;
	struct row_cursor cursor = row_cursor(buf_view(out));
	s->servers_known = row_u64(&cursor);
	s->shards_known = row_u64(&cursor);
	buf_clear(sql);
	buf_puts(sql, "SELECT arrayElement(splitByChar('/', zookeeper_path), 4) AS shard, "
		      "toUInt64(max(total_replicas)), toUInt64(min(active_replicas)), "
		      "toUInt64(sum(is_readonly)), toUInt64(sum(queue_size)), "
		      "toUInt64(max(absolute_delay)) FROM ");
	of_all(sql, s, "replicas");
	buf_puts(sql, " WHERE database = ");
	sql_text(sql, slice_of(s->setting.database));
	buf_puts(sql, " GROUP BY shard ORDER BY shard FORMAT RowBinary");
	if (ask(s, sql, out, err) < 0)
		return -1;
	s->shards = arena_zalloc(&s->mem, SHARDS_MOST, sizeof(*s->shards));
	cursor = row_cursor(buf_view(out));
	while (row_more(&cursor) && s->nshards < SHARDS_MOST) {
		struct shard_state *shard = &s->shards[s->nshards++];
		shard->shard = text_of(s, &cursor);
		uint64_t *const fields[] = {&shard->replicas, &shard->active, &shard->readonly,
			&shard->queue, &shard->delay};
		for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
			*fields[i] = row_u64(&cursor);
	}
	return row_end(&cursor, err);
}

/* Rows lie in active parts. A join that is sent to each shard tells whose they are: there is no function for that before 20.1. */
static int ask_rows(struct cluster_state *s, struct buf *sql, struct buf *out, struct err *err)
{
	bool shards = *s->setting.name != '\0';
	buf_clear(sql);
	buf_printf(sql,
		"SELECT %s AS shard, table, toUInt64(sum(rows)), toUInt64(sum(bytes)) FROM ",
		shards ? "shard" : "''");
	of_all(sql, s, "parts");
	if (shards)
		buf_puts(sql, " ANY INNER JOIN (SELECT toUInt8(1) AS active, substitution AS shard "
			      "FROM system.macros WHERE macro = 'shard') USING active");
	buf_puts(sql, " WHERE active AND database = ");
	sql_text(sql, slice_of(s->setting.database));
	buf_puts(sql, " GROUP BY shard, table ORDER BY table, shard FORMAT RowBinary");
	if (ask(s, sql, out, err) < 0)
		return -1;
	uint32_t room = 0;
	struct row_cursor cursor = row_cursor(buf_view(out));
	while (row_more(&cursor) && s->ntables < TABLES_MOST) {
		if (s->ntables == room) {
			struct table_state *more =
				arena_zalloc(&s->mem, room * 2 + 64, sizeof(*more));
			if (room)
				memcpy(more, s->tables, room * sizeof(*more));
			s->tables = more;
			room = room * 2 + 64;
		}
		struct table_state *table = &s->tables[s->ntables++];
		table->shard = text_of(s, &cursor);
		table->table = text_of(s, &cursor);
		table->rows = row_u64(&cursor);
		table->bytes = row_u64(&cursor);
		char *local = strstr(table->table, "_local");
		if (shards && local && local[6] == '\0')
			*local = '\0';
	}
	return row_end(&cursor, err);
}

static void gather(struct cluster_state *s)
{
	struct buf sql, out;
	buf_init(&sql, 1 << 16);
	buf_init(&out, ANSWER_MOST);
	try_servers(s);
	if ((*s->setting.name && ask_shards(s, &sql, &out, &s->failed) < 0) ||
		ask_rows(s, &sql, &out, &s->failed) < 0)
		err_context(&s->failed, "the cluster cannot be asked");
	buf_fini(&sql);
	buf_fini(&out);
}

/* ---- for people ------------------------------------------------------------------------------ */

static void text_clock(const struct server_state *server, struct buf *out)
{
	char text[32];
	int64_t by = server->ahead < 0 ? -server->ahead : server->ahead;
	if (server->has_clock && by > CLOCK_SECONDS)
		buf_printf(out, ", its clock is %s %s this machine's: set both by NTP",
			span_text(by * 1000000, text), server->ahead < 0 ? "behind" : "ahead of");
}

static void text_servers(const struct cluster_state *s, struct buf *out)
{
	const struct cluster_setting *set = &s->setting;
	buf_printf(out, "database %s%s%s, as %s\n", set->database,
		*set->name ? " of the cluster " : "", set->name, set->user);
	for (uint32_t i = 0; i < s->nservers; i++) {
		const struct server_state *server = &s->servers[i];
		buf_printf(out, "  %s  ", server->url);
		if (server->version) {
			buf_puts(out, "ClickHouse ");
			text_escape(out, slice_of(server->version));
			text_clock(server, out);
		} else {
			buf_puts(out, "does not answer: ");
			text_escape(out, slice_of(server->error));
		}
		buf_push(out, '\n');
	}
}

static void text_shards(const struct cluster_state *s, struct buf *out)
{
	char text[32];
	if (s->shards_known > s->nshards)
		buf_printf(out, "%" PRIu64 " of %" PRIu64 " shards do not answer\n",
			s->shards_known - s->nshards, s->shards_known);
	for (uint32_t i = 0; i < s->nshards; i++) {
		const struct shard_state *shard = &s->shards[i];
		buf_puts(out, "  shard ");
		text_escape(out, slice_of(shard->shard));
		buf_printf(out, ": %" PRIu64 " of %" PRIu64 " replicas up", shard->active,
			shard->replicas);
		if (shard->readonly)
			buf_printf(out, ", %s tables take no writes (is ZooKeeper up?)",
				text_count(shard->readonly, text));
		if (shard->queue)
			buf_printf(out, ", %s parts to fetch or merge",
				text_count(shard->queue, text));
		if (shard->delay)
			buf_printf(out, ", %s seconds behind", text_count(shard->delay, text));
		buf_push(out, '\n');
	}
}

/* Rows of a table stand together: of all shards in one line. */
static void text_tables(const struct cluster_state *s, struct buf *out)
{
	char text[32];
	for (uint32_t i = 0, next; i < s->ntables; i = next) {
		uint64_t rows = 0, bytes = 0;
		for (next = i;
			next < s->ntables && strcmp(s->tables[next].table, s->tables[i].table) == 0;
			next++) {
			rows += s->tables[next].rows;
			bytes += s->tables[next].bytes;
		}
		buf_puts(out, "  ");
		text_escape(out, slice_of(s->tables[i].table));
		buf_printf(out, ": %s rows", text_count(rows, text));
		buf_printf(out, ", %s", text_bytes(bytes, text));
		for (uint32_t j = i; *s->setting.name && j < next; j++) {
			buf_puts(out, j == i ? " (shard " : ", shard ");
			text_escape(out, slice_of(s->tables[j].shard));
			buf_printf(out, ": %s%s", text_count(s->tables[j].rows, text),
				j + 1 == next ? ")" : "");
		}
		buf_push(out, '\n');
	}
	if (s->ntables == 0 && s->failed.kind == ERR_NONE)
		buf_puts(out, "  no rows yet\n");
}

static void text_lag(const struct cluster_state *s, struct buf *out)
{
	const struct cluster_setting *set = &s->setting;
	char text[32];
	if (!s->lag.segments) {
		buf_puts(out, "nothing waits to be sent\n");
	} else {
		buf_printf(out, "still to be sent: %s rows", text_count(s->lag.rows, text));
		buf_printf(out, " in %s segments", text_count(s->lag.segments, text));
		buf_printf(out, ", since %s\n", span_text(clock_now_us() - s->lag.oldest, text));
	}
	if (set->failed_at) {
		buf_printf(out, "sending failed %s ago: ",
			span_text(clock_now_us() - set->failed_at, text));
		text_escape(out, slice_of(set->error));
		buf_push(out, '\n');
	}
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void json_servers(const struct cluster_state *s, struct buf *out)
{
	buf_puts(out, "\"servers\":[");
	for (uint32_t i = 0; i < s->nservers; i++) {
		buf_puts(out, i ? ",{\"url\":" : "{\"url\":");
		text_json_string(out, slice_of(s->servers[i].url));
		text_json_member(out, "version", s->servers[i].version);
		text_json_member(out, "error", s->servers[i].error);
		if (s->servers[i].has_clock)
			buf_printf(out, ",\"clock_ahead_s\":%" PRId64, s->servers[i].ahead);
		else
			buf_puts(out, ",\"clock_ahead_s\":null");
		buf_push(out, '}');
	}
	buf_printf(out, "],\"servers_known\":%" PRIu64 ",\"shards_known\":%" PRIu64 ",\"shards\":[",
		s->servers_known, s->shards_known);
	for (uint32_t i = 0; i < s->nshards; i++) {
		const struct shard_state *shard = &s->shards[i];
		buf_puts(out, i ? ",{\"shard\":" : "{\"shard\":");
		text_json_string(out, slice_of(shard->shard));
		buf_printf(out,
			",\"replicas\":%" PRIu64 ",\"replicas_up\":%" PRIu64
			",\"tables_readonly\":%" PRIu64 ",\"queue\":%" PRIu64
			",\"delay_seconds\":%" PRIu64 "}",
			shard->replicas, shard->active, shard->readonly, shard->queue,
			shard->delay);
	}
}

static void json_all(const struct cluster_state *s, struct buf *out)
{
	const struct cluster_setting *set = &s->setting;
	buf_puts(out, "{\"cluster\":");
	text_json_string(out, slice_of(set->name));
	text_json_member(out, "database", set->database);
	text_json_member(out, "user", set->user);
	text_json_member(out, "collector", set->collector);
	text_json_member(out, "error", s->failed.kind != ERR_NONE ? s->failed.text : NULL);
	buf_push(out, ',');
	json_servers(s, out);
	buf_puts(out, "],\"tables\":[");
	for (uint32_t i = 0; i < s->ntables; i++) {
		buf_puts(out, i ? ",{\"table\":" : "{\"table\":");
		text_json_string(out, slice_of(s->tables[i].table));
		text_json_member(out, "shard", *set->name ? s->tables[i].shard : NULL);
		buf_printf(out, ",\"rows\":%" PRIu64 ",\"bytes\":%" PRIu64 "}", s->tables[i].rows,
			s->tables[i].bytes);
	}
	buf_printf(out, "],\"waiting\":{\"segments\":%" PRIu64 ",\"rows\":%" PRIu64,
		s->lag.segments, s->lag.rows);
	char text[CLOCK_TEXT];
	text_json_member(out, "since", s->lag.segments ? clock_text(s->lag.oldest, text) : NULL);
	text_json_member(out, "failed", set->failed_at ? clock_text(set->failed_at, text) : NULL);
	text_json_member(out, "why", set->failed_at ? set->error : NULL);
	buf_puts(out, "}}\n");
}

/* ---- the verb -------------------------------------------------------------------------------- */

static int show(const struct command_line *line, struct cluster_state *s, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	if (line->values[OPT_JSON]) {
		json_all(s, &out);
	} else {
		text_servers(s, &out);
		text_shards(s, &out);
		text_tables(s, &out);
		text_lag(s, &out);
	}
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	return s->failed.kind != ERR_NONE ? err_set(err, s->failed.kind, "%s", s->failed.text) : 0;
}

int cluster_status(const struct command_line *line, struct store *store, struct err *err)
{
	struct cluster_state s = {0};
	int rc = cluster_needed(store, &s.mem, &s.setting, err);
	if (rc == 0)
		rc = lake_cluster(store, key_file(line), &stop_requested, &s.cluster, err) < 0 ? -1
											       : 0;
	if (rc == 0)
		rc = shipments_lag(store, INT64_MIN, &s.lag, err);
	if (rc == 0) {
		gather(&s);
		rc = show(line, &s, err);
	}
	cluster_close(s.cluster);
	arena_fini(&s.mem);
	return rc;
}
