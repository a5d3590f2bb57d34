/* SPDX-License-Identifier: Apache-2.0 */
/* search_values.c (cli/): pugmark search --values FIELD [PREFIX]: the values that a field has, most
 * frequent first, for people who look for the right word and for completion in shells. */
#include "answer/answer.h"
#include "cli/search.h"

enum { VALUES_MOST = 100, VALUES_MS = 200, VALUES_PATIENT_MS = 60000 };

static int print_value(void *ctx, struct slice value, uint64_t count, struct err *err)
{
	struct buf out;
	(void)ctx;
	buf_init(&out, (size_t)64 << 20);
	text_escape(&out, value);
	buf_printf(&out, "\t%llu\n", (unsigned long long)count);
	bool all = fwrite(out.ptr, 1, out.len, stdout) == out.len;
	buf_fini(&out);
	return all ? 0 : err_errno(err, "writing the values");
}

static int print_json(
	struct searching *s, const char *field, uint32_t most, unsigned patience, struct err *err)
{
	struct buf out;
	uint64_t n;
	buf_init(&out, ANSWER_MOST);
	buf_push(&out, '[');
	int rc = answer_values(s->store, &s->tables, field, s->query, s->request.since, most,
		patience, &out, &n, err);
	buf_puts(&out, "]\n");
	if (rc == 0 && fwrite(out.ptr, 1, out.len, stdout) != out.len)
		rc = err_errno(err, "writing the values");
	buf_fini(&out);
	return rc;
}

int search_print_values(struct searching *s)
{
	struct err err = {0};
	const char *field = s->line->values[OPT_VALUES];
	uint32_t most = s->line->values[OPT_LIMIT]
				? (uint32_t)(s->limit < UINT32_MAX ? s->limit : UINT32_MAX)
				: VALUES_MOST;
	unsigned patience = s->line->values[OPT_TIMEOUT] ? s->request.seconds * 1000 : VALUES_MS;
	if (patience > VALUES_PATIENT_MS)
		patience = VALUES_PATIENT_MS;
	int rc;
	if (s->format == FORMAT_JSON)
		rc = print_json(s, field, most, patience, &err);
	else if ((rc = query_check_field(&s->tables, slice_of(field), &err)) == 0)
		rc = search_values(s->store, &s->tables, field, s->query, s->request.since, most,
			patience, print_value, NULL, &err);
	return rc < 0 || fflush(stdout) != 0 ? fail(&err) : EXIT_DONE;
}
