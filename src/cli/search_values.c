/* SPDX-License-Identifier: Apache-2.0 */
/* search_values.c (cli/): pugmark search --values FIELD [PREFIX]: the values that a field has, most
 * frequent first, for people who look for the right word and for completion in shells. */
#include "cli/search.h"

enum { VALUES_MOST = 100, VALUES_MS = 200, VALUES_PATIENT_MS = 60000 };

struct value_list {
	bool json;
	uint64_t n;
};

static int print_value(void *ctx, struct slice value, uint64_t count, struct err *err)
{
	struct value_list *list = ctx;
	struct buf out;
	buf_init(&out, (size_t)64 << 20);
	if (list->json) {
		buf_puts(&out, list->n ? ",\n{\"value\":" : "[{\"value\":");
		text_json_string(&out, value);
		buf_printf(&out, ",\"count\":%llu}", (unsigned long long)count);
	} else {
		text_escape(&out, value);
		buf_printf(&out, "\t%llu\n", (unsigned long long)count);
	}
	list->n++;
	bool all = fwrite(out.ptr, 1, out.len, stdout) == out.len;
	buf_fini(&out);
	return all ? 0 : err_errno(err, "writing the values");
}

int search_print_values(struct searching *s)
{
	struct err err = {0};
	const char *field = s->line->values[OPT_VALUES];
	struct value_list list = {.json = s->format == FORMAT_JSON};
	uint32_t most = s->line->values[OPT_LIMIT]
				? (uint32_t)(s->limit < UINT32_MAX ? s->limit : UINT32_MAX)
				: VALUES_MOST;
	unsigned patience = s->line->values[OPT_TIMEOUT] ? s->request.seconds * 1000 : VALUES_MS;
	if (patience > VALUES_PATIENT_MS)
		patience = VALUES_PATIENT_MS;
	if (query_check_field(&s->tables, slice_of(field), &err) < 0 ||
		search_values(s->store, &s->tables, field, s->query, most, patience, print_value,
			&list, &err) < 0)
		return fail(&err);
	if (list.json)
		puts(list.n ? "]" : "[]");
	return fflush(stdout) == 0 ? EXIT_DONE : fail(&err);
}
