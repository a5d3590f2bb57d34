/* SPDX-License-Identifier: Apache-2.0 */
/* indicator_caution.c: what is seen everywhere and so means little by itself. Ranges are those of RFC 6890 and its
 * registries. */
#include "ioc/indicator_private.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct network {
	uint8_t first[16];
	uint8_t bits;
	const char *why;
};

static const char private_range[] = "a private range", documentation[] = "a documentation range",
		  resolver[] = "a well-known resolver";

static const struct network networks4[] = {
	{{8, 8, 8, 8}, 32, resolver},
	{{8, 8, 4, 4}, 32, resolver},
	{{1, 1, 1, 1}, 32, resolver},
	{{1, 0, 0, 1}, 32, resolver},
	{{9, 9, 9, 9}, 32, resolver},
	{{149, 112, 112, 112}, 32, resolver},
	{{208, 67, 222, 222}, 32, resolver},
	{{208, 67, 220, 220}, 32, resolver},
	{{10}, 8, private_range},
	{{172, 16}, 12, private_range},
	{{192, 168}, 16, private_range},
	{{127}, 8, "loopback"},
	{{169, 254}, 16, "a link-local range"},
	{{100, 64}, 10, "a range shared by a provider's customers (CGNAT)"},
	{{192, 0, 2}, 24, documentation},
	{{198, 51, 100}, 24, documentation},
	{{203, 0, 113}, 24, documentation},
	{{198, 18}, 15, "a range for measurements"},
	{{224}, 4, "a multicast range"},
	{{240}, 4, "a reserved range"},
	{{0}, 8, "no address of a host"},
};

static const struct network networks6[] = {
	{{0x20, 0x01, 0x48, 0x60, 0x48, 0x60, [14] = 0x88, 0x88}, 128, resolver},
	{{0x20, 0x01, 0x48, 0x60, 0x48, 0x60, [14] = 0x88, 0x44}, 128, resolver},
	{{0x26, 0x06, 0x47, 0x00, 0x47, 0x00, [14] = 0x11, 0x11}, 128, resolver},
	{{0x26, 0x06, 0x47, 0x00, 0x47, 0x00, [14] = 0x10, 0x01}, 128, resolver},
	{{0x26, 0x20, 0x00, 0xfe, [15] = 0xfe}, 128, resolver},
	{{0x26, 0x20, 0x01, 0x19, 0x00, 0x35, [15] = 0x35}, 128, resolver},
	{{[15] = 1}, 128, "loopback"},
	{{0}, 128, "no address of a host"},
	{{0xfc}, 7, private_range},
	{{0xfe, 0x80}, 10, "a link-local range"},
	{{0xff}, 8, "a multicast range"},
	{{0x20, 0x01, 0x0d, 0xb8}, 32, documentation},
};

/* Domains that everybody meets, as keys. */
static const char *const shared[] = {"com.amazon", "com.amazonaws", "com.apple", "com.atlassian",
	"com.bitbucket", "com.cloudflare", "com.dropbox", "com.facebook", "com.github",
	"com.gitlab", "com.gmail", "com.google", "com.googleapis", "com.googleusercontent",
	"com.jira", "com.linkedin", "com.live", "com.microsoft", "com.microsoftonline", "com.npmjs",
	"com.office", "com.office365", "com.okta", "com.outlook", "com.salesforce",
	"com.sharepoint", "com.slack", "com.trello", "com.twitter", "com.windows", "com.x",
	"com.yahoo", "com.youtube", "com.zoom", "io.github", "net.akamai", "net.akamaiedge",
	"net.atl-paas", "net.atlassian", "net.azure", "net.azurewebsites", "net.cloudfront",
	"net.windows", "org.bitbucket", "org.debian", "org.mozilla", "org.pypi", "org.wikipedia",
	"us.zoom"};

static const struct {
	enum ioc_kind kind;
	uint8_t bytes[32];
	uint8_t n;
} empty_files[] = {
	{IOC_MD5,
		{0xd4, 0x1d, 0x8c, 0xd9, 0x8f, 0x00, 0xb2, 0x04, 0xe9, 0x80, 0x09, 0x98, 0xec, 0xf8,
			0x42, 0x7e},
		16},
	{IOC_SHA1,
		{0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55, 0xbf, 0xef, 0x95, 0x60,
			0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09},
		20},
	{IOC_SHA256,
		{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f,
			0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95,
			0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55},
		32},
};

