/* SPDX-License-Identifier: Apache-2.0 */
/* web.c: bodies for webhooks: our own JSON, Slack's, Teams' Adaptive Card. Log text never stands where a link, a
 * mention or markup would be read. */
#include <inttypes.h>
#include <stdio.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "json/json.h"
#include "notify/private.h"

enum {
	SLACK_HEADER = 140, /* of 150 characters */
	SLACK_FIELD = 1500, /* of 2,000 */
	SLACK_LINES = 40,   /* of a digest: a block has 3,000 characters, a message 50 blocks */
	TEAMS_LINES = 60,   /* a card has 28 KB */
	TEAMS_VALUE = 600,
};

static void json_text(struct buf *out, const char *text)
{
	text_json_string(out, slice_of(text ? text : ""));
}

static void json_heading(const struct notify_message *message, size_t most, struct buf *out)
{
	struct buf text, line;
	buf_init(&text, TEXT_MOST);
	buf_init(&line, TEXT_MOST);
	message_heading(message, &text);
	buf_push(&text, '\0');
	message_text(&line, text.ptr, most);
	text_json_string(out, buf_view(&line));
	buf_fini(&text);
	buf_fini(&line);
}

/* ---- our own --------------------------------------------------------------------------------- */

static void short_alert(const struct notify_alert *alert, struct buf *out)
{
	buf_printf(out,
		"{\"id\":\"%s\",\"change\":\"%s\",\"key\":\"%s\",\"level\":\"%s\",\"title\":",
		alert->id, alert->change, alert->key, alert->level);
	json_text(out, alert->title);
	buf_puts(out, ",\"group\":");
	json_text(out, alert->group);
	buf_printf(out, ",\"events\":%" PRIu64 "}", alert->events);
}

static void digest_members(const struct notify_message *message, struct buf *out)
{
	buf_printf(out, ",\"count\":%" PRIu64 ",\"levels\":{", message->n);
	for (unsigned i = 0; i < RULE_LEVELS; i++)
		buf_printf(
			out, "%s\"%s\":%" PRIu64, i ? "," : "", level_name(i), message->levels[i]);
	buf_printf(out, "},\"listed\":%u,\"alerts\":[", message->listed);
	for (uint32_t i = 0; i < message->listed; i++) {
		buf_puts(out, i ? "," : "");
		short_alert(&message->alerts[i], out);
	}
	buf_push(out, ']');
}

void webhook_body(const struct notify_message *message, struct buf *out)
{
	static const char *const types[] = {"alert", "digest", "test", "checkpoint"};
	char when[CLOCK_TEXT];
	buf_printf(out, "{\"type\":\"%s\",\"key\":\"%s\",\"sent_at\":\"%s\",\"text\":",
		types[message->what], message->key, clock_text(message->now, when));
	json_heading(message, LINE_MOST, out);
	if (message->what == NOTIFY_DIGEST)
		digest_members(message, out);
	if (message->what == NOTIFY_ALERT) {
		const struct notify_alert *alert = message->alerts;
		buf_printf(out, ",\"change\":\"%s\",\"alert\":", alert->change);
		/* Copied events are JSON of our own making: were one not, the short form is sent. */
		if (alert->json.len && json_validate(alert->json, NULL) == 0)
			buf_slice(out, alert->json);
		else
			short_alert(alert, out);
	}
	if (message->what == NOTIFY_CHECKPOINT)
		text_json_member(out, "checkpoint", message->note);
	buf_push(out, '}');
}

void notify_sign(struct slice secret, int64_t unix_time, struct slice body, char hex[65])
{
	unsigned char sum[32];
	unsigned n = sizeof(sum);
	struct buf text;
	buf_init(&text, body.len + 64);
	buf_printf(&text, "%" PRId64 ".", unix_time);
	buf_slice(&text, body);
	if (!HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)text.ptr,
		    text.len, sum, &n))
		abort();
	for (unsigned i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	buf_fini(&text);
}

/* ---- Slack ----------------------------------------------------------------------------------- */

/* In the one text that Slack reads as its markup these three mean something. */
static void slack_escape(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		buf_puts(out, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "");
		if (c != '&' && c != '<' && c != '>')
			buf_push(out, c);
	}
}

static void slack_plain(struct buf *out, struct slice text)
{
	buf_puts(out, "{\"type\":\"plain_text\",\"emoji\":false,\"text\":");
	text_json_string(out, text);
	buf_push(out, '}');
}

struct fields {
	struct buf *out;
	unsigned n;
	size_t most;
};

/* Ten fields make a section. */
static void slack_field(void *ctx, const char *name, const char *value)
{
	struct fields *f = ctx;
	struct buf text;
	buf_init(&text, 2 * TEXT_MOST);
	buf_printf(&text, "%s: ", name);
	message_text(&text, value, f->most);
	buf_puts(f->out, f->n == 0        ? ",{\"type\":\"section\",\"fields\":["
			 : f->n % 10 == 0 ? "]},{\"type\":\"section\",\"fields\":["
					  : ",");
	slack_plain(f->out, buf_view(&text));
	f->n++;
	buf_fini(&text);
}

