/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h: the strict part of YAML that schemas, rules and settings are written in, as a tree:
 * mappings, sequences and plain texts with their lines. Anchors, aliases, tags, directives and
 * duplicate keys are refused; the number of nodes and their depth are limited.
 */
#ifndef YAML_YAML_H
#define YAML_YAML_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_tree {
	enum yaml_kind kind;
	uint32_t line;
	const char
		*text; /* YAML_TEXT: NUL-terminated, holds no NUL itself; "" where nothing stands */
	const char *key;   /* within a YAML_MAP: the key */
	uint32_t key_line; /* and the line it stands on */
	uint32_t nitems;
	struct yaml_tree *items; /* YAML_LIST, YAML_MAP: in the order of the file */
};

/* Reads one document. The tree is in arena; texts are well-formed UTF-8. `name` goes in front of
 * error texts. A `line` other than 0 stands for the line of every node: text that is read on behalf
 * of that line of another file. 0 or -1. */
int yaml_tree_read(struct slice text, const char *name, uint32_t line, struct arena *mem,
	struct yaml_tree **root, struct err *err);

/* "NAME:LINE: " and the formatted text as ERR_FORMAT. Always -1. */
int yaml_error(struct err *err, const char *name, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

enum { YAML_SHOWN = 64 };
/* A text of the file made fit for a message: control characters escaped, cut at 48 bytes. */
const char *yaml_shown(const char *text, char out[YAML_SHOWN]);

/* One of the words that may stand somewhere, that is not far from `text`; NULL where none is near. */
const char *yaml_nearest(const char *text, const char *const *words, size_t nwords);

enum { YAML_JOINED = 400 };
/* The words as "a, b, c", cut where they do not fit. */
const char *yaml_join(const char *const *words, size_t nwords, char out[YAML_JOINED]);

#endif
