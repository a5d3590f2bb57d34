/* SPDX-License-Identifier: Apache-2.0 */
/* identity_check.c: reads run files whole: to check them, and to list their entries. */
#include <assert.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "store/identity_run.h"

/* Opens a run by its path; `info` is what the catalog says, or NULL: then what the file itself
 * says. */
static int open_path(const char *path, const struct id_run *info, struct run **run, struct err *err)
{
	struct id_run own = {0};
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t n = slash ? (size_t)(slash - path) : 1;
	if (strlen(base) >= sizeof(own.name))
		return err_set(err, ERR_NOT_FOUND, "%s: not a run of identities", path);
	if (info) {
		own = *info;
	} else if (run_describe(path, &own, err) < 0) {
		return -1;
	}
	memcpy(own.name, base, strlen(base) + 1);
	char *dir = xmalloc(n + 1);
	memcpy(dir, slash ? path : ".", n);
	dir[n] = '\0';
	int rc = run_open(dir, &own, run, err);
	free(dir);
	return rc;
}

static int check_sha256(const char *path, const uint8_t expected[32], struct err *err)
{
	enum { PIECE = 1 << 20 };
	int fd = io_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		return -1;
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	char *piece = xmalloc(PIECE);
	uint8_t digest[32];
	unsigned size = sizeof(digest);
	bool fine = sha && EVP_DigestInit_ex(sha, EVP_sha256(), NULL) == 1;
	ssize_t n = 0;
	while (fine && (n = io_read(fd, piece, PIECE, path, err)) > 0)
		fine = EVP_DigestUpdate(sha, piece, (size_t)n) == 1;
	fine = fine && EVP_DigestFinal_ex(sha, digest, &size) == 1;
	int rc = n < 0 ? -1 : 0;
	if (rc == 0 && !fine)
		rc = err_set(err, ERR_UNSUPPORTED, "SHA-256 is not available");
	if (rc == 0 && memcmp(digest, expected, sizeof(digest)) != 0)
		rc = err_set(err, ERR_DAMAGED, "%s: its SHA-256 is not the catalog's", path);
	EVP_MD_CTX_free(sha);
	free(piece);
	io_close(fd);
	return rc;
}

static int check_block(const struct run *run, const struct section *section, uint32_t b,
	const struct cell *cells, const struct cell *before, struct err *err)
{
	struct block want;
	uint32_t n = block_cells(section, b);
	block_summary(&want, cells, n);
	want.crc = section->blocks[b].crc;
	if (memcmp(&want, &section->blocks[b], sizeof(want)) != 0)
		return err_set(err, ERR_DAMAGED, "%s: a summary does not fit its block", run->path);
	for (uint32_t i = 0; i < n; i++) {
		const struct cell *last = i > 0 ? &cells[i - 1] : before;
		if (last && !cell_before(last, &cells[i]))
			return err_set(err, ERR_DAMAGED, "%s: entries are out of order", run->path);
		if (section->filter &&
			!filter_has(filter_line(section->filter, section->nlines, cells[i].hi),
				cells[i].lo))
			return err_set(
				err, ERR_DAMAGED, "%s: a key is not in the filter", run->path);
	}
	return 0;
}

int identity_check(const char *path, const struct id_run *info, struct err *err)
{
	struct run *run;
	assert(info);
	if (open_path(path, info, &run, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < run->nsections && rc == 0; i++) {
		struct section *section = &run->sections[i];
		struct cell last;
		rc = run_load(run, section, err);
		for (uint32_t b = 0; b < section->nblocks && rc == 0; b++) {
			const struct cell *cells = run_block(run, section, b, err);
			rc = cells ? check_block(run, section, b, cells, b ? &last : NULL, err)
				   : -1;
			if (rc == 0)
				last = cells[block_cells(section, b) - 1];
		}
		run_unload_section(run, section);
	}
	run_free(run);
	return rc < 0 ? -1 : check_sha256(path, info->sha256, err);
}

static void to_entry(const struct cell *cell, struct id_entry *entry)
{
	uint64_t hi = __builtin_bswap64(cell->hi), lo = __builtin_bswap64(cell->lo);
	memcpy(entry->key, &hi, 8);
	memcpy(entry->key + 8, &lo, 8);
	entry->container = cell->container;
	entry->copy = cell->copy;
	entry->offset = cell->place >> 8;
	entry->flags = (uint8_t)cell->place;
}

int identity_each(const char *path,
	int (*each)(void *ctx, int32_t day, const struct id_entry *entry, struct err *err),
	void *ctx, struct err *err)
{
	struct run *run;
	if (open_path(path, NULL, &run, err) < 0)
		return -1;
	int rc = 0;
	for (uint32_t i = 0; i < run->nsections && rc == 0; i++) {
		struct section *section = &run->sections[i];
		rc = run_load(run, section, err);
		for (uint32_t b = 0; b < section->nblocks && rc == 0; b++) {
			const struct cell *cells = run_block(run, section, b, err);
			rc = cells ? 0 : -1;
			for (uint32_t c = 0; c < block_cells(section, b) && rc == 0; c++) {
				struct id_entry entry;
				to_entry(&cells[c], &entry);
				rc = each(ctx, section->day, &entry, err);
			}
		}
		run_unload_section(run, section);
	}
	run_free(run);
	return rc;
}
