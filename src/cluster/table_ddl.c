/* SPDX-License-Identifier: Apache-2.0 */
/* table_ddl.c: statements ON CLUSTER: sent, waited for where somebody does them, and looked at again at the end. */
#include "cluster/table_ddl.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "cluster/private.h"

#define SECOND INT64_C(1000000)
enum { ANSWER_MOST = 1 << 24, LOOK_MS = 200, NAMES_MOST = 5 };

void table_tell(const struct table_told *told, const char *fmt, ...)
{
	char text[1200];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (told->said)
		told->said(told->ctx, text);
}

/* ---- who there is ---------------------------------------------------------------------------- */

/* As ClickHouse names a server's node: every byte but letters, digits and _ as %XX, then the port. */
static const char *host_id(struct arena *mem, struct slice host, unsigned port)
{
	struct buf id;
	buf_init(&id, 1 << 16);
	for (size_t i = 0; i < host.len; i++) {
		unsigned char c = (unsigned char)host.ptr[i];
		if (isalnum(c) || c == '_')
			buf_push(&id, host.ptr[i]);
		else
			buf_printf(&id, "%%%02X", c);
	}
	buf_printf(&id, ":%u", port);
	const char *copy = arena_strdup(mem, buf_view(&id));
	buf_fini(&id);
	return copy;
}

static int read_hosts(struct ddl *ddl, struct err *err)
{
	struct row_cursor cursor;
	buf_clear(&ddl->sql);
	buf_puts(&ddl->sql, "SELECT toString(host_name), toUInt64(port) FROM system.clusters WHERE "
			    "cluster = ");
	sql_text(&ddl->sql, slice_of(ddl->cluster->settings.cluster));
	if (cluster_rows(ddl->cluster, &ddl->sql, &ddl->out, &cursor, err) < 0)
		return -1;
	for (struct row_cursor count = cursor; row_more(&count); ddl->n++) {
		row_text(&count);
		row_u64(&count);
	}
	ddl->hosts = arena_zalloc(&ddl->mem, ddl->n + 1, sizeof(*ddl->hosts));
	for (uint32_t i = 0; i < ddl->n; i++) {
		struct slice host = row_text(&cursor);
		unsigned port = (unsigned)row_u64(&cursor);
		struct buf name;
		buf_init(&name, 1 << 16);
		text_escape(&name, (struct slice){host.ptr, host.len < 200 ? host.len : 200});
		buf_printf(&name, ":%u", port);
		ddl->hosts[i].name = arena_strdup(&ddl->mem, buf_view(&name));
		ddl->hosts[i].id = host_id(&ddl->mem, host, port);
		buf_fini(&name);
	}
	return row_end(&cursor, err);
}

int ddl_init(struct ddl *ddl, struct cluster *cluster, void (*said)(void *ctx, const char *what),
	void *ctx, struct err *err)
{
	struct row_cursor cursor;
	struct err why;
	*ddl = (struct ddl){.cluster = cluster, .told = {said, ctx}};
	buf_init(&ddl->sql, 1 << 20);
	buf_init(&ddl->out, ANSWER_MOST);
	if (!cluster->settings.cluster[0])
		return 0;
	if (read_hosts(ddl, err) < 0)
		return -1;
	/* Not every user may look: then it is waited as ClickHouse waits. */
	buf_clear(&ddl->sql);
	buf_puts(&ddl->sql, "SELECT toUInt64(count()) FROM system.zookeeper WHERE path = '/'");
	ddl->readable = cluster_rows(cluster, &ddl->sql, &ddl->out, &cursor, &why) == 0;
	return 0;
}

void ddl_fini(struct ddl *ddl)
{
	buf_fini(&ddl->sql);
	buf_fini(&ddl->out);
	arena_fini(&ddl->mem);
}

