/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c (cli/): pugmark checkpoint: signed statements of what is stored, printed, written, sent; the key that they are signed with. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "cli/evidence.h"
#include "pipeline/notify.h"
#include "pipeline/outside.h"
#include "store/connections.h"
#include "store/evidence.h"
#include "store/notifiers.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

/* ---- checkpoint ------------------------------------------------------------------------------ */

static int sign_one(
	const struct command_line *line, struct store *store, struct buf *note, struct err *err)
{
	struct secret_key *key;
	struct progress progress = progress_of_walk(WALK_STEPS);
	if (store_secret_key(store, key_file(line), true, &key, err) < 0)
		return -1;
	int rc = evidence_checkpoint(store, key, &progress, note, err);
	progress_clear();
	secret_key_free(key);
	return rc;
}

int checkpoint_make(
	const struct command_line *line, struct store *store, struct buf *note, struct err *err)
{
	if (sign_one(line, store, note, err) < 0)
		return -1;
	return evidence_publish(store, buf_view(note), err);
}

static int any_notifier(void *ctx, const struct notifier *notifier, struct err *err)
{
	(void)ctx;
	(void)notifier;
	(void)err;
	return 1;
}

/* To each notifier that is set. What cannot be sent is told; the next one says the same and more. How many failed. */
static unsigned send_copies(
	const struct command_line *line, struct store *store, const struct buf *note)
{
	const struct notify_options options = {.key_file = key_file(line), .stop = &stop_requested};
	struct evidence_state state;
	struct checkpoint c;
	struct err err;
	char summary[300], *rest = NULL;
	unsigned failed = 0;
	if (evidence_state(store, &state, &err) < 0 || note_read(buf_view(note), &c, &err) < 0)
		return 1;
	char *text = xcalloc(1, note->len + 1);
	memcpy(text, note->ptr, note->len);
	snprintf(summary, sizeof(summary), "checkpoint of %.*s: %" PRIu64 " entries",
		SLICE_ARG(c.origin), c.size);
	for (char *name = strtok_r(state.notifiers, " ", &rest); name;
		name = strtok_r(NULL, " ", &rest)) {
		if (notify_checkpoint(store, name, summary, text, &options, &err) == 0)
			continue;
		log_warn("the checkpoint was not sent to %s: %s", name, err.text);
		failed++;
	}
	free(text);
	return failed;
}

/* Makes one for everybody: witnesses first, so that what is published and sent has what they say of it. *failed: how many did not get it, or did not
 * cosign it. */
static int make_and_send(const struct command_line *line, struct store *store, struct buf *note,
	unsigned *failed, struct err *err)
{
	const struct outside_options options = {
		.key_file = key_file(line), .stop = &stop_requested};
	*failed = 0;
	if (sign_one(line, store, note, err) < 0)
		return -1;
	*failed = outside_cosign(store, note, &options);
	int rc = evidence_publish(store, buf_view(note), err);
	*failed += outside_bucket_put(store, buf_view(note), &options);
	*failed += send_copies(line, store, note);
	return rc;
}

/* Sets who are sent checkpoints from now on. */
static int set_notifiers(const struct command_line *line, struct store *store, struct err *err)
{
	struct evidence_state state;
	struct buf names;
	int rc = 0;
	buf_init(&names, 1 << 16);
	for (int i = 1; rc == 0 && i < line->nargs; i++) {
		if (strcmp(line->args[i], "none") == 0)
			continue;
		int found = notifier_list(store, line->args[i], any_notifier, NULL, err);
		if (found == 0)
			rc = err_set(err, ERR_NOT_FOUND,
				"there is no notifier %.60s: pugmark notify add makes one",
				line->args[i]);
		else if (found < 0)
			rc = -1;
		buf_printf(&names, "%s%s", names.len ? " " : "", line->args[i]);
	}
	buf_append(&names, "", 1);
	if (rc == 0 && line->nargs > 1)
		rc = evidence_set_notifiers(store, names.ptr, err);
	buf_fini(&names);
	if (rc < 0 || evidence_state(store, &state, err) < 0)
		return -1;
	if (*state.notifiers)
		printf("checkpoints are sent to %s\n", state.notifiers);
	else
		puts("checkpoints are sent to nobody");
	return 0;
}

