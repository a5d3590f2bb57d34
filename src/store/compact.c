/* SPDX-License-Identifier: Apache-2.0 */
/* compact.c: merges small segments into larger ones, by size: files of less than one row group
 * always, larger ones where more than eight have about the same size (within a factor of four). So a
 * table has at most 64 files, each row is rewritten a number of times that grows with the logarithm
 * of the table, and rows of a time stand together: inputs are taken by time, row groups are sorted.
 * A file with rows for a full row group that has no other to go with is rewritten by itself, once:
 * an import writes row groups as small as its blocks, and a search pays for each of them.
 *
 * One merge is one transaction, and the lease is given back between two: a writer waits for one
 * merge at the most. Vault places are columns, so they stay as they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch/concat.h"
#include "schema/schema.h"
#include "store/shipments_private.h"

enum {
	COMPACT_LEVEL = 3, /* zstd; these files are written once and read often */
	SAME_SIZE_MOST = 8,
	MERGE_FILES = 512,            /* at once, of the smallest */
	MERGE_ROWS = 4 * 1024 * 1024, /* about, unless two files have more */
	QUEUE_BATCHES = 4096,
};
/* Memory of row groups that wait to be merged, as read. */
#define QUEUE_BYTES ((size_t)192 << 20)

/* ---- which ----------------------------------------------------------------------------------- */

static unsigned size_class(uint64_t rows)
{
	unsigned c = 0;
	for (uint64_t most = LIMIT_BATCH_ROWS; rows >= most && c < 16; most *= 4)
		c++;
	return c;
}

static bool go_together(const struct old_segment *a, const struct old_segment *b)
{
	return !a->skip && size_class(a->rows) == size_class(b->rows) &&
	       a->shipping == b->shipping && memcmp(a->fingerprint, b->fingerprint, 32) == 0;
}

/* The segments that go together with list[first], by time; returns how many there are. */
static uint32_t gather(const struct old_segments *all, uint32_t first,
	const struct old_segment **picked, uint32_t max)
{
	const struct old_segment *one = &all->list[first];
	unsigned class = size_class(one->rows);
	uint64_t rows = 0;
	uint32_t n = 0;
	for (uint32_t i = first; i < all->n && n < max; i++) {
		const struct old_segment *old = &all->list[i];
		if (!go_together(old, one))
			continue;
		if (n >= 2 && rows + old->rows > MERGE_ROWS && class <= 3)
			break;
		picked[n++] = old;
		rows += old->rows;
	}
	return n;
}

/* Picks what to merge next; 0 = nothing. */
static uint32_t plan(const struct old_segments *all, const struct old_segment **picked)
{
	for (uint32_t i = 0; i < all->n; i++) {
		unsigned class = size_class(all->list[i].rows);
		uint32_t alike = 0;
		if (all->list[i].skip)
			continue;
		for (uint32_t k = 0; k < all->n; k++)
			alike += go_together(&all->list[k], &all->list[i]);
		if (alike < 2 || (class > 0 && alike <= SAME_SIZE_MOST))
			continue;
		uint32_t n = gather(all, i, picked, class ? 2 * SAME_SIZE_MOST : MERGE_FILES);
		if (n >= 2)
			return n;
	}
	for (uint32_t i = 0; i < all->n; i++) {
		picked[0] = &all->list[i];
		if (!picked[0]->skip && !picked[0]->compacted &&
			picked[0]->rows >= LIMIT_BATCH_ROWS)
			return 1;
	}
	return 0;
}

/* ---- merging --------------------------------------------------------------------------------- */

struct merge {
	struct rewriter out;
	struct parquet_reader *first; /* its shape is everyone's */
	struct batch *queue;
	uint32_t n, from; /* batches; the first `from` rows of queue[0] are written */
	uint64_t rows;    /* waiting */
	size_t bytes;
};

struct timed_ref {
	int64_t time;
	struct row_ref ref;
};

static int by_time(const void *left, const void *right)
{
	const struct timed_ref *a = left, *b = right;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->ref.batch != b->ref.batch)
		return a->ref.batch < b->ref.batch ? -1 : 1;
	return a->ref.row < b->ref.row ? -1 : a->ref.row > b->ref.row;
}

/* The next n waiting rows, by time; those without a time last. Returns the batches used up. */
static uint32_t take_rows(struct merge *m, uint32_t n, struct row_ref *refs)
{
	struct timed_ref *timed = xmalloc(n * sizeof(*timed));
	uint32_t batch = 0, row = m->from;
	for (uint32_t i = 0; i < n; i++) {
		while (row == m->queue[batch].nrows) {
			batch++;
			row = 0;
		}
		const struct column *times = &m->queue[batch].columns[SYS_EVENT_TIME];
		timed[i].time = column_is_null(times, row) ? INT64_MAX : times->i64[row];
		timed[i].ref = (struct row_ref){batch, row++};
	}
	qsort(timed, n, sizeof(*timed), by_time);
	for (uint32_t i = 0; i < n; i++)
		refs[i] = timed[i].ref;
	free(timed);
	m->from = row;
	while (batch < m->n && m->from == m->queue[batch].nrows) {
		batch++;
		m->from = 0;
	}
	return batch;
}

