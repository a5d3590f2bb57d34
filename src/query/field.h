/* SPDX-License-Identifier: Apache-2.0 */
/* field.h: a field by its name, in a shape, and its values as people write them. */
#ifndef QUERY_FIELD_H
#define QUERY_FIELD_H

#include "query/language.h"

/* What a name means in a shape. */
struct field {
	uint32_t n;
	struct match_field *list;
};
/* In `mem`. */
struct field field_resolve(const struct schema *schema, const struct batch_shape *shape,
	struct slice name, struct arena *mem);

/* Appends value i (not null) of a column as people write it: texts as they are, numbers, `true`,
 * clock_text, a UUID with hyphens, an address. */
void value_text(enum col_type type, const struct column *col, uint32_t i, struct buf *out);
/* Appends what stands at `path` (keys joined by dots) in a JSON object: a string's text, anything
 * else as it is written. False where there is nothing or null. */
bool json_path_text(struct slice json, struct slice path, struct buf *out);

#endif
