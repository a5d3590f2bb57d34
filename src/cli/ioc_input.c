/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_input.c (cli/): indicators from the command line, from files and from pasted text. */
#include <stdlib.h>

#include "cli/ioc.h"
#include "pipeline/input.h"

/* ---- one after another ----------------------------------------------------------------------- */

static struct slice keep(struct ioc_input *input, struct slice text)
{
	return text.len ? (struct slice){arena_strdup(&input->mem, text), text.len} : SLICE("");
}

static struct ioc_given *add_given(struct ioc_input *input, struct slice text, uint64_t line)
{
	if (input->n == input->cap) {
		input->cap = input->cap ? input->cap * 2 : 64;
		input->given = xrealloc(input->given, input->cap * sizeof(*input->given));
	}
	struct ioc_given *given = &input->given[input->n++];
	*given = (struct ioc_given){.text = keep(input, text), .line = line};
	return given;
}

static void add_unusable(
	struct ioc_input *input, struct slice text, uint64_t line, const char *reason)
{
	add_given(input, text, line)->reason = arena_strdup(&input->mem, slice_of(reason));
	input->unusable++;
}

/* `indicator` lies in the caller's memory. */
static void add_indicator(struct ioc_input *input, struct slice text, uint64_t line,
	const struct indicator *indicator)
{
	if (input->nlist == input->list_cap) {
		input->list_cap = input->list_cap ? input->list_cap * 2 : 64;
		input->list = xrealloc(input->list, input->list_cap * sizeof(*input->list));
	}
	struct indicator *kept = &input->list[input->nlist];
	*kept = *indicator;
	kept->key = keep(input, indicator->key);
	kept->last = keep(input, indicator->last);
	add_given(input, text, line)->indicator = input->nlist++;
}

static void add(struct ioc_input *input, struct slice text, uint64_t line,
	const struct indicator *indicator, bool wide)
{
	if (wide && !input->allow_wide)
		add_unusable(input, text, line,
			"would match nearly everything: --allow-wide takes it all the same");
	else
		add_indicator(input, text, line, indicator);
}

static void add_word(struct ioc_input *input, const char *word, enum ioc_kind kind)
{
	struct indicator indicator;
	struct err err = {0};
	bool wide = false;
	struct arena mem = {0};
	if (indicator_parse(slice_of(word), kind, &mem, &indicator, &wide, &err) < 0)
		add_unusable(input, slice_of(word), 0, err.text);
	else
		add(input, slice_of(word), 0, &indicator, wide);
	arena_fini(&mem);
}

static int take_entry(void *ctx, const struct ioc_entry *entry, struct err *err)
{
	struct ioc_input *input = ctx;
	if (stop_requested)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (input->n == UINT32_MAX)
		return err_set(err, ERR_LIMIT, "more than 4,294,967,295 indicators");
	if (entry->usable)
		add(input, entry->text, entry->line, &entry->indicator, entry->wide);
	else
		add_unusable(input, entry->text, entry->line, entry->reason);
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int64_t read_input(void *ctx, char *to, size_t n, struct err *err)
{
	int64_t got = 0;
	bool end = false;
	while (got == 0 && !end) { /* a pipe may be silent for a while */
		if (stop_requested)
			return err_set(err, ERR_INTERRUPTED, "interrupted");
		got = input_read(ctx, to, n, &end, err);
	}
	return got;
}

int ioc_file_read(const char *path, const struct ioc_list_options *options,
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err), void *ctx,
	struct ioc_list_counts *counts, struct err *err)
{
	struct input *input;
	struct ioc_list_options with_name = *options;
	with_name.name = strcmp(path, "-") == 0 ? "standard input" : path;
	if (input_open(path, &input, err) < 0)
		return -1;
	int rc = ioc_list_read(&with_name, read_input, input, each, ctx, counts, err);
	input_close(input);
	return rc < 0 ? -1 : 0;
}

int ioc_list_options_of(const struct command_line *line, struct ioc_list_options *options)
{
	const char *format = line->values[OPT_LIST_FORMAT], *kind = line->values[OPT_KIND];
	*options = (struct ioc_list_options){.column = line->values[OPT_COLUMN]};
	if (format)
		options->format = ioc_list_format_named(slice_of(format));
	if (options->format == IOC_LIST_FORMATS) {
		usage_error(line,
			"--list-format %.40s: write plain, csv, stix, misp, openioc, zeek or text",
			format);
		return -1;
	}
	if (kind)
		options->kind = ioc_kind_named(slice_of(kind));
	if (kind && options->kind == IOC_NONE) {
		usage_error(line,
			"--kind %.40s: write ipv4, ipv6, domain, url, email, md5, sha1, sha256, "
			"user, "
			"account, agent, host or other",
			kind);
		return -1;
	}
	return 0;
}

int ioc_input_read(
	const struct command_line *line, int from, struct ioc_input *input, struct err *err)
{
	struct ioc_list_options options;
	struct ioc_list_counts counts = {0};
	const char *file = line->values[OPT_FILE];
	*input = (struct ioc_input){.allow_wide = line->values[OPT_ALLOW_WIDE] != NULL};
	if (ioc_list_options_of(line, &options) < 0)
		return -1;
	for (int i = from; i < line->nargs; i++) {
		if (strcmp(line->args[i], "-") == 0 && !file)
			file = "-";
		else
			add_word(input, line->args[i], options.kind);
	}
	if (file && ioc_file_read(file, &options, take_entry, input, &counts, err) < 0)
		return -1;
	input->skipped = counts.skipped;
	input->format = counts.format;
	return 0;
}

void ioc_input_free(struct ioc_input *input)
{
	free(input->given);
	free(input->list);
	arena_fini(&input->mem);
	*input = (struct ioc_input){0};
}
