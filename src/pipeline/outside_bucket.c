/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside_bucket.c: checkpoints as objects that nobody can remove: S3 object lock. Each is a new object, PREFIX/SIZE-TIME-HASH.checkpoint, so that
 * nothing is ever written over; S3 takes a lock with a checksum alone.
 * Source: Amazon S3 API Reference, PutObject; Amazon S3 User Guide, "Locking objects with Object Lock".
 */
#include <inttypes.h>
#include <stdlib.h>

#include <openssl/sha.h>

#include "collect/objects.h"
#include "pipeline/collect.h"
#include "pipeline/outside.h"

#define DAY INT64_C(86400000000)

enum {
	PUT_TRIES = 3,
	PUT_PAUSES_MS = 10000 /* in all: another checkpoint comes within the hour */
};

/* ---- one object ------------------------------------------------------------------------------ */

static int64_t days_of(const struct settings *settings)
{
	const char *text = settings_get(settings, "keep_days");
	int64_t days = 0;
	if (!text || text_parse_int(slice_of(text), &days) < 0 || days < 1 || days > 36500)
		return OUTSIDE_KEEP_DAYS;
	return days;
}

/* To the second, as S3 reads it: 2027-11-28T18:00:00Z. */
static void second_text(int64_t us, char text[CLOCK_TEXT])
{
	clock_text(us, text);
	text[19] = 'Z';
	text[20] = '\0';
}

/* Its end is of the note's hash: what has the same key is the same checkpoint. */
static int make_key(const char *prefix, struct slice note, const uint8_t sum[32], struct buf *key,
	struct err *err)
{
	struct checkpoint c;
	char when[20];
	size_t n = strlen(prefix);
	if (note_read(note, &c, err) < 0)
		return -1;
	snprintf(when, sizeof(when), "%.*s", SLICE_ARG(c.time)); /* to the second */
	for (char *p = when; *p; p++)
		*p = *p == ':' ? '-' : *p;
	buf_printf(key, "%s%s%010" PRIu64 "-%sZ-%02x%02x%02x%02x.checkpoint", prefix,
		n > 0 && prefix[n - 1] != '/' ? "/" : "", c.size, when, sum[0], sum[1], sum[2],
		sum[3]);
	return buf_push(key, '\0') == 0 ? 0 : err_set(err, ERR_LIMIT, "the key is too long");
}

static int explain(struct s3 *s3, const char *bucket, struct err *err)
{
	const struct s3_end *end = s3_last(s3);
	if (strcmp(end->code, "InvalidRequest") == 0 && strstr(err->text, "Lock"))
		return err_set(err, ERR_UNSUPPORTED,
			"bucket %s has no object lock, so that what lies there can be removed: "
			"make a "
			"bucket with it (aws s3api create-bucket "
			"--object-lock-enabled-for-bucket), or "
			"switch it on where versioning is on (aws s3api "
			"put-object-lock-configuration --object-lock-configuration "
			"ObjectLockEnabled=Enabled)",
			bucket);
	if (end->status == 403 && strcmp(end->code, "AccessDenied") == 0)
		return err_set(err, ERR_ACCESS,
			"bucket %s: access denied: the policy of these keys (and of the bucket) "
			"must "
			"allow s3:PutObject and s3:PutObjectRetention on arn:aws:s3:::%s/*, and "
			"should "
			"allow nothing else",
			bucket, bucket);
	return -1;
}

