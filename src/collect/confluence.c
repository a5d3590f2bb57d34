/* SPDX-License-Identifier: Apache-2.0 */
/* confluence.c: GET /wiki/rest/api/audit of Confluence Cloud. Bounds in epoch milliseconds, inclusive; offset
 * paging, newest first; records have no ids; `size` is not to be relied on, and the link to the next page is
 * never followed. */
#include "collect/private.h"

#include "json/json.h"

static void query(const struct page_ask *ask, unsigned rows, struct buf *url)
{
	if (ask->from != SOURCE_OPEN_FROM)
		put_epoch_ms(url, "startDate", ask->from);
	if (ask->to != SOURCE_OPEN_TO)
		put_epoch_ms(url, "endDate", ask->to);
	put_name(url, "start");
	buf_printf(url, "%llu", (unsigned long long)ask->offset);
	put_name(url, "limit");
	buf_printf(url, "%u", rows);
}

static void envelope(struct slice body, struct page *page)
{
	struct slice links, next;
	/* Relative to the product; one that leads elsewhere says nothing of this log. */
	page->more = json_member(body, "_links", &links) && json_member(links, "next", &next) &&
		     next.len > 2 && memcmp(next.ptr, "\"/", 2) == 0;
}

const struct api api_confluence = {
	.what = "the audit log of Confluence",
	.records = "results",
	.path = "/wiki/rest/api/audit",
	.traits = {.page_rows = 1000},
	.basic = true,
	.permission = "the permission \"Confluence Administrator\"",
	.query = query,
	.envelope = envelope,
};
