/* SPDX-License-Identifier: Apache-2.0 */
/* entity.c: one value: its events counted in one pass over the segments that hold it, then further passes for the names that
 * it leads to. */
#include <stdlib.h>

#include "query/entity_private.h"
#include "query/ioc.h"

/* A pass over the events of the index. */
struct passing {
	struct entity_counting *c; /* NULL: names alone */
	struct people *people;
	struct entity *out;
	struct map *unread; /* paths of segments, of all passes: each counts once */
	const struct own_name
		*own; /* the indicators from nvalue on, where a person's are counted */
	uint32_t nvalue;
	struct arena plan_mem, batch_mem;
	struct entity_plan plan;
	uint32_t last_row;
	bool any;
};

static void choose_columns(void *ctx, const char *table, const struct batch_shape *shape,
	const struct observing *what, bool *want)
{
	(void)table;
	struct passing *p = ctx;
	arena_reset(&p->plan_mem);
	entity_plan_make(shape, what, &p->plan_mem, &p->plan);
	entity_plan_want(&p->plan, p->c == NULL, want);
	if (p->c)
		p->c->plan = &p->plan;
}

static void begin_batch(void *ctx, const struct batch *batch)
{
	struct passing *p = ctx;
	entity_plan_begin(&p->plan, batch, &p->batch_mem);
	p->any = false;
}

/* Whether a name means the person in an event's table and instance. */
static bool is_there(
	const struct own_name *name, const char *table, const struct batch *batch, uint32_t row)
{
	const struct column *instances = &batch->columns[SYS_INSTANCE];
	bool none = instances->n == 0 || column_is_null(instances, row);
	struct slice instance = none ? (struct slice){"", 0} : column_text(instances, row);
	return !name->table ||
	       (strcmp(name->table, table) == 0 && slice_eq(slice_of(name->instance), instance));
}

/* An event comes once for each name that it holds. */
static int take_event(void *ctx, const char *table, const struct batch *batch, uint32_t row,
	uint32_t indicator, struct err *err)
{
	struct passing *p = ctx;
	(void)err;
	if (p->any && p->last_row == row)
		return 0;
	if (p->own && indicator >= p->nvalue &&
		!is_there(&p->own[indicator - p->nvalue], table, batch, row))
		return 0;
	p->any = true;
	p->last_row = row;
	if (p->c)
		entity_count_row(p->c, table, batch, row);
	if (p->people)
		people_take_row(p->people, &p->plan, table, batch, row);
	return 0;
}

void entity_unread(struct entity *out, struct map *unread, const char *path, const char *what)
{
	bool is_new;
	map_put(unread, slice_of(path), &is_new);
	out->nproblems += is_new;
	if (!out->problem)
		out->problem = arena_strdup(&out->mem, slice_of(what));
}

static void note_problem(void *ctx, const char *path, const char *what)
{
	struct passing *p = ctx;
	entity_unread(p->out, p->unread, path, what);
}

static int pass(struct store *store, const struct entity_request *request,
	const struct indicator *list, uint32_t n, struct passing *p, struct err *err)
{
	const struct ioc_request asked = {.list = list,
		.n = n,
		.exact = true,
		.tables = request->lake ? NULL : request->tables,
		.threads = request->threads,
		.stop = request->stop};
	const struct ioc_events events = {.request = &asked,
		.fields_only = p->c == NULL,
		.since = request->since,
		.until = request->until,
		.columns = choose_columns,
		.begin = begin_batch,
		.each = take_event,
		.problem = note_problem,
		.ctx = p};
	int rc = ioc_events(store, &events, err);
	arena_fini(&p->plan_mem);
	arena_fini(&p->batch_mem);
	return rc;
}

/* Names lead to names, a pass for each step. */
static int follow_names(struct store *store, const struct entity_request *request,
	struct people *people, struct map *unread, struct entity *out, struct err *err)
{
	int rc = 0;
	while (rc == 0 && people_next(people) > 0) {
		uint32_t n, to = 0;
		const struct asked_name *asked = people_asked(people, &n);
		struct indicator *list = xcalloc(2ul * n + 1, sizeof(*list));
		struct passing p = {.people = people, .out = out, .unread = unread};
		struct arena mem = {0};
		for (uint32_t i = 0; i < n; i++) {
			list[to++] = (struct indicator){
				.form = IOC_EXACT, .kind = asked[i].kind, .key = asked[i].key};
			if (asked[i].kind != IOC_EMAIL)
				continue;
			/* A mail address that is a user name. */
			struct entity_keys keys;
			entity_keys_make(&keys, asked[i].key, &mem);
			list[to++] = (struct indicator){
				.form = IOC_EXACT, .kind = IOC_USER, .key = keys.of[IOC_USER]};
		}
		rc = pass(store, request, list, to, &p, err);
		free(list);
		arena_fini(&mem);
	}
	return rc;
}

