/* SPDX-License-Identifier: Apache-2.0 */
/* relay_test.c: which addresses are read, what the guard lets through, bytes over TCP and UDP, mail addresses that are none. */
#include "base/test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/base.h"
#include "net/relay.h"

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *url, *schemes;
		bool good;
	} rows[] = {
		{"udp://host", "udp tcp tls", true},
		{"udp://host:514", "udp tcp tls", true},
		{"tcp://host", "udp tcp tls", false},
		{"tcp://host:601", "udp tcp tls", true},
		{"tcp://[::1]:601", "udp tcp tls", true},
		{"tls://192.0.2.1", "udp tcp tls", true},
		{"tcp://host:0x1", "udp tcp tls", false},
		{"tcp://host:99999", "udp tcp tls", false},
		{"tcp://:601", "udp tcp tls", false},
		{"tcp://a b:601", "udp tcp tls", false},
		{"tcp://a\r\n:601", "udp tcp tls", false},
		{"tcp://user@host:601", "udp tcp tls", false},
		{"tcp://host:601/", "udp tcp tls", false},
		{"tcp://host:601#x", "udp tcp tls", false},
		{"smtp://host", "udp tcp tls", false},
		{"smtp://host", "smtp smtps", true},
		{"smt://host", "smtp smtps", false},
		{"http://host", "smtp smtps", false},
		{"host:25", "smtp smtps", false},
		{"", "smtp smtps", false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err;
		int rc = relay_check(rows[i].url, rows[i].schemes, &err);
		CHECK_ROW(i, rc == (rows[i].good ? 0 : -1));
		CHECK_ROW(i, rc == 0 || err.kind == ERR_USAGE);
	}
}

static int listener(int type, char url[64], const char *scheme)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, type, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &n), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 4), 0);
	snprintf(url, 64, "%s://127.0.0.1:%u", scheme, ntohs(in.sin_port));
	return fd;
}

static void the_guard_stands_before_all(void **state)
{
	(void)state;
	char tcp[64], udp[64], mail[64];
	struct err err;
	int a = listener(SOCK_STREAM, tcp, "tcp"), b = listener(SOCK_DGRAM, udp, "udp");
	snprintf(mail, sizeof(mail), "smtp%s", strchr(tcp, ':'));
	struct relay relay = {.url = tcp};
	assert_int_equal(relay_stream(&relay, SLICE("x"), &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	relay.url = udp;
	assert_int_equal(relay_datagram(&relay, SLICE("x"), &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	relay.url = mail;
	static const char *const to[] = {"a@b.c", NULL};
	const struct relay_mail text = {
		.from = "a@b.c", .to = to, .text = SLICE("x\r\n"), .without_tls = true};
	assert_int_equal(relay_mail(&relay, &text, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	relay = (struct relay){.url = "udp://169.254.169.254:80", .guard = GUARD_PRIVATE_ALLOWED};
	assert_int_equal(relay_datagram(&relay, SLICE("x"), &err), -1);
	assert_non_null(strstr(err.text, "metadata"));
	close(a);
	close(b);
}

struct reading {
	int fd;
	struct buf got;
};

static void *read_all(void *ctx)
{
	struct reading *reading = ctx;
	char data[4096];
	ssize_t n;
	int fd = accept(reading->fd, NULL, NULL);
	while ((n = read(fd, data, sizeof(data))) > 0)
		buf_append(&reading->got, data, (size_t)n);
	close(fd);
	return NULL;
}

static void all_bytes_arrive(void **state)
{
	(void)state;
	char url[64], *data = xcalloc(1, 3000000), small[16] = {0};
	struct err err;
	struct reading reading = {.fd = listener(SOCK_STREAM, url, "tcp")};
	pthread_t thread;
	memset(data, 'x', 3000000);
	buf_init(&reading.got, 4 << 20);
	assert_int_equal(pthread_create(&thread, NULL, read_all, &reading), 0);
	struct relay relay = {.url = url, .guard = GUARD_PRIVATE_ALLOWED};
	if (relay_stream(&relay, (struct slice){data, 3000000}, &err) < 0)
		fail_msg("%s", err.text);
	pthread_join(thread, NULL);
	assert_int_equal(reading.got.len, 3000000);
	close(reading.fd);
	/* Nobody listens there any more. */
	assert_int_equal(relay_stream(&relay, SLICE("x"), &err), -1);
	assert_int_equal(err.kind, ERR_IO);
	int fd = listener(SOCK_DGRAM, url, "udp");
	assert_int_equal(relay_datagram(&relay, SLICE("hello"), &err), 0);
	assert_int_equal(recv(fd, small, sizeof(small), 0), 5);
	assert_string_equal(small, "hello");
	assert_int_equal(
		relay_datagram(&relay, (struct slice){data, RELAY_DATAGRAM + 1}, &err), -1);
	close(fd);
	buf_fini(&reading.got);
	free(data);
}

static void a_stop_is_seen(void **state)
{
	(void)state;
	char url[64];
	struct err err;
	const volatile sig_atomic_t stop = 1;
	int fd = listener(SOCK_STREAM, url, "smtp"); /* never says a word */
	static const char *const to[] = {"a@b.c", NULL};
	const struct relay_mail text = {.from = "a@b.c", .to = to, .text = SLICE("x\r\n")};
	struct relay relay = {.url = url, .guard = GUARD_PRIVATE_ALLOWED, .stop = &stop};
	assert_int_equal(relay_mail(&relay, &text, &err), -1);
	assert_int_equal(err.kind, ERR_INTERRUPTED);
	relay.stop = NULL;
	relay.total_ms = 300;
	assert_int_equal(relay_mail(&relay, &text, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	close(fd);
}

static void what_is_no_mail_address(void **state)
{
	(void)state;
	static const char *const rows[] = {"", "a", "@b", "a@", "a@b@c", "a b@c",
		"a@b\r\nRCPT TO:<x@y>", "<a@b>", "a@b>", "\"a\"@b", "a@b,c@d", "\xc3\xa9@b"};
	const struct relay relay = {.url = "smtp://127.0.0.1:9", .guard = GUARD_PRIVATE_ALLOWED};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err err;
		const char *const good[] = {"a@b.c", NULL}, *const bad[] = {"a@b.c", rows[i], NULL};
		const struct relay_mail from = {
			.from = rows[i], .to = good, .text = SLICE("x\r\n")};
		const struct relay_mail to = {.from = "a@b.c", .to = bad, .text = SLICE("x\r\n")};
		CHECK_ROW(i, relay_mail(&relay, &from, &err) == -1 && err.kind == ERR_USAGE);
		CHECK_ROW(i, relay_mail(&relay, &to, &err) == -1 && err.kind == ERR_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(the_guard_stands_before_all),
		cmocka_unit_test(all_bytes_arrive),
		cmocka_unit_test(a_stop_is_seen),
		cmocka_unit_test(what_is_no_mail_address),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
