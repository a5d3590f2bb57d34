/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tasks.c: routes that start a job, and those that ask after one. What a body may say is a table for each; each member is an option of the
 * command that does it (docs/jobs.md).
 */
#include <stdio.h>
#include <string.h>

#include "http/job.h"
#include "http/private.h"
#include "json/json.h"

/* The options of `pugmark connect` that make sense from afar. Of those that read a file of this machine: a folder to follow, a profile
 * of the AWS files and certificates to trust, by their name. No file whose content could come back. */
static const struct job_member source_members[] = {
	{"kind", NULL, MEMBER_OWN},
	{"name", "name", MEMBER_TEXT},
	{"domain", "domain", MEMBER_TEXT},
	{"mail", "mail", MEMBER_TEXT},
	{"api_token", "api-token-file", MEMBER_SECRET},
	{"token_expires", "token-expires", MEMBER_TEXT},
	{"gateway", "gateway", MEMBER_TEXT},
	{"org_id", "org-id", MEMBER_TEXT},
	{"requests_per_minute", "requests-per-minute", MEMBER_NUMBER},
	{"bucket", "bucket", MEMBER_TEXT},
	{"prefix", "prefix", MEMBER_TEXT},
	{"region", "region", MEMBER_TEXT},
	{"endpoint", "endpoint", MEMBER_TEXT},
	{"path_style", "path-style", MEMBER_FLAG},
	{"profile", "profile", MEMBER_TEXT},
	{"role_arn", "role-arn", MEMBER_TEXT},
	{"external_id", "external-id", MEMBER_TEXT},
	{"access_key_id", "access-key-id-file", MEMBER_SECRET},
	{"secret_access_key", "secret-access-key-file", MEMBER_SECRET},
	{"queue", "queue", MEMBER_TEXT},
	{"path", "path", MEMBER_TEXT},
	{"node", "node", MEMBER_TEXT},
	{"table", "table", MEMBER_TEXT},
	{"interval", "interval", MEMBER_TEXT},
	{"look_back", "look-back", MEMBER_TEXT},
	{"history", "history", MEMBER_TEXT},
	{"ca_file", "ca-file", MEMBER_TEXT},
	{"proxy", "proxy", MEMBER_TEXT},
	{"allow_private", "allow-private", MEMBER_FLAG},
	{"allow_empty", "allow-empty", MEMBER_FLAG},
	{"also", "also", MEMBER_FLAG},
	{0},
};
static const struct job_member backfill_members[] = {{"since", "since", MEMBER_TEXT}, {0}};
static const struct job_member rules_members[] = {{"rule", "rule", MEMBER_TEXT},
	{"since", "since", MEMBER_TEXT}, {"until", "until", MEMBER_TEXT},
	{"dry_run", "dry-run", MEMBER_FLAG}, {0}};
