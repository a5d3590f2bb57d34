/* SPDX-License-Identifier: Apache-2.0 */
/* infer.c: from sample records to a proposed schema: what infer_read.c counted becomes columns, as
 * a table of its own or on top of the built-in table that the records mostly fit. */
#include "schema/infer_plan.h"

#include <stdlib.h>

struct infer *infer_new(void)
{
	struct infer *infer = xcalloc(1, sizeof(*infer));
	arena_init(&infer->mem);
	return infer;
}

void infer_free(struct infer *infer)
{
	if (!infer)
		return;
	for (uint32_t i = 0; i < infer->nmaps; i++) {
		map_fini(infer->maps[i]);
		free(infer->maps[i]);
	}
	arena_fini(&infer->mem);
	free(infer);
}

int infer_add(struct infer *infer, struct slice record, struct err *err)
{
	(void)err;
	if (infer_read(infer, record, &infer->why) == 0)
		infer->taken++;
	else
		infer->skipped++;
	return 0;
}

/* Whether a column or list has that name already, here or in the table that is extended. */
static bool is_taken(const struct plan *plan, int list, const char *name)
{
	for (uint32_t i = 0; i < plan->ncolumns; i++) {
		const struct plan_column *column = &plan->columns[i];
		if (column->list == list && strcmp(column->name, name) == 0)
			return true;
		if (list < 0 && column->list >= 0 &&
			strcmp(plan->lists[column->list].name, name) == 0)
			return true;
	}
	if (list < 0 && (sys_find(name) >= 0))
		return true;
	if (!plan->base)
		return false;
	const struct batch_shape *shape = &plan->base->shape;
	for (uint32_t i = 0; list < 0 && i < shape->ngroups; i++)
		if (strcmp(shape->groups[i].name, name) == 0)
			return true;
	for (uint32_t i = 0; i < shape->ncolumns; i++) {
		int group = shape->columns[i].group;
		bool same = list < 0 ? group == NO_GROUP
				     : group != NO_GROUP && strcmp(shape->groups[group].name,
								    plan->lists[list].name) == 0;
		if (same && strcmp(shape->columns[i].name, name) == 0)
			return true;
	}
	return false;
}

static const char *free_name(struct plan *plan, int list, const char *name)
{
	if (!is_taken(plan, list, name))
		return name;
	if (list < 0 && sys_find(name) >= 0)
		name = arena_printf(plan->mem, "record_%s", name);
	const char *tried = name;
	for (unsigned i = 2; is_taken(plan, list, tried); i++)
		tried = arena_printf(plan->mem, "%.*s_%u", DRAFT_NAME - 8, name, i);
	return tried;
}

static struct plan_column *add_column(
	struct plan *plan, int list, const char *name, const char *path, const struct seen *seen)
{
	if (plan->ncolumns == plan->max) {
		plan->left_out++;
		return NULL;
	}
	struct plan_column *column = &plan->columns[plan->ncolumns];
	*column = (struct plan_column){
		.seen = seen, .list = list, .path = path, .type = guess_type(seen)};
	int sys = list < 0 && !plan->base ? sys_find(name) : -1;
	column->direct =
		sys >= 0 && sys_is_common(sys) && column->type == COL_STRING && !plan->direct[sys];
	if (column->direct)
		plan->direct[sys] = true;
	column->name = column->direct ? name : free_name(plan, list, name);
	if (column->type == COL_STRING && !column->direct)
		column->observable = guess_observable(seen, column->name);
	plan->ncolumns++;
	return column;
}

static int add_list(struct plan *plan, const char *name, const char *path, bool bare)
{
	if (plan->nlists == plan->max)
		return -1;
	plan->lists[plan->nlists] = (struct plan_list){.name = name, .path = path, .bare = bare};
	return (int)plan->nlists++;
}

static const char *join(struct plan *plan, const char *path, struct slice key)
{
	struct buf buf;
	buf_init(&buf, (size_t)1 << 16);
	buf_puts(&buf, path);
	path_append(&buf, key);
	const char *joined = arena_strdup(plan->mem, buf_view(&buf));
	buf_fini(&buf);
	return joined;
}

/* The node of the extended table for a key below `node`, or NULL. */
static const struct schema_node *known_child(
	const struct plan *plan, const struct schema_node *node, struct slice key)
{
	for (uint32_t i = 0; node && i < node->nchildren; i++) {
		const struct schema_node *child = &plan->base->nodes[node->first_child + i];
		if (slice_eq((struct slice){child->key, child->key_len}, key))
			return child;
	}
	return NULL;
}

static void plan_children(struct plan *plan, const struct seen *seen, struct place place);

