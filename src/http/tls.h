/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h (private to http/): the certificate and its key, for libmicrohttpd over GnuTLS. TLS 1.2 and 1.3, with ciphers that are AEAD and keys
 * that are forgotten. Where the files change they are read anew; what does not fit is said, and the old ones go on.
 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <microhttpd.h>

#include "base/base.h"

enum { TLS_OPTIONS = 3 };

struct tls;
/* Whether the files hold a certificate (with those that it rests on) and its key, which others may not read. Both NULL: nothing to check. 0
 * or -1. */
int tls_check(const char *cert, const char *key, struct err *err);
/* Reads them; *tls is NULL where they are. One at a time in a process. 0 or -1. */
int tls_open(const char *cert, const char *key, struct tls **tls, struct err *err);
/* libmicrohttpd's options for it; none where `tls` is NULL. */
void tls_options(const struct tls *tls, struct MHD_OptionItem options[TLS_OPTIONS]);
/* Reads the files anew where they have changed. Accepts NULL. */
void tls_refresh(struct tls *tls);
/* When no connection uses it any more. Accepts NULL. */
void tls_close(struct tls *tls);

#endif
