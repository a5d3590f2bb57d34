/* SPDX-License-Identifier: Apache-2.0 */
/* server.h (private to http/): connections and the time that each has: a client that is slow on purpose, in its head, its body or
 * taking its answer, is cut off. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <microhttpd.h>
#include <pthread.h>

#include "base/base.h"

enum peer_phase { PEER_HEAD, PEER_BODY, PEER_ANSWER };

struct peer {
	int fd;
	int64_t until; /* clock_mono_us */
	struct peer *next, *prev;
};
struct peers {
	pthread_mutex_t lock;
	struct peer *first;
};
void peers_init(struct peers *peers);
void peers_fini(struct peers *peers);
/* A connection was opened; what is returned is its context. */
struct peer *peers_add(struct peers *peers, struct MHD_Connection *connection);
/* It is about to be closed. */
void peers_remove(struct peers *peers, struct peer *peer);
/* It has so long for what comes now; `body` bytes of a body. */
void peers_phase(struct peers *peers, struct MHD_Connection *connection, enum peer_phase phase,
	uint64_t body);
/* Shuts down those whose time is over. */
void peers_expire(struct peers *peers);

#endif
