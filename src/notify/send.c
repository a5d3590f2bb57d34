/* SPDX-License-Identifier: Apache-2.0 */
/* send.c: the kinds of notifiers: what each wants to know, and how a message goes out. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "net/http.h"
#include "net/relay.h"
#include "net/retry.h"
#include "notify/private.h"

enum {
	SECRET_LEAST = 16 /* bytes that a webhook is signed with */,
	REPLY_MOST = 64 << 10,
	SEND_MS = 30000
};

const struct notify_kind notify_kinds[] = {
	{"webhook", "JSON, signed, to an HTTPS address of yours", "url secret", "ca_file proxy",
		"url secret"},
	{"slack", "an incoming webhook of Slack", "url", "ca_file proxy", "url"},
	{"teams", "an incoming webhook of Microsoft Teams", "url", "ca_file proxy", "url"},
	{"syslog", "a syslog server: udp://, tcp:// or tls://host:port", "to", "ca_file", ""},
	{"mail", "mail through an SMTP server", "server sender to",
		"user password without_tls ca_file", "password"},
	{.name = NULL},
};

const struct notify_kind *notify_kind_find(const char *name)
{
	const struct notify_kind *kind = notify_kinds;
	while (kind->name && strcmp(kind->name, name) != 0)
		kind++;
	return kind->name ? kind : NULL;
}

static bool is_kind(const struct notify_target *target, const char *kind)
{
	return strcmp(target->kind, kind) == 0;
}

static bool is_web(const struct notify_target *target)
{
	return is_kind(target, "webhook") || is_kind(target, "slack") || is_kind(target, "teams");
}

/* ---- checks ---------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t at;
} members[] = {
	{"url", offsetof(struct notify_target, url)},
	{"secret", offsetof(struct notify_target, secret)},
	{"server", offsetof(struct notify_target, server)},
	{"sender", offsetof(struct notify_target, sender)},
	{"to", offsetof(struct notify_target, to)},
	{"user", offsetof(struct notify_target, user)},
	{"password", offsetof(struct notify_target, password)},
	{"ca_file", offsetof(struct notify_target, ca_file)},
	{"proxy", offsetof(struct notify_target, proxy)},
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = list; (at = strstr(at, word)); at += n) {
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

static int check_members(
	const struct notify_target *target, const struct notify_kind *kind, struct err *err)
{
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		const char *value;
		memcpy(&value, (const char *)target + members[i].at, sizeof(value));
		bool given = value && *value;
		if (has_word(kind->needs, members[i].name)
				? !given
				: given && !has_word(kind->takes, members[i].name))
			return err_set(err, ERR_USAGE,
				given ? "the %s is nothing that %s wants to know"
				      : "the %s of a notifier of the kind %s is missing",
				members[i].name, kind->name);
	}
	return 0;
}

static int check_web(const struct notify_target *target, struct err *err)
{
	bool plain = strncmp(target->url, "http://", 7) == 0;
	const char *host = target->url + (plain ? 7 : 8);
	if ((strncmp(target->url, "https://", 8) != 0 && !(plain && target->allow_private)) ||
		strcspn(host, "/?#") == 0)
		return err_set(err, ERR_USAGE, "the address must begin with https://%s",
			plain ? ": http:// is taken with --allow-private, for hosts of your own "
				"network"
			      : "");
	if (is_kind(target, "webhook") && strlen(target->secret) < SECRET_LEAST)
		return err_set(err, ERR_USAGE,
			"the secret has less than %d characters: make one with `openssl rand -hex "
			"32`",
			SECRET_LEAST);
	return 0;
}

static int check_mail(const struct notify_target *target, struct err *err)
{
	if ((target->user && *target->user) != (target->password && *target->password))
		return err_set(err, ERR_USAGE, "user and password go together");
	if (target->password && target->without_tls)
		return err_set(err, ERR_USAGE, "a password is not sent without TLS");
	return relay_check(target->server, "smtp smtps", err);
}

int notify_check(const struct notify_target *target, struct err *err)
{
	const struct notify_kind *kind = notify_kind_find(target->kind);
	if (!kind)
		return err_set(err, ERR_USAGE,
			"`%.40s` is no kind of notifier: webhook, slack, teams, syslog or mail",
			target->kind);
	if (check_members(target, kind, err) < 0)
		return -1;
	if (is_web(target))
		return check_web(target, err);
	return is_kind(target, "mail") ? check_mail(target, err)
				       : relay_check(target->to, "udp tcp tls", err);
}

/* ---- the web --------------------------------------------------------------------------------- */

