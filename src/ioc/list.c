/* SPDX-License-Identifier: Apache-2.0 */
/* list.c: the table of formats: which one a file is by its beginning, and its reader. */
#include <stdlib.h>

#include "ioc/list_private.h"

/* In the order in which a file is compared with them: the surest first. */
static const struct {
	enum ioc_list_format format;
	const char *name;
	bool (*looks_like)(struct list *list, struct slice head);
	int (*read)(struct list *list);
} formats[] = {
	{IOC_LIST_STIX, "stix", stix_looks_like, json_read},
	{IOC_LIST_MISP, "misp", misp_looks_like, json_read},
	{IOC_LIST_OPENIOC, "openioc", openioc_looks_like, openioc_read},
	{IOC_LIST_ZEEK, "zeek", zeek_looks_like, zeek_read},
	{IOC_LIST_CSV, "csv", csv_looks_like, csv_read},
	{IOC_LIST_PLAIN, "plain", plain_looks_like, plain_read},
	{IOC_LIST_TEXT, "text", text_looks_like, text_read},
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]), HEAD = 64 << 10 };

const char *ioc_list_format_name(enum ioc_list_format format)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i].format == format)
			return formats[i].name;
	return format == IOC_LIST_GUESS ? "guess" : NULL;
}

enum ioc_list_format ioc_list_format_named(struct slice name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (slice_eq(slice_of(formats[i].name), name))
			return formats[i].format;
	return slice_eq(name, SLICE("guess")) ? IOC_LIST_GUESS : IOC_LIST_FORMATS;
}

static int read_as(struct list *list)
{
	struct slice head = {list->data + list->at, list->len - list->at};
	size_t i = 0;
	if (head.len > HEAD)
		head.len = HEAD;
	if (list->options->format == IOC_LIST_GUESS)
		while (i + 1 < FORMATS && !formats[i].looks_like(list, head))
			i++;
	else
		while (i + 1 < FORMATS && formats[i].format != list->options->format)
			i++;
	list->counts->format = formats[i].format;
	return formats[i].read(list);
}

int ioc_list_read(const struct ioc_list_options *options,
	int64_t (*read)(void *ctx, char *to, size_t n, struct err *err), void *read_ctx,
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err), void *ctx,
	struct ioc_list_counts *counts, struct err *err)
{
	struct list list = {.options = options,
		.read = read,
		.read_ctx = read_ctx,
		.each = each,
		.ctx = ctx,
		.counts = counts,
		.err = err,
		.data = xmalloc(LIST_DATA)};
	*counts = (struct ioc_list_counts){.format = options->format};
	int status = list_refuse(&list);
	if (status == 0)
		status = read_as(&list);
	arena_fini(&list.mem);
	free(list.data);
	return status;
}
