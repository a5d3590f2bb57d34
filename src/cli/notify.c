/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c (cli/): pugmark notify: who is told of alerts: added, listed, tried, paused, removed; and the sending itself. */
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "collect/settings.h"
#include "answer/answer.h"
#include "cli/private.h"
#include "cli/secret_option.h"
#include "cli/verbs.h"
#include "pipeline/notify.h"

/* ---- add ------------------------------------------------------------------------------------- */

struct adding {
	const struct command_line *line;
	struct arena mem;
	struct notify_target target;
	struct secrets_given secrets;
};

static int take_url(struct adding *a, struct err *err)
{
	const char *url = a->line->values[OPT_URL];
	if (url && a->line->values[OPT_URL_FILE])
		return err_set(err, ERR_USAGE, "--url and --url-file do not go together");
	if (url && strcmp(a->target.kind, "webhook") != 0)
		return err_set(err, ERR_USAGE,
			"whoever knows the address can post there, so it is a secret: put it in a "
			"file, and name that "
			"with --url-file (- = standard input)");
	a->target.url = url;
	return secret_option(a->line, OPT_URL_FILE, false, &a->secrets, &a->target.url, err);
}

static int take_target(struct adding *a, struct err *err)
{
	const char *const *values = a->line->values;
	a->target = (struct notify_target){
		.name = a->line->args[2],
		.kind = a->line->args[1],
		.to = values[OPT_TO],
		.server = values[OPT_SERVER],
		.sender = values[OPT_SENDER],
		.user = values[OPT_USER],
		.ca_file = whole_path(&a->mem, values[OPT_CA_FILE]),
		.proxy = values[OPT_PROXY],
		.allow_private = values[OPT_ALLOW_PRIVATE] != NULL,
		.without_tls = values[OPT_WITHOUT_TLS] != NULL,
	};
	if (a->target.proxy && strchr(a->target.proxy, '@'))
		return err_set(err, ERR_USAGE,
			"--proxy with a password would be kept in the open: give it to pugmark in "
			"the environment "
			"instead, as HTTPS_PROXY");
	if (!notify_kind_find(a->target.kind))
		return notify_check(&a->target, err);
	return take_url(a, err) < 0 ||
			       secret_option(a->line, OPT_SECRET_FILE, false, &a->secrets,
				       &a->target.secret, err) < 0 ||
			       secret_option(a->line, OPT_PASSWORD_FILE, false, &a->secrets,
				       &a->target.password, err) < 0
		       ? -1
		       : 0;
}

/* "a,b" as "a, b". */
static const char *rules_of(struct adding *a)
{
	struct buf list;
	const char *text = a->line->values[OPT_RULE];
	if (!text || !*text)
		return NULL;
	buf_init(&list, 1 << 20);
	for (const char *at = text; *at;) {
		at += strspn(at, ", ");
		size_t n = strcspn(at, ",");
		buf_printf(&list, "%s%.*s", list.len && n ? ", " : "", (int)n, at);
		at += n;
	}
	const char *rules = arena_strdup(&a->mem, buf_view(&list));
	buf_fini(&list);
	return rules;
}

static int add(const struct command_line *line, struct store *store, struct err *err)
{
	struct adding a = {.line = line};
	const char *level = line->values[OPT_LEVEL];
	struct notifier notifier = {
		.name = line->args[2], .least_level = level ? level_named(level) : 0};
	int rc = notifier.least_level < 0 ? err_set(err, ERR_USAGE,
						    "--level %.40s: write informational, low, "
						    "medium, high or critical",
						    level)
					  : take_target(&a, err);
	notifier.rules = rules_of(&a);
	if (rc == 0)
		rc = notify_save(store, &notifier, &a.target, key_file(line), err);
	if (rc == 0 && !line->values[OPT_JSON])
		printf("%s is told of %s alerts%s from now on; pugmark notify test %s sends a "
		       "message to try it out; pugmark "
		       "serve sends what comes\n",
			notifier.name,
			notifier.least_level ? level_name((unsigned)notifier.least_level) : "all",
			notifier.least_level ? " (and more severe ones)" : "", notifier.name);
	else if (rc == 0)
		printf("{\"saved\":true,\"name\":\"%s\",\"kind\":\"%s\"}\n", notifier.name,
			a.target.kind);
	secrets_given_wipe(&a.secrets);
	arena_fini(&a.mem);
	return rc;
}

/* ---- list ------------------------------------------------------------------------------------ */

struct listing {
	bool names;
	unsigned n;
	int64_t now;
};

static const char *where(const struct settings *settings)
{
	static const char *const names[] = {"host", "server", "to"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (settings_get(settings, names[i]))
			return settings_get(settings, names[i]);
	}
	return "";
}

