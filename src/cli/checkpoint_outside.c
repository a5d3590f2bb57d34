/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint_outside.c (cli/): pugmark checkpoint witness, bucket: who outside keeps checkpoints, and what each took last. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer/bundle.h"
#include "cli/evidence.h"
#include "cli/secret_option.h"
#include "collect/objects.h"
#include "pipeline/collect.h"
#include "pipeline/outside.h"

/* ---- what there is --------------------------------------------------------------------------- */

static void print_escaped(FILE *out, const char *text)
{
	struct buf safe;
	buf_init(&safe, 1 << 16);
	text_escape(&safe, slice_of(text));
	fprintf(out, "%.*s", SLICE_ARG(buf_view(&safe)));
	buf_fini(&safe);
}

/* "8 entries, 5 minutes ago"; behind it why there is nothing newer. */
static void print_keeper(FILE *out, const struct keeper *k, const char *done)
{
	char ago[32], entries[32];
	print_escaped(out, k->name);
	if (k->kind == KEEPER_WITNESS)
		fputs("  ", out);
	if (k->kind == KEEPER_WITNESS)
		print_escaped(out, k->place);
	if (k->took_at)
		fprintf(out, "  %s entries, %s %s ago", text_count(k->size, entries), done,
			span_text(clock_now_us() - k->took_at, ago));
	else
		fprintf(out, "  nothing %s yet", done);
	putc('\n', out);
	if (k->failed_at) {
		fprintf(out,
			"  not since, %s ago: ", span_text(clock_now_us() - k->failed_at, ago));
		print_escaped(out, k->error);
		putc('\n', out);
	}
}

static void print_bucket(FILE *out, const struct keeper *k)
{
	bool governance;
	int64_t days;
	struct keeper named = *k;
	outside_bucket_lock(k, &governance, &days);
	named.name = k->place;
	fprintf(out, "checkpoints are also written to ");
	print_escaped(out, k->place);
	fprintf(out, ", locked for %" PRId64 " days (%s)\n", days,
		governance ? "governance" : "compliance");
	print_keeper(out, &named, "written");
	if (k->took_at) {
		fputs("  ", out);
		print_escaped(out, k->took);
		putc('\n', out);
	}
}

static int print_json(struct store *store, struct err *err)
{
	struct buf out;
	buf_init(&out, ANSWER_MOST);
	buf_push(&out, '{');
	int rc = answer_keepers(store, &out, err);
	if (rc == 0)
		printf("%.*s}\n", SLICE_ARG(buf_view(&out)));
	buf_fini(&out);
	return rc;
}

/* Calls `print` for those of one kind: how many, or -1. */
static int print_kind(struct store *store, enum keeper_kind kind, FILE *out, struct err *err)
{
	struct arena mem;
	struct keeper *list;
	uint32_t n;
	int found = 0;
	arena_init(&mem);
	int rc = keepers_list(store, &mem, &list, &n, err);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		if (list[i].kind != kind)
			continue;
		found++;
		if (kind == KEEPER_BUCKET)
			print_bucket(out, &list[i]);
		else
			print_keeper(out, &list[i], "cosigned");
	}
	arena_fini(&mem);
	return rc < 0 ? -1 : found;
}

void checkpoint_tell_keepers(struct store *store)
{
	struct err err;
	if (print_kind(store, KEEPER_WITNESS, stderr, &err) < 0 ||
		print_kind(store, KEEPER_BUCKET, stderr, &err) < 0)
		log_warn("%s", err.text);
}

/* ---- how they are reached -------------------------------------------------------------------- */

static const struct {
	const char *setting;
	enum opt option;
	bool bucket; /* nothing that a witness is asked by */
} options_of[] = {{"region", OPT_REGION, true}, {"endpoint", OPT_ENDPOINT, true},
	{"path_style", OPT_PATH_STYLE, true}, {"profile", OPT_PROFILE, true},
	{"role_arn", OPT_ROLE_ARN, true}, {"external_id", OPT_EXTERNAL_ID, true},
	{"governance", OPT_GOVERNANCE, true}, {"ca_file", OPT_CA_FILE, false},
	{"proxy", OPT_PROXY, false}, {"allow_private", OPT_ALLOW_PRIVATE, false}};

static int take_option(const struct command_line *line, size_t i, bool bucket,
	struct settings *settings, struct err *err)
{
	enum opt option = options_of[i].option;
	const char *value = line->values[option];
	if (!value)
		return 0;
	if (options_of[i].bucket && !bucket)
		return err_set(err, ERR_USAGE, "--%s is nothing that a witness is asked by",
			option_name(option));
	if (option == OPT_PROXY && strchr(value, '@'))
		return err_set(err, ERR_USAGE,
			"--proxy with a password would be kept in the open: give it to pugmark in "
			"the environment instead, as HTTPS_PROXY");
	if (option == OPT_PROXY && !*value)
		value = CONNECTION_NO_PROXY;
	if (option == OPT_CA_FILE)
		value = whole_path(&settings->mem, value);
	return settings_put(settings, options_of[i].setting, *value ? value : "true", err);
}

