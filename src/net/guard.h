/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.h: which network addresses a request may reach (no server-side request forgery). What is
 * judged is the address of the socket that is being opened, never the name: a name that changes its
 * address between the check and the connection gains nothing.
 * Ranges: IANA's registries of special-purpose IPv4 and IPv6 addresses (RFC 6890).
 */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include <stdbool.h>
#include <sys/socket.h>

/* From harmless to harmful: an address that carries another one has the worse class of both. */
enum guard_class {
	GUARD_CLASS_PUBLIC,   /* anywhere on the Internet */
	GUARD_CLASS_PRIVATE,  /* RFC 1918, ULA, CGNAT, link-local, documentation, test nets */
	GUARD_CLASS_LOOPBACK, /* this machine */
	GUARD_CLASS_METADATA, /* where clouds hand out credentials: 169.254.169.254 and its like */
	GUARD_CLASS_UNUSABLE, /* no host at all: 0.0.0.0/8, ::, multicast, 240.0.0.0/4, not IP */
};

enum guard_policy {
	GUARD_PUBLIC_ONLY,     /* feeds, webhooks, addresses found in replies: always this one */
	GUARD_PRIVATE_ALLOWED, /* a host that an administrator named and confirmed: private and
	                        * loopback addresses too, metadata never */
	GUARD_METADATA_ONLY,   /* the credential provider: metadata and loopback, nothing else */
	GUARD_POLICIES,
};

/* The class of an AF_INET or AF_INET6 address. IPv4 addresses inside IPv6 ones (mapped, compatible,
 * translated, NAT64, 6to4, Teredo, ISATAP) count as what they reach. Anything else is UNUSABLE. */
enum guard_class guard_class_of(const struct sockaddr *address, socklen_t len);

/* The same for a host as it stands in a URL (no brackets): where it is an address in digits, *class
 * and true; false where it is a name. */
bool guard_class_of_text(const char *host, enum guard_class *class);

/* Whether a request under `policy` may open a connection to an address of `class`. */
bool guard_allows(enum guard_policy policy, enum guard_class class);

/* "public", "private", "loopback", "cloud metadata", "unusable". Static text. */
const char *guard_class_name(enum guard_class class);

#endif
