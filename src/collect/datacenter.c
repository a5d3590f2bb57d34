/* SPDX-License-Identifier: Apache-2.0 */
/* datacenter.c: GET /rest/auditing/1.0/events of Jira, Confluence and Bitbucket Data Center. Bounds in ISO
 * 8601, inclusive; newest first, from a cursor (`timestamp,id`). The link to the next page is never
 * followed: it may lack the bounds, or lead to another host. */
#include "collect/private.h"

#include "json/json.h"

static void query(const struct page_ask *ask, unsigned rows, struct buf *url)
{
	if (ask->from != SOURCE_OPEN_FROM)
		put_iso_ms(url, "from", ask->from);
	if (ask->to != SOURCE_OPEN_TO)
		put_iso_ms(url, "to", ask->to);
	put_name(url, "limit");
	buf_printf(url, "%u", rows);
	if (ask->cursor) {
		put_name(url, "pageCursor");
		http_escape(url, slice_of(ask->cursor), false);
	} else if (ask->offset > 0) {
		put_name(url, "offset");
		buf_printf(url, "%llu", (unsigned long long)ask->offset);
	}
}

static void envelope(struct slice body, struct page *page)
{
	struct slice info;
	if (!json_member(body, "pagingInfo", &info))
		return;
	struct slice said;
	page->last = member_true(info, "lastPage");
	page->more = json_member(info, "lastPage", &said) && slice_eq(said, SLICE("false"));
	if (!page->last)
		member_text(info, "nextPageCursor", page->cursor, sizeof(page->cursor));
}

const struct api api_data_center = {
	.what = "the audit log",
	.records = "entities",
	.path = "/rest/auditing/1.0/events",
	.traits = {.page_rows = 1000, .cursors = true},
	.permission = "an account with the global permission of a system administrator",
	.query = query,
	.envelope = envelope,
};
