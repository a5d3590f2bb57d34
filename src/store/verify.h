/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h (private to verify*.c and scrub.c): one check of the store, made of checks of single
 * files, so that the scrub can do them one at a time. */
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "store/private.h"

struct check {
	struct store *store;
	store_damage *found;
	void *ctx;
	const struct progress *progress; /* may be NULL */
	uint64_t damaged;                /* findings */
	uint64_t done, total;            /* bytes, for the progress */
};

/* A file of the store as the catalog knows it. */
enum item_kind {
	ITEM_CATALOG,
	ITEM_VAULT,
	ITEM_SEGMENT,
	ITEM_RUN,
	ITEM_OBSERVABLES,
	ITEM_WATCHLIST
};
struct check_item {
	enum item_kind kind;
	char path[STORE_PATH]; /* relative; the .zst of a vault file */
	char owner[128];       /* source or table */
	uint64_t bytes;
	int64_t id; /* of the segment's or the run's row */
	uint32_t vault_file;
	uint64_t index_bytes; /* vault */
	uint64_t rows;        /* segment */
	uint8_t sha256[32];
	struct id_run run;
	int64_t checked_at; /* by the scrub; 0 = never */
};

/* Lists everything there is to check, oldest check first. *items owned by the caller (free). */
int check_items(struct store *store, struct check_item **items, uint32_t *n, struct err *err);
/* Checks one file: what is wrong is reported; -1 only where the check was stopped. */
int check_item(struct check *check, const struct check_item *item, struct err *err);
/* Rows of the tables against records of the vault. */
int check_counts(struct check *check, struct err *err);

/* Reports one finding: `err` says what is wrong with `file`. */
void check_report(struct check *check, const char *file, const char *what);
/* Turns an error into a finding, but a stop into -1. */
int check_error(struct check *check, const char *file, const struct err *why, struct err *err);
/* True where somebody asked to stop. */
bool check_stopped(const struct check *check, struct err *err);
void check_step(struct check *check, uint64_t bytes, const char *what);

/* verify_vault.c */
int check_vault_file(struct check *check, const struct check_item *item, struct err *err);

#endif
