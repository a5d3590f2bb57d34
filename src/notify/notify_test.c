/* SPDX-License-Identifier: Apache-2.0 */
/* notify_test.c: what messages look like, with log text that tries to be more than text; the signature; what is no
 * notifier. */
#include "base/test.h"

#include "json/json.h"
#include "notify/private.h"

#define EVIL "=x\x1b[31m\xe2\x80\xae\r\nBcc: e@x\r\n\r\n<!here> [a](http://b) \"]\\ \xc3\xa9\xff"

static struct notify_alert alert_of(const char *title)
{
	return (struct notify_alert){.id = "0123456789abcdef0123456789abcdef",
		.level = "high",
		.rank = 3,
		.state = "open",
		.title = title,
		.rule = "rule-1",
		.group = title,
		.actor = title,
		.ip = "203.0.113.7",
		.sources = "jira",
		.events = 1234,
		.first = 0,
		.last = INT64_C(1790035200000000),
		.changed = 0,
		.change = "new",
		.key = "0123456789abcdef0123456789abcdef-new",
		.json = SLICE("{\"id\":\"0123\"}")};
}

static struct notify_message message_of(
	enum notify_what what, const struct notify_alert *alerts, uint32_t n)
{
	struct notify_message message = {.what = what,
		.now = INT64_C(1790035200123456),
		.key = "key-1",
		.n = n,
		.alerts = alerts,
		.listed = n};
	message.levels[3] = n;
	return message;
}

static void append_nul(struct buf *out)
{
	buf_append(out, "", 1);
	out->len--;
}

/* Every form of every message: JSON where it says so, no control character, no bidi control, no bad UTF-8. */
static void hostile_text_stays_text(void **state)
{
	(void)state;
	static const struct {
		void (*make)(const struct notify_message *, struct buf *);
		size_t most;
	} forms[] = {{webhook_body, 1 << 20}, {slack_body, 64 << 10}, {teams_body, 28 << 10}};
	static struct notify_alert alerts[NOTIFY_LISTED];
	char *longest = xcalloc(1, 100001);
	memset(longest, '<', 100000);
	const char *const titles[] = {EVIL, "", longest, "\xf0\x9f\x91\x80"};
	for (size_t t = 0; t < COUNT(titles); t++) {
		for (int i = 0; i < NOTIFY_LISTED; i++)
			alerts[i] = alert_of(titles[t]);
		for (int what = NOTIFY_ALERT; what <= NOTIFY_CHECKPOINT; what++) {
			uint32_t n = what == NOTIFY_ALERT    ? 1
				     : what == NOTIFY_DIGEST ? NOTIFY_LISTED
							     : 0;
			struct notify_message message =
				message_of((enum notify_what)what, alerts, n);
			message.n = what == NOTIFY_DIGEST ? 5000 : n;
			message.summary = titles[t];
			message.note = EVIL;
			for (size_t f = 0; f < COUNT(forms); f++) {
				struct buf out;
				buf_init(&out, MESSAGE_MOST);
				forms[f].make(&message, &out);
				CHECK_ROW(100 * t + f, json_validate(buf_view(&out), NULL) == 0);
				CHECK_ROW(100 * t + f, titles[t] == longest && f == 0
							       ? true
							       : out.len <= forms[f].most);
				for (size_t i = 0; i < out.len; i++)
					CHECK_ROW(100 * t + f, (unsigned char)out.ptr[i] >= 0x20);
				buf_fini(&out);
			}
		}
	}
	free(longest);
}

static void slack_reads_no_mention(void **state)
{
	(void)state;
	struct buf out, text;
	struct notify_alert alert = alert_of("<!channel> & <@U1>");
	struct notify_message message = message_of(NOTIFY_ALERT, &alert, 1);
	buf_init(&out, MESSAGE_MOST);
	buf_init(&text, MESSAGE_MOST);
	slack_body(&message, &out);
	assert_true(json_find_text(buf_view(&out), "text", &text));
	append_nul(&text);
	assert_string_equal(text.ptr, "high: &lt;!channel&gt; &amp; &lt;@U1&gt;");
	append_nul(&out);
	assert_null(strstr(out.ptr, "\"mrkdwn\"}"));
	assert_null(strstr(out.ptr, "\"type\":\"mrkdwn\""));
	buf_fini(&text);
	buf_fini(&out);
}

