/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_private.h: what the parts of the scanner share: one pass over a text, and the text as it stands after refanging.
 */
#ifndef IOC_SCAN_PRIVATE_H
#define IOC_SCAN_PRIVATE_H

#include "ioc/kind_private.h"
#include "ioc/scan.h"

/* From byte `out` of the refanged text on, bytes stand as from byte `in` of the text. */
struct refang_step {
	size_t out, in;
	bool defanged; /* what begins here was written otherwise */
};
/* A text with what stands for dots, colons and so on put back. */
struct refanged {
	struct buf text;
	struct refang_step *steps;
	size_t nsteps, cap;
};
void refang(struct refanged *refanged, struct slice text);
void refang_fini(struct refanged *refanged);
/* Where byte `out` stood. */
size_t refang_place(const struct refanged *refanged, size_t out);
/* Whether any of the bytes [begin, end) stands for something written otherwise. */
bool refang_touched(const struct refanged *refanged, size_t begin, size_t end);

struct scan {
	struct slice text;
	const struct refanged *refanged; /* NULL: the text is as it was given */
	size_t found;                    /* end of the last one found: nothing begins before it */
	size_t cursor;                   /* candidates before it are decided */
	size_t next_at; /* the first '@' at or behind the place that was asked for last */
	size_t failed_begin, failed_end; /* a name that was looked at and is none */
	size_t hex_end;                  /* end of the last run of hexadecimal digits looked at */
	struct buf key;
	void (*each)(void *ctx, const struct ioc_found *found);
	void *ctx;
};
/* A run of bytes of the text. */
struct span {
	size_t begin, end;
};

/* Hands over [begin, end) where it is of that kind; then the scan goes on behind it. */
bool scan_emit(struct scan *scan, enum ioc_kind kind, size_t begin, size_t end);
/* Bytes of the letter or digit of any script outside ASCII that begins at `at`, or ends before it; 0 where there is none. */
size_t scan_letter(const struct scan *scan, size_t at);
size_t scan_letter_before(const struct scan *scan, size_t at);

/* scan_name.c: mails, domains and IPv4 addresses around a dot or any byte of a name; mails around an '@'. True where one was found. */
bool scan_name(struct scan *scan, size_t at);
bool scan_mail(struct scan *scan, size_t at);
/* scan_url.c: around "://". */
bool scan_url(struct scan *scan, size_t colon);
/* scan_six.c: IPv6 around a colon. */
bool scan_six(struct scan *scan, size_t colon);
/* scan_hash.c: around a hexadecimal digit. */
bool scan_hash(struct scan *scan, size_t at);

/* scan_tld.c: whether a label, of any case and script, is a top-level domain. */
bool tld_known(struct slice label);
/* Whether names of two labels that end in it are more often files, or members of a program's: report.py, user.id. */
bool tld_is_extension(struct slice label);
/* Whether a name is one of Atlassian's messages or packages: audit.logging.category.user.management. Such stand in many
 * events. */
bool tld_is_message(struct slice name);
/* Whether everybody may register names below it: com, co.uk. */
bool tld_is_suffix(struct slice name);

#endif
