/* SPDX-License-Identifier: Apache-2.0 */
/* search_cluster_values.c: the values of a field on a cluster, for completion: those of a search for everything, as its facet. */
#include <stdlib.h>

#include "query/search_private.h"

/* The most frequent values among which those that begin with the prefix are looked for. */
enum { MOST_VALUES = 20000 };

static bool begins(struct slice value, struct slice prefix, struct buf *folded)
{
	buf_clear(folded);
	text_fold(folded, value);
	return folded->len >= prefix.len &&
	       (prefix.len == 0 || memcmp(folded->ptr, prefix.ptr, prefix.len) == 0);
}

static int hand_out(const struct search_facet *facet, struct slice prefix, uint32_t max,
	int (*each)(void *ctx, struct slice value, uint64_t count, struct err *err), void *ctx,
	struct err *err)
{
	struct buf wanted, folded;
	int rc = 0;
	buf_init(&wanted, SIZE_MAX / 2);
	buf_init(&folded, SIZE_MAX / 2);
	text_fold(&wanted, prefix);
	for (uint32_t v = 0, n = 0; v < facet->n && n < max && rc == 0; v++) {
		const struct search_facet_value *value = &facet->values[v];
		if (value->null || !begins(value->value, buf_view(&wanted), &folded))
			continue;
		rc = each(ctx, value->value, value->count, err);
		n++;
	}
	buf_fini(&wanted);
	buf_fini(&folded);
	return rc;
}

int search_values_cluster(struct store *store, const struct search_tables *tables,
	const char *field, struct slice prefix, int64_t since, uint32_t max, unsigned milliseconds,
	int (*each)(void *ctx, struct slice value, uint64_t count, struct err *err), void *ctx,
	struct err *err)
{
	static const struct expr everything = {.kind = EXPR_CONST, .constant = true};
	struct search_request request = {.expr = &everything,
		.tables = tables,
		.since = since,
		.until = INT64_MAX,
		.secondary = true,
		.facets = &field,
		.nfacets = 1,
		.facet_values = MOST_VALUES};
	struct search *search;
	if (search_run_for(store, &request, (int64_t)milliseconds * 1000, &search, err) < 0)
		return -1;
	int rc = hand_out(&search_result(search)->facets[0], prefix, max, each, ctx, err);
	search_free(search);
	return rc;
}
