/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.h (cli/): the verbs of `pugmark cluster`, one file each. */
#ifndef CLI_CLUSTER_H
#define CLI_CLUSTER_H

#include "cli/private.h"
#include "store/cluster_setting.h"

int cluster_status(const struct command_line *line, struct store *store, struct err *err);

int cluster_load(const struct command_line *line, struct store *store, struct err *err);

/* The end of an import or a collecting that began then: where a cluster is set, what waits is sent, and told; nothing else comes of it. */
void cluster_send(const struct command_line *line, struct store *store, int64_t began);

/* What every verb but `init` needs: 0 with the setting in `mem`; -1 where none is set, with what to type. */
int cluster_needed(
	struct store *store, struct arena *mem, struct cluster_setting *setting, struct err *err);

#endif
