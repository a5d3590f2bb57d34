/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c: a collector's checkpoint as text: a flat JSON object. Fields that are not known (of a newer
 * program) are ignored. */
#include <inttypes.h>

#include "pipeline/collector.h"

static int64_t number(const struct settings *settings, const char *name)
{
	const char *text = settings_get(settings, name);
	int64_t n = 0;
	return text && text_parse_int(slice_of(text), &n) == 0 ? n : 0;
}

static void copy(const struct settings *settings, const char *name, char out[PAGE_CURSOR])
{
	const char *text = settings_get(settings, name);
	snprintf(out, PAGE_CURSOR, "%s", text ? text : "");
}

int checkpoint_read(struct store *store, const char *name, struct checkpoint *c, struct err *err)
{
	struct settings settings = {0};
	struct buf text;
	*c = (struct checkpoint){0};
	buf_init(&text, 1 << 16);
	int rc = store_checkpoint(store, name, &text, err);
	if (rc == 1 && settings_read(&settings, buf_view(&text), err) < 0)
		rc = err_context(err, "the checkpoint of %s", name);
	if (rc == 1) {
		c->settled_to = number(&settings, "settled_to");
		c->late_at = number(&settings, "late_at");
		c->backfill_to = number(&settings, "backfill_to");
		c->backfilled = settings_on(&settings, "backfilled");
		copy(&settings, "cursor", c->cursor);
		copy(&settings, "history", c->history);
		c->processed_to = number(&settings, "processed_to");
		c->history_to = number(&settings, "history_to");
		c->listed_at = number(&settings, "listed_at");
		c->listed_pages = number(&settings, "listed_pages");
	}
	settings_fini(&settings);
	buf_fini(&text);
	return rc < 0 ? -1 : 0;
}

void checkpoint_write(const struct checkpoint *c, struct buf *out)
{
	const struct {
		const char *name;
		int64_t n;
	} numbers[] = {{"settled_to", c->settled_to}, {"late_at", c->late_at},
		{"backfill_to", c->backfill_to}, {"processed_to", c->processed_to},
		{"history_to", c->history_to}, {"listed_at", c->listed_at},
		{"listed_pages", c->listed_pages}};
	buf_printf(out, "{\"backfilled\":%s", c->backfilled ? "true" : "false");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].n)
			buf_printf(out, ",\"%s\":%" PRId64, numbers[i].name, numbers[i].n);
	}
	buf_puts(out, *c->cursor ? ",\"cursor\":" : "");
	if (*c->cursor)
		text_json_string(out, slice_of(c->cursor));
	buf_puts(out, *c->history ? ",\"history\":" : "");
	if (*c->history)
		text_json_string(out, slice_of(c->history));
	buf_push(out, '}');
}

int collect_position(
	struct store *store, const char *name, struct collect_position *position, struct err *err)
{
	struct checkpoint at;
	struct buf text;
	buf_init(&text, 1 << 16);
	int rc = store_checkpoint(store, name, &text, err);
	buf_fini(&text);
	*position = (struct collect_position){.begun = rc == 1};
	if (rc < 0 || checkpoint_read(store, name, &at, err) < 0)
		return -1;
	position->settled_to = at.settled_to;
	position->history_done = at.backfilled;
	position->history_to = at.history_to ? at.history_to : at.backfill_to;
	position->listed_at = at.listed_at;
	return 0;
}
