/* SPDX-License-Identifier: Apache-2.0 */
/* rejects.c (cli/): pugmark rejects. */
#include <inttypes.h>
#include <string.h>

#include "answer/answer.h"
#include "cli/cluster.h"
#include "cli/private.h"

struct listing {
	bool json;
	uint64_t n;
};

static void print_json(const struct reject_info *info, bool first)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	buf_puts(&out, first ? "" : ",\n");
	answer_reject(info, &out);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

static void print_text(const struct reject_info *info)
{
	struct buf out;
	char bytes[32];
	buf_init(&out, 1 << 20);
	buf_printf(&out, "%" PRIu64 "  %s  ", info->id, info->state);
	text_escape(&out, slice_of(info->input));
	buf_printf(&out, ", byte %" PRIu64 " (%s, %u line%s): ", info->input_offset,
		text_bytes(info->bytes, bytes), info->lines, info->lines == 1 ? "" : "s");
	text_escape(&out, slice_of(info->reason));
	buf_push(&out, '\n');
	fwrite(out.ptr, 1, out.len, stdout);
	buf_fini(&out);
}

static int print_reject(void *ctx, const struct reject_info *info, struct err *err)
{
	(void)err;
	struct listing *listing = ctx;
	if (listing->json)
		print_json(info, listing->n == 0);
	else
		print_text(info);
	listing->n++;
	return 0;
}

static int list_rejects(const struct command_line *line, struct store *store, struct err *err)
{
	struct listing listing = {.json = line->values[OPT_JSON]};
	if (listing.json)
		fputs("[", stdout);
	if (store_rejects(store, print_reject, &listing, err) < 0)
		return -1;
	if (listing.json)
		fputs("]\n", stdout);
	else if (listing.n == 0)
		fputs("nothing was rejected\n", stderr);
	else
		fputs("pugmark rejects show ID prints the bytes; retry reads all open ones again\n",
			stderr);
	return 0;
}

static int show_reject(
	const struct command_line *line, struct store *store, uint64_t id, struct err *err)
{
	(void)line;
	struct buf bytes;
	buf_init(&bytes, (size_t)1 << 31);
	int status = store_reject_bytes(store, id, &bytes, err);
	if (status == 0 && terminal_width()) {
		struct buf safe;
		buf_init(&safe, (size_t)1 << 33);
		text_escape(&safe, buf_view(&bytes));
		buf_push(&safe, '\n');
		fwrite(safe.ptr, 1, safe.len, stdout);
		buf_fini(&safe);
	} else if (status == 0) {
		fwrite(bytes.ptr, 1, bytes.len, stdout);
	}
	buf_fini(&bytes);
	return status;
}

static int retry(const struct command_line *line, struct store *store, struct err *err)
{
	uint64_t retried, stored;
	int64_t began = clock_now_us();
	char a[32], b[32];
	if (retry_rejects(store, &retried, &stored, err) < 0)
		return -1;
	if (line->values[OPT_JSON])
		printf("{\"retried\":%" PRIu64 ",\"stored\":%" PRIu64 "}\n", retried, stored);
	else
		printf("%s rejects are readable now, %s events stored from them\n",
			text_count(retried, a), text_count(stored, b));
	cluster_send(line, store, began);
	return 0;
}

int command_rejects(const struct command_line *line)
{
	const char *verb = line->nargs ? line->args[0] : "list";
	bool needs_id = strcmp(verb, "show") == 0 || strcmp(verb, "dismiss") == 0;
	bool writes = strcmp(verb, "retry") == 0 || strcmp(verb, "dismiss") == 0;
	int64_t id = 0;
	if (!needs_id && !writes && strcmp(verb, "list") != 0)
		return usage_error(line, "\"%s\" must be list, show, retry or dismiss", verb);
	if (line->nargs != 1 + needs_id && line->nargs != 0)
		return usage_error(line,
			needs_id ? "%s needs the ID of a reject" : "%s takes no more words", verb);
	if (needs_id && text_parse_int(slice_of(line->args[1]), &id) < 0)
		return usage_error(line, "%s is no number", line->args[1]);
	struct store *store;
	struct err err = {0};
	if (open_data(line, writes ? STORE_WRITE : STORE_READ, &store, &err) < 0)
		return fail(&err);
	int status;
	if (strcmp(verb, "list") == 0)
		status = list_rejects(line, store, &err);
	else if (strcmp(verb, "show") == 0)
		status = show_reject(line, store, (uint64_t)id, &err);
	else if (strcmp(verb, "retry") == 0)
		status = retry(line, store, &err);
	else
		status = store_reject_set_state(store, (uint64_t)id, "dismissed", &err);
	store_close(store);
	return status < 0 ? fail(&err) : EXIT_DONE;
}
