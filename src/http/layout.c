/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.c: whether a head was written with nothing between its parts but what belongs there. libmicrohttpd up to 0.9.76 takes an LF alone
 * for the end of a line, joins folded lines but reads no length from them, leaves out headers without a name, and hands out lines as text
 * that a NUL ends; what stood there is not to be seen afterwards. But it takes lines apart where they came in, so that the places of the
 * parts tell how many bytes are between them. They are compared, never read through.
 */
#include <stdint.h>
#include <string.h>

#include "http/server.h"

struct layout {
	uintptr_t at; /* where the next line begins, if all is as it should be */
	bool odd;
};

enum { LINE_END = 2 /* CR LF */ };

static uintptr_t place(const char *text)
{
	return (uintptr_t)(const void *)text;
}

static enum MHD_Result follow(void *ctx, enum MHD_ValueKind kind, const char *name, size_t nname,
	const char *value, size_t nvalue)
{
	struct layout *l = ctx;
	(void)kind;
	/* The colon, and blanks at will. */
	l->odd |= !value || place(name) != l->at || place(value) <= place(name) + nname;
	l->at = place(value) + nvalue + LINE_END;
	return MHD_YES;
}

void *layout_note(void *ctx, const char *target, struct MHD_Connection *connection)
{
	struct peer *peer = peer_of(connection);
	const char *nul = strstr(target, "%00");
	(void)ctx;
	if (!peer)
		return NULL;
	peer->target = target;
	peer->ntarget = strlen(target);
	peer->odd = nul && (size_t)(nul - target) < strcspn(target, "?");
	for (const char *c = target; *c; c++)
		peer->odd |= (unsigned char)*c <= ' ' || *c == 0x7f;
	return NULL;
}

bool layout_is_plain(struct MHD_Connection *connection, const char *method, const char *version)
{
	const struct peer *peer = peer_of(connection);
	struct layout l = {.at = place(version) + strlen(version) + LINE_END};
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	if (!peer || !info || peer->odd)
		return false;
	if (strverscmp(MHD_get_version(), "0.9.77") >= 0)
		return true; /* strict by itself: MHD_OPTION_STRICT_FOR_CLIENT */
	l.odd = place(peer->target) != place(method) + strlen(method) + 1 ||
		place(version) != place(peer->target) + peer->ntarget + 1;
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, follow, &l);
	return !l.odd && place(method) + info->header_size == l.at + LINE_END;
}
