/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_trust.c: where this machine keeps the authorities that it trusts. Distributions differ, and a
 * libcurl that was built on one of them knows the place of that one only. A folder with hashed names is
 * better than one file: of it only what is needed is read (a bundle takes 1 MB, and is parsed whole).
 */
#include <stdlib.h>

#include "base/base.h"
#include "net/private.h"

enum {
	ENOUGH = 20,           /* hashed names: fewer are an administrator's own, beside a bundle */
	BUNDLE_MOST = 8 << 20, /* bytes of a bundle */
};

static const char *const folders[] = {
	"/etc/ssl/certs",                                 /* Debian, Arch, Alpine */
	"/etc/pki/ca-trust/extracted/pem/directory-hash", /* Red Hat, Fedora */
	"/var/lib/ca-certificates/openssl",               /* SUSE */
};

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",                /* Debian, Arch, Alpine */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Red Hat, Fedora, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt", "/var/lib/ca-certificates/ca-bundle.pem", /* SUSE */
	"/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",                                /* Alpine */
};

/* "5ad8a5d6.0": the hash of a name, and a number. */
static int count_hashed(void *ctx, const char *name, struct err *err)
{
	(void)err;
	size_t n = strspn(name, "0123456789abcdef");
	if (n == 8 && name[8] == '.' && name[9] &&
		strspn(name + 9, "0123456789") == strlen(name + 9))
		++*(unsigned *)ctx;
	return 0;
}

void http_trust_find(const char *root, struct http_trust *trust)
{
	struct arena mem = {0};
	bool complete = false;
	*trust = (struct http_trust){0};
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !complete; i++) {
		const char *path = arena_printf(&mem, "%s%s", root, folders[i]);
		unsigned hashed = 0;
		if (io_list(path, count_hashed, &hashed, NULL) < 0 || hashed == 0)
			continue;
		complete = hashed >= ENOUGH;
		if (trust->folder && !complete)
			continue;
		free(trust->folder);
		trust->folder = xstrdup(path);
	}
	for (size_t i = 0; i < sizeof(bundles) / sizeof(bundles[0]) && !complete && !trust->bundle;
		i++) {
		const char *path = arena_printf(&mem, "%s%s", root, bundles[i]);
		struct io_info info;
		if (io_stat(path, &info, NULL) == 1 && info.is_regular && info.size > 0)
			trust->bundle = xstrdup(path);
	}
	arena_fini(&mem);
}

void http_trust_free(struct http_trust *trust)
{
	free(trust->folder);
	free(trust->bundle);
	free(trust->both.ptr);
	*trust = (struct http_trust){0};
}

int http_trust_add(struct http_trust *trust, const char *ca_file, struct err *err)
{
	char *own = NULL, *system = NULL;
	size_t own_n = 0, system_n = 0;
	if (!trust->bundle)
		return 0;
	if (io_read_file(ca_file, BUNDLE_MOST, &own, &own_n, err) < 0)
		return -1;
	if (io_read_file(trust->bundle, BUNDLE_MOST, &system, &system_n, err) < 0) {
		free(own);
		return -1;
	}
	buf_init(&trust->both, 2 * BUNDLE_MOST + 1);
	buf_append(&trust->both, own, own_n);
	buf_push(&trust->both, '\n');
	buf_append(&trust->both, system, system_n);
	free(own);
	free(system);
	return 0;
}
