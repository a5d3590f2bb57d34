/* SPDX-License-Identifier: Apache-2.0 */
/* sources_try.c: pugmark sources test: a saved connection tried out with its saved token, as connect does. */
#include "cli/connect.h"
#include "cli/sources.h"

/* A bucket's keys, where they are sealed here. */
static int load_keys(
	struct connecting *c, struct store *store, const struct secret_key *key, struct err *err)
{
	static const char *const fields[] = {"access_key_id", "secret_access_key"};
	for (size_t i = 0; i < 2; i++) {
		struct secret one = {0};
		int rc = store_connection_secret(
			store, c->connection.name, fields[i], key, &one, err);
		if (rc < 1)
			return rc;
		c->extra[c->nextra++] = (struct connection_secret){
			fields[i], slice_of(arena_strdup(&c->mem, slice_of(one.text)))};
		secret_wipe(&one);
	}
	return 0;
}

static int load_secret(
	struct connecting *c, struct store *store, struct secret *secret, struct err *err)
{
	struct secret_key *key;
	bool objects = c->kind->shape == SOURCE_OBJECTS;
	if (objects && !strstr(c->connection.secrets, "access_key_id"))
		return 0;
	if (store_secret_key(store, key_file(c->line), false, &key, err) < 0)
		return -1;
	const char *name = c->connection.name;
	int rc = objects ? load_keys(c, store, key, err)
			 : store_connection_secret(store, name, "api_token", key, secret, err);
	secret_key_free(key);
	return rc;
}

static const char *typed(const struct connecting *c)
{
	static const char *const names[] = {"domain", "org_id", "bucket", "path"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = settings_get(&c->settings, names[i]);
		if (value)
			return value;
	}
	return "";
}

int sources_test(const struct command_line *line, struct store *store, struct err *err)
{
	struct connecting c = {.line = line, .quiet = line->values[OPT_JSON] != NULL};
	struct secret secret = {0};
	struct buf seen;
	buf_init(&c.steps, 1 << 20);
	buf_init(&c.events, 1 << 20);
	buf_init(&seen, 2 << 20);
	int rc = store_connection_get(store, line->args[1], &c.mem, &c.connection, err);
	if (rc == 0)
		rc = err_set(err, ERR_NOT_FOUND,
			"there is no source %s: pugmark sources lists them", line->args[1]);
	c.kind = rc == 1 ? source_kind_find(c.connection.kind) : NULL;
	if (rc == 1 && !c.kind)
		rc = err_set(err, ERR_USAGE, "%s is of the kind %s: there is nothing to try out",
			line->args[1], c.connection.kind);
	if (rc == 1 && (connection_settings(&c.connection, &c.settings, err) < 0 ||
			       store_schema(store_dir(store), c.connection.table, &c.schema,
				       &c.owned_schema, err) < 0 ||
			       load_secret(&c, store, &secret, err) < 0))
		rc = -1;
	c.typed = typed(&c);
	char *copy = secret.text ? secret.text : NULL;
	if (rc == 1) {
		c.secret = copy ? copy : "";
		if (!c.quiet)
			printf("testing %s:\n", c.connection.name);
		rc = connect_try(&c, err) < 0 ? -1 : 0;
		c.secret = NULL; /* wiped below */
	}
	connect_seen_json(&c, &seen);
	if (c.quiet)
		printf("{\"works\":%s%.*s,\"steps\":[%.*s]}\n", rc == 0 ? "true" : "false",
			SLICE_ARG(buf_view(&seen)), SLICE_ARG(buf_view(&c.steps)));
	buf_fini(&seen);
	secret_wipe(&secret);
	connect_fini(&c);
	return rc < 0 ? -1 : c.warnings > 0;
}
