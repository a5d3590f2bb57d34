/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.c: who may: the tokens, read out of the catalog at most once a second, or, for one that is not known, ten times a second.
 * Hashes are compared, in constant time: what is looked for cannot be guessed byte by byte.
 */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/private.h"

enum { FRESH_US = 1000 * 1000, MISSED_US = 100 * 1000, TOKENS_MOST = 10000 };

struct kept {
	char name[64];
	uint8_t hash[TOKEN_HASH];
	enum access_role role;
	int64_t expires_at;
};
struct gate {
	char *data;
	struct kept *tokens;
	unsigned n, cap;
	int64_t read_at; /* clock_mono_us; 0 = never */
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
	free(gate->tokens);
	free(gate);
}

static int keep(void *ctx, const struct api_token *token, struct err *err)
{
	struct gate *gate = ctx;
	(void)err;
	if (gate->n == TOKENS_MOST)
		return 0;
	if (gate->n == gate->cap) {
		gate->cap = gate->cap ? gate->cap * 2 : 16;
		gate->tokens = xrealloc(gate->tokens, gate->cap * sizeof(*gate->tokens));
	}
	struct kept *kept = &gate->tokens[gate->n++];
	snprintf(kept->name, sizeof(kept->name), "%s", token->name);
	memcpy(kept->hash, token->hash, TOKEN_HASH);
	kept->role = token->role;
	kept->expires_at = token->expires_at;
	return 0;
}

/* A catalog that cannot be read lets nobody in. */
static void read_all(struct gate *gate)
{
	struct store *store;
	struct err err = {0};
	gate->read_at = clock_mono_us();
	gate->n = 0;
	if (store_open(gate->data, STORE_READ, &store, &err) == 0) {
		if (token_list(store, keep, gate, &err) < 0)
			gate->n = 0;
		store_close(store);
	}
	if (err.kind && err.kind != ERR_NOT_FOUND)
		log_warn("tokens cannot be read: %s", err.text);
}

static const struct kept *find(const struct gate *gate, const uint8_t hash[TOKEN_HASH])
{
	int64_t now = clock_now_us();
	for (unsigned i = 0; i < gate->n; i++) {
		const struct kept *kept = &gate->tokens[i];
		if (CRYPTO_memcmp(kept->hash, hash, TOKEN_HASH) == 0)
			return kept->expires_at && kept->expires_at <= now ? NULL : kept;
	}
	return NULL;
}

enum access_role gate_ask(struct gate *gate, const char *authorization, char name[64])
{
	uint8_t hash[TOKEN_HASH];
	name[0] = '\0';
	if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0)
		return ROLE_NONE;
	authorization += 7 + strspn(authorization + 7, " ");
	if (!token_hash(slice_of(authorization), hash))
		return ROLE_NONE;
	int64_t age = clock_mono_us() - gate->read_at;
	if (gate->read_at == 0 || age > FRESH_US)
		read_all(gate), age = 0;
	const struct kept *kept = find(gate, hash);
	if (!kept && age > MISSED_US) {
		read_all(gate);
		kept = find(gate, hash);
	}
	if (!kept)
		return ROLE_NONE;
	memcpy(name, kept->name, sizeof(kept->name));
	return kept->role;
}