static void drop_batches(struct merge *m, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		m->bytes -= m->queue[i].mem.used;
		batch_fini(&m->queue[i]);
	}
	m->n -= n;
	memmove(m->queue, m->queue + n, m->n * sizeof(*m->queue));
}

static int write_group(struct merge *m, struct err *err)
{
	uint32_t n = m->rows < LIMIT_BATCH_ROWS ? (uint32_t)m->rows : LIMIT_BATCH_ROWS;
	struct row_ref *refs = xmalloc(n * sizeof(*refs));
	const struct batch **list = xmalloc(m->n * sizeof(*list));
	struct batch merged;
	for (uint32_t i = 0; i < m->n; i++)
		list[i] = &m->queue[i];
	uint32_t used = take_rows(m, n, refs);
	batch_concat(list, refs, n, parquet_shape(m->first), &merged);
	int rc = rewriter_add(&m->out, &merged, err);
	batch_fini(&merged);
	free(list);
	free(refs);
	drop_batches(m, used);
	m->rows -= n;
	return rc;
}

static int read_group(
	struct merge *m, struct parquet_reader *reader, uint32_t group, struct err *err)
{
	struct batch *batch = &m->queue[m->n];
	batch_init(batch, parquet_shape(reader));
	if (parquet_read(reader, group, NULL, batch, err) < 0) {
		batch_fini(batch);
		return -1;
	}
	batch->shape = parquet_shape(m->first); /* equal, and outlives the reader's */
	m->n++;
	m->rows += batch->nrows;
	m->bytes += batch->mem.used;
	while (m->rows >= LIMIT_BATCH_ROWS ||
		(m->rows > 0 && (m->bytes > QUEUE_BYTES || m->n == QUEUE_BATCHES))) {
		if (write_group(m, err) < 0)
			return -1;
	}
	return 0;
}

static int read_file(struct merge *m, const struct old_segment *old, struct err *err)
{
	char path[STORE_PATH];
	struct parquet_reader *reader;
	store_path(m->out.store, path, "tables/%s/%s.parquet", m->out.table, old->name);
	if (parquet_open(path, &reader, err) < 0)
		return -1;
	if (!m->first) {
		m->first = reader;
		m->out.shape = parquet_shape(reader);
	}
	int rc = 0;
	if (parquet_rows(reader) != old->rows)
		rc = err_set(err, ERR_DAMAGED, "%s: has not the rows that the catalog says", path);
	else if (!batch_shape_equal(parquet_shape(reader), parquet_shape(m->first)))
		rc = err_set(err, ERR_UNSUPPORTED, "%s: has other columns", path);
	for (uint32_t g = 0; rc == 0 && g < parquet_groups(reader); g++)
		rc = read_group(m, reader, g, err);
	if (reader != m->first)
		parquet_close(reader);
	return rc;
}

static int swap(struct merge *m, int64_t table_id, const struct old_segment *const *picked,
	uint32_t n, struct err *err)
{
	struct store *store = m->out.store;
	uint64_t rows = 0;
	for (uint32_t i = 0; i < n; i++)
		rows += picked[i]->rows;
	if (m->out.row.rows != rows)
		return err_set(err, ERR_DAMAGED, "%s: merging would change the number of rows",
			m->out.path);
	if (catalog_begin(store, err) < 0)
		return -1;
	if (shipments_can_merge(store, picked, n, err) < 0 ||
		rewriter_swap(&m->out, table_id, picked, n, err) < 0) {
		catalog_rollback(store);
		return -1;
	}
	return catalog_commit(store, err);
}

/* Merges the files picked. A file that cannot be read, or has other columns, is named in *bad: it
 * is left alone and the others go on without it. */
static int merge_files(struct store *store, const struct table_state *table,
	const struct old_segment *const *picked, uint32_t n, int64_t *bad, struct err *err)
{
	struct merge m = {0};
	struct err why = {0};
	int rc = 0;
	*bad = 0;
	rewriter_init(&m.out, store, table->name, NULL, COMPACT_LEVEL);
	m.queue = xmalloc((QUEUE_BATCHES + 1) * sizeof(*m.queue));
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		rc = read_file(&m, picked[i], &why);
		if (rc < 0 && (why.kind == ERR_DAMAGED || why.kind == ERR_NOT_FOUND ||
				      why.kind == ERR_UNSUPPORTED)) {
			log_warn("left out of compaction: %s", why.text);
			*bad = picked[i]->id;
		}
	}
	while (rc == 0 && m.rows > 0)
		rc = write_group(&m, err);
	if (rc == 0)
		rc = rewriter_finish(&m.out, err);
	if (rc == 0)
		rc = swap(&m, table->id, picked, n, &why);
	if (rc < 0 && why.kind == ERR_BUSY)
		*bad = picked[0]->id; /* meanwhile on its way to the cluster */
	if (rc < 0 && err && why.kind)
		*err = why;
	rewriter_fini(&m.out, rc == 0);
	drop_batches(&m, m.n);
	free(m.queue);
	if (m.first)
		parquet_close(m.first);
	return *bad ? 0 : rc;
}

