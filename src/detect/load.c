/* SPDX-License-Identifier: Apache-2.0 */
/* load.c: files and folders of rules, and the order of the steps: all documents are read before
 * filters and correlations look for the rules that they name. */
#include "detect/private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { MAX_FOLDERS = 16 };

static const struct yaml_form form = {.what = "a file of rules",
	.needs = "`title`, `logsource` and `detection`",
	.bytes = LIMIT_RULE_BYTES,
	.nodes = LIMIT_RULE_NODES,
	.depth = 24};

/* ---- problems -------------------------------------------------------------------------------- */

static void add_problem(
	struct loader *loader, const char *file, uint32_t line, bool warning, const char *what)
{
	struct rules *rules = loader->rules;
	uint32_t n = rules->nproblems;
	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		struct rule_problem *more =
			arena_alloc(loader->mem, (n < 4 ? 4 : 2 * (size_t)n) * sizeof(*more));
		if (n)
			memcpy(more, rules->problems, n * sizeof(*more));
		rules->problems = more;
	}
	rules->problems[rules->nproblems++] = (struct rule_problem){file, line, what, warning};
}

static void problem_text(struct loader *loader, const char *file, uint32_t line, bool warning,
	const char *fmt, va_list args)
{
	char text[800];
	vsnprintf(text, sizeof(text), fmt, args);
	add_problem(loader, file, line, warning, arena_strdup(loader->mem, slice_of(text)));
}

void loader_problem(
	struct loader *loader, const char *file, uint32_t line, bool warning, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	problem_text(loader, file, line, warning, fmt, args);
	va_end(args);
}

int document_refuse(struct document *doc, uint32_t line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	problem_text(doc->loader, doc->file, line, false, fmt, args);
	va_end(args);
	return -1;
}

void document_warn(struct document *doc, uint32_t line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	problem_text(doc->loader, doc->file, line, true, fmt, args);
	va_end(args);
}

