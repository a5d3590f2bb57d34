/* SPDX-License-Identifier: Apache-2.0 */
/* pack_test.c: pieces unpack to what was read, one frame each, by the thread and without it; a file that
 * ends early is an error. */
#include <fcntl.h>
#include <zlib.h>
#include <zstd.h>

#include "base/test.h"
#include "ship/private.h"

enum { SIZE = 1000000 };

static char *folder, path[600];
static char *data;
static int fd;
static struct err err;

static int set_up(void **state)
{
	uint64_t seed = 1;
	(void)state;
	folder = test_folder();
	snprintf(path, sizeof(path), "%s/f", folder);
	data = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++) { /* half of it packs well, half does not */
		seed = seed * UINT64_C(6364136223846793005) + 1;
		data[i] = i < SIZE / 2 ? "abc\n"[i % 4] : (char)(seed >> 56);
	}
	assert_int_equal(io_write_file(path, data, SIZE, 0600, &err), 0);
	fd = io_open(path, O_RDONLY, 0, &err);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	io_close(fd);
	free(data);
	test_remove(folder);
	return 0;
}

static const struct {
	uint64_t from, to;
} rows[] = {{0, 1}, {0, SIZE}, {SIZE - 1, SIZE}, {5, 131077}, {0, 131072}, {0, 262144},
	{499000, 900001}};

static void check_zstd(size_t row, const struct ship_piece *piece)
{
	size_t n = piece->range.to - piece->range.from;
	char *raw = malloc(n);
	/* One frame, which says how much is in it. */
	CHECK_ROW(row, ZSTD_findFrameCompressedSize(piece->packed.ptr, piece->packed.len) ==
			       piece->packed.len);
	CHECK_ROW(row, ZSTD_getFrameContentSize(piece->packed.ptr, piece->packed.len) == n);
	CHECK_ROW(row, ZSTD_decompress(raw, n, piece->packed.ptr, piece->packed.len) == n);
	CHECK_ROW(row, memcmp(raw, data + piece->range.from, n) == 0);
	/* Its own checksum finds damage. */
	piece->packed.ptr[piece->packed.len - 1] ^= 1;
	CHECK_ROW(row, ZSTD_isError(ZSTD_decompress(raw, n, piece->packed.ptr, piece->packed.len)));
	free(raw);
}

static void check_gzip(size_t row, const struct ship_piece *piece)
{
	size_t n = piece->range.to - piece->range.from;
	char *raw = malloc(n + 1);
	z_stream z = {.next_in = (Bytef *)piece->packed.ptr,
		.avail_in = (uInt)piece->packed.len,
		.next_out = (Bytef *)raw,
		.avail_out = (uInt)n + 1};
	CHECK_ROW(row, inflateInit2(&z, 15 + 16) == Z_OK);
	CHECK_ROW(row, inflate(&z, Z_FINISH) == Z_STREAM_END);
	CHECK_ROW(row, z.total_out == n && z.avail_in == 0);
	CHECK_ROW(row, memcmp(raw, data + piece->range.from, n) == 0);
	inflateEnd(&z);
	free(raw);
}

static void ready(struct ship_piece *piece, size_t row, bool gzip)
{
	piece->fd = fd;
	piece->gzip = gzip;
	piece->range.from = rows[row].from;
	piece->range.to = rows[row].to;
	snprintf(piece->path, sizeof(piece->path), "f");
}

static void pieces_unpack(void **state)
{
	struct ship_piece piece = {0};
	struct packer *packer = packer_open();
	char hex[SHIP_HEX];
	void *context = NULL;
	(void)state;
	buf_init(&piece.packed, 2 * SIZE);
	for (size_t i = 0; i < 4 * COUNT(rows); i++) {
		bool gzip = i & 1, thread = i & 2;
		ready(&piece, i / 4, gzip);
		if (thread) {
			packer_submit(packer, &piece);
			CHECK_ROW(i, packer_wait(packer) == 0);
		} else {
			piece_pack(&piece, &context);
			CHECK_ROW(i, piece.status == 0);
		}
		content_hash(fd, rows[i / 4].from, rows[i / 4].to, "f", hex, &err);
		CHECK_ROW(i, strcmp(hex, piece.sha256) == 0);
		gzip ? check_gzip(i, &piece) : check_zstd(i, &piece);
		if (i % 3 == 0) {
			packer_rest(packer);
			packer_rest(packer);
			piece_context_free(&context);
		}
	}
	piece_context_free(&context);
	packer_close(packer);
	packer_close(packer_open());
	buf_fini(&piece.packed);
}

static void an_early_end_is_an_error(void **state)
{
	struct ship_piece piece = {0};
	struct packer *packer = packer_open();
	(void)state;
	buf_init(&piece.packed, 2 * SIZE);
	for (int gzip = 0; gzip < 2; gzip++) {
		ready(&piece, 0, gzip);
		piece.range.to = SIZE + 1;
		packer_submit(packer, &piece);
		assert_int_equal(packer_wait(packer), -1);
		assert_int_equal(piece.err.kind, ERR_DAMAGED);
		ready(&piece, 0, gzip); /* and the next one is none */
		packer_submit(packer, &piece);
		assert_int_equal(packer_wait(packer), 0);
	}
	packer_close(packer);
	buf_fini(&piece.packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pieces_unpack, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_early_end_is_an_error, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
