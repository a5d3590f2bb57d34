/* SPDX-License-Identifier: Apache-2.0 */
/* entity.h (private to entity*.c): what `pugmark entity` found, as a page of the terminal. */
#ifndef CLI_ENTITY_H
#define CLI_ENTITY_H

#include "answer/answer.h"
#include "cli/search.h"
#include "query/entity.h"

/* The page, `width` columns wide. */
void entity_draw(const struct entity *entity, struct slice value, int64_t now, unsigned width,
	struct buf *out);

#endif