/* ---- the value ------------------------------------------------------------------------------- */

/* The value as the index may have it, and its text as people write it. */
struct asked_value {
	struct indicator list[8];
	uint32_t n; /* 0: it can only be searched for, as what it is */
	struct slice text;
	struct entity_keys keys;
};

/* A user key looks like a hash, a user name like a domain or a mail address. */
static void add_texts(struct asked_value *value)
{
	static const enum ioc_kind kinds[] = {
		IOC_USER, IOC_ACCOUNT, IOC_AGENT, IOC_HOST, IOC_OTHER};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct slice key = value->keys.of[kinds[i]];
		if (key.len > 0)
			value->list[value->n++] =
				(struct indicator){.form = IOC_EXACT, .kind = kinds[i], .key = key};
	}
}

static bool is_hash(enum ioc_kind kind)
{
	return kind == IOC_MD5 || kind == IOC_SHA1 || kind == IOC_SHA256;
}

static int parse_value(const struct entity_request *request, struct arena *mem,
	struct asked_value *value, struct err *err)
{
	bool wide;
	struct buf shown;
	struct indicator *indicator = &value->list[0];
	if (indicator_parse(request->value, request->kind, mem, indicator, &wide, err) < 0)
		return request->kind == IOC_NONE ? 0 : -1;
	if (indicator->form == IOC_RANGE || indicator->form == IOC_BELOW)
		return err_set(err, ERR_USAGE,
			"an entity is one thing: `pugmark ioc search` looks for ranges and for all "
			"below a domain");
	value->n = 1;
	/* Of what only looks like a hash, capital letters count. */
	if (indicator->form == IOC_EXACT && is_hash(indicator->kind))
		return 0;
	buf_init(&shown, 1 << 20);
	indicator_text(indicator, &shown);
	value->text = (struct slice){arena_strdup(mem, buf_view(&shown)), shown.len};
	buf_fini(&shown);
	return 0;
}

static int read_value(const struct entity_request *request, struct arena *mem,
	struct asked_value *value, struct err *err)
{
	*value = (struct asked_value){.text = request->value};
	if (request->value.len == 0)
		return err_set(err, ERR_USAGE, "an entity needs a value");
	if (request->as == ENTITY_ANY && parse_value(request, mem, value, err) < 0)
		return -1;
	entity_keys_make(&value->keys, value->text, mem);
	if (value->n > 0 && value->list[0].form == IOC_EXACT && request->kind == IOC_NONE)
		add_texts(value);
	return 0;
}

/* What the index says of it: the kinds. */
static int ask_index(struct store *store, const struct entity_request *request,
	const struct asked_value *value, struct entity *out, struct err *err)
{
	struct ioc_answers answers;
	const struct ioc_request asked = {.list = value->list,
		.n = value->n,
		.exact = true,
		.tables = request->lake ? NULL : request->tables,
		.threads = 1,
		.stop = request->stop};
	if (ioc_search(store, &asked, &answers, err) < 0)
		return -1;
	for (uint32_t i = 0; i < value->n; i++)
		out->kinds |= answers.list[i].kinds;
	out->unindexed = answers.unindexed;
	ioc_answers_free(&answers);
	return 0;
}

static int count_by_index(struct store *store, const struct entity_request *request,
	const struct asked_value *value, struct entity_counting *c, struct people *people,
	struct map *unread, struct err *err)
{
	struct passing p = {.c = c, .people = people, .out = c->out, .unread = unread};
	int rc = pass(store, request, value->list, value->n, &p, err);
	c->plan = NULL;
	return rc;
}

static int count(struct store *store, const struct entity_request *request,
	const struct asked_value *value, struct entity_counting *c, struct people *people,
	struct map *unread, struct err *err)
{
	struct entity *out = c->out;
	int rc = value->n > 0 ? ask_index(store, request, value, out, err) : 0;
	if (rc == 0 && value->n > 0 && (out->kinds || out->unindexed))
		rc = count_by_index(store, request, value, c, people, unread, err);
	if (rc < 0)
		return rc;
	if (out->events > 0)
		return entity_count_target(store, request, &out->named_as_target, err);
	/* What is searched for is the value as it was written. */
	out->searched = true;
	entity_keys_make(&c->keys, request->value, &out->mem);
	return entity_search(store, request, c, people, unread, err);
}

