/* SPDX-License-Identifier: Apache-2.0 */
/* outside.c: witnesses: asked to cosign checkpoints (C2SP tlog-witness). What they answer is believed no further than their key goes. */
#include <inttypes.h>

#include "net/http.h"
#include "pipeline/collect.h"
#include "pipeline/outside.h"

enum {
	WITNESS_MS = 10000,      /* of one request: a witness reads a few lines and signs them */
	WITNESS_BODY = 64 << 10, /* bytes of an answer */
	WITNESS_PROOF = 64 * 48, /* bytes of a proof's lines: 63 at most */
	SIZE_DIGITS = 20,
};

/* ---- one that is set ------------------------------------------------------------------------- */

static int check_url(const char *url, const struct settings *settings, struct err *err)
{
	bool plain = strncmp(url, "http://", 7) == 0;
	bool good = strncmp(url, "https://", 8) == 0 ||
		    (plain && settings_on(settings, "allow_private"));
	const char *host = url + (plain ? 7 : 8);
	if (good && strcspn(host, "/?#") > 0 && !strpbrk(host, "?#@ ") && strlen(url) < 1000)
		return 0;
	return err_set(err, ERR_USAGE, "the address of a witness begins with https://%s",
		plain ? ": http:// is taken with --allow-private, for hosts of your own network"
		      : ", and has no ?, # or @");
}