struct candidate *loader_find(const struct loader *loader, const char *word)
{
	uint8_t uuid[16];
	char text[UUID_TEXT];
	struct slice key = slice_of(word);
	uint64_t *at = map_get(&loader->ids, key);
	if (!at && key.len == UUID_TEXT && text_parse_uuid(key, uuid) == 0) {
		text_uuid(uuid, text);
		at = map_get(&loader->ids, (struct slice){text, UUID_TEXT});
	}
	if (!at)
		at = map_get(&loader->names, key);
	return at && loader->candidates[*at]->state != CANDIDATE_OUT ? loader->candidates[*at]
								     : NULL;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static int read_text(struct loader *loader, struct slice text, const char *file, bool shipped)
{
	struct yaml_docs docs;
	uint32_t line = 0;
	const char *why;
	struct err err = {0};
	loader->bytes += text.len;
	if (loader->bytes > LIMIT_RULE_ALL_BYTES)
		return err_set(loader->err, ERR_LIMIT, "more than %llu bytes of rules in all",
			(unsigned long long)LIMIT_RULE_ALL_BYTES);
	if (yaml_docs_read(text, &form, "", loader->mem, &docs, &line, &err) != 0) {
		/* the text begins with ":LINE: " */
		const char *what = strstr(err.text, ": ");
		loader_problem(loader, file, line, false, "%s", what ? what + 2 : err.text);
		return 0;
	}
	if (collection_merge(loader->mem, &docs, &line, &why) != 0) {
		loader_problem(loader, file, line, false, "%s", why);
		return 0;
	}
	for (uint32_t i = 0; i < docs.n; i++)
		document_read(loader, docs.of[i], file, shipped);
	return 0;
}

/* A file; one that cannot be read is told, and where it was named itself (`named`) ends the load. */
static int read_file(struct loader *loader, const char *path, bool named)
{
	char *data;
	size_t len;
	struct err err = {0};
	const char *file = arena_strdup(loader->mem, slice_of(path));
	if (io_read_file(path, LIMIT_RULE_BYTES, &data, &len, &err) != 0) {
		if (named && err.kind != ERR_LIMIT) {
			*loader->err = err;
			return -1;
		}
		size_t skip = strncmp(err.text, path, strlen(path)) == 0 ? strlen(path) : 0;
		const char *what = err.text + skip;
		what += strspn(what, ": ");
		loader_problem(loader, file, 1, false,
			err.kind == ERR_LIMIT ? "%s: too much for a file of rules" : "%s", what);
		return 0;
	}
	int rc = read_text(loader, (struct slice){data, len}, file, false);
	free(data);
	return rc;
}

/* ---- folders --------------------------------------------------------------------------------- */

struct folder {
	struct loader *loader;
	const char *path;
	unsigned depth;
};

static bool is_rule_file(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && (strcasecmp(dot, ".yml") == 0 || strcasecmp(dot, ".yaml") == 0);
}

static int read_folder(struct loader *loader, const char *path, unsigned depth);

/* The settings may lie among the rules. */
static bool is_settings(const struct loader *loader, const struct io_info *info)
{
	struct io_info own;
	const struct rules_source *source = loader->source;
	return source && source->settings && io_stat(source->settings, &own, NULL) == 1 &&
	       own.inode == info->inode && own.device == info->device;
}

static int read_entry(void *ctx, const char *name, struct err *err)
{
	struct folder *folder = ctx;
	struct loader *loader = folder->loader;
	struct io_info info;
	struct buf path;
	if (name[0] == '.')
		return 0;
	buf_init(&path, 1 << 16);
	buf_printf(&path, "%s/%s", folder->path, name);
	buf_push(&path, '\0');
	int rc = path.full ? err_set(err, ERR_LIMIT, "%.200s: too long a name", folder->path)
			   : io_lstat(path.ptr, &info, err);
	if (rc > 0 && info.is_dir)
		rc = read_folder(loader, path.ptr, folder->depth + 1);
	else if (rc > 0 && is_rule_file(name) && !is_settings(loader, &info))
		rc = read_file(loader, path.ptr, false);
	else if (rc > 0)
		rc = 0;
	buf_fini(&path);
	return rc;
}

static int read_folder(struct loader *loader, const char *path, unsigned depth)
{
	struct folder folder = {loader, path, depth};
	if (depth > MAX_FOLDERS)
		return err_set(loader->err, ERR_LIMIT, "%.200s: more than %d folders deep", path,
			MAX_FOLDERS);
	return io_list(path, read_entry, &folder, loader->err);
}

static int read_path(struct loader *loader, const char *path)
{
	struct io_info info;
	int rc = io_stat(path, &info, loader->err);
	if (rc == 0)
		return err_set(loader->err, ERR_NOT_FOUND, "%.300s: no such file or folder", path);
	if (rc < 0)
		return -1;
	return info.is_dir ? read_folder(loader, path, 0) : read_file(loader, path, true);
}

/* ---- all ------------------------------------------------------------------------------------- */

static int begin(struct loader *loader, const struct rules_source *source, struct rules **rules,
	struct err *err)
{
	*loader = (struct loader){.source = source, .err = err};
	loader->rules = xcalloc(1, sizeof(*loader->rules));
	loader->mem = &loader->rules->mem;
	*rules = loader->rules;
	if (source && source->settings && source->settings_text.len &&
		settings_of_text(source->settings_text, source->settings, loader->mem,
			&loader->settings, err) != 0)
		return -1;
	if (source && source->settings && !source->settings_text.len &&
		settings_load(source->settings, loader->mem, &loader->settings, err) != 0)
		return -1;
	for (unsigned i = 0; source && source->shipped && builtin_rules[i].name; i++) {
		struct slice text = {builtin_rules[i].text, builtin_rules[i].len};
		const char *file = arena_printf(loader->mem, "rules/%s", builtin_rules[i].name);
		if (read_text(loader, text, file, true) != 0)
			return -1;
	}
	return 0;
}

static int end(struct loader *loader, int rc, struct rules **rules)
{
	if (rc == 0) {
		filters_apply(loader);
		correlations_resolve(loader);
		rules_finish(loader);
	} else {
		rules_free(*rules);
		*rules = NULL;
	}
	free(loader->candidates);
	free(loader->filters);
	map_fini(&loader->ids);
	map_fini(&loader->names);
	return rc;
}

int rules_load(const struct rules_source *source, struct rules **rules, struct err *err)
{
	struct loader loader;
	int rc = begin(&loader, source, rules, err);
	for (const char *const *path = source->paths; rc == 0 && path && *path; path++)
		rc = read_path(&loader, *path);
	return end(&loader, rc, rules);
}

int rules_read(struct slice text, const char *file, const struct rules_source *source,
	struct rules **rules, struct err *err)
{
	struct loader loader;
	int rc = begin(&loader, source, rules, err);
	for (const char *const *path = source ? source->paths : NULL; rc == 0 && path && *path;
		path++)
		rc = read_path(&loader, *path);
	if (rc == 0)
		rc = read_text(&loader, text, arena_strdup(loader.mem, slice_of(file)), false);
	return end(&loader, rc, rules);
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	arena_fini(&rules->mem);
	free(rules);
}

struct slice rules_builtin_text(unsigned i, const char **name)
{
	static unsigned n;
	while (builtin_rules[n].name)
		n++;
	if (i >= n)
		return (struct slice){"", 0};
	*name = builtin_rules[i].name;
	return (struct slice){builtin_rules[i].text, builtin_rules[i].len};
}
