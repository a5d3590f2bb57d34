/* SPDX-License-Identifier: Apache-2.0 */
/* mail.c: one mail as RFC 5322 and MIME have it. Log text stands in the subject as encoded words (RFC 2047) and in a
 * base64 body: no byte of it can be a header. */
#include <inttypes.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "notify/private.h"

enum {
	WORD = 42 /* bytes of text in an encoded word: 75 characters at most, RFC 2047 2 */,
	LINE = 57
};

const char *const *mail_addresses(struct arena *mem, const char *text)
{
	size_t n = 1, i = 0;
	for (const char *p = text; *p; p++)
		n += *p == ',';
	const char **list = arena_zalloc(mem, n + 1, sizeof(*list));
	for (const char *at = text; *at;) {
		at += strspn(at, ", ");
		size_t len = strcspn(at, ", ");
		if (len)
			list[i++] = arena_strdup(mem, (struct slice){at, len});
		at += len;
	}
	return list;
}

static void base64(struct buf *out, const char *data, size_t n)
{
	char *room = buf_reserve(out, 4 * (n / 3 + 1) + 1);
	if (room)
		out->len += (size_t)EVP_EncodeBlock(
			(unsigned char *)room, (const unsigned char *)data, (int)n);
}

static bool plain(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] >= 0x7f)
			return false;
	}
	/* What looks like an encoded word would be read as one. */
	return text.len < 60 && !memmem(text.ptr, text.len, "=?", 2);
}

static void subject(struct buf *out, struct slice text)
{
	buf_puts(out, "Subject: [pugmark]");
	if (plain(text)) {
		buf_push(out, ' ');
		buf_slice(out, text);
		buf_puts(out, "\r\n");
		return;
	}
	for (size_t at = 0; at < text.len;) {
		size_t n = text.len - at < WORD ? text.len - at : WORD;
		while (at + n < text.len && n > 1 &&
			((unsigned char)text.ptr[at + n] & 0xc0) == 0x80)
			n--;
		buf_puts(out, "\r\n =?UTF-8?B?");
		base64(out, text.ptr + at, n);
		buf_puts(out, "?=");
		at += n;
	}
	buf_puts(out, "\r\n");
}

static void date(struct buf *out, int64_t us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec",
			  days[] = "ThuFriSatSunMonTueWed";
	int64_t day = us / INT64_C(86400000000), second = us / 1000000 % 86400, year;
	unsigned month, date;
	clock_date(day, &year, &month, &date);
	buf_printf(out, "Date: %.3s, %02u %.3s %04" PRId64 " %02d:%02d:%02d +0000\r\n",
		days + 3 * (day % 7), date, months + 3 * (month - 1), year, (int)(second / 3600),
		(int)(second / 60 % 60), (int)(second % 60));
}

static void fact(void *ctx, const char *name, const char *value)
{
	struct buf *out = ctx;
	buf_printf(out, "%-12s ", name);
	message_text(out, value, TEXT_MOST);
	buf_puts(out, "\r\n");
}

static void body(const struct notify_message *message, struct buf *out)
{
	message_heading(message, out);
	buf_puts(out, "\r\n\r\n");
	if (message->what == NOTIFY_ALERT) {
		message_facts(message->alerts, fact, out);
		buf_printf(out, "\r\npugmark alerts show %.8s\r\n", message->alerts->id);
		return;
	}
	for (const char *p = message->what == NOTIFY_CHECKPOINT ? message->note : ""; *p; p++)
		buf_puts(out, *p == '\n' ? "\r\n" : (const char[]){*p, '\0'});
	for (uint32_t i = 0; i < message->listed; i++) {
		message_line(&message->alerts[i], out);
		buf_puts(out, "\r\n");
	}
	if (message->n > message->listed)
		buf_printf(out, "and %" PRIu64 " more\r\n", message->n - message->listed);
	buf_puts(out, message->what == NOTIFY_DIGEST ? "\r\npugmark alerts lists all\r\n" : "");
}

void mail_text(const struct notify_message *message, const char *from, const char *const *to,
	const char *host, struct buf *out)
{
	struct buf text;
	buf_init(&text, MESSAGE_MOST / 2);
	message_heading(message, &text);
	date(out, message->now);
	buf_printf(out, "From: pugmark <%s>\r\n", from);
	for (size_t i = 0; to[i]; i++)
		buf_printf(out, "%s<%s>%s", i ? "\t" : "To: ", to[i], to[i + 1] ? ",\r\n" : "\r\n");
	subject(out, buf_view(&text));
	/* The same at each try: whoever gets it twice sees it once. */
	buf_printf(out,
		"Message-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
		"base64\r\n\r\n",
		message->key, host);
	buf_clear(&text);
	body(message, &text);
	for (size_t at = 0; at < text.len; at += LINE) {
		base64(out, text.ptr + at, text.len - at < LINE ? text.len - at : LINE);
		buf_puts(out, "\r\n");
	}
	buf_fini(&text);
}
