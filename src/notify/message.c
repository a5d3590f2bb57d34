/* SPDX-License-Identifier: Apache-2.0 */
/* message.c: what messages say, whatever their form. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "notify/private.h"

void message_text(struct buf *out, const char *text, size_t most)
{
	struct buf safe;
	buf_init(&safe, 8 * TEXT_MOST + 64);
	/* A longer text would not fit: its beginning is enough. */
	size_t n = text ? strlen(text) : 0;
	bool cut = n > most;
	n = cut ? most : n;
	while (cut && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	text_escape(&safe, (struct slice){text, n});
	size_t end = safe.len;
	if (end > most) {
		end = most;
		while (end > 0 && ((unsigned char)safe.ptr[end] & 0xc0) == 0x80)
			end--;
		cut = true;
	}
	buf_append(out, safe.ptr ? safe.ptr : "", end);
	buf_puts(out, cut ? "…" : "");
	buf_fini(&safe);
}

static void digest_heading(const struct notify_message *message, struct buf *out)
{
	char count[32];
	const char *between = " (";
	buf_printf(out, "%s alerts", text_count(message->n, count));
	for (int level = RULE_LEVELS; level-- > 0;) {
		if (message->levels[level] == 0)
			continue;
		buf_printf(out, "%s%s %s", between, text_count(message->levels[level], count),
			level_name((unsigned)level));
		between = ", ";
	}
	buf_puts(out, *between == ',' ? ")" : "");
}

void message_heading(const struct notify_message *message, struct buf *out)
{
	switch (message->what) {
	case NOTIFY_ALERT:
		buf_printf(out, "%s%s: ",
			strcmp(message->alerts->change, "reopened") == 0 ? "reopened, " : "",
			message->alerts->level);
		message_text(out, message->alerts->title, LINE_MOST);
		break;
	case NOTIFY_DIGEST:
		digest_heading(message, out);
		break;
	case NOTIFY_TEST:
		buf_puts(out, "a test of pugmark: alerts will look like this one's sender");
		break;
	case NOTIFY_CHECKPOINT:
		message_text(out, message->summary, LINE_MOST);
		break;
	}
}

void message_line(const struct notify_alert *alert, struct buf *out)
{
	buf_printf(out, "%s: ", alert->level);
	message_text(out, alert->title, LINE_MOST);
	if (alert->group && *alert->group) {
		buf_puts(out, " (");
		message_text(out, alert->group, LINE_MOST);
		buf_puts(out, ")");
	}
	buf_printf(out, " %.8s", alert->id);
}

void message_facts(const struct notify_alert *alert,
	void (*each)(void *ctx, const char *name, const char *value), void *ctx)
{
	char count[32], first[CLOCK_TEXT], last[CLOCK_TEXT];
	const struct {
		const char *name, *value;
	} facts[] = {
		{"level", alert->level},
		{"group", alert->group},
		{"events", text_count(alert->events, count)},
		{"first event", alert->first == INT64_MIN ? NULL : clock_text(alert->first, first)},
		{"last event", alert->last == INT64_MIN ? NULL : clock_text(alert->last, last)},
		{"actor", alert->actor},
		{"target", alert->target},
		{"address", alert->ip},
		{"sources", alert->sources},
		{"rule", alert->rule},
		{"alert", alert->id},
	};
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		if (facts[i].value && *facts[i].value)
			each(ctx, facts[i].name, facts[i].value);
	}
}

const char *this_host(char out[256])
{
	if (gethostname(out, 256) != 0)
		out[0] = '\0';
	out[255] = '\0';
	size_t n = 0;
	while (n < 255 && out[n] > 0x20 && out[n] < 0x7f && !strchr("<>@\"\\", out[n]))
		n++;
	out[n] = '\0';
	if (n == 0)
		snprintf(out, 256, "localhost");
	return out;
}
