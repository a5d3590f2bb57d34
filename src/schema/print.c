/* SPDX-License-Identifier: Apache-2.0 */
/* print.c: a compiled schema as text: for people, and as the canonical form that its fingerprint is
 * made from. */
#include "schema/draft.h"

#include <openssl/evp.h>
#include <stdlib.h>

enum { MAX_TEXT = 64 << 20 };

/* What fills the system columns that no path and no other column does. */
static const char *const origins[SYS_COLUMNS] = {
	[SYS_EVENT_ID] = "given by pugmark",
	[SYS_RECEIVED_AT] = "when pugmark read the record",
	[SYS_SOURCE] = "the connection or import",
	[SYS_INSTANCE] = "the product instance",
	[SYS_IP_BYTES] = "ip as 16 bytes",
	[SYS_REPAIRED] = "flag",
	[SYS_LENIENT_TIME] = "flag",
	[SYS_SECONDARY] = "flag",
	[SYS_VAULT_FILE] = "place of the raw record",
	[SYS_VAULT_FRAME] = "place of the raw record",
	[SYS_VAULT_OFFSET] = "place of the raw record",
	[SYS_VAULT_LENGTH] = "place of the raw record",
	[SYS_EXTRA] = "fields that no column takes",
};

static const char *column_label(const struct schema *schema, int index)
{
	return index < SYS_COLUMNS ? sys_columns[index].name
				   : schema->columns[index - SYS_COLUMNS].name;
}

static void separate(struct buf *out, size_t begin, const char *text)
{
	if (out->len > begin)
		buf_puts(out, text);
}

/* Appends the paths of all leaves below `node` that feed system column `sys`. */
static void paths_of_sys(const struct schema *schema, uint32_t node, const char *path, int sys,
	struct buf *out, size_t begin)
{
	for (uint32_t i = 0; i < schema->nodes[node].nchildren; i++) {
		uint32_t child = schema->nodes[node].first_child + i;
		const struct schema_node *n = &schema->nodes[child];
		struct buf full;
		buf_init(&full, MAX_TEXT);
		buf_puts(&full, path);
		path_append(&full, (struct slice){n->key, n->key_len});
		bool feeds = sys == SYS_EVENT_TIME ? n->kind == NODE_TIME
						   : n->kind == NODE_LEAF && n->column == sys;
		if (feeds) {
			separate(out, begin, ", ");
			buf_slice(out, buf_view(&full));
		}
		if (n->kind == NODE_OBJECT) {
			buf_push(&full, '\0');
			paths_of_sys(schema, child, full.ptr, sys, out, begin);
		}
		buf_fini(&full);
	}
}

static void print_targets(const struct schema *schema, int sys, struct buf *out, size_t begin)
{
	for (uint32_t i = 0; i < schema->ntargets; i++) {
		const struct target_rule *rule = &schema->targets[i];
		int column = rule->name_column >= 0 ? rule->name_column : rule->id_column;
		if (sys == SYS_TARGET_TYPE)
			column = rule->type_column;
		if (column < 0)
			continue;
		separate(out, begin, sys == SYS_TARGETS ? ", " : ", else ");
		buf_puts(out, column_label(schema, column));
	}
}

static void print_sys_origin(const struct schema *schema, int sys, struct buf *out)
{
	size_t begin = out->len;
	if (origins[sys]) {
		buf_puts(out, origins[sys]);
		return;
	}
	if (sys == SYS_TARGET || sys == SYS_TARGET_TYPE || sys == SYS_TARGETS) {
		print_targets(schema, sys, out, begin);
		return;
	}
	paths_of_sys(schema, 0, "", sys, out, begin);
	for (uint32_t i = 0; sys == SYS_EVENT_TIME && i < schema->nfallback; i++) {
		separate(out, begin, ", else ");
		buf_puts(out, column_label(schema, schema->fallback[i]));
	}
	for (uint32_t i = 0; i < schema->common[sys].ncolumns; i++) {
		separate(out, begin, ", else ");
		buf_puts(out, column_label(schema, schema->common[sys].columns[i]));
	}
}

