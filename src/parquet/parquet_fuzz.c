/* SPDX-License-Identifier: Apache-2.0 */
/* parquet_fuzz.c: any bytes as a Parquet file, checksums taken as right (a hostile writer can
 * compute them). What opens must read without a crash into a batch that keeps its invariants. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parquet/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Column by column, distinct values first, and some rows: what is read whole must be read so too,
 * with the same values. */
static void read_parts(struct parquet_reader *reader, uint32_t group, const struct batch *whole)
{
	const struct batch_shape *shape = parquet_shape(reader);
	struct err err;
	struct batch parts;
	int done = 0;
	parquet_begin(reader, group, &parts);
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		if (parquet_load(reader, group, c, PARQUET_VALUES, &parts, NULL, &err) ||
			parquet_load(reader, group, c, PARQUET_ROWS, &parts, NULL, &err)) {
			done = -1;
			if (err.kind != ERR_DAMAGED)
				abort();
		}
	}
	if ((done == 0) != (whole != NULL) || (whole && batch_compare(whole, &parts, &err)))
		abort();
	batch_fini(&parts);
}

static void read_some(struct parquet_reader *reader, uint32_t group, const struct batch *whole)
{
	struct err err;
	struct batch some, want;
	uint32_t rows[100], n = 0;
	for (uint32_t r = 0; r < parquet_group_rows(reader, group) && n < 100; r += 1 + r % 7)
		rows[n++] = r;
	int done = parquet_read_rows(reader, group, NULL, rows, n, &some, &err);
	if (done && err.kind != ERR_DAMAGED)
		abort();
	if (whole) {
		batch_select(whole, rows, n, &want);
		if (done || batch_compare(&want, &some, &err))
			abort();
		batch_fini(&want);
	}
	batch_fini(&some);
}

/* A dictionary that holds a value twice is the one thing that is not checked while reading. */
static void read_group(struct parquet_reader *reader, uint32_t group)
{
	const struct batch_shape *shape = parquet_shape(reader);
	struct err err;
	struct batch batch, copy;
	batch_init(&batch, shape);
	bool whole = parquet_read(reader, group, NULL, &batch, &err) == 0;
	if (whole) {
		uint32_t *rows = xmalloc(((size_t)batch.nrows + 1) * sizeof(*rows));
		for (uint32_t r = 0; r < batch.nrows; r++)
			rows[r] = r;
		batch_select(&batch, rows, batch.nrows, &copy);
		if (batch_compare(&batch, &copy, &err))
			abort();
		batch_fini(&copy);
		free(rows);
	} else if (err.kind != ERR_DAMAGED) {
		abort();
	}
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		struct parquet_stats stats;
		parquet_group_stats(reader, group, c, &stats, &err);
	}
	read_parts(reader, group, whole ? &batch : NULL);
	read_some(reader, group, whole ? &batch : NULL);
	batch_fini(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[40];
	struct parquet_reader *reader;
	struct err err;
	parquet_trust_checksums = true;
	if (fd < 0) {
		fd = memfd_create("fuzz", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	if (parquet_open(path, &reader, &err)) {
		if (err.kind != ERR_DAMAGED)
			abort();
		return 0;
	}
	for (uint32_t g = 0; g < parquet_groups(reader) && g < 8; g++)
		read_group(reader, g);
	parquet_close(reader);
	return 0;
}