static int print_note(const struct command_line *line, struct slice note, struct err *err)
{
	FILE *out;
	const char *path = line->values[OPT_OUTPUT];
	struct buf json;
	struct checkpoint c;
	if (note_read(note, &c, err) < 0 || output_open(path, &out, err) < 0)
		return -1;
	buf_init(&json, 2 * NOTE_MOST);
	if (line->values[OPT_JSON]) {
		buf_puts(&json, "{\"origin\":");
		text_json_string(&json, c.origin);
		buf_printf(&json, ",\"size\":%" PRIu64 ",\"root\":\"", c.size);
		note_base64(&json, c.root, MERKLE_HASH);
		buf_puts(&json, "\",\"note\":");
		text_json_string(&json, note);
		buf_puts(&json, "}\n");
	} else {
		buf_slice(&json, note);
	}
	int rc = fwrite(json.ptr, 1, json.len, out) == json.len ? 0 : err_errno(err, "writing");
	buf_fini(&json);
	return output_close(path, out, rc, err);
}

static int print_key(const struct command_line *line, struct store *store, struct err *err)
{
	struct note_verifier verifier;
	struct secret_key *key;
	struct buf text;
	if (store_secret_key(store, key_file(line), true, &key, err) < 0)
		return -1;
	bool again = line->nargs == 2;
	int rc = evidence_make_key(store, key, again, err);
	buf_init(&text, NOTE_MOST);
	if (rc == 0 && again) /* the newest checkpoint is signed by the newest key */
		rc = evidence_checkpoint(store, key, NULL, &text, err);
	if (rc == 0 && again)
		rc = evidence_publish(store, buf_view(&text), err);
	buf_fini(&text);
	secret_key_free(key);
	if (rc == 0 && evidence_public_key(store, &verifier, err) < 1)
		rc = -1;
	if (rc < 0)
		return -1;
	buf_init(&text, 1000);
	note_key_text(&verifier, &text);
	if (line->values[OPT_JSON])
		printf("{\"key\":\"%.*s\"}\n", SLICE_ARG(buf_view(&text)));
	else
		printf("%.*s\n", SLICE_ARG(buf_view(&text)));
	buf_fini(&text);
	return 0;
}

static int set_folder(const struct command_line *line, struct store *store, struct err *err)
{
	struct evidence_state state;
	if (line->nargs == 2) {
		const char *path = strcmp(line->args[1], "none") == 0 ? "" : line->args[1];
		if (*path && *path != '/')
			return err_set(err, ERR_USAGE, "write the folder's whole path: /…");
		if (evidence_set_folder(store, path, err) < 0)
			return -1;
	}
	if (evidence_state(store, &state, err) < 0)
		return -1;
	if (*state.folder)
		printf("checkpoints are also written to %s\n", state.folder);
	else
		puts("checkpoints are written to the data folder alone");
	return 0;
}

/* One each hour; where nothing came, one a day, which says that the service lives. */
static bool is_due(const struct evidence_state *state, int64_t every)
{
	int64_t age = clock_now_us() - state->signed_at;
	if (age < 0) /* the clock was put back */
		return true;
	bool news = state->pending > 0 || state->size != state->signed_size;
	return age >= (news ? every : 24 * HOUR);
}

static void turn(const struct command_line *line, int64_t every)
{
	struct evidence_state state;
	struct store *store;
	struct buf note;
	struct err why;
	if (open_data(line, STORE_WRITE, &store, &why) < 0) {
		log_warn("no checkpoint: %s", why.text);
		return;
	}
	unsigned failed;
	buf_init(&note, NOTE_MOST);
	int rc = evidence_state(store, &state, &why);
	if (rc == 0 && is_due(&state, every))
		rc = make_and_send(line, store, &note, &failed, &why);
	if (rc < 0 && why.kind != ERR_INTERRUPTED)
		log_warn("%s: %s", note.len ? "a checkpoint was made" : "no checkpoint", why.text);
	if (rc == 0 && note.len > 0)
		log_info("a checkpoint of the store was made");
	buf_fini(&note);
	store_close(store);
}

