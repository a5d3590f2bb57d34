/* SPDX-License-Identifier: Apache-2.0 */
/* list_openioc.c: OpenIOC 1.0 and 1.1 by expat, as a stream. A document type is refused, so there are no entities but the five
 * of XML. */
#include <expat.h>
#include <stdlib.h>

#include "ioc/list_private.h"

enum { DEPTH_MOST = 200, TEXT_MOST = 64 << 10 };

struct reading {
	struct list *list;
	XML_Parser parser;
	unsigned depth;
	int status; /* what ended it */
	bool root_seen;
	struct buf text;  /* of the element that is open */
	struct arena mem; /* of the file */
	struct slice id, about;
	/* Of the item that is open. */
	char condition[24], search[200], type[40];
	struct buf content;
	bool inside, negated;
};

static void stop(struct reading *r, int status)
{
	if (r->status == 0)
		r->status = status;
	XML_StopParser(r->parser, XML_FALSE);
}

static void refuse(struct reading *r, const char *why)
{
	r->list->line = XML_GetCurrentLineNumber(r->parser);
	if (r->status == 0)
		stop(r, list_error(r->list, "%s", why));
}

static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');
	return colon ? colon + 1 : name;
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i]; i += 2)
		if (strcmp(local(attributes[i]), name) == 0)
			return attributes[i + 1];
	return "";
}

static void copy(char *to, size_t n, const char *from)
{
	size_t len = strnlen(from, n - 1);
	memcpy(to, from, len);
	to[len] = 0;
}

static void begin_root(struct reading *r, const char *name, const XML_Char **attributes)
{
	r->root_seen = true;
	if (strcmp(name, "ioc") != 0 && strcmp(name, "OpenIOC") != 0) {
		refuse(r, "XML, but not OpenIOC; STIX 1 is not read: ask for STIX 2 (JSON)");
		return;
	}
	struct slice id = slice_of(attribute(attributes, "id"));
	r->id = (struct slice){arena_strdup(&r->mem, id), id.len};
}

static void XMLCALL on_start(void *ctx, const XML_Char *full, const XML_Char **attributes)
{
	struct reading *r = ctx;
	const char *name = local(full);
	if (++r->depth > DEPTH_MOST)
		refuse(r, "elements are nested too deeply");
	else if (!r->root_seen)
		begin_root(r, name, attributes);
	buf_clear(&r->text);
	if (strcmp(name, "IndicatorItem") == 0) {
		r->inside = true;
		copy(r->condition, sizeof(r->condition), attribute(attributes, "condition"));
		r->negated = strcmp(attribute(attributes, "negate"), "true") == 0;
		r->search[0] = r->type[0] = 0;
		buf_clear(&r->content);
	} else if (r->inside && strcmp(name, "Context") == 0) {
		copy(r->search, sizeof(r->search), attribute(attributes, "search"));
	} else if (r->inside && strcmp(name, "Content") == 0) {
		copy(r->type, sizeof(r->type), attribute(attributes, "type"));
	}
}

/* "FileItem/Md5sum" by its last part, or the content's type. */
static enum list_type type_of(const struct reading *r, enum ioc_kind *kind)
{
	const char *slash = strrchr(r->search, '/');
	enum list_type type = list_type(slice_of(slash ? slash + 1 : r->search), kind);
	if (type == LIST_TYPE_UNKNOWN && strncmp(r->search, "Email/", 6) == 0)
		type = list_type(SLICE("email"), kind);
	if (type == LIST_TYPE_UNKNOWN && strcmp(r->type, "IP") == 0)
		type = list_type(SLICE("ip"), kind);
	if (type == LIST_TYPE_UNKNOWN && strcmp(r->type, "md5") == 0)
		type = list_type(SLICE("md5"), kind);
	return type;
}

