/* SPDX-License-Identifier: Apache-2.0 */
/* syslog.c: one message of RFC 5424: header, structured data with what programs want, a line for people. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "notify/private.h"

enum { FACILITY = 4 /* security/authorization */, PARAM_MOST = 200 };

/* RFC 5424 6.3.3: ", \ and ] get a backslash; control characters are made visible first. */
static void param(struct buf *out, const char *name, const char *value)
{
	struct buf safe;
	if (!value || !*value)
		return;
	buf_init(&safe, TEXT_MOST);
	message_text(&safe, value, PARAM_MOST);
	buf_printf(out, " %s=\"", name);
	for (size_t i = 0; i < safe.len; i++) {
		if (strchr("\"\\]", safe.ptr[i]))
			buf_push(out, '\\');
		buf_push(out, safe.ptr[i]);
	}
	buf_push(out, '"');
	buf_fini(&safe);
}

static void alert_params(const struct notify_alert *alert, struct buf *out)
{
	char count[24];
	snprintf(count, sizeof(count), "%" PRIu64, alert->events);
	param(out, "id", alert->id);
	param(out, "change", alert->change);
	param(out, "key", alert->key);
	param(out, "level", alert->level);
	param(out, "rule", alert->rule);
	param(out, "events", count);
	param(out, "actor", alert->actor);
	param(out, "target", alert->target);
	param(out, "ip", alert->ip);
}

static unsigned severity(const struct notify_message *message)
{
	static const unsigned severities[RULE_LEVELS] = {6, 5, 4, 3, 2};
	unsigned rank = message->what == NOTIFY_TEST || message->what == NOTIFY_CHECKPOINT ? 0
			: message->listed ? message->alerts[0].rank
					  : 2;
	for (unsigned level = 0; message->what == NOTIFY_DIGEST && level < RULE_LEVELS; level++)
		rank = message->levels[level] ? level : rank;
	return severities[rank < RULE_LEVELS ? rank : RULE_LEVELS - 1];
}

void syslog_line(const struct notify_message *message, const char *host, struct buf *out)
{
	static const char *const ids[] = {"alert", "digest", "test", "checkpoint"};
	char when[CLOCK_TEXT], count[24];
	size_t begin = out->len;
	buf_printf(out, "<%u>1 %s %s pugmark %d %s [pugmark@32473",
		FACILITY * 8 + severity(message), clock_text(message->now, when), host,
		(int)getpid(), ids[message->what]);
	if (message->what == NOTIFY_ALERT)
		alert_params(message->alerts, out);
	if (message->what == NOTIFY_DIGEST) {
		snprintf(count, sizeof(count), "%" PRIu64, message->n);
		param(out, "alerts", count);
		param(out, "key", message->key);
	}
	buf_puts(out, "] \xef\xbb\xbf");
	message_heading(message, out);
	if (message->what == NOTIFY_ALERT && message->alerts->group && *message->alerts->group) {
		buf_puts(out, " (");
		message_text(out, message->alerts->group, LINE_MOST);
		buf_puts(out, ")");
	}
	/* What would be too long is cut in its last part, which is for people. */
	if (out->len - begin > SYSLOG_MOST) {
		out->len = begin + SYSLOG_MOST;
		while (out->len > begin && ((unsigned char)out->ptr[out->len] & 0xc0) == 0x80)
			out->len--;
	}
}
