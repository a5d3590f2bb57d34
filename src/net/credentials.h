/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credentials.h: keys for AWS and what speaks its language, from wherever the machine has them, kept
 * fresh. Secrets live in memory only, are overwritten when freed, and are in no error text.
 * The first of these that has keys is used:
 *   1. keys that the caller gives, or files named by flags (id_file and secret_file), 2. a profile named by a flag, 3. environment
 *   (AWS_ACCESS_KEY_ID …), 4. web identity (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN: EKS),
 *   5. shared files (~/.aws/credentials, ~/.aws/config: static keys, role_arn with source_profile,
 *   credential_source), 6. container endpoint (ECS, EKS Pod Identity), 7. EC2 metadata, version 2.
 * Source: AWS, "AWS SDKs and Tools Reference Guide", standardized credential providers.
 */
#ifndef NET_CREDENTIALS_H
#define NET_CREDENTIALS_H

#include <stdint.h>

#include "base/err.h"
#include "net/http.h"
#include "net/sigv4.h"

/* NULL in any member means: not given. Texts are copied. */
struct credential_settings {
	const char *id, *secret, *token; /* given; token may be NULL */
	const char *id_file, *secret_file,
		*token_file;      /* one value each; blanks at the ends are cut */
	const char *profile;      /* of the shared files; NULL = AWS_PROFILE, then "default" */
	const char *role_arn;     /* to take on with the keys found; */
	const char *external_id;  /* what the role's trust policy asks for */
	const char *session_name; /* as it appears in CloudTrail; NULL = pugmark */
	const char *region; /* for STS; NULL = AWS_REGION, AWS_DEFAULT_REGION, then us-east-1 */
	const char *sts_endpoint;    /* https://host; NULL = sts.REGION.amazonaws.com */
	enum guard_policy sts_guard; /* for an sts_endpoint of one's own, */
	bool sts_plain;              /* and whether it may be http:// */
	const char
		*ec2_endpoint; /* NULL = AWS_EC2_METADATA_SERVICE_ENDPOINT, then 169.254.169.254 */
	bool no_metadata;      /* leave out 6 and 7; AWS_EC2_METADATA_DISABLED=true leaves out 7 */
};

struct credential_provider;

/* Makes a provider; nothing is read yet. `client` is borrowed for its life. */
struct credential_provider *credentials_open(
	struct http_client *client, const struct credential_settings *settings);
/* Ends it and overwrites its keys; accepts NULL. */
void credentials_close(struct credential_provider *provider);

/* The keys that are valid now, borrowed until the next call on the provider. They are fetched at
 * first use and again when less than five minutes of their life are left; where that fails and the
 * old ones still live, those are given. -1 with `err`: ERR_NOT_FOUND where there are none anywhere
 * (the text says where was looked), ERR_ACCESS where a role was refused, else as http_perform. */
int credentials_get(struct credential_provider *provider, int64_t now_us, struct sigv4_keys *keys,
	struct err *err);

/* The keys were refused as expired: the next credentials_get fetches new ones. */
void credentials_forget(struct credential_provider *provider);

/* Where the keys came from, for people: "environment", "profile audit", "role arn:… of EC2 metadata";
 * "" before the first credentials_get. Borrowed. */
const char *credentials_origin(const struct credential_provider *provider);

/* When they end; 0 = never, or not known yet. */
int64_t credentials_expiry_us(const struct credential_provider *provider);

#endif
