/* SPDX-License-Identifier: Apache-2.0 */
/* peers.c: the time of each connection. libmicrohttpd's own timeout starts anew with each byte, so that one byte a second lasts for
 * ever; this one does not. */
#include <stdlib.h>
#include <sys/socket.h>

#include "http/private.h"
#include "http/server.h"

#define SECOND INT64_C(1000000)

void peers_init(struct peers *peers)
{
	pthread_mutex_init(&peers->lock, NULL);
	peers->first = NULL;
}

void peers_fini(struct peers *peers)
{
	pthread_mutex_destroy(&peers->lock);
}

struct peer *peers_add(struct peers *peers, struct MHD_Connection *connection)
{
	struct peer *peer = xcalloc(1, sizeof(*peer));
	peer->fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	peer->until = clock_mono_us() + HTTP_HEAD_S * SECOND;
	pthread_mutex_lock(&peers->lock);
	peer->next = peers->first;
	if (peers->first)
		peers->first->prev = peer;
	peers->first = peer;
	pthread_mutex_unlock(&peers->lock);
	return peer;
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
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct peer *peer = info ? info->socket_context : NULL;
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
