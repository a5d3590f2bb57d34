/* SPDX-License-Identifier: Apache-2.0 */
/* server.h (private to http/): the socket, connections and the time that each has: a client that is slow on purpose, in its
 * head, its body or taking its answer, is cut off. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <microhttpd.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/base.h"

/* As many connections as there are descriptors for, of which the process may then have so many. */
unsigned connections_most(void);
/* A socket that listens at an address; *port is the one that it got. -1 where that is not to be had. */
int bind_to(const char *address, uint16_t *port, struct err *err);

enum peer_phase { PEER_HEAD, PEER_BODY, PEER_ANSWER };

struct peer {
	int fd;
	int64_t until;       /* clock_mono_us */
	uint8_t network[16]; /* address_network */
	/* What the request's line names, before it is decoded in place: where it stood, and its bytes. */
	const char *target;
	size_t ntarget;
	bool odd; /* it has control characters, or %00 in its path */
	struct peer *next, *prev;
};
struct peers {
	pthread_mutex_t lock;
	/* Connections of one address; 0 = HTTP_PER_ADDRESS, and of this machine any number. */
	unsigned most;
	struct peer *first;
};
void peers_init(struct peers *peers, unsigned most);
void peers_fini(struct peers *peers);
/* Whether one more connection of an address may be opened. */
bool peers_room(struct peers *peers, const struct sockaddr *address);
/* A connection was opened; what is returned is its context. */
struct peer *peers_add(struct peers *peers, struct MHD_Connection *connection);
/* The context of a connection. */
struct peer *peer_of(struct MHD_Connection *connection);
/* It is about to be closed. */
void peers_remove(struct peers *peers, struct peer *peer);
/* It has so long for what comes now; `body` bytes of a body. */
void peers_phase(struct peers *peers, struct MHD_Connection *connection, enum peer_phase phase,
	uint64_t body);
/* The one of this descriptor has as long again for its answer. */
void peers_stay(struct peers *peers, int fd);
/* Shuts down those whose time is over. */
void peers_expire(struct peers *peers);

/* layout.c: for MHD_OPTION_URI_LOG_CALLBACK: notes the target of the request whose line has come. NULL. */
void *layout_note(void *ctx, const char *target, struct MHD_Connection *connection);
/* Whether the lines of a head end in CR LF, none is folded or left out, and nothing is hidden by a NUL. */
bool layout_is_plain(struct MHD_Connection *connection, const char *method, const char *version);

#endif
