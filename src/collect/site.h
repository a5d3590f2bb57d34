/* SPDX-License-Identifier: Apache-2.0 */
/* site.h (private to collect/): addresses as people type and paste them. */
#ifndef COLLECT_SITE_H
#define COLLECT_SITE_H

#include "base/base.h"

enum { SITE_HOST = 256, SITE_PATH = 512, SITE_URL = 800 };

struct site {
	bool plain;           /* http:// */
	char host[SITE_HOST]; /* lower case, with brackets around an IPv6 address */
	char port[8];         /* "" = the usual one */
	char path[SITE_PATH]; /* "" or "/…" without a slash at its end */
};

/* Reads what was typed: a host, a URL, a page's URL; with quotes, blanks, commas or slashes around it.
 * A single word is a site of the cloud (`acme` → acme.atlassian.net). ERR_USAGE says what is wrong and
 * what to type instead. */
int site_read(const char *typed, struct site *site, struct err *err);
/* "https://host[:port]" and the first `len` bytes of the path; returns `url`. */
char *site_url(const struct site *site, size_t len, char url[SITE_URL]);
/* Whether it is a site of Atlassian's cloud, by its name. */
bool site_is_cloud(const struct site *site);

#endif
