/* SPDX-License-Identifier: Apache-2.0 */
/* jira.c: GET /rest/api/3/auditing/record of Jira Cloud. Bounds are inclusive, `from` must be before `to`
 * (else there are no records, and no error); offset paging, newest first; a page ends with no rows, whatever `total` says. */
#include "collect/private.h"

static void query(const struct page_ask *ask, unsigned rows, struct buf *url)
{
	if (ask->from != SOURCE_OPEN_FROM)
		put_iso_ms(url, "from", ask->from);
	if (ask->to != SOURCE_OPEN_TO)
		put_iso_ms(url, "to", ask->to);
	put_name(url, "offset");
	buf_printf(url, "%llu", (unsigned long long)ask->offset);
	put_name(url, "limit");
	buf_printf(url, "%u", rows);
}

static void envelope(struct slice body, struct page *page)
{
	page->total = member_number(body, "total");
}

const struct api api_jira = {
	.what = "the audit log of Jira",
	.records = "records",
	.path = "/rest/api/3/auditing/record",
	.traits = {.page_rows = 1000, .has_ids = true},
	.basic = true,
	.permission =
		"the global permission \"Administer Jira\", and a paid plan of one Jira product",
	.query = query,
	.envelope = envelope,
};