static const struct job_member verify_members[] = {{"seconds", "seconds", MEMBER_NUMBER}, {0}};
static const struct job_member feed_members[] = {{"accept", "accept", MEMBER_FLAG}, {0}};
/* The options of `pugmark ioc add LIST --url`, without --file-feed: what a file of this machine holds would be shown. */
static const struct job_member feed_add_members[] = {
	{"name", NULL, MEMBER_OWN},
	{"url", "url", MEMBER_TEXT},
	{"secret_url", "url-file", MEMBER_SECRET},
	{"taxii", "taxii", MEMBER_TEXT},
	{"collection", "collection", MEMBER_TEXT},
	{"interval", "interval", MEMBER_TEXT},
	{"list_format", "list-format", MEMBER_TEXT},
	{"column", "column", MEMBER_TEXT},
	{"kind", "kind", MEMBER_TEXT},
	{"level", "level", MEMBER_TEXT},
	{"tags", "tags", MEMBER_TEXT},
	{"expire", "expire", MEMBER_TEXT},
	{"confidence", "confidence", MEMBER_NUMBER},
	{"exact", "exact", MEMBER_FLAG},
	{"allow_wide", "allow-wide", MEMBER_FLAG},
	{"replace", "replace", MEMBER_FLAG},
	{"max_size", "max-size", MEMBER_TEXT},
	{"headers", "header-file", MEMBER_SECRET},
	{"user", "user", MEMBER_TEXT},
	{"password", "password-file", MEMBER_SECRET},
	{"api_token", "api-token-file", MEMBER_SECRET},
	{"ca_file", "ca-file", MEMBER_TEXT},
	{"proxy", "proxy", MEMBER_TEXT},
	{"allow_private", "allow-private", MEMBER_FLAG},
	{0},
};
static const struct job_member compact_members[] = {{"keep", "keep", MEMBER_TEXT}, {0}};
static const struct job_member notifier_members[] = {
	{"kind", NULL, MEMBER_OWN},
	{"name", NULL, MEMBER_OWN},
	{"level", "level", MEMBER_TEXT},
	{"rule", "rule", MEMBER_TEXT},
	{"url", "url-file", MEMBER_SECRET},
	{"secret", "secret-file", MEMBER_SECRET},
	{"to", "to", MEMBER_TEXT},
	{"server", "server", MEMBER_TEXT},
	{"sender", "sender", MEMBER_TEXT},
	{"user", "user", MEMBER_TEXT},
	{"password", "password-file", MEMBER_SECRET},
	{"ca_file", "ca-file", MEMBER_TEXT},
	{"proxy", "proxy", MEMBER_TEXT},
	{"allow_private", "allow-private", MEMBER_FLAG},
	{"without_tls", "without-tls", MEMBER_FLAG},
	{0},
};
static const struct job_member no_members[] = {{0}};
static const struct job_member rebuild_members[] = {{"table", NULL, MEMBER_OWN}, {0}};
static const struct job_member load_members[] = {
	{"check", "check", MEMBER_FLAG}, {"again", "again", MEMBER_TEXT}, {0}};

/* ---- words ----------------------------------------------------------------------------------- */

/* Names of sources, feeds and notifiers. */
static bool is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
	return n > 0 && n < 64 && !name[n] && !strchr("._-", name[0]);
}

static int check_name(const char *name, struct err *err)
{
	if (name && is_name(name))
		return 0;
	return err_set(err, ERR_USAGE, "\"name\" must be lower-case letters, digits, . _ and -");
}

/* A command, options out of the body, and its words after "--". Starts the job. */
struct task {
	const char *kind, *target; /* of the job */
	const char *command;
	const struct job_member *members;
	const char *words[4];   /* NULL-ended */
	const char *options[3]; /* switches that are always given; NULL-ended */
	bool sealed;            /* it needs the key of secrets */
};

static int start(struct request *r, const struct task *task, struct err *err)
{
	struct job_order order;
	const char *key = request_options(r)->key_file;
	order_init(&order, task->kind, task->target, r->route->role);
	order_word(&order, task->command);
	if (task->sealed && key)
		order_option(&order, "key-file", key);
	for (const char *const *option = task->options; *option; option++)
		order_option(&order, *option, NULL);
	int rc = order_members(&order, task->members, buf_view(&r->body), err);
	order_word(&order, "--");
	for (const char *const *word = task->words; *word; word++)
		order_word(&order, *word);
	if (rc == 0)
		rc = jobs_start(r, &order, err);
	order_fini(&order);
	return rc;
}

/* The job is about r->id, which must be a name. */
static int start_named(struct request *r, const struct task *task, struct err *err)
{
	if (!is_name(r->id))
		return err_set(err, ERR_NOT_FOUND, "there is nothing of the name %s", r->id);
	return start(r, task, err);
}

/* A member that must be one of these words. */
static int one_of(struct request *r, const char *name, const char *const *words, const char **value,
	struct err *err)
{
	char known[200] = "";
	size_t n = 0;
	if (body_text(r, name, value, err) < 0)
		return -1;
	for (const char *const *word = words; *word; word++) {
		if (*value && strcmp(*value, *word) == 0)
			return 0;
		n += (size_t)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", *word);
	}
	return err_set(err, ERR_USAGE, "\"%s\" must be one of %s", name, known);
}

