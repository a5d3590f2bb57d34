/* SPDX-License-Identifier: Apache-2.0 */
/* identity_writer.h (private to identity*.c): a run file being written, day by day, cell by cell. */
#ifndef STORE_IDENTITY_WRITER_H
#define STORE_IDENTITY_WRITER_H

#include "store/identity_run.h"

struct writer;

/* Begins dir/name under a temporary name. */
int writer_open(const char *dir, const char *name, struct writer **writer, struct err *err);
/* Begins a day with at most `most` cells; days ascend. A day that gets no cell leaves no trace. */
void writer_day(struct writer *writer, int32_t day, uint64_t most);
/* Adds n cells, in order. */
int writer_add(struct writer *writer, const struct cell *cells, uint32_t n, struct err *err);
int writer_day_end(struct writer *writer, struct err *err);
/* Finishes the file, makes it durable under its name and describes it; without any cell there is no
 * file and info->entries is 0. */
int writer_finish(struct writer *writer, struct id_run *info, struct err *err);
/* Frees it; an unfinished file is removed. Accepts NULL. */
void writer_free(struct writer *writer);

#endif
