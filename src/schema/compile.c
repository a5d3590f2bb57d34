/* SPDX-License-Identifier: Apache-2.0 */
/* compile.c: a complete draft into the plan that the other rooms read: shape, columns, and every
 * reference as a shape index. All memory of the plan is the schema's own arena. */
#include "schema/draft.h"

struct compiler {
	struct draft *draft;
	struct schema *schema;
	struct err *err;
	struct column_shape *shape;
	struct group_shape *groups;
	struct schema_column *columns;
};

static const char *keep_text(struct schema *schema, const char *text)
{
	return text ? arena_strdup(&schema->mem, slice_of(text)) : NULL;
}

static const struct draft_paths no_list = {1, {{"", 0}}};

/* The paths of a column from the root; those of a list's field begin with each of the list's. */
static void full_paths(struct compiler *c, const struct draft_column *in, struct schema_column *out)
{
	const struct draft_list *list = in->list >= 0 ? &c->draft->lists[in->list] : NULL;
	const struct draft_paths *heads = list ? &list->paths : &no_list;
	const struct draft_paths *tails = list && list->bare ? &no_list : &in->paths;
	out->paths = arena_zalloc(&c->schema->mem, heads->n * tails->n + 1, sizeof(*out->paths));
	for (uint32_t h = 0; h < heads->n; h++)
		for (uint32_t t = 0; t < tails->n; t++) {
			const char *tail = tails->items[t].text;
			out->paths[out->npaths++] =
				arena_printf(&c->schema->mem, "%s%s%s%s", heads->items[h].text,
					list ? "[]" : "", list && *tail ? "." : "", tail);
		}
}

static void emit_column(struct compiler *c, struct draft_column *in, int group)
{
	struct schema *schema = c->schema;
	in->index = (int)schema->shape.ncolumns;
	const char *name = keep_text(schema, in->name);
	c->shape[schema->shape.ncolumns++] =
		(struct column_shape){name, in->type, group, (uint8_t)in->observable};
	struct schema_column *out = &c->columns[schema->ncolumns++];
	*out = (struct schema_column){
		.name = name, .type = in->type, .observable = in->observable, .group = group};
	if (group != NO_GROUP && !c->groups[group].bare)
		out->name = arena_printf(&schema->mem, "%s.%s", c->groups[group].name, name);
	full_paths(c, in, out);
}

/* All kept columns of one list, which must be adjacent. */
static void emit_list(struct compiler *c, int list)
{
	struct draft_list *in = &c->draft->lists[list];
	if (in->group != NO_GROUP)
		return;
	in->group = (int)c->schema->shape.ngroups++;
	c->groups[in->group] = (struct group_shape){keep_text(c->schema, in->name), in->bare};
	for (uint32_t i = 0; i < c->draft->ncolumns; i++) {
		struct draft_column *column = &c->draft->columns[i];
		if (column->list == list && column->keep)
			emit_column(c, column, in->group);
	}
}

static int emit_shape(struct compiler *c)
{
	struct draft *draft = c->draft;
	struct schema *schema = c->schema;
	size_t n = SYS_COLUMNS + (size_t)draft->ncolumns;
	c->shape = arena_zalloc(&schema->mem, n, sizeof(*c->shape));
	c->groups = arena_zalloc(&schema->mem, draft->nlists + 1u, sizeof(*c->groups));
	c->columns = arena_zalloc(&schema->mem, draft->ncolumns + 1u, sizeof(*c->columns));
	memcpy(c->shape, sys_columns, sizeof(sys_columns));
	c->groups[0] = (struct group_shape){sys_columns[SYS_TARGETS].name, true};
	schema->shape = (struct batch_shape){schema->table, SYS_COLUMNS, 1, c->shape, c->groups};
	schema->columns = c->columns;
	for (uint32_t i = 0; i < draft->ncolumns; i++) {
		struct draft_column *column = &draft->columns[i];
		if (!column->keep || column->direct >= 0)
			continue;
		if (column->list < 0)
			emit_column(c, column, NO_GROUP);
		else
			emit_list(c, column->list);
	}
	return 0;
}

static bool is_direct(const struct draft *draft, int sys)
{
	for (uint32_t i = 0; i < draft->ncolumns; i++)
		if (draft->columns[i].direct == sys)
			return true;
	return false;
}