/* ---- a table, the store ---------------------------------------------------------------------- */

struct bad_files {
	int64_t *ids;
	uint32_t n;
};

static void mark_bad(struct old_segments *all, const struct bad_files *bad)
{
	for (uint32_t i = 0; i < all->n; i++) {
		all->list[i].skip |= all->list[i].shipping == SHIPPING_OPEN;
		for (uint32_t k = 0; k < bad->n; k++)
			all->list[i].skip |= all->list[i].id == bad->ids[k];
	}
}

/* One merge under the lease. 1 = did one (or learnt of a bad file), 0 = nothing left to do. */
static int compact_once(struct store *store, const struct table_state *table, struct bad_files *bad,
	struct err *err)
{
	struct old_segments all;
	const struct old_segment *picked[MERGE_FILES];
	int64_t unreadable;
	if (old_segments_load(store, table->id, &all, err) < 0)
		return -1;
	mark_bad(&all, bad);
	uint32_t n = plan(&all, picked);
	int rc = n ? merge_files(store, table, picked, n, &unreadable, err) : 0;
	if (rc == 0 && n && unreadable) {
		bad->ids = xrealloc(bad->ids, (bad->n + 1) * sizeof(*bad->ids));
		bad->ids[bad->n++] = unreadable;
	}
	old_segments_free(&all);
	return rc < 0 ? -1 : n > 0;
}

static int count_files(struct store *store, int64_t table_id, uint64_t *n, struct err *err)
{
	int64_t found = 0;
	if (catalog_int(store, &found, err, "SELECT count(*) FROM segments WHERE table_id = ?", "i",
		    table_id) < 0)
		return -1;
	*n += (uint64_t)found;
	return 0;
}

static int compact_table(struct store *store, const char *name, const struct progress *progress,
	uint64_t *before, uint64_t *after, struct err *err)
{
	struct table_state *table;
	struct bad_files bad = {0};
	int64_t id;
	int known = catalog_table_id(store, name, false, &id, err);
	if (known == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no table `%.100s`", name);
	if (known < 0 || store_table(store, name, &table, err) < 0 ||
		count_files(store, table->id, before, err) < 0)
		return -1;
	int rc = 1;
	for (uint64_t done = 0; rc == 1; done++) {
		if (progress_step(progress, done, 0, name, err) < 0 ||
			store_lease(store, err) < 0) {
			rc = -1;
			break;
		}
		rc = compact_once(store, table, &bad, err);
		if (rc == 0)
			rc = store_merge_identities(store, table, err);
		if (rc == 0)
			rc = store_merge_observables(store, table, true, err);
		store_unlease(store);
	}
	free(bad.ids);
	return rc < 0 ? -1 : count_files(store, table->id, after, err);
}

struct names {
	char (*list)[128];
	uint32_t n;
};

static int note_name(void *ctx, const struct table_info *info, struct err *err)
{
	(void)err;
	struct names *names = ctx;
	names->list = xrealloc(names->list, (names->n + 1) * sizeof(*names->list));
	snprintf(names->list[names->n++], sizeof(*names->list), "%s", info->table);
	return 0;
}

int store_compact(struct store *store, const char *table, int64_t grace_us,
	const struct progress *progress, uint64_t *before, uint64_t *after, struct err *err)
{
	struct names names = {0};
	uint64_t was = 0, is = 0;
	int rc = store_check_writable(store, err);
	if (rc == 0 && !table)
		rc = store_tables(store, note_name, &names, err);
	if (rc == 0 && table)
		rc = compact_table(store, table, progress, &was, &is, err);
	for (uint32_t i = 0; i < names.n && rc == 0; i++)
		rc = compact_table(store, names.list[i], progress, &was, &is, err);
	free(names.list);
	if (rc == 0 && (rc = store_lease(store, err)) == 0) {
		int64_t since = clock_now_us() - grace_us;
		rc = retired_unlink(store, since, err);
		if (rc == 0)
			rc = punch_dead(store, since, err);
		store_unlease(store);
	}
	if (before)
		*before = was;
	if (after)
		*after = is;
	return rc;
}
