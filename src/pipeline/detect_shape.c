/* SPDX-License-Identifier: Apache-2.0 */
/* detect_shape.c: what the rules mean in the shape of a file, and the values that they put events together by. */
#include <stdlib.h>

#include "batch/concat.h"
#include "pipeline/detector.h"

/* Where a value is taken from. `target` is asked of all targets of an event; its value is one, the column's: of a list it would be
 * whatever stands first. */
static struct field value_field(struct detect_shape *shape, struct slice name)
{
	struct match_field found = {0};
	if (schema_resolve(shape->schema, name) != SYS_TARGET)
		return field_resolve(shape->schema, &shape->shape, name, &shape->mem);
	struct field field = {
		.n = query_resolve_shown(shape->schema, &shape->shape, name, &found),
		.list = arena_zalloc(&shape->mem, 1, sizeof(found)),
	};
	field.list[0] = found;
	return field;
}

static struct name_list resolve_names(
	struct detect_shape *shape, const char *const *names, uint32_t n)
{
	struct name_list list = {n, arena_zalloc(&shape->mem, n + 1, sizeof(*list.fields))};
	for (uint32_t i = 0; i < n; i++)
		list.fields[i] =
			value_field(shape, query_rule_name(shape->schema, slice_of(names[i])));
	return list;
}

static struct name_list one_name(struct detect_shape *shape, const char *name)
{
	struct name_list list = {1, arena_zalloc(&shape->mem, 1, sizeof(*list.fields))};
	list.fields[0] = value_field(shape, slice_of(name));
	return list;
}

static bool finds_any(const struct name_list *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (list->fields[i].n == 0)
			return false;
	return true;
}

static void add_use(struct detect_shape *shape, uint32_t of, const struct use *use)
{
	uint32_t n = shape->nuses[of];
	if ((n & (n - 1)) == 0)
		shape->uses[of] =
			xrealloc(shape->uses[of], (n ? n * 2 : 1) * sizeof(**shape->uses));
	shape->uses[of][shape->nuses[of]++] = *use;
}

/* A rule by itself: by its `group`, else by actor, else by address, else by target. */
static void use_alone(struct detector *d, struct detect_shape *shape, uint32_t r)
{
	const struct rule *rule = d->rules->of[r];
	struct use use = {.rule = r};
	if (rule->group.n)
		use.group = resolve_names(shape, rule->group.of, rule->group.n);
	add_use(shape, r, &use);
}

/* The correlation number m of rule r may fire with an event of base rule number b of its own: in whose group, if so. */
static void use_perhaps(
	struct detector *d, struct detect_shape *shape, uint32_t r, uint32_t m, uint32_t b)
{
	const struct correlation *c = d->rules->of[r]->correlation;
	const struct correlation *below = d->rules->of[c->rules[m]]->correlation;
	struct use use = {.rule = r, .member = m | HIT_PERHAPS, .needs_all = true};
	const char **names = arena_zalloc(&shape->mem, (size_t)c->ngroup + 1, sizeof(*names));
	for (uint32_t g = 0; g < c->ngroup; g++)
		for (uint32_t k = 0; k < below->ngroup; k++)
			if (strcmp(below->group_by[k], c->group[(size_t)m * c->ngroup + g]) == 0)
				names[g] = below->group[(size_t)b * below->ngroup + k];
	for (uint32_t g = 0; g < c->ngroup; g++)
		if (!names[g])
			return;
	use.group = resolve_names(shape, names, c->ngroup);
	if (finds_any(&use.group))
		add_use(shape, below->rules[b], &use);
}

static void use_in_correlation(struct detector *d, struct detect_shape *shape, uint32_t r)
{
	const struct correlation *c = d->rules->of[r]->correlation;
	for (uint32_t m = 0; m < c->nrules; m++) {
		struct use use = {.rule = r, .member = m, .needs_all = true};
		use.group = resolve_names(shape, c->group + (size_t)m * c->ngroup, c->ngroup);
		use.value = resolve_names(shape, c->field, c->nfield);
		if (finds_any(&use.group))
			add_use(shape, c->rules[m], &use);
		const struct correlation *below = d->rules->of[c->rules[m]]->correlation;
		for (uint32_t b = 0; below && d->counted[r] && b < below->nrules; b++)
			use_perhaps(d, shape, r, m, b);
	}
}

