/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kind_private.h: what the makers of keys share. Texts are clean: nothing around them, nothing defanged.
 */
#ifndef IOC_KIND_PRIVATE_H
#define IOC_KIND_PRIVATE_H

#include "ioc/kind.h"

enum {
	ADDRESS_TEXT_MAX = 48,
	DOMAIN_MAX = 253,
	LABEL_MAX = 63,
	LOCAL_MAX = 128, /* bytes of a mail address before the @: twice what RFC 5321 allows */
};

/* What a byte may be part of. */
enum byte_class {
	BYTE_DIGIT = 1,
	BYTE_HEX = 2,         /* digits too */
	BYTE_ALNUM = 4,       /* ASCII letters and digits */
	BYTE_HOST = 8,        /* of an ASCII host name: letters, digits, hyphen, underscore */
	BYTE_LOCAL = 16,      /* of a mail address before the @, in texts */
	BYTE_UNRESERVED = 32, /* RFC 3986: never needs an escape */
	BYTE_URL = 64,        /* RFC 3986, and what browsers let stand */
	BYTE_WORD = 128,      /* letters, digits, underscore */
};
extern const uint8_t byte_classes[256];

static inline bool byte_is(char c, unsigned classes)
{
	return byte_classes[(unsigned char)c] & classes;
}
static inline char byte_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
extern const uint8_t hex_values[256];
/* 0–15, or -1. */
static inline int byte_hex(char c)
{
	return hex_values[(unsigned char)c] - 1;
}

/* kind_address.c: four decimal numbers without leading zeros. */
bool address4_parse(struct slice text, uint8_t address[4]);
/* RFC 4291, section 2.2, no zone. */
bool address6_parse(struct slice text, uint8_t address[16]);
/* Either, a zone cut off; mapped and NAT64 ones are IPv4. The bytes of it: 4, 16, or 0 where it is none. */
size_t address_key(struct slice text, uint8_t address[16]);
size_t address4_text(const uint8_t address[4], char text[ADDRESS_TEXT_MAX]);
/* RFC 5952. */
size_t address6_text(const uint8_t address[16], char text[ADDRESS_TEXT_MAX]);

/* kind_domain.c: writes the name, small A-labels in the order people write them, and returns its length; 0 where it is none.
 * `any_last`: the last label may be a number. */
size_t domain_write(struct slice text, bool any_last, char out[DOMAIN_MAX]);
/* Turns labels round: its own inverse. */
void domain_turn(struct slice name, char *out);

/* kind_url.c */
bool url_key(struct slice text, struct buf *key);
bool url_host(struct slice key, enum ioc_kind *kind, struct buf *host);
/* Bytes of the scheme in front of "://", 0 where there is none. */
size_t url_scheme(struct slice text);

/* kind.c: cuts what was appended from `begin` on to IOC_KEY_MAX bytes. True, or false where the buffer was full: then
 * nothing is left of it. */
bool key_finish(struct buf *key, size_t begin);

#endif
