/* SPDX-License-Identifier: Apache-2.0 */
/* ioc.h (answer/): indicators as somebody gave them, asked of all that is stored, and what came of each as JSON. */
#ifndef ANSWER_IOC_H
#define ANSWER_IOC_H

#include "ioc/list.h"
#include "query/ioc.h"

/* One line of the answer: an indicator, or a text that is none. */
struct ioc_given {
	struct slice text;  /* as it was written */
	uint64_t line;      /* of the file; 0 = not known */
	const char *reason; /* why it cannot be used; NULL = it can */
	uint32_t indicator; /* where it can: its place in `list` */
};
struct ioc_input {
	struct arena mem;
	struct ioc_given *given;
	uint32_t n, cap;
	struct indicator *list;
	uint32_t nlist, list_cap;
	uint64_t unusable, skipped;
	bool allow_wide;
	enum ioc_list_format format; /* of the last file */
	const volatile int *stop;    /* non-zero ends the reading of a list; NULL = nothing does */
};
/* Adds one value, of `kind` or (IOC_NONE) of the kind that it looks like. */
void ioc_input_add(struct ioc_input *input, struct slice word, enum ioc_kind kind);
/* A value that somebody typed as an entry of a list; texts in `mem` and, the reason, in `why`. */
struct ioc_entry ioc_word_entry(
	struct slice word, enum ioc_kind kind, struct arena *mem, struct err *why);
/* An `each` for ioc_list_read; ctx is a struct ioc_input, whose *stop ends the reading (NULL = nothing does). */
int ioc_input_take(void *ctx, const struct ioc_entry *entry, struct err *err);
void ioc_input_free(struct ioc_input *input);

/* Domains of the organisation's own, from what is connected; in `mem`. */
int ioc_own_domains(
	struct store *store, struct arena *mem, struct slice **own, uint32_t *n, struct err *err);

/* As what an indicator was seen ("domain, url"), or what it looks like where it was not. Appends. */
void ioc_put_kind(
	const struct indicator *indicator, const struct ioc_answer *answer, struct buf *out);

/* What the JSON of an answer is made of. */
struct ioc_report {
	const struct ioc_input *input;
	const struct ioc_answers *answers;
	const struct slice *own; /* as indicator_caution has it */
	uint32_t nown;
	bool hits_only;
};
/* Whether the i-th given is to be shown: all are but, with hits_only, what was not seen. */
bool ioc_report_shows(const struct ioc_report *report, uint32_t i);
/* How many of the indicators were seen. */
uint64_t ioc_report_seen(const struct ioc_report *report);
/* The caution that stands beside one; NULL = none. */
const char *ioc_report_caution(const struct ioc_report *report, const struct ioc_given *given);
/* Appends the i-th given as a JSON object: `pugmark ioc search --format ndjson`. */
void ioc_report_json(const struct ioc_report *report, uint32_t i, struct buf *out);
/* Appends the sums as members of an object: `"given":3,"seen":1,…`. */
void ioc_report_sums(const struct ioc_report *report, struct buf *out);

#endif