/* The shape index of a reference; -1 where it names nothing or a column that `only` left out. */
static int index_of(const struct draft *draft, const struct draft_ref *ref)
{
	if (ref->sys >= 0)
		return ref->sys;
	return ref->column >= 0 ? draft->columns[ref->column].index : -1;
}

static int group_of(const struct compiler *c, int index)
{
	return c->schema->shape.columns[index].group;
}

static enum col_type type_of(const struct compiler *c, int index)
{
	return c->schema->shape.columns[index].type;
}

static int check_direct(const struct compiler *c, const struct draft_ref *ref)
{
	if (ref->sys < 0 || (sys_is_common(ref->sys) && is_direct(c->draft, ref->sys)))
		return 0;
	return yaml_error(c->err, c->draft->file, ref->line,
		"\"%s\" is not a column of the record's own: name the columns that it is made from",
		sys_columns[ref->sys].name);
}

static int compile_common(struct compiler *c, int sys)
{
	const struct draft_refs *refs = &c->draft->common[sys];
	struct common_field *out = &c->schema->common[sys];
	int *columns = arena_zalloc(&c->schema->mem, refs->n + 1, sizeof(*columns));
	out->direct = is_direct(c->draft, sys);
	out->columns = columns;
	for (uint32_t i = 0; i < refs->n; i++) {
		const struct draft_ref *ref = &refs->items[i];
		if (ref->sys == sys)
			return yaml_error(c->err, c->draft->file, ref->line,
				"\"%s\" is made from itself: name other columns", ref->name);
		if (check_direct(c, ref) != 0)
			return -1;
		int index = index_of(c->draft, ref);
		if (index < 0)
			continue;
		if (group_of(c, index) != NO_GROUP || type_of(c, index) != COL_STRING)
			return yaml_error(c->err, c->draft->file, ref->line,
				"\"%s\" cannot fill a common field: name a column of type string "
				"that is in no list",
				ref->name);
		columns[out->ncolumns++] = index;
	}
	return 0;
}

static int target_column(const struct compiler *c, const struct draft_ref *ref, int *out)
{
	*out = index_of(c->draft, ref);
	if (ref->sys >= 0)
		return yaml_error(c->err, c->draft->file, ref->line,
			"\"%s\" cannot be part of a target: name columns of the record's own",
			sys_columns[ref->sys].name);
	if (*out >= 0 && type_of(c, *out) != COL_STRING)
		return yaml_error(c->err, c->draft->file, ref->line,
			"\"%s\" cannot be part of a target: make it a string", ref->name);
	return 0;
}

static int compile_targets(struct compiler *c)
{
	struct draft *draft = c->draft;
	struct schema *schema = c->schema;
	struct target_rule *rules = arena_zalloc(&schema->mem, draft->ntargets + 1, sizeof(*rules));
	schema->targets = rules;
	for (uint32_t i = 0; i < draft->ntargets; i++) {
		const struct draft_target *in = &draft->targets[i];
		struct target_rule rule;
		if (target_column(c, &in->name, &rule.name_column) != 0 ||
			target_column(c, &in->type, &rule.type_column) != 0 ||
			target_column(c, &in->id, &rule.id_column) != 0)
			return -1;
		if (rule.name_column < 0 && rule.id_column < 0)
			continue; /* left out by `only` */
		int some = rule.name_column >= 0 ? rule.name_column : rule.id_column;
		if ((rule.type_column >= 0 && group_of(c, rule.type_column) != group_of(c, some)) ||
			(rule.id_column >= 0 && group_of(c, rule.id_column) != group_of(c, some)))
			return yaml_error(c->err, draft->file, in->line,
				"a target's name, type and id are not of one list: name fields of "
				"one list, or columns that are in none");
		rules[schema->ntargets++] = rule;
	}
	const char **order = arena_zalloc(&schema->mem, draft->norder + 1, sizeof(*order));
	for (; schema->ntarget_order < draft->norder; schema->ntarget_order++)
		order[schema->ntarget_order] =
			keep_text(schema, draft->order[schema->ntarget_order]);
	schema->target_order = order;
	return 0;
}

static int compile_fallback(struct compiler *c)
{
	const struct draft_refs *refs = &c->draft->fallback;
	int *columns = arena_zalloc(&c->schema->mem, refs->n + 1, sizeof(*columns));
	c->schema->fallback = columns;
	for (uint32_t i = 0; i < refs->n; i++) {
		const struct draft_ref *ref = &refs->items[i];
		int index = index_of(c->draft, ref);
		if (ref->sys >= 0 || group_of(c, index) != NO_GROUP ||
			type_of(c, index) != COL_TIME)
			return yaml_error(c->err, c->draft->file, ref->line,
				"\"%s\" cannot stand in for the time: name a column of type time "
				"that is in no list",
				ref->name);
		columns[c->schema->nfallback++] = index;
	}
	return 0;
}

