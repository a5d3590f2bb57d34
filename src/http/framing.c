/* SPDX-License-Identifier: Apache-2.0 */
/* framing.c: one reading of where a request ends, or none: what two programs could read differently is refused. */
#include <string.h>
#include <strings.h>

#include "http/private.h"
#include "http/server.h"

/* RFC 9110, section 5.6.2. */
#define NAME_CHARACTERS                                                                            \
	"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

struct framing {
	unsigned hosts, lengths, codings, tokens, signatures;
	bool strange;  /* a coding that is not chunked */
	bool no_name;  /* "Content-Length : 4" is another header to some, and this one to others */
	bool no_value; /* control characters */
};

static enum MHD_Result note_header(
	void *ctx, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *f = ctx;
	(void)kind;
	f->no_name |= !name[0] || name[strspn(name, NAME_CHARACTERS)] != '\0';
	for (const char *c = value; c && *c; c++)
		f->no_value |= ((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f;
	f->hosts += strcasecmp(name, "Host") == 0;
	f->lengths += strcasecmp(name, "Content-Length") == 0;
	f->tokens += strcasecmp(name, "Authorization") == 0;
	f->signatures += strcasecmp(name, "X-Hub-Signature-256") == 0;
	if (strcasecmp(name, "Transfer-Encoding") == 0) {
		f->codings++;
		f->strange |= !value || strcasecmp(value, "chunked") != 0;
	}
	return MHD_YES;
}

const char *framing_wrong(struct request *r, const char *method, const char *version)
{
	struct framing f = {0};
	MHD_get_connection_values(r->connection, MHD_HEADER_KIND, note_header, &f);
	r->chunked = f.codings > 0;
	if (f.lengths + f.codings > 1)
		return "more than one of Content-Length and Transfer-Encoding";
	if (f.no_name)
		return "a header's name has characters that none has";
	if (f.strange)
		return "the only Transfer-Encoding that is taken is chunked";
	if (f.codings > 0 && strcmp(version, MHD_HTTP_VERSION_1_0) == 0)
		return "HTTP/1.0 has no Transfer-Encoding";
	if (f.no_value || !layout_is_plain(r->connection, method, version))
		return "the head has control characters, folded lines, or lines that do not end in "
		       "CR LF";
	if (f.hosts > 1 || f.tokens > 1 || f.signatures > 1)
		return "a header that may stand there once stands there twice";
	return NULL;
}