/* A proxy is reached without a look at its address: whoever names one says that the own network is meant. */
static int check_proxy(struct request *r, struct err *err)
{
	const char *proxy;
	struct slice allowed;
	if (body_text(r, "proxy", &proxy, err) < 0)
		return -1;
	if (proxy && !(json_member(buf_view(&r->body), "allow_private", &allowed) &&
			     slice_eq(allowed, SLICE("true"))))
		return err_set(err, ERR_USAGE, "a \"proxy\" goes with \"allow_private\": true");
	return 0;
}

/* ---- sources --------------------------------------------------------------------------------- */

static int start_connect(struct request *r, const char *kind, const char *option, struct err *err)
{
	static const char *const kinds[] = {"jira", "confluence", "bitbucket", "s3", "bitbucket-dc",
		"folder", "org", "atlassian-org", NULL};
	const char *word, *name;
	if (one_of(r, "kind", kinds, &word, err) < 0 || body_text(r, "name", &name, err) < 0 ||
		check_proxy(r, err) < 0)
		return -1;
	const struct task task = {.kind = kind,
		.target = name ? name : word,
		.command = "connect",
		.members = source_members,
		.words = {word},
		.options = {option},
		.sealed = true};
	return start(r, &task, err);
}

int handle_source_try(struct request *r, struct err *err)
{
	return start_connect(r, "source try", "dry-run", err);
}

int handle_source_add(struct request *r, struct err *err)
{
	return start_connect(r, "source add", NULL, err);
}

int handle_source_test(struct request *r, struct err *err)
{
	const struct task task = {.kind = "source test",
		.target = r->id,
		.command = "sources",
		.members = no_members,
		.words = {"test", r->id},
		.sealed = true};
	return start_named(r, &task, err);
}

int handle_source_backfill(struct request *r, struct err *err)
{
	const struct task task = {.kind = "source backfill",
		.target = r->id,
		.command = "collect",
		.members = backfill_members,
		.words = {r->id},
		.options = {"once", "wait"},
		.sealed = true};
	return start_named(r, &task, err);
}

int handle_source_refetch(struct request *r, struct err *err)
{
	const struct task task = {.kind = "source refetch",
		.target = r->id,
		.command = "sources",
		.members = no_members,
		.words = {"gaps", r->id},
		.options = {"refetch"},
		.sealed = true};
	return start_named(r, &task, err);
}

/* ---- others ---------------------------------------------------------------------------------- */

int handle_rules_run(struct request *r, struct err *err)
{
	const char *rule;
	if (body_text(r, "rule", &rule, err) < 0)
		return -1;
	const struct task task = {.kind = "rules run",
		.target = rule ? rule : "",
		.command = "detect",
		.members = rules_members,
		.words = {"run"}};
	return start(r, &task, err);
}

int handle_verify(struct request *r, struct err *err)
{
	const struct task task = {
		.kind = "verify", .target = "", .command = "verify", .members = verify_members};
	return start(r, &task, err);
}

int handle_checkpoint_make(struct request *r, struct err *err)
{
	static const struct job_member none[] = {{0}};
	const struct task task = {
		.kind = "checkpoint", .target = "", .command = "checkpoint", .members = none};
	return start(r, &task, err);
}

int handle_compact(struct request *r, struct err *err)
{
	const struct task task = {
		.kind = "compact", .target = "", .command = "compact", .members = compact_members};
	return start(r, &task, err);
}

int handle_rebuild(struct request *r, struct err *err)
{
	const char *table;
	if (body_text(r, "table", &table, err) < 0)
		return -1;
	const struct task task = {.kind = "rebuild",
		.target = table ? table : "",
		.command = "rebuild",
		.members = rebuild_members,
		.words = {table},
		.sealed = true};
	return start(r, &task, err);
}

int handle_rejects_retry(struct request *r, struct err *err)
{
	const struct task task = {.kind = "rejects retry",
		.target = "",
		.command = "rejects",
		.members = no_members,
		.words = {"retry"}};
	return start(r, &task, err);
}