static int compile_id(struct compiler *c, const struct draft_ref *ref, bool number, int *out)
{
	*out = index_of(c->draft, ref);
	if (*out < 0)
		return 0;
	bool fits = ref->sys < 0 && group_of(c, *out) == NO_GROUP &&
		    (type_of(c, *out) == COL_STRING || (number && type_of(c, *out) == COL_INT64));
	if (fits)
		return 0;
	return yaml_error(c->err, c->draft->file, ref->line,
		"\"%s\" cannot be the %s: name a column of type string%s that is in no list",
		ref->name, number ? "id" : "instance", number ? " or int" : "");
}

static int identity_column(const struct compiler *c, const struct draft_ref *ref, int *out)
{
	*out = index_of(c->draft, ref);
	if (ref->sys == SYS_EVENT_TIME)
		return 0;
	return check_direct(c, ref);
}

/* Without `identity`, everything that has a column tells events apart. */
static void identity_of_all(struct compiler *c, struct identity_part *parts)
{
	struct schema *schema = c->schema;
	parts[schema->nidentity++] = (struct identity_part){SYS_EVENT_TIME, -1};
	for (int sys = SYS_ACTOR; sys <= SYS_SUMMARY; sys++)
		if (schema->common[sys].direct)
			parts[schema->nidentity++] = (struct identity_part){sys, -1};
	for (uint32_t i = SYS_COLUMNS; i < schema->shape.ncolumns; i++)
		parts[schema->nidentity++] = (struct identity_part){(int)i, -1};
}

static int compile_identity(struct compiler *c)
{
	struct draft *draft = c->draft;
	struct schema *schema = c->schema;
	size_t room = draft->nidentity + schema->shape.ncolumns;
	struct identity_part *parts = arena_zalloc(&schema->mem, room, sizeof(*parts));
	schema->identity = parts;
	for (uint32_t i = 0; i < draft->nidentity; i++) {
		const struct draft_identity *in = &draft->identity[i];
		struct identity_part part;
		if (identity_column(c, &in->column, &part.column) != 0 ||
			identity_column(c, &in->otherwise, &part.otherwise) != 0)
			return -1;
		if (part.otherwise >= 0 && group_of(c, part.column) != group_of(c, part.otherwise))
			return yaml_error(c->err, draft->file, in->column.line,
				"\"%s\" and \"%s\" are not of one list: name fields of one list, "
				"or columns that are in none",
				in->column.name, in->otherwise.name);
		parts[schema->nidentity++] = part;
	}
	if (draft->nidentity == 0)
		identity_of_all(c, parts);
	return 0;
}

static void compile_marks(struct compiler *c)
{
	struct schema_mark *marks =
		arena_zalloc(&c->schema->mem, c->draft->nmarks + 1, sizeof(*marks));
	for (uint32_t i = 0; i < c->draft->nmarks; i++)
		marks[i] = (struct schema_mark){keep_text(c->schema, c->draft->marks[i].path),
			keep_text(c->schema, c->draft->marks[i].prefix), c->draft->marks[i].weight};
	c->schema->marks = marks;
	c->schema->nmarks = c->draft->nmarks;
}

int draft_compile(struct draft *draft, struct schema *schema, struct err *err)
{
	struct compiler c = {.draft = draft, .schema = schema, .err = err};
	schema->table = keep_text(schema, draft->table);
	schema->product = keep_text(schema, draft->product ? draft->product : draft->table);
	schema->version_text = keep_text(schema, draft->version ? draft->version : "");
	if (emit_shape(&c) != 0)
		return -1;
	for (int sys = 0; sys < SYS_COLUMNS; sys++)
		if (compile_common(&c, sys) != 0)
			return -1;
	if (compile_fallback(&c) != 0 || compile_targets(&c) != 0 ||
		compile_id(&c, &draft->id, true, &schema->id_column) != 0 ||
		compile_id(&c, &draft->instance, false, &schema->instance_column) != 0 ||
		compile_identity(&c) != 0 || nodes_build(draft, schema, err) != 0)
		return -1;
	compile_marks(&c);
	schema_fingerprint(schema);
	return 0;
}
