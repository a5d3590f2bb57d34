/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c: a schema made into what the parser walks, and the decoder's life. */
#include "decode/decode.h"

#include <stdlib.h>

#include "decode/memo.h"
#include "decode/private.h"

enum {
	DEFAULT_BYTES = 64 << 20,
	MOST_BYTES = 1 << 30, /* offsets have 32 bits */
	SCRATCH_BYTES = 256 << 20,
};

static void plan_columns(struct decoder *d)
{
	const struct batch_shape *shape = &d->schema->shape;
	d->nbuilders = shape->ncolumns;
	d->nlists = shape->ngroups;
	d->builders = arena_zalloc(&d->mem, d->nbuilders, sizeof(*d->builders));
	d->lanes = arena_zalloc(&d->mem, d->nlists + 1, sizeof(*d->lanes));
	d->lists = arena_zalloc(&d->mem, d->nlists, sizeof(*d->lists));
	d->shares = arena_zalloc(&d->mem, d->nbuilders, sizeof(*d->shares));
	for (uint32_t lane = 0; lane <= d->nlists; lane++) {
		struct builder **members =
			arena_zalloc(&d->mem, d->nbuilders, sizeof(struct builder *));
		uint32_t n = 0;
		for (uint32_t c = 0; c < d->nbuilders; c++) {
			if (shape->columns[c].group + 1 == (int)lane) {
				builder_init(&d->builders[c], shape->columns[c].type,
					&d->lanes[lane], &d->bytes);
				members[n++] = &d->builders[c];
			}
		}
		lane_init(&d->lanes[lane], members, n);
		if (lane > 0)
			d->lists[lane - 1].lane = &d->lanes[lane];
	}
	d->builders[SYS_TARGETS].keep = true; /* targets.c tells repeated texts by their codes */
}

/* A key that stands nowhere: what a node without children expects. */
static struct key_node *no_key(struct decoder *d)
{
	struct key_node *key = arena_zalloc(&d->mem, 1, sizeof(*key));
	key->key_len = 1;
	key->key_bits = 1;
	key->next = key;
	return key;
}

/* How the parser compares the key. One that is long, or that JSON would have to escape, is left to
 * the search. */
static void plan_key(struct key_node *node, struct slice key)
{
	node->key = key;
	node->key_len = 1;
	node->key_bits = 1;
	if (key.len + 2 > KEY_ROOM)
		return;
	for (size_t i = 0; i < key.len; i++) {
		if (key.ptr[i] == '"' || key.ptr[i] == '\\' || (unsigned char)key.ptr[i] < 0x20)
			return;
	}
	node->key_len = (uint32_t)key.len + 2;
	node->key_bits = node->key_len == 32 ? UINT32_MAX : (1u << node->key_len) - 1;
	node->quoted[0] = node->quoted[key.len + 1] = '"';
	memcpy(node->quoted + 1, key.ptr, key.len);
}

static void plan_search(struct decoder *d, struct key_node *node)
{
	uint32_t size = 4;
	while (size < node->nchildren * 2)
		size *= 2;
	node->slots = arena_zalloc(&d->mem, size, sizeof(*node->slots));
	node->slot_mask = size - 1;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		struct slice key = node->children[i].key;
		uint32_t s = (uint32_t)hash_bytes(key.ptr, key.len) & node->slot_mask;
		while (node->slots[s])
			s = (s + 1) & node->slot_mask;
		node->slots[s] = i + 1;
	}
}

static void plan_node(struct decoder *d, uint32_t n, struct key_node *none)
{
	const struct schema_node *from = &d->schema->nodes[n];
	struct key_node *node = &d->nodes[n];
	node->kind = from->kind;
	plan_key(node, (struct slice){from->key, from->key_len});
	if (from->column >= 0) {
		node->builder = &d->builders[from->column];
		node->type = node->builder->type;
	}
	if (from->kind == NODE_LIST || from->kind == NODE_VALUES)
		node->list = &d->lists[from->group];
	node->child = none;
	if (from->nchildren == 0)
		return;
	node->children = &d->nodes[from->first_child];
	node->nchildren = from->nchildren;
	node->child = node->children;
	for (uint32_t i = 0; i < node->nchildren; i++) {
		node->children[i].number = i;
		node->children[i].next = &node->children[(i + 1) % node->nchildren];
	}
}