/* "a:9000, b:9000 and 3 more": those that have not done what was looked at last. Returns how many there are. */
static uint32_t missing(const struct ddl *ddl, char *text, size_t size)
{
	uint32_t n = 0;
	size_t len = 0;
	*text = '\0';
	for (uint32_t i = 0; i < ddl->n; i++) {
		if (ddl->hosts[i].done || n++ >= NAMES_MOST || len >= size)
			continue;
		len += (size_t)snprintf(
			text + len, size - len, "%s%s", n > 1 ? ", " : "", ddl->hosts[i].name);
	}
	if (n > NAMES_MOST && len < size)
		snprintf(text + len, size - len, " and %u more", n - NAMES_MOST);
	return n;
}

/* ---- one statement --------------------------------------------------------------------------- */

static struct ddl_host *find_host(struct ddl *ddl, struct slice id)
{
	for (uint32_t i = 0; i < ddl->n; i++)
		if (slice_eq(id, slice_of(ddl->hosts[i].id)))
			return &ddl->hosts[i];
	return NULL;
}

/* What a server left in ZooKeeper: "0", or its code and, on the next lines, its words. */
static int judge(const struct ddl_host *host, struct slice status, int *code, struct err *err)
{
	static const char words_of[] = "DB::Exception: ", what[] = ", e.what() =";
	size_t at = 0;
	for (*code = 0; at < status.len && isdigit((unsigned char)status.ptr[at]) && *code < 100000;
		at++)
		*code = *code * 10 + status.ptr[at] - '0';
	if (*code == 0)
		return 0;
	struct slice words = {status.ptr + at, status.len - at};
	const char *from = memmem(words.ptr, words.len, words_of, sizeof(words_of) - 1);
	if (from)
		words = (struct slice){from + sizeof(words_of) - 1,
			words.len - (size_t)(from - words.ptr) - (sizeof(words_of) - 1)};
	const char *to = memmem(words.ptr, words.len, what, sizeof(what) - 1);
	if (to)
		words.len = (size_t)(to - words.ptr);
	struct buf safe;
	buf_init(&safe, 1 << 16);
	text_escape(&safe, (struct slice){words.ptr, words.len < 400 ? words.len : 400});
	err_set(err, ERR_USAGE, "%s of the cluster answers: %.*s (ClickHouse error %d)", host->name,
		SLICE_ARG(buf_view(&safe)), *code);
	buf_fini(&safe);
	return -1;
}