static void find_uses(struct detector *d, struct detect_shape *shape)
{
	uint32_t n = d->rules->n;
	shape->nuses = arena_zalloc(&shape->mem, n + 1, sizeof(*shape->nuses));
	shape->uses = arena_zalloc(&shape->mem, n + 1, sizeof(*shape->uses));
	for (uint32_t r = 0; r < n; r++) {
		if (d->raises[r] && d->rules->of[r]->expr)
			use_alone(d, shape, r);
		if (d->active[r] && d->rules->of[r]->correlation)
			use_in_correlation(d, shape, r);
	}
}

static struct detect_shape *make_shape(
	struct detector *d, const struct schema *schema, const struct batch_shape *from)
{
	struct detect_shape *shape = xcalloc(1, sizeof(*shape));
	arena_init(&shape->mem);
	shape->schema = schema;
	batch_shape_copy(&shape->shape, from, &shape->mem);
	shape->shape.table = schema->table;
	bool *wanted = arena_zalloc(&shape->mem, d->rules->n + 1, sizeof(*wanted));
	find_uses(d, shape);
	for (uint32_t r = 0; r < d->rules->n; r++)
		wanted[r] = shape->nuses[r] &&
			    rule_watches(d->rules->of[r], schema->table, schema->product);
	shape->program = engine_bind(d->engine, &shape->shape, query_resolve_rule, schema, wanted);
	shape->actor = one_name(shape, "actor");
	shape->ip = one_name(shape, "ip");
	shape->target = one_name(shape, "target");
	shape->source = one_name(shape, "source");
	shape->severity = one_name(shape, "severity");
	shape->summary = one_name(shape, "summary");
	shape->reported_by = one_name(shape, "reported_by");
	shape->next = d->shapes;
	d->shapes = shape;
	return shape;
}

struct detect_shape *detect_shape(
	struct detector *d, const struct schema *schema, const struct batch_shape *wanted)
{
	pthread_mutex_lock(&d->lock);
	struct detect_shape *shape = d->shapes;
	while (shape && !(shape->schema == schema && batch_shape_equal(&shape->shape, wanted)))
		shape = shape->next;
	if (!shape)
		shape = make_shape(d, schema, wanted);
	pthread_mutex_unlock(&d->lock);
	return shape;
}

void detect_shapes_free(struct detector *d)
{
	while (d->shapes) {
		struct detect_shape *shape = d->shapes;
		d->shapes = shape->next;
		engine_program_free(shape->program);
		for (uint32_t r = 0; r < d->rules->n; r++)
			free(shape->uses[r]);
		arena_fini(&shape->mem);
		free(shape);
	}
}

bool detect_file_open(struct detector *d, struct detect_file *file)
{
	struct err err = {0};
	if (file->reader || file->failed)
		return !file->failed;
	if (table_file_open(file->path, &file->reader, &err) < 0) {
		/* Merged away under us: what replaced it is looked at with the next pass. A damaged one is
		 * named by `verify`. */
		file->reader = NULL;
		file->failed = true;
		pthread_mutex_lock(&d->lock);
		d->result->unread++;
		pthread_mutex_unlock(&d->lock);
		return false;
	}
	file->shape = detect_shape(d, file->schema, parquet_shape(file->reader));
	return true;
}

bool detect_file_shape(struct detector *d, struct detect_file *file)
{
	if (!file->shape && file->caught)
		file->shape = detect_shape(d, file->schema, file->caught->shape);
	return file->shape || detect_file_open(d, file);
}

void detect_file_close(struct detect_file *file)
{
	parquet_close(file->reader);
	file->reader = NULL;
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Of a list: its first element that has a value. */
static bool column_value(
	const struct batch *batch, const struct match_field *field, uint32_t row, struct buf *out)
{
	const struct column_shape *shape = &batch->shape->columns[field->column];
	const struct column *col = &batch->columns[field->column];
	uint32_t from = row, to = row + 1;
	if (shape->group != NO_GROUP) {
		const uint32_t *off = batch->groups[shape->group].list_off;
		from = off ? off[row] : 0;
		to = off ? off[row + 1] : 0;
	}
	for (uint32_t i = from; i < to && i < col->n; i++) {
		if (column_is_null(col, i))
			continue;
		if (field->path.len == 0) {
			value_text(shape->type, col, i, out);
			return true;
		}
		if (json_path_text(column_text(col, i), field->path, out))
			return true;
	}
	return false;
}

bool detect_value(const struct batch *batch, const struct name_list *list, uint32_t at,
	uint32_t row, struct buf *out)
{
	const struct field *field = &list->fields[at];
	for (uint32_t i = 0; i < field->n; i++)
		if (column_value(batch, &field->list[i], row, out))
			return true;
	return false;
}
