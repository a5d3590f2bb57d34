/* SPDX-License-Identifier: Apache-2.0 */
/* list_json_private.h: STIX and MISP as trees. */
#ifndef IOC_LIST_JSON_PRIVATE_H
#define IOC_LIST_JSON_PRIVATE_H

#include <jansson.h>

#include "ioc/list_private.h"

/* A member's text; no bytes where there is none. Borrowed from the tree. */
struct slice json_text(const json_t *object, const char *name);
/* A member that is an array of texts, or of objects with a text `inner`, joined by commas; in list->mem. */
struct slice json_joined(
	struct list *list, const json_t *object, const char *name, const char *inner);

/* Whether a tree is one, and its reader. */
bool stix_is(const json_t *root);
int stix_read(struct list *list, const json_t *root);
bool misp_is(const json_t *root);
int misp_read(struct list *list, const json_t *root);

#endif
