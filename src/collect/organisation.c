/* SPDX-License-Identifier: Apache-2.0 */
/* organisation.c: GET /admin/v1/orgs/{orgId}/events-stream: events of an Atlassian organisation, sorted by the
 * time when they were processed, so that late ones come too. The cursor is kept as it is given; where there
 * is none, or it is refused, milliseconds go on. */
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

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The parameter `cursor` of a link, decoded; the link itself is never followed. */
static void cursor_of_link(const char *link, struct page *page)
{
	const char *at = strstr(link, "cursor=");
	size_t n = 0;
	for (at = at ? at + strlen("cursor=") : ""; *at && *at != '&'; at++) {
		char c = *at;
		if (c == '%' && hex(at[1]) >= 0 && hex(at[2]) >= 0) {
			c = (char)(hex(at[1]) * 16 + hex(at[2]));
			at += 2;
		}
		page->cursor[n++] = c;
	}
	page->cursor[n] = '\0';
}

/* A cursor that is there and cannot be used leaves `last` and `cursor` unset. */
static void envelope(struct slice body, struct page *page)
{
	struct slice outer, next;
	char link[PAGE_CURSOR];
	if (json_member(body, "meta", &outer) && json_member(outer, "next", &next)) {
		page->last = next.ptr[0] == 'n'; /* null: nothing more now */
		member_text(outer, "next", page->cursor, sizeof(page->cursor));
		return;
	}
	page->last = !json_member(body, "links", &outer) || !json_member(outer, "next", &next) ||
		     next.ptr[0] == 'n';
	if (!page->last && member_text(outer, "next", link, sizeof(link)))
		cursor_of_link(link, page);
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