static int emit_item(struct reading *r)
{
	struct ioc_entry entry = list_entry();
	enum ioc_kind kind;
	enum list_type type = type_of(r, &kind);
	bool contains = strcmp(r->condition, "contains") == 0;
	bool is = strcmp(r->condition, "is") == 0;
	arena_reset(&r->list->mem);
	entry.text = list_trim(buf_view(&r->content));
	entry.line = XML_GetCurrentLineNumber(r->parser);
	entry.id = r->id;
	entry.type = slice_of(r->search);
	entry.description = r->about;
	if (type != LIST_TYPE_KIND && type != LIST_TYPE_ANY)
		return list_emit_unusable(r->list, &entry, list_not_looked_for);
	if (r->negated || strcmp(r->condition, "isnot") == 0)
		return list_emit_unusable(r->list, &entry, "a condition that must not hold");
	if (!is && !(contains && kind != IOC_URL))
		return list_emit_unusable(r->list, &entry, "a condition other than \"is\"");
	int status = list_emit(r->list, &entry, kind);
	if (status != 0 || kind != IOC_DOMAIN || !contains || entry.indicator.form != IOC_EXACT)
		return status;
	/* A name that contains a domain is that domain or one below it. */
	entry.text = slice_of(arena_printf(&r->list->mem, "*.%.*s", SLICE_ARG(entry.text)));
	return list_emit(r->list, &entry, kind);
}

static void XMLCALL on_end(void *ctx, const XML_Char *full)
{
	struct reading *r = ctx;
	const char *name = local(full);
	r->depth--;
	if (r->status != 0)
		return;
	if (r->inside && strcmp(name, "Content") == 0) {
		buf_slice(&r->content, buf_view(&r->text));
	} else if (strcmp(name, "IndicatorItem") == 0 && r->inside) {
		int status = emit_item(r);
		r->inside = false;
		if (status != 0)
			stop(r, status);
	} else if (r->about.len == 0 && strcmp(name, "short_description") == 0) {
		struct slice about = list_trim(buf_view(&r->text));
		r->about = (struct slice){arena_strdup(&r->mem, about), about.len};
	}
	buf_clear(&r->text);
}

static void XMLCALL on_text(void *ctx, const XML_Char *text, int n)
{
	struct reading *r = ctx;
	buf_append(&r->text, text, (size_t)n);
	if (r->text.full)
		refuse(r, "a value is longer than 64 KiB");
}

static void XMLCALL on_doctype(void *ctx, const XML_Char *name, const XML_Char *system,
	const XML_Char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	refuse(ctx, "it has a document type, which may define entities; remove it");
}

bool openioc_looks_like(struct list *list, struct slice head)
{
	(void)list;
	head = list_trim(head);
	return head.len > 5 &&
	       (memcmp(head.ptr, "<?xml", 5) == 0 || memcmp(head.ptr, "<ioc", 4) == 0 ||
		       memcmp(head.ptr, "<Open", 5) == 0);
}

static void parse(struct reading *r)
{
	struct list *list = r->list;
	bool ok = true;
	while (ok && r->status == 0) {
		bool last = list->ended;
		ok = XML_Parse(r->parser, list->data + list->at, (int)(list->len - list->at),
			     last) == XML_STATUS_OK;
		list->at = list->len;
		if (last)
			break;
		if (ok && r->status == 0 && list_fill(list) != 0)
			r->status = -1;
	}
	if (!ok && r->status == 0)
		refuse(r, XML_ErrorString(XML_GetErrorCode(r->parser)));
}

int openioc_read(struct list *list)
{
	struct reading r = {.list = list, .parser = XML_ParserCreate(NULL)};
	if (!r.parser)
		abort(); /* out of memory */
	buf_init(&r.text, TEXT_MOST);
	buf_init(&r.content, TEXT_MOST);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	parse(&r);
	list->counts->lines = XML_GetCurrentLineNumber(r.parser);
	XML_ParserFree(r.parser);
	buf_fini(&r.text);
	buf_fini(&r.content);
	arena_fini(&r.mem);
	return r.status;
}
