/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c (http/): rules: listed, one of them whole and explained, switched on and off, tuned, and one that is not installed tried on history. */
#include <inttypes.h>
#include <string.h>

#include "answer/explain.h"
#include "http/private.h"
#include "json/json.h"
#include "pipeline/detect.h"

enum { EXAMPLES = 20, SECONDS_MOST = 600 };
static const char tried[] = "the rule"; /* as the file of one that is tried */

int handle_rules(struct request *r, struct err *err)
{
	struct rules *rules;
	struct store *store;
	struct map counts;
	if (detect_rules(request_options(r)->data, &rules, err) < 0)
		return -1;
	map_init(&counts);
	int rc = request_store(r, STORE_READ, &store, err);
	if (rc == 0) {
		rc = answer_rule_alerts(store, &counts, err);
		store_close(store);
	}
	if (rc >= 0 && answer_rules(rules, &counts, &r->out) < 0)
		rc = err_set(err, ERR_LIMIT, "the answer is too long");
	map_fini(&counts);
	rules_free(rules);
	return reply_made(r, rc < 0 ? -1 : 0, "", err);
}

/* ---- one ------------------------------------------------------------------------------------- */

static int put_explained(struct request *r, struct store *store, const struct rules *rules,
	const struct rule *rule, struct err *err)
{
	struct request_tables known;
	struct rule_explained explained = {0};
	const struct explain_request request = {.tables = &known.tables,
		.rules = rules,
		.threads = request_threads(r),
		.memory = request_options(r)->memory / HTTP_WORKERS,
		.stop = &r->stop};
	int rc = request_tables(r, &known, err);
	if (rc == 0)
		rc = rule_explain(store, &request, rule, &r->mem, &explained, err);
	if (rc == 0) {
		r->out.len--; /* the brace */
		buf_puts(&r->out, ",\"explain\":");
		answer_explained(&explained, &r->out);
		buf_push(&r->out, '}');
	}
	request_tables_fini(&known);
	return rc;
}

static int put_one(struct request *r, struct store *store, const struct rules *rules, bool explain,
	struct err *err)
{
	struct map counts;
	const struct rule *rule = rules_named(rules, r->id, err);
	if (!rule)
		return -1;
	map_init(&counts);
	int rc = answer_rule_alerts(store, &counts, err);
	const uint64_t *n = map_get(&counts, slice_of(rule_word(rule)));
	if (rc >= 0)
		rc = answer_rule_whole(rule, n ? *n : 0, &r->out, err);
	map_fini(&counts);
	return rc == 0 && explain ? put_explained(r, store, rules, rule, err) : rc;
}

int handle_rule(struct request *r, struct err *err)
{
	struct rules *rules = NULL;
	struct store *store = NULL;
	bool explain = true;
	uint64_t seconds = HTTP_SECONDS;
	if (arg_flag(r, "explain", &explain, err) < 0 ||
		arg_number(r, "timeout", SECONDS_MOST, &seconds, err) < 0)
		return -1;
	request_limit(r, seconds ? (unsigned)seconds : SECONDS_MOST);
	int rc = request_store(r, STORE_READ, &store, err);
	if (rc == 0)
		rc = detect_rules(request_options(r)->data, &rules, err);
	if (rc == 0)
		rc = put_one(r, store, rules, explain, err);
	rules_free(rules);
	store_close(store);
	return reply_made(r, rc, "", err);
}

/* ---- settings -------------------------------------------------------------------------------- */

enum wanted { WANT_ON, WANT_OFF, WANT_THRESHOLD };
struct setting {
	enum wanted wanted;
	const char *threshold; /* NULL = the rule's own */
	struct request *r;
};

static void put_tuned(void *ctx, const struct tuned *tuned)
{
	struct setting *s = ctx;
	struct buf *out = &s->r->out;
	buf_puts(out, "{\"changes\":[");
	answer_tuned(tuned, out);
	buf_printf(out, "],\"enabled\":%s",
		tuned->after && !tuned->after->disabled ? "true" : "false");
}

static int set(struct request *r, struct store *store, void *ctx, struct err *err)
{
	struct setting *s = ctx;
	struct tuning *tuning;
	bool changed;
	(void)store;
	if (tuning_begin(request_options(r)->data, &tuning, err) < 0)
		return -1;
	int rc = s->wanted == WANT_THRESHOLD
			 ? tuning_threshold(tuning, r->id, s->threshold, err)
			 : tuning_switch(tuning, r->id, s->wanted == WANT_ON, err);
	if (rc == 0)
		rc = tuning_commit(tuning, put_tuned, s, &changed, err);
	tuning_free(tuning);
	if (rc == 0)
		buf_printf(&r->out, ",\"file\":\"%s\"}", changed ? "rules/settings.yml" : "");
	return rc;
}

int handle_rule_enable(struct request *r, struct err *err)
{
	struct setting s = {.wanted = WANT_ON, .r = r};
	return reply_made(r, audited(r, "rule enable", r->id, set, &s, err), "", err);
}

int handle_rule_disable(struct request *r, struct err *err)
{
	struct setting s = {.wanted = WANT_OFF, .r = r};
	return reply_made(r, audited(r, "rule disable", r->id, set, &s, err), "", err);
}

