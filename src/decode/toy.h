/* SPDX-License-Identifier: Apache-2.0 */
/*
 * toy.h: for the tests of decode/: a small table with a column of every kind, decoding of a text
 * in one call, and rows as readable text.
 */
#ifndef DECODE_TOY_H
#define DECODE_TOY_H

#include <stdio.h>
#include <stdlib.h>

#include "decode/decode.h"

static const char toy_yaml[] =
	"table: toy\n"
	"product: toy\n"
	"version: \"1\"\n"
	"time: [time, when]\n"
	"columns:\n"
	"  id: id\n"
	"  name: [name, old.name]\n"
	"  count: {paths: count, type: int}\n"
	"  small: {paths: small, type: int}\n"
	"  flag: {paths: flag, type: bool}\n"
	"  until: {paths: until, type: time}\n"
	"  anything: {paths: any, type: json}\n"
	"  user_name: user.name\n"
	"  user_id: user.id\n"
	"  client: {paths: client, observable: ip}\n"
	"  site: site\n"
	"  action: act\n"
	"  things:\n"
	"    list: things\n"
	"    fields:\n"
	"      id: id\n"
	"      name: name\n"
	"      type: type\n"
	"      size: {paths: size, type: int}\n"
	"      owner: owner.name\n"
	"  labels: {list: labels, of: string}\n"
	"common:\n"
	"  actor: [user_name, user_id]\n"
	"  ip: client\n"
	"targets:\n"
	"  - {name: things.name, type: things.type, id: things.id}\n"
	"target_order: [REPOSITORY, PROJECT]\n"
	"id: id\n"
	"instance: site\n"
	"identity: [event_time, name, [user_id, user_name], count, things.name, labels]\n";

static inline struct schema *toy_schema(const char *yaml)
{
	struct schema *schema;
	struct err err = {0};
	if (schema_parse(slice_of(yaml), "toy.yml", &schema, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return schema;
}

static inline void toy_value(struct buf *out, const struct batch *batch, uint32_t c, uint32_t i)
{
	const struct column *col = &batch->columns[c];
	enum col_type type = batch->shape->columns[c].type;
	char text[CLOCK_TEXT];
	if (column_is_null(col, i))
		buf_puts(out, "null");
	else if (type == COL_IP)
		for (int k = 0; k < 16; k++)
			buf_printf(out, "%02x", (uint8_t)column_text(col, i).ptr[k]);
	else if (col_is_string(type))
		buf_slice(out, column_text(col, i));
	else if (type == COL_BOOL)
		buf_puts(out, col->bools[i] ? "true" : "false");
	else if (type == COL_TIME)
		buf_puts(out, clock_text(col->i64[i], text));
	else if (type == COL_UUID)
		buf_printf(out, "%02x…", col->uuid[i][0]);
	else
		buf_printf(out, "%lld", (long long)col->i64[i]);
}

/* A list of row r: [a,b] or [{name=x,id=1},{}]; nothing where it is null. */
static inline void toy_list(struct buf *out, const struct batch *batch, uint32_t first, uint32_t r)
{
	const struct batch_shape *shape = batch->shape;
	int g = shape->columns[first].group;
	const struct group *group = &batch->groups[g];
	if (bit_get(group->nulls, r) ||
		(first == SYS_TARGETS && group->list_off[r] == group->list_off[r + 1]))
		return;
	buf_printf(out, "%s=[", shape->groups[g].name);
	for (uint32_t e = group->list_off[r]; e < group->list_off[r + 1]; e++) {
		const char *comma = "";
		buf_puts(out, e > group->list_off[r] ? "," : "");
		buf_puts(out, shape->groups[g].bare ? "" : "{");
		for (uint32_t c = first; c < shape->ncolumns && shape->columns[c].group == g; c++) {
			if (!shape->groups[g].bare) {
				if (column_is_null(&batch->columns[c], e))
					continue;
				buf_printf(out, "%s%s=", comma, shape->columns[c].name);
				comma = ",";
			}
			toy_value(out, batch, c, e);
		}
		buf_puts(out, shape->groups[g].bare ? "" : "}");
	}
	buf_puts(out, "]|");
}

/* The row's values that are not null, as name=value|…, without what is the same for all rows; then
 * its flags as !letters: Repaired, Lenient, No time, Zoneless, has Id. */
static inline void toy_row(struct buf *out, const struct batch *batch, uint32_t r)
{
	const struct batch_shape *shape = batch->shape;
	static const char letters[] = "RLN  ZI";
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		const struct column *col = &batch->columns[c];
		int g = shape->columns[c].group;
		if (g >= 0 && (c == 0 || shape->columns[c - 1].group != g))
			toy_list(out, batch, c, r);
		if (g >= 0 || col->n == 0 || c == SYS_RECEIVED_AT || c == SYS_SOURCE ||
			c == SYS_REPAIRED || c == SYS_LENIENT_TIME || c == SYS_SECONDARY ||
			(c == SYS_INSTANCE && column_text(col, r).len == 0) ||
			column_is_null(col, r))
			continue;
		buf_printf(out, "%s=", shape->columns[c].name);
		toy_value(out, batch, c, r);
		buf_push(out, '|');
	}
	buf_push(out, '!');
	for (int i = 0; i < 7; i++)
		if (batch->flags[r] >> i & 1)
			buf_push(out, letters[i]);
}

/* Decodes a text and appends each row on a line of its own, after all rows rejects as "?reason". `step` bytes
 * are given at a time; what is left over begins the next block, as callers do it. */
static inline void toy_feed(const struct schema *schema, const struct decode_options *options,
	struct json_records *state, struct slice text, size_t step, bool keys, struct buf *out)
{
	struct decode_options o = *options;
	struct decode_reject rejects[8];
	size_t at = 0, have = step < text.len ? step : text.len;
	o.schema = schema;
	struct decoder *decoder = decoder_new(&o);
	struct buf reasons;
	buf_init(&reasons, out->max);
	for (bool last = false; !last;) {
		size_t used = 0, len = have - at;
		char *copy = malloc(len ? len : 1); /* its own memory: the sanitizer sees its end */
		memcpy(copy, text.ptr + at, len);
		int more = 1;
		last = have == text.len;
		while (more) {
			struct batch batch;
			uint32_t n;
			batch_init(&batch, &schema->shape);
			more = decode_block(decoder, state, (struct slice){copy, len}, at, last,
				&used, &batch, rejects, 8, &n);
			batch_check(&batch);
			for (uint32_t r = 0; r < batch.nrows; r++) {
				for (int k = 0; keys && k < 16; k++)
					buf_printf(out, "%02x", batch.keys[r][k]);
				toy_row(out, &batch, r);
				buf_push(out, '\n');
			}
			for (uint32_t i = 0; i < n; i++)
				buf_printf(&reasons, "?%s\n", rejects[i].reason);
			batch_fini(&batch);
		}
		free(copy);
		at += used;
		have = have + step < text.len ? have + step : text.len;
	}
	buf_slice(out, reasons.len ? buf_view(&reasons) : SLICE(""));
	buf_fini(&reasons);
	decoder_free(decoder);
}

/* toy_feed of lines. */
static inline void toy_lines(const struct schema *schema, const struct decode_options *options,
	struct slice text, size_t step, bool keys, struct buf *out)
{
	struct json_records state = {.layout = JSON_LINES, .started = true};
	toy_feed(schema, options, &state, text, step, keys, out);
}

#endif
