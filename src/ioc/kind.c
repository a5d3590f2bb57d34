/* SPDX-License-Identifier: Apache-2.0 */
/* kind.c: the table of kinds: how a key of each is made of a text, and a text of a key. Addresses, hashes and ASCII names are
 * made without memory of their own. */
#include <openssl/sha.h>

#include "ioc/kind_private.h"
#include "match/text.h"

enum { CUT_HASH_BYTES = 16, CUT_TAIL = 1 + 2 * CUT_HASH_BYTES };

static const char hex_digits[] = "0123456789abcdef";

static void append_hex(struct buf *text, const uint8_t *bytes, size_t n)
{
	char *to = buf_reserve(text, 2 * n);
	if (!to)
		return;
	for (size_t i = 0; i < n; i++) {
		*to++ = hex_digits[bytes[i] >> 4];
		*to++ = hex_digits[bytes[i] & 15];
	}
	text->len += 2 * n;
}

bool key_finish(struct buf *key, size_t begin)
{
	if (key->full)
		key->len = begin;
	size_t n = key->len - begin, keep = IOC_KEY_MAX - CUT_TAIL;
	if (n <= IOC_KEY_MAX)
		return n > 0;
	uint8_t hash[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)key->ptr + begin, n, hash);
	/* Between two characters, where these are UTF-8. */
	for (unsigned i = 0; i < 3 && ((unsigned char)key->ptr[begin + keep] & 0xc0) == 0x80; i++)
		keep--;
	/* Nor in an escape of a URL: what is left of one would be escaped again. */
	for (size_t i = 1; i <= 2; i++)
		if (key->ptr[begin + keep - i] == '%') {
			keep -= i;
			break;
		}
	key->len = begin + keep;
	buf_push(key, '#');
	append_hex(key, hash, CUT_HASH_BYTES);
	return true;
}

static bool key_address(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	uint8_t address[16];
	size_t n = address_key(text, address);
	if (n == 0 || buf_append(key, address, n) != 0)
		return false;
	*kind = n == 4 ? IOC_IPV4 : IOC_IPV6;
	return true;
}

static bool key_domain(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	char name[DOMAIN_MAX];
	(void)kind;
	size_t n = domain_write(text, false, name);
	char *to = n ? buf_reserve(key, n) : NULL;
	if (!to)
		return false;
	domain_turn((struct slice){name, n}, to);
	key->len += n;
	return true;
}

static bool key_url(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	(void)kind;
	return url_key(text, key);
}

static bool local_is_good(struct slice local)
{
	if (local.len == 0 || local.len > LOCAL_MAX)
		return false;
	for (size_t i = 0; i < local.len; i++) {
		unsigned char c = (unsigned char)local.ptr[i];
		if (c <= ' ' || c == 0x7f || memchr("@<>()[],;:\\\"", c, 12))
			return false;
	}
	return true;
}

static bool key_email(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	char name[DOMAIN_MAX];
	size_t begin = key->len;
	(void)kind;
	const char *at = text.len ? memrchr(text.ptr, '@', text.len) : NULL;
	if (!at)
		return false;
	struct slice local = {text.ptr, (size_t)(at - text.ptr)};
	struct slice domain = {at + 1, text.len - local.len - 1};
	size_t n = local_is_good(local) ? domain_write(domain, false, name) : 0;
	if (n == 0)
		return false;
	text_fold(key, local);
	if (key->len - begin > LOCAL_MAX) { /* what folds to more */
		key->len = begin;
		return false;
	}
	buf_push(key, '@');
	buf_append(key, name, n);
	return key_finish(key, begin);
}

static bool key_hash(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	uint8_t bytes[32];
	size_t n = text.len / 2;
	if (text.len != 32 && text.len != 40 && text.len != 64)
		return false;
	int wrong = 0; /* negative where any digit is none */
	for (size_t i = 0; i < n; i++) {
		int high = byte_hex(text.ptr[2 * i]), low = byte_hex(text.ptr[2 * i + 1]);
		wrong |= high | low;
		bytes[i] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
	}
	if (wrong < 0 || buf_append(key, bytes, n) != 0)
		return false;
	*kind = n == 16 ? IOC_MD5 : n == 20 ? IOC_SHA1 : IOC_SHA256;
	return true;
}

