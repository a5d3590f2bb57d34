/* SPDX-License-Identifier: Apache-2.0 */
/* content.c: what a log's bytes say: hashes of ranges, line ends, the first line and its node. Reads in
 * blocks, whatever the lengths. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "json/json.h"
#include "ship/private.h"

enum {
	BLOCK = 64 << 10,
	NODE_LINE = 256 << 10, /* longer first lines are not looked into for a node */
};

static void to_hex(const unsigned char *bytes, size_t n, char *hex)
{
	static const char letters[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		hex[2 * i] = letters[bytes[i] >> 4];
		hex[2 * i + 1] = letters[bytes[i] & 15];
	}
	hex[2 * n] = 0;
}

int content_hash(
	int fd, uint64_t from, uint64_t to, const char *path, char hex[SHIP_HEX], struct err *err)
{
	unsigned char digest[32];
	char *block = xmalloc(BLOCK);
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	int status = 0;
	if (!sha || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1)
		abort(); /* out of memory */
	while (from < to && status == 0) {
		size_t n = to - from < BLOCK ? (size_t)(to - from) : BLOCK;
		status = io_pread(fd, block, n, from, path, err);
		if (status == 0)
			EVP_DigestUpdate(sha, block, n);
		from += n;
	}
	EVP_DigestFinal_ex(sha, digest, NULL);
	EVP_MD_CTX_free(sha);
	free(block);
	to_hex(digest, sizeof(digest), hex);
	return status;
}

int content_tail(
	int fd, uint64_t offset, const char *path, char tail[SHIP_TAIL + 1], struct err *err)
{
	char hex[SHIP_HEX];
	uint64_t from = offset > SHIP_TAIL_BYTES ? offset - SHIP_TAIL_BYTES : 0;
	if (content_hash(fd, from, offset, path, hex, err) < 0)
		return -1;
	snprintf(tail, SHIP_TAIL + 1, "%.16s", hex);
	return 0;
}

int content_line_end(
	int fd, uint64_t from, uint64_t to, const char *path, uint64_t *end, struct err *err)
{
	char *block = xmalloc(BLOCK);
	int status = 0;
	*end = from;
	for (uint64_t at = to; at > from && status == 0 && *end == from;) {
		size_t n = at - from < BLOCK ? (size_t)(at - from) : BLOCK;
		at -= n;
		status = io_pread(fd, block, n, at, path, err);
		const char *found = status == 0 ? memrchr(block, '\n', n) : NULL;
		if (found)
			*end = at + (uint64_t)(found - block) + 1;
	}
	free(block);
	return status;
}

int content_first_line(int fd, uint64_t size, const char *path, uint64_t *len, struct err *err)
{
	char *block = xmalloc(BLOCK);
	uint64_t most = size < LIMIT_SHIP_PIECE ? size : LIMIT_SHIP_PIECE;
	int status = 0;
	*len = 0;
	while (*len < most && status == 0) {
		size_t n = most - *len < BLOCK ? (size_t)(most - *len) : BLOCK;
		status = io_pread(fd, block, n, *len, path, err);
		const char *found = status == 0 ? memchr(block, '\n', n) : NULL;
		if (found) {
			*len += (uint64_t)(found - block);
			break;
		}
		*len += n;
	}
	free(block);
	if (status < 0)
		return -1;
	return *len < most || most == LIMIT_SHIP_PIECE;
}

int content_node(int fd, uint64_t len, const char *path, struct buf *out, struct err *err)
{
	buf_clear(out);
	if (len == 0 || len > NODE_LINE)
		return 0;
	char *line = xmalloc((size_t)len);
	int status = io_pread(fd, line, (size_t)len, 0, path, err);
	if (status == 0)
		status = json_find_text((struct slice){line, (size_t)len}, "node", out) &&
			 out->len > 0 && !memchr(out->ptr, 0, out->len);
	free(line);
	return status;
}