static void one_syslog_line(void **state)
{
	(void)state;
	struct buf out;
	struct notify_alert alert = alert_of("a \"b\" ]c\\ \n");
	struct notify_message message = message_of(NOTIFY_ALERT, &alert, 1);
	char wanted[1000];
	buf_init(&out, MESSAGE_MOST);
	syslog_line(&message, "host.example", &out);
	append_nul(&out);
	snprintf(wanted, sizeof(wanted),
		"<35>1 2026-09-22T00:00:00.123456Z host.example pugmark %d alert [pugmark@32473"
		" id=\"0123456789abcdef0123456789abcdef\" change=\"new\""
		" key=\"0123456789abcdef0123456789abcdef-new\" level=\"high\" rule=\"rule-1\" "
		"events=\"1234\""
		" actor=\"a \\\"b\\\" \\]c\\\\ \\\\n\" ip=\"203.0.113.7\"] \xef\xbb\xbfhigh: a "
		"\"b\" ]c\\ \\n (a \"b\" ]c\\ \\n)",
		(int)getpid());
	assert_string_equal(out.ptr, wanted);
	buf_fini(&out);
}

static void a_syslog_line_has_its_limit(void **state)
{
	(void)state;
	char *longest = xcalloc(1, 30001);
	for (int i = 0; i < 30000; i += 2)
		memcpy(longest + i, "\xc3\xa9", 2);
	struct notify_alert alert = alert_of(longest);
	alert.target = alert.rule = alert.ip = longest;
	struct notify_message message = message_of(NOTIFY_ALERT, &alert, 1);
	struct buf out;
	buf_init(&out, MESSAGE_MOST);
	syslog_line(&message, "h", &out);
	assert_true(out.len <= SYSLOG_MOST && out.len > 1000);
	assert_true(text_utf8_valid(buf_view(&out)));
	append_nul(&out);
	assert_non_null(strstr(out.ptr, "] \xef\xbb\xbf"));
	buf_fini(&out);
	free(longest);
}

