/* SPDX-License-Identifier: Apache-2.0 */
/* file.c (http/): an answer that is written as a file is: for what prints to one, SQL and exports. */
#include <errno.h>
#include <stdatomic.h>

#include "http/private.h"

enum { PART = 256 << 10 };

static ssize_t write_part(void *ctx, const char *bytes, size_t n)
{
	struct answer_file *f = ctx;
	if (f->dropped)
		return (ssize_t)n;
	if (!f->begun)
		stream_begin(f->r, f->type);
	f->begun = true;
	if (f->r->head) /* its head is all that it wants */
		err_set(&f->err, ERR_INTERRUPTED, "the client has gone");
	if (!f->r->head && stream_write(f->r, (struct slice){bytes, n}, &f->err) == 0)
		return (ssize_t)n;
	f->dropped = true;
	errno = EPIPE;
	return 0;
}

int answer_file_open(struct answer_file *f, struct request *r, const char *type, struct err *err)
{
	*f = (struct answer_file){.r = r, .type = type};
	f->file = fopencookie(f, "w", (cookie_io_functions_t){.write = write_part});
	if (!f->file)
		return err_errno(err, "the answer");
	(void)setvbuf(f->file, NULL, _IOFBF, PART);
	return 0;
}

int answer_file_close(struct answer_file *f, int rc, struct err *err)
{
	f->dropped |= rc < 0;
	if (fclose(f->file) != 0 && rc == 0)
		rc = err_errno(err, "the answer");
	if (f->err.kind) {
		*err = f->err;
		return -1;
	}
	if (rc < 0)
		return -1;
	if (!f->begun)
		stream_begin(f->r, f->type);
	stream_end(f->r, false);
	return 0;
}

/* ---- a few at a time --------------------------------------------------------------------------- */

static _Atomic int at_work;

int request_begin_long(struct err *err)
{
	if (atomic_fetch_add(&at_work, 1) < HTTP_LONG)
		return 0;
	atomic_fetch_sub(&at_work, 1);
	return err_set(err, ERR_BUSY,
		"%d queries in SQL or exports are at work: try again in a moment", HTTP_LONG);
}

void request_end_long(void)
{
	atomic_fetch_sub(&at_work, 1);
}
