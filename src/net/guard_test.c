/* SPDX-License-Identifier: Apache-2.0 */
/* guard_test.c: every class of address by its edges, in each dress that it comes in. */
#include "net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/test.h"

#define PUBLIC   GUARD_CLASS_PUBLIC
#define PRIVATE  GUARD_CLASS_PRIVATE
#define LOOPBACK GUARD_CLASS_LOOPBACK
#define METADATA GUARD_CLASS_METADATA
#define UNUSABLE GUARD_CLASS_UNUSABLE

static const struct {
	const char *text;
	enum guard_class class;
} addresses[] = {
	{"1.1.1.1", PUBLIC},
	{"9.255.255.255", PUBLIC},
	{"10.0.0.0", PRIVATE},
	{"10.255.255.255", PRIVATE},
	{"11.0.0.0", PUBLIC},
	{"100.63.255.255", PUBLIC},
	{"100.64.0.0", PRIVATE},
	{"100.127.255.255", PRIVATE},
	{"100.128.0.0", PUBLIC},
	{"100.100.100.200", METADATA},
	{"126.255.255.255", PUBLIC},
	{"127.0.0.1", LOOPBACK},
	{"127.255.255.254", LOOPBACK},
	{"168.63.129.16", METADATA},
	{"168.63.129.17", PUBLIC},
	{"169.254.1.1", PRIVATE},
	{"169.254.169.254", METADATA},
	{"169.254.170.2", METADATA},
	{"169.254.170.23", METADATA},
	{"169.255.0.0", PUBLIC},
	{"172.15.255.255", PUBLIC},
	{"172.16.0.0", PRIVATE},
	{"172.31.255.255", PRIVATE},
	{"172.32.0.0", PUBLIC},
	{"192.0.0.192", METADATA},
	{"192.0.2.1", PRIVATE},
	{"192.167.255.255", PUBLIC},
	{"192.168.0.1", PRIVATE},
	{"192.169.0.0", PUBLIC},
	{"198.17.255.255", PUBLIC},
	{"198.19.255.255", PRIVATE},
	{"0.0.0.0", UNUSABLE},
	{"0.1.2.3", UNUSABLE},
	{"223.255.255.255", PUBLIC},
	{"224.0.0.1", UNUSABLE},
	{"255.255.255.255", UNUSABLE},
	{"::", UNUSABLE},
	{"::1", LOOPBACK},
	{"::2", UNUSABLE}, /* 0.0.0.2 in disguise */
	{"::127.0.0.1", LOOPBACK},
	{"::8.8.8.8", PRIVATE}, /* nobody routes those */
	{"::ffff:8.8.8.8", PUBLIC},
	{"::ffff:10.0.0.1", PRIVATE},
	{"::ffff:127.0.0.1", LOOPBACK},
	{"::ffff:169.254.169.254", METADATA},
	{"::ffff:0:169.254.169.254", METADATA},
	{"64:ff9b::8.8.8.8", PUBLIC},
	{"64:ff9b::192.168.1.1", PRIVATE},
	{"64:ff9b::169.254.169.254", METADATA},
	{"64:ff9b:1::127.0.0.1", LOOPBACK},
	{"2002:0808:0808::1", PUBLIC},
	{"2002:7f00:0001::1", LOOPBACK},
	{"2002:a9fe:a9fe::", METADATA},
	{"2001:0:0808:0808:0:0:f7f7:f7f7", PRIVATE},
	{"2001:0:0808:0808:0:0:5601:5601", METADATA}, /* 169.254.169.254 inverted */
	{"2001:0:7f00:1::f7f7:f7f7", LOOPBACK},       /* a Teredo server on loopback */
	{"2001:200::1", PUBLIC},
	{"2001:db8::1", PRIVATE},
	{"2606:4700:4700::1111", PUBLIC},
	{"2606:4700::5efe:169.254.169.254", METADATA},
	{"2606:4700::200:5efe:10.1.1.1", PRIVATE},
	{"fc00::1", PRIVATE},
	{"fdff::1", PRIVATE},
	{"fd00:ec2::254", METADATA},
	{"fd00:ec2::23", METADATA},
	{"fd20:ce::254", METADATA},
	{"fe00::1", PUBLIC},
	{"fe80::1", PRIVATE},
	{"febf::1", PRIVATE},
	{"ff02::1", UNUSABLE},
	{"100::1", UNUSABLE},
};

/* The class by way of a socket address, as libcurl hands it over. */
static enum guard_class by_socket(const char *text)
{
	struct sockaddr_storage at = {0};
	struct sockaddr_in *v4 = (struct sockaddr_in *)&at;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&at;
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		return guard_class_of((struct sockaddr *)&at, sizeof(*v4));
	}
	assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
	v6->sin6_family = AF_INET6;
	return guard_class_of((struct sockaddr *)&at, sizeof(*v6));
}

static void test_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		enum guard_class class;
		if (by_socket(addresses[i].text) != addresses[i].class)
			fail_msg("%s is %s", addresses[i].text,
				guard_class_name(by_socket(addresses[i].text)));
		CHECK_ROW(i, guard_class_of_text(addresses[i].text, &class));
		CHECK_ROW(i, class == addresses[i].class);
	}
}

static void test_other_dresses(void **state)
{
	static const struct {
		const char *host;
		bool is_address;
		enum guard_class class;
	} rows[] = {
		{"2130706433", true, LOOPBACK},
		{"0x7f.1", true, LOOPBACK},
		{"0251.0376.0251.0376", true, METADATA},
		{"2852039166", true, METADATA},
		{"fe80::1%eth0", true, PRIVATE},
		{"localhost", false, PUBLIC},
		{"10.example.com", false, PUBLIC},
		{"", false, PUBLIC},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum guard_class class = PUBLIC;
		CHECK_ROW(i, guard_class_of_text(rows[i].host, &class) == rows[i].is_address);
		CHECK_ROW(i, class == rows[i].class);
	}
}

static void test_not_ip_is_unusable(void **state)
{
	struct sockaddr_storage at = {.ss_family = AF_UNIX};
	(void)state;
	assert_int_equal(guard_class_of((struct sockaddr *)&at, sizeof(at)), UNUSABLE);
	at.ss_family = AF_INET6; /* too short to be one */
	assert_int_equal(guard_class_of((struct sockaddr *)&at, 16), UNUSABLE);
}

static void test_policies(void **state)
{
	static const bool want[GUARD_POLICIES][5] = {
		[GUARD_PUBLIC_ONLY] = {true, false, false, false, false},
		[GUARD_PRIVATE_ALLOWED] = {true, true, true, false, false},
		[GUARD_METADATA_ONLY] = {false, false, true, true, false},
	};
	(void)state;
	for (unsigned policy = 0; policy < GUARD_POLICIES; policy++)
		for (unsigned class = 0; class < 5; class ++)
			CHECK_ROW(policy * 10 + class,
				guard_allows(policy, class) == want[policy][class]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_other_dresses),
		cmocka_unit_test(test_not_ip_is_unusable),
		cmocka_unit_test(test_policies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
