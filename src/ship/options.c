/* SPDX-License-Identifier: Apache-2.0 */
/* options.c: the options of ship, for both programs that have them: one table, which help reads too. */
#include <stdlib.h>

#include "ship/private.h"

#define AT(member) offsetof(struct ship_options, member)

const struct ship_option ship_option_rows[] = {
	{"once", NULL, "upload what is there, and end", SHIP_FLAG, AT(once), 0, 0},
	{"dry-run", NULL, "only list what would be uploaded", SHIP_FLAG, AT(dry_run), 0, 0},
	{"every", "SECONDS", "upload so long after a line was written at the latest (default 60)",
		SHIP_NUMBER, AT(every_s), 1, 86400},
	{"node", "NAME", "this server's name in the bucket (default: as its log says, or the host)",
		SHIP_TEXT, AT(node), 0, 0},
	{"state", "FILE", "where it is noted what was uploaded", SHIP_TEXT, AT(state), 0, 0},
	{"all", NULL, "every file of the folder, not only *.audit.log", SHIP_FLAG, AT(all), 0, 0},
	{"max-files", "N", "so many files does the server keep (default 100)", SHIP_NUMBER,
		AT(max_files), 2, 1000000},
	{"gzip", NULL, "pack with gzip in place of zstd", SHIP_FLAG, AT(gzip), 0, 0},
	{"endpoint", "URL", "of an S3 server that is not AWS: https://host[:port]", SHIP_TEXT,
		AT(endpoint), 0, 0},
	{"region", "REGION", "of the bucket (default: AWS_REGION, else us-east-1)", SHIP_TEXT,
		AT(region), 0, 0},
	{"path-style", NULL, "the bucket stands in the path of its URLs, not in the host",
		SHIP_FLAG, AT(path_style), 0, 0},
	{"profile", "NAME", "keys from a profile of ~/.aws", SHIP_TEXT, AT(profile), 0, 0},
	{"access-key-id-file", "FILE", "keys from files,", SHIP_TEXT, AT(id_file), 0, 0},
	{"secret-access-key-file", "FILE", "each holding one value", SHIP_TEXT, AT(secret_file), 0,
		0},
	{"session-token-file", "FILE", "of temporary keys", SHIP_TEXT, AT(token_file), 0, 0},
	{"role-arn", "ARN", "a role to take on with these keys", SHIP_TEXT, AT(role_arn), 0, 0},
	{"external-id", "ID", "what the role's trust policy asks for", SHIP_TEXT, AT(external_id),
		0, 0},
	{"allow-private", NULL, "the endpoint may be in your own network, and http://", SHIP_FLAG,
		AT(allow_private), 0, 0},
	{"ca-file", "FILE", "authorities to trust beside the system's (PEM)", SHIP_TEXT,
		AT(ca_file), 0, 0},
	{"proxy", "URL", "http://host:port; one with a password goes into https_proxy", SHIP_TEXT,
		AT(proxy), 0, 0},
	{"json", NULL, "print one machine-readable object", SHIP_FLAG, AT(json), 0, 0},
	{"verbose", NULL, "say more on stderr", SHIP_FLAG, AT(verbose), 0, 0},
	{.name = NULL},
};

void ship_options_init(struct ship_options *options)
{
	*options = (struct ship_options){.every_s = 60, .max_files = 100};
}

void ship_options_fini(struct ship_options *options)
{
	free(options->bucket);
	free(options->prefix);
	*options = (struct ship_options){0};
}

static int set_number(
	const struct ship_option *row, unsigned *member, const char *value, struct err *err)
{
	int64_t n;
	if (text_parse_int(slice_of(value), &n) < 0 || n < row->least || n > row->most)
		return err_set(err, ERR_USAGE, "--%s %s: write a number from %u to %u", row->name,
			value, row->least, row->most);
	*member = (unsigned)n;
	return 0;
}

static int set_text(
	const struct ship_option *row, const char **member, const char *value, struct err *err)
{
	if (!*value && strcmp(row->name, "proxy") != 0) /* "" = no proxy, whatever is set */
		return err_set(err, ERR_USAGE, "--%s needs a value", row->name);
	*member = value;
	return 0;
}

bool ship_option_known(const char *name)
{
	for (const struct ship_option *row = ship_option_rows; row->name; row++)
		if (strcmp(row->name, name) == 0)
			return true;
	return false;
}

