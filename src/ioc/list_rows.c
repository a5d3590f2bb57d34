/* SPDX-License-Identifier: Apache-2.0 */
/* list_rows.c: tables of indicators: which column holds what, by the names of columns and by what stands in them. */
#include <stdlib.h>

#include "ioc/list_private.h"

/* The words for each role, the best first. */
static const char *const value_names[] = {"ioc_value", "ioc", "indicator", "indicator_value",
	"observable", "value", "url", "sha256_hash", "sha256", "dst_ip", "ip_address", "ip",
	"ipaddress", "domain", "fqdn", "hostname", "host", "email", "sha1_hash", "sha1", "md5_hash",
	"md5", "hash", "cidr", "network", "netblock", "address", "src_ip", "username", "user",
	NULL};
static const char *const type_names[] = {
	"ioc_type", "indicator_type", "observable_type", "type", "kind", NULL};
static const char *const id_names[] = {"ioc_id", "id", "uuid", "phish_id", "indicator_id", NULL};
static const char *const tag_names[] = {"tags", "tag", "labels", NULL};
static const char *const description_names[] = {"description", "comment", "meta.desc", "threat",
	"malware_printable", "malware", "fk_malware", "signature", "listingreason", "threat_type",
	"note", NULL};
static const char *const confidence_names[] = {"confidence_level", "confidence", "score", NULL};
static const char *const from_names[] = {"first_seen_utc", "first_seen", "firstseen", "dateadded",
	"date_added", "listingdate", "valid_from", "submission_time", "created", "date", NULL};
static const char *const expires_names[] = {
	"expires", "valid_until", "expiration", "expiration_date", "expiry", NULL};
static const char *const reference_names[] = {"reference", "references", "urlhaus_link", "meta.url",
	"phish_detail_url", "reference_url", "link", "meta.source", "source", NULL};

static const char *const *const names[ROW_ROLES] = {
	[ROW_VALUE] = value_names,
	[ROW_TYPE] = type_names,
	[ROW_ID] = id_names,
	[ROW_TAGS] = tag_names,
	[ROW_DESCRIPTION] = description_names,
	[ROW_CONFIDENCE] = confidence_names,
	[ROW_FROM] = from_names,
	[ROW_EXPIRES] = expires_names,
	[ROW_REFERENCE] = reference_names,
};

/* "Dateadded (UTC)" is dateadded, "Indicator Type" is indicator_type. */
static bool is_called(struct slice field, const char *name)
{
	field = list_trim(field);
	const char *round = field.len ? memchr(field.ptr, '(', field.len) : NULL;
	if (round)
		field = list_trim((struct slice){field.ptr, (size_t)(round - field.ptr)});
	if (field.len != strlen(name))
		return false;
	for (size_t i = 0; i < field.len; i++) {
		char c = field.ptr[i];
		c = c == ' ' || c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		if (c != name[i])
			return false;
	}
	return true;
}

static int field_called(const struct row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (is_called(row->fields[i], name))
			return (int)i;
	return -1;
}

bool row_is_header(const struct row *row)
{
	for (int role = 0; role < ROW_ROLES; role++)
		for (size_t i = 0; names[role][i]; i++)
			if (field_called(row, names[role][i]) >= 0)
				return true;
	return false;
}

/* The field that is called so, without regard to case; -1. */
static int field_named(const struct row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (list_same(list_trim(row->fields[i]), name))
			return (int)i;
	return field_called(row, name);
}

bool row_has_name(const struct row *row, const char *name)
{
	return name && field_named(row, name) >= 0;
}

/* How many of the rows have an indicator there, and how many have anything. */
static size_t count_forms(
	struct list *list, const struct row *rows, size_t n, size_t field, size_t *all)
{
	size_t good = 0;
	*all = 0;
	for (size_t i = 0; i < n; i++) {
		struct slice value =
			field < rows[i].n ? list_trim(rows[i].fields[field]) : (struct slice){0};
		if (value.len == 0 || list_same(value, "None") || list_same(value, "n/a"))
			continue;
		++*all;
		good += list_has_form(list, value);
		arena_reset(&list->mem);
	}
	return good;
}

