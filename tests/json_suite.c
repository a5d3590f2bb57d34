/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_suite.c: runs json_validate over the files of JSONTestSuite's test_parsing: names that begin
 * with y_ must be accepted, with n_ refused; i_ may be either. Prints counts and what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "json/json.h"

struct counts {
	const char *folder;
	unsigned accepted[3], refused[3], wrong; /* y, n, i */
};

static int check_file(void *ctx, const char *name, struct err *err)
{
	struct counts *counts = ctx;
	const char *kind = memchr("yni", name[0], 3);
	size_t len = strlen(name);
	if (kind == NULL || name[1] != '_' || len < 6 || strcmp(name + len - 5, ".json") != 0)
		return 0;
	char *path = NULL, *data;
	size_t n;
	if (asprintf(&path, "%s/%s", counts->folder, name) < 0)
		abort();
	int status = io_read_file(path, (size_t)16 << 20, &data, &n, err);
	free(path);
	if (status < 0)
		return -1;
	struct json_fault fault = {0};
	bool accepted = json_validate((struct slice){data, n}, &fault) == 0;
	free(data);
	size_t which = *kind == 'y' ? 0 : *kind == 'n' ? 1 : 2;
	(accepted ? counts->accepted : counts->refused)[which]++;
	if (which < 2 && accepted != (which == 0)) {
		counts->wrong++;
		printf("WRONG %s is %s%s\n", name,
			accepted ? "accepted" : "refused: ", accepted ? "" : fault.reason);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = {0};
	if (argc != 2) {
		fputs("usage: json_suite FOLDER (JSONTestSuite/test_parsing)\n", stderr);
		return 2;
	}
	struct counts counts = {.folder = argv[1]};
	if (io_list(argv[1], check_file, &counts, &err) < 0) {
		fprintf(stderr, "json_suite: %s\n", err.text);
		return 1;
	}
	unsigned must = counts.accepted[0] + counts.refused[0];
	unsigned must_not = counts.accepted[1] + counts.refused[1];
	printf("JSONTestSuite: %u of %u accepted that must be, %u of %u refused that must be, "
	       "%u of %u accepted that may be\n",
		counts.accepted[0], must, counts.refused[1], must_not, counts.accepted[2],
		counts.accepted[2] + counts.refused[2]);
	if (must + must_not == 0) {
		fprintf(stderr, "json_suite: %s holds no y_ and n_ files\n", argv[1]);
		return 1;
	}
	return counts.wrong ? 1 : 0;
}
