/* SPDX-License-Identifier: Apache-2.0 */
/* list_types.c: the words that lists use for types: of CSV columns, MISP attributes, Zeek and OpenIOC. */
#include "ioc/list_private.h"

const char list_not_looked_for[] = "of a type that is not looked for";

/* Written with small letters and hyphens. */
static const struct {
	const char *word;
	enum list_type type;
	enum ioc_kind kind;
} types[] = {
	{"ip", LIST_TYPE_KIND, IOC_IPV4},
	{"ips", LIST_TYPE_KIND, IOC_IPV4},
	{"ipv4", LIST_TYPE_KIND, IOC_IPV4},
	{"ipv6", LIST_TYPE_KIND, IOC_IPV6},
	{"ip:port", LIST_TYPE_KIND, IOC_IPV4},
	{"ip-port", LIST_TYPE_KIND, IOC_IPV4},
	{"ip-src", LIST_TYPE_KIND, IOC_IPV4},
	{"ip-dst", LIST_TYPE_KIND, IOC_IPV4},
	{"ip-address", LIST_TYPE_KIND, IOC_IPV4},
	{"ipaddress", LIST_TYPE_KIND, IOC_IPV4},
	{"ipv4-addr", LIST_TYPE_KIND, IOC_IPV4},
	{"ipv6-addr", LIST_TYPE_KIND, IOC_IPV6},
	{"remoteip", LIST_TYPE_KIND, IOC_IPV4},
	{"ipv4address", LIST_TYPE_KIND, IOC_IPV4},
	{"addr", LIST_TYPE_KIND, IOC_IPV4},
	{"address", LIST_TYPE_KIND, IOC_IPV4},
	{"subnet", LIST_TYPE_KIND, IOC_IPV4},
	{"cidr", LIST_TYPE_KIND, IOC_IPV4},
	{"netblock", LIST_TYPE_KIND, IOC_IPV4},
	{"domain", LIST_TYPE_KIND, IOC_DOMAIN},
	{"domains", LIST_TYPE_KIND, IOC_DOMAIN},
	{"domain-name", LIST_TYPE_KIND, IOC_DOMAIN},
	{"hostname", LIST_TYPE_KIND, IOC_DOMAIN},
	{"fqdn", LIST_TYPE_KIND, IOC_DOMAIN},
	{"dns", LIST_TYPE_KIND, IOC_DOMAIN},
	{"recordname", LIST_TYPE_KIND, IOC_DOMAIN},
	{"host", LIST_TYPE_ANY, IOC_NONE},
	{"url", LIST_TYPE_KIND, IOC_URL},
	{"urls", LIST_TYPE_KIND, IOC_URL},
	{"uri", LIST_TYPE_KIND, IOC_URL},
	{"email", LIST_TYPE_KIND, IOC_EMAIL},
	{"mail", LIST_TYPE_KIND, IOC_EMAIL},
	{"email-addr", LIST_TYPE_KIND, IOC_EMAIL},
	{"email-address", LIST_TYPE_KIND, IOC_EMAIL},
	{"email-src", LIST_TYPE_KIND, IOC_EMAIL},
	{"email-dst", LIST_TYPE_KIND, IOC_EMAIL},
	{"email-reply-to", LIST_TYPE_KIND, IOC_EMAIL},
	{"whois-registrant-email", LIST_TYPE_KIND, IOC_EMAIL},
	{"target-email", LIST_TYPE_KIND, IOC_EMAIL},
	{"md5", LIST_TYPE_KIND, IOC_MD5},
	{"md5sum", LIST_TYPE_KIND, IOC_MD5},
	{"md5-hash", LIST_TYPE_KIND, IOC_MD5},
	{"filehash-md5", LIST_TYPE_KIND, IOC_MD5},
	{"sha1", LIST_TYPE_KIND, IOC_SHA1},
	{"sha-1", LIST_TYPE_KIND, IOC_SHA1},
	{"sha1sum", LIST_TYPE_KIND, IOC_SHA1},
	{"sha1-hash", LIST_TYPE_KIND, IOC_SHA1},
	{"filehash-sha1", LIST_TYPE_KIND, IOC_SHA1},
	{"sha256", LIST_TYPE_KIND, IOC_SHA256},
	{"sha-256", LIST_TYPE_KIND, IOC_SHA256},
	{"sha256sum", LIST_TYPE_KIND, IOC_SHA256},
	{"sha256-hash", LIST_TYPE_KIND, IOC_SHA256},
	{"filehash-sha256", LIST_TYPE_KIND, IOC_SHA256},
	{"hash", LIST_TYPE_KIND, IOC_SHA256},
	{"file-hash", LIST_TYPE_KIND, IOC_SHA256},
	{"filehash", LIST_TYPE_KIND, IOC_SHA256},
	{"user", LIST_TYPE_KIND, IOC_USER},
	{"username", LIST_TYPE_KIND, IOC_USER},
	{"user-name", LIST_TYPE_KIND, IOC_USER},
	{"target-user", LIST_TYPE_KIND, IOC_USER},
	{"account", LIST_TYPE_KIND, IOC_ACCOUNT},
	{"account-id", LIST_TYPE_KIND, IOC_ACCOUNT},
	{"user-agent", LIST_TYPE_KIND, IOC_AGENT},
	{"useragent", LIST_TYPE_KIND, IOC_AGENT},
	{"agent", LIST_TYPE_KIND, IOC_AGENT},
	{"http-user-agent", LIST_TYPE_KIND, IOC_AGENT},
	{"software", LIST_TYPE_KIND, IOC_AGENT},
	{"target-machine", LIST_TYPE_KIND, IOC_HOST},
	{"other", LIST_TYPE_KIND, IOC_OTHER},
	{"cve", LIST_TYPE_OTHER, IOC_NONE},
	{"vulnerability", LIST_TYPE_OTHER, IOC_NONE},
	{"mutex", LIST_TYPE_OTHER, IOC_NONE},
	{"filename", LIST_TYPE_OTHER, IOC_NONE},
	{"file-name", LIST_TYPE_OTHER, IOC_NONE},
	{"filepath", LIST_TYPE_OTHER, IOC_NONE},
	{"regkey", LIST_TYPE_OTHER, IOC_NONE},
	{"registry", LIST_TYPE_OTHER, IOC_NONE},
	{"yara", LIST_TYPE_OTHER, IOC_NONE},
	{"sigma", LIST_TYPE_OTHER, IOC_NONE},
	{"snort", LIST_TYPE_OTHER, IOC_NONE},
	{"sha512", LIST_TYPE_OTHER, IOC_NONE},
	{"ssdeep", LIST_TYPE_OTHER, IOC_NONE},
	{"imphash", LIST_TYPE_OTHER, IOC_NONE},
	{"filehash-imphash", LIST_TYPE_OTHER, IOC_NONE},
	{"filehash-pehash", LIST_TYPE_OTHER, IOC_NONE},
	{"ja3", LIST_TYPE_OTHER, IOC_NONE},
	{"cert-hash", LIST_TYPE_OTHER, IOC_NONE},
	{"pubkey-hash", LIST_TYPE_OTHER, IOC_NONE},
	{"asn", LIST_TYPE_OTHER, IOC_NONE},
	{"port", LIST_TYPE_OTHER, IOC_NONE},
};

/* Small letters, hyphens; without Zeek's "Intel::". */
static struct slice normal(struct slice word, char out[40])
{
	static const char zeek[] = "intel::";
	size_t n = 0;
	word = list_trim(word);
	for (size_t i = 0; i < word.len && n < 40; i++) {
		char c = word.ptr[i];
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		out[n++] = c == '_' || c == ' ' ? '-' : c;
	}
	size_t skip = n > sizeof(zeek) - 1 && memcmp(out, zeek, sizeof(zeek) - 1) == 0
			      ? sizeof(zeek) - 1
			      : 0;
	return (struct slice){out + skip, n - skip};
}

enum list_type list_type(struct slice word, enum ioc_kind *kind)
{
	char text[40];
	struct slice name = normal(word, text);
	*kind = IOC_NONE;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_eq(slice_of(types[i].word), name)) {
			*kind = types[i].kind;
			return types[i].type;
		}
	return LIST_TYPE_UNKNOWN;
}
