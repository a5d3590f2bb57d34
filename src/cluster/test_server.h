/* SPDX-License-Identifier: Apache-2.0 */
/* test_server.h: a real clickhouse-server of its own for a test program (tests/cluster/lone.py). For tests only. */
#ifndef CLUSTER_TEST_SERVER_H
#define CLUSTER_TEST_SERVER_H

#include "cluster/native.h"
#include "net/stand_in.h"

struct test_server {
	struct stand_in stand_in;
	char *folder;
	char url[64];
};

/* The test fails where none is installed. */
static inline void test_server_start(struct test_server *server)
{
	*server = (struct test_server){.folder = NULL};
	if (access("/usr/sbin/clickhouse-server", X_OK) != 0 &&
		access("deps/clickhouse/usr/sbin/clickhouse-server", X_OK) != 0)
		fail_msg("there is no clickhouse-server: scripts/setup.sh");
	server->folder = test_folder();
	stand_in_start(&server->stand_in, "python3", "tests/cluster/lone.py", server->folder);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d",
		stand_in_port(&server->stand_in, "http"));
}

/* Ends it, where one was started. */
static inline void test_server_stop(struct test_server *server)
{
	if (!server->folder)
		return;
	stand_in_stop(&server->stand_in);
	test_remove(server->folder);
}

/* A statement; ends the test where it fails. */
static inline void test_server_tell(struct cluster *cluster, struct slice sql, struct slice data)
{
	struct cluster_query query = {.sql = sql, .data = data};
	struct buf out;
	struct err err = {0};
	buf_init(&out, 1 << 20);
	if (cluster_ask(cluster, &query, &out, &err) < 0)
		fail_msg("%s", err.text);
	buf_fini(&out);
}

/* Inserts a batch as a shipment of `collector`. */
static inline void test_server_insert(struct cluster *cluster, const struct batch *batch,
	const char *table, struct slice collector)
{
	struct buf sql, data;
	struct err err = {0};
	const struct cluster_features *features = cluster_features(cluster, &err);
	buf_init(&sql, 1 << 20);
	buf_init(&data, (size_t)1 << 30);
	buf_puts(&sql, "INSERT INTO ");
	cluster_table_name(&sql, cluster, table, false);
	buf_puts(&sql, " (");
	native_columns(&sql, batch->shape);
	buf_puts(&sql, ") FORMAT Native");
	native_write(&data, features, batch, NULL, batch->nrows, collector, 1);
	test_server_tell(cluster, buf_view(&sql), buf_view(&data));
	buf_fini(&sql);
	buf_fini(&data);
}

#endif
