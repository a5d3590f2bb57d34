/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cluster_setting.h: the ClickHouse cluster that the tables of this lake are sent to and asked of, with its sealed password. What is sent
 * is shipments.h's business.
 */
#ifndef STORE_CLUSTER_SETTING_H
#define STORE_CLUSTER_SETTING_H

#include "store/secrets.h"
#include "store/store.h"

enum {
	CLUSTER_FORMAT = 11 /* the folder's format version that knows of clusters */
};

/* Texts never NULL; "" = not given. */
struct cluster_setting {
	const char *urls, *name, *database, *user,
		*ca_file; /* as struct cluster_settings of cluster/cluster.h */
	const char *
		collector; /* what this lake is called there: 32 hex digits, made with the setting and kept when it is
	                          changed; read only */
	int64_t since; /* read only */
	int64_t failed_at; /* read only: when it could not be reached last, and why; 0 = it answered since */
	const char *error;
};
/* Sets it, or replaces it: where the cluster or the database is another one, nothing counts as sent any more. `password`: NULL = the one that is there stays; "" = none. `key` may be NULL where no password is given. 0 or -1. */
int store_cluster_put(struct store *store, const struct cluster_setting *setting,
	const struct slice *password, const struct secret_key *key, struct err *err);
/* 1 with texts in `mem`; 0 none is set; -1. */
int store_cluster_get(
	struct store *store, struct arena *mem, struct cluster_setting *setting, struct err *err);
/* Whether one is set: 1, 0, -1. */
int store_cluster_is_set(struct store *store, struct err *err);
/* The password in plain text: 1; 0 none is set, `plain` empty; -1. */
int store_cluster_password(
	struct store *store, const struct secret_key *key, struct secret *plain, struct err *err);
/* Whether there is one: 1, 0, -1. */
int store_cluster_has_password(struct store *store, struct err *err);
/* Notes that it could not be reached; NULL: that it answered. 0 or -1. */
int store_cluster_failed(struct store *store, const char *why, struct err *err);
/* Forgets it, and what was sent. 1, 0 none was set, -1. */
int store_cluster_remove(struct store *store, struct err *err);

#endif
