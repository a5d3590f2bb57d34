/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed_zip.c: a zip of one file, as ThreatFox sends its full dump (PKWARE's APPNOTE 6.3.10): the directory at its end says where the file is and how
 * long; it is inflated on the way. No zip64 (a feed of 4 GiB is over every limit), no password, no second file: what is meant is then not
 * known. Every number that the file gives is checked against the file before it is used.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

#include "pipeline/feed_private.h"

enum {
	END_BYTES = 22,       /* the end of the directory, */
	COMMENT_MOST = 65535, /* behind which a comment may stand */
	ENTRY_BYTES = 46,     /* of the directory */
	LOCAL_BYTES = 30,     /* in front of the file's bytes */
	IN_BYTES = 1 << 16,
	STORED = 0,
	DEFLATED = 8,
};

struct zip {
	const struct feed_part *part;
	uint64_t at, left; /* packed bytes */
	uint64_t size, given;
	uint32_t crc_wanted, crc;
	bool deflated, ended;
	z_stream stream;
	unsigned char in[IN_BYTES];
};

static uint16_t two(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t four(const unsigned char *p)
{
	return two(p) | (uint32_t)two(p + 2) << 16;
}

bool zip_is(const void *head, size_t n)
{
	return n >= 4 && (memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "PK\5\6", 4) == 0);
}

static int damaged(const struct feed_part *part, const char *why, struct err *err)
{
	return err_set(
		err, ERR_FORMAT, "%s: the zip is damaged or ends early: %s", part->name, why);
}

static int read_at(const struct feed_part *part, uint64_t at, void *to, size_t n, struct err *err)
{
	if (at > part->len || n > part->len - at)
		return damaged(part, "it points beyond its end", err);
	return io_pread(part->fd, to, n, part->from + at, part->name, err);
}

/* The directory's end, searched backwards. */
static int find_end(const struct feed_part *part, unsigned char end[END_BYTES], struct err *err)
{
	size_t n =
		part->len < END_BYTES + COMMENT_MOST ? (size_t)part->len : END_BYTES + COMMENT_MOST;
	unsigned char *tail = xmalloc(n + 1);
	int rc = read_at(part, part->len - n, tail, n, err);
	size_t at = n < END_BYTES ? 0 : n - END_BYTES + 1;
	while (rc == 0 && at > 0 && memcmp(tail + at - 1, "PK\5\6", 4) != 0)
		at--;
	if (rc == 0 && at == 0)
		rc = damaged(part, "it has no directory", err);
	if (rc == 0)
		memcpy(end, tail + at - 1, END_BYTES);
	free(tail);
	return rc;
}

static int check_entry(const struct feed_part *part, const unsigned char *entry, struct err *err)
{
	if (memcmp(entry, "PK\1\2", 4) != 0)
		return damaged(part, "its directory is not where it says", err);
	if (two(entry + 8) & 1)
		return err_set(err, ERR_FORMAT,
			"%s: the zip is encrypted: a list must come in the open (or as gzip)",
			part->name);
	if (two(entry + 10) != STORED && two(entry + 10) != DEFLATED)
		return err_set(err, ERR_FORMAT,
			"%s: the zip is packed by method %u: only deflate is read", part->name,
			two(entry + 10));
	if (four(entry + 20) == UINT32_MAX || four(entry + 24) == UINT32_MAX ||
		four(entry + 42) == UINT32_MAX)
		return err_set(
			err, ERR_FORMAT, "%s: a zip of more than 4 GiB is not read", part->name);
	return 0;
}

static int find_file(struct zip *zip, struct err *err)
{
	const struct feed_part *part = zip->part;
	unsigned char end[END_BYTES] = {0}, entry[ENTRY_BYTES], local[LOCAL_BYTES];
	if (find_end(part, end, err) < 0)
		return -1;
	if (two(end + 10) != 1 || two(end + 8) != 1)
		return err_set(err, ERR_FORMAT,
			"%s: a zip of %u files: only one of one file is read; unpack it, and name "
			"the file or its folder with --file-feed",
			part->name, two(end + 10));
	if (read_at(part, four(end + 16), entry, ENTRY_BYTES, err) < 0 ||
		check_entry(part, entry, err) < 0 ||
		read_at(part, four(entry + 42), local, LOCAL_BYTES, err) < 0)
		return -1;
	if (memcmp(local, "PK\3\4", 4) != 0)
		return damaged(part, "its file is not where it says", err);
	zip->deflated = two(entry + 10) == DEFLATED;
	zip->at = (uint64_t)four(entry + 42) + LOCAL_BYTES + two(local + 26) + two(local + 28);
	zip->left = four(entry + 20);
	zip->size = four(entry + 24);
	zip->crc_wanted = four(entry + 16);
	if (zip->at > part->len || zip->left > part->len - zip->at)
		return damaged(part, "its file is longer than itself", err);
	return 0;
}

int zip_open(const struct feed_part *part, struct zip **zip_out, struct err *err)
{
	struct zip *zip = xcalloc(1, sizeof(*zip));
	zip->part = part;
	zip->crc = (uint32_t)crc32(0, NULL, 0);
	if (find_file(zip, err) < 0) {
		free(zip);
		return -1;
	}
	if (zip->deflated && inflateInit2(&zip->stream, -15) != Z_OK)
		abort(); /* out of memory */
	*zip_out = zip;
	return 0;
}

static int refill(struct zip *zip, struct err *err)
{
	size_t n = zip->left < IN_BYTES ? (size_t)zip->left : IN_BYTES;
	if (n == 0)
		return damaged(zip->part, "its file ends in the middle", err);
	if (read_at(zip->part, zip->at, zip->in, n, err) < 0)
		return -1;
	zip->at += n;
	zip->left -= n;
	zip->stream.next_in = zip->in;
	zip->stream.avail_in = (uInt)n;
	return 0;
}

static int64_t inflate_some(struct zip *zip, void *to, size_t n, struct err *err)
{
	zip->stream.next_out = to;
	zip->stream.avail_out = (uInt)n;
	while (zip->stream.avail_out == n && !zip->ended) {
		if (zip->stream.avail_in == 0 && refill(zip, err) < 0)
			return -1;
		int status = inflate(&zip->stream, Z_NO_FLUSH);
		zip->ended = status == Z_STREAM_END;
		if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
			return damaged(zip->part, "its file does not unpack", err);
	}
	return (int64_t)(n - zip->stream.avail_out);
}

static int64_t copy_some(struct zip *zip, void *to, size_t n, struct err *err)
{
	size_t some = zip->left < n ? (size_t)zip->left : n;
	if (read_at(zip->part, zip->at, to, some, err) < 0)
		return -1;
	zip->at += some;
	zip->left -= some;
	return (int64_t)some;
}

int64_t zip_read(struct zip *zip, void *to, size_t n, struct err *err)
{
	if (n > INT32_MAX)
		n = INT32_MAX;
	int64_t got = zip->deflated ? inflate_some(zip, to, n, err) : copy_some(zip, to, n, err);
	if (got < 0)
		return -1;
	zip->given += (uint64_t)got;
	zip->crc = (uint32_t)crc32(zip->crc, to, (uInt)got);
	if (zip->given > zip->size)
		return damaged(zip->part, "its file unpacks to more than it says", err);
	if (got == 0 && (zip->given != zip->size || zip->crc != zip->crc_wanted))
		return damaged(zip->part, "its checksum does not hold", err);
	return got;
}

void zip_close(struct zip *zip)
{
	if (!zip)
		return;
	if (zip->deflated)
		inflateEnd(&zip->stream);
	free(zip);
}
