/* SPDX-License-Identifier: Apache-2.0 */
/* hashed_file.h: a file that is written once, front to back, under a temporary name until it is whole; its SHA-256 is taken on the way. */
#ifndef BASE_HASHED_FILE_H
#define BASE_HASHED_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct hashed_file;
/* Begins PATH as PATH.tmp, with the mode of shared files (IO_SHARED). 0 or -1; *file is NULL then. */
int hashed_create(const char *path, struct hashed_file **file, struct err *err);
/* The final path; borrowed. */
const char *hashed_path(const struct hashed_file *file);
/* Appends bytes. 0 or -1. */
int hashed_put(struct hashed_file *file, const void *data, size_t n, struct err *err);
/* Bytes appended so far: where the next ones go. */
uint64_t hashed_at(const struct hashed_file *file);
/* Syncs the file and gives it its name; that the name lasts is the caller's: io_fsync_dir. 0 or -1. */
int hashed_finish(struct hashed_file *file, uint8_t sha256[32], struct err *err);
/* Frees it; a file that was not finished is removed. Accepts NULL. */
void hashed_free(struct hashed_file *file);

#endif
