/* SPDX-License-Identifier: Apache-2.0 */
/* cluster.c (cli/): pugmark cluster: the tables made there, and the cluster noted for this lake, or forgotten. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/cluster.h"
#include "cli/secret_option.h"
#include "cli/verbs.h"
#include "cluster/table.h"
#include "query/clustered.h"
#include "store/connections.h"

int cluster_needed(
	struct store *store, struct arena *mem, struct cluster_setting *setting, struct err *err)
{
	int rc = store_cluster_get(store, mem, setting, err);
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND,
			"no cluster is set for this lake: pugmark cluster init --url "
			"http://HOST:8123 --cluster NAME");
	return rc < 0 ? -1 : 0;
}

/* ---- init ------------------------------------------------------------------------------------ */

struct initing {
	const struct command_line *line;
	struct store *store;
	struct arena mem;
	struct cluster_setting setting;
	struct secrets_given given;
	struct secret sealed; /* the password that is set already */
	const char *password; /* what is sent; NULL = none */
	bool new_password;    /* and it is to be sealed, or taken away */
	int64_t keep;         /* days; 0 = all is kept */
	struct schema_set schemas;
	struct cluster *cluster;
};

static const char *or_before(const struct initing *in, enum opt option, const char *before)
{
	const char *value = in->line->values[option];
	return value ? value : before ? before : "";
}

static bool is_other(const char *value, const char *before)
{
	return value && before && strcmp(value, before) != 0;
}

/* A password that is set goes to the servers and the user that it was given for, and to nobody else. */
static int password_before(struct initing *in, struct err *err)
{
	struct secret_key *key = NULL;
	int has = store_cluster_has_password(in->store, err);
	if (has < 1)
		return has;
	int rc = store_secret_key(in->store, key_file(in->line), false, &key, err);
	if (rc == 0)
		rc = store_cluster_password(in->store, key, &in->sealed, err) < 0 ? -1 : 0;
	secret_key_free(key);
	in->password = in->sealed.text;
	return rc;
}

static int ask_password(struct initing *in, struct err *err)
{
	char prompt[200];
	snprintf(prompt, sizeof(prompt), "password of %.100s (empty: none)", in->setting.user);
	char *typed = ask_line(prompt, true);
	if (!typed)
		return err_set(err, ERR_INTERRUPTED, "no password was given: nothing was changed");
	size_t n = strlen(typed);
	if (n) {
		struct secret *secret = &in->given.of[in->given.n++];
		secret_new(secret, n);
		memcpy(secret->text, typed, n);
		in->password = secret->text;
	}
	explicit_bzero(typed, n);
	free(typed);
	return 0;
}

static int take_password(struct initing *in, bool same, struct err *err)
{
	const char *path = in->line->values[OPT_PASSWORD_FILE];
	bool terminal = isatty(STDIN_FILENO);
	if (!path && same)
		return password_before(in, err);
	in->new_password = true;
	if (path && (strcmp(path, "-") != 0 || !terminal))
		return secret_option(
			in->line, OPT_PASSWORD_FILE, false, &in->given, &in->password, err);
	if (path || (in->line->values[OPT_USER] && terminal))
		return ask_password(in, err);
	return 0;
}

static int take_settings(struct initing *in, struct err *err)
{
	struct cluster_setting before = {0};
	const char *const *values = in->line->values;
	int there = store_cluster_get(in->store, &in->mem, &before, err);
	if (there < 0)
		return -1;
	if (!there && !values[OPT_URL])
		return err_set(err, ERR_USAGE,
			"init needs the address of a server: --url http://HOST:8123");
	in->setting = (struct cluster_setting){
		.urls = or_before(in, OPT_URL, before.urls),
		.name = or_before(in, OPT_CLUSTER, before.name),
		.database = or_before(in, OPT_DATABASE, there ? before.database : "pugmark"),
		.user = or_before(in, OPT_USER, there ? before.user : "default"),
		.ca_file = values[OPT_CA_FILE] ? whole_path(&in->mem, values[OPT_CA_FILE])
					       : or_before(in, OPT_CA_FILE, before.ca_file),
	};
	const char *keep = values[OPT_KEEP];
	if (keep) {
		size_t n = strlen(keep);
		n -= n > 1 && keep[n - 1] == 'd';
		if (text_parse_int((struct slice){keep, n}, &in->keep) < 0 || in->keep < 1 ||
			in->keep > 36500)
			return err_set(err, ERR_USAGE,
				"--keep %.40s: write a number of days: 365 or 365d", keep);
	}
	bool same = there && !is_other(values[OPT_URL], before.urls) &&
		    !is_other(values[OPT_USER], before.user);
	return take_password(in, same, err);
}

static int open_cluster(struct initing *in, struct err *err)
{
	const struct cluster_settings settings = lake_cluster_settings(&in->setting, in->password);
	if (in->password && strstr(in->setting.urls, "http://") &&
		!strstr(in->setting.urls, "http://127.") &&
		!strstr(in->setting.urls, "http://localhost"))
		fputs("pugmark: the password travels in the clear: give https:// addresses where "
		      "the network is not yours alone\n",
			stderr);
	return cluster_open(&settings, &stop_requested, &in->cluster, err);
}

