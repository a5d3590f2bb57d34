/* SPDX-License-Identifier: Apache-2.0 */
/* entity.c (http/): GET /api/v1/entity: everything about one user, address or object, as `pugmark entity --json`. */
#include "answer/answer.h"
#include "http/private.h"

enum { TOP = 100, DAYS = 30, SECONDS_MOST = 600 };

static int parse(struct request *r, struct entity_request *q, struct err *err)
{
	const char *value = arg(r, "value"), *kind = arg(r, "kind"), *as = arg(r, "as");
	uint64_t limit = TOP, seconds = HTTP_SECONDS;
	if (!value || !*value)
		return err_set(err, ERR_USAGE, "value= is needed: a user, an address, an object");
	q->value = slice_of(value);
	q->kind = kind ? ioc_kind_named(slice_of(kind)) : IOC_NONE;
	if (kind && q->kind == IOC_NONE)
		return err_set(err, ERR_USAGE,
			"kind=%.40s: write ipv4, ipv6, domain, url, email, md5, sha1, sha256, "
			"user, "
			"account, agent, host or other",
			kind);
	if (entity_as_named(as, &q->as) < 0)
		return err_set(err, ERR_USAGE, "as=%.40s: write actor, target or ip", as);
	if (arg_flag(r, "person", &q->person, err) < 0 ||
		arg_number(r, "limit", ENTITY_VALUES, &limit, err) < 0 ||
		arg_number(r, "timeout", SECONDS_MOST, &seconds, err) < 0 ||
		arg_time(r, "since", &q->since, err) < 0 ||
		arg_time(r, "until", &q->until, err) < 0)
		return -1;
	if (q->person && q->as != ENTITY_ANY)
		return err_set(
			err, ERR_USAGE, "person goes without as: other names come from the index");
	q->top = q->alerts = limit ? (uint32_t)limit : ENTITY_VALUES;
	q->days = q->since == INT64_MIN && q->until == INT64_MAX ? DAYS : 0;
	request_limit(r, seconds ? (unsigned)seconds : SECONDS_MOST);
	return 0;
}

static int find(
	struct request *r, struct store *store, const struct entity_request *q, struct err *err)
{
	struct entity entity;
	if (entity_find(store, q, &entity, err) < 0)
		return -1;
	answer_entity(&entity, q->value, &r->out);
	entity_free(&entity);
	return 0;
}

int handle_entity(struct request *r, struct err *err)
{
	struct request_tables known;
	struct store *store = NULL;
	struct entity_request asked = {.since = INT64_MIN,
		.until = INT64_MAX,
		.tables = &known.tables,
		.now = clock_now_us(),
		.threads = request_threads(r),
		.stop = &r->stop};
	int rc = request_tables(r, &known, err);
	if (rc == 0)
		rc = parse(r, &asked, err);
	if (rc == 0 && (rc = request_store(r, STORE_READ, &store, err)) == 0)
		rc = find(r, store, &asked, err);
	store_close(store);
	request_tables_fini(&known);
	return reply_made(r, rc, "", err);
}