/* Who has done the statement at `path`, and who is at it. -1: one has failed, or it cannot be seen. */
static int look(struct ddl *ddl, const char *path, int *code, struct err *err)
{
	static const char *const below[] = {"/active", "/finished"};
	*code = 0;
	for (uint32_t i = 0; i < ddl->n; i++)
		ddl->hosts[i].done = ddl->hosts[i].active = false;
	for (int finished = 0; finished < 2; finished++) {
		struct row_cursor cursor;
		struct buf node;
		buf_init(&node, 1 << 16);
		buf_printf(&node, "%s%s", path, below[finished]);
		buf_clear(&ddl->sql);
		buf_puts(&ddl->sql, "SELECT toString(name), toString(value) FROM system.zookeeper "
				    "WHERE path = ");
		sql_text(&ddl->sql, buf_view(&node));
		buf_fini(&node);
		if (cluster_rows(ddl->cluster, &ddl->sql, &ddl->out, &cursor, err) < 0)
			return err_context(err, "what the servers did cannot be seen");
		while (row_more(&cursor)) {
			struct slice id = row_text(&cursor), status = row_text(&cursor);
			struct ddl_host *host = find_host(ddl, id);
			if (!host)
				continue;
			*(finished ? &host->done : &host->active) = true;
			if (finished && judge(host, status, code, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Whether somebody is still to be waited for; who is not from now on is away. */
static bool is_awaited(struct ddl *ddl, int64_t waited)
{
	bool busy = false, awaited = false;
	for (uint32_t i = 0; i < ddl->n; i++) {
		const struct ddl_host *host = &ddl->hosts[i];
		busy = busy || (!host->done && host->active);
		awaited = awaited || (!host->done && (host->active || !host->away));
	}
	if (!awaited || waited < (busy ? DDL_BUSY_S : DDL_PATIENCE_S) * SECOND)
		return awaited;
	char names[600];
	missing(ddl, names, sizeof(names));
	table_tell(&ddl->told, "%s does not answer: goes on without, it does this when it is back",
		names);
	for (uint32_t i = 0; i < ddl->n; i++)
		ddl->hosts[i].away = ddl->hosts[i].away || !ddl->hosts[i].done;
	return false;
}

static int await(struct ddl *ddl, const char *path, int *code, struct err *err)
{
	int64_t began = clock_mono_us();
	char names[600];
	bool told = false;
	for (;;) {
		if (look(ddl, path, code, err) < 0)
			return -1;
		if (!is_awaited(ddl, clock_mono_us() - began))
			break;
		missing(ddl, names, sizeof(names));
		if (!told)
			table_tell(&ddl->told, "waiting for %s (up to %d seconds)", names,
				DDL_PATIENCE_S);
		told = true;
		nanosleep(&(struct timespec){0, LOOK_MS * 1000000L}, NULL);
	}
	if (missing(ddl, names, sizeof(names)) == 0)
		return 0;
	struct ddl_node *node = arena_alloc(&ddl->mem, sizeof(*node));
	*node = (struct ddl_node){path, ddl->nodes};
	ddl->nodes = node;
	ddl->late = true;
	return 0;
}

/* The statement's node in ZooKeeper, which the answer names: "… /clickhouse/task_queue/ddl/query-0000000016 is executing longer …". */
static const char *node_of(struct arena *mem, const char *words)
{
	const char *at = strstr(words, "/query-"), *end;
	if (!at)
		return NULL;
	for (end = at + 7; isdigit((unsigned char)*end); end++)
		;
	while (at > words && at[-1] != ' ' && at[-1] != '\'' && at[-1] != '`')
		at--;
	return *at == '/' ? arena_strdup(mem, (struct slice){at, (size_t)(end - at)}) : NULL;
}

int ddl_change(struct ddl *ddl, struct slice sql, int *code, struct err *err)
{
	/* Where ZooKeeper cannot be looked at: so long once, and shorter when it is known that not all answer. */
	static const char *const waits[2][2] = {
		{"distributed_ddl_task_timeout=30", "distributed_ddl_task_timeout=5"},
		{"distributed_ddl_task_timeout=2", "distributed_ddl_task_timeout=1"}};
	bool shards = ddl->cluster->settings.cluster[0] != '\0';
	struct cluster_query query = {.sql = sql, .seconds = 90};
	if (shards)
		query.settings = waits[ddl->readable][ddl->late];
	buf_clear(&ddl->out);
	int rc = cluster_ask(ddl->cluster, &query, &ddl->out, err);
	*code = query.outcome == CLUSTER_REFUSED ? query.code : 0;
	if (rc == 0 || *code != CLUSTER_TIMEOUT || !shards)
		return rc;
	if (ddl->readable) {
		const char *path = node_of(&ddl->mem, err->text);
		if (!path)
			return -1;
		*err = (struct err){0};
		return await(ddl, path, code, err);
	}
	if (!ddl->late)
		table_tell(&ddl->told,
			"some servers of the cluster do not answer: they do this when they are "
			"back (%.400s)",
			err->text);
	ddl->late = true;
	*code = 0;
	*err = (struct err){0};
	return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

int ddl_end(struct ddl *ddl, struct err *err)
{
	char names[600];
	bool *late = arena_zalloc(&ddl->mem, ddl->n + 1, sizeof(*late));
	int code;
	for (const struct ddl_node *node = ddl->nodes; node; node = node->next) {
		if (look(ddl, node->path, &code, err) < 0)
			return -1;
		for (uint32_t i = 0; i < ddl->n; i++)
			late[i] = late[i] || !ddl->hosts[i].done;
	}
	for (uint32_t i = 0; i < ddl->n; i++)
		ddl->hosts[i].done = !late[i];
	uint32_t n = missing(ddl, names, sizeof(names));
	if (n)
		table_tell(&ddl->told,
			"%s: not done there yet. %s it when back within a week, after that run "
			"pugmark cluster init once more",
			names, n == 1 ? "That server does" : "Those servers do");
	return 0;
}
