/* SPDX-License-Identifier: Apache-2.0 */
/* names.c: the words that schema files are made of: system columns, types, observables, and what a
 * name may look like. */
#include "schema/draft.h"

/* Group 0 of every table is `targets`. */
const struct column_shape sys_columns[SYS_COLUMNS] = {
	[SYS_EVENT_ID] = {"event_id", COL_UUID, NO_GROUP, 0},
	[SYS_EVENT_TIME] = {"event_time", COL_TIME, NO_GROUP, 0},
	[SYS_RECEIVED_AT] = {"received_at", COL_TIME, NO_GROUP, 0},
	[SYS_SOURCE] = {"source", COL_STRING, NO_GROUP, 0},
	[SYS_INSTANCE] = {"instance", COL_STRING, NO_GROUP, 0},
	[SYS_ACTOR] = {"actor", COL_STRING, NO_GROUP, OBS_USER},
	[SYS_ACTOR_ID] = {"actor_id", COL_STRING, NO_GROUP, OBS_ACCOUNT},
	[SYS_ACTION] = {"action", COL_STRING, NO_GROUP, 0},
	[SYS_CATEGORY] = {"category", COL_STRING, NO_GROUP, 0},
	[SYS_IP] = {"ip", COL_STRING, NO_GROUP, OBS_IP},
	[SYS_IP_BYTES] = {"ip_bytes", COL_IP, NO_GROUP, 0},
	[SYS_TARGET] = {"target", COL_STRING, NO_GROUP, OBS_TEXT},
	[SYS_TARGET_TYPE] = {"target_type", COL_STRING, NO_GROUP, 0},
	[SYS_SUMMARY] = {"summary", COL_STRING, NO_GROUP, OBS_TEXT},
	[SYS_TARGETS] = {"targets", COL_STRING, 0, OBS_TEXT},
	[SYS_REPAIRED] = {"repaired", COL_BOOL, NO_GROUP, 0},
	[SYS_LENIENT_TIME] = {"lenient_time", COL_BOOL, NO_GROUP, 0},
	[SYS_SECONDARY] = {"secondary", COL_BOOL, NO_GROUP, 0},
	[SYS_VAULT_FILE] = {"vault_file", COL_INT32, NO_GROUP, 0},
	[SYS_VAULT_FRAME] = {"vault_frame", COL_INT32, NO_GROUP, 0},
	[SYS_VAULT_OFFSET] = {"vault_offset", COL_INT32, NO_GROUP, 0},
	[SYS_VAULT_LENGTH] = {"vault_length", COL_INT32, NO_GROUP, 0},
	[SYS_EXTRA] = {"extra", COL_JSON, NO_GROUP, 0},
};

int sys_find(const char *name)
{
	for (int i = 0; i < SYS_COLUMNS; i++)
		if (strcmp(sys_columns[i].name, name) == 0)
			return i;
	return -1;
}

bool sys_is_common(int sys)
{
	return sys >= SYS_ACTOR && sys <= SYS_SUMMARY && sys != SYS_IP_BYTES && sys != SYS_TARGET &&
	       sys != SYS_TARGET_TYPE;
}

const char *schema_type_name(enum col_type type)
{
	static const char *const names[] = {
		[COL_STRING] = "string",
		[COL_JSON] = "json",
		[COL_INT64] = "int",
		[COL_INT32] = "int32",
		[COL_BOOL] = "bool",
		[COL_TIME] = "time",
		[COL_UUID] = "uuid",
		[COL_IP] = "ip",
	};
	return (size_t)type < sizeof(names) / sizeof(*names) ? names[type] : NULL;
}

const char *observable_name(enum observable observable)
{
	static const char *const names[OBS_KINDS] = {
		[OBS_NONE] = "none",
		[OBS_IP] = "ip",
		[OBS_DOMAIN] = "domain",
		[OBS_URL] = "url",
		[OBS_EMAIL] = "email",
		[OBS_HASH] = "hash",
		[OBS_USER] = "user",
		[OBS_ACCOUNT] = "account",
		[OBS_AGENT] = "agent",
		[OBS_HOST] = "host",
		[OBS_TEXT] = "text",
		[OBS_OTHER] = "other",
	};
	return observable < OBS_KINDS ? names[observable] : NULL;
}

/* Views of the catalog and of all tables, which a table would hide. */
static bool is_reserved(const char *table)
{
	static const char *const words[] = {
		"events", "sources", "segments", "rejects", "tables", "alerts"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(table, words[i]) == 0)
			return true;
	return false;
}

int draft_check_name(const struct draft *draft, const char *name, uint32_t line, const char *what,
	struct err *err)
{
	char shown[YAML_SHOWN];
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
	if (name[0] < 'a' || name[0] > 'z' || name[n] != '\0')
		return yaml_error(err, draft->file, line,
			"\"%s\" cannot name a %s: use lower-case letters, digits and _, a letter "
			"first",
			yaml_shown(name, shown), what);
	if (n > DRAFT_NAME)
		return yaml_error(err, draft->file, line,
			"the name \"%s\" is too long: use at most %d characters",
			yaml_shown(name, shown), DRAFT_NAME);
	if (strcmp(what, "table") == 0 && is_reserved(name))
		return yaml_error(err, draft->file, line,
			"\"%s\" is a view of pugmark's own: give the table another name", name);
	return 0;
}

int draft_find_column(const struct draft *draft, int list, const char *name)
{
	for (uint32_t i = 0; i < draft->ncolumns; i++)
		if (draft->columns[i].list == list && strcmp(draft->columns[i].name, name) == 0)
			return (int)i;
	return -1;
}

int draft_find_list(const struct draft *draft, const char *name)
{
	for (uint32_t i = 0; i < draft->nlists; i++)
		if (strcmp(draft->lists[i].name, name) == 0)
			return (int)i;
	return -1;
}
