/* SPDX-License-Identifier: Apache-2.0 */
/* input.c: one loop for three packings. Bombs are stopped by ratio: audit logs pack 10 to 60 fold,
 * so 500 fold after 256 MiB is no log. */
#include "pipeline/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum {
	IN_BYTES = 1 << 20, /* packed bytes read at once */
	SILENCE_MS = 1000,  /* a pipe that is silent for so long gives what there is */
};
#define BOMB_BYTES ((uint64_t)256 << 20)
#define BOMB_RATIO 500

enum packing { PLAIN, GZIP, ZSTD };

struct input {
	char *path;
	int fd; /* -1 where there is a stream */
	bool pipe;
	const struct input_stream *stream;
	bool source_end; /* the packed bytes are all read */
	bool started;
	bool between;     /* gzip, zstd: between members, so the end is allowed here */
	bool member_over; /* gzip: the next bytes begin another member */
	bool failed;      /* `failure` is to be returned by the next read */
	struct err failure;
	enum packing packing;
	uint64_t size, position; /* packed */
	uint64_t unpacked;
	unsigned char *in; /* packed bytes: in[at..len) are not used yet */
	size_t at, len;
	z_stream gz;
	ZSTD_DStream *zstd;
};

int input_open(const char *path, struct input **out, struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	int fd = standard ? dup(STDIN_FILENO) : io_open(path, O_RDONLY | O_NONBLOCK, 0, err);
	if (fd < 0)
		return standard ? err_errno(err, "standard input") : -1;
	struct io_info info;
	if (io_fstat(fd, &info, path, err) < 0) {
		io_close(fd);
		return -1;
	}
	if (info.is_dir) {
		io_close(fd);
		return err_set(err, ERR_USAGE,
			"%s: is a folder: name the files in it, e.g. %s/*.log", path, path);
	}
	if (!standard)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	struct input *input = xcalloc(1, sizeof(*input));
	input->path = xstrdup(standard ? "standard input" : path);
	input->fd = fd;
	input->pipe = !info.is_regular;
	input->size = info.is_regular ? info.size : 0;
	input->in = xmalloc(IN_BYTES);
	if (!input->pipe)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*out = input;
	return 0;
}

struct input *input_open_stream(const char *name, const struct input_stream *stream)
{
	struct input *input = xcalloc(1, sizeof(*input));
	input->path = xstrdup(name);
	input->fd = -1;
	input->stream = stream;
	input->size = stream->size;
	input->in = xmalloc(IN_BYTES);
	return input;
}

void input_close(struct input *input)
{
	if (!input)
		return;
	if (input->packing == GZIP)
		inflateEnd(&input->gz);
	ZSTD_freeDStream(input->zstd);
	io_close(input->fd);
	free(input->in);
	free(input->path);
	free(input);
}

uint64_t input_position(const struct input *input)
{
	return input->position;
}

uint64_t input_size(const struct input *input)
{
	return input->size;
}

const char *input_packing(const struct input *input)
{
	static const char *const names[] = {"plain", "gzip", "zstd"};
	return names[input->packing];
}

/* Reads packed bytes to `data`. 1 got some, 0 silent for now, -1 error; sets source_end. */
static int read_source(struct input *input, void *data, size_t n, size_t *got, struct err *err)
{
	*got = 0;
	if (input->stream) {
		int rc = input->stream->read(
			input->stream->ctx, data, n, got, &input->source_end, err);
		input->position += *got;
		return rc;
	}
	if (input->pipe) {
		struct pollfd wait = {.fd = input->fd, .events = POLLIN};
		if (poll(&wait, 1, SILENCE_MS) <= 0)
			return 0;
	}
	ssize_t r = io_read(input->fd, data, n, input->path, err);
	if (r < 0)
		return -1;
	if (r == 0)
		input->source_end = true;
	*got = (size_t)r;
	input->position += (uint64_t)r;
	return 1;
}

