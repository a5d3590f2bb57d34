/* SPDX-License-Identifier: Apache-2.0 */
/* kinds.c: the table of kinds of sources. Options of `connect`, help, prompts and documentation read it. */
#include "collect/private.h"

#define HOURS 3600u
#define DAYS  86400u

const struct setting_row source_common_settings[] = {
	{"ca_file", "FILE", "trust the certificate authorities in this PEM file too", false},
	{"proxy", "URL", "reach the source through this proxy (default: what the environment says)",
		false},
	{"allow_private", NULL, "the host may have a private address, or be this machine", false},
	{0},
};

#define TOKEN                                                                                      \
	{                                                                                          \
		"api_token", "FILE", "the API token, alone in a file (- = standard input)", true   \
	}

static const struct setting_row site_settings[] = {
	{"domain", "HOST",
		"the site, as in the browser's address: acme.atlassian.net, or "
		"https://jira.example.com",
		false},
	{"mail", "MAIL", "the mail address of the account that the token belongs to", false},
	TOKEN,
	{"gateway", "URL", "where scoped tokens go (default https://api.atlassian.com)", false},
	{0},
};

static const struct setting_row data_center_settings[] = {
	{"domain", "URL",
		"the base URL, as in the browser's address: https://bitbucket.example.com", false},
	TOKEN,
	{0},
};

static const struct setting_row organisation_settings[] = {
	{"org_id", "ID", "the organisation's id, as in admin.atlassian.com/o/ID", false},
	{"api_token", "FILE", "the organisation's API key, alone in a file (- = standard input)",
		true},
	{"gateway", "URL", "where it is asked (default https://api.atlassian.com)", false},
	{"requests_per_minute", "N", "at most so many requests in a minute (default 10)", false},
	{0},
};

static const struct setting_row s3_settings[] = {
	{"bucket", "BUCKET", "the bucket, or s3://bucket/prefix", false},
	{"prefix", "PREFIX", "only keys that begin with this", false},
	{"region", "REGION", "where the bucket is (default: what the bucket says)", false},
	{"endpoint", "URL", "of a server that is not AWS: https://host[:port]", false},
	{"path_style", NULL, "the bucket stands in the path, not in the host's name", false},
	{"profile", "NAME", "a profile of the shared AWS files", false},
	{"role_arn", "ARN", "take on this role", false},
	{"external_id", "ID", "what the role's trust policy asks for", false},
	{"access_key_id", "FILE", "the access key id, alone in a file", true},
	{"secret_access_key", "FILE", "the secret access key, alone in a file", true},
	{"queue", "URL", "an SQS queue that hears of new objects", false},
	{0},
};

static const struct setting_row folder_settings[] = {
	{"path", "DIR", "the folder: log/audit of the product's home", false},
	{"node", "NAME", "the server node, where the lines do not name it", false},
	{0},
};

static const char cloud_guide[] =
	"domain: the site, as in the browser's address, e.g. acme.atlassian.net\n"
	"mail: of an administrator of the product\n"
	"token: id.atlassian.com → Security → API tokens → Create API token (with scopes:\n"
	"  read:audit-log:jira and read:user:jira, or read:audit-log:confluence)\n"
	"Data Center: domain is the base URL, the token a personal access token of an "
	"administrator\n";

static const char data_center_guide[] =
	"domain: the base URL, as in the browser's address, e.g. https://bitbucket.example.com\n"
	"token: your picture → Manage account → HTTP access tokens, of a system administrator\n";

static const char organisation_guide[] =
	"id: admin.atlassian.com → the organisation; it is in the address after /o/\n"
	"key: admin.atlassian.com → Settings → API keys → Create API key\n";

static const char s3_guide[] =
	"bucket: where `pugmark ship` (or aws s3 sync) puts log/audit of the server\n"
	"keys: of a user or role that may list the bucket and get its objects\n";

static const char folder_guide[] = "path: log/audit in the home of the product, on this machine\n";

const struct source_kind source_kinds[] = {
	{"jira", "Jira", SOURCE_WINDOWS, "jira_audit_logs", 60, HOURS, site_settings, cloud_guide},
	{"confluence", "Confluence", SOURCE_WINDOWS, "confluence_audit_logs", 60, HOURS,
		site_settings, cloud_guide},
	{"s3", "S3 bucket", SOURCE_OBJECTS, NULL, 60, 2 * DAYS, s3_settings, s3_guide},
	{"bitbucket-dc", "Bitbucket Data Center", SOURCE_WINDOWS, "bitbucket_audit_logs", 60, HOURS,
		data_center_settings, data_center_guide},
	{"folder", "folder", SOURCE_OBJECTS, NULL, 5, 0, folder_settings, folder_guide},
	{"atlassian-org", "Atlassian organisation", SOURCE_STREAM, "atlassian_org_events", 60,
		HOURS, organisation_settings, organisation_guide},
	{0},
};

const struct source_kind *source_kind_find(const char *name)
{
	for (const struct source_kind *kind = source_kinds; kind->name; kind++) {
		if (strcmp(kind->name, name) == 0)
			return kind;
	}
	return NULL;
}

/* ---- failures -------------------------------------------------------------------------------- */

const char *source_failure_name(enum source_failure failure)
{
	static const char *const names[SOURCE_FAILURES] = {"fine", "token refused",
		"permission missing", "login page", "not there", "request refused",
		"server overloaded", "network", "garbled reply", "stopped"};
	return (unsigned)failure < SOURCE_FAILURES ? names[failure] : "?";
}

bool source_failure_is_final(enum source_failure failure)
{
	return failure == SOURCE_TOKEN || failure == SOURCE_PERMISSION || failure == SOURCE_LOGIN ||
	       failure == SOURCE_MISSING || failure == SOURCE_REFUSED;
}

/* ---- opening --------------------------------------------------------------------------------- */

static const struct api *api_of(const struct source_kind *kind, const struct settings *settings)
{
	const char *edition = settings_get(settings, "edition");
	bool cloud = !edition || strcmp(edition, "cloud") == 0;
	if (strcmp(kind->name, "atlassian-org") == 0)
		return &api_organisation;
	if (strcmp(kind->name, "bitbucket-dc") == 0 || !cloud)
		return &api_data_center;
	return strcmp(kind->name, "jira") == 0 ? &api_jira : &api_confluence;
}

int source_open(const struct source_kind *kind, const struct settings *settings, const char *secret,
	const struct source_env *env, struct source **source, struct err *err)
{
	const char *base = settings_get(settings, "base"), *mail = settings_get(settings, "mail");
	if (kind->shape == SOURCE_OBJECTS || !base || !secret || !*secret)
		return err_set(err, ERR_USAGE,
			"the connection lacks %s: connect it again with pugmark connect %s",
			base ? "its token" : "its address", kind->name);
	*source = api_open(kind, api_of(kind, settings), base, mail, secret, settings, env);
	return 0;
}
