/* SPDX-License-Identifier: Apache-2.0 */
/* rule_files.c: rule files of one's own, in the folder rules of the data folder: written after they were read as rules, removed. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "answer/answer.h"
#include "http/private.h"
#include "pipeline/detect.h"

enum { NAME_MOST = 64, FILES_MOST = 10000 };

struct rule_file {
	struct request *r;
	const char *name, *dir, *path, *yaml;
	int replace; /* 1: one of that name may be there */
	bool is_there, conflict;
	const char **others; /* the other files of the folder; NULL-ended */
	uint32_t nothers;
};

/* NAME.yml of small letters, digits, _ and -; the settings have routes of their own. */
static int check_name(struct rule_file *f, struct err *err)
{
	const char *name = f->r->id;
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	const char *data = request_options(f->r)->data;
	if (n == 0 || n > NAME_MOST || strcmp(name + n, ".yml") != 0 ||
		strcmp(name, "settings.yml") == 0)
		return err_set(err, ERR_USAGE,
			"a rule file is called NAME.yml: small letters, digits, _ and -, %d at "
			"most; and not settings.yml",
			NAME_MOST);
	f->name = name;
	f->dir = arena_printf(&f->r->mem, "%s/rules", data);
	f->path = arena_printf(&f->r->mem, "%s/%s", f->dir, name);
	return 0;
}

/* ---- reading it as rules --------------------------------------------------------------------- */

static int note_other(void *ctx, const char *name, struct err *err)
{
	struct rule_file *f = ctx;
	const char *dot = strrchr(name, '.');
	(void)err;
	if (f->nothers == FILES_MOST || strcmp(name, f->name) == 0 ||
		strcmp(name, "settings.yml") == 0 || !dot ||
		(strcmp(dot, ".yml") != 0 && strcmp(dot, ".yaml") != 0))
		return 0;
	f->others[f->nothers++] = arena_printf(&f->r->mem, "%s/%s", f->dir, name);
	return 0;
}

/* The text beside the shipped rules and the other files, so that an id that another one has is seen. */
static int read_as_rules(struct rule_file *f, struct rules **rules, struct err *err)
{
	struct request *r = f->r;
	const char *settings = arena_printf(&r->mem, "%s/settings.yml", f->dir);
	struct rules_source source = {.shipped = true};
	f->others = arena_zalloc(&r->mem, FILES_MOST + 1, sizeof(*f->others));
	if (io_stat(f->dir, NULL, NULL) == 1 && io_list(f->dir, note_other, f, err) < 0)
		return -1;
	source.paths = f->others;
	if (io_stat(settings, NULL, NULL) == 1)
		source.settings = settings;
	return rules_read(slice_of(f->yaml), f->path, &source, rules, err);
}

/* The first thing that is wrong with it, as err. 0 or -1. */
static int check_rules(const struct rule_file *f, const struct rules *rules, struct err *err)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < rules->nproblems; i++) {
		const struct rule_problem *p = &rules->problems[i];
		if (strcmp(p->file, f->path) == 0 && !p->warning)
			return err_set(err, ERR_USAGE, "line %" PRIu32 ": %s", p->line, p->what);
	}
	for (uint32_t i = 0; i < rules->n; i++)
		n += strcmp(rules->of[i]->file, f->path) == 0;
	return n > 0 ? 0 : err_set(err, ERR_USAGE, "there is no rule in \"yaml\"");
}

static void put_saved(const struct rule_file *f, const struct rules *rules, struct buf *out)
{
	const char *between = "";
	buf_puts(out, "{\"file\":");
	text_json_string(out, slice_of(f->name));
	buf_printf(out, ",\"replaced\":%s,\"rules\":[", f->is_there ? "true" : "false");
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct rule *rule = rules->of[i];
		if (strcmp(rule->file, f->path) != 0)
			continue;
		buf_printf(out, "%s{\"rule\":", between);
		text_json_string(out, slice_of(rule_word(rule)));
		text_json_member(out, "title", rule->title);
		buf_push(out, '}');
		between = ",";
	}
	buf_puts(out, "],\"warnings\":[");
	between = "";
	for (uint32_t i = 0; i < rules->nproblems; i++) {
		const struct rule_problem *p = &rules->problems[i];
		if (strcmp(p->file, f->path) != 0)
			continue;
		buf_printf(out, "%s{\"line\":%" PRIu32, between, p->line);
		text_json_member(out, "what", p->what);
		buf_push(out, '}');
		between = ",";
	}
	buf_puts(out, "]}");
}

/* ---- the file -------------------------------------------------------------------------------- */

/* The folder, locked: two who write files, or settings, take turns. A descriptor, or -1. */
static int lock_folder(struct rule_file *f, struct err *err)
{
	struct io_info info;
	if (io_mkdirs(f->dir, err) < 0)
		return -1;
	int lock = io_open(f->dir, O_RDONLY | O_DIRECTORY, 0, err);
	int there = lock < 0 ? -1 : io_lock(lock, true, true, f->dir, err);
	if (there == 0)
		there = io_lstat(f->path, &info, err);
	if (there < 0) {
		io_close(lock);
		return -1;
	}
	f->is_there = there == 1;
	return lock;
}

static int keep(struct rule_file *f, struct err *err)
{
	if (f->is_there && f->replace != 1) {
		f->conflict = true;
		return err_set(err, ERR_USAGE,
			"there is a file %s already: \"replace\": true puts this one in its place",
			f->name);
	}
	return io_write_file(f->path, f->yaml, strlen(f->yaml), 0644, err);
}

static int save(struct request *r, struct store *store, void *ctx, struct err *err)
{
	struct rule_file *f = ctx;
	(void)r;
	(void)store;
	int lock = lock_folder(f, err);
	int rc = lock < 0 ? -1 : keep(f, err);
	io_close(lock);
	return rc;
}

int handle_rule_file_save(struct request *r, struct err *err)
{
	struct rule_file f = {.r = r};
	struct rules *rules = NULL;
	if (check_name(&f, err) < 0 || body_text(r, "yaml", &f.yaml, err) < 0 ||
		body_bool(r, "replace", &f.replace, err) < 0)
		return -1;
	if (!f.yaml)
		return err_set(err, ERR_USAGE,
			"there is no \"yaml\" in the body: the text of one or more rules");
	int rc = read_as_rules(&f, &rules, err);
	if (rc == 0)
		rc = check_rules(&f, rules, err);
	if (rc == 0)
		rc = audited(r, "rule file save", f.name, save, &f, err);
	if (rc == 0)
		put_saved(&f, rules, &r->out);
	rules_free(rules);
	if (rc < 0 && f.conflict) {
		reply_problem(r, 409, err->text, NULL);
		return 0;
	}
	if (reply_made(r, rc, "\n", err) < 0)
		return -1;
	r->status = f.is_there ? 200 : 201;
	return 0;
}

static int remove_file(struct request *r, struct store *store, void *ctx, struct err *err)
{
	struct rule_file *f = ctx;
	(void)r;
	(void)store;
	int lock = lock_folder(f, err);
	int rc = lock < 0       ? -1
		 : !f->is_there ? err_set(err, ERR_NOT_FOUND,
					  "there is no rule file %s in the data folder", f->name)
				: io_unlink(f->path, err);
	io_close(lock);
	return rc;
}

int handle_rule_file_remove(struct request *r, struct err *err)
{
	struct rule_file f = {.r = r};
	if (check_name(&f, err) < 0)
		return -1;
	return reply_removed(r, audited(r, "rule file remove", f.name, remove_file, &f, err));
}
