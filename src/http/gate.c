/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c: who may: tokens and sessions, read out of the catalog at most once a second, or, for one that is not known, ten times a
 * second. Hashes are compared, in constant time: what is looked for cannot be guessed byte by byte.
 */
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/private.h"

enum {
	FRESH_US = 1000 * 1000,
	MISSED_US = 100 * 1000,
	KEPT_MOST = 10000,       /* tokens, and sessions */
	USED_US = 300 * 1000000, /* how late the catalog may know that a session is used */
};

struct kept {
	uint8_t hash[TOKEN_HASH];
	struct pass pass; /* ends: 0 = never; of a session, however much it is used */
	int64_t used_at;  /* of a session; 0 = it is a token */
};
struct list {
	struct kept *kept;
	unsigned n, cap;
};
struct gate {
	char *data;
	struct list tokens, sessions;
	int64_t read_at; /* clock_mono_us; 0 = never */
	atomic_bool stale;
};

struct gate *gate_new(const char *data)
{
	struct gate *gate = xcalloc(1, sizeof(*gate));
	gate->data = xstrdup(data);
	return gate;
}

void gate_free(struct gate *gate)
{
	if (!gate)
		return;
	free(gate->data);
	free(gate->tokens.kept);
	free(gate->sessions.kept);
	free(gate);
}

void gate_stale(struct gate *gate)
{
	gate->stale = true;
}

static struct kept *add(struct list *list, const uint8_t *hash)
{
	_Static_assert((int)SESSION_HASH == (int)TOKEN_HASH, "both are SHA-256");
	if (list->n == KEPT_MOST)
		return NULL;
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->kept = xrealloc(list->kept, list->cap * sizeof(*list->kept));
	}
	struct kept *kept = &list->kept[list->n++];
	*kept = (struct kept){.used_at = 0};
	memcpy(kept->hash, hash, TOKEN_HASH);
	return kept;
}

static int keep_token(void *ctx, const struct api_token *token, struct err *err)
{
	struct gate *gate = ctx;
	struct kept *kept = add(&gate->tokens, token->hash);
	(void)err;
	if (!kept)
		return 0;
	kept->pass = (struct pass){.role = token->role, .ends = token->expires_at};
	snprintf(kept->pass.who, sizeof(kept->pass.who), "token %s", token->name);
	return 0;
}

static int keep_session(void *ctx, const struct session *session, struct err *err)
{
	struct gate *gate = ctx;
	struct kept *kept = add(&gate->sessions, session->hash);
	(void)err;
	if (!kept)
		return 0;
	kept->pass = (struct pass){.role = session->role,
		.must_change = session->must_change,
		.ends = session->ends_at};
	kept->used_at = session->used_at;
	snprintf(kept->pass.who, sizeof(kept->pass.who), "%s", session->name);
	return 0;
}

/* A catalog that cannot be read lets nobody in. */
static void read_all(struct gate *gate)
{
	struct store *store;
	struct err err = {0};
	gate->stale = false;
	gate->read_at = clock_mono_us();
	gate->tokens.n = gate->sessions.n = 0;
	if (store_open(gate->data, STORE_READ, &store, &err) == 0) {
		if (token_list(store, keep_token, gate, &err) < 0 ||
			session_list(store, keep_session, gate, &err) < 0)
			gate->tokens.n = gate->sessions.n = 0;
		store_close(store);
	}
	if (err.kind && err.kind != ERR_NOT_FOUND)
		log_warn("tokens and sessions cannot be read: %s", err.text);
}

static int64_t end_of(const struct kept *kept)
{
	return kept->used_at ? session_end_of(kept->used_at, kept->pass.ends) : kept->pass.ends;
}

static struct kept *find(const struct list *list, const uint8_t hash[TOKEN_HASH])
{
	int64_t now = clock_now_us();
	for (unsigned i = 0; i < list->n; i++) {
		struct kept *kept = &list->kept[i];
		if (CRYPTO_memcmp(kept->hash, hash, TOKEN_HASH) == 0)
			return end_of(kept) && end_of(kept) <= now ? NULL : kept;
	}
	return NULL;
}

static struct kept *look(struct gate *gate, const struct list *list, const uint8_t *hash)
{
	int64_t age = clock_mono_us() - gate->read_at;
	if (gate->read_at == 0 || age > FRESH_US || gate->stale)
		read_all(gate), age = 0;
	struct kept *kept = find(list, hash);
	if (!kept && age > MISSED_US) {
		read_all(gate);
		kept = find(list, hash);
	}
	return kept;
}

enum access_role gate_token(struct gate *gate, const char *authorization, char who[HTTP_WHO])
{
	uint8_t hash[TOKEN_HASH];
	who[0] = '\0';
	if (strncasecmp(authorization, "Bearer ", 7) != 0)
		return ROLE_NONE;
	authorization += 7 + strspn(authorization + 7, " ");
	if (!token_hash(slice_of(authorization), hash))
		return ROLE_NONE;
	const struct kept *kept = look(gate, &gate->tokens, hash);
	if (!kept)
		return ROLE_NONE;
	memcpy(who, kept->pass.who, HTTP_WHO);
	return kept->pass.role;
}

struct pass gate_session(struct gate *gate, const char *text)
{
	uint8_t hash[SESSION_HASH];
	struct pass pass = {.role = ROLE_NONE};
	if (!session_hash(slice_of(text), hash))
		return pass;
	struct kept *kept = look(gate, &gate->sessions, hash);
	if (!kept)
		return pass;
	pass = kept->pass;
	int64_t now = clock_now_us();
	pass.used = now - kept->used_at > USED_US;
	kept->used_at = pass.used ? now : kept->used_at;
	pass.ends = end_of(kept);
	return pass;
}
