/* SPDX-License-Identifier: Apache-2.0 */
/* xml.c: small XML replies, read with expat and without its dangers: no DTD (so no entities but the
 * five of XML), bounded depth, names, texts and amount. */
#include <expat.h>

#include "base/base.h"
#include "net/private.h"

enum { XML_DEPTH = 12, XML_PATH = 400, XML_TEXT = 16 << 10 };

struct reading {
	XML_Parser parser;
	xml_end *end;
	void *ctx;
	struct err *err;
	bool failed;
	unsigned depth;
	char path[XML_PATH]; /* "ListBucketResult/Contents/Key" */
	struct buf text;     /* of the element that is open */
};

static void give_up(struct reading *r, const char *why)
{
	if (!r->failed && why)
		err_set(r->err, ERR_FORMAT, "its XML reply is refused: %s", why);
	r->failed = true;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *r = ctx;
	(void)attributes;
	const char *colon = strrchr(name, ':');
	const char *local = colon ? colon + 1 : name;
	size_t at = strlen(r->path), n = strlen(local);
	if (r->depth >= XML_DEPTH || at + n + 2 > sizeof(r->path)) {
		give_up(r, "it is nested too deeply");
		return;
	}
	r->depth++;
	if (at)
		r->path[at++] = '/';
	memcpy(r->path + at, local, n + 1);
	buf_clear(&r->text);
}

static void XMLCALL on_end(void *ctx, const XML_Char *name)
{
	struct reading *r = ctx;
	(void)name;
	if (r->failed)
		return;
	if (r->text.full)
		give_up(r, "a value in it is too long");
	else if (r->end(r->ctx, r->path, buf_view(&r->text), r->err) < 0)
		give_up(r, NULL);
	char *slash = strrchr(r->path, '/');
	*(slash ? slash : r->path) = 0;
	r->depth--;
	buf_clear(&r->text);
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int n)
{
	struct reading *r = ctx;
	buf_append(&r->text, text, (size_t)n);
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
	const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	give_up(ctx, "it has a document type, which may define entities");
}

int net_xml_read(struct slice text, xml_end *end, void *ctx, struct err *err)
{
	struct reading r = {.parser = XML_ParserCreate(NULL), .end = end, .ctx = ctx, .err = err};
	if (!r.parser)
		abort(); /* out of memory */
	buf_init(&r.text, XML_TEXT);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	bool ok = text.len <= XML_MOST && XML_Parse(r.parser, text.ptr ? text.ptr : "",
						  (int)text.len, XML_TRUE) == XML_STATUS_OK;
	if (!ok && !r.failed) {
		give_up(&r, text.len > XML_MOST ? "it is too long"
						: XML_ErrorString(XML_GetErrorCode(r.parser)));
	}
	XML_ParserFree(r.parser);
	buf_fini(&r.text);
	return r.failed ? -1 : 0;
}
