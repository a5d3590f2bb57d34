/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c: schema files from text to plan, and the built-in ones, each compiled once. */
#include "schema/schema.h"

#include <pthread.h>
#include <stdlib.h>

#include "schema/builtin.h"
#include "schema/draft.h"

enum { MAX_BUILTIN = 32 };

int schema_parse(struct slice text, const char *name, struct schema **out, struct err *err)
{
	struct schema *schema = xcalloc(1, sizeof(*schema));
	struct arena scratch;
	arena_init(&scratch);
	arena_init(&schema->mem);
	struct draft *draft = arena_zalloc(&scratch, 1, sizeof(*draft));
	draft->file = name;
	draft->mem = &scratch;
	struct yaml_tree *root;
	int rc = yaml_tree_read(text, &draft_form, name, 0, &scratch, &root, err);
	if (rc == 0)
		rc = draft_read(draft, root, err);
	if (rc == 0)
		rc = draft_compile(draft, schema, err);
	arena_fini(&scratch);
	if (rc != 0) {
		schema_free(schema);
		schema = NULL;
	}
	*out = schema;
	return rc;
}

int schema_load(const char *path, struct schema **schema, struct err *err)
{
	char *text;
	size_t len;
	*schema = NULL;
	if (io_read_file(path, LIMIT_SCHEMA_BYTES, &text, &len, err) != 0)
		return -1;
	int rc = schema_parse((struct slice){text, len}, path, schema, err);
	free(text);
	return rc;
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	arena_fini(&schema->mem);
	free(schema);
}

const struct schema *schema_builtin(unsigned i)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct schema *compiled[MAX_BUILTIN];
	struct slice text = schema_builtin_text(i);
	if (text.len == 0)
		return NULL;
	pthread_mutex_lock(&lock);
	if (!compiled[i]) {
		struct err err;
		if (schema_parse(text, builtin_files[i].name, &compiled[i], &err) != 0) {
			log_error("built-in schema: %s", err.text);
			abort();
		}
	}
	const struct schema *schema = compiled[i];
	pthread_mutex_unlock(&lock);
	return schema;
}

struct slice schema_builtin_text(unsigned i)
{
	for (unsigned n = 0; n < MAX_BUILTIN && builtin_files[n].name; n++)
		if (n == i)
			return (struct slice){builtin_files[n].text, builtin_files[n].len};
	return (struct slice){NULL, 0};
}

const struct schema *schema_find(const char *table)
{
	/* By the names beside the texts: a table that nobody asks for is not compiled. */
	for (unsigned i = 0; i < MAX_BUILTIN && builtin_files[i].name; i++)
		if (strcmp(builtin_files[i].table, table) == 0 ||
			strcmp(builtin_files[i].product, table) == 0)
			return schema_builtin(i);
	return NULL;
}