static bool key_folded(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	size_t begin = key->len;
	(void)kind;
	text_fold(key, text);
	return key_finish(key, begin);
}

static bool key_exact(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	size_t begin = key->len;
	(void)kind;
	buf_slice(key, text);
	return key_finish(key, begin);
}

static void text_address4(struct slice key, struct buf *text)
{
	char out[ADDRESS_TEXT_MAX];
	if (key.len == 4)
		buf_append(text, out, address4_text((const uint8_t *)key.ptr, out));
}

static void text_address6(struct slice key, struct buf *text)
{
	char out[ADDRESS_TEXT_MAX];
	if (key.len == 16)
		buf_append(text, out, address6_text((const uint8_t *)key.ptr, out));
}

static void text_domain(struct slice key, struct buf *text)
{
	char *to = key.len ? buf_reserve(text, key.len) : NULL;
	if (!to)
		return;
	domain_turn(key, to);
	text->len += key.len;
}

static void text_hash(struct slice key, struct buf *text)
{
	append_hex(text, (const uint8_t *)key.ptr, key.len);
}

static void text_same(struct slice key, struct buf *text)
{
	buf_slice(text, key);
}

static const struct {
	const char *name;
	bool (*key)(enum ioc_kind *kind, struct slice text, struct buf *key);
	void (*text)(struct slice key, struct buf *text);
} kinds[IOC_KINDS] = {
	[IOC_IPV4] = {"ipv4", key_address, text_address4},
	[IOC_IPV6] = {"ipv6", key_address, text_address6},
	[IOC_DOMAIN] = {"domain", key_domain, text_domain},
	[IOC_URL] = {"url", key_url, text_same},
	[IOC_EMAIL] = {"email", key_email, text_same},
	[IOC_MD5] = {"md5", key_hash, text_hash},
	[IOC_SHA1] = {"sha1", key_hash, text_hash},
	[IOC_SHA256] = {"sha256", key_hash, text_hash},
	[IOC_USER] = {"user", key_folded, text_same},
	[IOC_ACCOUNT] = {"account", key_exact, text_same},
	[IOC_AGENT] = {"agent", key_folded, text_same},
	[IOC_HOST] = {"host", key_folded, text_same},
	[IOC_OTHER] = {"other", key_folded, text_same},
};

static bool is_kind(enum ioc_kind kind)
{
	return kind > IOC_NONE && kind < IOC_KINDS;
}

const char *ioc_kind_name(enum ioc_kind kind)
{
	return is_kind(kind) ? kinds[kind].name : NULL;
}

enum ioc_kind ioc_kind_named(struct slice name)
{
	for (int kind = IOC_NONE + 1; kind < IOC_KINDS; kind++)
		if (slice_eq(slice_of(kinds[kind].name), name))
			return (enum ioc_kind)kind;
	return IOC_NONE;
}

bool ioc_key(enum ioc_kind *kind, struct slice text, struct buf *key)
{
	return is_kind(*kind) && text.len > 0 && kinds[*kind].key(kind, text, key);
}

void ioc_key_text(enum ioc_kind kind, struct slice key, struct buf *text)
{
	if (is_kind(kind))
		kinds[kind].text(key, text);
}

bool ioc_key_host(enum ioc_kind kind, struct slice key, enum ioc_kind *host_kind, struct buf *host)
{
	if (kind == IOC_URL)
		return url_host(key, host_kind, host);
	const char *at = kind == IOC_EMAIL && key.len ? memrchr(key.ptr, '@', key.len) : NULL;
	if (!at)
		return false;
	*host_kind = IOC_DOMAIN;
	size_t from = (size_t)(at - key.ptr) + 1;
	return ioc_key(host_kind, (struct slice){key.ptr + from, key.len - from}, host);
}
