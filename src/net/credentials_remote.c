/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_remote.c: keys that a service hands out: EC2 metadata (version 2), the container endpoint,
 * and STS for roles. Replies hold secrets: they are overwritten when read. */
#include <stdlib.h>

#include "base/base.h"
#include "json/json.h"
#include "net/credentials_private.h"

enum { REPLY_MOST = 64 << 10, NAME_MOST = 256 };

static const struct http_limits quick = {
	.connect_ms = 1500, .total_ms = 5000, .body_bytes = REPLY_MOST};

static void wipe_reply(struct http_reply *reply)
{
	if (reply->body.ptr)
		explicit_bzero(reply->body.ptr, reply->body.cap);
	http_reply_fini(reply);
}

static char *text_of(struct slice json, const char *key)
{
	struct buf text;
	buf_init(&text, CREDENTIAL_MOST);
	char *copy =
		json_find_text(json, key, &text) && text.len ? strndup(text.ptr, text.len) : NULL;
	if (text.ptr)
		explicit_bzero(text.ptr, text.cap);
	buf_fini(&text);
	return copy;
}

static int64_t time_of(const char *text)
{
	int64_t begin, end;
	return text && clock_parse(slice_of(text), 0, &begin, &end) == 0 ? begin : 0;
}

/* {"AccessKeyId":…,"SecretAccessKey":…,"Token":…,"Expiration":…} */
static int read_keys(
	struct slice json, const char *who, struct credential_set *set, struct err *err)
{
	set->id = text_of(json, "AccessKeyId");
	set->secret = text_of(json, "SecretAccessKey");
	set->token = text_of(json, "Token");
	char *end = text_of(json, "Expiration");
	set->expires_us = time_of(end);
	free(end);
	if (set->id && set->secret)
		return 1;
	credentials_wipe(set);
	return err_set(err, ERR_FORMAT, "%s answered without keys", who);
}

static int get(struct credential_provider *provider, const struct http_request *request,
	struct http_reply *reply, struct err *err)
{
	static const struct retry_policy twice = {
		.attempts = 2, .base_ms = 200, .longest_ms = 1000, .budget_ms = 1500};
	return retry_perform(provider->client, request, &twice, NULL, reply, NULL, err);
}

int credentials_from_container(
	struct credential_provider *provider, struct credential_set *set, struct err *err)
{
	const char *relative = credentials_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = credentials_environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	const char *file = credentials_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *given = credentials_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	char url[1000];
	if (!relative && !full)
		return 0;
	snprintf(url, sizeof(url), "%s%s", relative ? "http://169.254.170.2" : "",
		relative ? relative : full);
	char *token = file ? credentials_read_value(file, err) : given ? xstrdup(given) : NULL;
	if (file && !token)
		return -1;
	struct http_header header = {"Authorization", token ? token : ""};
	bool plain = strncmp(url, "http://", 7) == 0;
	struct http_request request = {.url = url,
		.headers = &header,
		.header_count = token != NULL,
		.guard = plain ? GUARD_METADATA_ONLY : GUARD_PUBLIC_ONLY,
		.plain = plain,
		.limits = &quick};
	struct http_reply reply;
	http_reply_init(&reply);
	int found = get(provider, &request, &reply, err);
	if (found == 0 && reply.status != 200)
		found = err_set(err, ERR_ACCESS, "HTTP %d", reply.status);
	else if (found == 0)
		found = read_keys(buf_view(&reply.body), "it", set, err);
	wipe_reply(&reply);
	if (token)
		explicit_bzero(token, strlen(token));
	free(token);
	return found < 0 ? err_context(err, "container credentials endpoint") : found;
}

