/* SPDX-License-Identifier: Apache-2.0 */
/* sorted_reader.c: a file walked forward. What is read is checked: a file may have been damaged since it was written. */
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/crc32c.h"
#include "ioc/sorted_file.h"
#include "ioc/sorted_format.h"

enum {
	WINDOW_BLOCKS = 16, /* read at once where reading goes on */
	WINDOW_NEAR = 4,    /* blocks that are passed over in that */
};

struct sorted_reader {
	char *path;
	int fd;
	struct sorted_footer footer;
	struct sorted_fence *fences;
	char *texts;
	/* blocks [window, window_end) are in memory */
	char *bytes;
	uint32_t window, window_end;
	/* the block that is walked, and where */
	uint32_t block; /* nfences = at the end */
	const char *at, *end;
	uint32_t left;
	/* the record given last */
	struct sorted_record record;
	bool given; /* there is one */
	/* what was asked for last: nothing lies between that and the record */
	bool asked;
	unsigned asked_kind;
	size_t nasked;
	char asked_key[SORTED_KEY_MAX];
	char key[SORTED_KEY_MAX];
};

int sorted_damaged(const struct sorted_reader *r, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "%s: %s: pugmark verify says what to do", r->path, what);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int read_part(const struct sorted_reader *r, void **data, size_t n, uint64_t at,
	uint32_t crc, struct err *err)
{
	*data = xmalloc(n + 1);
	if (io_pread(r->fd, *data, n, at, r->path, err) < 0)
		return -1;
	return crc32c(0, *data, n) == crc ? 0 : sorted_damaged(r, "its index is damaged", err);
}

/* Whether what the footer says can be: the parts stand behind one another and fill the file. */
static bool is_footer_sane(const struct sorted_footer *f, uint64_t size)
{
	uint64_t fences = (uint64_t)f->nfences * sizeof(struct sorted_fence);
	bool ok = f->crc == crc32c(0, f, offsetof(struct sorted_footer, crc)) &&
		  f->extra_at >= SORTED_MAGIC_BYTES && f->extra_at <= size &&
		  f->fences_at == f->extra_at + f->extra_bytes &&
		  f->texts_at == f->fences_at + fences &&
		  f->texts_at + f->texts_bytes + sizeof(*f) == size && f->first[0] == 0 &&
		  f->first[SORTED_KINDS] == f->nfences;
	for (unsigned k = 0; ok && k < SORTED_KINDS; k++)
		ok = f->first[k] <= f->first[k + 1];
	return ok;
}

static int read_footer(struct sorted_reader *r, struct err *err)
{
	struct io_info info;
	char magic[SORTED_MAGIC_BYTES];
	if (io_fstat(r->fd, &info, r->path, err) < 0)
		return -1;
	if (info.size < SORTED_MAGIC_BYTES + sizeof(r->footer))
		return sorted_damaged(r, "is too short", err);
	if (io_pread(r->fd, magic, sizeof(magic), 0, r->path, err) < 0 ||
		io_pread(r->fd, &r->footer, sizeof(r->footer), info.size - sizeof(r->footer),
			r->path, err) < 0)
		return -1;
	if (memcmp(magic, SORTED_MAGIC, sizeof(magic)) != 0 ||
		!is_footer_sane(&r->footer, info.size))
		return sorted_damaged(r, "its footer is damaged", err);
	return 0;
}

static int check_fences(const struct sorted_reader *r, struct err *err)
{
	const struct sorted_footer *f = &r->footer;
	uint64_t at = SORTED_MAGIC_BYTES;
	for (uint32_t i = 0; i < f->nfences; i++) {
		const struct sorted_fence *fence = &r->fences[i];
		if (fence->at != at || fence->bytes > SORTED_BLOCK_MOST || fence->records == 0 ||
			(uint64_t)fence->text + fence->text_bytes > f->texts_bytes)
			return sorted_damaged(r, "its index is damaged", err);
		at += fence->bytes;
	}
	return at == f->extra_at ? 0 : sorted_damaged(r, "its index is damaged", err);
}

int sorted_open(const char *path, struct sorted_reader **reader, struct err *err)
{
	struct sorted_reader *r = xcalloc(1, sizeof(*r));
	r->path = xstrdup(path);
	r->fd = io_open(path, O_RDONLY, 0, err);
	if (r->fd < 0 || read_footer(r, err) < 0 ||
		read_part(r, (void **)&r->fences, r->footer.nfences * sizeof(*r->fences),
			r->footer.fences_at, r->footer.fences_crc, err) < 0 ||
		read_part(r, (void **)&r->texts, r->footer.texts_bytes, r->footer.texts_at,
			r->footer.texts_crc, err) < 0 ||
		check_fences(r, err) < 0) {
		sorted_close(r);
		return -1;
	}
	*reader = r;
	return 0;
}

void sorted_close(struct sorted_reader *r)
{
	if (!r)
		return;
	io_close(r->fd);
	free(r->path);
	free(r->fences);
	free(r->texts);
	free(r->bytes);
	free(r);
}

