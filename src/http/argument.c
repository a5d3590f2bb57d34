/* SPDX-License-Identifier: Apache-2.0 */
/* argument.c: what a request says: its query string and its body; and the data folder for it. */
#include <string.h>

#include "http/private.h"
#include "json/json.h"

const char *arg(const struct request *r, const char *name)
{
	for (unsigned i = 0; i < r->nargs; i++) {
		if (strcmp(r->args[i].name, name) == 0)
			return r->args[i].value;
	}
	return NULL;
}

int arg_time(const struct request *r, const char *name, int64_t *us, struct err *err)
{
	const char *text = arg(r, name);
	int64_t end;
	if (!text || clock_parse(slice_of(text), clock_now_us(), us, &end) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"%s=%.80s is no time: write 2026-01-31, 2026-01-31T12:00:00Z, -7d or yesterday",
		name, text);
}

int arg_number(
	const struct request *r, const char *name, uint64_t most, uint64_t *n, struct err *err)
{
	const char *text = arg(r, name);
	int64_t value;
	if (!text)
		return 0;
	if (text_parse_int(slice_of(text), &value) < 0 || value < 0 || (uint64_t)value > most)
		return err_set(err, ERR_USAGE, "%s=%.40s: write a number from 0 to %llu", name,
			text, (unsigned long long)most);
	*n = (uint64_t)value;
	return 0;
}

int arg_flag(const struct request *r, const char *name, bool *flag, struct err *err)
{
	const char *text = arg(r, name);
	if (!text)
		return 0;
	*flag = strcmp(text, "1") == 0 || strcmp(text, "true") == 0 || !*text;
	if (*flag || strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
		return 0;
	return err_set(err, ERR_USAGE, "%s=%.40s: write true or false", name, text);
}

int body_text(struct request *r, const char *name, const char **text, struct err *err)
{
	struct buf value;
	struct slice member;
	*text = NULL;
	if (json_member(buf_view(&r->body), name, &member) != 1 || slice_eq(member, SLICE("null")))
		return 0;
	buf_init(&value, HTTP_BODY_SMALL);
	bool repaired = false;
	bool good = member.len && member.ptr[0] == '"' &&
		    json_unescape(member, 0, &value, &repaired) >= 0 && !repaired &&
		    !(value.len && memchr(value.ptr, '\0', value.len));
	if (good)
		*text = arena_strdup(&r->mem, buf_view(&value));
	buf_fini(&value);
	return good ? 0
		    : err_set(err, ERR_USAGE, "\"%s\" must be a string of well-formed characters",
			      name);
}

int body_number(struct request *r, const char *name, uint64_t most, uint64_t *n, struct err *err)
{
	struct slice member;
	int64_t value;
	if (json_member(buf_view(&r->body), name, &member) != 1 || slice_eq(member, SLICE("null")))
		return 0;
	if (text_parse_int(member, &value) < 0 || value < 0 || (uint64_t)value > most)
		return err_set(err, ERR_USAGE, "\"%s\" must be a whole number from 0 to %llu", name,
			(unsigned long long)most);
	*n = (uint64_t)value;
	return 0;
}

int body_time(struct request *r, const char *name, int64_t *us, struct err *err)
{
	const char *text;
	int64_t end;
	if (body_text(r, name, &text, err) < 0)
		return -1;
	if (!text || clock_parse(slice_of(text), clock_now_us(), us, &end) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"\"%s\": %.80s is no time: write 2026-01-31, 2026-01-31T12:00:00Z, -7d or "
		"yesterday",
		name, text);
}

int body_bool(struct request *r, const char *name, int *value, struct err *err)
{
	struct slice member;
	*value = -1;
	if (json_member(buf_view(&r->body), name, &member) != 1 || slice_eq(member, SLICE("null")))
		return 0;
	*value = slice_eq(member, SLICE("true")) ? 1 : slice_eq(member, SLICE("false")) ? 0 : -1;
	return *value >= 0 ? 0 : err_set(err, ERR_USAGE, "\"%s\" must be true or false", name);
}

int request_store(
	const struct request *r, enum store_mode mode, struct store **store, struct err *err)
{
	if (store_open(request_options(r)->data, mode, store, err) == 0)
		return 0;
	if (err->kind == ERR_NOT_FOUND)
		return err_set(err, ERR_BUSY,
			"there are no events yet: connect a source, or import a file");
	return -1;
}
