/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_private.h: what the files of the credential provider share. */
#ifndef NET_CREDENTIALS_PRIVATE_H
#define NET_CREDENTIALS_PRIVATE_H

#include "base/arena.h"
#include "net/credentials.h"
#include "net/private.h"
#include "net/retry.h"

enum { CREDENTIAL_MOST = 16 << 10 }; /* bytes of one value */

struct credential_set {
	char *id, *secret, *token;
	int64_t expires_us; /* 0 = never */
};

struct credential_provider {
	struct http_client *client;
	struct arena mem; /* of the settings */
	struct credential_settings settings;
	struct credential_set set;
	bool have;
	int64_t retry_us; /* not before then is a failed refresh tried again */
	char origin[300];
};

/* All of these: 1 = found, 0 = there are none there, -1 = error. */
/* Profile `name` of the shared files; `depth` counts source_profile steps. */
int credentials_from_profile(struct credential_provider *provider, const char *name, unsigned depth,
	int64_t now_us, struct credential_set *set, struct err *err);
/* Container endpoint of ECS and EKS, as the environment says. */
int credentials_from_container(
	struct credential_provider *provider, struct credential_set *set, struct err *err);
/* EC2 metadata. */
int credentials_from_ec2(
	struct credential_provider *provider, struct credential_set *set, struct err *err);
/* AWS_ACCESS_KEY_ID and its like. */
int credentials_from_environment(struct credential_set *set, struct err *err);

/* Takes on a role with `base`, which is freed and replaced. 1 or -1. */
struct credential_role {
	const char *arn, *external_id, *session_name, *region;
};
int credentials_assume(struct credential_provider *provider, const struct credential_role *role,
	int64_t now_us, struct credential_set *base, struct err *err);
/* Takes on a role with the web identity in a file. 1 or -1. */
int credentials_from_web_identity(struct credential_provider *provider,
	const struct credential_role *role, const char *token_file, struct credential_set *set,
	struct err *err);

/* One value out of a file, without blanks at its ends; owned by the caller. NULL with `err`. */
char *credentials_read_value(const char *path, struct err *err);
/* Overwrites and frees. */
void credentials_wipe(struct credential_set *set);
/* Whether a text holds a secret of the provider (may be NULL), or what looks like a signature: servers
 * could send back what we sent, and that must not get into an error text. */
bool credentials_repeated(struct credential_provider *provider, struct slice text);
/* A value of the environment, NULL where it is empty or missing. */
const char *credentials_environment(const char *name);

#endif
