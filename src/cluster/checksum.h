/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checksum.h: a number for each event that is the same here and on the cluster as long as all its columns are, in the arithmetic that every
 * version of ClickHouse has and a column at a time: no text is put together. All modulo 2^64:
 *
 *	row      intHash64 of the sum over columns of value · factor(column); factor: sipHash64 of its name, made odd
 *	value    null: 0; text, bytes: sipHash64; numbers: intHash64 + 1;
 *	         lists: length + sum over elements of intHash64(element + place), place from 1, a null element as 7
 *
 * The sum over rows in any order is a table's or a day's checksum. Where a record lies in its collector's vault (vault_file …) may change there
 * and is left out, and so are columns that one of both sides does not have: they are null for the other.
 */
#ifndef CLUSTER_CHECKSUM_H
#define CLUSTER_CHECKSUM_H

#include "cluster/cluster.h"

/* Appends the SQL of a row's number for a table of this shape. */
void checksum_sql(
	struct buf *out, const struct cluster_features *features, const struct batch_shape *table);
/* The numbers of a batch's rows (all columns loaded); of columns that `table` has too. */
void checksum_rows(const struct batch *batch, const struct batch_shape *table, uint64_t *numbers);

/* ClickHouse's functions of that name. */
uint64_t sip_hash64(struct slice bytes);
uint64_t int_hash64(uint64_t value);

#endif
