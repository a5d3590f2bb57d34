/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h: text handed to servers that do not speak HTTP: mail by SMTP (RFC 5321, STARTTLS of RFC 3207), bytes over
 * TCP or TLS, datagrams over UDP. The guard judges every address that is connected to (guard.h), TLS 1.2 or later is verified
 * as in http.h, everything has a limit; error texts hold host and port only. A broken connection raises SIGPIPE unless the
 * program ignores it.
 */
#ifndef NET_RELAY_H
#define NET_RELAY_H

#include <signal.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/slice.h"
#include "net/guard.h"

struct relay {
	const char
		*url; /* smtp://, smtps://, tcp://, tls://, udp://; host and port, nothing behind */
	const char *ca_file;     /* PEM: authorities trusted beside the system's; NULL = none */
	enum guard_policy guard; /* 0 = GUARD_PUBLIC_ONLY */
	unsigned total_ms;       /* 0 = 30,000 */
	const volatile sig_atomic_t *stop; /* may be NULL */
};

/* Whether `url` is an address of the kind wanted ("smtp smtps"): 0 or -1 with what it must look like. */
int relay_check(const char *url, const char *schemes, struct err *err);

struct relay_mail {
	const char *from;            /* addresses without names and brackets, visible ASCII */
	const char *const *to;       /* NULL-ended */
	const char *user, *password; /* NULL = none; never sent without TLS */
	bool without_tls;            /* smtp:// without STARTTLS is taken */
	struct slice text;           /* the whole message, lines ended by CR LF */
};
/* Sends one mail. 0 where the server took it. -1: ERR_ACCESS (guard, TLS, password), ERR_USAGE, ERR_LIMIT, ERR_FORMAT (refused by
 * the server: the text has its code), ERR_INTERRUPTED, else ERR_IO. */
int relay_mail(const struct relay *relay, const struct relay_mail *mail, struct err *err);

/* Sends bytes over a new connection (tcp://, tls://) and closes it. 0 where all of them were taken by the other side as far as TCP says
 * so; -1 as above. */
int relay_stream(const struct relay *relay, struct slice bytes, struct err *err);

enum { RELAY_DATAGRAM = 2048 /* bytes of a datagram at most */ };
/* Sends one datagram (udp://). 0 where it was sent, which is all that UDP can say; -1 as above, also where the host says that nobody
 * listens. */
int relay_datagram(const struct relay *relay, struct slice bytes, struct err *err);

#endif
