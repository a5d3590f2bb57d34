/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.c: libyaml's events made into trees of limited size; what would let a file mean more than it
 * says is refused with its line. */
#include "yaml/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

/* A collection that is being read: its items so far, on the heap until it is complete. */
struct level {
	struct yaml_tree node;
	struct yaml_tree *items;
	uint32_t nitems, cap;
	const char *key; /* of the value that comes next; NULL: a key comes next */
	bool key_plain;
	uint32_t key_line;
	struct map keys;
};

struct reader {
	yaml_parser_t parser;
	const struct yaml_form *form;
	const char *name;
	bool many;     /* documents are taken one after another */
	uint32_t line; /* stands for every line where not 0 */
	uint32_t nnodes;
	struct arena *mem;
	struct level levels[YAML_DEPTH];
	unsigned depth;
	struct yaml_tree **roots; /* on the heap */
	uint32_t nroots, cap;
	uint32_t bad_line; /* of the first fault */
	struct err *err;
};

int yaml_error(struct err *err, const char *name, uint32_t line, const char *fmt, ...)
{
	char text[800];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return err_set(err, ERR_FORMAT, "%.120s:%u: %s", name, line, text);
}

const char *yaml_shown(const char *text, char out[YAML_SHOWN])
{
	struct buf buf;
	buf_init(&buf, YAML_SHOWN * 8);
	size_t len = strlen(text), n = 0;
	while (n < len) {
		size_t step = text_utf8_step(text + n, len - n, NULL);
		if (step == 0)
			step = 1;
		size_t before = buf.len;
		text_escape(&buf, (struct slice){text + n, step});
		if (buf.len > 48) {
			buf.len = before;
			buf_puts(&buf, "...");
			break;
		}
		n += step;
	}
	snprintf(out, YAML_SHOWN, "%.*s", SLICE_ARG(buf_view(&buf)));
	buf_fini(&buf);
	return out;
}

const char *yaml_nearest(const char *text, const char *const *words, size_t nwords)
{
	const char *best = NULL;
	unsigned least = strlen(text) < 5 ? 2 : 3;
	for (size_t i = 0; i < nwords; i++) {
		unsigned d = text_distance(slice_of(text), slice_of(words[i]), least);
		if (d < least && d < strlen(words[i])) {
			least = d;
			best = words[i];
		}
	}
	return best;
}

const char *yaml_join(const char *const *words, size_t nwords, char out[YAML_JOINED])
{
	struct buf buf;
	buf_init(&buf, YAML_JOINED - 1);
	for (size_t i = 0; i < nwords && !buf.full; i++)
		buf_printf(&buf, "%s%s", i ? ", " : "", words[i]);
	snprintf(out, YAML_JOINED, "%.*s", SLICE_ARG(buf_view(&buf)));
	buf_fini(&buf);
	return out;
}

/* As yaml_error, with the line noted. */
static int fault(struct reader *r, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int fault(struct reader *r, uint32_t line, const char *fmt, ...)
{
	char text[800];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	r->bad_line = line;
	return yaml_error(r->err, r->name, line, "%s", text);
}

static uint32_t line_of(const struct reader *r, yaml_mark_t mark)
{
	return r->line ? r->line : (uint32_t)mark.line + 1;
}

static int scan_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	uint32_t line = line_of(r, p->problem_mark);
	const char *what = p->problem ? p->problem : "not YAML";
	if (p->error == YAML_MEMORY_ERROR)
		abort();
	if (p->error == YAML_READER_ERROR) {
		/* libyaml gives no mark here, only the offset of the byte */
		return fault(r, line_of(r, p->mark), "%s at byte %zu: save the file as UTF-8 text",
			what, p->problem_offset);
	}
	return fault(r, line,
		"not readable as YAML (%s): check indentation (blanks, no tabs), quotes and colons",
		what);
}

