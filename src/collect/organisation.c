/* SPDX-License-Identifier: Apache-2.0 */
/* organisation.c: GET /admin/v1/orgs/{orgId}/events-stream: events of an Atlassian organisation, sorted by the
 * time when they were processed, so that late ones come too. The cursor is kept as it is given; where there
 * is none, or it is refused, milliseconds go on. */
#include <stdio.h>

#include "collect/private.h"

#include "json/json.h"

static void query(const struct page_ask *ask, unsigned rows, struct buf *url)
{
	if (ask->cursor) {
		put_name(url, "cursor");
		http_escape(url, slice_of(ask->cursor), false);
	} else {
		if (ask->from != SOURCE_OPEN_FROM)
			put_epoch_ms(url, "from", ask->from);
		if (ask->to != SOURCE_OPEN_TO)
			put_epoch_ms(url, "to", ask->to);
		put_name(url, "sortOrder");
		buf_puts(url, ask->newest ? "desc" : "asc");
	}
	put_name(url, "limit");
	buf_printf(url, "%u", rows);
}

/* The parameter `cursor` of a link; the link itself is never followed. */
static void cursor_of_link(struct slice body, struct page *page)
{
	struct slice links;
	char link[PAGE_CURSOR];
	if (!json_member(body, "links", &links) || !member_text(links, "next", link, sizeof(link)))
		return;
	const char *at = strstr(link, "cursor=");
	if (!at || strchr(at, '%'))
		return;
	at += strlen("cursor=");
	snprintf(page->cursor, sizeof(page->cursor), "%.*s", (int)strcspn(at, "&"), at);
}

static void envelope(struct slice body, struct page *page)
{
	struct slice meta, next;
	if (json_member(body, "meta", &meta) && json_member(meta, "next", &next)) {
		if (next.ptr[0] == '"')
			member_text(meta, "next", page->cursor, sizeof(page->cursor));
		else
			page->last = true; /* null: nothing more now */
		return;
	}
	cursor_of_link(body, page);
	page->last = !*page->cursor;
}

const struct api api_organisation = {
	.what = "the events of the organisation",
	.records = "data",
	.path = "/events-stream",
	/* Ten requests in a minute is what the older end point allows. */
	.traits = {.page_rows = 200, .has_ids = true, .cursors = true, .pause_us = 6000000},
	.permission = "an API key of an organisation administrator, and Atlassian Guard Standard",
	.query = query,
	.envelope = envelope,
};
