/* SPDX-License-Identifier: Apache-2.0 */
/* list.c (http/): a body that holds indicators: a list of any form (ioc/list.h), or a JSON array of strings. */
#include <string.h>

#include "answer/ioc.h"
#include "http/private.h"
#include "json/json.h"

struct reading {
	const struct ioc_list_options *options;
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err);
	void *ctx;
	struct slice left; /* of the body */
	struct ioc_list_counts *counts;
};

static int64_t read_body(void *ctx, char *to, size_t n, struct err *err)
{
	struct reading *reading = ctx;
	(void)err;
	n = n < reading->left.len ? n : reading->left.len;
	if (n > 0)
		memcpy(to, reading->left.ptr, n);
	reading->left.ptr += n;
	reading->left.len -= n;
	return (int64_t)n;
}

static int take_word(struct reading *reading, struct slice word, struct err *err)
{
	struct arena mem = {0};
	struct err why = {0};
	struct ioc_entry entry = ioc_word_entry(word, reading->options->kind, &mem, &why);
	reading->counts->usable += entry.usable;
	reading->counts->unusable += !entry.usable;
	int rc = reading->each(reading->ctx, &entry, err);
	arena_fini(&mem);
	return rc;
}

/* An array of strings alone: an indicator each. 1 it was one, 0 it is something else, -1. */
static int take_array(struct reading *reading, struct slice body, struct err *err)
{
	struct slice value;
	struct buf word;
	size_t at = json_blanks(body, 0), count = 0;
	if (at >= body.len || body.ptr[at] != '[' || json_validate(body, NULL) < 0)
		return 0;
	body.ptr += at, body.len -= at;
	for (at = 0; json_item(body, &at, &value); count++) {
		if (!value.len || value.ptr[0] != '"')
			return 0;
	}
	int rc = 0;
	buf_init(&word, LIMIT_LIST_LINE);
	for (at = 0; rc == 0 && count > 0 && json_item(body, &at, &value);) {
		bool repaired;
		buf_clear(&word);
		if (json_unescape(value, 0, &word, &repaired) >= 0)
			rc = take_word(reading, buf_view(&word), err);
	}
	buf_fini(&word);
	return rc < 0 ? -1 : 1;
}

int body_list(struct request *r, const struct ioc_list_options *options,
	int (*each)(void *ctx, const struct ioc_entry *entry, struct err *err), void *ctx,
	struct ioc_list_counts *counts, struct err *err)
{
	struct reading reading = {options, each, ctx, buf_view(&r->body), counts};
	*counts = (struct ioc_list_counts){0};
	int rc = take_array(&reading, reading.left, err);
	if (rc == 0)
		rc = ioc_list_read(options, read_body, &reading, each, ctx, counts, err);
	return rc < 0 ? -1 : 0;
}
