/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml.h: the strict part of YAML 1.2 that schemas, rules and settings are written in, as trees:
 * mappings, sequences and texts with their lines. Anchors, aliases, tags, directives and duplicate
 * keys are refused, so that a file means one thing only and can be no larger than it looks; size,
 * number of nodes and depth are limited by who reads.
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
	bool plain;    /* YAML_TEXT: written without quotes: yaml_type says what it is */
	const char *key;   /* within a YAML_MAP: the key */
	bool key_plain;    /* and whether it was written without quotes */
	uint32_t key_line; /* and the line it stands on */
	uint32_t nitems;
	struct yaml_tree *items; /* YAML_LIST, YAML_MAP: in the order of the file */
};

/* What is read, for limits and for words of messages. */
struct yaml_form {
	const char *what;  /* "a schema": what a file of that form is called */
	const char *needs; /* what an empty one lacks: "`table` and `columns`" */
	size_t bytes;      /* most bytes of a file */
	uint32_t nodes;    /* most values, lists and mappings of it */
	unsigned depth;    /* how deep they nest, YAML_DEPTH at most */
};
enum { YAML_DEPTH = 64 };

/* Reads one document; a second one is refused. The tree is in arena; texts are well-formed UTF-8.
 * `name` goes in front of error texts. A `line` other than 0 stands for the line of every node: text
 * that is read on behalf of that line of another file. 0 or -1. */
int yaml_tree_read(struct slice text, const struct yaml_form *form, const char *name, uint32_t line,
	struct arena *mem, struct yaml_tree **root, struct err *err);

/* Reads all documents of a text (`---` between them); empty ones are left out, so there may be none.
 * Where any is wrong the whole text is: -1. *line (may be NULL) is then where. */
struct yaml_docs {
	uint32_t n;
	struct yaml_tree **of; /* in arena */
};
int yaml_docs_read(struct slice text, const struct yaml_form *form, const char *name,
	struct arena *mem, struct yaml_docs *docs, uint32_t *line, struct err *err);

/* What a text is by the core schema of YAML 1.2 (section 10.3): quoted, it is a string. */
enum yaml_type { YAML_STRING, YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT };
enum yaml_type yaml_type(const struct yaml_tree *text);
/* The member of a mapping, or NULL where it is none or has none of that name. */
const struct yaml_tree *yaml_get(const struct yaml_tree *map, const char *key);

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
