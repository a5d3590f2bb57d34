/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ship.h: the server's side: follows the folder of a product's audit logs and uploads every byte of it to
 * a bucket of S3. A log is known by device, inode and content, whatever its name becomes; it is cut into
 * objects at line ends; what is uploaded is noted in a small state file, so that a stop at any moment only
 * repeats some bytes. Memory is bounded, and nothing in the folder is written, locked or held up.
 * docs/ship.md has the form of the objects, which the readers of the bucket rely on.
 */
#ifndef SHIP_SHIP_H
#define SHIP_SHIP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* What was asked for. Texts are borrowed from the command line. */
struct ship_options {
	const char *folder;    /* NULL = the usual homes are tried */
	const char *url;       /* as it was given; its parts: */
	char *bucket, *prefix; /* owned; a prefix has no slash at its ends, "" = none */
	bool once, dry_run, all, gzip, json, verbose;
	unsigned every_s, max_files;
	const char *node, *state; /* NULL = as docs/ship.md says */
	const char *endpoint, *region, *profile, *id_file, *secret_file, *token_file, *role_arn,
		*external_id, *ca_file, *proxy;
	bool path_style, allow_private;
};

enum ship_kind { SHIP_TEXT, SHIP_FLAG, SHIP_NUMBER };

/* One option of the command line: what help says of it, and where it goes. */
struct ship_option {
	const char *name, *arg, *help; /* arg NULL = a flag */
	enum ship_kind kind;
	size_t at;            /* of the member of ship_options */
	unsigned least, most; /* of SHIP_NUMBER */
};
extern const struct ship_option ship_option_rows[]; /* ends with a NULL name */

/* Options as they are where nothing is said. */
void ship_options_init(struct ship_options *options);
/* Frees what it owns. */
void ship_options_fini(struct ship_options *options);
/* Takes one option; `value` is not looked at for a flag. ERR_USAGE where name or value are wrong. */
int ship_option_set(
	struct ship_options *options, const char *name, const char *value, struct err *err);
/* Whether there is an option of this name. */
bool ship_option_known(const char *name);
/* Takes what is no option, [DIR] and s3://BUCKET[/PREFIX], and checks all of it together. */
int ship_arguments(struct ship_options *options, char **args, int count, struct err *err);

struct ship_hooks {
	const volatile sig_atomic_t *stop; /* ends the work where set; may be NULL */
	/* Called while there is much to do: bytes done and all, 0 and 0 where it is over. May be NULL. */
	void (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};

enum ship_exit {
	SHIP_DONE = 0,
	SHIP_FAILED = 1,
	SHIP_USAGE = 2,
	SHIP_INCOMPLETE =
		3, /* a single run: a log was lost before it was uploaded, or cannot be read */
	SHIP_STOPPED = 130, /* a single run, before its end */
};

/* Ships. With `once` until all that was there is uploaded, else for ever: troubles of network, disk and
 * folder are said in the log and waited out, and a stop is SHIP_DONE. What a single run did is printed on
 * stdout as a sentence or, with `json`, as an object; a dry run lists the objects. The status that the
 * program is to exit with; with SHIP_FAILED, SHIP_USAGE and SHIP_STOPPED `err` is for the caller to print:
 * a wrong folder, no keys, a bucket that does not take objects, a state file that is in use (ERR_BUSY)
 * or of another folder; of a single run also what ended it (what was uploaded until then is noted). */
enum ship_exit ship_run(
	const struct ship_options *options, const struct ship_hooks *hooks, struct err *err);

#endif
