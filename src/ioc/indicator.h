/* SPDX-License-Identifier: Apache-2.0 */
/*
 * indicator.h: what people search for: one value as typed, pasted or listed, made into what is compared with the keys of
 * observables. A value may be defanged; it may be a range of addresses, or a domain with all below it.
 */
#ifndef IOC_INDICATOR_H
#define IOC_INDICATOR_H

#include "base/arena.h"
#include "base/err.h"
#include "ioc/kind.h"

enum ioc_form {
	IOC_EXACT, /* kind and key */
	IOC_RANGE, /* ipv4, ipv6: keys from `key` to `last`, both included: a CIDR range, or a.b.c.d-a.b.c.e */
	IOC_BELOW, /* domain: only what is below it on a label's boundary: *.example.com */
	IOC_WORD, /* of no known form: a user, account, agent, host or other text. `key` is the folded text and `last` the text
	            * as it is (for account) */
};
struct indicator {
	enum ioc_form form;
	enum ioc_kind kind; /* IOC_NONE for IOC_WORD */
	struct slice key, last;
};

/* Reads one value. `kind` IOC_NONE: it is guessed from the value's form; otherwise it must be of that kind (any hash kind
 * by length, ipv4 and ipv6 for each other). Blanks, quotes, brackets around it and defanging are taken off. `ip:port` and `[ip6]:port` are
 * the address, `domain:port` the domain; without a scheme, `domain/…` is a URL. -1 (ERR_USAGE) with a short reason for people where it
 * cannot be used: "not an address", "empty". *wide is set, and 0 returned, where it would match nearly everything: ranges
 * of more addresses than a /8 (IPv6: a /16), *.com, *.co.uk. Texts are in `mem`. */
int indicator_parse(struct slice text, enum ioc_kind kind, struct arena *mem, struct indicator *out,
	bool *wide, struct err *err);
/* Appends the indicator as people write it: 10.0.0.0/8, *.example.com, bob. */
void indicator_text(const struct indicator *indicator, struct buf *text);

/* Why a hit may mean little: "a private range", "a well-known resolver", "a documentation range", "loopback"…; NULL = nothing known.
 * `own`: domains of the organisation's own, n of them, as keys; what is at or below one: "your own domain". */
const char *indicator_caution(
	const struct indicator *indicator, const struct slice *own, uint32_t nown);

#endif