static void print_head(const struct schema *schema, struct buf *out)
{
	buf_printf(out, "table %s, product %s, version %s\n", schema->table, schema->product,
		schema->version_text[0] ? schema->version_text : "-");
	buf_puts(out, "fingerprint ");
	for (int i = 0; i < 8; i++)
		buf_printf(out, "%02x", schema->fingerprint[i]);
	buf_puts(out, "\nidentity");
	for (uint32_t i = 0; i < schema->nidentity; i++) {
		const struct identity_part *part = &schema->identity[i];
		buf_printf(out, "%s %s", i ? "," : "", column_label(schema, part->column));
		if (part->otherwise >= 0)
			buf_printf(out, " or %s", column_label(schema, part->otherwise));
	}
	if (schema->id_column >= 0)
		buf_printf(out, "\nid %s", column_label(schema, schema->id_column));
	if (schema->instance_column >= 0)
		buf_printf(out, "\ninstance %s", column_label(schema, schema->instance_column));
	buf_printf(out, "\n\n%-40s %-6s %-10s %s\n", "column", "type", "observable", "from");
}

void schema_print(const struct schema *schema, struct buf *out)
{
	print_head(schema, out);
	for (int sys = 0; sys < SYS_COLUMNS; sys++) {
		buf_printf(out, "%-40s %-6s %-10s ", sys_columns[sys].name,
			schema_type_name(sys_columns[sys].type), "");
		print_sys_origin(schema, sys, out);
		buf_push(out, '\n');
	}
	for (uint32_t i = 0; i < schema->ncolumns; i++) {
		const struct schema_column *column = &schema->columns[i];
		bool watched = column->observable != OBS_NONE;
		buf_printf(out, "%-40s %-6s %-10s ", column->name, schema_type_name(column->type),
			watched ? observable_name(column->observable) : "");
		for (uint32_t p = 0; p < column->npaths; p++)
			buf_printf(out, "%s%s", p ? ", " : "", column->paths[p]);
		buf_push(out, '\n');
	}
}

/* A text with its length in front, so that no two plans have the same canonical form. */
static void canonical_text(struct buf *out, const char *text)
{
	buf_printf(out, "%zu:%s ", strlen(text), text);
}

static void canonical_columns(const struct schema *schema, struct buf *out)
{
	for (uint32_t i = 0; i < schema->shape.ngroups; i++) {
		canonical_text(out, schema->shape.groups[i].name);
		buf_printf(out, "bare %d\n", schema->shape.groups[i].bare);
	}
	for (uint32_t i = 0; i < schema->shape.ncolumns; i++) {
		const struct column_shape *column = &schema->shape.columns[i];
		canonical_text(out, column->name);
		buf_printf(out, "type %d group %d observable %d\n", (int)column->type,
			column->group,
			i < SYS_COLUMNS ? 0 : (int)schema->columns[i - SYS_COLUMNS].observable);
	}
	for (uint32_t i = 0; i < schema->nnodes; i++) {
		const struct schema_node *node = &schema->nodes[i];
		canonical_text(out, node->key);
		buf_printf(out, "node %d column %d group %d children %u+%u\n", (int)node->kind,
			node->column, node->group, node->first_child, node->nchildren);
	}
}

static void canonical_rules(const struct schema *schema, struct buf *out)
{
	for (int sys = 0; sys < SYS_COLUMNS; sys++) {
		buf_printf(out, "common %d direct %d", sys, schema->common[sys].direct);
		for (uint32_t i = 0; i < schema->common[sys].ncolumns; i++)
			buf_printf(out, " %d", schema->common[sys].columns[i]);
		buf_push(out, '\n');
	}
	for (uint32_t i = 0; i < schema->ntargets; i++)
		buf_printf(out, "target %d %d %d\n", schema->targets[i].name_column,
			schema->targets[i].type_column, schema->targets[i].id_column);
	for (uint32_t i = 0; i < schema->ntarget_order; i++)
		canonical_text(out, schema->target_order[i]);
	for (uint32_t i = 0; i < schema->nfallback; i++)
		buf_printf(out, "time %d\n", schema->fallback[i]);
	buf_printf(out, "id %d instance %d\n", schema->id_column, schema->instance_column);
	for (uint32_t i = 0; i < schema->nidentity; i++)
		buf_printf(out, "identity %d %d\n", schema->identity[i].column,
			schema->identity[i].otherwise);
}

void schema_fingerprint(struct schema *schema)
{
	struct buf text;
	buf_init(&text, MAX_TEXT);
	buf_puts(&text, "plan 1\n");
	canonical_text(&text, schema->table);
	canonical_text(&text, schema->product);
	canonical_columns(schema, &text);
	canonical_rules(schema, &text);
	unsigned len = 0;
	if (text.full ||
		!EVP_Digest(text.ptr, text.len, schema->fingerprint, &len, EVP_sha256(), NULL))
		abort();
	buf_fini(&text);
}