static int refuse(struct reader *r, yaml_mark_t mark, const char *what)
{
	return fault(r, line_of(r, mark), "%s", what);
}

/* Puts a complete node where it belongs: under its key, into its list, or as the root. */
static void place(struct reader *r, struct yaml_tree node)
{
	if (r->depth == 0) {
		struct yaml_tree *root = arena_alloc(r->mem, sizeof(node));
		*root = node;
		if (r->nroots == r->cap) {
			r->cap = r->cap ? r->cap * 2 : 4;
			r->roots = xrealloc(r->roots, r->cap * sizeof(*r->roots));
		}
		r->roots[r->nroots++] = root;
		return;
	}
	struct level *level = &r->levels[r->depth - 1];
	if (level->nitems == level->cap) {
		level->cap = level->cap ? level->cap * 2 : 8;
		level->items = xrealloc(level->items, level->cap * sizeof(node));
	}
	node.key = level->key;
	node.key_plain = level->key_plain;
	node.key_line = level->key_line;
	level->items[level->nitems++] = node;
	level->key = NULL;
}

static bool key_expected(const struct reader *r)
{
	const struct level *level = r->depth ? &r->levels[r->depth - 1] : NULL;
	return level && level->node.kind == YAML_MAP && !level->key;
}

static int count_node(struct reader *r, yaml_mark_t mark)
{
	if (++r->nnodes > r->form->nodes)
		return fault(r, line_of(r, mark), "more than %u values: too many for %s",
			r->form->nodes, r->form->what);
	return 0;
}

static int take_key(struct reader *r, const char *text, bool plain, uint32_t line)
{
	struct level *level = &r->levels[r->depth - 1];
	char shown[YAML_SHOWN];
	bool fresh;
	uint64_t *first = map_put(&level->keys, slice_of(text), &fresh);
	if (!fresh)
		return fault(r, line, "\"%s\" stands twice (first in line %u): remove one of them",
			yaml_shown(text, shown), (unsigned)*first);
	*first = line;
	level->key = text;
	level->key_plain = plain;
	level->key_line = line;
	return 0;
}

static int take_scalar(struct reader *r, const yaml_event_t *event)
{
	if (event->data.scalar.anchor)
		return refuse(
			r, event->start_mark, "an anchor (&) is not allowed: write the value out");
	if (event->data.scalar.tag)
		return refuse(
			r, event->start_mark, "a tag (!) is not allowed: write the plain value");
	if (count_node(r, event->start_mark) != 0)
		return -1;
	struct slice text = {(const char *)event->data.scalar.value, event->data.scalar.length};
	if (text.len && memchr(text.ptr, 0, text.len))
		return refuse(r, event->start_mark, "a text holds a NUL: remove it");
	uint32_t line = line_of(r, event->start_mark);
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (key_expected(r))
		return take_key(r, arena_strdup(r->mem, text), plain, line);
	if (plain && (slice_eq(text, SLICE("~")) || slice_eq(text, SLICE("null")) ||
			     slice_eq(text, SLICE("Null")) || slice_eq(text, SLICE("NULL"))))
		text.len = 0;
	const char *copy = arena_strdup(r->mem, text);
	place(r, (struct yaml_tree){.kind = YAML_TEXT, .line = line, .text = copy, .plain = plain});
	return 0;
}

static int open_level(struct reader *r, const yaml_event_t *event, enum yaml_kind kind)
{
	bool map = kind == YAML_MAP;
	if (map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor)
		return refuse(
			r, event->start_mark, "an anchor (&) is not allowed: write the value out");
	if (map ? event->data.mapping_start.tag : event->data.sequence_start.tag)
		return refuse(
			r, event->start_mark, "a tag (!) is not allowed: write the plain value");
	if (key_expected(r))
		return refuse(
			r, event->start_mark, "a key is a list or mapping: a key must be a text");
	if (r->depth >= r->form->depth || r->depth >= YAML_DEPTH)
		return fault(r, line_of(r, event->start_mark),
			"nested too deeply for %s: flatten it", r->form->what);
	if (count_node(r, event->start_mark) != 0)
		return -1;
	r->levels[r->depth++] = (struct level){
		.node = {.kind = kind, .line = line_of(r, event->start_mark), .text = ""}};
	return 0;
}