int ship_option_set(
	struct ship_options *options, const char *name, const char *value, struct err *err)
{
	for (const struct ship_option *row = ship_option_rows; row->name; row++) {
		if (strcmp(row->name, name) != 0)
			continue;
		void *member = (char *)options + row->at;
		if (row->kind == SHIP_NUMBER)
			return set_number(row, member, value, err);
		if (row->kind == SHIP_TEXT)
			return set_text(row, member, value, err);
		*(bool *)member = true;
		return 0;
	}
	return err_set(err, ERR_USAGE, "ship has no option --%s", name);
}

/* A prefix that one can find again: visible, no empty parts, nothing that tools take for a path. */
static int check_prefix(const char *prefix, struct err *err)
{
	struct slice all = slice_of(prefix);
	if (all.len > LIMIT_SHIP_PREFIX)
		return err_set(
			err, ERR_USAGE, "the prefix has more than %d bytes", LIMIT_SHIP_PREFIX);
	bool odd = !text_utf8_valid(all);
	for (size_t i = 0; i < all.len; i++)
		odd = odd || (unsigned char)prefix[i] < 0x20 || prefix[i] == 0x7f;
	for (const char *part = prefix; *prefix && !odd;) {
		size_t n = strcspn(part, "/");
		odd = n == 0 || (n == 1 && part[0] == '.') ||
		      (n == 2 && part[0] == '.' && part[1] == '.');
		if (!part[n])
			break;
		part += n + 1;
	}
	if (odd)
		return err_set(err, ERR_USAGE,
			"the prefix %.200s cannot be used: parts of visible text, with one slash "
			"between two",
			prefix);
	return 0;
}

static int take_url(struct ship_options *options, const char *url, struct err *err)
{
	const char *at = url + strlen("s3://");
	size_t n = strcspn(at, "/");
	options->url = url;
	if (n == 0 || strpbrk(at, "?#"))
		return err_set(
			err, ERR_USAGE, "%.200s: write s3://BUCKET or s3://BUCKET/PREFIX", url);
	options->bucket = strndup(at, n);
	at += n + (at[n] == '/');
	n = strlen(at);
	options->prefix = strndup(at, n && at[n - 1] == '/' ? n - 1 : n);
	if (!options->bucket || !options->prefix)
		abort(); /* out of memory */
	return check_prefix(options->prefix, err);
}

static int check_together(const struct ship_options *o, struct err *err)
{
	if (!o->id_file != !o->secret_file)
		return err_set(err, ERR_USAGE,
			"--access-key-id-file and --secret-access-key-file go together");
	if (o->profile && o->id_file)
		return err_set(err, ERR_USAGE, "--profile and keys from files exclude each other");
	if (o->external_id && !o->role_arn)
		return err_set(err, ERR_USAGE, "--external-id goes with --role-arn");
	if (o->endpoint && strncmp(o->endpoint, "http://", 7) == 0 && !o->allow_private)
		return err_set(err, ERR_USAGE,
			"--endpoint %.200s sends everything in the clear: use https://, or, for a "
			"server in your own network, add --allow-private",
			o->endpoint);
	if (o->proxy && strchr(o->proxy, '@'))
		return err_set(err, ERR_USAGE,
			"--proxy must hold no password, which others could see in the list of "
			"processes: set https_proxy in the environment");
	if (o->node && strlen(o->node) > 255)
		return err_set(err, ERR_USAGE, "--node has more than 255 bytes");
	if (o->json && !o->once && !o->dry_run)
		return err_set(err, ERR_USAGE, "--json goes with --once or --dry-run");
	return 0;
}

int ship_arguments(struct ship_options *options, char **args, int count, struct err *err)
{
	for (int i = 0; i < count; i++) {
		if (strncmp(args[i], "s3://", 5) == 0 && !options->url) {
			if (take_url(options, args[i], err) < 0)
				return -1;
		} else if (strstr(args[i], "://") || strncmp(args[i], "s3:", 3) == 0) {
			return err_set(err, ERR_USAGE,
				"%.200s: the target is written s3://BUCKET or s3://BUCKET/PREFIX, "
				"once",
				args[i]);
		} else if (!options->folder && *args[i]) {
			options->folder = args[i];
		} else {
			return err_set(err, ERR_USAGE, "\"%.200s\" is too much", args[i]);
		}
	}
	if (!options->url)
		return err_set(
			err, ERR_USAGE, "the target is missing: s3://BUCKET or s3://BUCKET/PREFIX");
	return check_together(options, err);
}
