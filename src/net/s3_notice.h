/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s3_notice.h: what a bucket says of its objects in a queue: S3 event notifications, the same inside an
 * envelope of SNS, and S3's events of EventBridge. A notice is a hint which keys to look at, and no
 * more: whoever may write to the queue may have made it up, it may come twice, late, or never.
 * Sources: Amazon S3 User Guide, "Event message structure" and "EventBridge event message structure";
 * Amazon SNS Developer Guide, "HTTP/HTTPS notification JSON format" (the envelope's members). MinIO and
 * Ceph write the first form too.
 */
#ifndef NET_S3_NOTICE_H
#define NET_S3_NOTICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum {
	S3_NOTICE_BYTES = 2 << 20, /* of a body: SQS has at most 1 MiB */
	S3_NOTICE_RECORDS = 10000, /* of a body */
	S3_NOTICE_DETAIL_MOST =
		255 /* bytes of ETag, sequencer, version: longer ones are left out */
};

struct s3_notice {
	bool removed;      /* ObjectRemoved:*, Object Deleted; else it was created (or restored) */
	struct slice key;  /* decoded; 1–1,024 bytes without NUL, otherwise any */
	struct slice etag; /* without quotes, as notices have it; empty where not said */
	struct slice sequencer, version; /* empty where not said */
	uint64_t size;                   /* 0 where not said */
	int64_t time_us;                 /* 0 where not said */
};

/* What was in a body. */
struct s3_notice_report {
	unsigned given;   /* notices that went to `each` */
	unsigned foreign; /* of other buckets */
	unsigned other;   /* of other events: tagging, lifecycle, replication … */
	unsigned broken;  /* entries that have no bucket, key or event, or impossible ones */
	bool test;        /* s3:TestEvent: S3 sends it when notifications are set up */
};

/* Called for each notice; its slices are borrowed for the call. -1 with `err` ends the reading. */
typedef int s3_notice_each(void *ctx, const struct s3_notice *notice, struct err *err);

/* Reads a message's body; only notices of `bucket` are given on. 0 where it is a message of a bucket
 * (whatever of it was given: see `report`), -1 with ERR_FORMAT where it is none of the known forms,
 * ERR_LIMIT where it has too many bytes or records, or what `each` said. */
int s3_notice_parse(struct slice body, const char *bucket, s3_notice_each *each, void *ctx,
	struct s3_notice_report *report, struct err *err);

#endif
