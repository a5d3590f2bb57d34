/* SPDX-License-Identifier: Apache-2.0 */
/* http_trust_test.c: where distributions have their authorities, and what a client trusts with them. */
#include "base/base.h"
#include "base/test.h"
#include "net/private.h"
#include "net/stand_in.h"

static struct stand_in faults;
static char *folder, ca_file[600];
static struct http_reply reply;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	folder = test_folder();
	stand_in_start(&faults, "python3", "tests/stand_ins/http_faults.py", folder);
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", folder);
	http_reply_init(&reply);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_reply_fini(&reply);
	stand_in_stop(&faults);
	test_remove(folder);
	return 0;
}

static int get(struct http_client *by, const char *server)
{
	char url[100];
	snprintf(url, sizeof(url), "https://localhost:%d/", stand_in_port(&faults, server));
	struct http_request request = {.url = url, .guard = GUARD_PRIVATE_ALLOWED};
	return http_perform(by, &request, &reply, &err);
}

/* Where distributions have their authorities, and what is taken there. */
static void test_authorities_of_the_machine(void **state)
{
	static const struct {
		const char *hashed; /* a folder with hashed names, */
		unsigned many;
		const char *file;            /* a bundle; */
		const char *folder, *bundle; /* what is found; NULL = none */
	} rows[] = {
		{NULL, 0, NULL, NULL, NULL},
		{"/etc/ssl/certs", 20, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs",
			NULL},
		{"/etc/ssl/certs", 1, "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/certs",
			"/etc/ssl/certs/ca-certificates.crt"},
		{"/var/lib/ca-certificates/openssl", 30, "/etc/ssl/ca-bundle.pem",
			"/var/lib/ca-certificates/openssl", NULL},
		{"/etc/pki/ca-trust/extracted/pem/directory-hash", 30, NULL,
			"/etc/pki/ca-trust/extracted/pem/directory-hash", NULL},
		{NULL, 0, "/etc/ssl/certs/ca-certificates.crt", NULL,
			"/etc/ssl/certs/ca-certificates.crt"},
		{NULL, 0, "/etc/pki/tls/certs/ca-bundle.crt", NULL,
			"/etc/pki/tls/certs/ca-bundle.crt"},
		{NULL, 0, "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", NULL,
			"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"},
		{NULL, 0, "/var/lib/ca-certificates/ca-bundle.pem", NULL,
			"/var/lib/ca-certificates/ca-bundle.pem"},
		{NULL, 0, "/etc/ssl/cert.pem", NULL, "/etc/ssl/cert.pem"},
		{NULL, 0, "/etc/ssl/other.pem", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena mem = {0};
		struct http_trust trust;
		const char *root = arena_printf(&mem, "%s/root%zu", folder, i);
		if (rows[i].hashed)
			assert_int_equal(
				io_mkdirs(arena_printf(&mem, "%s%s", root, rows[i].hashed), &err),
				0);
		for (unsigned n = 0; n < rows[i].many; n++) {
			const char *name =
				arena_printf(&mem, "%s%s/%08x.0", root, rows[i].hashed, n);
			assert_int_equal(io_write_file(name, "x", 1, 0600, &err), 0);
		}
		if (rows[i].file) {
			char *path = arena_printf(&mem, "%s%s", root, rows[i].file);
			char *slash = strrchr(path, '/');
			*slash = 0;
			assert_int_equal(io_mkdirs(path, &err), 0);
			*slash = '/';
			assert_int_equal(io_write_file(path, "x", 1, 0600, &err), 0);
		}
		http_trust_find(root, &trust);
		CHECK_ROW(i, !trust.folder == !rows[i].folder && !trust.bundle == !rows[i].bundle);
		CHECK_ROW(i,
			!trust.folder || strcmp(trust.folder + strlen(root), rows[i].folder) == 0);
		CHECK_ROW(i,
			!trust.bundle || strcmp(trust.bundle + strlen(root), rows[i].bundle) == 0);
		http_trust_free(&trust);
		arena_fini(&mem);
	}
}

/* The machine's authorities and the one of the settings, in whatever form the former are. */
static void test_authorities_beside_each_other(void **state)
{
	struct http_settings settings = {.proxy = ""};
	char other[700];
	(void)state;
	snprintf(other, sizeof(other), "%s/other-ca.pem", folder);
	for (int with = 0; with < 2; with++) {
		settings.ca_file = with ? ca_file : NULL;
		struct http_client *by = http_open(&settings, &err);
		assert_non_null(by);
		http_trust_free(&by->trust);
		by->trust.bundle = xstrdup(other); /* as if the machine trusted that one */
		if (with)
			assert_int_equal(http_trust_add(&by->trust, ca_file, &err), 0);
		assert_int_equal(get(by, "unknown-ca"), 0);
		assert_int_equal(get(by, "good"), with ? 0 : -1);
		assert_true(with || reply.failure == HTTP_TLS_ISSUER);
		http_close(by);
	}
	struct http_client *none = http_open(&settings, &err);
	http_trust_free(&none->trust);
	free(none->ca_file);
	none->ca_file = NULL;
	assert_int_equal(get(none, "good"), -1);
	assert_non_null(strstr(err.text, "this machine has no list of authorities"));
	http_close(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_authorities_of_the_machine),
		cmocka_unit_test(test_authorities_beside_each_other),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