static void a_mail_has_its_own_headers_only(void **state)
{
	(void)state;
	static const char *const to[] = {"a@example.com", "b@example.com", NULL};
	struct notify_alert alert = alert_of(EVIL);
	struct notify_message message = message_of(NOTIFY_ALERT, &alert, 1);
	struct buf out;
	unsigned headers = 0;
	buf_init(&out, MESSAGE_MOST);
	mail_text(&message, "p@example.com", to, "host", &out);
	append_nul(&out);
	assert_int_equal(strlen(out.ptr), out.len);
	for (char *at = out.ptr, *end; (end = strstr(at, "\r\n")) && end > at; at = end + 2) {
		assert_true(end - at <= 100);
		headers += *at != ' ' && *at != '\t';
		for (char *p = at; p < end; p++)
			assert_true(*p == '\t' ||
				    ((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f));
	}
	assert_int_equal(headers, 9);
	assert_null(strstr(out.ptr, "Bcc"));
	assert_non_null(strstr(out.ptr, "Date: Tue, 22 Sep 2026 00:00:00 +0000\r\n"));
	assert_non_null(strstr(out.ptr, "\r\nMessage-ID: <key-1@host>\r\n"));
	buf_fini(&out);
	/* Plain titles stay readable. */
	alert = alert_of("Many logins");
	mail_text(&message, "p@example.com", to, "host", &out);
	append_nul(&out);
	assert_non_null(strstr(out.ptr, "Subject: [pugmark] high: Many logins\r\n"));
	buf_fini(&out);
}

/* What looks like an encoded word is not read as one. */
static void a_title_that_is_an_encoded_word(void **state)
{
	(void)state;
	static const char *const to[] = {"a@example.com", NULL};
	struct notify_alert alert = alert_of("=?UTF-8?Q?evil?=");
	struct notify_message message = message_of(NOTIFY_ALERT, &alert, 1);
	struct buf out;
	buf_init(&out, MESSAGE_MOST);
	mail_text(&message, "p@example.com", to, "host", &out);
	append_nul(&out);
	assert_null(strstr(out.ptr, "?Q?"));
	buf_fini(&out);
}

static void texts_are_cut_whole(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t most;
		const char *out;
	} rows[] = {{"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"é", 1, "…"}, {"aé", 2, "a…"},
		{NULL, 9, ""}, {"\n", 1, "\\…"}, {"a\tb", 9, "a\\tb"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out;
		buf_init(&out, 1000);
		buf_puts(&out, "");
		message_text(&out, rows[i].in, rows[i].most);
		append_nul(&out);
		CHECK_ROW(i, strcmp(out.ptr, rows[i].out) == 0);
		buf_fini(&out);
	}
}

/* As `printf '1790035200.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef` says. */
static void the_signature(void **state)
{
	(void)state;
	char hex[65];
	notify_sign(SLICE("0123456789abcdef"), 1790035200, SLICE("{\"a\":1}"), hex);
	assert_string_equal(
		hex, "aea295582cc823bce23c3095f3180308644920047da594e4d92b40bcdfcae179");
}

static void what_is_no_notifier(void **state)
{
	(void)state;
	const struct notify_target rows[] = {
		{.kind = "pigeon"},
		{.kind = "webhook", .url = "https://a.b"},
		{.kind = "webhook", .url = "https://a.b", .secret = "short"},
		{.kind = "webhook", .url = "http://a.b", .secret = "0123456789abcdef"},
		{.kind = "webhook", .url = "https:///x", .secret = "0123456789abcdef"},
		{.kind = "webhook", .url = "https://a.b", .secret = "0123456789abcdef", .to = "x"},
		{.kind = "slack"},
		{.kind = "teams", .url = "file:///etc/passwd", .allow_private = true},
		{.kind = "syslog", .to = "udp://"},
		{.kind = "syslog", .to = "tcp://a"},
		{.kind = "syslog", .to = "tcp://a:1/x"},
		{.kind = "syslog", .to = "tcp://u:p@a:1"},
		{.kind = "syslog", .to = "http://a:1"},
		{.kind = "mail", .server = "smtp://a", .to = "a@b.c"},
		{.kind = "mail", .server = "http://a", .to = "a@b.c", .sender = "a@b.c"},
		{.kind = "mail",
			.server = "smtp://a",
			.to = "a@b.c",
			.sender = "a@b.c",
			.user = "u"},
		{.kind = "mail",
			.server = "smtp://a",
			.to = "a@b.c",
			.sender = "a@b.c",
			.user = "u",
			.password = "p",
			.without_tls = true},
	};
	const struct notify_target good[] = {
		{.kind = "webhook", .url = "https://a.b/c?d", .secret = "0123456789abcdef"},
		{.kind = "webhook",
			.url = "http://a.b",
			.secret = "0123456789abcdef",
			.allow_private = true},
		{.kind = "syslog", .to = "udp://[::1]"},
		{.kind = "syslog", .to = "tls://a.b"},
		{.kind = "mail",
			.server = "smtps://a:465",
			.to = "a@b.c",
			.sender = "a@b.c",
			.user = "u",
			.password = "p"},
	};
	struct err err;
	for (size_t i = 0; i < COUNT(rows); i++)
		CHECK_ROW(i, notify_check(&rows[i], &err) == -1 && err.kind == ERR_USAGE);
	for (size_t i = 0; i < COUNT(good); i++)
		CHECK_ROW(i, notify_check(&good[i], &err) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_text_stays_text),
		cmocka_unit_test(slack_reads_no_mention),
		cmocka_unit_test(one_syslog_line),
		cmocka_unit_test(a_syslog_line_has_its_limit),
		cmocka_unit_test(a_mail_has_its_own_headers_only),
		cmocka_unit_test(a_title_that_is_an_encoded_word),
		cmocka_unit_test(texts_are_cut_whole),
		cmocka_unit_test(the_signature),
		cmocka_unit_test(what_is_no_notifier),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
