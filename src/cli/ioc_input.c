/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_input.c (cli/): indicators from the command line, from files and from pasted text. */
#include <stdlib.h>

#include "cli/ioc.h"
#include "pipeline/input.h"

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
	*input = (struct ioc_input){
		.allow_wide = line->values[OPT_ALLOW_WIDE] != NULL, .stop = &stop_requested};
	if (ioc_list_options_of(line, &options) < 0)
		return -1;
	for (int i = from; i < line->nargs; i++) {
		if (strcmp(line->args[i], "-") == 0 && !file)
			file = "-";
		else
			ioc_input_add(input, slice_of(line->args[i]), options.kind);
	}
	if (file && ioc_file_read(file, &options, ioc_input_take, input, &counts, err) < 0)
		return -1;
	input->skipped = counts.skipped;
	input->format = counts.format;
	return 0;
}
