/* SPDX-License-Identifier: Apache-2.0 */
/* entity_plan.c: which columns of a table tell who, what, where, and which of them name one person. */
#include "query/entity_private.h"

void entity_keys_make(struct entity_keys *keys, struct slice text, struct arena *mem)
{
	struct buf key;
	*keys = (struct entity_keys){0};
	buf_init(&key, IOC_KEY_MAX + 64);
	for (enum ioc_kind kind = IOC_IPV4; kind < IOC_KINDS; kind++) {
		enum ioc_kind found = kind;
		buf_clear(&key);
		if (ioc_key(&found, text, &key) && found == kind)
			keys->of[kind] = (struct slice){arena_strdup(mem, buf_view(&key)), key.len};
	}
	buf_fini(&key);
}

/* ---- persons --------------------------------------------------------------------------------- */

/* The end of a column's name tells what of the person it is; what stands before it is the person. The longest first. */
static const struct {
	const char *suffix;
	enum entity_naming user, account; /* by what the schema's mark says */
} suffixes[] = {
	{"_display_name", NAMING_DISPLAY, NAMING_ID},
	{"_public_name", NAMING_DISPLAY, NAMING_ID},
	{"_account_id", NAMING_USER, NAMING_ID},
	{"_user_key", NAMING_USER, NAMING_KEY},
	{"_username", NAMING_USER, NAMING_ID},
	{"_email", NAMING_DISPLAY, NAMING_ID},
	{"_name", NAMING_DISPLAY, NAMING_ID},
	{"_key", NAMING_USER, NAMING_KEY},
	{"_id", NAMING_USER, NAMING_ID},
};

static struct slice person_of(const char *name, enum ioc_kind kind, enum entity_naming *naming)
{
	struct slice whole = slice_of(name);
	*naming = kind == IOC_EMAIL     ? NAMING_MAIL
		  : kind == IOC_ACCOUNT ? NAMING_ID
					: NAMING_DISPLAY;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i].suffix);
		if (whole.len <= n || memcmp(name + whole.len - n, suffixes[i].suffix, n) != 0)
			continue;
		if (kind != IOC_EMAIL)
			*naming = kind == IOC_USER ? suffixes[i].user : suffixes[i].account;
		return (struct slice){name, whole.len - n};
	}
	/* Within a list, `id` and `email` of one element. */
	return whole;
}

static bool names_person(const struct observed *observed)
{
	return observed->column >= SYS_COLUMNS && !observed->text &&
	       (observed->kind == IOC_USER || observed->kind == IOC_ACCOUNT ||
		       observed->kind == IOC_EMAIL);
}

static bool is_same_person(const struct batch_shape *shape, uint32_t a, uint32_t b)
{
	enum entity_naming naming;
	if (shape->columns[a].group != shape->columns[b].group)
		return false;
	return shape->columns[a].group != NO_GROUP ||
	       slice_eq(person_of(shape->columns[a].name, IOC_USER, &naming),
		       person_of(shape->columns[b].name, IOC_USER, &naming));
}

/* Columns of one person are put one after another. */
static void plan_people(const struct batch_shape *shape, const struct observing *what,
	struct arena *mem, struct entity_plan *plan)
{
	bool *done = arena_zalloc(mem, what->n + 1ul, sizeof(*done));
	plan->people = arena_zalloc(mem, what->n + 1ul, sizeof(*plan->people));
	plan->persons = arena_zalloc(mem, what->n + 1ul, sizeof(*plan->persons));
	for (uint32_t i = 0; i < what->n; i++) {
		if (done[i] || !names_person(&what->columns[i]))
			continue;
		struct person_columns *person = &plan->persons[plan->npersons++];
		person->first = &plan->people[plan->npeople];
		for (uint32_t k = i; k < what->n; k++) {
			const struct observed *o = &what->columns[k];
			if (done[k] || !names_person(o) ||
				!is_same_person(shape, what->columns[i].column, o->column))
				continue;
			done[k] = true;
			struct person_column *column = &plan->people[plan->npeople++];
			*column = (struct person_column){.column = o->column, .kind = o->kind};
			person_of(shape->columns[o->column].name, o->kind, &column->naming);
			person->n++;
		}
	}
}

/* ---- roles and lists ------------------------------------------------------------------------- */

static void add_role(
	struct entity_plan *plan, uint32_t column, enum ioc_kind kind, enum entity_role role)
{
	plan->roles[plan->nroles++] =
		(struct role_column){.column = column, .kind = kind, .role = role};
}

