/* SPDX-License-Identifier: Apache-2.0 */
/* list_test.h: what the tests of lists share: a list out of a text, told as lines. */
#ifndef IOC_LIST_TEST_H
#define IOC_LIST_TEST_H

#include "base/base.h"
#include "base/test.h"
#include "ioc/list.h"

struct told {
	struct slice text; /* what is read */
	size_t at, step;
	struct buf out;
	bool all;            /* tell ids, tags and so on too */
	unsigned stop_after; /* 0: never */
	unsigned count;
	struct ioc_list_counts counts;
};

static int64_t told_read(void *ctx, char *to, size_t n, struct err *err)
{
	struct told *told = ctx;
	size_t left = told->text.len - told->at;
	(void)err;
	if (n > told->step)
		n = told->step;
	if (n > left)
		n = left;
	if (n)
		memcpy(to, told->text.ptr + told->at, n);
	told->at += n;
	return (int64_t)n;
}

static void told_part(struct told *told, const char *name, struct slice text)
{
	if (told->all && text.len)
		buf_printf(&told->out, " %s=%.*s", name, SLICE_ARG(text));
}

static void told_time(struct told *told, const char *name, int64_t time)
{
	char text[CLOCK_TEXT];
	if (told->all && time != INT64_MIN)
		buf_printf(&told->out, " %s=%.10s", name, clock_text(time, text));
}

static void told_indicator(struct told *told, const struct ioc_entry *entry)
{
	const char *name = ioc_kind_name(entry->indicator.kind);
	buf_printf(&told->out, "%s%s ", entry->wide ? "wide " : "", name ? name : "word");
	indicator_text(&entry->indicator, &told->out);
}

static int told_each(void *ctx, const struct ioc_entry *entry, struct err *err)
{
	struct told *told = ctx;
	if (entry->line)
		buf_printf(&told->out, "%lu ", (unsigned long)entry->line);
	if (entry->usable)
		told_indicator(told, entry);
	else
		buf_printf(&told->out, "! %.*s: %s",
			(int)(entry->text.len < 60 ? entry->text.len : 60),
			entry->text.ptr ? entry->text.ptr : "", entry->reason);
	if (entry->revoked)
		buf_puts(&told->out, " revoked");
	if (told->all && entry->confidence >= 0)
		buf_printf(&told->out, " confidence=%d", entry->confidence);
	told_part(told, "id", entry->id);
	told_part(told, "type", entry->type);
	told_part(told, "tags", entry->tags);
	told_part(told, "description", entry->description);
	told_part(told, "reference", entry->reference);
	told_time(told, "from", entry->valid_from);
	told_time(told, "expires", entry->expires);
	buf_push(&told->out, '\n');
	if (++told->count == told->stop_after) {
		err_set(err, ERR_INTERRUPTED, "stopped");
		return 7;
	}
	return 0;
}

/* Reads `text` in steps of so many bytes. What is told ends with the error, if there is one. */
static inline int told_list(
	struct told *told, const struct ioc_list_options *options, struct slice text, size_t step)
{
	struct err err = {0};
	told->text = text;
	told->at = 0;
	told->step = step;
	told->count = 0;
	buf_init(&told->out, SIZE_MAX);
	int status = ioc_list_read(options, told_read, told, told_each, told, &told->counts, &err);
	if (status < 0)
		buf_printf(&told->out, "error: %s\n", err.text);
	buf_push(&told->out, 0);
	return status;
}

struct list_row {
	const char *text, *told;
	struct ioc_list_options options;
	enum ioc_list_format format; /* what it must have been read as; IOC_LIST_GUESS: any */
	bool all;
};

/* Each list in large steps and in small ones. */
static inline void check_list(size_t i, const struct list_row *row)
{
	static const size_t steps[] = {1 << 20, 7, 1};
	for (size_t s = 0; s < COUNT(steps); s++) {
		struct told told = {.all = row->all};
		told_list(&told, &row->options, slice_of(row->text), steps[s]);
		if (strcmp(told.out.ptr, row->told) != 0)
			fail_msg("row %zu, steps of %zu: %.200s\ngives\n%s\nwanted\n%s", i,
				steps[s], row->text, told.out.ptr, row->told);
		if (row->format && told.counts.format != row->format)
			fail_msg(
				"row %zu: read as %s", i, ioc_list_format_name(told.counts.format));
		buf_fini(&told.out);
	}
}

#endif