static void said(void *ctx, const char *what)
{
	const struct initing *in = ctx;
	FILE *out = in->line->values[OPT_JSON] ? stderr : stdout;
	fprintf(out, "%s\n", what);
	(void)fflush(out); /* it may be waited for long now */
}

static int print_statement(void *ctx, struct slice sql, struct err *err)
{
	(void)ctx;
	(void)err;
	printf("%.*s;\n\n", SLICE_ARG(sql));
	return 0;
}

static int make_tables(struct initing *in, struct err *err)
{
	const struct schema *const *of = in->schemas.of;
	if (table_init(in->cluster, of, in->schemas.n, said, in, err) < 0)
		return -1;
	return in->keep ? table_keep(
				  in->cluster, of, in->schemas.n, (unsigned)in->keep, said, in, err)
			: 0;
}

static int keep_setting(struct initing *in, struct err *err)
{
	struct secret_key *key = NULL;
	struct slice password = slice_of(in->password ? in->password : "");
	int rc = 0;
	if (in->new_password && password.len)
		rc = store_secret_key(in->store, key_file(in->line), true, &key, err);
	if (rc == 0)
		rc = store_cluster_put(
			in->store, &in->setting, in->new_password ? &password : NULL, key, err);
	secret_key_free(key);
	return rc;
}

static void tell(const struct initing *in)
{
	const char *name = in->setting.name, *database = in->setting.database;
	if (in->line->values[OPT_JSON])
		printf("{\"database\":\"%s\",\"cluster\":\"%s\",\"tables\":%u}\n", database, name,
			in->schemas.n + 1);
	else
		printf("set for this lake: the tables are in the database %s%s%s. What is "
		       "collected "
		       "from now on is sent there; pugmark "
		       "cluster load sends what the lake holds\n",
			database, *name ? " of the cluster " : "", name);
}

static int make(struct initing *in, struct err *err)
{
	const struct cluster_features *features;
	if (take_settings(in, err) < 0 || open_cluster(in, err) < 0 ||
		store_schema_set(store_dir(in->store), &in->mem, &in->schemas, err) < 0)
		return -1;
	features = cluster_features(in->cluster, err);
	if (!features)
		return -1;
	if (in->line->values[OPT_DRY_RUN])
		return table_statements(in->cluster, features, in->schemas.of, in->schemas.n,
			print_statement, NULL, err);
	if (in->keep && !features->ttl) /* refused before anything is made */
		return table_keep(in->cluster, NULL, 0, (unsigned)in->keep, said, in, err);
	if (make_tables(in, err) < 0 || keep_setting(in, err) < 0)
		return -1;
	tell(in);
	return 0;
}

static int init(const struct command_line *line, struct store *store, struct err *err)
{
	struct initing in = {.line = line, .store = store};
	int rc = make(&in, err);
	schema_set_fini(&in.schemas);
	cluster_close(in.cluster);
	secret_wipe(&in.sealed);
	secrets_given_wipe(&in.given);
	arena_fini(&in.mem);
	return rc;
}

/* ---- off ------------------------------------------------------------------------------------- */

static int confirm(const struct cluster_setting *setting, struct err *err)
{
	char prompt[400];
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
			"off forgets the cluster and what was sent there: say --yes where nobody "
			"can be asked");
	snprintf(prompt, sizeof(prompt),
		"this lake forgets the cluster at %.200s and what was sent there; go on? [y/N]",
		setting->urls);
	char *answer = ask_line(prompt, false);
	bool yes = answer && (answer[0] == 'y' || answer[0] == 'Y');
	free(answer);
	return yes ? 0 : err_set(err, ERR_INTERRUPTED, "nothing was changed");
}

static int off(const struct command_line *line, struct store *store, struct err *err)
{
	struct arena mem = {0};
	struct cluster_setting setting;
	int rc = cluster_needed(store, &mem, &setting, err);
	if (rc == 0 && !line->values[OPT_YES])
		rc = confirm(&setting, err);
	if (rc == 0)
		rc = store_cluster_remove(store, err) < 0 ? -1 : 0;
	if (rc == 0 && line->values[OPT_JSON])
		puts("{\"cluster\":null}");
	else if (rc == 0)
		printf("the cluster is forgotten, its password too, and this lake's own files are "
		       "asked again. The database %s stays there with all rows (of all lakes): "
		       "drop "
		       "it by hand where nobody needs it\n",
			setting.database);
	arena_fini(&mem);
	return rc;
}

/* ---- the command ----------------------------------------------------------------------------- */

int command_cluster(const struct command_line *line)
{
	static const struct verb verbs[] = {
		{"status", 0, STORE_READ, cluster_status, NULL},
		{"init", 0, STORE_WRITE, init, NULL},
		{"load", 0, STORE_WRITE, cluster_load, NULL},
		{"off", 0, STORE_WRITE, off, NULL},
		{0},
	};
	return verbs_run(line, verbs);
}
