/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_misp.c: a MISP feed: a folder with manifest.json, which names events and when each was changed, and a file UUID.json for each of them.
 * Only events that changed since the last fetch are read; what they hold is added.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "json/json.h"
#include "pipeline/feed_private.h"

enum { EVENTS_MOST = 50000 };
#define MANIFEST_BYTES ((uint64_t)64 << 20)

struct event {
	char uuid[UUID_TEXT + 1];
	int64_t changed; /* seconds */
};
struct manifest {
	struct feed_http *http;
	struct feed_fetch *fetch;
	struct event *events;
	uint32_t n, cap;
	int64_t newest;
};

bool misp_is_manifest(const char *url)
{
	static const char name[] = "/manifest.json";
	size_t n = strcspn(url, "?#"), end = sizeof(name) - 1;
	return n > end && memcmp(url + n - end, name, end) == 0;
}

/* ---- the manifest ---------------------------------------------------------------------------- */

static int broken(const char *why, struct err *err)
{
	return err_set(err, ERR_FORMAT, "the manifest of a MISP feed cannot be read: %s", why);
}

/* The next member of a valid object; *at is behind its bracket at first. */
static bool next_member(struct slice object, size_t *at, struct slice *name, struct slice *value)
{
	*at = json_blanks(object, *at);
	if (*at < object.len && object.ptr[*at] == ',')
		*at = json_blanks(object, *at + 1);
	if (*at >= object.len || object.ptr[*at] != '"')
		return false;
	int64_t end = json_skip(object, *at);
	if (end < 0)
		return false;
	*name = (struct slice){object.ptr + *at + 1, (size_t)end - *at - 2};
	size_t from = json_blanks(object, json_blanks(object, (size_t)end) + 1);
	if ((end = json_skip(object, from)) < 0)
		return false;
	*value = (struct slice){object.ptr + from, (size_t)end - from};
	*at = (size_t)end;
	return true;
}

/* A number, or digits in quotes; 0 where it is none. */
static int64_t seconds_of(struct slice event)
{
	struct slice text;
	int64_t value = 0;
	if (json_member(event, "timestamp", &text) < 1)
		return 0;
	if (text.len > 2 && text.ptr[0] == '"')
		text = (struct slice){text.ptr + 1, text.len - 2};
	return text_parse_int(text, &value) == 0 && value > 0 ? value : 0;
}

static int take_event(
	struct manifest *m, struct slice name, struct slice value, int64_t since, struct err *err)
{
	uint8_t uuid[16];
	int64_t changed = seconds_of(value);
	if (name.len != UUID_TEXT || text_parse_uuid(name, uuid) < 0 || changed == 0)
		return broken("a member is no event with its time", err);
	if (changed > m->newest)
		m->newest = changed;
	if (changed < since) /* one of the same second may have come after the last fetch */
		return 0;
	if (m->n == EVENTS_MOST)
		return err_set(err, ERR_LIMIT, "more than %d events in a MISP feed", EVENTS_MOST);
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 64;
		m->events = xrealloc(m->events, m->cap * sizeof(*m->events));
	}
	/* Written anew: it becomes part of an address. */
	text_uuid(uuid, m->events[m->n].uuid);
	m->events[m->n].uuid[UUID_TEXT] = '\0';
	m->events[m->n++].changed = changed;
	return 0;
}

static int read_manifest(struct manifest *m, struct slice text, int64_t since, struct err *err)
{
	size_t at = json_blanks(text, 0);
	struct slice name, value;
	bool repaired;
	if (json_validate_lenient(text, &repaired, NULL) < 0 || at >= text.len ||
		text.ptr[at] != '{')
		return broken("it is no JSON object", err);
	at++;
	while (next_member(text, &at, &name, &value)) {
		if (take_event(m, name, value, since, err) < 0)
			return -1;
	}
	return m->newest ? 0 : broken("it names no event", err);
}

static int load_manifest(struct manifest *m, int64_t since, struct err *err)
{
	struct buf text;
	buf_init(&text, 2 * MANIFEST_BYTES);
	int rc = feed_part_text(
		&m->fetch->spool.parts[0], MANIFEST_BYTES, m->fetch->options->stop, &text, err);
	if (rc == 0)
		rc = read_manifest(m, buf_view(&text), since, err);
	buf_fini(&text);
	return rc;
}

/* ---- the events ------------------------------------------------------------------------------ */

static int take_body(void *ctx, const struct http_reply *reply, struct slice data, struct err *err)
{
	(void)reply;
	return spool_write(ctx, data, err);
}

static int oldest_first(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	return x->changed != y->changed ? (x->changed < y->changed ? -1 : 1)
					: strcmp(x->uuid, y->uuid);
}

static int fetch_event(struct manifest *m, const char *uuid, struct err *err)
{
	const struct feed *feed = m->fetch->feed;
	struct feed_spool *spool = &m->fetch->spool;
	uint64_t most = feed->max_bytes ? feed->max_bytes : FEED_BYTES;
	size_t n = strcspn(feed->url, "?#"), folder = n - strlen("manifest.json");
	const char *url = arena_printf(
		&m->fetch->mem, "%.*s%s.json%s", (int)folder, feed->url, uuid, feed->url + n);
	struct http_reply reply;
	char bytes[32];
	if (spool->size >= most)
		return err_set(err, ERR_LIMIT, "more than %s came: --max-size allows more",
			text_bytes(most, bytes));
	http_reply_init(&reply);
	int rc = feed_http_get(m->http, url, most - spool->size, take_body, spool, &reply, err);
	if (rc == 0 && reply.status != 200)
		rc = err_set(err, ERR_FORMAT, "HTTP %d", reply.status);
	http_reply_fini(&reply);
	if (rc < 0)
		return err_context(err, "event %s", uuid);
	spool_part(spool, arena_printf(&m->fetch->mem, "event %s", uuid));
	return 0;
}

int misp_events(struct feed_http *http, struct feed_fetch *fetch, int64_t *since, struct err *err)
{
	struct manifest m = {.http = http, .fetch = fetch};
	int rc = load_manifest(&m, *since, err);
	fetch->spool.n = 0; /* the manifest has done its part */
	if (rc == 0)
		rc = spool_back(&fetch->spool, err);
	if (m.n)
		qsort(m.events, m.n, sizeof(*m.events), oldest_first);
	for (uint32_t i = 0; i < m.n && rc == 0; i++)
		rc = fetch_event(&m, m.events[i].uuid, err);
	fetch->adds = true;
	fetch->format = IOC_LIST_MISP;
	fetch->unchanged = m.n == 0;
	if (m.newest > *since)
		*since = m.newest;
	free(m.events);
	return rc;
}
