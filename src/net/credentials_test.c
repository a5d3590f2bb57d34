/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_test.c: each place that may hold keys, in its order, against stand-ins of the services that
 * hand them out; and that no secret gets into an error or the log. */
#include "net/credentials.h"

#include <fcntl.h>

#include "base/base.h"
#include "base/test.h"
#include "net/credentials_private.h"
#include "net/stand_in.h"

#define S INT64_C(1000000)

static struct stand_in faults;
static char *folder, base[100];
static struct http_client *client;
static struct err err;
static struct sigv4_keys keys;

static const char *const variables[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE",
	"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	"AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_EC2_METADATA_DISABLED", "AWS_REGION",
	"AWS_DEFAULT_REGION"};

static int clean(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(variables); i++)
		unsetenv(variables[i]);
	setenv("HOME", "/nonexistent", 1);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	snprintf(base, sizeof(base), "http://127.0.0.1:%d", stand_in_port(&faults, "plain"));
	struct http_settings settings = {.proxy = ""};
	client = http_open(&settings, &err);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_close(client);
	stand_in_stop(&faults);
	test_remove(folder);
	return 0;
}

/* Writes a file and returns its path; valid until the tenth next call. */
static const char *file(const char *name, const char *text)
{
	static char paths[10][600];
	static unsigned next;
	char *path = paths[next++ % 10];
	snprintf(path, 600, "%s/%s", folder, name);
	assert_int_equal(io_write_file(path, text, strlen(text), 0600, &err), 0);
	return path;
}

/* The keys of the settings: 0, or -1 with `err`. The id and origin are in the globals. */
static char got_id[100], got_origin[400];
static int ask(const struct credential_settings *settings)
{
	struct credential_provider *provider = credentials_open(client, settings);
	int status = credentials_get(provider, clock_now_us(), &keys, &err);
	snprintf(got_id, sizeof(got_id), "%s/%s/%s", status == 0 ? keys.id : "",
		status == 0 ? keys.secret : "", status == 0 && keys.token ? keys.token : "-");
	snprintf(got_origin, sizeof(got_origin), "%s", credentials_origin(provider));
	credentials_close(provider);
	return status;
}