static void plan_new_key(struct plan *plan, const struct seen *seen, struct place place)
{
	switch (guess_shape(seen, place.list >= 0, place.depth)) {
	case SHAPE_OBJECT:
		plan_children(plan, seen, place);
		return;
	case SHAPE_LIST:
		place.list = add_list(plan, free_name(plan, -1, place.name), place.path, false);
		if (place.list < 0)
			return;
		place.path = place.name = "";
		plan_children(plan, seen->element, place);
		return;
	case SHAPE_VALUES: {
		const char *name = free_name(plan, -1, place.name);
		int list = add_list(plan, name, place.path, true);
		if (list >= 0)
			add_column(plan, list, name, "", seen->element);
		return;
	}
	case SHAPE_LEAF:
		add_column(plan, place.list, place.name, place.path, seen);
		return;
	}
}

/* A key that the extended table knows: only what is new below it is proposed. */
static void plan_known_key(struct plan *plan, const struct seen *seen, struct place place)
{
	const struct schema_node *node = place.known;
	if (!plan->base || !node)
		return;
	if (node->kind == NODE_OBJECT && node->column < 0) {
		plan_children(plan, seen, place);
	} else if (node->kind == NODE_LIST && seen->element) {
		const char *name = plan->base->shape.groups[node->group].name;
		place.list = add_list(plan, name, NULL, false);
		if (place.list < 0)
			return;
		place.path = place.name = "";
		plan_children(plan, seen->element, place);
	}
}

static void plan_children(struct plan *plan, const struct seen *seen, struct place place)
{
	for (const struct seen *child = seen->first; child; child = child->next) {
		if (!key_is_usable(child->key)) {
			plan->left_out++;
			continue;
		}
		struct place below = {.path = join(plan, place.path, child->key),
			.name = guess_name(plan->mem, place.name, child->key),
			.list = place.list,
			.depth = place.depth + 1,
			.known = known_child(plan, place.known, child->key)};
		if (below.known)
			plan_known_key(plan, child, below);
		else
			plan_new_key(plan, child, below);
	}
}

/* How well a time column suits as the event's time: what is called so, stands everywhere, first. */
static int time_rank(const struct plan *plan, const struct plan_column *column)
{
	static const char *const names[] = {"event_time", "timestamp", "time", "created",
		"creation_date", "created_at", "date", "event_date", "occurred_at"};
	if (column->list >= 0 || column->type != COL_TIME)
		return -1;
	int rank = seen_values(column->seen) == plan->infer->taken ? 100 : 10;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(column->name, names[i]) == 0 || strcmp(column->path, names[i]) == 0)
			rank += 50 - (int)i;
	return rank;
}

/* Takes the best time column out of the columns. */
static void choose_time(struct plan *plan)
{
	int best = -1, most = -1;
	for (uint32_t i = 0; i < plan->ncolumns; i++) {
		int rank = time_rank(plan, &plan->columns[i]);
		if (rank > most) {
			most = rank;
			best = (int)i;
		}
	}
	if (best < 0)
		return;
	plan->time_path = plan->columns[best].path;
	if (plan->ncolumns == 1)
		return; /* a table needs a column: the time is one as well */
	plan->ncolumns--;
	memmove(&plan->columns[best], &plan->columns[best + 1],
		(plan->ncolumns - (uint32_t)best) * sizeof(*plan->columns));
}

static void choose_id(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->ncolumns && !plan->id; i++) {
		const struct plan_column *column = &plan->columns[i];
		const struct seen *seen = column->seen;
		bool fits = column->list < 0 && !column->direct &&
			    (column->type == COL_STRING || column->type == COL_INT64);
		if (fits && seen->ids && !seen->id_twice && seen->forms[FORM_EMPTY] == 0 &&
			seen_values(seen) == plan->infer->taken &&
			plan->infer->taken >= INFER_LEAST_IDS)
			plan->id = column->name;
	}
}

int infer_finish(struct infer *infer, const char *table, struct buf *out, struct err *err)
{
	if (infer->taken == 0)
		return err_set(err, ERR_FORMAT,
			"none of %llu samples is a JSON object (%s): give NDJSON records",
			(unsigned long long)infer->skipped,
			infer->why ? infer->why : "there are none");
	struct arena mem;
	arena_init(&mem);
	struct plan plan = {.infer = infer,
		.mem = &mem,
		.max = LIMIT_COLUMNS - SYS_COLUMNS,
		.base = guess_base(infer)};
	if (plan.base)
		plan.max -= plan.base->ncolumns + 8;
	plan.table = table && *table ? table : plan.base ? plan.base->table : "my_audit_logs";
	struct draft names = {.file = "--table"};
	int rc = draft_check_name(&names, plan.table, 1, "table", err);
	if (rc == 0) {
		plan.columns = arena_zalloc(&mem, plan.max, sizeof(*plan.columns));
		plan.lists = arena_zalloc(&mem, plan.max, sizeof(*plan.lists));
		struct place root = {.path = "",
			.name = "",
			.list = -1,
			.known = plan.base ? &plan.base->nodes[0] : NULL};
		plan_children(&plan, &infer->root, root);
		if (!plan.base) {
			choose_time(&plan);
			choose_id(&plan);
		}
		plan_print(&plan, out);
		if (out->full)
			rc = err_set(err, ERR_LIMIT, "the proposal is longer than its buffer");
	}
	arena_fini(&mem);
	return rc;
}
