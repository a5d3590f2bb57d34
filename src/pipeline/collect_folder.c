/* SPDX-License-Identifier: Apache-2.0 */
/* collect_folder.c: a folder of logs on this machine, followed: each file goes on where it was left, and is the
 * same file under another name as long as its first line is; day and number in the name of an audit log
 * are part of what it is. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/objects.h"

enum { FIRST_LINE = 64 << 10, FILES_MOST = 100000 };
#define FINISHED_US INT64_C(3600000000) /* what has not changed for so long is as it will be */

struct file {
	char *path, *key, *etag;
	uint64_t size;
	int64_t mtime_us;
	struct object_name name;
};

struct folder {
	struct collector *c;
	const char *path;
	struct file *files;
	size_t n, cap;
	struct err unread; /* of the first file that could not be read: the others are */
};

/* ---- what is there --------------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);
	return n > m && strcmp(name + n - m, ending) == 0;
}

/* SHA-256 of the first line, in hexadecimal; of a file that is `finished`, of what there is; of an `audit` file
 * that is empty, of nothing: it is not one that never came. 1, 0 where there is none yet, -1. */
static int fingerprint(
	int fd, const char *path, bool finished, bool audit, char hex[SIGV4_HEX], struct err *err)
{
	char *head = xmalloc(FIRST_LINE);
	ssize_t n = io_read(fd, head, FIRST_LINE, path, err);
	const char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	int rc = n < 0 ? -1 : n == 0 ? audit : end || n == FIRST_LINE || finished;
	if (rc == 1)
		sigv4_hash((struct slice){head, end ? (size_t)(end - head) : (size_t)n}, hex);
	free(head);
	return rc;
}

static void add_file(struct folder *folder, const char *path, const char *name,
	const struct io_info *info, const char hex[SIGV4_HEX])
{
	if (folder->n == folder->cap) {
		folder->cap = folder->cap ? folder->cap * 2 : 64;
		folder->files = xrealloc(folder->files, folder->cap * sizeof(*folder->files));
	}
	struct file *file = &folder->files[folder->n++];
	char key[600], etag[40];
	*file = (struct file){
		.path = xstrdup(path), .size = info->size, .mtime_us = info->mtime_us};
	object_name_read(slice_of(name), &file->name);
	/* Audit files keep their names; any other is known by its beginning alone. */
	snprintf(key, sizeof(key), "%.300s %.16s", *file->name.log ? file->name.log : "", hex);
	snprintf(etag, sizeof(etag), "%lld", (long long)info->mtime_us);
	file->key = xstrdup(key);
	file->etag = xstrdup(etag);
}

/* A file that cannot be read holds up no other. */
static int leave(struct folder *folder, const struct err *why)
{
	if (folder->unread.kind == ERR_NONE)
		folder->unread = *why;
	return 0;
}

static int look_at(void *ctx, const char *name, struct err *err)
{
	struct folder *folder = ctx;
	struct io_info info;
	char path[4096], hex[SIGV4_HEX];
	size_t len;
	if (!object_is_wanted(slice_of(name)))
		return 0;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", folder->path, name) >= sizeof(path) ||
		folder->n == FILES_MOST)
		return err_set(
			err, ERR_LIMIT, "%s: too many files, or too long a name", folder->path);
	int fd = io_open(path, O_RDONLY | O_NONBLOCK, 0, err);
	if (fd < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : leave(folder, err); /* deleted meanwhile */
	int rc = io_fstat(fd, &info, path, err);
	bool finished = ends_with(name, ".gz") || ends_with(name, ".zst") ||
			clock_now_us() - info.mtime_us > FINISHED_US;
	if (rc == 0 && info.is_regular)
		rc = fingerprint(
			fd, path, finished, object_is_audit_log(slice_of(name), &len), hex, err);
	if (rc == 1)
		add_file(folder, path, name, &info, hex);
	io_close(fd);
	return rc < 0 ? leave(folder, err) : 0;
}

static void folder_fini(struct folder *folder)
{
	for (size_t i = 0; i < folder->n; i++) {
		free(folder->files[i].path);
		free(folder->files[i].key);
		free(folder->files[i].etag);
	}
	free(folder->files);
}