static void close_level(struct reader *r)
{
	struct level *level = &r->levels[--r->depth];
	struct yaml_tree node = level->node;
	node.nitems = level->nitems;
	node.items = arena_zalloc(r->mem, level->nitems + 1, sizeof(node));
	if (level->nitems)
		memcpy(node.items, level->items, level->nitems * sizeof(node));
	free(level->items);
	map_fini(&level->keys);
	place(r, node);
}

static int take_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return refuse(r, event->start_mark,
			"an alias (*) is not allowed: write the value out, or quote a text that "
			"begins with *");
	case YAML_SCALAR_EVENT:
		return take_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
		return open_level(r, event, YAML_LIST);
	case YAML_MAPPING_START_EVENT:
		return open_level(r, event, YAML_MAP);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_level(r);
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		if (r->nroots && !r->many)
			return fault(r, line_of(r, event->start_mark),
				"a second document begins: a file holds one, %s", r->form->what);
		if (event->data.document_start.version_directive ||
			event->data.document_start.tag_directives.start !=
				event->data.document_start.tag_directives.end)
			return refuse(
				r, event->start_mark, "a directive (%) is not allowed: remove it");
		return 0;
	default:
		return 0;
	}
}

static int read_all(struct reader *r)
{
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&r->parser, &event))
			return scan_error(r);
		bool end = event.type == YAML_STREAM_END_EVENT;
		int rc = take_event(r, &event);
		yaml_event_delete(&event);
		if (rc != 0 || end)
			return rc;
	}
}

/* Whether a document says nothing at all: `---` with nothing behind it. */
static bool is_empty(const struct yaml_tree *tree)
{
	return tree->kind == YAML_TEXT && tree->plain && !tree->text[0];
}

/* Reads all documents of a text into r->roots; r->mem, name, form, err, many and line are set. */
static int read_text(struct reader *r, struct slice text)
{
	if (text.len > r->form->bytes)
		return fault(r, 1, "longer than %zu bytes: too much for %s", r->form->bytes,
			r->form->what);
	if (!yaml_parser_initialize(&r->parser))
		abort();
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
		&r->parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
	int rc = read_all(r);
	while (r->depth > 0) {
		struct level *level = &r->levels[--r->depth];
		free(level->items);
		map_fini(&level->keys);
	}
	yaml_parser_delete(&r->parser);
	return rc;
}

int yaml_tree_read(struct slice text, const struct yaml_form *form, const char *name, uint32_t line,
	struct arena *mem, struct yaml_tree **root, struct err *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	*r = (struct reader){.form = form, .name = name, .line = line, .mem = mem, .err = err};
	int rc = read_text(r, text);
	if (rc == 0 && !r->nroots)
		rc = fault(r, 1, "the file is empty: it needs %s", form->needs);
	*root = r->nroots ? r->roots[0] : NULL;
	free(r->roots);
	free(r);
	return rc;
}

int yaml_docs_read(struct slice text, const struct yaml_form *form, const char *name,
	struct arena *mem, struct yaml_docs *docs, uint32_t *line, struct err *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	*r = (struct reader){.form = form, .name = name, .mem = mem, .err = err, .many = true};
	int rc = read_text(r, text);
	docs->n = 0;
	docs->of = arena_zalloc(mem, r->nroots + 1, sizeof(*docs->of));
	for (uint32_t i = 0; i < r->nroots && rc == 0; i++) {
		if (!is_empty(r->roots[i]))
			docs->of[docs->n++] = r->roots[i];
	}
	if (line)
		*line = r->bad_line;
	free(r->roots);
	free(r);
	return rc;
}
