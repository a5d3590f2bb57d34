/* SPDX-License-Identifier: Apache-2.0 */
/* report.c: what a single run did, for people and for programs. */
#include <inttypes.h>

#include "ship/private.h"

static void print_json(bool dry, const struct ship_summary *sum)
{
	printf("{\"dry_run\":%s,\"logs\":%" PRIu64 ",\"objects\":%" PRIu64 ",\"bytes\":%" PRIu64
	       ",\"packed_bytes\":%" PRIu64 ",\"waiting_bytes\":%" PRIu64 ",\"lost_logs\":%" PRIu64
	       ",\"lost_bytes\":%" PRIu64 ",\"unread_logs\":%" PRIu64 ",\"other_files\":%" PRIu64
	       ",\"seconds\":%.6f}\n",
		dry ? "true" : "false", sum->logs, sum->objects, sum->bytes, sum->packed, sum->left,
		sum->lost_logs, sum->lost_bytes, sum->unread, sum->others,
		(double)sum->elapsed_us / 1e6);
}

static void print_logs(uint64_t n, const char *one, const char *many)
{
	char text[32];
	if (n)
		printf("; %s log%s", text_count(n, text), n == 1 ? one : many);
}

static void print_text(bool dry, const struct ship_summary *sum)
{
	char bytes[32], logs[32], objects[32];
	printf("%s of %s log%s %s as %s object%s", text_bytes(sum->bytes, bytes),
		text_count(sum->logs, logs), sum->logs == 1 ? "" : "s",
		dry ? "would be uploaded" : "uploaded", text_count(sum->objects, objects),
		sum->objects == 1 ? "" : "s");
	if (sum->objects && !dry)
		printf(", %s in all", text_bytes(sum->packed, bytes));
	if (sum->left)
		printf("; %s of lines without an end wait for it", text_bytes(sum->left, bytes));
	print_logs(sum->lost_logs, " was lost in part", "s were lost in part");
	print_logs(sum->unread, " could not be read", "s could not be read");
	putchar('\n');
}

void report_print(const struct ship_options *options, const struct ship_summary *sum)
{
	if (options->json)
		print_json(options->dry_run, sum);
	else
		print_text(options->dry_run, sum);
}
