/* SPDX-License-Identifier: Apache-2.0 */
/* infer_print.c: a proposed schema as YAML that schema_parse accepts. */
#include "schema/infer_plan.h"

#include <stdio.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* A path as a YAML text: plain where it is harmless, else quoted and all in ASCII. */
static void print_path(struct buf *out, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.$";
	size_t len = strlen(path);
	bool letter = (path[0] >= 'a' && path[0] <= 'z') || (path[0] >= 'A' && path[0] <= 'Z');
	if (letter && strspn(path, plain) == len && strcmp(path, "null") != 0) {
		buf_puts(out, path);
		return;
	}
	buf_push(out, '"');
	for (size_t i = 0; i < len;) {
		uint32_t code = 0;
		size_t step = text_utf8_step(path + i, len - i, &code);
		if (step == 0)
			break;
		if (code == '"' || code == '\\')
			buf_printf(out, "\\%c", (char)code);
		else if (code >= ' ' && code < 0x7F)
			buf_push(out, (char)code);
		else
			buf_printf(out, code > 0xFFFF ? "\\U%08X" : "\\u%04X", (unsigned)code);
		i += step;
	}
	buf_push(out, '"');
}

static void print_head(const struct plan *plan, struct buf *out)
{
	const struct infer *infer = plan->infer;
	buf_printf(out, "# Proposed from %llu records", (unsigned long long)infer->taken);
	if (infer->skipped)
		buf_printf(
			out, " (%llu more were not readable)", (unsigned long long)infer->skipped);
	buf_puts(out, ". Look through it: names, types, observables.\n");
	if (plan->left_out)
		buf_printf(out, "# %llu keys have no column; their values are kept in `extra`.\n",
			(unsigned long long)plan->left_out);
	buf_printf(out, "table: %s\n", plan->table);
	if (plan->base)
		buf_printf(out, "extend: %s\n", plan->base->table);
	buf_puts(out, "version: \"1\"\n");
}

static void print_time(const struct plan *plan, struct buf *out)
{
	if (plan->base)
		return;
	if (plan->time_path) {
		buf_puts(out, "time: ");
		print_path(out, plan->time_path);
		buf_push(out, '\n');
		return;
	}
	char name[32] = "timestamp";
	for (unsigned i = 2; seen_child(&plan->infer->root, slice_of(name)); i++)
		snprintf(name, sizeof(name), "timestamp_%u", i);
	buf_printf(out, "# No field looks like a time: name the one that is.\ntime: %s\n", name);
}

static void print_column(const struct plan_column *column, const char *indent, struct buf *out)
{
	bool typed = column->type != COL_STRING, watched = column->observable != OBS_NONE;
	buf_printf(out, "%s%s: ", indent, column->name);
	if (typed || watched)
		buf_puts(out, "{paths: ");
	print_path(out, column->path);
	if (typed)
		buf_printf(out, ", type: %s", schema_type_name(column->type));
	if (watched)
		buf_printf(out, ", observable: %s", observable_name(column->observable));
	buf_puts(out, typed || watched ? "}\n" : "\n");
}

static void print_list(const struct plan *plan, int list, struct buf *out)
{
	const struct plan_list *head = &plan->lists[list];
	bool any = false;
	for (uint32_t i = 0; i < plan->ncolumns; i++) {
		const struct plan_column *column = &plan->columns[i];
		if (column->list != list)
			continue;
		if (!any) {
			buf_printf(out, "  %s:\n", head->name);
			if (head->path) {
				buf_puts(out, "    list: ");
				print_path(out, head->path);
				buf_push(out, '\n');
			}
			if (!head->bare)
				buf_puts(out, "    fields:\n");
			any = true;
		}
		if (!head->bare) {
			print_column(column, "      ", out);
			continue;
		}
		buf_printf(out, "    of: %s\n", schema_type_name(column->type));
		if (column->observable != OBS_NONE)
			buf_printf(
				out, "    observable: %s\n", observable_name(column->observable));
	}
}

static void print_columns(const struct plan *plan, struct buf *out)
{
	if (plan->ncolumns == 0) {
		if (plan->base)
			buf_puts(out, "# Every field has its column in the built-in table.\n");
		else
			buf_puts(out, "# No other field was seen.\ncolumns:\n  message: message\n");
		return;
	}
	buf_puts(out, "columns:\n");
	for (uint32_t i = 0; i < plan->ncolumns; i++)
		if (plan->columns[i].list < 0)
			print_column(&plan->columns[i], "  ", out);
	for (uint32_t i = 0; i < plan->nlists; i++)
		print_list(plan, (int)i, out);
}

/* The first column of a name or kind that often holds a common field. */
static const struct plan_column *find_common(
	const struct plan *plan, const char *const *names, enum observable observable)
{
	for (size_t n = 0; names[n]; n++)
		for (uint32_t i = 0; i < plan->ncolumns; i++) {
			const struct plan_column *column = &plan->columns[i];
			bool fits =
				column->list < 0 && column->type == COL_STRING && !column->direct;
			if (fits && strcmp(column->name, names[n]) == 0)
				return column;
		}
	for (uint32_t i = 0; observable != OBS_NONE && i < plan->ncolumns; i++)
		if (plan->columns[i].list < 0 && plan->columns[i].observable == observable)
			return &plan->columns[i];
	return NULL;
}

static void print_common(const struct plan *plan, struct buf *out)
{
	static const struct {
		enum sys_column sys;
		enum observable observable;
		const char *names[8];
	} fields[] = {
		{SYS_ACTOR, OBS_USER,
			{"user", "user_name", "username", "login", "author_name", "actor_name",
				"author", NULL}},
		{SYS_ACTOR_ID, OBS_ACCOUNT, {"user_id", "account_id", "author_id", "login", NULL}},
		{SYS_ACTION, OBS_NONE,
			{"event", "event_type", "event_name", "operation", "activity", "verb",
				"type", NULL}},
		{SYS_CATEGORY, OBS_NONE, {"event_category", "area", "module", NULL}},
		{SYS_IP, OBS_IP, {"client_ip", "remote_address", "ip_address", NULL}},
		{SYS_SUMMARY, OBS_NONE, {"message", "title", "description", NULL}},
	};
	bool any = false;
	for (size_t i = 0; i < COUNT(fields); i++) {
		const struct plan_column *column =
			find_common(plan, fields[i].names, fields[i].observable);
		if (plan->base || !column || plan->direct[fields[i].sys])
			continue;
		if (!any)
			buf_puts(out, "common:\n");
		any = true;
		buf_printf(out, "  %s: %s\n", sys_columns[fields[i].sys].name, column->name);
	}
}

void plan_print(const struct plan *plan, struct buf *out)
{
	print_head(plan, out);
	print_time(plan, out);
	print_columns(plan, out);
	print_common(plan, out);
	if (plan->id)
		buf_printf(out, "# Each record has another `%s`.\nid: %s\n", plan->id, plan->id);
	if (!plan->base)
		buf_puts(out, "# Without `identity`, all columns together tell events apart.\n");
}
