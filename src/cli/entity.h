/* SPDX-License-Identifier: Apache-2.0 */
/* entity.h (private to entity*.c): what `pugmark entity` found, as a page of the terminal and as JSON. */
#ifndef CLI_ENTITY_H
#define CLI_ENTITY_H

#include "cli/search.h"
#include "query/entity.h"

/* One JSON object and a line's end (docs/entity.md). `value`: as it was typed. */
void entity_json(const struct entity *entity, struct slice value, struct buf *out);
/* The page, `width` columns wide. */
void entity_draw(const struct entity *entity, struct slice value, int64_t now, unsigned width,
	struct buf *out);

#endif
