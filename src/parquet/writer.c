/* SPDX-License-Identifier: Apache-2.0 */
/* writer.c: a Parquet file: magic, row groups as they come, footer. Hashed while it is written.
 * What is kept in memory is the footer alone, as the bytes that it will have. */
#include "parquet/parquet.h"
#include "parquet/private.h"

#include <fcntl.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

struct parquet_writer {
	char *path;
	int fd;
	const struct batch_shape *shape;
	EVP_MD_CTX *hash;
	uint64_t bytes, rows;
	uint32_t ngroups, nvalues; /* row groups; pairs of metadata */
	struct buf groups, values; /* both as Thrift */
};

static int put(struct parquet_writer *w, const void *data, size_t n, struct err *err)
{
	if (io_write(w->fd, data, n, w->path, err))
		return -1;
	if (EVP_DigestUpdate(w->hash, data, n) != 1)
		return err_set(err, ERR_UNSUPPORTED, "%s: SHA-256 failed", w->path);
	w->bytes += n;
	return 0;
}

int parquet_create(const char *path, const struct batch_shape *shape,
	struct parquet_writer **writer, struct err *err)
{
	struct parquet_writer *w = xcalloc(1, sizeof(*w));
	w->path = xstrdup(path);
	w->shape = shape;
	w->fd = io_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, err);
	w->hash = EVP_MD_CTX_new();
	buf_init(&w->groups, LIMIT_PARQUET_FOOTER / 2);
	buf_init(&w->values, LIMIT_PARQUET_FOOTER / 4);
	if (w->fd < 0)
		goto fail;
	if (!w->hash || EVP_DigestInit_ex(w->hash, EVP_sha256(), NULL) != 1) {
		err_set(err, ERR_UNSUPPORTED, "%s: no SHA-256 in this OpenSSL", path);
		goto fail;
	}
	if (put(w, MAGIC, MAGIC_SIZE, err))
		goto fail;
	*writer = w;
	return 0;
fail:
	parquet_writer_free(w);
	return -1;
}

int parquet_append(
	struct parquet_writer *writer, const struct parquet_group *group, struct err *err)
{
	if (group->ncolumns != writer->shape->ncolumns)
		return err_set(err, ERR_USAGE, "%s: a row group of %u columns for a table of %u",
			writer->path, group->ncolumns, writer->shape->ncolumns);
	uint64_t base = writer->bytes;
	if (put(writer, group->bytes.ptr, group->bytes.len, err))
		return -1;
	io_begin_sync(writer->fd);
	footer_put_group(&writer->groups, writer->shape, group, base, writer->ngroups);
	if (writer->groups.full)
		return err_set(
			err, ERR_LIMIT, "%s: too many row groups for one file", writer->path);
	writer->ngroups++;
	writer->rows += group->nrows;
	return 0;
}

static void put_pair(struct buf *out, struct slice key, struct slice value)
{
	int last = 0;
	thrift_put_bytes(out, &last, 1, key);
	thrift_put_bytes(out, &last, 2, value);
	thrift_put_stop(out);
}

void parquet_metadata(struct parquet_writer *writer, const char *key, const char *value)
{
	put_pair(&writer->values, slice_of(key), slice_of(value));
	writer->nvalues++;
}

/* The format asks for an order per column before bounds may be trusted: the types' own order. */
static void put_orders(struct buf *out, int *last, uint32_t ncolumns)
{
	thrift_put_list(out, last, 7, THRIFT_STRUCT, ncolumns);
	for (uint32_t c = 0; c < ncolumns; c++) {
		int choice = 0;
		thrift_put_struct(out, &choice, 1);
		thrift_put_stop(out);
		thrift_put_stop(out);
	}
}

/* The footer without its size and magic; *sum is where its checksum goes. */
static void build_footer(const struct parquet_writer *w, struct buf *out, size_t *sum)
{
	static const char zeros[FOOTER_VALUE_SIZE + 1] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	int last = 0;
	char rows[16];
	thrift_put_i32(out, &last, 1, 2);
	footer_put_schema(out, &last, w->shape);
	thrift_put_i64(out, &last, 3, (int64_t)w->rows);
	thrift_put_list(out, &last, 4, THRIFT_STRUCT, w->ngroups);
	buf_slice(out, buf_view(&w->groups));
	thrift_put_list(out, &last, 5, THRIFT_STRUCT, w->nvalues + 2);
	buf_slice(out, buf_view(&w->values));
	snprintf(rows, sizeof(rows), "%u", parquet_page_rows);
	put_pair(out, SLICE(PAGE_ROWS_KEY), slice_of(rows));
	put_pair(out, SLICE(FOOTER_KEY), (struct slice){zeros, FOOTER_VALUE_SIZE});
	*sum = out->len - 1 - FOOTER_VALUE_SIZE; /* before the pair's stop */
	thrift_put_bytes(out, &last, 6, SLICE("pugmark version " PUGMARK_VERSION));
	put_orders(out, &last, w->shape->ncolumns);
	thrift_put_stop(out);
}

void footer_checksum(const void *footer, size_t n, char hex[FOOTER_VALUE_SIZE])
{
	uint8_t sum[SHA256_DIGEST_LENGTH];
	SHA256(footer, n, sum);
	for (size_t i = 0; i < sizeof(sum); i++) {
		hex[2 * i] = "0123456789abcdef"[sum[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
	}
}

int parquet_finish(
	struct parquet_writer *writer, uint8_t sha256[32], uint64_t *bytes, struct err *err)
{
	struct buf footer;
	size_t sum;
	char hex[FOOTER_VALUE_SIZE];
	buf_init(&footer, LIMIT_PARQUET_FOOTER);
	build_footer(writer, &footer, &sum);
	uint32_t size = (uint32_t)footer.len;
	bool full = footer.full || writer->values.full;
	int done = -1;
	if (full) {
		err_set(err, ERR_LIMIT, "%s: the footer is too long", writer->path);
		goto out;
	}
	footer_checksum(footer.ptr, footer.len, hex);
	memcpy(footer.ptr + sum, hex, sizeof(hex));
	if (put(writer, footer.ptr, footer.len, err) || put(writer, &size, 4, err) ||
		put(writer, MAGIC, MAGIC_SIZE, err) || io_fsync(writer->fd, writer->path, err))
		goto out;
	if (EVP_DigestFinal_ex(writer->hash, sha256, NULL) != 1) {
		err_set(err, ERR_UNSUPPORTED, "%s: SHA-256 failed", writer->path);
		goto out;
	}
	*bytes = writer->bytes;
	done = 0;
out:
	buf_fini(&footer);
	return done;
}

void parquet_writer_free(struct parquet_writer *writer)
{
	if (!writer)
		return;
	io_close(writer->fd);
	EVP_MD_CTX_free(writer->hash);
	buf_fini(&writer->groups);
	buf_fini(&writer->values);
	free(writer->path);
	free(writer);
}