static int put_locked(struct s3 *s3, const struct settings *settings, const char *key,
	struct slice note, const uint8_t sum[32], struct err *err)
{
	char until[CLOCK_TEXT];
	struct buf checksum;
	buf_init(&checksum, 100);
	note_base64(&checksum, sum, 32);
	buf_push(&checksum, '\0');
	second_text(clock_now_us() + days_of(settings) * DAY, until);
	const struct http_header headers[] = {
		{"Content-Type", "text/plain; charset=utf-8"},
		{"If-None-Match", "*"},
		{"x-amz-sdk-checksum-algorithm", "SHA256"},
		{"x-amz-checksum-sha256", checksum.ptr},
		{"x-amz-object-lock-mode",
			settings_on(settings, "governance") ? "GOVERNANCE" : "COMPLIANCE"},
		{"x-amz-object-lock-retain-until-date", until},
	};
	int rc = s3_put(s3, slice_of(key), note, headers, sizeof(headers) / sizeof(*headers), err);
	/* Of this key there is this checkpoint: an earlier try came through, and its answer did not. */
	if (rc < 0 && s3_last(s3)->status == 412 &&
		strcmp(s3_last(s3)->code, "PreconditionFailed") == 0)
		rc = 0;
	buf_fini(&checksum);
	return rc;
}

/* Whether it is locked as was asked; not every server that takes the headers does so. *seen: we may look. */
static int check_lock(struct s3 *s3, const struct settings *settings, const char *bucket,
	const char *key, bool *seen, struct err *err)
{
	struct s3_retention retention;
	struct err unheard;
	int rc = s3_retention(s3, slice_of(key), &retention, &unheard);
	*seen = rc == 1;
	if (rc < 0)
		return 0; /* keys that may do nothing but write are good ones */
	if (rc == 1 && retention.until_us > clock_now_us() &&
		retention.governance == settings_on(settings, "governance"))
		return 0;
	return err_set(err, ERR_UNSUPPORTED,
		"bucket %s: the server took the checkpoint, and did not lock it: it does not know "
		"object lock, or the bucket has none",
		bucket);
}

/* Writes it; its key is appended to `key`, with a NUL. `seen` NULL: whether it is locked is not looked at. */
static int put(const struct outside_bucket *bucket, struct slice note,
	const volatile sig_atomic_t *stop, struct buf *key, bool *seen, struct err *err)
{
	const struct retry_policy policy = {.attempts = PUT_TRIES, .budget_ms = PUT_PAUSES_MS};
	struct bucket_place place;
	uint8_t sum[32];
	SHA256((const unsigned char *)note.ptr, note.len, sum);
	if (bucket_place_read(bucket->settings, bucket->id, bucket->secret, &place, err) < 0 ||
		make_key(place.prefix, note, sum, key, err) < 0)
		return -1;
	struct http_client *http = connection_http(bucket->settings, stop, err);
	if (!http)
		return -1;
	struct credential_provider *provider = credentials_open(http, &place.credentials);
	struct s3 *s3 = s3_open(http, &place.place, provider, &policy, err);
	int rc = s3 ? put_locked(s3, bucket->settings, key->ptr, note, sum, err) : -1;
	if (s3 && rc < 0)
		rc = explain(s3, place.bucket, err);
	if (rc == 0 && seen)
		rc = check_lock(s3, bucket->settings, place.bucket, key->ptr, seen, err);
	s3_close(s3);
	credentials_close(provider);
	http_close(http);
	return rc;
}

/* ---- the bucket that is set ------------------------------------------------------------------ */

static void make_place(const struct settings *settings, struct buf *place)
{
	const char *prefix = settings_get(settings, "prefix");
	buf_printf(place, "s3://%s%s%s", settings_get(settings, "bucket"), prefix ? "/" : "",
		prefix ? prefix : "");
	buf_push(place, '\0');
}

static int save(struct store *store, const struct outside_bucket *bucket, const char *place,
	const char *json, const char *key_file, struct err *err)
{
	const struct keeper keeper = {.kind = KEEPER_BUCKET,
		.name = KEEPER_BUCKET_NAME,
		.place = place,
		.settings = json};
	const struct connection_secret secrets[] = {
		{"access_key_id", slice_of(bucket->id ? bucket->id : "")},
		{"secret_access_key", slice_of(bucket->secret ? bucket->secret : "")}};
	struct secret_key *key = NULL;
	if (bucket->id && store_secret_key(store, key_file, true, &key, err) < 0)
		return -1;
	int rc = keeper_put(store, &keeper, secrets, 2, key, err);
	secret_key_free(key);
	return rc;
}

