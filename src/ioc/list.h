/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.h: files of indicators: plain lists, CSV (URLhaus, ThreatFox, any other), STIX 2.1 bundles, MISP JSON, OpenIOC XML,
 * Zeek intel files, and free text, read as a stream: memory does not grow with the file. Only STIX and MISP are read as a whole, up to
 * LIMIT_LIST_JSON; and of free text the first million of different indicators are remembered, to tell each once. docs/ioc.md says what
 * is read of each format.
 */
#ifndef IOC_LIST_H
#define IOC_LIST_H

#include "ioc/indicator.h"

enum ioc_list_format {
	IOC_LIST_GUESS,
	IOC_LIST_PLAIN, /* one a line; `#`, `;` and `//` begin comments; empty lines are skipped */
	IOC_LIST_CSV,
	IOC_LIST_STIX,
	IOC_LIST_MISP,
	IOC_LIST_OPENIOC,
	IOC_LIST_ZEEK,
	IOC_LIST_TEXT, /* free text: indicators are taken out of it, each once */
	IOC_LIST_FORMATS
};
/* The word for it; NULL past the end. */
const char *ioc_list_format_name(enum ioc_list_format format);
enum ioc_list_format ioc_list_format_named(
	struct slice name); /* IOC_LIST_FORMATS where none is called that */

struct ioc_list_options {
	enum ioc_list_format format;
	const char *column; /* CSV: name or number (from 1) of the values' column; NULL = guessed */
	enum ioc_kind
		kind;     /* of all values; IOC_NONE = by each value, or by the file's own types */
	const char *name; /* of the file, for errors */
	uint64_t max_bytes; /* 0 = no limit for streams */
};
/* What the file says of one value; texts are borrowed for the call, NULL or empty where it says nothing. */
struct ioc_entry {
	struct slice text; /* as it stands in the file */
	uint64_t line;     /* from 1; 0 = not known */
	bool usable;
	struct indicator indicator; /* where usable */
	bool wide;
	const char *reason; /* where not usable */
	struct slice id, type, description, tags /* separated by commas */, reference;
	int confidence;              /* 0–100; -1 = not said */
	int64_t valid_from, expires; /* microseconds; INT64_MIN = not said */
	bool revoked;                /* STIX revoked: withdraws an earlier one */
};
struct ioc_list_counts {
	uint64_t lines, usable, unusable,
		skipped; /* skipped: comments, empty lines, objects that hold no indicators */
	enum ioc_list_format format; /* what it was read as */
};
/* Reads all of `read` (bytes into `to`, at most n; 0 = the end; -1 = error set). `each` returns 0, or non-zero, which ends the reading and is
 * returned. Values that cannot be used are handed over as well, with their reason. -1: the file as a whole cannot be read (binary, HTML,
 * broken JSON or XML, too large, no column holds indicators): err names the place and what to do. */
int ioc_list_read(const struct ioc_list_options *options,
	int64_t (*read)(void *ctx, char *to, size_t n, struct err *err), void *read_ctx,
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err), void *ctx,
	struct ioc_list_counts *counts, struct err *err);

#endif
