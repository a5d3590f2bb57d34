/* SPDX-License-Identifier: Apache-2.0 */
/* hashed_file.c: bytes gathered, hashed and written a quarter of a mebibyte at a time. */
#include "base/hashed_file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/io.h"

enum { OUT_BYTES = 256 << 10 };

struct hashed_file {
	char *path, *temp;
	int fd;
	EVP_MD_CTX *sha;
	char *out; /* bytes not yet written */
	size_t nout;
	uint64_t at;
	bool finished;
};

int hashed_create(const char *path, struct hashed_file **out, struct err *err)
{
	struct hashed_file *f = xcalloc(1, sizeof(*f));
	size_t n = strlen(path) + sizeof(".tmp");
	*out = NULL;
	f->path = xstrdup(path);
	f->temp = xmalloc(n);
	snprintf(f->temp, n, "%s.tmp", path);
	f->out = xmalloc(OUT_BYTES);
	f->fd = io_open(f->temp, O_WRONLY | O_CREAT | O_TRUNC, IO_SHARED, err);
	f->sha = EVP_MD_CTX_new();
	int rc = f->fd >= 0 ? 0 : -1;
	if (rc == 0 && (!f->sha || EVP_DigestInit_ex(f->sha, EVP_sha256(), NULL) != 1))
		rc = err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	if (rc < 0) {
		hashed_free(f);
		return -1;
	}
	*out = f;
	return 0;
}

const char *hashed_path(const struct hashed_file *f)
{
	return f->path;
}

uint64_t hashed_at(const struct hashed_file *f)
{
	return f->at;
}

static int flush(struct hashed_file *f, struct err *err)
{
	if (f->nout == 0)
		return 0;
	if (EVP_DigestUpdate(f->sha, f->out, f->nout) != 1)
		return err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	int rc = io_write(f->fd, f->out, f->nout, f->temp, err);
	io_begin_sync(f->fd);
	f->nout = 0;
	return rc;
}

int hashed_put(struct hashed_file *f, const void *data, size_t n, struct err *err)
{
	const char *p = data;
	f->at += n;
	while (n > 0) {
		size_t take = OUT_BYTES - f->nout < n ? OUT_BYTES - f->nout : n;
		memcpy(f->out + f->nout, p, take);
		f->nout += take;
		p += take;
		n -= take;
		if (f->nout == OUT_BYTES && flush(f, err) < 0)
			return -1;
	}
	return 0;
}

int hashed_finish(struct hashed_file *f, uint8_t sha256[32], struct err *err)
{
	unsigned n = 32;
	if (flush(f, err) < 0)
		return -1;
	if (EVP_DigestFinal_ex(f->sha, sha256, &n) != 1)
		return err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	if (io_fsync(f->fd, f->temp, err) < 0 || io_rename(f->temp, f->path, err) < 0)
		return -1;
	f->finished = true;
	return 0;
}

void hashed_free(struct hashed_file *f)
{
	if (!f)
		return;
	io_close(f->fd);
	if (!f->finished && f->fd >= 0)
		io_unlink(f->temp, NULL);
	EVP_MD_CTX_free(f->sha);
	free(f->path);
	free(f->temp);
	free(f->out);
	free(f);
}
