/* SPDX-License-Identifier: Apache-2.0 */
/* read_parquet.c: what each column of Parquet files costs to read, on one core: the distinct values
 * of all row groups first, then their rows, then single rows with all columns. For choosing
 * encodings, and for what a search can cost at least. Usage: read_parquet FILE… */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "parquet/parquet.h"

enum { MOST_FILES = 256 };

struct cost {
	double values_ms, rows_ms;
	uint64_t values_bytes, rows_bytes; /* read from the files */
	uint64_t distinct, text;           /* strings: values and their bytes, all row groups */
	uint64_t plain;                    /* row groups in plain form */
};

static struct parquet_reader *readers[MOST_FILES];
static int nreaders;

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void stop_if(int failed, const struct err *err)
{
	if (!failed)
		return;
	fprintf(stderr, "read_parquet: %s\n", err->text);
	exit(1);
}

static void read_chunk(struct parquet_reader *r, uint32_t g, uint32_t c, struct cost *cost)
{
	struct err err = {0};
	struct batch batch;
	parquet_begin(r, g, &batch);
	double begin = now_ms();
	stop_if(parquet_load(r, g, c, PARQUET_VALUES, &batch, &cost->values_bytes, &err), &err);
	double middle = now_ms();
	const struct column *col = &batch.columns[c];
	if (col_is_string(batch.shape->columns[c].type)) {
		cost->distinct += col->ndistinct;
		cost->text += col->off[col->ndistinct];
		cost->plain += col->plain;
	}
	cost->values_ms += middle - begin;
	middle = now_ms();
	stop_if(parquet_load(r, g, c, PARQUET_ROWS, &batch, &cost->rows_bytes, &err), &err);
	cost->rows_ms += now_ms() - middle;
	batch_fini(&batch);
}

static void print_cost(const struct batch_shape *shape, uint32_t c, const struct cost *cost)
{
	char name[200];
	int g = shape->columns[c].group;
	snprintf(name, sizeof(name), "%s%s%s", g == NO_GROUP ? "" : shape->groups[g].name,
		g == NO_GROUP ? "" : ".", shape->columns[c].name);
	printf("%-34s %9.1f %9.1f %9.2f %9.2f %10llu %9.2f %6llu\n", name, cost->values_ms,
		cost->rows_ms, (double)cost->values_bytes / 1e6, (double)cost->rows_bytes / 1e6,
		(unsigned long long)cost->distinct, (double)cost->text / 1e6,
		(unsigned long long)cost->plain);
}

static void read_columns(void)
{
	const struct batch_shape *shape = parquet_shape(readers[0]);
	struct cost all = {0};
	printf("%-34s %9s %9s %9s %9s %10s %9s %6s\n", "column", "values ms", "rows ms",
		"values MB", "rows MB", "distinct", "text MB", "plain");
	for (uint32_t c = 0; c < shape->ncolumns; c++) {
		struct cost cost = {0};
		for (int i = 0; i < nreaders; i++) {
			for (uint32_t g = 0; g < parquet_groups(readers[i]); g++)
				read_chunk(readers[i], g, c, &cost);
		}
		print_cost(shape, c, &cost);
		all.text += cost.text;
		if (col_is_string(shape->columns[c].type))
			all.values_ms += cost.values_ms;
	}
	printf("distinct values of all strings: %.1f ms, %.1f MB\n", all.values_ms,
		(double)all.text / 1e6);
}

/* A row from the middle of each row group, with all columns. */
static void read_rows(void)
{
	uint64_t n = 0;
	double begin = now_ms();
	for (int i = 0; i < nreaders; i++) {
		for (uint32_t g = 0; g < parquet_groups(readers[i]); g++) {
			struct err err = {0};
			struct batch batch;
			uint32_t row = parquet_group_rows(readers[i], g) / 2;
			if (!parquet_group_rows(readers[i], g))
				continue;
			stop_if(parquet_read_rows(readers[i], g, NULL, &row, 1, &batch, &err),
				&err);
			batch_fini(&batch);
			n++;
		}
	}
	printf("a row of each of %llu row groups: %.1f ms, %.2f ms each\n", (unsigned long long)n,
		now_ms() - begin, n ? (now_ms() - begin) / (double)n : 0);
}

int main(int argc, char **argv)
{
	uint64_t rows = 0;
	struct err err = {0};
	double begin = now_ms();
	if (argc < 2 || argc > MOST_FILES) {
		fprintf(stderr, "usage: read_parquet FILE…\n");
		return 2;
	}
	for (; nreaders < argc - 1; nreaders++) {
		stop_if(parquet_open(argv[nreaders + 1], &readers[nreaders], &err), &err);
		rows += parquet_rows(readers[nreaders]);
		if (parquet_shape(readers[nreaders])->ncolumns !=
			parquet_shape(readers[0])->ncolumns) {
			fprintf(stderr, "read_parquet: files of different tables\n");
			return 1;
		}
	}
	printf("open %d files of %llu rows: %.2f ms\n", nreaders, (unsigned long long)rows,
		now_ms() - begin);
	read_columns();
	read_rows();
	for (int i = 0; i < nreaders; i++)
		parquet_close(readers[i]);
	return 0;
}
