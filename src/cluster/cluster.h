/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cluster.h: a ClickHouse cluster over its HTTP interface: asking, inserting, and what its version can do. From 18.16 (Debian 12) to
 * the current releases; what a version lacks is known in feature.c and nowhere else.
 *
 * Every table of events looks so there (column.c): the columns of the schema by their names, those of a list as `list.field`
 * (ClickHouse's Nested: arrays of one length), a bare list as one array; and instead of event_id and event_time
 *
 *	_id         FixedString(16)  the event's id: sorts by its bytes, as in the lake
 *	_time       Int64            microseconds since 1970; CLUSTER_NO_TIME where the event has none
 *	_null_lists UInt64           bit g: list g of the schema is null, not empty
 *	_plain      UInt8            enum plainness of all its texts together: the lowest
 *	_collector  String           who sent it: the lake's own name
 *	_shipment   UInt64           with what: counted by the collector
 *
 * with event_id and event_time as ALIAS columns, for people. With a cluster's name, TABLE is a Distributed table over TABLE_local, sharded
 * by cityHash64(_id); without, TABLE itself holds the rows.
 */
#ifndef CLUSTER_CLUSTER_H
#define CLUSTER_CLUSTER_H

#include <signal.h>

#include "base/base.h"
#include "batch/batch.h"

#define CLUSTER_NO_TIME INT64_MIN
/* In SQL, where no literal is as low: whether an event has a time. */
#define SQL_TIMED   "`_time` >= -9223372036854775807"
#define SQL_UNTIMED "`_time` < -9223372036854775807"

/* Of texts: what is known of their letters beyond ASCII. A row that was written by somebody else says nothing. */
enum plainness {
	PLAIN_ANY,    /* nothing */
	PLAIN_FOLDED, /* none of them folds to one of ASCII */
	PLAIN_ASCII,  /* there are none */
};

/* ---- where ----------------------------------------------------------------------------------- */

struct cluster_settings {
	const char *
		urls; /* one or more of http[s]://host:port, with blanks between: the first that answers is asked */
	const char *
		cluster; /* its name in the servers' remote_servers; NULL or "" = one server alone */
	const char *database; /* [A-Za-z_][A-Za-z0-9_]* */
	const char *user;     /* NULL or "" = "default" */
	const char *password; /* NULL or "" = none */
	const char *ca_file;  /* PEM; NULL or "" = the system's authorities */
	const char
		*collector; /* what our lake is called there; NULL or "" = nothing there is ours */
};

/* What the server that answers can do. */
struct cluster_features {
	unsigned version; /* 18016 = 18.16 */
	char version_text[32];
	bool datetime64;      /* times are DateTime64(6, 'UTC'); else Int64 microseconds */
	bool low_cardinality; /* LowCardinality(String) */
	bool skip_index;      /* INDEX … TYPE bloom_filter */
	bool ttl;             /* TTL */
	bool codec;           /* CODEC(ZSTD): half of what LZ4 takes */
	bool partition_limit; /* max_partitions_per_insert_block */
	bool multi_search;    /* multiSearchAny */
};

struct cluster;
/* Opens it: nothing is sent. Texts are copied. `stop` (may be NULL): non-zero ends requests with ERR_INTERRUPTED; borrowed. ERR_USAGE for
 * an address or a name that cannot be. One thread at a time uses it. */
int cluster_open(const struct cluster_settings *settings, const volatile sig_atomic_t *stop,
	struct cluster **cluster, struct err *err);
/* Opens the same once more, for another thread; it goes on where `cluster` is: the same server first, what is known of it known. */
int cluster_twin(const struct cluster *cluster, const volatile sig_atomic_t *stop,
	struct cluster **twin, struct err *err);
/* Accepts NULL. */
void cluster_close(struct cluster *cluster);
/* Borrowed: with defaults instead of NULL. */
const struct cluster_settings *cluster_settings(const struct cluster *cluster);
/* Asks the version, once for each server that answers; NULL with err. ERR_UNSUPPORTED: older than 18.16. */
const struct cluster_features *cluster_features(struct cluster *cluster, struct err *err);

/* ---- asking ---------------------------------------------------------------------------------- */

enum cluster_outcome {
	CLUSTER_DONE,
	CLUSTER_REFUSED, /* the server answered with an error: see `code` */
	CLUSTER_AWAY,    /* no server could be reached: nothing was done */
	CLUSTER_DOUBT,   /* sent, and no whole answer: may be done, in part too */
};
enum { /* ClickHouse's error codes (ErrorCodes.cpp) that somebody acts on */
	CLUSTER_NO_COLUMN = 16,
	CLUSTER_UNKNOWN_NAME = 47,
	CLUSTER_UNKNOWN_TABLE = 60,
	CLUSTER_TIMEOUT = 159,
	CLUSTER_READONLY = 164,
	CLUSTER_RUNNING = 216, /* a query of that id */
	CLUSTER_NO_ZOOKEEPER = 225,
	CLUSTER_TABLE_READONLY = 242, /* a replica's */
	CLUSTER_NO_SPACE = 243,
	CLUSTER_EXPIRED =
		341, /* a statement ON CLUSTER was cleaned away: by a clock that is days ahead */
	CLUSTER_KEEPER_FAILED = 999, /* ZooKeeper's error */
};

struct cluster_query {
	struct slice sql;
	struct slice data;    /* of an INSERT … FORMAT Native: blocks, see native.h; else empty */
	bool compressed;      /* `data` is in ClickHouse's compressed frames */
	const char *settings; /* further ones: "name=value&name=value", URL-encoded; NULL = none */
	unsigned seconds;     /* at most; 0 = 300 */
	unsigned
		ms; /* the same where seconds are too coarse: when it is given up here; 0 = `seconds` */
	bool reading; /* readonly=2: the server refuses to change anything; may be asked again, elsewhere too */
	bool locked; /* with `reading`: readonly=1, so that SQL of people sets no limits of its own and calls no other server */
	bool in_database; /* names without a database are of ours, which must be there then; else of the server's default one */
	bool whole; /* the server holds the answer back until it is whole: an error later on is seen as one */
	/* Where set, the answer goes there piece by piece and not into `out`. -1 with err ends it. Not called before the status
	 * is known to be good, but an error may still follow in the stream where not `whole`. */
	int (*on_data)(void *ctx, struct slice data, struct err *err);
	void *ctx;
	/* set by cluster_ask */
	enum cluster_outcome outcome;
	int code;           /* CLUSTER_REFUSED: ClickHouse's error code, 0 = not told */
	const char *server; /* the address that answered; borrowed from the cluster */
};
/* Asks. 0 with the answer appended to `out` (may be NULL where on_data is set); -1 with err: one sentence with the server's words,
 * no password. */
int cluster_ask(
	struct cluster *cluster, struct cluster_query *query, struct buf *out, struct err *err);

/* ClickHouse's error code of the last answer that was one (CLUSTER_REFUSED); 0 = it told none, or there was none since. */
int cluster_code(const struct cluster *cluster);

/* An answer in FORMAT RowBinary, read value by value; `bad` is set, and everything is 0 or empty, from its end on. */
struct row_cursor {
	const char *at, *end;
	bool bad;
};
static inline struct row_cursor row_cursor(struct slice answer)
{
	return (struct row_cursor){answer.ptr, answer.ptr + answer.len, false};
}
static inline bool row_more(const struct row_cursor *cursor)
{
	return !cursor->bad && cursor->at < cursor->end;
}
uint64_t row_u64(struct row_cursor *cursor);      /* UInt64, Int64 */
uint8_t row_u8(struct row_cursor *cursor);        /* UInt8; before a Nullable value: 1 = null */
uint64_t row_size(struct row_cursor *cursor);     /* a varint: before an array its length */
struct slice row_text(struct row_cursor *cursor); /* String; borrowed from the answer */
struct slice row_bytes(struct row_cursor *cursor, size_t n); /* FixedString(n) */
/* After the last value: 0, or -1 (ERR_FORMAT) where the answer ended before it. */
int row_end(const struct row_cursor *cursor, struct err *err);
/* Asks for rows, whole, in that format, which `sql` does not name: the answer goes into `answer` (emptied first), and *cursor stands at
 * its begin. 0 or -1. */
int cluster_rows(struct cluster *cluster, struct buf *sql, struct buf *answer,
	struct row_cursor *cursor, struct err *err);

/* ---- SQL ------------------------------------------------------------------------------------- */

/* Appends a string literal in quotes: any bytes. */
void sql_text(struct buf *out, struct slice text);
/* Appends a name in backquotes; of a column in a list `list.field` as one. */
void sql_name(struct buf *out, struct slice name);

/*
 * Many values behind IN. A server of 18.16 takes 0.2 ms for each literal of a list, and no more than 50,000 of them; where they are many they
 * go out as one literal that it cuts. Begin with a zeroed struct. sql_set_put appends them with the brackets, and empties the set.
 */
struct sql_set {
	struct arena mem;
	struct slice *texts;
	uint32_t n, cap;
};
void sql_set_add(struct sql_set *set, struct slice text);
void sql_set_put(struct sql_set *set, struct buf *out);
/* The same where all of them are 16 bytes: values of FixedString(16). */
void sql_set_put_ids(struct sql_set *set, struct buf *out);
/* Appends one such value. */
void sql_id(struct buf *out, const uint8_t id[16]);

/* SQL that holds for the events with these ids; servers look only where their times are. Begin with a zeroed struct; sql_events_put
 * appends it, and empties the struct. */
struct sql_events {
	struct sql_set ids;
	int64_t first, last;
};
void sql_events_add(struct sql_events *events, const uint8_t id[16], int64_t time);
void sql_events_put(struct sql_events *events, struct buf *out);

/* Appends the name of a column of a shape, in backquotes: of SYS_EVENT_ID `_id`, of SYS_EVENT_TIME `_time`. */
void cluster_column_name(struct buf *out, const struct batch_shape *shape, uint32_t column);
/* Appends its type in the tables of that version. */
void cluster_column_type(struct buf *out, const struct cluster_features *features,
	const struct batch_shape *shape, uint32_t column);
/* Appends `database`.`TABLE`, of `local` rows with _local where there is a cluster's name. */
void cluster_table_name(
	struct buf *out, const struct cluster *cluster, const char *table, bool local);

#endif