static bool holds_indicators(struct list *list, const struct row *rows, size_t n, size_t field)
{
	size_t all, good = count_forms(list, rows, n, field, &all);
	return good > 0 && good * 2 >= all;
}

/* The best of the columns that are called as values are, and hold some; or the one that holds the most. */
static int guess_value(
	struct list *list, const struct row *header, const struct row *sample, size_t n)
{
	for (size_t i = 0; header && value_names[i]; i++) {
		int field = field_called(header, value_names[i]);
		bool typed = i < 6; /* names of values of any kind, which words may be too */
		if (field >= 0 &&
			(n == 0 || typed || holds_indicators(list, sample, n, (size_t)field)))
			return field;
	}
	size_t most = 0;
	int best = -1;
	for (size_t field = 0; n > 0 && field < sample[0].n; field++) {
		size_t all, good = count_forms(list, sample, n, field, &all);
		if (good > most && good * 2 >= all) {
			most = good;
			best = (int)field;
		}
	}
	return best;
}

/* The column that somebody named: a name or a number from 1. */
static int named_value(struct list *list, const struct row *header, const struct row *first)
{
	const char *column = list->options->column;
	char *end;
	int field = header ? field_named(header, column) : -1;
	if (field >= 0)
		return field;
	unsigned long number = strtoul(column, &end, 10);
	if (*end == 0 && number >= 1 && number <= (header ? header->n : first->n))
		return (int)number - 1;
	return list_error(list, "there is no column %s", column);
}

int row_shape(struct list *list, const struct row *header, const struct row *sample, size_t nsample,
	struct row_shape *shape)
{
	for (int role = 0; role < ROW_ROLES; role++) {
		shape->field[role] = -1;
		for (size_t i = 0; header && shape->field[role] < 0 && names[role][i]; i++)
			shape->field[role] = field_called(header, names[role][i]);
	}
	if (!header && nsample == 0)
		return 0;
	if (list->options->column) {
		shape->field[ROW_VALUE] = named_value(list, header, nsample ? sample : header);
		return shape->field[ROW_VALUE] < 0 ? -1 : 0;
	}
	shape->field[ROW_VALUE] = guess_value(list, header, sample, nsample);
	if (shape->field[ROW_VALUE] < 0)
		return list_error(list, "no column holds indicators; name the column (its name or "
					"number), or the kind of "
					"its values");
	return 0;
}

static struct slice field_of(
	const struct row *row, const struct row_shape *shape, enum row_role role)
{
	int field = shape->field[role];
	if (field < 0 || (size_t)field >= row->n)
		return (struct slice){0};
	struct slice text = list_trim(row->fields[field]);
	if (list_same(text, "None") || list_same(text, "-"))
		text.len = 0;
	return text;
}

int row_emit(struct list *list, const struct row *row, const struct row_shape *shape)
{
	struct ioc_entry entry = list_entry();
	enum ioc_kind kind;
	entry.text = field_of(row, shape, ROW_VALUE);
	entry.line = list->line;
	entry.id = field_of(row, shape, ROW_ID);
	entry.type = field_of(row, shape, ROW_TYPE);
	entry.tags = field_of(row, shape, ROW_TAGS);
	entry.description = field_of(row, shape, ROW_DESCRIPTION);
	entry.reference = field_of(row, shape, ROW_REFERENCE);
	entry.confidence = list_confidence(field_of(row, shape, ROW_CONFIDENCE));
	entry.valid_from = list_time(field_of(row, shape, ROW_FROM));
	entry.expires = list_time(field_of(row, shape, ROW_EXPIRES));
	if (entry.text.len == 0) {
		list->counts->skipped++;
		return 0;
	}
	if (list_type(entry.type, &kind) == LIST_TYPE_OTHER && list->options->kind == IOC_NONE)
		return list_emit_unusable(list, &entry, list_not_looked_for);
	return list_emit(list, &entry, kind);
}
