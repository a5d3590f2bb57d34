/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.c: POST /api/v1/hooks/{id}: what other products send; and hooks listed, made and removed. The answer is 200 only when all is on disk. */
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "answer/answer.h"
#include "http/job.h"
#include "http/private.h"
#include "pipeline/hook.h"

enum { DELIVERIES = 2 /* at once: workers are left for people */ };

static _Atomic unsigned deliveries;

/* ---- deliveries ------------------------------------------------------------------------------ */

static int refuse(struct request *r)
{
	reply_problem(r, 401,
		"there is no hook of this name, or the delivery is not signed with its secret: "
		"X-Hub-Signature-256: "
		"sha256=…, or Authorization: Bearer SECRET",
		NULL);
	return 0;
}

static int take(
	struct request *r, struct store *store, const struct connection *hook, struct err *err)
{
	struct hook_result n;
	if (hook->paused)
		return err_set(err, ERR_BUSY, "the hook %s is paused", hook->name);
	if (hook_take(store, hook, buf_view(&r->body), &n, err) < 0)
		return -1;
	if (n.stored)
		jobs_detect(request_jobs(r));
	buf_printf(&r->out,
		"{\"records\":%" PRIu64 ",\"stored\":%" PRIu64 ",\"duplicates\":%" PRIu64
		",\"expired\":%" PRIu64 ",\"rejected\":%" PRIu64 "}\n",
		n.records, n.stored, n.duplicates, n.expired, n.rejected);
	reply_done(r, 200, "application/json");
	return 0;
}

static int deliver(struct request *r, struct err *err)
{
	struct connection hook;
	struct store *store;
	if (request_store(r, STORE_WRITE, &store, err) < 0)
		return err->kind == ERR_BUSY ? refuse(r) : -1;
	int rc = hook_check(store, r->id, request_options(r)->key_file, r->signature, r->bearer,
		buf_view(&r->body), &r->mem, &hook, err);
	rc = rc == 1 ? take(r, store, &hook, err) : rc == 0 ? refuse(r) : -1;
	store_close(store);
	return rc;
}

int handle_hook(struct request *r, struct err *err)
{
	int rc;
	if (atomic_fetch_add(&deliveries, 1) < DELIVERIES)
		rc = deliver(r, err);
	else
		rc = err_set(err, ERR_BUSY, "too many deliveries at once: send this one again");
	atomic_fetch_sub(&deliveries, 1);
	return rc;
}

/* ---- hooks ----------------------------------------------------------------------------------- */

int handle_hooks(struct request *r, struct err *err)
{
	return reply_from_store(r, answer_hooks, err);
}

struct adding {
	const char *name, *table, *secret;
};

static int add(struct request *r, struct store *store, void *ctx, struct err *err)
{
	const struct adding *a = ctx;
	char made[HOOK_SECRET];
	if (hook_put(store, a->name, a->table, a->secret, request_options(r)->key_file, made, err) <
		0)
		return -1;
	buf_puts(&r->out, "{\"hook\":");
	int rc = answer_source(store, a->name, &r->out, err);
	buf_printf(&r->out, ",\"path\":\"/api/v1/hooks/%s\"", a->name);
	text_json_member(&r->out, "secret", *made ? made : NULL);
	buf_puts(&r->out, "}\n");
	explicit_bzero(made, sizeof(made));
	return rc < 0 ? -1 : 0;
}

int handle_hook_add(struct request *r, struct err *err)
{
	struct adding a;
	static const struct job_member members[] = {{"name", NULL, MEMBER_OWN},
		{"table", NULL, MEMBER_OWN}, {"secret", NULL, MEMBER_OWN}, {0}};
	struct job_order checked;
	order_init(&checked, "", "", ROLE_ADMIN);
	int rc = order_members(&checked, members, buf_view(&r->body), err);
	order_fini(&checked);
	if (rc < 0 || body_text(r, "name", &a.name, err) < 0 ||
		body_text(r, "table", &a.table, err) < 0 ||
		body_text(r, "secret", &a.secret, err) < 0)
		return -1;
	if (!a.name)
		return err_set(err, ERR_USAGE, "there is no \"name\" in the body");
	rc = audited(r, "hook add", a.name, add, &a, err);
	if (rc == 0)
		reply_done(r, 201, "application/json");
	return rc;
}

static int remove_it(struct request *r, struct store *store, void *ctx, struct err *err)
{
	uint64_t events = 0;
	(void)ctx;
	int rc = hook_remove(store, r->id, &events, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no hook %s", r->id);
	if (rc == 1) /* so it was a name */
		buf_printf(&r->out, "{\"removed\":\"%s\",\"events\":%" PRIu64 "}", r->id, events);
	return rc < 0 ? -1 : 0;
}

int handle_hook_remove(struct request *r, struct err *err)
{
	return reply_made(r, audited(r, "hook remove", r->id, remove_it, NULL, err), "", err);
}
