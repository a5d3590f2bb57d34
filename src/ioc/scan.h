/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h: observables inside free text: addresses (also with a port), URLs, mail addresses, domains, hashes. Used on columns of
 * events (summaries, changed values, queries) while they are imported, and on reports that people paste; so both find the same.
 */
#ifndef IOC_SCAN_H
#define IOC_SCAN_H

#include "ioc/kind.h"

struct ioc_scan_options {
	bool refang; /* hxxp, [.], (dot), (at), [:] … are read as what they stand for */
};
/* One that was found; `key` is borrowed for the call. `at` and `len`: where it stands in the text. */
struct ioc_found {
	enum ioc_kind kind;
	struct slice key;
	size_t at, len;
};
/* Calls `each` for each observable in order of its place, the widest first: of a url, the url alone (its host is the
 * caller's, ioc_key_host), of an email the email alone. A domain must end in a label that is a top-level domain in use (a list made
 * from the public one, so that file names and `java.lang` are none), or be written defanged. Numbers of versions are no addresses
 * where a digit, dot or hyphen touches them. Hashes stand between non-word characters. Any bytes are allowed in `text`. */
void ioc_scan(struct slice text, const struct ioc_scan_options *options,
	void (*each)(void *ctx, const struct ioc_found *found), void *ctx);

/* Of the texts heap[off[d]..off[d + 1]], one behind the other: the first of [d, n) in which ioc_scan without refanging may find something;
 * n where there is none. Most texts have no byte that it would look at, and are passed over 64 bytes at a time. */
uint32_t ioc_scan_next(const char *heap, const uint32_t *off, uint32_t d, uint32_t n);

#endif
