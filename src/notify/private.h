/* SPDX-License-Identifier: Apache-2.0 */
/* private.h: what the forms of a message share. */
#ifndef NOTIFY_PRIVATE_H
#define NOTIFY_PRIVATE_H

#include "notify/notify.h"

enum {
	LINE_MOST = 300,         /* bytes of a heading */
	TEXT_MOST = 4 << 10,     /* of a value in a message for people */
	MESSAGE_MOST = 16 << 20, /* of a message */
	SYSLOG_MOST = 2048,      /* RFC 5424 6.1: what every receiver should take */
};

/* "high: Many failed logins", "345 alerts (3 critical, …)", "a test of pugmark": a heading, printable, cut. Appends. */
void message_heading(const struct notify_message *message, struct buf *out);
/* The names and values that people want to know of an alert, in order. `each` is not called for what is empty; values are as they are. */
void message_facts(const struct notify_alert *alert,
	void (*each)(void *ctx, const char *name, const char *value), void *ctx);
/* A digest's line for one alert: "high  Many failed logins  actor: mallory  3f2a91c4". */
void message_line(const struct notify_alert *alert, struct buf *out);
/* Appends `text` printable (text_escape) and cut to `most` bytes at a whole character, with … where it is cut. */
void message_text(struct buf *out, const char *text, size_t most);

/* The forms. Each appends the whole body. */
void webhook_body(const struct notify_message *message, struct buf *out);
void slack_body(const struct notify_message *message, struct buf *out);
void teams_body(const struct notify_message *message, struct buf *out);
/* RFC 5424, at most SYSLOG_MOST bytes. `host`: of this machine. */
void syslog_line(const struct notify_message *message, const char *host, struct buf *out);
/* RFC 5322, lines ended by CR LF. */
void mail_text(const struct notify_message *message, const char *from, const char *const *to,
	const char *host, struct buf *out);

/* Addresses by commas as a list that ends with NULL; in `mem`. */
const char *const *mail_addresses(struct arena *mem, const char *text);
/* This machine's name, visible ASCII without blanks; "localhost" where it has none. */
const char *this_host(char out[256]);

#endif