static void expect(const struct credential_settings *settings, const char *id, const char *origin)
{
	if (ask(settings) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(got_id, id);
	assert_string_equal(got_origin, origin);
}

static void refuse(
	const struct credential_settings *settings, enum err_kind kind, const char *words)
{
	assert_int_equal(ask(settings), -1);
	if (err.kind != kind || !strstr(err.text, words))
		fail_msg("%s: %s", err_kind_name(err.kind), err.text);
	assert_null(strstr(err.text, "CANARY"));
}

static const struct credential_settings offline = {.no_metadata = true};

static void test_files_and_environment(void **state)
{
	(void)state;
	refuse(&offline, ERR_NOT_FOUND, "no AWS keys were found");
	setenv("AWS_ACCESS_KEY_ID", "env", 1);
	refuse(&offline, ERR_USAGE, "AWS_SECRET_ACCESS_KEY is not");
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	expect(&offline, "env/s/-", "environment");
	setenv("AWS_SESSION_TOKEN", "t", 1);
	expect(&offline, "env/s/t", "environment");
	struct credential_settings files = {.no_metadata = true, .id_file = file("id", " id\r\n")};
	refuse(&files, ERR_USAGE, "go together");
	files.secret_file = file("secret", "CANARY\n\n");
	expect(&files, "id/CANARY/-", "files");
	files.token_file = file("token", "tok\n");
	expect(&files, "id/CANARY/tok", "files");
	files.secret_file = file("secret", "CANARY\nCANARY2\n");
	refuse(&files, ERR_FORMAT, "one value in one line");
	files.secret_file = file("secret", "\n");
	refuse(&files, ERR_FORMAT, "one value in one line");
	files.secret_file = "/no/such";
	refuse(&files, ERR_NOT_FOUND, "/no/such");
}

static const char shared[] = "# comment\n"
			     "[default]\naws_access_key_id=d\naws_secret_access_key = CANARY=d\n\n"
			     "[ audit ]\n  \naws_access_key_id = AKIASOURCE\n"
			     "aws_secret_access_key = CANARY-source\n; x\n"
			     "[half]\naws_access_key_id = h\n";
static const char config[] =
	"[default]\nregion = eu-west-1\n[profile both]\naws_access_key_id = c\n"
	"aws_secret_access_key = CANARY\naws_session_token = t\n"
	"[profile reader]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = audit\n"
	"external_id = ext 1+2/3\ns3 =\n  role_arn = nested\n"
	"[profile stranger]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = audit\n"
	"[profile loop]\nrole_arn = arn:x\nsource_profile = loop2\n"
	"[profile loop2]\nrole_arn = arn:x\nsource_profile = loop\n"
	"[profile bare]\nrole_arn = arn:x\n"
	"[profile env]\nrole_arn = arn:y\nexternal_id = ext 1+2/3\ncredential_source = "
	"Environment\n"
	"[profile ec2]\nrole_arn = arn:y\ncredential_source = Ec2InstanceMetadata\n"
	"[profile process]\ncredential_process = /bin/echo\n";

static struct credential_settings with_sts(const char *profile)
{
	return (struct credential_settings){.no_metadata = true,
		.profile = profile,
		.sts_endpoint = base,
		.sts_guard = GUARD_PRIVATE_ALLOWED,
		.sts_plain = true};
}

static void test_profiles(void **state)
{
	char aws[600];
	(void)state;
	snprintf(aws, sizeof(aws), "%s/.aws", folder);
	assert_int_equal(io_mkdirs(aws, &err), 0);
	setenv("HOME", folder, 1);
	file(".aws/credentials", shared);
	expect(&offline, "d/CANARY=d/-", "profile default");
	setenv("AWS_PROFILE", "audit", 1);
	expect(&offline, "AKIASOURCE/CANARY-source/-", "profile audit");
	setenv("AWS_CONFIG_FILE", file("config", config), 1);
	struct credential_settings both = with_sts("both");
	expect(&both, "c/CANARY/t", "profile both");
	struct credential_settings reader = with_sts("reader");
	expect(&reader, "ASIAASSUMED/CANARY-secret-of-assumed/CANARY-token-of-assumed",
		"profile reader");
	struct credential_settings stranger = with_sts("stranger");
	refuse(&stranger, ERR_ACCESS, "its trust policy must name these keys' owner");
	static const struct {
		const char *profile;
		enum err_kind kind;
		const char *words;
	} rows[] = {
		{"none", ERR_NOT_FOUND, "there is no profile none"},
		{"half", ERR_USAGE, "but not both"},
		{"loop", ERR_USAGE, "leads in a circle"},
		{"bare", ERR_USAGE, "no keys, source_profile"},
		{"process", ERR_UNSUPPORTED, "credential_process is not supported"},
		{"env", ERR_NOT_FOUND, "Environment has no keys"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct credential_settings settings = with_sts(rows[i].profile);
		refuse(&settings, rows[i].kind, rows[i].words);
	}
	setenv("AWS_ACCESS_KEY_ID", "AKIASOURCE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "CANARY", 1);
	struct credential_settings env = with_sts("env");
	expect(&env, "ASIAASSUMED/CANARY-secret-of-assumed/CANARY-token-of-assumed", "profile env");
	/* A named profile goes before the environment, AWS_PROFILE does not. */
	struct credential_settings audit = with_sts("audit");
	expect(&audit, "AKIASOURCE/CANARY-source/-", "profile audit");
	expect(&offline, "AKIASOURCE/CANARY/-", "environment");
}

static void test_roles(void **state)
{
	struct credential_settings settings = with_sts(NULL);
	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "AKIASOURCE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "CANARY", 1);
	settings.role_arn = "arn:aws:iam::1:role/audit";
	settings.external_id = "ext 1+2/3";
	expect(&settings, "ASIAASSUMED/CANARY-secret-of-assumed/CANARY-token-of-assumed",
		"role arn:aws:iam::1:role/audit by environment");
	settings.external_id = "CANARY";
	refuse(&settings, ERR_ACCESS, "and this external id");
	setenv("AWS_ACCESS_KEY_ID", "other", 1);
	refuse(&settings, ERR_ACCESS, "HTTP 403, InvalidClientTokenId");
	settings.sts_guard = GUARD_PUBLIC_ONLY;
	refuse(&settings, ERR_ACCESS, "loopback");
}

static void test_web_identity(void **state)
{
	struct credential_settings settings = with_sts(NULL);
	(void)state;
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file("web", "CANARY-web-identity\n"), 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/eks", 1);
	expect(&settings, "ASIAWEB/CANARY-secret-of-web/CANARY-token-of-web", "web identity");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", file("web", "CANARY-wrong"), 1);
	refuse(&settings, ERR_ACCESS, "InvalidIdentityToken");
}

static void test_services(void **state)
{
	struct credential_settings settings = {.ec2_endpoint = base};
	char url[200];
	(void)state;
	expect(&settings, "ASIAINSTANCE/CANARY-secret-of-instance/CANARY-token-of-instance",
		"EC2 metadata");
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	refuse(&settings, ERR_NOT_FOUND, "no AWS keys");
	snprintf(url, sizeof(url), "%s/container/3600", base);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	refuse(&settings, ERR_ACCESS, "container credentials endpoint: HTTP 403");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-authorization", 1);
	expect(&settings, "ASIACONTAINER/CANARY-secret-of-container/CANARY-token-of-container",
		"container endpoint");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY\nX: y", 1);
	refuse(&settings, ERR_USAGE, "line break");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file("auth", "container-authorization\n"),
		1);
	expect(&settings, "ASIACONTAINER/CANARY-secret-of-container/CANARY-token-of-container",
		"container endpoint");
	/* No address but this machine's own and those of clouds is asked in the clear. */
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://10.0.0.1/keys", 1);
	refuse(&settings, ERR_ACCESS, "private address");
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://1.1.1.1/keys", 1);
	refuse(&settings, ERR_ACCESS, "public address");
	unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	unsetenv("AWS_EC2_METADATA_DISABLED");
	settings.ec2_endpoint = "http://127.0.0.1:1"; /* nobody there: no EC2 */
	refuse(&settings, ERR_NOT_FOUND, "EC2 metadata");
	snprintf(url, sizeof(url), "%s/status/500", base);
	settings.ec2_endpoint = url;
	refuse(&settings, ERR_ACCESS, "EC2 metadata: HTTP 500");
}

/* Keys that end are renewed in time; where that fails, the old ones serve to their end; and the log
 * does not tell them. */
static void test_renewal(void **state)
{
	struct credential_settings settings = {0};
	char url[200], log_path[600], *said;
	size_t n;
	(void)state;
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-authorization", 1);
	snprintf(url, sizeof(url), "%s/container/1000", base);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	struct credential_provider *provider = credentials_open(client, &settings);
	int64_t now = clock_now_us();
	assert_int_equal(credentials_get(provider, now, &keys, &err), 0);
	int64_t end = credentials_expiry_us(provider);
	assert_true(end > now + 990 * S && end < now + 1010 * S);
	snprintf(url, sizeof(url), "%s/container/5000", base);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
	assert_int_equal(credentials_get(provider, end - 301 * S, &keys, &err), 0);
	assert_int_equal(credentials_expiry_us(provider), end); /* early enough: kept */
	assert_int_equal(credentials_get(provider, end - 299 * S, &keys, &err), 0);
	assert_true(credentials_expiry_us(provider) > end + 3000 * S);
	end = credentials_expiry_us(provider);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY-wrong", 1);
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	int saved = dup(2), fd = open(log_path, O_CREAT | O_RDWR | O_TRUNC, 0600);
	dup2(fd, 2);
	int kept = credentials_get(provider, end - 200 * S, &keys, &err);
	int again =
		credentials_get(provider, end - 199 * S, &keys, &err); /* not asked again so soon */
	dup2(saved, 2);
	close(saved);
	close(fd);
	assert_int_equal(kept, 0);
	assert_int_equal(again, 0);
	assert_string_equal(keys.id, "ASIACONTAINER");
	assert_int_equal(io_read_file(log_path, 1 << 20, &said, &n, &err), 0);
	assert_non_null(strstr(said, "could not be renewed"));
	assert_null(strstr(strstr(said, "could not be renewed") + 1, "could not be renewed"));
	assert_null(strstr(said, "CANARY"));
	free(said);
	assert_int_equal(credentials_get(provider, end + S, &keys, &err), -1);
	assert_int_equal(err.kind, ERR_ACCESS);
	assert_null(strstr(err.text, "CANARY"));
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-authorization", 1);
	assert_int_equal(credentials_get(provider, end + S, &keys, &err), 0);
	credentials_forget(provider);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "CANARY-wrong", 1);
	assert_int_equal(credentials_get(provider, now, &keys, &err), -1);
	credentials_close(provider);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_files_and_environment, clean),
		cmocka_unit_test_setup(test_profiles, clean),
		cmocka_unit_test_setup(test_roles, clean),
		cmocka_unit_test_setup(test_web_identity, clean),
		cmocka_unit_test_setup(test_services, clean),
		cmocka_unit_test_setup(test_renewal, clean),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
