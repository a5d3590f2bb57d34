/* SPDX-License-Identifier: Apache-2.0 */
/* s3_lock.c: whether an object is locked. Servers that know no object lock take its headers, and lock nothing. */
#include "base/base.h"
#include "net/s3_private.h"

static int take_element(void *ctx, const char *path, struct slice text, struct err *err)
{
	struct s3_retention *retention = ctx;
	int64_t until;
	(void)err;
	if (strcmp(path, "Retention/Mode") == 0) {
		retention->governance = slice_eq(text, SLICE("GOVERNANCE"));
		retention->compliance = slice_eq(text, SLICE("COMPLIANCE"));
	} else if (strcmp(path, "Retention/RetainUntilDate") == 0) {
		until = s3_time(text);
		retention->until_us = until > 0 ? until : 0;
	}
	return 0;
}

int s3_retention(struct s3 *s3, struct slice key, struct s3_retention *retention, struct err *err)
{
	struct s3_call call = {
		.doing = S3_READING, .method = "GET", .key = key, .query = SLICE("retention=")};
	struct err unheard;
	*retention = (struct s3_retention){0};
	if (s3_send(s3, &call, err) < 0)
		return -1;
	int status = s3->reply.status;
	/* A server that has never heard of it gives the object itself, or says 400, 404, 405, 501. */
	if (status / 100 == 2 &&
		net_xml_read(buf_view(&s3->reply.body), take_element, retention, &unheard) == 0 &&
		(retention->governance || retention->compliance) && retention->until_us)
		return 1;
	if (status / 100 == 2 || status == 404 || status == 405 || status == 501)
		return 0;
	(void)s3_explain(s3, &call, err);
	return strcmp(s3->end.code, "InvalidRequest") == 0 ||
			       strcmp(s3->end.code, "NoSuchObjectLockConfiguration") == 0
		       ? 0
		       : -1;
}
