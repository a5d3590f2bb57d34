/* SPDX-License-Identifier: Apache-2.0 */
/* guard.c: classes of IPv4 and IPv6 addresses as two tables; the worst of all that an address
 * matches or carries counts. */
#include "net/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct range4 {
	uint32_t address;
	unsigned bits;
	enum guard_class class;
};

#define V4(a, b, c, d) (((uint32_t)(a) << 24) | ((b) << 16) | ((c) << 8) | (d))

static const struct range4 ranges4[] = {
	{V4(0, 0, 0, 0), 8, GUARD_CLASS_UNUSABLE}, /* 0.0.0.0 reaches this machine on Linux */
	{V4(10, 0, 0, 0), 8, GUARD_CLASS_PRIVATE},
	{V4(100, 64, 0, 0), 10, GUARD_CLASS_PRIVATE},       /* CGNAT */
	{V4(100, 100, 100, 200), 32, GUARD_CLASS_METADATA}, /* Alibaba */
	{V4(127, 0, 0, 0), 8, GUARD_CLASS_LOOPBACK},
	{V4(168, 63, 129, 16), 32,
		GUARD_CLASS_METADATA},                   /* Azure's wire server: a public address */
	{V4(169, 254, 0, 0), 16, GUARD_CLASS_PRIVATE},   /* link-local */
	{V4(169, 254, 0, 23), 32, GUARD_CLASS_METADATA}, /* Tencent */
	{V4(169, 254, 169, 0), 24, GUARD_CLASS_METADATA}, /* EC2, Azure, Google, OpenStack */
	{V4(169, 254, 170, 0), 24, GUARD_CLASS_METADATA}, /* ECS (.2), EKS (.23) */
	{V4(172, 16, 0, 0), 12, GUARD_CLASS_PRIVATE},
	{V4(192, 0, 0, 0), 24, GUARD_CLASS_PRIVATE},    /* protocol assignments */
	{V4(192, 0, 0, 192), 32, GUARD_CLASS_METADATA}, /* Oracle */
	{V4(192, 0, 2, 0), 24, GUARD_CLASS_PRIVATE},    /* documentation */
	{V4(192, 88, 99, 0), 24, GUARD_CLASS_PRIVATE},  /* 6to4 relays */
	{V4(192, 168, 0, 0), 16, GUARD_CLASS_PRIVATE},  /* */
	{V4(198, 18, 0, 0), 15, GUARD_CLASS_PRIVATE},   /* benchmarks */
	{V4(198, 51, 100, 0), 24, GUARD_CLASS_PRIVATE}, /* documentation */
	{V4(203, 0, 113, 0), 24, GUARD_CLASS_PRIVATE},  /* documentation */
	{V4(224, 0, 0, 0), 4, GUARD_CLASS_UNUSABLE},    /* multicast */
	{V4(240, 0, 0, 0), 4, GUARD_CLASS_UNUSABLE},    /* reserved, broadcast */
};

/* `v4_at`: where an IPv4 address stands in those of the range; 0 = nowhere. */
struct range6 {
	unsigned char address[16];
	unsigned char bits, v4_at;
	enum guard_class class;
};

static const struct range6 ranges6[] = {
	{{0}, 96, 12, GUARD_CLASS_PRIVATE},                         /* v4-compatible, ::, ::1 */
	{{0}, 128, 0, GUARD_CLASS_UNUSABLE},                        /* :: */
	{{[15] = 1}, 128, 0, GUARD_CLASS_LOOPBACK},                 /* ::1 */
	{{[10] = 0xff, 0xff}, 96, 12, GUARD_CLASS_PUBLIC},          /* v4-mapped */
	{{[8] = 0xff, 0xff}, 96, 12, GUARD_CLASS_PUBLIC},           /* v4-translated */
	{{0, 0x64, 0xff, 0x9b}, 96, 12, GUARD_CLASS_PUBLIC},        /* NAT64 */
	{{0, 0x64, 0xff, 0x9b, 0, 1}, 48, 12, GUARD_CLASS_PRIVATE}, /* NAT64, local */
	{{0x01}, 64, 0, GUARD_CLASS_UNUSABLE},                      /* discard-only */
	{{0x20, 0x01}, 23, 0, GUARD_CLASS_PRIVATE},                 /* protocol assignments */
	{{0x20, 0x01, 0, 0}, 32, 4, GUARD_CLASS_PRIVATE},           /* Teredo: its server */
	{{0x20, 0x01, 0x0d, 0xb8}, 32, 0, GUARD_CLASS_PRIVATE},     /* documentation */
	{{0x20, 0x02}, 16, 2, GUARD_CLASS_PUBLIC},                  /* 6to4 */
	{{0x3f, 0xff}, 20, 0, GUARD_CLASS_PRIVATE},                 /* documentation */
	{{0x5f}, 16, 0, GUARD_CLASS_PRIVATE},                       /* segment routing */
	{{0xfc}, 7, 0, GUARD_CLASS_PRIVATE},                        /* ULA */
	{{0xfd, 0, 0x0e, 0xc2}, 32, 0, GUARD_CLASS_METADATA},       /* fd00:ec2:: of EC2 and EKS */
	{{0xfd, 0x20, 0, 0xce}, 32, 0, GUARD_CLASS_METADATA},       /* fd20:ce:: of Google */
	{{0xfe, 0x80}, 10, 0, GUARD_CLASS_PRIVATE},                 /* link-local */
	{{0xfe, 0xc0}, 10, 0, GUARD_CLASS_PRIVATE},                 /* site-local */
	{{0xff}, 8, 0, GUARD_CLASS_UNUSABLE},                       /* multicast */
};