static int loop(const struct command_line *line, struct err *err)
{
	uint32_t seconds = 3600;
	if (line->values[OPT_INTERVAL] &&
		(clock_parse_span(line->values[OPT_INTERVAL], &seconds) < 0 || seconds == 0))
		return err_set(err, ERR_USAGE, "--interval: write 1h, 10m or the like");
	int64_t every = seconds * SECOND, due = 0;
	log_setup(line->values[OPT_VERBOSE] ? LOG_DEBUG : LOG_INFO, LOG_AUTO);
	while (!stop_requested) {
		struct timespec wait = {0, 200000000};
		nanosleep(&wait, NULL);
		if (clock_mono_us() < due)
			continue;
		due = clock_mono_us() + every;
		turn(line, every);
	}
	return 0;
}

/* ---- the command ----------------------------------------------------------------------------- */

/* One, now: printed, and sent to whoever is set. */
static int make_now(const struct command_line *line, struct store *store, struct err *err)
{
	struct buf note;
	struct err unused;
	unsigned failed;
	buf_init(&note, NOTE_MOST);
	int rc = make_and_send(line, store, &note, &failed, err);
	/* It is good, also where a copy of it could not be written. */
	if (note.len > 0 && print_note(line, buf_view(&note), rc == 0 ? err : &unused) < 0)
		rc = -1;
	if (note.len > 0 && !line->values[OPT_JSON])
		checkpoint_tell_keepers(store);
	if (rc == 0 && failed > 0)
		rc = err_set(err, ERR_IO,
			"the checkpoint was made, but not cosigned by all, or not sent to all");
	buf_fini(&note);
	return rc;
}

static const struct {
	const char *word;
	int most; /* words with it */
	int (*run)(const struct command_line *line, struct store *store, struct err *err);
} verbs[] = {{"key", 2, print_key}, {"folder", 2, set_folder}, {"send", INT32_MAX, set_notifiers},
	{"witness", 4, checkpoint_witness}, {"bucket", 2, checkpoint_bucket}};

/* The verb's number; of no word `n` of them; -1 where it is none (told). */
static int find_verb(const struct command_line *line)
{
	static const char *const known[] = {"key", "folder", "send", "witness", "bucket", NULL};
	const int n = sizeof(verbs) / sizeof(*verbs);
	int i = line->nargs > 0 ? 0 : n;
	while (i < n && strcmp(line->args[0], verbs[i].word) != 0)
		i++;
	if (i == n && line->nargs > 0) {
		const char *near = nearest(line->args[0], known);
		usage_error(line, "`%s` is none of key, folder, send, witness, bucket%s%s",
			line->args[0], near ? "; did you mean " : "", near ? near : "");
		return -1;
	}
	if (i < n && line->nargs > verbs[i].most) {
		usage_error(line, "`%s` takes fewer words", line->args[0]);
		return -1;
	}
	if (i == 0 && line->nargs == 2 && strcmp(line->args[1], "new") != 0) {
		usage_error(line, "`key` prints the key, `key new` makes another");
		return -1;
	}
	return i;
}

int command_checkpoint(const struct command_line *line)
{
	struct store *store;
	struct err err = {0};
	int verb = find_verb(line);
	prctl(PR_SET_DUMPABLE, 0); /* no core with a key in it */
	if (verb < 0)
		return EXIT_USAGE;
	if (line->values[OPT_LOOP])
		return loop(line, &err) < 0 ? fail(&err) : EXIT_DONE;
	if (open_data(line, STORE_WRITE, &store, &err) < 0)
		return fail(&err);
	int rc = line->nargs > 0 ? verbs[verb].run(line, store, &err) : make_now(line, store, &err);
	store_close(store);
	return rc < 0 ? fail(&err) : EXIT_DONE;
}