int handle_rule_tune(struct request *r, struct err *err)
{
	struct setting s = {.wanted = WANT_THRESHOLD, .r = r};
	struct slice member;
	if (json_member(buf_view(&r->body), "threshold", &member) != 1)
		return err_set(err, ERR_USAGE,
			"there is no \"threshold\" in the body: a number, or null for the rule's "
			"own");
	if (!slice_eq(member, SLICE("null")))
		s.threshold = arena_strdup(&r->mem, member); /* what is no number is refused */
	char what[64];
	snprintf(what, sizeof(what), "rule tune threshold=%.30s",
		s.threshold ? s.threshold : "default");
	return reply_made(r, audited(r, what, r->id, set, &s, err), "", err);
}

/* ---- trying one ------------------------------------------------------------------------------ */

struct trying {
	struct request *r;
	const char *yaml;
	int64_t since, until;
	struct rules *rules;
	bool *only;
	uint32_t n; /* rules of the text */
	struct buf examples;
	uint32_t shown;
};

static void take_found(void *ctx, const struct alert_found *alert)
{
	struct trying *t = ctx;
	if (t->shown == EXAMPLES)
		return;
	buf_puts(&t->examples, t->shown++ ? "," : "");
	answer_found(alert, NULL, &t->examples);
}

/* The text beside the shipped rules, which its correlations may stand on, and with the settings' fields and placeholders. */
static int read_rules(struct trying *t, struct err *err)
{
	struct io_info info;
	const char *settings =
		arena_printf(&t->r->mem, "%s/rules/settings.yml", request_options(t->r)->data);
	struct rules_source source = {.shipped = true};
	if (io_stat(settings, &info, NULL) == 1)
		source.settings = settings;
	if (rules_read(slice_of(t->yaml), tried, &source, &t->rules, err) < 0)
		return -1;
	t->only = arena_zalloc(&t->r->mem, t->rules->n + 1, sizeof(*t->only));
	for (uint32_t i = 0; i < t->rules->n; i++) {
		struct rule *rule = t->rules->of[i];
		t->only[i] = strcmp(rule->file, tried) == 0;
		t->n += t->only[i];
		rule->disabled &=
			!t->only[i]; /* it is tried, whatever is said of the one installed */
	}
	return 0;
}

/* What is wrong with the text, or only worth knowing. How many. */
static uint32_t put_problems(const struct trying *t, bool warnings, struct buf *out)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < t->rules->nproblems; i++) {
		const struct rule_problem *p = &t->rules->problems[i];
		if (strcmp(p->file, tried) != 0 || p->warning != warnings)
			continue;
		buf_printf(out, "%s{\"line\":%" PRIu32, n++ ? "," : "", p->line);
		text_json_member(out, "what", p->what);
		buf_push(out, '}');
	}
	return n;
}

static int try(struct trying *t, struct store *store, struct err *err)
{
	struct request *r = t->r;
	struct detect_result result = {0};
	struct detect_options options = {.rules = t->rules,
		.only = t->only,
		.threads = request_threads(r),
		.memory = request_options(r)->memory / HTTP_WORKERS,
		.dry_run = true,
		.each = take_found,
		.ctx = t,
		.stop = &r->stop};
	int64_t began = clock_mono_us();
	if (detect_replay(store, &options, t->since, t->until, &result, err) < 0)
		return -1;
	buf_printf(&r->out,
		"{\"errors\":[],\"rules\":%" PRIu32 ",\"looked_at\":%" PRIu64 ",\"events\":%" PRIu64
		",\"alerts\":%" PRIu64 ",\"gave_up\":%" PRIu64 ",\"unread_segments\":%" PRIu64
		",\"elapsed_ms\":%.3f,\"examples\":[",
		t->n, result.rows, result.hits, result.alerts, result.gave_up, result.unread,
		(double)(clock_mono_us() - began) / 1e3);
	buf_slice(&r->out, buf_view(&t->examples));
	buf_puts(&r->out, "],\"warnings\":[");
	put_problems(t, true, &r->out);
	buf_puts(&r->out, "]}");
	return 0;
}

static int try_text(struct trying *t, struct err *err)
{
	struct request *r = t->r;
	struct store *store;
	if (read_rules(t, err) < 0)
		return -1;
	buf_puts(&r->out, "{\"errors\":[");
	if (put_problems(t, false, &r->out) > 0) {
		buf_puts(&r->out, "]}");
		return 0;
	}
	buf_clear(&r->out);
	if (t->n == 0)
		return err_set(err, ERR_USAGE, "there is no rule in \"yaml\"");
	if (request_store(r, STORE_READ, &store, err) < 0)
		return -1;
	int rc = try(t, store, err);
	store_close(store);
	return rc;
}

int handle_rule_try(struct request *r, struct err *err)
{
	struct trying t = {.r = r, .since = INT64_MIN, .until = INT64_MAX};
	uint64_t seconds = HTTP_SECONDS;
	if (body_text(r, "yaml", &t.yaml, err) < 0 || body_time(r, "since", &t.since, err) < 0 ||
		body_time(r, "until", &t.until, err) < 0 ||
		body_number(r, "timeout", SECONDS_MOST, &seconds, err) < 0)
		return -1;
	if (!t.yaml)
		return err_set(
			err, ERR_USAGE, "there is no \"yaml\" in the body: the text of a rule");
	request_limit(r, seconds ? (unsigned)seconds : SECONDS_MOST);
	buf_init(&t.examples, 1 << 26);
	int rc = try_text(&t, err);
	buf_fini(&t.examples);
	rules_free(t.rules);
	return reply_made(r, rc, "", err);
}