int outside_witness_save(struct store *store, const char *url, const char *key,
	struct settings *settings, const char **name, struct err *err)
{
	struct note_verifier witness;
	struct buf json;
	if (check_url(url, settings, err) < 0 ||
		note_witness_parse(slice_of(key), &witness, err) < 0 ||
		settings_put(settings, "key", key, err) < 0)
		return -1;
	*name = arena_strdup(&settings->mem, slice_of(witness.name));
	buf_init(&json, KEEPER_SETTINGS * 2);
	settings_write(settings, &json);
	buf_push(&json, '\0');
	const struct keeper keeper = {
		.kind = KEEPER_WITNESS, .name = *name, .place = url, .settings = json.ptr};
	int rc = keeper_put(store, &keeper, NULL, 0, NULL, err);
	buf_fini(&json);
	return rc;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct asking {
	struct store *store;
	const struct keeper *keeper;
	struct note_verifier key;
	struct settings settings;
	struct http_client *http;
	struct slice
		signed_note; /* as the store signed it: no witness is shown what others added */
	uint64_t size;       /* its entries */
	struct http_reply reply;
	uint64_t seen; /* entries that the witness has, as far as we know */
	bool tampered; /* it has seen another tree */
};

/* "old SIZE", the proof, an empty line, the checkpoint. */
static int make_body(struct asking *a, uint64_t old, struct buf *body, struct err *err)
{
	struct merkle_path path;
	if (evidence_consistency(a->store, old, a->size, &path, err) < 0)
		return -1;
	buf_printf(body, "old %" PRIu64 "\n", old);
	for (unsigned i = 0; i < path.n; i++) {
		note_base64(body, path.hash[i], MERKLE_HASH);
		buf_push(body, '\n');
	}
	buf_push(body, '\n');
	return buf_slice(body, a->signed_note);
}

static int post(struct asking *a, uint64_t old, struct err *err)
{
	static const struct http_header headers[] = {{"Content-Type", "text/plain; charset=utf-8"}};
	static const struct http_limits limits = {
		.total_ms = WITNESS_MS, .body_bytes = WITNESS_BODY};
	bool private = settings_on(&a->settings, "allow_private");
	struct buf url, body;
	size_t n = strlen(a->keeper->place);
	while (n > 0 && a->keeper->place[n - 1] == '/')
		n--;
	buf_init(&url, 2000);
	buf_init(&body, NOTE_MOST + WITNESS_PROOF);
	buf_printf(&url, "%.*s/add-checkpoint", (int)n, a->keeper->place);
	buf_push(&url, '\0');
	int rc = make_body(a, old, &body, err);
	const struct http_request request = {.method = "POST",
		.url = url.ptr,
		.headers = headers,
		.header_count = 1,
		.body = buf_view(&body),
		.guard = private ? GUARD_PRIVATE_ALLOWED : GUARD_PUBLIC_ONLY,
		.plain = private,
		.limits = &limits};
	if (rc == 0)
		rc = http_perform(a->http, &request, &a->reply, err);
	buf_fini(&body);
	buf_fini(&url);
	return rc;
}

/* A reply of 409 holds the size that the witness has: a number and a line end. */
static bool told_size(const struct http_reply *reply, uint64_t *size)
{
	struct slice type = http_header(reply, "content-type", 0);
	struct slice body = buf_view(&reply->body);
	int64_t n;
	if (type.len < 16 || strncasecmp(type.ptr, "text/x.tlog.size", 16) != 0 || body.len < 2 ||
		body.len > SIZE_DIGITS || body.ptr[body.len - 1] != '\n')
		return false;
	body.len--;
	if (text_parse_int(body, &n) < 0 || n < 0 || *body.ptr == '-')
		return false;
	*size = (uint64_t)n;
	return true;
}

/* It has more entries than the checkpoint. Another process of ours may have been faster; the store cannot have become shorter by itself. */
static int seen_longer(struct asking *a, struct err *err)
{
	struct evidence_state state;
	if (evidence_state(a->store, &state, err) < 0)
		return -1;
	if (state.size >= a->seen)
		return err_set(err, ERR_BUSY,
			"it has cosigned a later checkpoint of this store meanwhile");
	a->tampered = true;
	return err_set(err, ERR_DAMAGED,
		"THE STORE WAS ROLLED BACK: the witness has seen %" PRIu64
		" entries of it, and it has %" PRIu64
		" now. Unless you put back a backup, somebody took entries away: hold the store "
		"against an older checkpoint (pugmark verify --checkpoint)",
		a->seen, state.size);
}

static int seen_another(struct asking *a, struct err *err)
{
	a->tampered = true;
	return err_set(err, ERR_DAMAGED,
		"THE STORE IS NOT THE ONE THAT WAS COSIGNED: the %" PRIu64
		" entries that the witness has seen are not the beginning of what it holds now. "
		"Something was altered, removed, or put in another order: hold the store against "
		"an older checkpoint (pugmark verify --checkpoint)",
		a->seen);
}

/* What a witness says instead of cosigning. `old`: what it was asked with. 1 = ask again, from a->seen; -1 with why. */
static int judge_refusal(struct asking *a, uint64_t old, bool again, struct err *err)
{
	int status = a->reply.status;
	if (status == 409) {
		bool told = told_size(&a->reply, &a->seen);
		if (told && a->seen > a->size)
			return seen_longer(a, err);
		if (told && a->seen != old && again)
			return 1;
		/* The same size, and yet a conflict: another root. */
		if (old == a->size && (!told || a->seen == old)) {
			a->seen = old;
			return seen_another(a, err);
		}
		return err_set(err, ERR_FORMAT,
			told ? "it names another size each time that it is asked"
			     : "the answer was HTTP 409, without the size that it has: is this a "
			       "witness (c2sp.org/tlog-witness)?");
	}
	if (status == 422) {
		a->seen = old;
		return seen_another(a, err);
	}
	if (status == 403 || status == 404)
		return err_set(err, ERR_ACCESS,
			"the answer was HTTP %d: it does not know this store: give its operator "
			"the key "
			"(pugmark checkpoint key), or look at the address",
			status);
	return err_set(err, ERR_FORMAT, "the answer was HTTP %d%s", status,
		status >= 300 && status <= 399 ? ", another address: redirects are not followed"
					       : "");
}

/* Asks from what it saw last, and once more from what it says that it saw. */
static int ask(struct asking *a, struct buf *note, int64_t *time, struct err *err)
{
	a->seen = a->keeper->size;
	for (int round = 0;; round++) {
		uint64_t old = a->seen <= a->size ? a->seen : 0;
		if (post(a, old, err) < 0)
			return -1;
		if (a->reply.status == 200)
			return note_cosign(note, buf_view(&a->reply.body), &a->key, time, err);
		if (judge_refusal(a, old, round == 0, err) < 0)
			return -1;
	}
}

static int ask_witness(struct asking *a, struct buf *note, int64_t *time, struct err *err)
{
	const char *key = settings_get(&a->settings, "key");
	if (note_witness_parse(slice_of(key ? key : ""), &a->key, err) < 0)
		return -1;
	return ask(a, note, time, err);
}

/* What a witness did is noted, and told. 0 where it cosigned. */
static int note_answer(struct asking *a, int rc, int64_t time, struct err *why)
{
	struct err err;
	char when[CLOCK_TEXT];
	int noted;
	if (rc == 0) {
		when[0] = '\0';
		if (time < INT64_MAX / 1000000)
			clock_text(time * 1000000, when);
		noted = keeper_took(a->store, a->keeper, a->size, when, &err);
		log_info("the checkpoint was cosigned by %s", a->keeper->name);
	} else if (why->kind == ERR_INTERRUPTED) {
		noted = 0;
	} else {
		noted = keeper_failed(a->store, a->keeper, a->seen, why->text, &err);
		log_write(a->tampered ? LOG_ERROR : LOG_WARN,
			"the checkpoint was not cosigned by %s: %s", a->keeper->name, why->text);
	}
	if (noted < 0)
		log_warn("what %s did could not be noted: %s", a->keeper->name, err.text);
	return rc;
}

static int cosign_by(struct store *store, const struct keeper *keeper, struct slice signed_note,
	uint64_t size, const struct outside_options *options, struct buf *note)
{
	struct asking a = {.store = store,
		.keeper = keeper,
		.signed_note = signed_note,
		.size = size,
		.seen = keeper->size};
	struct err why;
	int64_t time = 0;
	http_reply_init(&a.reply);
	int rc = settings_read(&a.settings, slice_of(keeper->settings), &why);
	a.http = rc == 0 ? connection_http(&a.settings, options->stop, &why) : NULL;
	rc = a.http ? ask_witness(&a, note, &time, &why) : -1;
	rc = note_answer(&a, rc, time, &why);
	http_close(a.http);
	http_reply_fini(&a.reply);
	settings_fini(&a.settings);
	return rc;
}

unsigned outside_cosign(
	struct store *store, struct buf *note, const struct outside_options *options)
{
	struct arena mem;
	struct keeper *list;
	struct checkpoint c;
	struct err err;
	uint32_t n = 0;
	unsigned missing = 0;
	arena_init(&mem);
	int rc = keepers_list(store, &mem, &list, &n, &err);
	if (rc == 0)
		rc = note_read(buf_view(note), &c, &err);
	struct slice as_signed = {
		arena_strdup(&mem, buf_view(note)), note->len}; /* the buffer moves as it grows */
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		if (list[i].kind == KEEPER_WITNESS &&
			cosign_by(store, &list[i], as_signed, c.size, options, note) < 0)
			missing++;
	}
	if (rc < 0)
		log_warn("no witness was asked: %s", err.text);
	arena_fini(&mem);
	return missing + (rc < 0 ? 1 : 0);
}
