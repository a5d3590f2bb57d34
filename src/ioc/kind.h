/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kind.h: the kinds of observables and indicators, and the one form in which each is stored, compared and
 * sorted: its **key**. docs/ioc.md gives every rule; what two texts share is an equal (kind, key).
 *
 *   kind               key                                                   as text
 *   ipv4               4 bytes, network order                                192.0.2.1
 *   ipv6               16 bytes; v4-mapped and NAT64 ones are ipv4           2001:db8::1 (RFC 5952)
 *   domain             labels turned round: com.example.www; small A-labels  www.example.com
 *   url                host as a domain is written, port, path, query        example.com:8080/a?b
 *   email              small letters, domain as A-labels                     bob@example.com
 *   md5, sha1, sha256  16, 20, 32 bytes                                      small hexadecimal digits
 *   user, agent, host, other   case folded as Unicode does                   as the key
 *   account            as it is                                              as the key
 */
#ifndef IOC_KIND_H
#define IOC_KIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* The numbers stand in files: never reused. */
enum ioc_kind {
	IOC_NONE = 0,
	IOC_IPV4 = 1,
	IOC_IPV6,
	IOC_DOMAIN,
	IOC_URL,
	IOC_EMAIL,
	IOC_MD5,
	IOC_SHA1,
	IOC_SHA256,
	IOC_USER,
	IOC_ACCOUNT,
	IOC_AGENT,
	IOC_HOST,
	IOC_OTHER,
	IOC_KINDS
};
/* Longer keys are cut there and end in "#" and 32 hexadecimal digits of a hash of the whole. */
enum { IOC_KEY_MAX = 512 };

/* "ipv4", "email"…: NULL for IOC_NONE and past the end. */
const char *ioc_kind_name(enum ioc_kind kind);
/* IOC_NONE where no kind is called that. */
enum ioc_kind ioc_kind_named(struct slice name);

/* Appends the key of a clean text (blanks around it and quotes are not) that is known to be of that kind; true, or
 * false where it is not of that kind (nothing is appended then). `kind` may be changed on the way: IOC_IPV6 to IOC_IPV4 (mapped), and
 * IOC_IPV4 given an IPv6 text; any of the three hashes by its length. Defanged texts are not clean. */
bool ioc_key(enum ioc_kind *kind, struct slice text, struct buf *key);
/* Appends the text for people of a key. */
void ioc_key_text(enum ioc_kind kind, struct slice key, struct buf *text);

/* What else is seen where this is seen: the host of a url (ipv4, ipv6 or domain), the domain of an email. True, and the
 * key appended; false where there is none. */
bool ioc_key_host(enum ioc_kind kind, struct slice key, enum ioc_kind *host_kind, struct buf *host);

#endif