/* ---- all names ------------------------------------------------------------------------------- */

enum { OWN_MOST = 2 * 512 }; /* a mail address is looked for as a user name too */
struct owning {
	struct entity_counting *c;
	struct own_name *names;
	uint32_t n;
	uint32_t count;
	struct arena mem;
};

static void own(struct owning *o, const struct own_name *name)
{
	if (o->n == OWN_MOST)
		return;
	o->names[o->n] = *name;
	o->names[o->n++].key.ptr = arena_strdup(&o->mem, name->key);
	entity_count_own(o->c, name);
}

static void take_own(void *ctx, const struct own_name *name)
{
	struct owning *o = ctx;
	struct entity_keys keys;
	own(o, name);
	o->count++;
	if (name->kind != IOC_EMAIL)
		return;
	entity_keys_make(&keys, name->key, &o->mem);
	own(o, &(struct own_name){.kind = IOC_USER, .key = keys.of[IOC_USER]});
}

/* Counts anew: the events of the value and of the names that are the same person's. */
static int count_person(struct store *store, const struct entity_request *request,
	const struct asked_value *value, struct entity_counting *c, const struct people *people,
	struct map *unread, struct err *err)
{
	struct entity *out = c->out;
	struct owning o = {.c = c, .names = xcalloc(OWN_MOST, sizeof(*o.names))};
	people_each_own(people, take_own, &o);
	int rc = 0;
	if (o.n > 0) {
		uint32_t n = value->n;
		struct indicator *list = xcalloc((size_t)n + o.n, sizeof(*list));
		struct passing p = {
			.c = c, .out = out, .unread = unread, .own = o.names, .nvalue = n};
		memcpy(list, value->list, n * sizeof(*list));
		for (uint32_t i = 0; i < o.n; i++)
			list[n++] = (struct indicator){
				.form = IOC_EXACT, .kind = o.names[i].kind, .key = o.names[i].key};
		out->ncounted = o.count;
		entity_counting_restart(c);
		rc = pass(store, request, list, n, &p, err);
		c->plan = NULL;
		free(list);
	}
	free(o.names);
	arena_fini(&o.mem);
	return rc;
}

int entity_as_named(const char *name, enum entity_as *as)
{
	static const char *const names[] = {
		[ENTITY_ACTOR] = "actor", [ENTITY_TARGET] = "target", [ENTITY_IP] = "ip"};
	*as = ENTITY_ANY;
	for (size_t i = ENTITY_ACTOR; name && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0)
			*as = (enum entity_as)i;
	}
	return name && *as == ENTITY_ANY ? -1 : 0;
}

int entity_find(struct store *store, const struct entity_request *request, struct entity *entity,
	struct err *err)
{
	struct entity_counting c;
	struct asked_value value;
	struct map unread = {0};
	*entity = (struct entity){0};
	if (read_value(request, &entity->mem, &value, err) < 0) {
		entity_free(entity);
		return -1;
	}
	entity_counting_init(&c, entity);
	c.keys = value.keys;
	struct people *people = people_new(value.text, &c.keys);
	int rc = count(store, request, &value, &c, people, &unread, err);
	if (rc == 0)
		rc = follow_names(store, request, people, &unread, entity, err);
	if (rc == 0 && request->person && !entity->searched)
		rc = count_person(store, request, &value, &c, people, &unread, err);
	if (rc == 0) {
		entity->seen = entity->events > 0;
		entity_counting_finish(&c, request->top, request->days, entity);
		people_finish(people, entity);
		rc = entity_alerts(store, request, &c.keys, people, entity, err);
	}
	if (rc == 0 && !entity->seen && !entity->kinds)
		rc = entity_near(store, request, &c.keys, entity, err);
	people_free(people);
	entity_counting_fini(&c);
	map_fini(&unread);
	if (rc < 0)
		entity_free(entity);
	return rc;
}

void entity_free(struct entity *entity)
{
	arena_fini(&entity->mem);
	*entity = (struct entity){0};
}

const char *entity_list_name(enum entity_list list)
{
	static const char *const names[ENTITY_LISTS] = {"tables", "actions", "categories",
		"addresses", "actors", "targets", "agents", "nodes", "sources", "instances"};
	return names[list];
}