static void plan_nodes(struct decoder *d)
{
	struct key_node *none = no_key(d);
	d->nodes = arena_zalloc(&d->mem, d->schema->nnodes, sizeof(*d->nodes));
	for (uint32_t n = 0; n < d->schema->nnodes; n++)
		plan_node(d, n, none);
	for (uint32_t n = 0; n < d->schema->nnodes; n++) {
		if (d->nodes[n].nchildren)
			plan_search(d, &d->nodes[n]);
		memo_init(&d->nodes[n].memo, &d->nodes[n]);
	}
}

/* Notes in a node that feeds `column` what the identity makes of that column. */
static void plan_count(const struct decoder *d, struct key_node *node, int column)
{
	const struct schema *schema = d->schema;
	uint32_t as_other = 0;
	bool always = false, alone = false;
	int unless = -1;
	for (uint32_t p = 0; p < schema->nidentity; p++) {
		const struct identity_part *part = &schema->identity[p];
		always |= part->column == column;
		if (part->otherwise == column) {
			as_other++;
			unless = part->column;
		}
	}
	alone = column == schema->id_column ||
		(column == schema->instance_column && !d->instance[0]);
	if (!always && !alone && as_other == 0)
		return;
	/* A name counts where the id before it is missing; of several ids none is asked. */
	node->unless = always || alone || as_other > 1 ? -1 : unless;
	node->counts = true;
	node->counts_alone |= alone;
}

static void plan_counts(struct decoder *d)
{
	for (uint32_t n = d->schema->nnodes; n-- > 0;) {
		const struct schema_node *from = &d->schema->nodes[n];
		struct key_node *node = &d->nodes[n];
		node->unless = -1;
		if (from->kind == NODE_TIME)
			plan_count(d, node, SYS_EVENT_TIME);
		if (from->column >= 0 && !node->counts)
			plan_count(d, node, from->column);
		node->whole_counts = node->counts;
		for (uint32_t i = 0; i < node->nchildren; i++) {
			node->counts |= node->children[i].counts;
			node->counts_alone |= node->children[i].counts_alone;
		}
	}
}

static bool has_avx2(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
#else
	return false;
#endif
}

static void plan_options(struct decoder *d)
{
	struct decode_options *o = &d->options;
	if (o->max_rows == 0 || o->max_rows > LIMIT_BATCH_ROWS)
		o->max_rows = LIMIT_BATCH_ROWS;
	if (o->max_bytes == 0)
		o->max_bytes = DEFAULT_BYTES;
	if (o->max_bytes > MOST_BYTES)
		o->max_bytes = MOST_BYTES;
	if (!o->source)
		o->source = "";
	d->avx2 = o->simd != SIMD_PORTABLE && has_avx2();
	struct buf instance;
	buf_init(&instance, SCRATCH_BYTES);
	decode_instance(slice_of(o->instance ? o->instance : ""), &instance);
	d->instance = arena_strdup(&d->mem, instance.len ? buf_view(&instance) : SLICE(""));
	buf_fini(&instance);
}

struct decoder *decoder_new(const struct decode_options *options)
{
	struct decoder *d = xcalloc(1, sizeof(*d));
	d->options = *options;
	d->schema = options->schema;
	plan_options(d);
	plan_columns(d);
	plan_nodes(d);
	plan_counts(d);
	buf_init(&d->scratch, SCRATCH_BYTES);
	buf_init(&d->path, SCRATCH_BYTES);
	buf_init(&d->key, SCRATCH_BYTES);
	buf_init(&d->compact, SCRATCH_BYTES);
	buf_init(&d->extra, SCRATCH_BYTES);
	d->row_width = d->lanes[0].width + sizeof(struct record_place) + 17 + 4ul * d->nlists;
	d->identity = identity_new(d);
	return d;
}

void decoder_free(struct decoder *d)
{
	if (!d)
		return;
	for (uint32_t n = 0; n < d->schema->nnodes; n++)
		memo_fini(&d->nodes[n].memo);
	for (uint32_t c = 0; c < d->nbuilders; c++)
		builder_fini(&d->builders[c]);
	for (uint32_t g = 0; g < d->nlists; g++) {
		free(d->lists[g].off);
		free(d->lists[g].nulls);
	}
	buf_fini(&d->scratch);
	buf_fini(&d->path);
	buf_fini(&d->key);
	buf_fini(&d->compact);
	buf_fini(&d->extra);
	map_fini(&d->drift);
	free(d->drift_list);
	free(d->extra_names);
	free(d->places);
	free(d->flags);
	free(d->odd_times);
	free(d->odd_values);
	free(d->padded);
	identity_free(d->identity);
	arena_fini(&d->batch_mem);
	arena_fini(&d->mem);
	free(d);
}

void decoder_set_received(struct decoder *d, int64_t received_at)
{
	d->options.received_at = received_at;
}