static void slack_lines(const struct notify_message *message, struct buf *out)
{
	struct buf text;
	uint32_t n = message->listed < SLACK_LINES ? message->listed : SLACK_LINES;
	buf_init(&text, TEXT_MOST);
	for (uint32_t i = 0; i < n; i++) {
		buf_clear(&text);
		message_line(&message->alerts[i], &text);
		buf_puts(out, ",{\"type\":\"section\",\"text\":");
		slack_plain(out, buf_view(&text));
		buf_push(out, '}');
	}
	buf_clear(&text);
	if (message->n > n) {
		char count[32];
		buf_printf(&text, "and %s more: pugmark alerts", text_count(message->n - n, count));
		buf_puts(out, ",{\"type\":\"section\",\"text\":");
		slack_plain(out, buf_view(&text));
		buf_push(out, '}');
	}
	buf_fini(&text);
}

void slack_body(const struct notify_message *message, struct buf *out)
{
	struct buf heading, safe;
	buf_init(&heading, TEXT_MOST);
	buf_init(&safe, 8 * TEXT_MOST);
	message_heading(message, &heading);
	slack_escape(&safe, buf_view(&heading));
	buf_puts(out, "{\"mrkdwn\":false,\"text\":");
	text_json_string(out, buf_view(&safe));
	buf_puts(out, ",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\","
		      "\"emoji\":false,\"text\":");
	json_heading(message, SLACK_HEADER, out);
	buf_puts(out, "}}");
	if (message->what == NOTIFY_ALERT) {
		struct fields fields = {.out = out, .most = SLACK_FIELD};
		message_facts(message->alerts, slack_field, &fields);
		buf_puts(out, fields.n ? "]}" : "");
	} else if (message->what == NOTIFY_DIGEST)
		slack_lines(message, out);
	buf_puts(out, "]}");
	buf_fini(&heading);
	buf_fini(&safe);
}

/* ---- Teams ----------------------------------------------------------------------------------- */

/* TextBlock and FactSet read Markdown, TextRun does not. */
static void teams_run(struct buf *out, const char *name, struct slice text)
{
	buf_puts(out, ",{\"type\":\"RichTextBlock\",\"inlines\":[");
	if (name)
		buf_printf(out, "{\"type\":\"TextRun\",\"weight\":\"Bolder\",\"text\":\"%s: \"},",
			name);
	buf_puts(out, "{\"type\":\"TextRun\",\"text\":");
	text_json_string(out, text);
	buf_puts(out, "}]}");
}

static void teams_fact(void *ctx, const char *name, const char *value)
{
	struct fields *f = ctx;
	struct buf text;
	buf_init(&text, 2 * TEXT_MOST);
	message_text(&text, value, f->most);
	teams_run(f->out, name, buf_view(&text));
	buf_fini(&text);
}

static void teams_lines(const struct notify_message *message, struct buf *out)
{
	struct buf text;
	char count[32];
	uint32_t n = message->listed < TEAMS_LINES ? message->listed : TEAMS_LINES;
	buf_init(&text, TEXT_MOST);
	/* A card has its limit in bytes: lines of a quarter of one are enough to tell them apart. */
	for (uint32_t i = 0; i < n; i++) {
		struct buf line;
		buf_init(&line, TEXT_MOST);
		buf_clear(&text);
		message_line(&message->alerts[i], &text);
		buf_push(&text, '\0');
		message_text(&line, text.ptr, LINE_MOST);
		teams_run(out, NULL, buf_view(&line));
		buf_fini(&line);
	}
	if (message->n > n) {
		buf_clear(&text);
		buf_printf(&text, "and %s more: pugmark alerts", text_count(message->n - n, count));
		teams_run(out, NULL, buf_view(&text));
	}
	buf_fini(&text);
}

void teams_body(const struct notify_message *message, struct buf *out)
{
	buf_puts(out,
		"{\"type\":\"message\",\"attachments\":[{\"contentType\":"
		"\"application/vnd.microsoft.card.adaptive\",\"contentUrl\":null,\"content\":{"
		"\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
		"\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":[{\"type\":"
		"\"RichTextBlock\","
		"\"inlines\":[{\"type\":\"TextRun\",\"size\":\"Medium\",\"weight\":\"Bolder\","
		"\"text\":");
	json_heading(message, LINE_MOST, out);
	buf_puts(out, "}]}");
	if (message->what == NOTIFY_ALERT) {
		struct fields fields = {.out = out, .most = TEAMS_VALUE};
		message_facts(message->alerts, teams_fact, &fields);
	} else if (message->what == NOTIFY_DIGEST)
		teams_lines(message, out);
	buf_puts(out, "]}}]}");
}
