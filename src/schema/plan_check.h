/* SPDX-License-Identifier: Apache-2.0 */
/* plan_check.h: every invariant of a compiled schema that schema.h promises; aborts where one does
 * not hold. For tests and fuzzers. */
#ifndef SCHEMA_PLAN_CHECK_H
#define SCHEMA_PLAN_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#include "schema/draft.h"

#define PLAN_HOLDS(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static inline void plan_check_shape(const struct schema *s)
{
	const struct batch_shape *shape = &s->shape;
	PLAN_HOLDS(shape->table == s->table && shape->ncolumns == SYS_COLUMNS + s->ncolumns);
	PLAN_HOLDS(shape->ncolumns <= LIMIT_COLUMNS && shape->ngroups >= 1);
	PLAN_HOLDS(strcmp(shape->groups[0].name, "targets") == 0 && shape->groups[0].bare);
	int last = NO_GROUP, opened = 0;
	for (uint32_t i = 0; i < shape->ncolumns; i++) {
		const struct column_shape *c = &shape->columns[i];
		PLAN_HOLDS(c->group >= NO_GROUP && c->group < (int)shape->ngroups);
		if (i < SYS_COLUMNS)
			PLAN_HOLDS(strcmp(c->name, sys_columns[i].name) == 0 &&
				   c->type == sys_columns[i].type &&
				   c->group == (i == SYS_TARGETS ? 0 : NO_GROUP));
		else
			PLAN_HOLDS(c->type == s->columns[i - SYS_COLUMNS].type &&
				   c->group == s->columns[i - SYS_COLUMNS].group && c->group != 0);
		if (c->group != NO_GROUP && c->group != last)
			PLAN_HOLDS(c->group == opened++);
		else if (c->group != NO_GROUP)
			PLAN_HOLDS(!shape->groups[c->group].bare);
		last = c->group;
	}
	PLAN_HOLDS(opened == (int)shape->ngroups);
}

static inline void plan_check_nodes(const struct schema *s)
{
	uint32_t next = 1;
	bool fed[LIMIT_COLUMNS] = {false};
	PLAN_HOLDS(s->nnodes >= 2 && s->nodes[0].kind == NODE_OBJECT && s->nodes[0].key_len == 0);
	for (uint32_t i = 0; i < s->nnodes; i++) {
		const struct schema_node *n = &s->nodes[i];
		PLAN_HOLDS(n->first_child == next && strlen(n->key) == n->key_len);
		next += n->nchildren;
		PLAN_HOLDS(next <= s->nnodes && n->column < (int)s->shape.ncolumns);
		bool inner = n->kind == NODE_OBJECT || n->kind == NODE_LIST;
		PLAN_HOLDS(inner == (n->nchildren > 0));
		bool whole = n->kind == NODE_OBJECT && n->column >= 0;
		PLAN_HOLDS(!whole || s->shape.columns[n->column].type == COL_JSON);
		PLAN_HOLDS(inner ? n->column < 0 || whole : n->kind == NODE_TIME || n->column >= 0);
		for (uint32_t c = 0; c < n->nchildren; c++)
			PLAN_HOLDS(n->kind == NODE_LIST
					   ? s->nodes[n->first_child + c].group == n->group
					   : true);
		if (n->column < 0)
			continue;
		PLAN_HOLDS(s->shape.columns[n->column].group == n->group);
		PLAN_HOLDS((n->kind == NODE_VALUES) ==
			   (n->group >= 0 && s->shape.groups[n->group].bare));
		PLAN_HOLDS(n->column >= SYS_COLUMNS || s->common[n->column].direct);
		fed[n->column] = true;
	}
	PLAN_HOLDS(next == s->nnodes);
	for (uint32_t i = SYS_COLUMNS; i < s->shape.ncolumns; i++)
		PLAN_HOLDS(fed[i]);
	for (int i = 0; i < SYS_COLUMNS; i++)
		PLAN_HOLDS(fed[i] == s->common[i].direct);
}

static inline void plan_check_rules(const struct schema *s)
{
	int n = (int)s->shape.ncolumns;
	const struct column_shape *columns = s->shape.columns;
	for (int sys = 0; sys < SYS_COLUMNS; sys++) {
		const struct common_field *field = &s->common[sys];
		PLAN_HOLDS(sys_is_common(sys) || (!field->direct && field->ncolumns == 0));
		for (uint32_t i = 0; i < field->ncolumns; i++)
			PLAN_HOLDS(field->columns[i] != sys && field->columns[i] < n &&
				   columns[field->columns[i]].type == COL_STRING &&
				   columns[field->columns[i]].group == NO_GROUP);
	}
	for (uint32_t i = 0; i < s->ntargets; i++) {
		const struct target_rule *rule = &s->targets[i];
		int all[] = {rule->name_column, rule->type_column, rule->id_column};
		int some = all[0] >= 0 ? all[0] : all[2];
		PLAN_HOLDS(some >= SYS_COLUMNS);
		for (int k = 0; k < 3; k++)
			PLAN_HOLDS(all[k] < 0 || (columns[all[k]].group == columns[some].group &&
							 columns[all[k]].type == COL_STRING));
	}
	for (uint32_t i = 0; i < s->nfallback; i++)
		PLAN_HOLDS(s->fallback[i] >= SYS_COLUMNS && s->fallback[i] < n &&
			   columns[s->fallback[i]].type == COL_TIME &&
			   columns[s->fallback[i]].group == NO_GROUP);
	PLAN_HOLDS(s->id_column < n && s->instance_column < n && s->nidentity > 0);
	for (uint32_t i = 0; i < s->nidentity; i++) {
		const struct identity_part *part = &s->identity[i];
		PLAN_HOLDS(part->column >= 0 && part->column < n && part->otherwise < n);
		PLAN_HOLDS(part->otherwise < 0 ||
			   columns[part->column].group == columns[part->otherwise].group);
	}
}

static inline void plan_check_names(const struct schema *s)
{
	for (uint32_t i = 0; i < s->shape.ncolumns; i++) {
		const char *name =
			i < SYS_COLUMNS ? sys_columns[i].name : s->columns[i - SYS_COLUMNS].name;
		PLAN_HOLDS(schema_resolve(s, slice_of(name)) == (int)i);
	}
}

static inline void plan_check(const struct schema *s)
{
	plan_check_shape(s);
	plan_check_nodes(s);
	plan_check_rules(s);
	plan_check_names(s);
	struct buf text;
	buf_init(&text, (size_t)64 << 20);
	schema_print(s, &text);
	PLAN_HOLDS(!text.full && text.len > 0);
	buf_fini(&text);
}

#endif
