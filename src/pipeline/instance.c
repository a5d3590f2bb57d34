/* SPDX-License-Identifier: Apache-2.0 */
/* instance.c: what people call an instance, and what its events are kept under: a site of the cloud has an id
 * that nobody types. */
#include "pipeline/collect.h"

struct naming {
	const char *said; /* in its normal form, without a scheme */
	struct arena *mem;
	const char *found;
};

/* The normal form without https://, in `mem`. */
static const char *plain_form(const char *text, struct arena *mem)
{
	struct buf form;
	buf_init(&form, 8192);
	decode_instance(slice_of(text), &form);
	struct slice view = buf_view(&form);
	const char *scheme = view.len ? memmem(view.ptr, view.len, "://", 3) : NULL;
	if (scheme) {
		view.len -= (size_t)(scheme + 3 - view.ptr);
		view.ptr = scheme + 3;
	}
	const char *copy = arena_strdup(mem, view.len ? view : SLICE(""));
	buf_fini(&form);
	return copy;
}

static int look_at(void *ctx, const struct connection *connection, struct err *err)
{
	struct naming *naming = ctx;
	struct settings settings = {0};
	if (!*connection->instance || naming->found)
		return 0;
	if (connection_settings(connection, &settings, err) < 0)
		return -1;
	const char *names[] = {connection->name, connection->instance,
		settings_get(&settings, "site"), settings_get(&settings, "domain"),
		settings_get(&settings, "base")};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i] && strcmp(plain_form(names[i], naming->mem), naming->said) == 0)
			naming->found = arena_strdup(naming->mem, slice_of(connection->instance));
	}
	settings_fini(&settings);
	return 0;
}

int connection_instance(struct store *store, const char *said, struct arena *mem,
	const char **instance, struct err *err)
{
	struct naming naming = {.said = plain_form(said, mem), .mem = mem};
	if (store_connections(store, look_at, &naming, err) < 0)
		return -1;
	*instance = naming.found ? naming.found : arena_strdup(mem, slice_of(said));
	return 0;
}