static int start_cluster(struct request *r, const char *kind, const char *word,
	const struct job_member *members, struct err *err)
{
	const struct task task = {.kind = kind,
		.target = "",
		.command = "cluster",
		.members = members,
		.words = {word},
		.sealed = true};
	return start(r, &task, err);
}

int handle_cluster_status(struct request *r, struct err *err)
{
	return start_cluster(r, "cluster status", "status", no_members, err);
}

int handle_cluster_load(struct request *r, struct err *err)
{
	return start_cluster(r, "cluster load", "load", load_members, err);
}

int handle_feed_add(struct request *r, struct err *err)
{
	static const char *const places[] = {"url", "secret_url", "taxii"};
	const char *name, *place;
	unsigned n = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (body_text(r, places[i], &place, err) < 0)
			return -1;
		n += place != NULL;
	}
	if (body_text(r, "name", &name, err) < 0 || check_proxy(r, err) < 0 ||
		check_name(name, err) < 0)
		return -1;
	if (n != 1)
		return err_set(err, ERR_USAGE,
			"one of \"url\", \"secret_url\" and \"taxii\" says where it comes from");
	const struct task task = {.kind = "feed add",
		.target = name,
		.command = "ioc",
		.members = feed_add_members,
		.words = {"add", name},
		.sealed = true};
	return start(r, &task, err);
}

int handle_feed_update(struct request *r, struct err *err)
{
	const struct task task = {.kind = "feed update",
		.target = r->id,
		.command = "ioc",
		.members = feed_members,
		.words = {"update", r->id},
		.sealed = true};
	return start_named(r, &task, err);
}

int handle_notifier_add(struct request *r, struct err *err)
{
	static const char *const kinds[] = {"webhook", "slack", "teams", "syslog", "mail", NULL};
	const char *kind, *name;
	if (one_of(r, "kind", kinds, &kind, err) < 0 || body_text(r, "name", &name, err) < 0 ||
		check_proxy(r, err) < 0)
		return -1;
	if (check_name(name, err) < 0)
		return -1;
	const struct task task = {.kind = "notifier add",
		.target = name,
		.command = "notify",
		.members = notifier_members,
		.words = {"add", kind, name},
		.sealed = true};
	return start(r, &task, err);
}

int handle_notifier_test(struct request *r, struct err *err)
{
	const struct task task = {.kind = "notifier test",
		.target = r->id,
		.command = "notify",
		.members = no_members,
		.words = {"test", r->id},
		.sealed = true};
	return start_named(r, &task, err);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static int no_job(const struct request *r, struct err *err)
{
	return err_set(
		err, ERR_NOT_FOUND, "there is no job %s: the last %d are kept", r->id, JOBS_KEPT);
}

int handle_jobs(struct request *r, struct err *err)
{
	(void)err;
	jobs_list(request_jobs(r), &r->out);
	reply_done(r, 200, "application/json");
	return 0;
}

int handle_job(struct request *r, struct err *err)
{
	if (!jobs_get(request_jobs(r), r->id, &r->out))
		return no_job(r, err);
	reply_done(r, 200, "application/json");
	return 0;
}

int handle_job_events(struct request *r, struct err *err)
{
	return jobs_follow(r, r->id, err);
}

static int cancel(struct request *r, struct store *store, void *ctx, struct err *err)
{
	int *rc = ctx;
	(void)store;
	*rc = jobs_cancel(request_jobs(r), r->id, r->role);
	if (*rc == 0)
		return no_job(r, err);
	return *rc < 0 ? err_set(err, ERR_ACCESS,
				 "this job takes the role that may start it, to be cancelled")
		       : 0;
}

int handle_job_cancel(struct request *r, struct err *err)
{
	int rc = 1;
	if (audited(r, "job cancel", r->id, cancel, &rc, err) == 0)
		return handle_job(r, err);
	if (rc >= 0)
		return -1;
	reply_problem(r, 403, err->text, NULL);
	return 0;
}
