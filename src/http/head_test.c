/* SPDX-License-Identifier: Apache-2.0 */
/* head_test.c: which hosts, origins and types are taken. */
#include "base/test.h"

#include <arpa/inet.h>

#include "http/head.h"

static void addresses_to_listen_on(void **state)
{
	static const struct {
		const char *text, *address;
		int port;
	} rows[] = {{"127.0.0.1:8480", "127.0.0.1", 8480}, {"[::1]:0", "::1", 0},
		{"0.0.0.0:80", "0.0.0.0", 80}, {"127.0.0.1", NULL, 0}, {":8480", NULL, 0},
		{"localhost:8480", NULL, 0}, {"127.0.0.1:65536", NULL, 0},
		{"127.0.0.1:-1", NULL, 0}, {"::1:80", NULL, 0}, {"[127.0.0.1]:80", NULL, 0},
		{"127.0.0.1:", NULL, 0}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char address[64];
		uint16_t port = 0;
		struct err err = {0};
		int rc = listen_parse(rows[i].text, address, &port, &err);
		CHECK_ROW(i, (rc == 0) == (rows[i].address != NULL));
		CHECK_ROW(i,
			rc < 0 || (strcmp(address, rows[i].address) == 0 && port == rows[i].port));
	}
}

static void hosts_are_exact(void **state)
{
	static const struct {
		const char *host;
		bool taken;
	} rows[] = {{"127.0.0.1:8480", true}, {"localhost:8480", true}, {"LOCALHOST:8480", true},
		{"[::1]:8480", true}, {"audit.example.com", true}, {"Audit.Example.Com:8480", true},
		{"audit.example.com:80", false}, {"localhost", false}, {"localhost:8481", false},
		{"127.0.0.1", false}, {"127.0.0.1:8480.evil.example", false},
		{"evil.example", false}, {"xaudit.example.com", false},
		{"audit.example.com.", false}, {"", false}, {NULL, false}};
	static struct hosts hosts;
	struct err err;
	(void)state;
	hosts_of(&hosts, "127.0.0.1", 8480);
	assert_int_equal(hosts_add(&hosts, "audit.example.com", 8480, &err), 0);
	assert_int_equal(hosts_add(&hosts, "a b", 8480, &err), -1);
	assert_int_equal(hosts_add(&hosts, "", 8480, &err), -1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(i, hosts_have(&hosts, rows[i].host) == rows[i].taken);
}

static void an_address_of_the_network_has_no_other_names(void **state)
{
	static struct hosts hosts;
	(void)state;
	hosts_of(&hosts, "10.0.0.5", 8480);
	assert_true(hosts_have(&hosts, "10.0.0.5:8480"));
	assert_false(hosts_have(&hosts, "localhost:8480"));
	assert_false(hosts_have(&hosts, "10.0.0.5"));
	hosts_of(&hosts, "10.0.0.5", 443);
	assert_true(hosts_have(&hosts, "10.0.0.5")); /* browsers leave it out */
}

/* What counts as one client: an IPv4 address however it came, 64 bits of IPv6. */
static void clients_are_told_apart(void **state)
{
	static const struct {
		const char *one, *text, *other;
		bool same;
	} rows[] = {{"192.0.2.7", "192.0.2.7", "::ffff:192.0.2.7", true},
		{"::ffff:192.0.2.7", "192.0.2.7", "::ffff:192.0.2.8", false},
		{"192.0.2.7", "192.0.2.7", "192.0.2.8", false},
		{"2001:db8::1", "2001:db8::1", "2001:db8::a:b:c:d", true},
		{"2001:db8:0:1::1", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"2001:0:0:1::1", "2001:0:0:1::1", "2001::2:0:0:0:1", false}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *const texts[] = {rows[i].one, rows[i].other};
		uint8_t networks[2][16];
		char text[2][64];
		for (size_t k = 0; k < 2; k++) {
			struct sockaddr_in four = {.sin_family = AF_INET};
			struct sockaddr_in6 six = {.sin6_family = AF_INET6};
			bool is_four = inet_pton(AF_INET, texts[k], &four.sin_addr) == 1;
			if (!is_four)
				assert_int_equal(inet_pton(AF_INET6, texts[k], &six.sin6_addr), 1);
			const struct sockaddr *any = is_four ? (void *)&four : (void *)&six;
			address_network(any, networks[k]);
			address_text(any, text[k]);
		}
		CHECK_ROW(i, strcmp(text[0], rows[i].text) == 0);
		CHECK_ROW(i, (memcmp(networks[0], networks[1], 16) == 0) == rows[i].same);
	}
}

static void origins(void **state)
{
	static const struct {
		const char *origin, *site;
		bool good;
	} rows[] = {{NULL, NULL, true}, {"http://h:1", NULL, true}, {"https://H:1", NULL, true},
		{"http://h:2", NULL, false}, {"null", NULL, false}, {"ftp://h:1", NULL, false},
		{"http://h:1.evil.example", NULL, false}, {NULL, "same-origin", true},
		{NULL, "none", true}, {NULL, "cross-site", false}, {NULL, "same-site", false},
		{"http://h:1", "cross-site", false}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(i, same_origin("h:1", rows[i].origin, rows[i].site) == rows[i].good);
}

static void types(void **state)
{
	static const struct {
		const char *header;
		bool json, lines;
	} rows[] = {{"application/json", true, false},
		{"Application/JSON; charset=utf-8", true, false},
		{"application/jsonp", false, false}, {"text/plain", false, false},
		{NULL, false, false}, {"application/x-ndjson", false, true},
		{"application/json, application/x-ndjson", false, false},
		{"application/x-ndjson, application/json;q=0.5", false, true},
		{"application/x-ndjson;q=0.1, application/json", false, false},
		{"*/*", false, false}, {"application/x-ndjson;q=0", false, false},
		{",,, ;q=;", false, false}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool whole = rows[i].header && !strchr(rows[i].header, ',');
		CHECK_ROW(i, !whole || type_is(rows[i].header, "application/json") == rows[i].json);
		CHECK_ROW(i, accepts(rows[i].header, "application/x-ndjson") == rows[i].lines);
	}
}

static void encodings(void **state)
{
	static const struct {
		const char *header;
		bool gzip;
	} rows[] = {{NULL, false}, {"", false}, {"gzip", true}, {"gzip, deflate, br", true},
		{"br;q=1.0, gzip;q=0.2", true}, {"gzip;q=0", false}, {"gzipped", false},
		{"deflate", false}, {"*", false}};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		CHECK_ROW(i, takes_gzip(rows[i].header) == rows[i].gzip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_to_listen_on),
		cmocka_unit_test(hosts_are_exact),
		cmocka_unit_test(an_address_of_the_network_has_no_other_names),
		cmocka_unit_test(clients_are_told_apart),
		cmocka_unit_test(origins),
		cmocka_unit_test(types),
		cmocka_unit_test(encodings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
