/* SPDX-License-Identifier: Apache-2.0 */
/* content_test.c: hashes of ranges, line ends, first lines and nodes, in files larger and smaller than
 * the blocks they are read in. */
#include <fcntl.h>

#include "base/test.h"
#include "ship/private.h"

static char *folder, path[600];
static struct err err;

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	snprintf(path, sizeof(path), "%s/f", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_remove(folder);
	return 0;
}

static int file_of(const char *data, size_t n)
{
	assert_int_equal(io_write_file(path, data, n, 0600, &err), 0);
	int fd = io_open(path, O_RDONLY, 0, &err);
	assert_true(fd >= 0);
	return fd;
}

static void ranges_are_hashed(void **state)
{
	char hex[SHIP_HEX], tail[SHIP_TAIL + 1], other[SHIP_TAIL + 1];
	char *data = calloc(1, 200000);
	(void)state;
	memcpy(data, "abc", 3);
	int fd = file_of(data, 200000);
	assert_int_equal(content_hash(fd, 0, 3, path, hex, &err), 0);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(content_hash(fd, 7, 7, path, hex, &err), 0);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(content_hash(fd, 199999, 200001, path, hex, &err), -1);
	assert_int_equal(err.kind, ERR_DAMAGED);
	assert_int_equal(content_tail(fd, 3, path, tail, &err), 0);
	assert_string_equal(tail, "ba7816bf8f01cfea");
	/* Only the last bytes count, all of them. */
	assert_int_equal(content_tail(fd, SHIP_TAIL_BYTES + 2, path, tail, &err), 0);
	assert_int_equal(content_tail(fd, SHIP_TAIL_BYTES + 3, path, other, &err), 0);
	assert_string_not_equal(tail, other);
	assert_int_equal(content_tail(fd, 200000, path, tail, &err), 0);
	assert_string_equal(tail, other);
	io_close(fd);
	free(data);
}

static void line_ends_are_found(void **state)
{
	enum { SIZE = 300000 };
	static const struct {
		size_t newline; /* the only one; SIZE = none */
		uint64_t from, to, end;
	} rows[] = {
		{SIZE, 0, SIZE, 0},
		{SIZE, 5, 5, 5},
		{0, 0, SIZE, 1},
		{0, 1, SIZE, 1},
		{SIZE - 1, 0, SIZE, SIZE},
		{SIZE - 1, 0, SIZE - 1, 0},
		{65535, 0, SIZE, 65536},
		{65536, 0, SIZE, 65537},
		{100000, 100000, 100001, 100001},
		{100000, 100001, SIZE, 100001},
		{SIZE - 65536, 0, SIZE, SIZE - 65535},
	};
	char *data = malloc(SIZE);
	uint64_t end;
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(data, 'x', SIZE);
		if (rows[i].newline < SIZE)
			data[rows[i].newline] = '\n';
		int fd = file_of(data, SIZE);
		CHECK_ROW(i, content_line_end(fd, rows[i].from, rows[i].to, path, &end, &err) == 0);
		CHECK_ROW(i, end == rows[i].end);
		io_close(fd);
	}
	free(data);
}

static void first_lines_and_their_nodes(void **state)
{
	static const struct {
		struct slice text;
		int whole;
		uint64_t len;
		const char *node; /* NULL = none */
	} rows[] = {
		{SLICE("{\"node\":\"n1\"}\n{\"node\":\"n2\"}\n"), 1, 13, "n1"},
		{SLICE("{\"node\":\"n1\"}"), 0, 13, "n1"},
		{SLICE("{\"node\":\"n1\"}\r\n"), 1, 14, "n1"},
		{SLICE("{\"a\":{\"node\":\"x\"}}\n"), 1, 18, NULL},
		{SLICE("{\"node\":\"\"}\n"), 1, 11, NULL},
		{SLICE("{\"node\":\"a\\u0000b\"}\n"), 1, 19, NULL},
		{SLICE("{\"node\":7}\n"), 1, 10, NULL},
		{SLICE("rubbish\n"), 1, 7, NULL},
		{SLICE("\n{\"node\":\"n2\"}\n"), 1, 0, NULL},
		{SLICE(""), 0, 0, NULL},
	};
	struct buf node;
	uint64_t len;
	(void)state;
	buf_init(&node, 100);
	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd = file_of(rows[i].text.ptr, rows[i].text.len);
		CHECK_ROW(i, content_first_line(fd, rows[i].text.len, path, &len, &err) ==
				     rows[i].whole);
		CHECK_ROW(i, len == rows[i].len);
		CHECK_ROW(i, content_node(fd, len, path, &node, &err) == (rows[i].node != NULL));
		if (rows[i].node)
			CHECK_ROW(i, slice_eq(buf_view(&node), slice_of(rows[i].node)));
		io_close(fd);
	}
	buf_fini(&node);
}

/* A first line that never ends is taken as it is where it is as long as a piece. */
static void endless_first_lines_end(void **state)
{
	uint64_t len;
	char byte = 'x';
	(void)state;
	int fd = io_open(path, O_RDWR | O_CREAT, 0600, &err);
	assert_int_equal(io_pwrite(fd, &byte, 1, LIMIT_SHIP_PIECE - 2, path, &err), 0);
	assert_int_equal(content_first_line(fd, LIMIT_SHIP_PIECE - 1, path, &len, &err), 0);
	assert_int_equal(io_pwrite(fd, &byte, 1, 2 * LIMIT_SHIP_PIECE, path, &err), 0);
	assert_int_equal(content_first_line(fd, 2 * LIMIT_SHIP_PIECE + 1, path, &len, &err), 1);
	assert_int_equal(len, LIMIT_SHIP_PIECE);
	io_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ranges_are_hashed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(line_ends_are_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(first_lines_and_their_nodes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(endless_first_lines_end, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
