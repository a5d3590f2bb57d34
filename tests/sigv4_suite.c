/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4_suite.c: runs AWS's Signature Version 4 test vectors: sigv4_suite FOLDER, one that holds a
 * folder for each case. Each is signed in the header and in the query, and compared at each step. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "json/json.h"
#include "net/sigv4.h"

struct vector {
	struct arena mem;
	struct sigv4_keys keys;
	struct sigv4_scope scope;
	struct sigv4_request request;
	struct http_header headers[40];
	bool sign_body;
	char hash[SIGV4_HEX];
	const char *body, *target; /* the request's, as text */
};

static struct slice read_text(struct arena *mem, const char *folder, const char *name)
{
	char path[1000];
	struct err err;
	char *data;
	size_t n;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (io_read_file(path, 1 << 20, &data, &n, &err) < 0) {
		fprintf(stderr, "sigv4_suite: %s\n", err.text);
		exit(1);
	}
	struct slice text = {arena_strdup(mem, (struct slice){data, n}), n};
	free(data);
	return text;
}

static char *text_of(struct vector *v, struct slice object, const char *key)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	char *copy =
		json_find_text(object, key, &text) ? arena_strdup(&v->mem, buf_view(&text)) : NULL;
	buf_fini(&text);
	return copy;
}

static bool is_true(struct slice object, const char *key)
{
	return slice_eq(json_find(object, key), SLICE("true"));
}

static void read_context(struct vector *v, const char *folder)
{
	struct slice all = read_text(&v->mem, folder, "context.json");
	struct slice keys = json_find(all, "credentials");
	int64_t end;
	v->keys.id = text_of(v, keys, "access_key_id");
	v->keys.secret = text_of(v, keys, "secret_access_key");
	v->keys.token = text_of(v, keys, "token");
	v->scope.region = text_of(v, all, "region");
	v->scope.service = text_of(v, all, "service");
	v->scope.flags = (is_true(all, "normalize") ? SIGV4_NORMALIZE : 0) |
			 (is_true(all, "omit_session_token") ? SIGV4_LATE_TOKEN : 0);
	v->sign_body = is_true(all, "sign_body");
	v->scope.expires_s = (unsigned)atoi(json_find(all, "expiration_in_seconds").ptr);
	clock_parse(slice_of(text_of(v, all, "timestamp")), 0, &v->scope.time_us, &end);
}

/* "GET /path?query HTTP/1.1": the target may hold blanks. */
static void read_target(struct vector *v, char *line)
{
	char *first = strchr(line, ' '), *last = strrchr(line, ' ');
	*first = *last = 0;
	v->request.method = line;
	v->target = first + 1;
	char *question = strchr(first + 1, '?');
	v->request.path = (struct slice){
		first + 1, question ? (size_t)(question - first - 1) : strlen(first + 1)};
	v->request.query = question ? slice_of(question + 1) : SLICE("");
}

static void read_request(struct vector *v, const char *folder)
{
	struct slice text = read_text(&v->mem, folder, "request.txt");
	char *at = arena_strdup(&v->mem, text), *end;
	size_t n = 0;
	v->body = "";
	for (bool first = true; at && *at; at = end, first = false) {
		end = strchr(at, '\n');
		/* A header's value goes on in lines that begin with a blank. */
		while (end && !first && *at != '\n' && (end[1] == ' ' || end[1] == '\t'))
			end = strchr(end + 1, '\n');
		if (end)
			*end++ = 0;
		if (first) {
			read_target(v, at);
		} else if (*at == 0) {
			v->body = end ? end : "";
			break;
		} else {
			char *colon = strchr(at, ':');
			*colon = 0;
			v->headers[n++] = (struct http_header){at, colon + 1};
		}
	}
	v->request.headers = v->headers;
	v->request.header_count = n;
	v->request.payload_hash = sigv4_hash(slice_of(v->body), v->hash);
}

static bool same(struct vector *v, const char *folder, const char *file, struct slice got)
{
	struct slice want = read_text(&v->mem, folder, file);
	while (want.len && want.ptr[want.len - 1] == '\n')
		want.len--;
	while (got.len && got.ptr[got.len - 1] == '\n')
		got.len--;
	if (slice_eq(want, got))
		return true;
	printf("FAIL %s/%s\n  want %.*s\n  got  %.*s\n", folder, file, SLICE_ARG(want),
		SLICE_ARG(got));
	return false;
}

/* The signed request must hold what we would send. */
static bool has(struct vector *v, const char *folder, const char *file, struct slice part)
{
	struct slice text = read_text(&v->mem, folder, file);
	if (memmem(text.ptr, text.len, part.ptr, part.len))
		return true;
	printf("FAIL %s/%s lacks %.*s\n", folder, file, SLICE_ARG(part));
	return false;
}

static bool check(struct vector *v, const char *folder, bool query)
{
	struct sigv4_signature out;
	char file[60];
	const char *form = query ? "query" : "header";
	sigv4_init(&out);
	if (query) {
		sigv4_presign(&v->keys, &v->scope, &v->request, &out);
	} else {
		if (v->sign_body)
			v->headers[v->request.header_count++] =
				(struct http_header){"x-amz-content-sha256", v->hash};
		sigv4_sign(&v->keys, &v->scope, &v->request, &out);
	}
	snprintf(file, sizeof(file), "%s-canonical-request.txt", form);
	bool good = same(v, folder, file, buf_view(&out.canonical));
	snprintf(file, sizeof(file), "%s-string-to-sign.txt", form);
	good = same(v, folder, file, buf_view(&out.to_sign)) && good;
	snprintf(file, sizeof(file), "%s-signature.txt", form);
	good = same(v, folder, file, slice_of(out.signature)) && good;
	snprintf(file, sizeof(file), "%s-signed-request.txt", form);
	good = has(v, folder, file, buf_view(&out.value)) && good;
	sigv4_fini(&out);
	return good;
}

static int run_case(const char *folder)
{
	struct vector v = {0};
	read_context(&v, folder);
	read_request(&v, folder);
	int failed = !check(&v, folder, true);
	failed += !check(&v, folder, false);
	arena_fini(&v.mem);
	return failed;
}

int main(int argc, char **argv)
{
	struct dirent **names;
	int failed = 0, cases = 0;
	int n = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	if (n < 0) {
		fprintf(stderr, "usage: sigv4_suite FOLDER\n");
		return 2;
	}
	for (int i = 0; i < n; i++) {
		char path[1000];
		snprintf(path, sizeof(path), "%s/%s", argv[1], names[i]->d_name);
		if (names[i]->d_name[0] != '.') {
			failed += run_case(path);
			cases++;
		}
		free(names[i]);
	}
	free(names);
	printf("aws-sigv4: %d vectors, %d failed\n", 2 * cases, failed);
	return failed || !cases;
}