static const char *ec2_base(const struct credential_provider *provider)
{
	const char *given = provider->settings.ec2_endpoint;
	if (!given)
		given = credentials_environment("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	return given ? given : "http://169.254.169.254";
}

/* One request to the metadata service; the reply's body in `reply`. */
static int ask_ec2(struct credential_provider *provider, const char *method, const char *path,
	const struct http_header *header, struct http_reply *reply, struct err *err)
{
	char url[1000];
	const char *base = ec2_base(provider);
	size_t n = strlen(base);
	while (n && base[n - 1] == '/')
		n--;
	snprintf(url, sizeof(url), "%.*s%s", (int)n, base, path);
	struct http_request request = {.method = method,
		.url = url,
		.headers = header,
		.header_count = 1,
		.guard = GUARD_METADATA_ONLY,
		.plain = true,
		.limits = &quick};
	/* Where there is no such service, nobody answers: no second try. */
	return http_perform(provider->client, &request, reply, err);
}

/* The first line of a reply as a value of its own; false where it cannot be one. */
static bool one_line(const struct http_reply *reply, char *to, size_t size)
{
	size_t n = 0;
	while (n < reply->body.len && reply->body.ptr[n] > 0x20 && reply->body.ptr[n] < 0x7f)
		n++;
	if (n == 0 || n >= size)
		return false;
	memcpy(to, reply->body.ptr, n);
	to[n] = 0;
	return true;
}

static int ask_role(struct credential_provider *provider, const char *session,
	struct credential_set *set, struct http_reply *reply, struct err *err)
{
	static const char folder[] = "/latest/meta-data/iam/security-credentials/";
	char role[NAME_MOST], path[NAME_MOST * 3 + sizeof(folder)];
	struct http_header header = {"X-aws-ec2-metadata-token", session};
	struct buf coded;
	if (ask_ec2(provider, "GET", folder, &header, reply, err) < 0)
		return -1;
	if (reply->status == 404)
		return 0; /* a machine without a role */
	if (reply->status != 200 || !one_line(reply, role, sizeof(role)))
		return err_set(err, ERR_ACCESS, "HTTP %d when asked for its role", reply->status);
	buf_init(&coded, sizeof(path));
	http_escape(&coded, slice_of(role), false);
	snprintf(path, sizeof(path), "%s%.*s", folder, (int)coded.len, coded.ptr);
	buf_fini(&coded);
	if (ask_ec2(provider, "GET", path, &header, reply, err) < 0)
		return -1;
	if (reply->status != 200)
		return err_set(err, ERR_ACCESS, "HTTP %d when asked for keys", reply->status);
	return read_keys(buf_view(&reply->body), "it", set, err);
}

int credentials_from_ec2(
	struct credential_provider *provider, struct credential_set *set, struct err *err)
{
	static const struct http_header ttl = {"X-aws-ec2-metadata-token-ttl-seconds", "21600"};
	const char *disabled = credentials_environment("AWS_EC2_METADATA_DISABLED");
	struct http_reply reply;
	char session[NAME_MOST];
	int found;
	if (disabled && strcmp(disabled, "true") == 0)
		return 0;
	http_reply_init(&reply);
	if (ask_ec2(provider, "PUT", "/latest/api/token", &ttl, &reply, err) < 0) {
		bool absent = reply.failure == HTTP_REFUSED || reply.failure == HTTP_UNREACHABLE ||
			      reply.failure == HTTP_TIMEOUT;
		found = absent ? 0 : -1;
	} else if (reply.status != 200 || !one_line(&reply, session, sizeof(session))) {
		found = err_set(err, ERR_ACCESS, "HTTP %d when asked for a session", reply.status);
	} else {
		found = ask_role(provider, session, set, &reply, err);
		explicit_bzero(session, sizeof(session));
	}
	wipe_reply(&reply);
	return found < 0 ? err_context(err, "EC2 metadata") : found;
}

struct sts_answer {
	struct credential_set set;
	char code[80];
};

static bool ends(const char *path, const char *with)
{
	size_t n = strlen(path), m = strlen(with);
	return n >= m && strcmp(path + n - m, with) == 0;
}

static void take_text(char **to, struct slice text)
{
	free(*to);
	*to = strndup(text.ptr ? text.ptr : "", text.len);
}

static int take_element(void *ctx, const char *path, struct slice text, struct err *err)
{
	struct sts_answer *answer = ctx;
	char *end = NULL;
	(void)err;
	if (ends(path, "/Credentials/AccessKeyId")) {
		take_text(&answer->set.id, text);
	} else if (ends(path, "/Credentials/SecretAccessKey")) {
		take_text(&answer->set.secret, text);
	} else if (ends(path, "/Credentials/SessionToken")) {
		take_text(&answer->set.token, text);
	} else if (ends(path, "/Credentials/Expiration")) {
		take_text(&end, text);
		answer->set.expires_us = time_of(end);
		free(end);
	} else if (ends(path, "/Error/Code")) {
		size_t n = 0;
		for (size_t i = 0; i < text.len && n + 1 < sizeof(answer->code); i++)
			if (text.ptr[i] > 0x20 && text.ptr[i] < 0x7f)
				answer->code[n++] = text.ptr[i];
		answer->code[n] = 0;
	}
	return 0;
}

static int read_sts(const struct http_reply *reply, const struct credential_role *role,
	struct credential_set *set, struct err *err)
{
	struct sts_answer answer = {0};
	int status = net_xml_read(buf_view(&reply->body), take_element, &answer, err);
	if (reply->status == 200 && status == 0 && answer.set.id && answer.set.secret) {
		credentials_wipe(set);
		*set = answer.set;
		return 1;
	}
	credentials_wipe(&answer.set);
	if (strcmp(answer.code, "AccessDenied") == 0)
		return err_set(err, ERR_ACCESS,
			"role %.150s: taking it on is refused: its trust policy must name these "
			"keys' "
			"owner and %s, and they must be allowed sts:AssumeRole",
			role->arn,
			role->external_id ? "this external id" : "ask for no external id");
	return err_set(err, ERR_ACCESS, "role %.150s: refused by STS (HTTP %d%s%s)", role->arn,
		reply->status, answer.code[0] ? ", " : "", answer.code);
}

static void add(struct buf *form, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(form, "%s%s=", form->len ? "&" : "", name);
	http_escape(form, slice_of(value), false);
}

/* Sends a form to STS, signed where there are keys. */
static int ask_sts(struct credential_provider *provider, const struct credential_role *role,
	const struct sigv4_keys *keys, int64_t now_us, struct slice form,
	struct credential_set *set, struct err *err)
{
	const struct credential_settings *settings = &provider->settings;
	char url[500], hash[SIGV4_HEX];
	struct http_target target;
	struct sigv4_signature signature;
	struct http_reply reply;
	snprintf(url, sizeof(url), "https://sts.%.40s.amazonaws.com%s/", role->region,
		strncmp(role->region, "cn-", 3) == 0 ? ".cn" : "");
	if (settings->sts_endpoint)
		snprintf(url, sizeof(url), "%.400s/", settings->sts_endpoint);
	if (http_target_read(url, &target, err) < 0)
		return err_context(err, "STS endpoint");
	struct http_header headers[5] = {{"Host", target.shown},
		{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
	size_t n = 2;
	sigv4_init(&signature);
	if (keys) {
		struct sigv4_scope scope = {role->region, "sts", now_us, 0, 0};
		struct sigv4_request request = {
			"POST", SLICE("/"), SLICE(""), headers, n, sigv4_hash(form, hash)};
		sigv4_sign(keys, &scope, &request, &signature);
		buf_push(&signature.value, 0);
		headers[n++] = (struct http_header){"X-Amz-Date", signature.date};
		if (keys->token && *keys->token)
			headers[n++] = (struct http_header){"X-Amz-Security-Token", keys->token};
		headers[n++] = (struct http_header){"Authorization", signature.value.ptr};
	}
	struct http_request request = {.method = "POST",
		.url = url,
		.headers = headers + 1,
		.header_count = n - 1,
		.body = form,
		.guard = settings->sts_endpoint ? settings->sts_guard : GUARD_PUBLIC_ONLY,
		.plain = settings->sts_endpoint && settings->sts_plain};
	static const struct retry_policy policy = {
		.attempts = 4, .budget_ms = 60000, .longest_ms = 20000, .repeatable = true};
	http_reply_init(&reply);
	int status = retry_perform(provider->client, &request, &policy, NULL, &reply, NULL, err);
	status = status < 0 ? err_context(err, "STS") : read_sts(&reply, role, set, err);
	wipe_reply(&reply);
	sigv4_fini(&signature);
	return status;
}

int credentials_assume(struct credential_provider *provider, const struct credential_role *role,
	int64_t now_us, struct credential_set *base, struct err *err)
{
	struct buf form;
	struct sigv4_keys keys = {base->id, base->secret, base->token};
	buf_init(&form, REPLY_MOST);
	add(&form, "Action", "AssumeRole");
	add(&form, "Version", "2011-06-15");
	add(&form, "RoleArn", role->arn);
	add(&form, "RoleSessionName", role->session_name);
	add(&form, "ExternalId", role->external_id);
	int status = ask_sts(provider, role, &keys, now_us, buf_view(&form), base, err);
	buf_fini(&form);
	return status;
}

int credentials_from_web_identity(struct credential_provider *provider,
	const struct credential_role *role, const char *token_file, struct credential_set *set,
	struct err *err)
{
	struct buf form;
	char *token = credentials_read_value(token_file, err);
	if (!token)
		return -1;
	buf_init(&form, REPLY_MOST);
	add(&form, "Action", "AssumeRoleWithWebIdentity");
	add(&form, "Version", "2011-06-15");
	add(&form, "RoleArn", role->arn);
	add(&form, "RoleSessionName", role->session_name);
	add(&form, "WebIdentityToken", token);
	int status = ask_sts(provider, role, NULL, 0, buf_view(&form), set, err);
	explicit_bzero(token, strlen(token));
	free(token);
	if (form.ptr)
		explicit_bzero(form.ptr, form.cap);
	buf_fini(&form);
	return status;
}
