/* SPDX-License-Identifier: Apache-2.0 */
/* send.c: objects into a bucket of S3, and what to make of its refusals. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "net/s3.h"
#include "ship/private.h"

struct sender {
	struct http_client *client;
	struct credential_provider *keys;
	struct s3 *s3;
	char *prefix;
	char *id_file, *secret_file, *token_file; /* of a service's credentials */
};

/* A file that systemd's LoadCredential=ship:FOLDER gives; owned by the caller, NULL where there is none. */
static char *service_file(const char *name)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	struct arena mem = {0};
	char *found = NULL;
	if (folder && *folder) {
		const char *path = arena_printf(&mem, "%s/ship_%s", folder, name);
		if (io_stat(path, NULL, NULL) == 1)
			found = xstrdup(path);
	}
	arena_fini(&mem);
	return found;
}

static void choose_keys(
	struct sender *s, const struct ship_options *o, struct credential_settings *settings)
{
	*settings = (struct credential_settings){.id_file = o->id_file,
		.secret_file = o->secret_file,
		.token_file = o->token_file,
		.profile = o->profile,
		.role_arn = o->role_arn,
		.external_id = o->external_id,
		.session_name = "pugmark-ship",
		.region = o->region};
	if (o->id_file || o->profile)
		return;
	s->id_file = service_file("access-key-id");
	s->secret_file = service_file("secret-access-key");
	s->token_file = service_file("session-token");
	if (s->id_file && s->secret_file) {
		settings->id_file = s->id_file;
		settings->secret_file = s->secret_file;
		settings->token_file = s->token_file;
	}
}

struct sender *sender_open(
	const struct ship_options *o, const volatile sig_atomic_t *stop, struct err *err)
{
	struct credential_settings settings;
	/* A large piece over a slow line takes its time; the signature is valid for 15 minutes. */
	struct http_settings http = {.ca_file = o->ca_file,
		.proxy = o->proxy,
		.user_agent = "pugmark-ship/" PUGMARK_VERSION,
		.limits = {.total_ms = 600000},
		.stop = stop};
	struct s3_place place = {.endpoint = o->endpoint,
		.region = o->region,
		.bucket = o->bucket,
		.style = o->path_style ? S3_STYLE_PATH : S3_STYLE_AUTO,
		.guard = o->allow_private ? GUARD_PRIVATE_ALLOWED : GUARD_PUBLIC_ONLY,
		.plain = o->allow_private};
	/* A follower looks after the folder between tries, and has pauses of its own. */
	struct retry_policy policy = {.attempts = o->once ? 6 : 2};
	struct sender *s = xcalloc(1, sizeof(*s));
	choose_keys(s, o, &settings);
	s->prefix = xstrdup(o->prefix);
	s->client = http_open(&http, err);
	if (s->client) {
		s->keys = credentials_open(s->client, &settings);
		s->s3 = s3_open(s->client, &place, s->keys, &policy, err);
	}
	if (s->s3)
		return s;
	sender_close(s);
	return NULL;
}

void sender_close(struct sender *s)
{
	if (!s)
		return;
	s3_close(s->s3);
	credentials_close(s->keys);
	http_close(s->client);
	free(s->prefix);
	free(s->id_file);
	free(s->secret_file);
	free(s->token_file);
	free(s);
}

/* Who can mend it: time, or a person. */
static enum send_end judge(const struct sender *s, const struct err *err)
{
	int status = s3_last(s->s3)->status;
	if (err->kind == ERR_INTERRUPTED)
		return SEND_STOPPED;
	if (status == 408 || status == 425 || status == 429 || status >= 500)
		return SEND_LATER;
	if (status == 0 && (err->kind == ERR_IO || err->kind == ERR_LIMIT))
		return SEND_LATER;
	return SEND_WRONG;
}

static enum send_end put(struct sender *s, struct slice key, struct slice body,
	const struct http_header *headers, size_t count, struct err *err)
{
	*err = (struct err){0};
	if (s3_put(s->s3, key, body, headers, count, err) == 0)
		return SEND_DONE;
	return judge(s, err);
}

/* The value of x-amz-checksum-sha256: S3 compares it with what came, and asks for it where objects are
 * locked. */
static void add_checksum(struct buf *out, struct slice body)
{
	unsigned char digest[32], text[48];
	unsigned n = 0;
	if (EVP_Digest(body.ptr, body.len, digest, &n, EVP_sha256(), NULL) != 1)
		abort(); /* out of memory */
	EVP_EncodeBlock(text, digest, (int)n);
	buf_puts(out, (const char *)text);
	buf_push(out, '\0');
}

size_t object_headers(const struct ship_object *object, struct buf *values,
	struct http_header headers[OBJECT_HEADERS])
{
	static const char *const names[OBJECT_HEADERS] = {"content-type", "x-amz-checksum-sha256",
		"x-amz-meta-pugmark-node", "x-amz-meta-pugmark-log", "x-amz-meta-pugmark-from",
		"x-amz-meta-pugmark-to", "x-amz-meta-pugmark-sha256"};
	buf_clear(values);
	buf_append(values, "application/x-ndjson", sizeof("application/x-ndjson"));
	add_checksum(values, object->body);
	names_encode(values, slice_of(object->log->node));
	buf_push(values, '\0');
	names_log(values, object->log);
	buf_push(values, '\0');
	buf_printf(values, "%llu", (unsigned long long)object->from);
	buf_push(values, '\0');
	buf_printf(values, "%llu", (unsigned long long)object->to);
	buf_push(values, '\0');
	buf_append(values, object->sha256, strlen(object->sha256) + 1);
	const char *value = values->ptr;
	for (size_t i = 0; i < OBJECT_HEADERS; i++, value += strlen(value) + 1)
		headers[i] = (struct http_header){names[i], value};
	return OBJECT_HEADERS;
}

static enum send_end put_object(void *ctx, const struct ship_object *object, struct err *err)
{
	struct http_header headers[OBJECT_HEADERS];
	struct buf values;
	buf_init(&values, 8192);
	size_t count = object_headers(object, &values, headers);
	enum send_end end = put(ctx, object->key, object->body, headers, count, err);
	buf_fini(&values);
	return end;
}

/* An empty object beside the logs of the node: it needs the right to write there and nothing else. */
static enum send_end check(void *ctx, const char *node, struct err *err)
{
	struct sender *s = ctx;
	struct buf key, checksum;
	buf_init(&key, 2048);
	buf_init(&checksum, 100);
	names_check_key(&key, s->prefix, node);
	add_checksum(&checksum, SLICE(""));
	struct http_header headers[] = {
		{"content-type", "application/x-ndjson"}, {"x-amz-checksum-sha256", checksum.ptr}};
	enum send_end end = put(s, buf_view(&key), SLICE(""), headers, 2, err);
	buf_fini(&key);
	buf_fini(&checksum);
	return end;
}

static int64_t asked_us(void *ctx)
{
	const struct sender *s = ctx;
	return s3_last(s->s3)->asked_us;
}

struct ship_target sender_target(struct sender *s)
{
	return (struct ship_target){check, put_object, asked_us, s};
}