static int took(
	struct store *store, const char *name, struct slice note, const char *key, struct err *err)
{
	const struct keeper keeper = {.kind = KEEPER_BUCKET, .name = name};
	struct checkpoint c;
	return note_read(note, &c, err) < 0 ? -1 : keeper_took(store, &keeper, c.size, key, err);
}

int outside_bucket_save(struct store *store, const struct outside_bucket *bucket, struct slice note,
	const struct outside_options *options, bool *seen, struct err *err)
{
	struct buf key, place, json;
	buf_init(&key, S3_KEY_MOST + 100);
	buf_init(&place, S3_KEY_MOST + 300);
	buf_init(&json, KEEPER_SETTINGS * 2);
	int rc = put(bucket, note, options->stop, &key, seen, err);
	if (rc == 0) {
		make_place(bucket->settings, &place);
		settings_write(bucket->settings, &json);
		buf_push(&json, '\0');
		rc = save(store, bucket, place.ptr, json.ptr, options->key_file, err);
	}
	if (rc == 0)
		rc = took(store, KEEPER_BUCKET_NAME, note, key.ptr, err);
	buf_fini(&json);
	buf_fini(&place);
	buf_fini(&key);
	return rc;
}

void outside_bucket_lock(const struct keeper *bucket, bool *governance, int64_t *days)
{
	struct settings settings = {0};
	struct err unused;
	(void)settings_read(&settings, slice_of(bucket->settings), &unused);
	*governance = settings_on(&settings, "governance");
	*days = days_of(&settings);
	settings_fini(&settings);
}

/* The keys that are sealed; both stay empty where there are none. */
static int open_keys(struct store *store, const struct keeper *keeper, const char *key_file,
	struct secret *id, struct secret *secret, struct err *err)
{
	struct secret_key *key = NULL;
	if (store_secret_key(store, key_file, false, &key, err) < 0)
		return -1;
	int rc = keeper_secret(store, keeper, "access_key_id", key, id, err);
	if (rc == 1)
		rc = keeper_secret(store, keeper, "secret_access_key", key, secret, err);
	secret_key_free(key);
	return rc < 0 ? -1 : 0;
}

static int put_to(struct store *store, const struct keeper *keeper, struct slice note,
	const struct outside_options *options, struct err *err)
{
	struct settings settings = {0};
	struct secret id = {0}, secret = {0};
	struct buf key;
	buf_init(&key, S3_KEY_MOST + 100);
	int rc = settings_read(&settings, slice_of(keeper->settings), err);
	if (rc == 0)
		rc = open_keys(store, keeper, options->key_file, &id, &secret, err);
	const struct outside_bucket bucket = {
		.settings = &settings, .id = id.text, .secret = secret.text};
	if (rc == 0)
		rc = put(&bucket, note, options->stop, &key, NULL, err);
	if (rc == 0)
		rc = took(store, keeper->name, note, key.ptr, err);
	secret_wipe(&id);
	secret_wipe(&secret);
	settings_fini(&settings);
	buf_fini(&key);
	return rc;
}

unsigned outside_bucket_put(
	struct store *store, struct slice note, const struct outside_options *options)
{
	struct arena mem;
	struct keeper *list;
	struct err why, err;
	uint32_t n = 0;
	unsigned failed = 0;
	arena_init(&mem);
	if (keepers_list(store, &mem, &list, &n, &why) < 0) {
		log_warn("the checkpoint was written to no bucket: %s", why.text);
		failed = 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (list[i].kind != KEEPER_BUCKET ||
			put_to(store, &list[i], note, options, &why) == 0)
			continue;
		failed++;
		if (why.kind == ERR_INTERRUPTED)
			continue;
		log_warn("the checkpoint was not written to %s: %s", list[i].place, why.text);
		if (keeper_failed(store, &list[i], list[i].size, why.text, &err) < 0)
			log_warn("that could not be noted: %s", err.text);
	}
	arena_fini(&mem);
	return failed;
}