/* RFC 8878: a frame, or a skippable frame. */
static bool begins_zstd(const unsigned char *p)
{
	return memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0 ||
	       ((p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0);
}

static int start_unpacking(struct input *input, struct err *err)
{
	if (input->len >= 2 && memcmp(input->in, "\x1f\x8b", 2) == 0)
		input->packing = GZIP;
	else if (input->len >= 4 && begins_zstd(input->in))
		input->packing = ZSTD;
	input->between = true;
	if (input->packing == GZIP && inflateInit2(&input->gz, 15 + 16) != Z_OK)
		return err_set(err, ERR_IO, "%s: zlib cannot start", input->path);
	if (input->packing == ZSTD) {
		input->zstd = ZSTD_createDStream();
		ZSTD_DCtx_setParameter(input->zstd, ZSTD_d_windowLogMax, LIMIT_ZSTD_WINDOW_LOG);
	}
	input->started = true;
	return 0;
}

/* The first bytes decide; a pipe may bring them one by one. 1 started, 0 silent, -1 error. */
static int start(struct input *input, struct err *err)
{
	while (input->len < 4 && !input->source_end) {
		size_t got;
		int r = read_source(
			input, input->in + input->len, IN_BYTES - input->len, &got, err);
		if (r <= 0)
			return r;
		input->len += got;
	}
	return start_unpacking(input, err) < 0 ? -1 : 1;
}

static int damaged(const struct input *input, const char *why, struct err *err)
{
	return err_set(err, ERR_FORMAT,
		"%s: the %s data are damaged at packed byte %" PRIu64 " (%s), after %" PRIu64
		" unpacked bytes: what came before is imported; get the file again and import it "
		"whole: "
		"nothing is stored twice",
		input->path, input_packing(input), input->position - (input->len - input->at), why,
		input->unpacked);
}

static int cut_short(const struct input *input, struct err *err)
{
	return err_set(err, ERR_FORMAT,
		"%s: the %s data end in the middle, after %" PRIu64
		" unpacked bytes: what is whole is imported; get the file again and import it "
		"whole: nothing "
		"is stored twice",
		input->path, input_packing(input), input->unpacked);
}

/* What follows the last gzip member: zeros are padding (tapes), anything else is damage. */
static bool is_padding(const struct input *input)
{
	for (size_t i = input->at; i < input->len; i++)
		if (input->in[i] != 0)
			return false;
	return true;
}

static int64_t unpack_gzip(struct input *input, char *data, size_t n, struct err *err)
{
	if (input->member_over) {
		if (is_padding(input)) {
			input->at = input->len;
			return 0;
		}
		if (inflateReset(&input->gz) != Z_OK)
			return damaged(input, "reset", err);
		input->member_over = false;
	}
	input->gz.next_in = input->in + input->at;
	input->gz.avail_in = (unsigned)(input->len - input->at);
	input->gz.next_out = (unsigned char *)data;
	input->gz.avail_out = n > (1u << 30) ? 1u << 30 : (unsigned)n;
	unsigned room = input->gz.avail_out;
	input->between = false;
	int r = inflate(&input->gz, Z_NO_FLUSH);
	input->at = input->len - input->gz.avail_in;
	if (r == Z_STREAM_END)
		input->between = input->member_over = true;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return damaged(input, input->gz.msg ? input->gz.msg : "bad data", err);
	return room - input->gz.avail_out;
}

static int64_t unpack_zstd(struct input *input, char *data, size_t n, struct err *err)
{
	ZSTD_inBuffer in = {input->in, input->len, input->at};
	ZSTD_outBuffer out = {data, n, 0};
	size_t r = ZSTD_decompressStream(input->zstd, &out, &in);
	input->at = in.pos;
	if (ZSTD_isError(r))
		return damaged(input, ZSTD_getErrorName(r), err);
	input->between = r == 0;
	return (int64_t)out.pos;
}

static int check_bomb(const struct input *input, struct err *err)
{
	if (input->packing == PLAIN || input->unpacked < BOMB_BYTES)
		return 0;
	uint64_t packed = input->position - (input->len - input->at) + 1;
	if (input->unpacked / packed < BOMB_RATIO && input->unpacked < LIMIT_UNPACKED_BYTES)
		return 0;
	return err_set(err, ERR_LIMIT,
		"%s: unpacks to more than %d times its size (%" PRIu64
		" bytes so far): this is a decompression bomb, not a log. Reading stopped; if you "
		"trust it, "
		"unpack it yourself and import the result",
		input->path, BOMB_RATIO, input->unpacked);
}

/* One step of unpacking. 1 went on, 0 silent, -1 error; *got may be 0. */
static int step(struct input *input, char *data, size_t n, size_t *got, struct err *err)
{
	*got = 0;
	if (input->packing == PLAIN) {
		if (input->at == input->len)
			return read_source(input, data, n, got, err);
		size_t have = input->len - input->at;
		*got = have < n ? have : n;
		memcpy(data, input->in + input->at, *got);
		input->at += *got;
		return 1;
	}
	if (input->at == input->len && !input->source_end) {
		input->at = input->len = 0;
		int r = read_source(input, input->in, IN_BYTES, &input->len, err);
		if (r <= 0)
			return r;
	}
	if (input->at == input->len && input->between)
		return 1;
	int64_t made = input->packing == GZIP ? unpack_gzip(input, data, n, err)
					      : unpack_zstd(input, data, n, err);
	if (made < 0)
		return -1;
	*got = (size_t)made;
	if (made == 0 && input->source_end && input->at == input->len && !input->between)
		return cut_short(input, err);
	return 1;
}

/* An error that comes after some bytes waits until those are taken. */
static int64_t fail_later(struct input *input, size_t filled, const struct err *err)
{
	if (filled == 0)
		return -1;
	input->failed = true;
	input->failure = *err;
	return (int64_t)filled;
}

int64_t input_read(struct input *input, char *data, size_t n, bool *end, struct err *err)
{
	*end = false;
	if (input->failed) {
		*err = input->failure;
		return -1;
	}
	if (!input->started) {
		int r = start(input, err);
		if (r <= 0)
			return r;
	}
	size_t filled = 0;
	while (filled < n) {
		size_t got;
		int r = step(input, data + filled, n - filled, &got, err);
		if (r < 0)
			return fail_later(input, filled, err);
		if (r == 0)
			break;
		filled += got;
		input->unpacked += got;
		if (check_bomb(input, err) < 0)
			return fail_later(input, filled, err);
		bool drained = input->source_end && input->at == input->len;
		if (got == 0 && drained && (input->packing == PLAIN || input->between)) {
			*end = true;
			break;
		}
	}
	return (int64_t)filled;
}