static void list_text(const struct listing *l, const struct notifier *n, struct buf *out)
{
	struct settings settings = {0};
	char text[32];
	struct err err;
	(void)settings_read(&settings, slice_of(n->settings), &err);
	buf_printf(out, "  %-20s %-8s %-14s %s  ", n->name, n->kind,
		level_name((unsigned)n->least_level),
		n->paused        ? "paused"
		: *n->last_error ? "failing"
				 : "ready");
	text_escape(out, slice_of(where(&settings)));
	if (n->last_sent)
		buf_printf(out, "  last sent %s ago", span_text(l->now - n->last_sent, text));
	if (n->waiting)
		buf_printf(out, "  %s waiting", text_count(n->waiting, text));
	buf_push(out, '\n');
	if (*n->last_error) {
		buf_printf(out, "    failed %s ago: ", span_text(l->now - n->last_failed, text));
		text_escape(out, slice_of(n->last_error));
		buf_push(out, '\n');
	}
	if (n->given_up)
		buf_printf(out,
			"    %s given up after a day: pugmark notify resume %s tries them again\n",
			text_count(n->given_up, text), n->name);
	settings_fini(&settings);
}

static int list_one(void *ctx, const struct notifier *n, struct err *err)
{
	struct listing *l = ctx;
	struct buf out;
	(void)err;
	buf_init(&out, 1 << 20);
	if (l->names)
		buf_printf(&out, "%s\n", n->name);
	else
		list_text(l, n, &out);
	l->n++;
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
	return 0;
}

static int print_json(struct store *store, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	int rc = answer_notifiers(store, &out, err);
	if (rc == 0)
		printf("%.*s\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

static int list(const struct command_line *line, struct store *store, struct err *err)
{
	struct listing l = {.names = line->values[OPT_LIST], .now = clock_now_us()};
	if (line->values[OPT_JSON] && !l.names)
		return print_json(store, err);
	if (notifier_list(store, NULL, list_one, &l, err) < 0)
		return -1;
	if (l.n == 0 && !l.names)
		fputs("nobody is told of alerts yet: pugmark notify add "
		      "webhook|slack|teams|syslog|mail NAME …\n",
			stdout);
	return 0;
}

/* ---- changes --------------------------------------------------------------------------------- */

static int none(const char *name, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "there is no notifier %.60s: pugmark notify list", name);
}

static int set_paused(
	const struct command_line *line, struct store *store, bool paused, struct err *err)
{
	int rc = notifier_pause(store, line->args[1], paused, err);
	if (rc == 1)
		printf(paused ? "%s is paused: what comes for it waits\n"
			      : "%s is told again, of what waited and what was given up as well\n",
			line->args[1]);
	return rc == 0 ? none(line->args[1], err) : rc;
}

static int pause_one(const struct command_line *line, struct store *store, struct err *err)
{
	return set_paused(line, store, true, err);
}

static int resume_one(const struct command_line *line, struct store *store, struct err *err)
{
	return set_paused(line, store, false, err);
}

static int remove_one(const struct command_line *line, struct store *store, struct err *err)
{
	uint64_t dropped = 0;
	char count[32];
	int rc = notifier_remove(store, line->args[1], &dropped, err);
	if (rc == 1)
		printf("%s is told no more; its secrets are forgotten, and %s notices that waited "
		       "are dropped\n",
			line->args[1], text_count(dropped, count));
	return rc == 0 ? none(line->args[1], err) : rc;
}

/* ---- sending --------------------------------------------------------------------------------- */

static struct notify_options options_of(const struct command_line *line)
{
	return (struct notify_options){.key_file = key_file(line),
		.once = line->values[OPT_ONCE] != NULL,
		.stop = &stop_requested};
}

static int test(const struct command_line *line, struct store *store, struct err *err)
{
	const struct notify_options options = options_of(line);
	if (notify_try(store, line->args[1], &options, err) < 0)
		return -1;
	puts(line->values[OPT_JSON] ? "{\"sent\":true}" : "sent: look for it at the other side");
	return 0;
}

static int run(const struct command_line *line, struct store *store, struct err *err)
{
	const struct notify_options options = options_of(line);
	struct notify_result result;
	char sent[32], failed[32];
	if (!options.once)
		log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	int rc = notify_run(store, &options, &result, err);
	if (rc < 0 || !options.once)
		return rc;
	if (line->values[OPT_JSON])
		printf("{\"sent\":%" PRIu64 ",\"failed\":%" PRIu64 "}\n", result.sent,
			result.failed);
	else
		printf("%s sent, %s failed\n", text_count(result.sent, sent),
			text_count(result.failed, failed));
	return result.failed ? err_set(err, result.why.kind, "%s; it is tried again later",
				       result.why.text)
			     : 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

int command_notify(const struct command_line *line)
{
	static const struct verb verbs[] = {
		{"list", 0, STORE_READ, list, "list takes no more words"},
		{"add", 2, STORE_WRITE, add,
			"add needs a kind (webhook, slack, teams, syslog, mail) and a name"},
		{"test", 1, STORE_READ, test, "test needs the name of a notifier"},
		{"remove", 1, STORE_WRITE, remove_one, "remove needs the name of a notifier"},
		{"pause", 1, STORE_WRITE, pause_one, "pause needs the name of a notifier"},
		{"resume", 1, STORE_WRITE, resume_one, "resume needs the name of a notifier"},
		{"run", 0, STORE_WRITE, run, "run takes no more words"},
		{0},
	};
	return verbs_run(line, verbs);
}
