/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power_disk.h: for power_test.c: what a disk may hold after the power went. The changes that a
 * program made are recorded; played up to any of them, they say which bytes and names are lasting
 * (synced) and which may be there or not. The rules are the weak ones of POSIX:
 *
 *   - a file's bytes last after its fsync; before, each sector or page may be as it was, or as any
 *     later write left it, and the length may be ahead of the bytes (then they are zeros);
 *   - a name (made, renamed, removed) lasts after the fsync of its folder, each on its own; the
 *     fsync of a file does nothing for its name;
 *   - what was written after a truncation is not there without the truncation.
 *
 * SQLite itself syncs the folder with the first sync of a journal or log that it has opened.
 */
#ifndef STORE_POWER_DISK_H
#define STORE_POWER_DISK_H

#include <errno.h>
#include <sys/stat.h>

#include "base/base.h"
#include "base/test.h"
#include "store/private.h"

enum {
	DISK_SECTOR = 512,
	DISK_PAGE = 4096,
	DISK_MARK = IO_OPS /* as an operation: see disk_mark */
};

static inline void *disk_grow(void *list, uint32_t n, size_t size)
{
	return (n & (n - 1)) == 0 ? xrealloc(list, (n ? 2 * (size_t)n : 1) * size) : list;
}

/* ---- recording ------------------------------------------------------------------------------- */

/* What was changed below one folder. Texts are relative to it ("" = itself) and our own. */
struct disk_log {
	const char *root;
	struct io_change *list;
	uint32_t n;
};

