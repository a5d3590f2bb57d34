/* SPDX-License-Identifier: Apache-2.0 */
/* saved.c (http/): searches that are given a name: listed, saved, removed. */
#include <string.h>
#include <strings.h>

#include "answer/answer.h"
#include "http/private.h"
#include "json/json.h"

int handle_searches(struct request *r, struct err *err)
{
	struct store *store;
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	buf_puts(&r->out, "{\"searches\":");
	int rc = answer_saved_all(store, &r->out, err);
	store_close(store);
	return reply_made(r, rc, "}", err);
}

/* ---- what is to be saved ----------------------------------------------------------------------- */

struct saving {
	struct request *r;
	const struct search_tables *tables;
	const char *query;
	struct buf options; /* "name=value\n" each */
};

static int check_fields(const struct saving *s, const char *list, struct err *err)
{
	for (size_t len; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len && query_check_field(s->tables, (struct slice){list, len}, err) < 0)
			return -1;
	}
	return 0;
}

/* Whether an option says what the command would take. */
static int check(const struct saving *s, const char *name, const char *value, struct err *err)
{
	int64_t begin, end;
	const struct schema *schema;
	struct schema *owned = NULL;
	bool is_time = strcmp(name, "since") == 0 || strcmp(name, "until") == 0;
	if (is_time && clock_parse(slice_of(value), clock_now_us(), &begin, &end) < 0)
		return err_set(err, ERR_USAGE, "%.80s is no time", value);
	if (strcmp(name, "limit") == 0 &&
		(text_parse_int(slice_of(value), &begin) < 0 || begin < 0))
		return err_set(err, ERR_USAGE, "%.80s is no number", value);
	if (strcmp(name, "columns") == 0 || strcmp(name, "facet") == 0)
		return check_fields(s, value, err);
	if (strcmp(name, "sort") == 0)
		return query_check_field(s->tables, slice_of(value + (*value == '-')), err);
	if (strcmp(name, "table") != 0)
		return 0;
	int rc = store_schema(request_options(s->r)->data, value, &schema, &owned, err);
	schema_free(owned);
	return rc;
}

/* A member of the body as the value of an option: texts and numbers as they are, true as "", which a flag has; NULL = not given. */
static int member_text(struct request *r, const char *name, const char **value, struct err *err)
{
	struct slice member;
	*value = NULL;
	if (json_member(buf_view(&r->body), name, &member) != 1 ||
		slice_eq(member, SLICE("null")) || slice_eq(member, SLICE("false")))
		return 0;
	if (slice_eq(member, SLICE("true")))
		*value = "";
	else if (member.len && member.ptr[0] != '"')
		*value = arena_strdup(&r->mem, member);
	else
		return body_text(r, name, value, err);
	return 0;
}

static int take_option(struct saving *s, const char *name, struct err *err)
{
	const char *value;
	struct slice member;
	if (member_text(s->r, name, &value, err) < 0)
		return -1;
	bool is_text = value && json_member(buf_view(&s->r->body), name, &member) == 1 &&
		       member.len && member.ptr[0] == '"';
	if (!value || (is_text && !*value)) /* an empty text is none */
		return 0;
	bool flag = strcmp(name, "count") == 0 || strcmp(name, "histogram") == 0 ||
		    strcmp(name, "secondary") == 0;
	if (strpbrk(value, "\r\n") || (flag && *value) || (!flag && !*value))
		return err_set(err, ERR_USAGE,
			flag ? "\"%s\" must be true or false" : "\"%s\" must be a text of one line",
			name);
	if (check(s, name, value, err) < 0) {
		err->kind = err->kind == ERR_NOT_FOUND ? ERR_USAGE : err->kind;
		return err_context(err, "\"%s\"", name);
	}
	buf_printf(&s->options, "%s=%s\n", name, value);
	return 0;
}

static int take(struct saving *s, struct err *err)
{
	const struct expr *expr;
	if (strchr(s->r->id, '/'))
		return err_set(err, ERR_USAGE, "a saved search's name has no slash here");
	if (body_text(s->r, "query", &s->query, err) < 0)
		return -1;
	if (!s->query)
		return err_set(err, ERR_USAGE, "there is no \"query\" in the body");
	if (query_parse(slice_of(s->query), s->tables, &s->r->mem, &expr, NULL, err) < 0)
		return -1;
	for (const char *const *name = saved_options; *name; name++) {
		if (take_option(s, *name, err) < 0)
			return -1;
	}
	buf_push(&s->options, '\0');
	return s->options.full ? err_set(err, ERR_USAGE, "the options are too long") : 0;
}

static int save(struct request *r, struct store *store, void *ctx, struct err *err)
{
	const struct saving *s = ctx;
	struct saved_search saved = {r->id, s->query, s->options.ptr, 0};
	if (store_saved_put(store, &saved, err) < 0 ||
		store_saved_get(store, r->id, &r->mem, &saved, err) < 0)
		return -1;
	answer_saved(&saved, &r->out);
	return 0;
}

int handle_search_save(struct request *r, struct err *err)
{
	struct request_tables known;
	struct saving s = {.r = r, .tables = &known.tables};
	buf_init(&s.options, HTTP_BODY_SMALL);
	int rc = request_tables(r, &known, err);
	if (rc == 0)
		rc = take(&s, err);
	if (rc == 0)
		rc = audited(r, "search save", r->id, save, &s, err);
	buf_fini(&s.options);
	request_tables_fini(&known);
	return reply_made(r, rc, "", err);
}

static int forget(struct request *r, struct store *store, void *ctx, struct err *err)
{
	(void)ctx;
	int rc = store_saved_remove(store, r->id, err);
	return rc == 0  ? err_set(err, ERR_NOT_FOUND, "no search is saved as %s", r->id)
	       : rc < 0 ? -1
			: 0;
}

int handle_search_forget(struct request *r, struct err *err)
{
	return reply_removed(r, audited(r, "search remove", r->id, forget, NULL, err));
}
