/* SPDX-License-Identifier: Apache-2.0 */
/* connect.h (private to connect*.c and sources.c): a source on its way from words to a connection. */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include "cli/private.h"
#include "pipeline/collect.h"

struct connecting {
	const struct command_line *line;
	const struct source_kind *kind;
	bool bitbucket; /* `connect bitbucket`: the preset */
	struct arena mem;
	struct settings settings;
	const char *typed;  /* domain, base URL, organisation's id, bucket, folder */
	const char *secret; /* the token; "" = none; overwritten at the end */
	size_t secret_len;
	struct connection connection;
	const struct schema *schema;
	struct schema *owned_schema;
	bool tty;                /* somebody can be asked */
	bool guided;             /* it was told what the kind wants */
	bool quiet;              /* --json: steps are members of the object */
	char seen_instance[800]; /* in the newest record; "" = it says none */
	unsigned warnings;
	struct buf steps;     /* JSON */
	struct buf events;    /* the newest ones, JSON */
	const char *phase;    /* of the test */
	int64_t history_from; /* 0 = not known */
	/* more secrets of buckets */
	struct connection_secret extra[2];
	uint32_t nextra;
};

/* connect_ask.c: settings and secrets from options, --from, or questions. 0, or -1 told or in `err`. */
int connect_gather(struct connecting *c, struct err *err);
/* Asks a yes-or-no question on the terminal; false where nobody can be asked. */
bool connect_confirm(const struct connecting *c, const char *question);
/* One step of a test, as it is done. */
void connect_step(void *ctx, enum test_mark mark, const char *text);
/* A table of the newest events as they will be stored. */
void connect_preview_begin(struct connecting *c);
void connect_preview_row(void *ctx, const struct preview_row *row);
/* Appends `,"events":[…],"history_from":…`: what the test saw. */
void connect_seen_json(const struct connecting *c, struct buf *out);
/* Overwrites the secrets and frees. */
void connect_fini(struct connecting *c);

/* connect_try.c: tries the source out. 0, or -1 with the sentence (told as a step already). */
int connect_try(struct connecting *c, struct err *err);

#endif