uint64_t sorted_entries(const struct sorted_reader *reader)
{
	return reader->footer.entries;
}

uint32_t sorted_kinds(const struct sorted_reader *reader)
{
	uint32_t kinds = 0;
	for (unsigned k = 0; k < SORTED_KINDS; k++)
		kinds |= (uint32_t)(reader->footer.first[k] < reader->footer.first[k + 1]) << k;
	return kinds;
}

uint64_t sorted_tag(const struct sorted_reader *reader)
{
	return reader->footer.tag;
}

int sorted_extra(struct sorted_reader *r, char **bytes, size_t *n, struct err *err)
{
	void *data = NULL;
	*n = r->footer.extra_bytes;
	int rc = read_part(r, &data, *n, r->footer.extra_at, r->footer.extra_crc, err);
	*bytes = data;
	if (rc < 0) {
		free(data);
		*bytes = NULL;
	}
	return rc;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* Has the block in memory: with more behind it where reading goes on from where it was. */
static int load_block(struct sorted_reader *r, uint32_t block, struct err *err)
{
	if (block >= r->window && block < r->window_end)
		return 0;
	bool goes_on = block >= r->window_end && block < r->window_end + WINDOW_NEAR;
	uint32_t n = goes_on ? WINDOW_BLOCKS : 1;
	if (n > r->footer.nfences - block)
		n = r->footer.nfences - block;
	if (!r->bytes)
		r->bytes = xmalloc(WINDOW_BLOCKS * SORTED_BLOCK_MOST);
	const struct sorted_fence *first = &r->fences[block], *last = &r->fences[block + n - 1];
	r->window = r->window_end = 0;
	if (io_pread(r->fd, r->bytes, last->at + last->bytes - first->at, first->at, r->path, err) <
		0)
		return -1;
	r->window = block;
	r->window_end = block + n;
	return 0;
}

static int begin_block(struct sorted_reader *r, uint32_t block, struct err *err)
{
	const struct sorted_fence *fence = &r->fences[block];
	r->given = false;
	if (load_block(r, block, err) < 0)
		return -1;
	r->block = block;
	r->at = r->bytes + (fence->at - r->fences[r->window].at);
	r->end = r->at + fence->bytes;
	r->left = fence->records;
	return crc32c(0, r->at, fence->bytes) == fence->crc
		       ? 0
		       : sorted_damaged(r, "a block is damaged", err);
}

static unsigned kind_of_block(const struct sorted_reader *r, uint32_t block)
{
	unsigned k = 0;
	while (r->footer.first[k + 1] <= block)
		k++;
	return k;
}

static bool take_slice(struct sorted_reader *r, size_t most, struct slice *out)
{
	uint64_t n;
	if (!varint_take(&r->at, r->end, &n) || n > most || n > (uint64_t)(r->end - r->at))
		return false;
	*out = (struct slice){r->at, n};
	r->at += n;
	return true;
}

/* A record as it stands in the block. */
struct parsed {
	uint64_t shared;
	struct slice rest;
};

static bool parse_record(struct sorted_reader *r, struct parsed *out)
{
	return varint_take(&r->at, r->end, &out->shared) &&
	       out->shared <= (r->given ? r->record.key.len : 0) &&
	       take_slice(r, SORTED_KEY_MAX - out->shared, &out->rest) &&
	       take_slice(r, SORTED_VALUE_MAX, &r->record.value);
}

static void take_parsed(struct sorted_reader *r, const struct parsed *parsed)
{
	if (parsed->rest.len)
		memcpy(r->key + parsed->shared, parsed->rest.ptr, parsed->rest.len);
	r->record.key = (struct slice){r->key, parsed->shared + parsed->rest.len};
	r->given = true;
	r->left--;
}

int sorted_next(struct sorted_reader *r, const struct sorted_record **record, struct err *err)
{
	r->asked = false;
	if (r->left == 0) {
		uint32_t next = r->at ? r->block + 1 : 0;
		if (next >= r->footer.nfences) {
			r->given = false;
			return 0;
		}
		if (begin_block(r, next, err) < 0)
			return -1;
		r->record.kind = kind_of_block(r, next);
	}
	struct parsed parsed;
	if (!parse_record(r, &parsed))
		return sorted_damaged(r, "a record is damaged", err);
	take_parsed(r, &parsed);
	*record = &r->record;
	return 1;
}

/* ---- looking for one ------------------------------------------------------------------------- */

static struct slice fence_text(const struct sorted_reader *r, uint32_t block)
{
	const struct sorted_fence *fence = &r->fences[block];
	return (struct slice){r->texts + fence->text, fence->text_bytes};
}

/* The last block of the kind whose fence is not greater than the key: a few steps ahead of the current one first, then by
 * halves. The kind has blocks. */
static uint32_t find_block(const struct sorted_reader *r, unsigned kind, struct slice key)
{
	uint32_t low = r->footer.first[kind], high = r->footer.first[kind + 1];
	if (r->at && r->block >= low && r->block < high &&
		slice_cmp(fence_text(r, r->block), key) <= 0) {
		uint32_t step = 1;
		low = r->block;
		while (low + step < high && slice_cmp(fence_text(r, low + step), key) <= 0) {
			low += step;
			step *= 2;
		}
		high = low + step < high ? low + step : high;
	}
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (slice_cmp(fence_text(r, middle), key) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* Whether a record that is greater than the key is the answer: what was asked before, which led to it, is not greater. */
static bool is_first_after(const struct sorted_reader *r, unsigned kind, struct slice key)
{
	struct slice asked = {r->asked_key, r->nasked};
	return r->asked && sorted_order(r->asked_kind, asked, kind, key) <= 0;
}

static void note_asked(struct sorted_reader *r, unsigned kind, struct slice key)
{
	r->asked = key.len <= SORTED_KEY_MAX;
	if (!r->asked)
		return;
	r->asked_kind = kind;
	r->nasked = key.len;
	memcpy(r->asked_key, key.ptr, key.len);
}

/* Goes to the block where the key is, or would be; stays where the current record is less than the key, and in that block. 1 = there is
 * a record, 0 = no block is left, -1. */
static int go_to(
	struct sorted_reader *r, unsigned kind, struct slice key, bool is_less, struct err *err)
{
	uint32_t first = r->footer.first[kind], end = r->footer.first[kind + 1], block = first;
	const struct sorted_record *record;
	if (first == r->footer.nfences)
		return 0;
	if (first < end)
		block = find_block(r, kind, key);
	if (is_less && r->block == block)
		return 1;
	if (begin_block(r, block, err) < 0)
		return -1;
	r->record.kind = kind_of_block(r, block);
	return sorted_next(r, &record, err);
}

/* Walks on within the block, to the first record that is not less than the key; the current one is less. 1 found, 0 at the block's end, -1.
 * What a record shares with the one before tells most of the time how it stands to the key, without looking at it. */
static int walk_block(struct sorted_reader *r, struct slice key, struct err *err)
{
	size_t same = slice_common(r->record.key, key);
	while (r->left > 0) {
		struct parsed parsed;
		if (!parse_record(r, &parsed))
			return sorted_damaged(r, "a record is damaged", err);
		take_parsed(r, &parsed);
		if (parsed.shared > same)
			continue;
		if (parsed.shared < same)
			return 1;
		struct slice left = {key.ptr + same, key.len - same};
		same += slice_common(parsed.rest, left);
		if (slice_cmp(r->record.key, key) >= 0)
			return 1;
	}
	return 0;
}

int sorted_seek(struct sorted_reader *r, unsigned kind, struct slice key,
	const struct sorted_record **record, struct err *err)
{
	int stands = r->given ? sorted_order(r->record.kind, r->record.key, kind, key) : 1;
	*record = &r->record;
	if (r->given && (stands == 0 || (stands > 0 && is_first_after(r, kind, key)))) {
		note_asked(r, kind, key);
		return 1;
	}
	int rc = go_to(r, kind, key, r->given && stands < 0, err);
	while (rc == 1 && sorted_order(r->record.kind, r->record.key, kind, key) < 0) {
		rc = r->record.kind == kind ? walk_block(r, key, err) : 0;
		if (rc == 0)
			rc = sorted_next(r, record, err);
	}
	note_asked(r, kind, key);
	r->asked = r->asked && rc == 1;
	return rc;
}

void sorted_rewind(struct sorted_reader *r)
{
	r->at = r->end = NULL;
	r->left = 0;
	r->given = false;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int check_order(struct sorted_reader *r, struct err *err)
{
	char before[SORTED_KEY_MAX];
	size_t n = 0;
	unsigned kind = 0;
	uint64_t entries = 0;
	const struct sorted_record *record;
	int rc;
	while ((rc = sorted_next(r, &record, err)) == 1) {
		if (entries > 0 && sorted_order(kind, (struct slice){before, n}, record->kind,
					   record->key) >= 0)
			return sorted_damaged(r, "its keys are not in order", err);
		memcpy(before, record->key.ptr, record->key.len);
		n = record->key.len;
		kind = record->kind;
		entries++;
	}
	if (rc < 0)
		return -1;
	return entries == r->footer.entries ? 0
					    : sorted_damaged(r, "has not the keys it says", err);
}

int sorted_check(const char *path, uint64_t entries, struct err *err)
{
	struct sorted_reader *r;
	char *extra = NULL;
	size_t n;
	if (sorted_open(path, &r, err) < 0)
		return -1;
	int rc = sorted_extra(r, &extra, &n, err);
	if (rc == 0 && entries != r->footer.entries)
		rc = sorted_damaged(r, "is not the file that the catalog names", err);
	if (rc == 0)
		rc = check_order(r, err);
	free(extra);
	sorted_close(r);
	return rc;
}