static int take_options(
	const struct command_line *line, bool bucket, struct settings *settings, struct err *err)
{
	for (size_t i = 0; i < sizeof(options_of) / sizeof(*options_of); i++) {
		if (take_option(line, i, bucket, settings, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- witnesses ------------------------------------------------------------------------------- */

static int add_witness(const struct command_line *line, struct store *store, struct err *err)
{
	struct settings settings = {0};
	struct buf key;
	const char *name = "";
	buf_init(&key, NOTE_MOST);
	int rc = evidence_key_word(line->args[3], &key, err);
	while (key.len > 0 && strchr(" \t\r\n", key.ptr[key.len - 1]))
		key.len--;
	buf_push(&key, '\0');
	if (rc == 0)
		rc = take_options(line, false, &settings, err);
	if (rc == 0)
		rc = outside_witness_save(store, line->args[2], key.ptr, &settings, &name, err);
	if (rc == 0)
		printf("%s is asked to cosign each checkpoint from now on: pugmark checkpoint "
		       "makes "
		       "one. Its operator needs\nyour key, from pugmark checkpoint key, and the "
		       "origin, which is the key's name.\n",
			name);
	settings_fini(&settings);
	buf_fini(&key);
	return rc;
}

static int remove_witness(const struct command_line *line, struct store *store, struct err *err)
{
	int rc = keeper_remove(store, KEEPER_WITNESS, line->args[2], err);
	if (rc == 0)
		rc = err_set(err, ERR_NOT_FOUND,
			"there is no witness %.100s: pugmark checkpoint witness list",
			line->args[2]);
	if (rc == 1)
		printf("%s is not asked any more\n", line->args[2]);
	return rc < 0 ? -1 : 0;
}

static int list_witnesses(const struct command_line *line, struct store *store, struct err *err)
{
	if (line->values[OPT_JSON])
		return print_json(store, err);
	int n = print_kind(store, KEEPER_WITNESS, stdout, err);
	if (n == 0)
		puts("no witness is asked to cosign checkpoints");
	return n < 0 ? -1 : 0;
}

int checkpoint_witness(const struct command_line *line, struct store *store, struct err *err)
{
	const char *verb = line->nargs > 1 ? line->args[1] : "list";
	if (strcmp(verb, "list") == 0 && line->nargs <= 2)
		return list_witnesses(line, store, err);
	if (strcmp(verb, "add") == 0 && line->nargs == 4)
		return add_witness(line, store, err);
	if (strcmp(verb, "remove") == 0 && line->nargs == 3)
		return remove_witness(line, store, err);
	return err_set(
		err, ERR_USAGE, "write: witness list, witness add URL KEY, or witness remove NAME");
}

/* ---- the bucket ------------------------------------------------------------------------------ */

static int take_days(const struct command_line *line, struct settings *settings, struct err *err)
{
	const char *text = line->values[OPT_KEEP];
	char number[16];
	struct slice days = slice_of(text ? text : "");
	int64_t n;
	if (!text)
		return 0;
	if (days.len > 1 && days.ptr[days.len - 1] == 'd')
		days.len--;
	if (text_parse_int(days, &n) < 0 || n < 1 || n > 36500)
		return err_set(
			err, ERR_USAGE, "--keep %.40s: write a number of days: 365 or 365d", text);
	snprintf(number, sizeof(number), "%" PRId64, n);
	return settings_put(settings, "keep_days", number, err);
}

static int take_keys(const struct command_line *line, struct secrets_given *given,
	struct outside_bucket *bucket, struct err *err)
{
	if (secret_option(line, OPT_ACCESS_KEY_ID_FILE, false, given, &bucket->id, err) < 0 ||
		secret_option(
			line, OPT_SECRET_ACCESS_KEY_FILE, false, given, &bucket->secret, err) < 0)
		return -1;
	return !bucket->id == !bucket->secret
		       ? 0
		       : err_set(err, ERR_USAGE,
				 "--access-key-id-file and --secret-access-key-file go together");
}

/* The first checkpoint is written at once, so that what does not work is seen now. */
static int write_first(const struct command_line *line, struct store *store,
	const struct outside_bucket *bucket, struct err *err)
{
	const struct outside_options options = {
		.key_file = key_file(line), .stop = &stop_requested};
	struct buf note;
	bool seen = false;
	buf_init(&note, NOTE_MOST);
	int rc = checkpoint_make(line, store, &note, err);
	if (rc == 0)
		rc = outside_bucket_save(store, bucket, buf_view(&note), &options, &seen, err);
	if (rc == 0 && !seen)
		fputs("pugmark: these keys may not see whether objects are locked "
		      "(s3:GetObjectRetention): "
		      "look once yourself\n",
			stderr);
	buf_fini(&note);
	return rc;
}

static int set_bucket(const struct command_line *line, struct store *store, struct err *err)
{
	struct settings settings = {0};
	struct secrets_given given = {.n = 0};
	struct outside_bucket bucket = {.settings = &settings};
	int rc = bucket_typed(line->args[1], &settings, err);
	if (rc == 0)
		rc = take_options(line, true, &settings, err);
	if (rc == 0)
		rc = take_days(line, &settings, err);
	if (rc == 0)
		rc = take_keys(line, &given, &bucket, err);
	if (rc == 0)
		rc = write_first(line, store, &bucket, err);
	secrets_given_wipe(&given);
	settings_fini(&settings);
	return rc;
}

int checkpoint_bucket(const struct command_line *line, struct store *store, struct err *err)
{
	const char *word = line->nargs > 1 ? line->args[1] : NULL;
	bool off = word && (strcmp(word, "off") == 0 || strcmp(word, "none") == 0);
	if (off && keeper_remove(store, KEEPER_BUCKET, KEEPER_BUCKET_NAME, err) < 0)
		return -1;
	if (word && !off && set_bucket(line, store, err) < 0)
		return -1;
	if (line->values[OPT_JSON])
		return print_json(store, err);
	int n = print_kind(store, KEEPER_BUCKET, stdout, err);
	if (n == 0)
		puts("checkpoints are written to no bucket");
	return n < 0 ? -1 : 0;
}
