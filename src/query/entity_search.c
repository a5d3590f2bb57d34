/* SPDX-License-Identifier: Apache-2.0 */
/* entity_search.c: the events of what the index does not know (repositories, projects, groups …), by the search language. */
#include <stdlib.h>

#include "query/entity_private.h"

enum { PAGE = 1000000 /* rows of one run */ };

/* "…" with what stands in it escaped. */
static void put_term(struct buf *query, const char *field, struct slice value)
{
	buf_printf(query, "%s%s:\"", query->len ? " OR " : "", field);
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] == '"' || value.ptr[i] == '\\')
			buf_push(query, '\\');
		buf_push(query, value.ptr[i]);
	}
	buf_push(query, '"');
}

/* Addresses are compared as such where they are not in quotes. */
static void put_address(struct buf *query, struct slice value)
{
	enum ioc_kind kind = IOC_IPV4;
	struct buf key;
	buf_init(&key, 1 << 16);
	if (ioc_key(&kind, value, &key)) {
		buf_printf(query, "%sip:", query->len ? " OR " : "");
		ioc_key_text(kind, buf_view(&key), query);
	} else {
		put_term(query, "ip", value);
	}
	buf_fini(&key);
}

static int parse(const struct entity_request *request, enum entity_as as, struct arena *mem,
	const struct expr **expr, struct err *err)
{
	struct buf query;
	buf_init(&query, LIMIT_QUERY_BYTES);
	if (as == ENTITY_ANY || as == ENTITY_TARGET)
		put_term(&query, "target", request->value);
	if (as == ENTITY_ANY || as == ENTITY_ACTOR) {
		put_term(&query, "actor", request->value);
		put_term(&query, "actor_id", request->value);
	}
	if (as == ENTITY_ANY || as == ENTITY_IP)
		put_address(&query, request->value);
	int rc = query.full ? err_set(err, ERR_LIMIT, "the value is too long")
			    : query_parse(buf_view(&query), request->tables, mem, expr, NULL, err);
	buf_fini(&query);
	return rc;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The columns of the file in hand. */
struct searching {
	struct store *store;
	struct entity_counting *c;
	struct people *people;
	const struct batch_shape *shape;
	struct arena mem;
	struct entity_plan plan;
	struct search_cursor last;
};

static int take_row(void *ctx, const struct search_row *row, struct err *err)
{
	struct searching *s = ctx;
	s->last = row->cursor;
	if (s->shape != row->batch->shape) { /* shapes live as long as the search */
		struct observing what;
		arena_fini(&s->mem);
		if (store_observing(s->store, row->schema->table, row->batch->shape, &s->mem, &what,
			    err) < 0)
			return -1;
		entity_plan_make(row->batch->shape, &what, &s->mem, &s->plan);
		s->shape = row->batch->shape;
		s->c->plan = &s->plan;
	}
	entity_count_row(s->c, row->schema->table, row->batch, row->row);
	if (s->people)
		people_take_row(s->people, &s->plan, row->schema->table, row->batch, row->row);
	return 0;
}

static bool is_read(const struct schema_column *column)
{
	return column->observable == OBS_USER || column->observable == OBS_ACCOUNT ||
	       column->observable == OBS_EMAIL || column->observable == OBS_AGENT ||
	       column->observable == OBS_HOST;
}

/* The names of all columns that counting reads. */
static const char **fields_of(const struct search_tables *tables, struct arena *mem, uint32_t *n)
{
	static const char *const common[] = {"event_time", "source", "instance", "actor",
		"actor_id", "action", "category", "ip", "target"};
	uint32_t most = sizeof(common) / sizeof(common[0]);
	for (uint32_t t = 0; t < tables->n; t++)
		most += tables->schemas[t]->ncolumns;
	const char **fields = arena_alloc(mem, (most + 1ul) * sizeof(*fields));
	*n = 0;
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		fields[(*n)++] = common[i];
	for (uint32_t t = 0; t < tables->n; t++) {
		for (uint32_t c = 0; c < tables->schemas[t]->ncolumns; c++) {
			if (is_read(&tables->schemas[t]->columns[c]))
				fields[(*n)++] = tables->schemas[t]->columns[c].name;
		}
	}
	return fields;
}

static void note_problems(
	const struct search_result *result, struct map *unread, struct entity *out)
{
	for (uint32_t i = 0; i < result->nproblems; i++)
		entity_unread(out, unread, result->problems[i].path, result->problems[i].what);
	if (result->partial)
		entity_unread(out, unread, "", result->why ? result->why : "it ended early");
}

static struct search_request request_of(
	const struct entity_request *request, const struct expr *expr)
{
	return (struct search_request){.expr = expr,
		.tables = request->tables,
		.lake = request->lake,
		.now = request->now,
		.since = request->since,
		.until = request->until,
		.threads = request->threads,
		.stop = request->stop};
}

int entity_search(struct store *store, const struct entity_request *request,
	struct entity_counting *c, struct people *people, struct map *unread, struct err *err)
{
	struct arena mem = {0};
	const struct expr *expr;
	uint32_t nfields;
	const char **fields = fields_of(request->tables, &mem, &nfields);
	struct search_cursor after;
	int rc = parse(request, request->as, &mem, &expr, err);
	bool more = rc == 0;
	for (bool first = true; more && rc == 0; first = false) {
		struct search *search;
		struct searching s = {.store = store, .c = c, .people = people};
		struct search_request asked = request_of(request, expr);
		asked.limit = PAGE;
		asked.after = first ? NULL : &after;
		rc = search_run(store, &asked, &search, err);
		if (rc < 0)
			break;
		const struct search_result *result = search_result(search);
		rc = search_rows(search, 0, result->nrows, fields, nfields, take_row, &s, err);
		note_problems(result, unread, c->out);
		more = result->more && !result->partial && result->nrows > 0;
		after = s.last;
		search_free(search);
		arena_fini(&s.mem);
		c->plan = NULL;
		if (rc == 0 && request->stop && *request->stop)
			rc = err_set(err, ERR_INTERRUPTED, "interrupted");
	}
	arena_fini(&mem);
	return rc < 0 ? -1 : 0;
}

int entity_count_target(struct store *store, const struct entity_request *request, uint64_t *events,
	struct err *err)
{
	struct arena mem = {0};
	const struct expr *expr;
	struct search *search;
	*events = 0;
	int rc = parse(request, ENTITY_TARGET, &mem, &expr, err);
	if (rc == 0) {
		struct search_request asked = request_of(request, expr);
		asked.count = true;
		rc = search_run(store, &asked, &search, err);
	}
	if (rc == 0) {
		*events = search_result(search)->matched;
		search_free(search);
	}
	arena_fini(&mem);
	return rc;
}
