/* SPDX-License-Identifier: Apache-2.0 */
/* peers.c: the time of each connection. libmicrohttpd's own timeout starts anew with each byte, so that one byte a second lasts for
 * ever; this one does not. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/head.h"
#include "http/private.h"
#include "http/server.h"

#define SECOND INT64_C(1000000)

void peers_init(struct peers *peers, unsigned most)
{
	pthread_mutex_init(&peers->lock, NULL);
	peers->first = NULL;
	peers->most = most;
}

void peers_fini(struct peers *peers)
{
	pthread_mutex_destroy(&peers->lock);
}

bool peers_room(struct peers *peers, const struct sockaddr *address)
{
	uint8_t network[16];
	char from[64];
	unsigned n = 0, most = peers->most ? peers->most : HTTP_PER_ADDRESS;
	address_network(address, network);
	address_text(address, from);
	if (!peers->most && is_loopback(from))
		return true;
	pthread_mutex_lock(&peers->lock);
	for (const struct peer *peer = peers->first; peer && n < most; peer = peer->next)
		n += memcmp(peer->network, network, 16) == 0;
	pthread_mutex_unlock(&peers->lock);
	return n < most;
}

struct peer *peers_add(struct peers *peers, struct MHD_Connection *connection)
{
	struct peer *peer = xcalloc(1, sizeof(*peer));
	peer->fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	peer->until = clock_mono_us() + HTTP_HEAD_S * SECOND;
	address_network(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
				->client_addr,
		peer->network);
	pthread_mutex_lock(&peers->lock);
	peer->next = peers->first;
	if (peers->first)
		peers->first->prev = peer;
	peers->first = peer;
	pthread_mutex_unlock(&peers->lock);
	return peer;
}

struct peer *peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	return info ? info->socket_context : NULL;
}

void peers_remove(struct peers *peers, struct peer *peer)
{
	if (!peer)
		return;
	pthread_mutex_lock(&peers->lock);
	if (peer->prev)
		peer->prev->next = peer->next;
	else
		peers->first = peer->next;
	if (peer->next)
		peer->next->prev = peer->prev;
	pthread_mutex_unlock(&peers->lock);
	free(peer);
}

void peers_phase(struct peers *peers, struct MHD_Connection *connection, enum peer_phase phase,
	uint64_t body)
{
	struct peer *peer = peer_of(connection);
	int64_t seconds = phase == PEER_HEAD ? HTTP_HEAD_S : HTTP_ANSWER_S;
	body = body < HTTP_BODY_LARGE ? body : HTTP_BODY_LARGE;
	if (phase == PEER_BODY)
		seconds = HTTP_BODY_S + (int64_t)(body / HTTP_BODY_RATE);
	if (!peer)
		return;
	pthread_mutex_lock(&peers->lock);
	peer->until = clock_mono_us() + seconds * SECOND;
	pthread_mutex_unlock(&peers->lock);
}

void peers_stay(struct peers *peers, int fd)
{
	pthread_mutex_lock(&peers->lock);
	for (struct peer *peer = peers->first; peer; peer = peer->next) {
		if (peer->fd == fd)
			peer->until = clock_mono_us() + HTTP_ANSWER_S * SECOND;
	}
	pthread_mutex_unlock(&peers->lock);
}

void peers_expire(struct peers *peers)
{
	int64_t now = clock_mono_us();
	pthread_mutex_lock(&peers->lock);
	for (struct peer *peer = peers->first; peer; peer = peer->next) {
		if (peer->until < now)
			(void)shutdown(peer->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&peers->lock);
}
