/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.h (private to pipeline/): bytes of a file or pipe, unpacked on the way: plain, gzip (any
 * number of members), zstd (any number of frames). Chosen by the first bytes, not by the name.
 */
#ifndef PIPELINE_INPUT_H
#define PIPELINE_INPUT_H

#include "base/base.h"

struct input;

/* Where packed bytes come from that are no file: an object of a bucket, for one. */
struct input_stream {
	/* Reads up to n bytes to `data`; *end where these are the last. 1 (*got may be 0 at the end), 0
	 * where nothing came for about a second, -1. */
	int (*read)(void *ctx, void *data, size_t n, size_t *got, bool *end, struct err *err);
	void *ctx;
	uint64_t size; /* of all packed bytes; 0 = not known */
};

/* Opens a stream; `name` is for messages. Stream and its ctx are borrowed until input_close. */
struct input *input_open_stream(const char *name, const struct input_stream *stream);
/* Opens a file, or standard input for "-". Folders and devices are refused. */
int input_open(const char *path, struct input **input, struct err *err);
void input_close(struct input *input);

/* Reads up to n unpacked bytes; fills the whole of `data` unless the input ends or a pipe has been
 * silent for a second. Returns the bytes read; 0 with *end set at the end, 0 or fewer than n with
 * *end clear where a pipe is silent. -1 on error: packed data that end early or are damaged are
 * ERR_FORMAT, with the offset; what was returned before stays valid. */
int64_t input_read(struct input *input, char *data, size_t n, bool *end, struct err *err);

/* Packed bytes read so far, and the file's size (0 = unknown). */
uint64_t input_position(const struct input *input);
uint64_t input_size(const struct input *input);
/* "plain", "gzip" or "zstd"; known after the first read. */
const char *input_packing(const struct input *input);

#endif