static int judge(const struct http_reply *reply, int64_t now, int64_t *again_us, struct err *err)
{
	if (reply->status >= 200 && reply->status <= 299)
		return 0;
	struct slice after = http_header(reply, "retry-after", 0);
	if (again_us && after.ptr)
		*again_us = retry_after(after, now);
	if (reply->status >= 300 && reply->status <= 399)
		return err_set(err, ERR_FORMAT,
			"the answer was HTTP %d, another address: redirects are not followed; give "
			"the address that "
			"answers itself",
			reply->status);
	return err_set(err, reply->status == 401 || reply->status == 403 ? ERR_ACCESS : ERR_FORMAT,
		"the answer was HTTP %d%s", reply->status,
		reply->status == 404 || reply->status == 410
			? ": the address is not known there (any more)"
		: reply->status == 429 ? ": too many messages"
				       : "");
}

static int post(struct http_client *client, const struct notify_target *target,
	const struct notify_message *message, struct slice body, int64_t *again_us, struct err *err)
{
	char signature[128], hex[65];
	struct http_header headers[4] = {{"Content-Type", "application/json; charset=utf-8"}};
	struct http_request request = {.method = "POST",
		.url = target->url,
		.headers = headers,
		.header_count = 1,
		.body = body,
		.guard = target->allow_private ? GUARD_PRIVATE_ALLOWED : GUARD_PUBLIC_ONLY,
		.plain = target->allow_private};
	struct http_reply reply;
	if (is_kind(target, "webhook")) {
		int64_t now = message->now / 1000000;
		notify_sign(slice_of(target->secret), now, body, hex);
		snprintf(signature, sizeof(signature), "t=%" PRId64 ",v1=%s", now, hex);
		headers[1] = (struct http_header){"X-Pugmark-Signature", signature};
		headers[2] = (struct http_header){"Idempotency-Key", message->key};
		request.header_count = 3;
	}
	http_reply_init(&reply);
	int rc = http_perform(client, &request, &reply, err);
	if (rc == 0)
		rc = judge(&reply, message->now, again_us, err);
	http_reply_fini(&reply);
	return rc;
}

static int send_web(const struct notify_target *target, const struct notify_message *message,
	int64_t *again_us, struct err *err)
{
	struct buf body;
	const struct http_settings settings = {.ca_file = target->ca_file,
		.proxy = target->proxy,
		.limits = {.total_ms = SEND_MS, .body_bytes = REPLY_MOST},
		.stop = target->stop};
	struct http_client *client = http_open(&settings, err);
	if (!client)
		return -1;
	buf_init(&body, MESSAGE_MOST);
	(is_kind(target, "webhook")        ? webhook_body
		: is_kind(target, "slack") ? slack_body
					   : teams_body)(message, &body);
	int rc = body.full ? err_set(err, ERR_LIMIT, "the message is too long")
			   : post(client, target, message, buf_view(&body), again_us, err);
	buf_fini(&body);
	http_close(client);
	return rc;
}

/* ---- syslog, mail ---------------------------------------------------------------------------- */

static struct relay relay_of(const struct notify_target *target, const char *url)
{
	return (struct relay){.url = url,
		.ca_file = target->ca_file,
		.guard = target->allow_private ? GUARD_PRIVATE_ALLOWED : GUARD_PUBLIC_ONLY,
		.total_ms = SEND_MS,
		.stop = target->stop};
}

static int send_syslog(
	const struct notify_target *target, const struct notify_message *message, struct err *err)
{
	struct buf line, framed;
	char host[256];
	const struct relay relay = relay_of(target, target->to);
	buf_init(&line, (size_t)16 * SYSLOG_MOST);
	buf_init(&framed, (size_t)16 * SYSLOG_MOST);
	syslog_line(message, this_host(host), &line);
	int rc;
	if (strncmp(target->to, "udp:", 4) == 0)
		rc = relay_datagram(&relay, buf_view(&line), err);
	else {
		/* RFC 6587 3.4.1, RFC 5425 4.3: its length goes before it. */
		buf_printf(&framed, "%zu ", line.len);
		buf_slice(&framed, buf_view(&line));
		rc = relay_stream(&relay, buf_view(&framed), err);
	}
	buf_fini(&framed);
	buf_fini(&line);
	return rc;
}

static int send_mail(
	const struct notify_target *target, const struct notify_message *message, struct err *err)
{
	struct arena mem = {0};
	struct buf text;
	char host[256];
	const struct relay relay = relay_of(target, target->server);
	struct relay_mail mail = {.from = target->sender,
		.to = mail_addresses(&mem, target->to),
		.user = target->user,
		.password = target->password,
		.without_tls = target->without_tls};
	buf_init(&text, MESSAGE_MOST);
	mail_text(message, mail.from, mail.to, this_host(host), &text);
	mail.text = buf_view(&text);
	int rc = relay_mail(&relay, &mail, err);
	buf_fini(&text);
	arena_fini(&mem);
	return rc;
}

int notify_send(const struct notify_target *target, const struct notify_message *message,
	int64_t *again_us, struct err *err)
{
	if (again_us)
		*again_us = -1;
	if (notify_check(target, err) < 0)
		return -1;
	if (is_web(target))
		return send_web(target, message, again_us, err);
	return is_kind(target, "mail") ? send_mail(target, message, err)
				       : send_syslog(target, message, err);
}