/* ---- reading --------------------------------------------------------------------------------- */

struct opened {
	int fd;
	const char *path;
	uint64_t at, end; /* no more than what was there when it was looked at */
	bool failed;
};

/* input_stream.read */
static int read_file(void *ctx, void *data, size_t n, size_t *got, bool *end, struct err *err)
{
	struct opened *file = ctx;
	uint64_t left = file->end - file->at;
	*got = left < n ? (size_t)left : n;
	*end = *got == left;
	file->failed = *got && io_pread(file->fd, data, *got, file->at, file->path, err) < 0;
	if (file->failed)
		return -1;
	file->at += *got;
	return 1;
}

static int read_one(struct folder *folder, struct objects_pass *pass, const struct file *file,
	struct object_job *job, struct err *err)
{
	struct opened opened = {.path = file->path, .at = job->from, .end = file->size};
	struct input_stream stream = {
		.read = read_file, .ctx = &opened, .size = file->size - job->from};
	char joint[2];
	int rc = 0;
	opened.fd = io_open(file->path, O_RDONLY, 0, err);
	if (opened.fd < 0)
		return err->kind == ERR_NOT_FOUND ? 0 : leave(folder, err);
	if (job->from > 0)
		rc = io_pread(opened.fd, joint, 2, job->from - 1, file->path, err);
	opened.failed = rc < 0;
	if (rc == 0 && job->from > 0 && !objects_joins((struct slice){joint, 2}))
		rc = objects_anew(pass, job, err);
	else if (rc == 0)
		rc = objects_read(pass, job, &stream, err);
	io_close(opened.fd);
	if (rc < 0 && opened.failed)
		return leave(folder, err);
	return rc < 0 ? -1 : 0;
}

static int read_files(struct folder *folder, struct objects_pass *pass, struct err *err)
{
	struct object_mark *marks = xcalloc(folder->n + 1, sizeof(*marks));
	for (size_t i = 0; i < folder->n; i++)
		marks[i] = (struct object_mark){.key = slice_of(folder->files[i].key),
			.etag = slice_of(folder->files[i].etag),
			.bytes = folder->files[i].size};
	int rc = objects_find(
		folder->c->store, folder->c->connection.name, marks, (uint32_t)folder->n, err);
	for (size_t i = 0; i < folder->n && rc == 0; i++) {
		const struct file *file = &folder->files[i];
		struct object_job job = {.key = marks[i].key,
			.etag = marks[i].etag,
			.size = file->size,
			.modified_us = file->mtime_us,
			.name = file->name,
			.label = file->path,
			.followed = true};
		if (object_is_due(&marks[i], folder->c->options->refetch, &job))
			rc = read_one(folder, pass, file, &job, err);
		if (rc == 0 && collector_stopped(folder->c))
			rc = err_set(err, ERR_INTERRUPTED, "stopped");
	}
	free(marks);
	return rc;
}

int collect_folder(struct collector *c, bool *more, struct err *err)
{
	struct folder folder = {.c = c, .path = settings_get(&c->settings, "path")};
	uint64_t memory = c->options->memory ? c->options->memory : BUDGET_DEFAULT;
	struct objects_pass *pass = xcalloc(1, sizeof(*pass));
	*more = false;
	c->sweep.failure = SOURCE_FINE;
	int rc = objects_begin(pass, c, memory, err);
	if (rc == 0) {
		rc = io_list(folder.path, look_at, &folder, err);
		if (rc < 0)
			c->sweep.failure = SOURCE_MISSING;
		else
			rc = read_files(&folder, pass, err);
		if (rc == 0 && folder.unread.kind != ERR_NONE) {
			c->sweep.failure = SOURCE_PERMISSION;
			*err = folder.unread;
			rc = -1;
		}
		*more = rc == 0 && pass->again;
		if (rc < 0 && err->kind == ERR_INTERRUPTED)
			c->sweep.failure = SOURCE_STOPPED;
		struct err why = *err, late = {0};
		if (objects_end(pass, rc < 0 ? why.text : NULL, &late) < 0 && rc == 0) {
			*err = late;
			c->sweep.failure = SOURCE_FINE;
			rc = -1;
		}
	}
	folder_fini(&folder);
	free(pass);
	return rc;
}