/* Who acts is in the common fields, and in columns of `author` and `actor` that these leave out. */
static void plan_roles(const struct batch_shape *shape, struct arena *mem, struct entity_plan *plan)
{
	plan->roles = arena_zalloc(mem, plan->npeople + 8ul, sizeof(*plan->roles));
	add_role(plan, SYS_ACTOR, IOC_USER, ROLE_ACTOR);
	add_role(plan, SYS_ACTOR_ID, IOC_ACCOUNT, ROLE_ACTOR);
	add_role(plan, SYS_IP, IOC_IPV4, ROLE_ADDRESS);
	add_role(plan, SYS_IP, IOC_IPV6, ROLE_ADDRESS);
	add_role(plan, SYS_TARGETS, IOC_OTHER, ROLE_TARGET);
	add_role(plan, SYS_TARGET, IOC_OTHER, ROLE_TARGET);
	for (uint32_t i = 0; i < plan->npeople; i++) {
		enum entity_naming naming;
		const struct person_column *p = &plan->people[i];
		struct slice person = person_of(shape->columns[p->column].name, p->kind, &naming);
		if (shape->columns[p->column].group == NO_GROUP &&
			(slice_eq(person, slice_of("author")) ||
				slice_eq(person, slice_of("actor"))))
			add_role(plan, p->column, p->kind, ROLE_ACTOR);
	}
}

static void add_list(struct entity_plan *plan, uint32_t column, enum entity_list list)
{
	plan->lists[plan->nlists++] = (struct list_column){.column = column, .list = list};
}

static void plan_lists(const struct observing *what, struct arena *mem, struct entity_plan *plan)
{
	static const struct {
		uint32_t column;
		enum entity_list list;
	} common[] = {{SYS_ACTION, ENTITY_ACTIONS}, {SYS_CATEGORY, ENTITY_CATEGORIES},
		{SYS_IP, ENTITY_ADDRESSES}, {SYS_ACTOR, ENTITY_ACTORS},
		{SYS_TARGETS, ENTITY_TARGETS}, {SYS_SOURCE, ENTITY_SOURCES},
		{SYS_INSTANCE, ENTITY_INSTANCES}};
	enum { COMMON = sizeof(common) / sizeof(common[0]) };
	plan->lists = arena_zalloc(mem, what->n + (size_t)COMMON + 1, sizeof(*plan->lists));
	for (size_t i = 0; i < COMMON; i++)
		add_list(plan, common[i].column, common[i].list);
	for (uint32_t i = 0; i < what->n; i++) {
		const struct observed *o = &what->columns[i];
		if (o->text || o->column < SYS_COLUMNS)
			continue;
		if (o->kind == IOC_AGENT)
			add_list(plan, o->column, ENTITY_AGENTS);
		else if (o->kind == IOC_HOST)
			add_list(plan, o->column, ENTITY_NODES);
	}
}

void entity_plan_make(const struct batch_shape *shape, const struct observing *what,
	struct arena *mem, struct entity_plan *plan)
{
	*plan = (struct entity_plan){0};
	plan_people(shape, what, mem, plan);
	plan_roles(shape, mem, plan);
	plan_lists(what, mem, plan);
}

void entity_plan_want(const struct entity_plan *plan, bool people_only, bool *want)
{
	want[SYS_EVENT_TIME] = want[SYS_EVENT_ID] = want[SYS_INSTANCE] = true;
	for (uint32_t i = 0; i < plan->npeople; i++)
		want[plan->people[i].column] = true;
	for (uint32_t i = 0; i < plan->nroles && !people_only; i++)
		want[plan->roles[i].column] = true;
	for (uint32_t i = 0; i < plan->nlists && !people_only; i++)
		want[plan->lists[i].column] = true;
}

static void *room_for(const struct batch *batch, uint32_t column, size_t size, struct arena *mem)
{
	const struct column *c = &batch->columns[column];
	return c->n == 0 || c->plain ? NULL : arena_zalloc(mem, c->ndistinct + 1ul, size);
}

void entity_plan_begin(struct entity_plan *plan, const struct batch *batch, struct arena *mem)
{
	arena_reset(mem);
	for (uint32_t i = 0; i < plan->nroles; i++)
		plan->roles[i].known = room_for(batch, plan->roles[i].column, 1, mem);
	for (uint32_t i = 0; i < plan->npeople; i++)
		plan->people[i].known = room_for(batch, plan->people[i].column, 1, mem);
	for (uint32_t i = 0; i < plan->nlists; i++)
		plan->lists[i].slots =
			room_for(batch, plan->lists[i].column, sizeof(uint32_t), mem);
}
