/* SPDX-License-Identifier: Apache-2.0 */
/* network_test.c: addresses and networks as text: what is one, what is none, and what it holds. */
#include "base/test.h"
#include "match/private.h"

static const struct {
	const char *text, *canonical; /* NULL: no address */
} addresses[] = {
	{"10.1.2.3", "10.1.2.3"},
	{"0.0.0.0", "0.0.0.0"},
	{"255.255.255.255", "255.255.255.255"},
	{"::ffff:10.1.2.3", "10.1.2.3"},
	{"::FFFF:a01:203", "10.1.2.3"},
	{"::1", "::1"},
	{"::", "::"},
	{"2001:0DB8:0:0::7", "2001:db8::7"},
	{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	{"64:ff9b::10.0.0.1", "64:ff9b::a00:1"},
	{"", NULL},
	{"1", NULL},
	{"10.1.2", NULL},
	{"10.1.2.3.4", NULL},
	{"10.1.2.256", NULL},
	{"10.1.2.1000", NULL},
	{"10.01.2.3", NULL},
	{"010.1.2.3", NULL},
	{" 10.1.2.3", NULL},
	{"10.1.2.3 ", NULL},
	{"10.1.2.3:80", NULL},
	{"10.1.2.3/32", NULL},
	{"10..2.3", NULL},
	{"0x0a.1.2.3", NULL},
	{"1:2:3:4:5:6:7", NULL},
	{"1::2::3", NULL},
	{"[::1]", NULL},
	{"fe80::1%eth0", NULL},
	{"12345::", NULL},
	{"abcd", NULL},
	{"1111:2222:3333:4444:5555:6666:7777:8888:9999", NULL},
	{"1111:2222:3333:4444:5555:6666:255.255.255.2555", NULL},
};

static const struct {
	const char *text, *in, *out; /* in NULL: no network */
} networks[] = {
	{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
	{"10.1.2.3/8", "10.0.0.0", "9.255.255.255"},
	{"10.1.2.3", "10.1.2.3", "10.1.2.4"},
	{"10.1.2.3/32", "10.1.2.3", "10.1.2.2"},
	{"10.1.2.3/31", "10.1.2.2", "10.1.2.4"},
	{"0.0.0.0/0", "255.1.2.3", "::1"},
	{"::/0", "255.1.2.3", NULL},
	{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
	{"::1", "::1", "::2"},
	{"::1/128", "::1", "::"},
	{"fe80::/10", "febf::1", "fec0::"},
	{"::ffff:10.0.0.0/104", "10.200.1.1", "11.1.1.1"},
	{"10.0.0.0/33", NULL, NULL},
	{"10.0.0.0/", NULL, NULL},
	{"10.0.0.0/08", NULL, NULL},
	{"10.0.0.0/-1", NULL, NULL},
	{"10.0.0.0/8 ", NULL, NULL},
	{"10.0.0.0/8/8", NULL, NULL},
	{"::/129", NULL, NULL},
	{"::/1280", NULL, NULL},
	{"/8", NULL, NULL},
	{"", NULL, NULL},
	{"host/8", NULL, NULL},
};

static void address_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		uint8_t address[16];
		char text[ADDRESS_TEXT];
		int rc = address_parse(slice_of(addresses[i].text), address);
		CHECK_ROW(i, rc == (addresses[i].canonical ? 0 : -1));
		if (rc != 0)
			continue;
		size_t n = address_print(address, text);
		CHECK_ROW(i, slice_eq((struct slice){text, n}, slice_of(addresses[i].canonical)));
	}
	uint8_t address[16];
	assert_int_equal(address_parse((struct slice){"::1\0", 4}, address), -1);
	assert_int_equal(address_parse((struct slice){NULL, 0}, address), -1);
}

static bool holds(const struct span *span, const char *text)
{
	uint8_t address[16];
	assert_int_equal(address_parse(slice_of(text), address), 0);
	u128 key = load128(address);
	return key >= span->low && key <= span->high;
}

static void network_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(networks); i++) {
		struct network network;
		int rc = network_parse(slice_of(networks[i].text), &network);
		CHECK_ROW(i, rc == (networks[i].in ? 0 : -1));
		if (rc != 0)
			continue;
		struct span span = network_span(&network);
		CHECK_ROW(i, holds(&span, networks[i].in));
		CHECK_ROW(i, !networks[i].out || !holds(&span, networks[i].out));
		CHECK_ROW(i, load128(network.address) == span.low); /* cleared beyond its length */
	}
}

/* Sets of intervals against a plain table. */
static void intervals(void **state)
{
	uint64_t seed = 99;
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct arena mem = {0};
		struct spans spans = {0};
		bool in[64] = {0};
		for (unsigned n = round % 7; n > 0; n--) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			unsigned low = (unsigned)(seed >> 40) & 31;
			unsigned high = low + ((unsigned)(seed >> 50) & 7) - 1;
			spans_add(&mem, &spans, low + 8, high + 8);
			for (unsigned v = low; v <= high && high < 64; v++)
				in[v + 8] = true;
		}
		spans_finish(&spans);
		for (uint32_t i = 1; i < spans.n; i++)
			assert_true(spans.of[i].low > spans.of[i - 1].high);
		for (unsigned a = 0; a < 64; a++) {
			bool any = false, all = true;
			assert_int_equal(spans_has(&spans, a), in[a]);
			for (unsigned b = a; b < 64; b++) {
				any |= in[b];
				all &= in[b];
				assert_int_equal(spans_any(&spans, a, b), any);
				assert_true(!spans_all(&spans, a, b) || all);
			}
		}
		arena_fini(&mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_texts),
		cmocka_unit_test(network_texts),
		cmocka_unit_test(intervals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