static inline char *disk_relative(const struct disk_log *log, const char *path)
{
	size_t n = strlen(log->root);
	if (!path || strncmp(path, log->root, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return xstrdup(path[n] ? path + n + 1 : "");
}

static inline void disk_record(void *ctx, const struct io_change *change)
{
	struct disk_log *log = ctx;
	struct io_change own = *change;
	own.path = disk_relative(log, change->path);
	own.to = disk_relative(log, change->to);
	if (change->op == IO_WRITE) {
		void *data = xmalloc(change->n + 1);
		memcpy(data, change->data, change->n);
		own.data = data;
	}
	log->list = disk_grow(log->list, log->n, sizeof(own));
	log->list[log->n++] = own;
}

/* A moment to be found again: that `number` was reached. */
static inline void disk_mark(struct disk_log *log, uint64_t number)
{
	disk_record(log, &(struct io_change){.op = (enum io_op)DISK_MARK, .n = number});
}

static inline void disk_log_fini(struct disk_log *log)
{
	for (uint32_t i = 0; i < log->n; i++) {
		const struct io_change *change = &log->list[i];
		free((void *)(uintptr_t)change->path);
		free((void *)(uintptr_t)change->to);
		free((void *)(uintptr_t)change->data);
	}
	free(log->list);
}

/* ---- the disk -------------------------------------------------------------------------------- */

struct disk_object {
	bool is_folder;
	bool syncs_folder; /* SQLite's journal or log, not synced since it was opened */
	const char *opened_as;
	struct buf lasting;
	struct io_change *pending; /* writes, truncations, holes since the last fsync */
	uint32_t npending;
};

struct disk_name {
	const char *path;
	uint32_t object;
};
struct disk_names {
	struct disk_name *list;
	uint32_t n;
};

/* Something done to a name: it is made (IO_OPEN, IO_MKDIR, IO_LINK: `to`), moved or removed. */
struct disk_step {
	enum io_op op;
	const char *path, *to;
	uint32_t object;
};

struct disk_handle {
	uintptr_t file;
	uint32_t object; /* UINT32_MAX = not below our folder */
	uint64_t at;
};

/* All texts are borrowed from the log (or the folder that was loaded: `own`). */
struct disk {
	struct disk_object **objects;
	uint32_t nobjects;
	struct disk_names now, lasting;
	struct disk_step *steps; /* not lasting yet */
	uint32_t nsteps;
	struct disk_handle *handles;
	uint32_t nhandles;
	bool (*deaf)(const char *path, bool folder); /* NULL, or says which fsync does nothing */
	struct arena own;
};

static inline uint32_t disk_find(const struct disk_names *names, const char *path)
{
	for (uint32_t i = 0; i < names->n; i++) {
		if (strcmp(names->list[i].path, path) == 0)
			return i;
	}
	return UINT32_MAX;
}

static inline void disk_set(struct disk_names *names, const char *path, uint32_t object)
{
	uint32_t at = disk_find(names, path);
	if (at == UINT32_MAX) {
		names->list = disk_grow(names->list, names->n, sizeof(*names->list));
		at = names->n++;
	}
	names->list[at] = (struct disk_name){path, object};
}

/* Only while it is the name of that object: steps that are not lasting may be left out. */
static inline void disk_unset(struct disk_names *names, const char *path, uint32_t object)
{
	uint32_t at = disk_find(names, path);
	if (at != UINT32_MAX && names->list[at].object == object)
		names->list[at] = names->list[--names->n];
}

static inline void disk_do(struct disk_names *names, const struct disk_step *step)
{
	if (step->op == IO_RENAME || step->op == IO_UNLINK)
		disk_unset(names, step->path, step->object);
	if (step->op != IO_UNLINK)
		disk_set(names, step->to ? step->to : step->path, step->object);
}

static inline void disk_add_step(
	struct disk *disk, enum io_op op, const char *path, const char *to, uint32_t object)
{
	struct disk_step step = {op, path, to, object};
	disk_do(&disk->now, &step);
	disk->steps = disk_grow(disk->steps, disk->nsteps, sizeof(step));
	disk->steps[disk->nsteps++] = step;
}

static inline uint32_t disk_new_object(struct disk *disk, bool is_folder)
{
	struct disk_object *object = xcalloc(1, sizeof(*object));
	object->is_folder = is_folder;
	buf_init(&object->lasting, SIZE_MAX / 2);
	disk->objects = disk_grow(disk->objects, disk->nobjects, sizeof(object));
	disk->objects[disk->nobjects] = object;
	return disk->nobjects++;
}

static inline bool disk_is_in(const char *path, const char *folder, size_t nfolder)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	size_t n = slash ? (size_t)(slash - path) : 0;
	return path && n == nfolder && memcmp(path, folder, n) == 0;
}

static inline void disk_sync_folder(struct disk *disk, const char *folder, size_t nfolder)
{
	uint32_t left = 0;
	for (uint32_t i = 0; i < disk->nsteps; i++) {
		const struct disk_step *step = &disk->steps[i];
		if (disk_is_in(step->path, folder, nfolder) ||
			disk_is_in(step->to, folder, nfolder))
			disk_do(&disk->lasting, step);
		else
			disk->steps[left++] = *step;
	}
	disk->nsteps = left;
}

static inline void disk_sync_parent(struct disk *disk, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!disk->deaf || !disk->deaf("", true))
		disk_sync_folder(disk, path, slash ? (size_t)(slash - path) : 0);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

enum disk_loss {
	LOSS_ALL,     /* whatever was not synced is gone */
	LOSS_BYTES,   /* names are there, bytes not synced are gone */
	LOSS_ZEROS,   /* names and lengths are there, bytes not synced are zeros */
	LOSS_NAMES,   /* bytes are there, names not synced are as before */
	LOSS_SECTORS, /* by chance, sector by sector and name by name */
	LOSS_PAGES,   /* by chance, page by page and name by name */
	LOSS_NONE,    /* as when only the process ends */
	LOSSES
};

static inline uint64_t disk_random(uint64_t *seed)
{
	uint64_t x = *seed += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The length after the first `n` pending changes. */
static inline uint64_t disk_size(const struct disk_object *object, uint32_t n)
{
	uint64_t size = object->lasting.len;
	for (uint32_t i = 0; i < n; i++) {
		const struct io_change *change = &object->pending[i];
		if (change->op == IO_TRUNCATE)
			size = change->n;
		else if (change->op == IO_WRITE && change->offset + change->n > size)
			size = change->offset + change->n;
	}
	return size;
}

/* How much of what is pending has come about: the first `size` changes of the length, and for each
 * unit of the file a number of changes from [low, high]. */
struct disk_cut {
	uint32_t size, low, high;
	uint64_t unit;
	bool by_chance;
};

static inline struct disk_cut disk_choose(
	const struct disk_object *object, enum disk_loss loss, uint64_t *seed)
{
	uint32_t n = object->npending;
	struct disk_cut cut = {.high = n, .unit = loss == LOSS_SECTORS ? DISK_SECTOR : DISK_PAGE};
	if (loss == LOSS_NONE || loss == LOSS_NAMES) {
		cut.size = cut.low = n;
		return cut;
	}
	cut.by_chance = loss == LOSS_SECTORS || loss == LOSS_PAGES;
	if (cut.by_chance)
		cut.size = (uint32_t)(disk_random(seed) % (n + 1));
	else if (loss == LOSS_ZEROS)
		cut.size = n;
	for (uint32_t i = 0; i < n; i++) {
		if (object->pending[i].op != IO_TRUNCATE)
			continue;
		if (i < cut.size)
			cut.low = i + 1;
		else if (cut.high == n)
			cut.high = i;
	}
	return cut;
}

/* One change, in the units that have come so far. `out` has room for all of it. */
static inline void disk_apply(char *out, uint64_t most, const struct io_change *change, uint32_t i,
	const struct disk_cut *cut, const uint32_t *reached)
{
	uint64_t end = change->offset + change->n;
	if (change->op == IO_TRUNCATE) {
		if (i < cut->size && change->n < most)
			memset(out + change->n, 0, most - change->n);
		return;
	}
	for (uint64_t at = change->offset; at < end && at < most;) {
		uint64_t next = (at / cut->unit + 1) * cut->unit;
		next = next < end ? next : end;
		next = next < most ? next : most;
		if (i < reached[at / cut->unit] && change->op == IO_WRITE)
			memcpy(out + at, (const char *)change->data + (at - change->offset),
				next - at);
		else if (i < reached[at / cut->unit])
			memset(out + at, 0, next - at);
		at = next;
	}
}

/* The bytes of a file after a loss, appended to `out`. */
static inline void disk_bytes(
	const struct disk_object *object, enum disk_loss loss, uint64_t seed, struct buf *out)
{
	struct disk_cut cut = disk_choose(object, loss, &seed);
	uint64_t most = object->lasting.len;
	for (uint32_t i = 1; i <= object->npending; i++) {
		uint64_t size = disk_size(object, i);
		most = size > most ? size : most;
	}
	char *bytes = xcalloc(most + 1, 1);
	uint32_t *reached = xcalloc(most / cut.unit + 1, sizeof(*reached));
	for (uint64_t u = 0; u <= most / cut.unit; u++) {
		uint64_t chance = cut.by_chance ? disk_random(&seed) : 0;
		reached[u] = cut.low + (uint32_t)(chance % (cut.high - cut.low + 1));
	}
	if (object->lasting.len)
		memcpy(bytes, object->lasting.ptr, object->lasting.len);
	for (uint32_t i = 0; i < object->npending; i++)
		disk_apply(bytes, most, &object->pending[i], i, &cut, reached);
	buf_append(out, bytes, disk_size(object, cut.size));
	free(reached);
	free(bytes);
}

static inline void disk_sync(struct disk *disk, struct disk_object *object)
{
	struct buf bytes;
	if (disk->deaf && disk->deaf(object->opened_as, false))
		return;
	buf_init(&bytes, SIZE_MAX / 2);
	disk_bytes(object, LOSS_NONE, 0, &bytes);
	buf_fini(&object->lasting);
	object->lasting = bytes;
	free(object->pending);
	object->pending = NULL;
	object->npending = 0;
	if (object->syncs_folder)
		disk_sync_parent(disk, object->opened_as);
	object->syncs_folder = false;
}

/* ---- playing --------------------------------------------------------------------------------- */

static inline struct disk_handle *disk_handle(struct disk *disk, uintptr_t file)
{
	for (uint32_t i = 0; i < disk->nhandles; i++) {
		if (disk->handles[i].file == file)
			return &disk->handles[i];
	}
	disk->handles = disk_grow(disk->handles, disk->nhandles, sizeof(*disk->handles));
	struct disk_handle *handle = &disk->handles[disk->nhandles++];
	*handle = (struct disk_handle){.file = file, .object = UINT32_MAX};
	return handle;
}

static inline bool disk_ends(const char *path, const char *with)
{
	size_t n = strlen(path), m = strlen(with);
	return n >= m && strcmp(path + n - m, with) == 0;
}

static inline void disk_pend(struct disk_object *object, const struct io_change *change)
{
	object->pending = disk_grow(object->pending, object->npending, sizeof(*change));
	object->pending[object->npending++] = *change;
}

static inline void disk_open(struct disk *disk, const struct io_change *change)
{
	struct disk_handle *handle = disk_handle(disk, change->file);
	*handle = (struct disk_handle){.file = change->file, .object = UINT32_MAX};
	if (!change->path)
		return;
	uint32_t at = disk_find(&disk->now, change->path);
	handle->object =
		at != UINT32_MAX ? disk->now.list[at].object : disk_new_object(disk, false);
	if (at == UINT32_MAX)
		disk_add_step(disk, IO_OPEN, change->path, NULL, handle->object);
	struct disk_object *object = disk->objects[handle->object];
	object->opened_as = change->path;
	object->syncs_folder =
		disk_ends(change->path, "-wal") || disk_ends(change->path, "-journal");
	if (change->truncates)
		disk_pend(object, &(struct io_change){.op = IO_TRUNCATE});
}

static inline void disk_play_name(struct disk *disk, const struct io_change *change)
{
	if (!change->path || !*change->path) /* the folder itself is always there */
		return;
	uint32_t at = disk_find(&disk->now, change->path);
	if (change->op == IO_MKDIR)
		disk_add_step(disk, IO_MKDIR, change->path, NULL, disk_new_object(disk, true));
	else if (at != UINT32_MAX)
		disk_add_step(
			disk, change->op, change->path, change->to, disk->now.list[at].object);
	if (change->op == IO_UNLINK && change->folder)
		disk_sync_parent(disk, change->path);
}

static inline void disk_play_bytes(struct disk *disk, const struct io_change *change)
{
	struct disk_handle *handle = disk_handle(disk, change->file);
	struct io_change placed = *change;
	if (handle->object == UINT32_MAX)
		return;
	if (change->op == IO_WRITE && change->offset == IO_AT_POSITION) {
		placed.offset = handle->at;
		handle->at += change->n;
	}
	disk_pend(disk->objects[handle->object], &placed);
}

static inline void disk_play_sync(struct disk *disk, const struct io_change *change)
{
	if (change->folder) {
		if (change->path && (!disk->deaf || !disk->deaf(change->path, true)))
			disk_sync_folder(disk, change->path, strlen(change->path));
		return;
	}
	uint32_t object = disk_handle(disk, change->file)->object;
	if (object != UINT32_MAX)
		disk_sync(disk, disk->objects[object]);
}

/* Does one recorded change. */
static inline void disk_play(struct disk *disk, const struct io_change *change)
{
	switch ((int)change->op) {
	case IO_OPEN:
		disk_open(disk, change);
		break;
	case IO_WRITE:
	case IO_TRUNCATE:
	case IO_PUNCH:
		disk_play_bytes(disk, change);
		break;
	case IO_FSYNC:
		disk_play_sync(disk, change);
		break;
	case IO_MKDIR:
	case IO_RENAME:
	case IO_UNLINK:
	case IO_LINK:
		disk_play_name(disk, change);
		break;
	default:
		break;
	}
}

static inline void disk_fini(struct disk *disk)
{
	for (uint32_t i = 0; i < disk->nobjects; i++) {
		buf_fini(&disk->objects[i]->lasting);
		free(disk->objects[i]->pending);
		free(disk->objects[i]);
	}
	free(disk->objects);
	free(disk->now.list);
	free(disk->lasting.list);
	free(disk->steps);
	free(disk->handles);
	arena_fini(&disk->own);
}

/* ---- folders --------------------------------------------------------------------------------- */

/* Takes a folder as it is for the disk's lasting state. */
static inline void disk_load(struct disk *disk, const char *root)
{
	char command[800], line[800], path[1600];
	snprintf(command, sizeof(command),
		"cd '%s' && find . -mindepth 1 -printf '%%y%%P\\n' | sort", root);
	FILE *found = popen(command, "re");
	assert_non_null(found);
	while (fgets(line, sizeof(line), found)) {
		line[strcspn(line, "\n")] = '\0';
		const char *name = arena_printf(&disk->own, "%s", line + 1);
		if (disk_ends(name, "-shm")) /* is made anew, and never read after a crash */
			continue;
		uint32_t object = disk_new_object(disk, line[0] == 'd');
		disk_set(&disk->now, name, object);
		disk_set(&disk->lasting, name, object);
		if (line[0] == 'd')
			continue;
		struct err err;
		char *data;
		size_t n;
		snprintf(path, sizeof(path), "%s/%s", root, name);
		if (io_read_file(path, SIZE_MAX / 4, &data, &n, &err) < 0)
			fail_msg("%s", err.text);
		buf_append(&disk->objects[object]->lasting, data, n);
		free(data);
	}
	assert_int_equal(pclose(found), 0);
}

static inline void disk_write_file(const char *path, const struct disk_object *object,
	enum disk_loss loss, uint64_t seed, struct buf *all)
{
	struct buf bytes;
	FILE *file = fopen(path, "we");
	if (!file && errno == ENOENT) /* its folder is lost */
		return;
	assert_non_null(file);
	buf_init(&bytes, SIZE_MAX / 2);
	disk_bytes(object, loss, seed, &bytes);
	assert_int_equal(fwrite(bytes.ptr ? bytes.ptr : "", 1, bytes.len, file), bytes.len);
	assert_int_equal(fclose(file), 0);
	buf_printf(all, "%s %zu ", path, bytes.len);
	buf_append(all, bytes.ptr, bytes.len);
	buf_fini(&bytes);
}

static inline int disk_by_path(const void *a, const void *b)
{
	return strcmp(((const struct disk_name *)a)->path, ((const struct disk_name *)b)->path);
}

/* Makes the folder `root` as the disk may hold it after the power went now. Returns a hash of all
 * that is in it. */
static inline uint64_t disk_materialise(
	const struct disk *disk, enum disk_loss loss, uint64_t seed, const char *root)
{
	struct disk_names names = {0};
	struct buf all;
	uint8_t sum[32];
	uint64_t hash;
	char path[1600];
	for (uint32_t i = 0; i < disk->lasting.n; i++)
		disk_set(&names, disk->lasting.list[i].path, disk->lasting.list[i].object);
	for (uint32_t i = 0; i < disk->nsteps && loss != LOSS_ALL && loss != LOSS_NAMES; i++) {
		bool by_chance = loss == LOSS_SECTORS || loss == LOSS_PAGES;
		if (!by_chance || disk_random(&seed) % 2)
			disk_do(&names, &disk->steps[i]);
	}
	if (names.n)
		qsort(names.list, names.n, sizeof(*names.list), disk_by_path);
	assert_int_equal(mkdir(root, 0700), 0);
	buf_init(&all, SIZE_MAX / 2);
	for (uint32_t i = 0; i < names.n; i++) {
		const struct disk_object *object = disk->objects[names.list[i].object];
		snprintf(path, sizeof(path), "%s/%s", root, names.list[i].path);
		if (!object->is_folder)
			disk_write_file(path, object, loss, seed ^ names.list[i].object, &all);
		else if (mkdir(path, 0700) != 0 && errno != ENOENT)
			fail_msg("%s: %s", path, strerror(errno));
	}
	sha256(all.ptr ? all.ptr : "", all.len, sum);
	memcpy(&hash, sum, sizeof(hash));
	buf_fini(&all);
	free(names.list);
	return hash;
}

#endif
