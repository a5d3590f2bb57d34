/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_edit.h: one entry of a settings file (docs/rules.md) put in, changed or taken out, in its text: lines, order and comments of all
 * others stay as they are. Lists and mappings may be written in lines or in brackets.
 *
 * The text is looked at as far as it must be for that. Whoever calls reads the result as settings before he keeps it.
 */
#ifndef DETECT_SETTINGS_EDIT_H
#define DETECT_SETTINGS_EDIT_H

#include "base/base.h"

struct settings_change {
	const char *part;  /* "disable", "enable", "thresholds" */
	const char *word;  /* of the entry, where it is put in */
	const char *value; /* of an entry of a mapping; NULL in a list */
	bool drop;
	/* Whether the word of an entry means the one that is to be changed or dropped. */
	bool (*means)(void *ctx, const char *word);
	void *ctx;
};
/* Appends the changed text. 1; 0 where it is so already (the text is appended as it is); -1: it is written in a way that is not
 * understood here. */
int settings_edit(
	struct slice text, const struct settings_change *change, struct buf *out, struct err *err);

#endif
