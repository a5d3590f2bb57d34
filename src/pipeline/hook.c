/* SPDX-License-Identifier: Apache-2.0 */
/* hook.c: hooks made, their secrets held against what is sent, and deliveries stored. */
#include "pipeline/hook.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "json/json.h"
#include "pipeline/harvest.h"
#include "store/ledger.h"

#define SECRET_FIELD_NAME "hook_secret"
#define ALERTS            "third_party_alerts"

enum { MAC = 32, INTERVAL_S = 3600 /* a connection must have one */ };
#define FOLD_AGE (INT64_C(7) * 86400 * 1000000) /* as of other sources */

/* ---- made and removed -------------------------------------------------------------------------- */

static int make_secret(char made[HOOK_SECRET], struct err *err)
{
	uint8_t bytes[32];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return err_errno(err, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(made + 2 * i, 3, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

static int check_given(const char *given, struct err *err)
{
	size_t n = strlen(given);
	for (size_t i = 0; i < n; i++) {
		if (given[i] <= ' ' || given[i] >= 0x7f)
			n = 0;
	}
	if (n >= HOOK_SECRET_LEAST && n <= 1000)
		return 0;
	return err_set(err, ERR_USAGE,
		"a hook's secret has %d to 1,000 characters, letters, digits and signs without "
		"blanks",
		HOOK_SECRET_LEAST);
}

static int save(struct store *store, const char *name, const struct schema *schema,
	const char *secret, const char *key_file, struct err *err)
{
	const struct connection hook = {.name = name,
		.kind = HOOK_KIND,
		.table = schema->table,
		.interval_s = INTERVAL_S,
		.backfill_from = INT64_MIN};
	const struct connection_secret sealed = {SECRET_FIELD_NAME, slice_of(secret)};
	struct secret_key *key;
	if (store_secret_key(store, key_file, true, &key, err) < 0)
		return -1;
	int rc = store_connection_put(store, &hook, false, &sealed, 1, key, NULL, err);
	secret_key_free(key);
	return rc;
}

int hook_put(struct store *store, const char *name, const char *table, const char *given,
	const char *key_file, char made[HOOK_SECRET], struct err *err)
{
	const struct schema *schema;
	struct schema *owned;
	made[0] = '\0';
	if (store_check_source(name, err) < 0 || (given && check_given(given, err) < 0) ||
		(!given && make_secret(made, err) < 0) ||
		store_schema(store_dir(store), table ? table : ALERTS, &schema, &owned, err) < 0)
		return -1;
	int rc = save(store, name, schema, given ? given : made, key_file, err);
	schema_free(owned);
	return rc;
}

int hook_remove(struct store *store, const char *name, uint64_t *events, struct err *err)
{
	struct arena mem = {0};
	struct connection hook;
	int rc = store_connection_get(store, name, &mem, &hook, err);
	if (rc == 1)
		rc = strcmp(hook.kind, HOOK_KIND) == 0
			     ? store_connection_remove(store, name, events, err)
			     : 0;
	arena_fini(&mem);
	return rc;
}

/* ---- who sends ------------------------------------------------------------------------------- */

static bool read_hex(const char *text, uint8_t mac[MAC])
{
	static const char digits[] = "0123456789abcdef";
	if (strncasecmp(text, "sha256=", 7) != 0 || strlen(text) != 7 + 2 * MAC)
		return false;
	for (size_t i = 0; i < 2 * MAC; i++) {
		const char *at = strchr(digits, text[7 + i] | 0x20);
		if (!at)
			return false;
		mac[i / 2] = (uint8_t)(mac[i / 2] << 4 | (at - digits));
	}
	return true;
}

static void mac_of(struct slice secret, struct slice text, uint8_t mac[MAC])
{
	unsigned n = MAC;
	if (!HMAC(EVP_sha256(), secret.ptr, (int)secret.len, (const unsigned char *)text.ptr,
		    text.len, mac, &n))
		abort(); /* as out of memory */
}

/* Both sides under one key that nobody knows, so that lengths and first bytes tell nothing. */
static bool same_secret(struct slice a, struct slice b)
{
	uint8_t key[MAC], x[MAC], y[MAC];
	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return false;
	mac_of((struct slice){(const char *)key, MAC}, a, x);
	mac_of((struct slice){(const char *)key, MAC}, b, y);
	return CRYPTO_memcmp(x, y, MAC) == 0;
}

static bool proves(
	struct slice secret, const char *signature, const char *bearer, struct slice body)
{
	uint8_t said[MAC] = {0}, ours[MAC];
	if (!signature)
		return bearer && same_secret(secret, slice_of(bearer));
	mac_of(secret, body, ours);
	return read_hex(signature, said) && CRYPTO_memcmp(said, ours, MAC) == 0;
}

int hook_check(struct store *store, const char *name, const char *key_file, const char *signature,
	const char *bearer, struct slice body, struct arena *mem, struct connection *hook,
	struct err *err)
{
	struct secret_key *key = NULL;
	struct secret plain = {0};
	int rc = store_secret_key(store, key_file, false, &key, err);
	if (rc < 0 && err->kind == ERR_NOT_FOUND) /* nothing is sealed: there is no hook */
		return 0;
	if (rc == 0)
		rc = store_connection_get(store, name, mem, hook, err);
	bool found = rc == 1 && strcmp(hook->kind, HOOK_KIND) == 0;
	if (found)
		rc = store_connection_secret(store, name, SECRET_FIELD_NAME, key, &plain, err);
	found = found && rc == 1;
	if (rc >= 0) {
		bool good = proves(found ? (struct slice){plain.text, plain.len} : SLICE("none"),
			signature, bearer, body);
		rc = found && good;
	}
	secret_wipe(&plain);
	secret_key_free(key);
	return rc;
}

/* ---- deliveries ------------------------------------------------------------------------------ */

static bool is_object(struct slice text)
{
	bool repaired = false;
	size_t at = json_blanks(text, 0);
	return at < text.len && text.ptr[at] == '{' &&
	       json_validate_lenient(text, &repaired, NULL) == 0;
}

static int no_alerts(uint64_t line, struct err *err)
{
	if (line)
		return err_set(err, ERR_FORMAT,
			"line %llu is no JSON object; nothing of the delivery was stored",
			(unsigned long long)line);
	return err_set(err, ERR_FORMAT,
		"the body is no JSON object, no array of objects, and has no object a line; "
		"nothing of it was stored");
}

static int too_many(struct err *err)
{
	return err_set(err, ERR_LIMIT, "more than %d alerts in one delivery", HOOK_RECORDS);
}

static int check_array(struct slice array, struct err *err)
{
	struct slice item;
	unsigned n = 0;
	for (size_t at = 0; json_item(array, &at, &item);) {
		if (item.ptr[0] != '{')
			return no_alerts(0, err);
		if (++n > HOOK_RECORDS)
			return too_many(err);
	}
	return 0;
}

static int take_lines(struct slice body, struct buf *out, struct err *err)
{
	uint64_t line = 0, n = 0;
	while (body.len > 0) {
		const char *end = memchr(body.ptr, '\n', body.len);
		struct slice text = {body.ptr, end ? (size_t)(end - body.ptr) : body.len};
		size_t step = text.len + (end != NULL);
		line++;
		if (json_blanks(text, 0) < text.len) {
			if (!is_object(text))
				return no_alerts(n ? line : 0, err);
			if (++n > HOOK_RECORDS)
				return too_many(err);
			buf_puts(out, n > 1 ? "," : "");
			buf_slice(out, text);
		}
		body.ptr += step;
		body.len -= step;
	}
	return n ? 0 : no_alerts(0, err);
}

/* The delivery as an array of objects, each with its bytes as they came. */
static int as_array(struct slice body, struct buf *out, struct err *err)
{
	bool repaired = false;
	size_t at = json_blanks(body, 0);
	struct slice rest = {body.ptr + at, body.len - at};
	if (rest.len && rest.ptr[0] == '[') {
		if (json_validate_lenient(rest, &repaired, NULL) < 0)
			return no_alerts(0, err);
		buf_slice(out, rest);
		return check_array(rest, err);
	}
	buf_push(out, '[');
	int rc = 0;
	if (is_object(rest))
		buf_slice(out, rest);
	else
		rc = take_lines(rest, out, err);
	buf_push(out, ']');
	return rc;
}

static void fill_facts(void *ctx, struct segment_facts *facts)
{
	facts->ledger = ctx;
}

/* Windows of days that are long over become one: once a day. */
static void fold(struct store *store, const char *name)
{
	static _Atomic int64_t last;
	struct err ignored;
	int64_t now = clock_now_us();
	if (now - last < INT64_C(86400) * 1000000)
		return;
	last = now;
	(void)ledger_fold(store, name, now - FOLD_AGE, NULL, &ignored);
}

static int store_records(struct store *store, const struct connection *hook,
	const struct schema *schema, struct slice records, size_t bytes, struct hook_result *result,
	struct err *err)
{
	struct ledger_note note = {.counts = {.requests = 1}, .state = LEDGER_SETTLED};
	const struct harvest_settings settings = {.store = store,
		.schema = schema,
		.source = hook->name,
		.input = "hook",
		.facts = fill_facts,
		.ctx = &note};
	struct harvest harvest;
	struct page_rows rows = {0};
	if (harvest_init(&harvest, &settings, err) < 0)
		return -1;
	int rc = ledger_begin(
		store, hook->name, LEDGER_FILE, NULL, 0, (int64_t)bytes, &note.window, err);
	if (rc == 0) {
		harvest_add(&harvest, records, NULL, &rows);
		note.counts.records = rows.n + rows.rejects;
		rc = harvest_commit(&harvest, err);
		struct err ignored;
		if (rc < 0)
			(void)ledger_end(store, note.window, LEDGER_FAILED, err->text, &ignored);
	}
	*result = (struct hook_result){rows.n + rows.rejects, harvest.result.stored,
		harvest.result.duplicates, harvest.result.expired, rows.rejects};
	page_rows_fini(&rows);
	harvest_fini(&harvest);
	return rc;
}

int hook_take(struct store *store, const struct connection *hook, struct slice body,
	struct hook_result *result, struct err *err)
{
	const struct schema *schema;
	struct schema *owned = NULL;
	struct buf records;
	*result = (struct hook_result){0};
	buf_init(&records, body.len + 2);
	int rc = as_array(body, &records, err);
	if (rc == 0 &&
		(rc = store_schema(store_dir(store), hook->table, &schema, &owned, err)) == 0) {
		rc = store_records(store, hook, schema, buf_view(&records), body.len, result, err);
		fold(store, hook->name);
	}
	schema_free(owned);
	buf_fini(&records);
	return rc;
}
