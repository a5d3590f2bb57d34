/* SPDX-License-Identifier: Apache-2.0 */
/* settings.h: what a connection knows of its source: names and texts, kept as a flat JSON object. */
#ifndef COLLECT_SETTINGS_H
#define COLLECT_SETTINGS_H

#include "base/base.h"

enum { SETTINGS_MOST = 64 /* names */, SETTING_BYTES = 4096 /* of a value */ };

/* A zeroed struct is empty. */
struct settings {
	struct arena mem;
	struct {
		const char *name, *value;
	} list[SETTINGS_MOST];
	unsigned n;
};

/* Frees; empty afterwards. */
void settings_fini(struct settings *settings);
/* The value of a name, or NULL; borrowed until it is put again. */
const char *settings_get(const struct settings *settings, const char *name);
/* Puts a value (copied); NULL or "" forgets the name. 0, or -1 where there are too many or it is too
 * long. */
int settings_put(struct settings *settings, const char *name, const char *value, struct err *err);
/* Reads a JSON object of texts, numbers, true and false (as text); others are ERR_FORMAT. */
int settings_read(struct settings *settings, struct slice json, struct err *err);
/* Appends the JSON object, names in order. */
void settings_write(const struct settings *settings, struct buf *out);
/* Whether a name is "true". */
bool settings_on(const struct settings *settings, const char *name);

#endif
