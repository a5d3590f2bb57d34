/* SPDX-License-Identifier: Apache-2.0 */
/* notify_target.h (private to notify*.c): a notifier of the catalog, ready to be sent to. */
#ifndef PIPELINE_NOTIFY_TARGET_H
#define PIPELINE_NOTIFY_TARGET_H

#include "collect/settings.h"
#include "pipeline/notify.h"

enum { LOADED_SECRETS = 3 };
struct loaded_target {
	struct notify_target target; /* texts in what follows */
	struct arena mem;
	struct settings settings;
	bool sealed; /* it has secrets */
	struct secret secrets[LOADED_SECRETS];
};
/* 1, 0 none of that name, -1; to be unloaded in any case. */
int notify_load(struct store *store, const char *name, const char *key_file,
	struct loaded_target *loaded, struct err *err);
/* Wipes the secrets and frees. */
void notify_unload(struct loaded_target *loaded);

#endif