static bool overlaps(
	const struct network *network, const uint8_t *first, const uint8_t *last, size_t n)
{
	uint8_t end[16] = {0};
	for (unsigned i = 0; i < n; i++) {
		unsigned kept = network->bits > 8 * i ? network->bits - 8 * i : 0;
		end[i] = (uint8_t)(network->first[i] | (kept >= 8 ? 0 : 0xff >> kept));
	}
	return memcmp(first, end, n) <= 0 && memcmp(last, network->first, n) >= 0;
}

static const char *address_caution(const struct indicator *indicator)
{
	bool four = indicator->kind == IOC_IPV4, range = indicator->form == IOC_RANGE;
	const struct network *networks = four ? networks4 : networks6;
	size_t n = four ? 4 : 16;
	const uint8_t *first = (const uint8_t *)indicator->key.ptr;
	const uint8_t *last = range ? (const uint8_t *)indicator->last.ptr : first;
	for (size_t i = 0; i < (four ? COUNT(networks4) : COUNT(networks6)); i++) {
		if (!overlaps(&networks[i], first, last, n))
			continue;
		return range && networks[i].why == resolver ? "holds a well-known resolver"
							    : networks[i].why;
	}
	return NULL;
}

static bool is_at_or_below(struct slice key, struct slice domain)
{
	return domain.len > 0 && key.len >= domain.len &&
	       memcmp(key.ptr, domain.ptr, domain.len) == 0 &&
	       (key.len == domain.len || key.ptr[domain.len] == '.');
}

static bool is_shared(struct slice key)
{
	static const struct slice www = SLICE(".www");
	if (key.len > www.len && memcmp(key.ptr + key.len - www.len, www.ptr, www.len) == 0)
		key.len -= www.len;
	for (size_t i = 0; i < COUNT(shared); i++)
		if (slice_eq(slice_of(shared[i]), key))
			return true;
	return false;
}

static const char *domain_caution(
	struct slice key, bool whole, const struct slice *own, uint32_t nown)
{
	for (uint32_t i = 0; i < nown; i++)
		if (is_at_or_below(key, own[i]))
			return "your own domain";
	return whole && is_shared(key) ? "a domain that many share" : NULL;
}

/* Of a URL or mail, by its host; `whole`: the host is all that it says. */
static const char *host_caution(
	const struct indicator *indicator, bool whole, const struct slice *own, uint32_t nown)
{
	struct indicator host = {.form = IOC_EXACT};
	struct buf key;
	const char *why = NULL;
	buf_init(&key, SIZE_MAX);
	if (ioc_key_host(indicator->kind, indicator->key, &host.kind, &key)) {
		host.key = buf_view(&key);
		why = host.kind == IOC_DOMAIN ? domain_caution(host.key, whole, own, nown)
					      : address_caution(&host);
	}
	buf_fini(&key);
	return why;
}

static const char *hash_caution(const struct indicator *indicator)
{
	for (size_t i = 0; i < COUNT(empty_files); i++)
		if (empty_files[i].kind == indicator->kind &&
			indicator->key.len == empty_files[i].n &&
			memcmp(indicator->key.ptr, empty_files[i].bytes, empty_files[i].n) == 0)
			return "the hash of an empty file";
	return NULL;
}

const char *indicator_caution(
	const struct indicator *indicator, const struct slice *own, uint32_t nown)
{
	if (indicator->form == IOC_WORD)
		return NULL;
	switch (indicator->kind) {
	case IOC_IPV4:
	case IOC_IPV6:
		return address_caution(indicator);
	case IOC_DOMAIN:
		return domain_caution(indicator->key, true, own, nown);
	case IOC_URL: {
		const char *slash = memchr(indicator->key.ptr, '/', indicator->key.len);
		bool whole = slash && slash + 1 == indicator->key.ptr + indicator->key.len;
		return host_caution(indicator, whole, own, nown);
	}
	case IOC_EMAIL:
		return host_caution(indicator, false, own, nown);
	default:
		return hash_caution(indicator);
	}
}