static enum guard_class worse(enum guard_class a, enum guard_class b)
{
	return a > b ? a : b;
}

static enum guard_class class_of_4(uint32_t address)
{
	enum guard_class class = GUARD_CLASS_PUBLIC;
	for (size_t i = 0; i < sizeof(ranges4) / sizeof(ranges4[0]); i++) {
		uint32_t mask = ~(uint32_t)0 << (32 - ranges4[i].bits);
		if (((address ^ ranges4[i].address) & mask) == 0)
			class = worse(class, ranges4[i].class);
	}
	return class;
}

static bool in_range6(const unsigned char *address, const struct range6 *range)
{
	size_t whole = range->bits / 8;
	if (memcmp(address, range->address, whole) != 0)
		return false;
	unsigned rest = range->bits % 8;
	return rest == 0 || ((address[whole] ^ range->address[whole]) >> (8 - rest)) == 0;
}

static uint32_t v4_in(const unsigned char *at)
{
	return V4(at[0], at[1], at[2], at[3]);
}

static enum guard_class class_of_6(const unsigned char *address)
{
	enum guard_class class = GUARD_CLASS_PUBLIC;
	const unsigned char *end = address + 12;
	for (size_t i = 0; i < sizeof(ranges6) / sizeof(ranges6[0]); i++) {
		const struct range6 *range = &ranges6[i];
		if (!in_range6(address, range))
			continue;
		class = worse(class, range->class);
		/* :: and ::1 are no IPv4 addresses though they look compatible. */
		bool carries = range->v4_at && !(i == 0 && v4_in(end) <= 1);
		if (carries)
			class = worse(class, class_of_4(v4_in(address + range->v4_at)));
	}
	if (v4_in(address) == V4(0x20, 0x01, 0, 0)) /* Teredo keeps the client's address inverted */
		class = worse(class, class_of_4(~v4_in(end)));
	uint32_t isatap = v4_in(address + 8);
	if (isatap == V4(0, 0, 0x5e, 0xfe) || isatap == V4(2, 0, 0x5e, 0xfe))
		class = worse(class, class_of_4(v4_in(end)));
	return class;
}

enum guard_class guard_class_of(const struct sockaddr *address, socklen_t len)
{
	if (address->sa_family == AF_INET && len >= (socklen_t)sizeof(struct sockaddr_in)) {
		struct sockaddr_in in;
		memcpy(&in, address, sizeof(in));
		return class_of_4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6 && len >= (socklen_t)sizeof(struct sockaddr_in6)) {
		struct sockaddr_in6 in;
		memcpy(&in, address, sizeof(in));
		return class_of_6(in.sin6_addr.s6_addr);
	}
	return GUARD_CLASS_UNUSABLE;
}

bool guard_class_of_text(const char *host, enum guard_class *class)
{
	struct in_addr v4;
	struct in6_addr v6;
	char plain[INET6_ADDRSTRLEN];
	if (inet_aton(host, &v4)) { /* with 0x7f.1 and all the forms that resolvers take */
		*class = class_of_4(ntohl(v4.s_addr));
		return true;
	}
	size_t n = strcspn(host, "%"); /* a zone, as in fe80::1%eth0 */
	if (n >= sizeof(plain))
		return false;
	memcpy(plain, host, n);
	plain[n] = 0;
	if (inet_pton(AF_INET6, plain, &v6) != 1)
		return false;
	*class = class_of_6(v6.s6_addr);
	return true;
}

bool guard_allows(enum guard_policy policy, enum guard_class class)
{
	switch (class) {
	case GUARD_CLASS_PUBLIC:
		return policy != GUARD_METADATA_ONLY;
	case GUARD_CLASS_PRIVATE:
		return policy == GUARD_PRIVATE_ALLOWED;
	case GUARD_CLASS_LOOPBACK:
		return policy != GUARD_PUBLIC_ONLY;
	case GUARD_CLASS_METADATA:
		return policy == GUARD_METADATA_ONLY;
	case GUARD_CLASS_UNUSABLE:
		break;
	}
	return false;
}

const char *guard_class_name(enum guard_class class)
{
	static const char *const names[] = {
		"public", "private", "loopback", "cloud metadata", "unusable"};
	return names[class];
}
