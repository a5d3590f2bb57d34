/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify.h: alerts told to somebody: as signed JSON (webhook), to Slack and Teams, to a syslog server, by mail. What is
 * sent is made of log text, so all of it is hostile: escaped as each form wants it, never a header, a link or a
 * mention. One call sends one message; who is to be told, and again, is decided elsewhere (pipeline/notify.h).
 */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H

#include <signal.h>

#include "base/base.h"

/* An alert as messages show it. Texts borrowed; NULL = none. */
struct notify_alert {
	const char *id;    /* 32 hex digits */
	const char *level; /* high */
	unsigned rank;     /* of the level: 0 informational … 4 critical */
	const char *state, *title, *rule, *group, *actor, *target, *ip, *sources;
	uint64_t events;
	int64_t first, last, changed; /* µs; INT64_MIN = none */
	const char *change;           /* new, reopened */
	const char *key;              /* the same each time that it is sent */
	struct slice json;            /* the whole alert as a JSON object (webhook), or empty */
};

enum notify_what { NOTIFY_ALERT, NOTIFY_DIGEST, NOTIFY_TEST, NOTIFY_CHECKPOINT };
enum {
	NOTIFY_LISTED = 100 /* alerts that a digest names; it says how many there are */
};
struct notify_message {
	enum notify_what what;
	int64_t now;
	const char *key;                   /* of this message; visible ASCII */
	uint64_t n;                        /* of alerts that it is about; NOTIFY_ALERT: 1 */
	uint64_t levels[RULE_LEVELS];      /* how many of each level; NOTIFY_DIGEST */
	const struct notify_alert *alerts; /* the first `listed` of them */
	uint32_t listed;
	/* NOTIFY_CHECKPOINT: in one line, and the signed note (proof/note.h) as it is. */
	const char *summary, *note;
};

/* Where it goes. Texts borrowed; NULL = not given. */
struct notify_target {
	const char *name, *kind;
	const char *url;    /* webhook, slack, teams: https://; as a rule a secret itself */
	const char *secret; /* webhook: what it is signed with */
	const char *to; /* syslog: udp://, tcp:// or tls://host:port; mail: addresses by commas */
	const char *server, *sender, *user,
		*password; /* mail: smtp:// or smtps://host:port; an address; for the server */
	const char *ca_file, *proxy;
	bool allow_private; /* the host may have a private address or be this machine; http:// may be used to there */
	bool without_tls; /* mail: STARTTLS is not insisted on */
	const volatile sig_atomic_t *stop;
};

/* The kinds, for options, help and checks. NULL ends them. */
struct notify_kind {
	const char *name, *summary;
	const char *needs;   /* members of notify_target by name, joined by blanks */
	const char *takes;   /* more of them that it knows */
	const char *secrets; /* of these, those that are sealed */
};
extern const struct notify_kind notify_kinds[];
/* One of them, or NULL. */
const struct notify_kind *notify_kind_find(const char *name);

/* Whether all is there and well-formed. 0, or -1 with ERR_USAGE and what to do. */
int notify_check(const struct notify_target *target, struct err *err);

/* Sends one message. 0 where the other side took it. -1 with a sentence that holds no secret; *again_us (may be NULL): how long the other
 * side asks to wait, else -1. */
int notify_send(const struct notify_target *target, const struct notify_message *message,
	int64_t *again_us, struct err *err);

/* "v1" of X-Pugmark-Signature: HMAC-SHA256 over "TIME.BODY" as 64 hex digits and NUL. */
void notify_sign(struct slice secret, int64_t unix_time, struct slice body, char hex[65]);

#endif
