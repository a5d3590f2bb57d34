/* SPDX-License-Identifier: Apache-2.0 */
/* tls.c: a certificate's files, read and read again. GnuTLS borrows what it is given for as long as a handshake lasts, so what was read
 * before stays until the end. */
#include "http/tls.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { CHAIN_MOST = 8, FILE_MOST = 1 << 20 };

/* No RSA without ephemeral keys, no CBC: what TLS 1.2 has that is as good as TLS 1.3. */
#define PRIORITIES                                                                                 \
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-CIPHER-ALL:+AES-256-GCM:"                \
	"+CHACHA20-POLY1305:+AES-128-GCM:%SERVER_PRECEDENCE"

struct pair {
	gnutls_pcert_st chain[CHAIN_MOST];
	unsigned n;
	gnutls_privkey_t key;
	struct pair *before;
};
struct tls {
	const char *cert, *key; /* paths */
	struct stat cert_was, key_was;
};

/* GnuTLS's callback has no context: there is one server in a process. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct pair *current;

static int of_gnutls(int code, const char *what, struct err *err)
{
	return err_set(err, ERR_FORMAT, "%s: %s", what, gnutls_strerror(code));
}

static void pair_free(struct pair *pair)
{
	for (unsigned i = 0; i < pair->n; i++)
		gnutls_pcert_deinit(&pair->chain[i]);
	if (pair->key)
		gnutls_privkey_deinit(pair->key);
	free(pair);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Others of this machine must not read it; a group may, as ssl-cert does on Debian. */
static int check_key(const char *path, struct err *err)
{
	struct stat info;
	if (stat(path, &info) != 0)
		return err_errno(err, "--tls-key %s", path);
	if (info.st_mode & S_IRWXO)
		return err_set(err, ERR_ACCESS,
			"--tls-key %s: others may read it (mode %03o): chmod o= %s", path,
			(unsigned)info.st_mode & 0777, path);
	return 0;
}

/* Whether the two belong together: GnuTLS looks where they come into credentials. */
static int check_fit(const gnutls_datum_t *cert, const gnutls_datum_t *key, struct err *err)
{
	gnutls_certificate_credentials_t all;
	int rc = gnutls_certificate_allocate_credentials(&all);
	if (rc == 0) {
		rc = gnutls_certificate_set_x509_key_mem(all, cert, key, GNUTLS_X509_FMT_PEM);
		gnutls_certificate_free_credentials(all);
	}
	return rc < 0 ? of_gnutls(rc, "--tls-cert, --tls-key", err) : 0;
}

static int parse(
	const gnutls_datum_t *cert, const gnutls_datum_t *key, struct pair *pair, struct err *err)
{
	pair->n = CHAIN_MOST;
	int rc = gnutls_pcert_list_import_x509_raw(
		pair->chain, &pair->n, cert, GNUTLS_X509_FMT_PEM, 0);
	if (rc < 0) {
		pair->n = 0;
		return of_gnutls(rc, "--tls-cert", err);
	}
	rc = gnutls_privkey_init(&pair->key);
	if (rc == 0)
		rc = gnutls_privkey_import_x509_raw(pair->key, key, GNUTLS_X509_FMT_PEM, NULL, 0);
	return rc < 0 ? of_gnutls(rc, "--tls-key", err) : 0;
}

static int pair_read(const char *cert, const char *key, struct pair **pair, struct err *err)
{
	char *cert_text, *key_text;
	size_t ncert, nkey;
	if (check_key(key, err) < 0 || io_read_file(cert, FILE_MOST, &cert_text, &ncert, err) < 0)
		return -1;
	if (io_read_file(key, FILE_MOST, &key_text, &nkey, err) < 0) {
		free(cert_text);
		return -1;
	}
	const gnutls_datum_t cert_data = {(unsigned char *)cert_text, (unsigned)ncert};
	const gnutls_datum_t key_data = {(unsigned char *)key_text, (unsigned)nkey};
	*pair = xcalloc(1, sizeof(**pair));
	int rc = check_fit(&cert_data, &key_data, err);
	if (rc == 0)
		rc = parse(&cert_data, &key_data, *pair, err);
	if (rc < 0)
		pair_free(*pair);
	explicit_bzero(key_text, nkey);
	free(key_text);
	free(cert_text);
	return rc;
}

int tls_check(const char *cert, const char *key, struct err *err)
{
	struct pair *pair;
	if (!cert)
		return 0;
	if (pair_read(cert, key, &pair, err) < 0)
		return -1;
	pair_free(pair);
	return 0;
}

/* ---- serving --------------------------------------------------------------------------------- */

static int give(gnutls_session_t session, const gnutls_datum_t *authorities, int nauthorities,
	const gnutls_pk_algorithm_t *algorithms, int nalgorithms, gnutls_pcert_st **chain,
	unsigned *n, gnutls_privkey_t *key)
{
	(void)session;
	(void)authorities;
	(void)nauthorities;
	(void)algorithms;
	(void)nalgorithms;
	pthread_mutex_lock(&lock);
	*chain = current->chain;
	*n = current->n;
	*key = current->key;
	pthread_mutex_unlock(&lock);
	return 0;
}

void tls_options(const struct tls *tls, struct MHD_OptionItem options[TLS_OPTIONS])
{
	union {
		gnutls_certificate_retrieve_function2 *call;
		void *any;
	} callback = {give};
	static char priorities[] = PRIORITIES;
	unsigned n = 0;
	if (tls) {
		options[n++] =
			(struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK, 0, callback.any};
		options[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, priorities};
	}
	options[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static void put(struct pair *pair)
{
	pthread_mutex_lock(&lock);
	pair->before = current;
	current = pair;
	pthread_mutex_unlock(&lock);
}

/* Notes what the files are like; true where that is new. */
static bool changed(const char *path, struct stat *was)
{
	struct stat now;
	if (stat(path, &now) != 0)
		return false; /* it is being replaced */
	bool is = now.st_ino != was->st_ino || now.st_size != was->st_size ||
		  now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
		  now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
	*was = now;
	return is;
}

int tls_open(const char *cert, const char *key, struct tls **tls, struct err *err)
{
	struct pair *pair;
	*tls = NULL;
	if (!cert)
		return 0;
	struct tls *made = xcalloc(1, sizeof(*made));
	made->cert = cert;
	made->key = key;
	(void)changed(cert, &made->cert_was);
	(void)changed(key, &made->key_was);
	if (pair_read(cert, key, &pair, err) < 0) {
		free(made);
		return -1;
	}
	put(pair);
	*tls = made;
	return 0;
}

void tls_refresh(struct tls *tls)
{
	struct pair *pair;
	struct err err;
	if (!tls)
		return;
	bool cert = changed(tls->cert, &tls->cert_was), key = changed(tls->key, &tls->key_was);
	if (!cert && !key)
		return;
	if (pair_read(tls->cert, tls->key, &pair, &err) < 0) {
		log_warn("the new certificate is not taken, the old one goes on: %s", err.text);
		return;
	}
	put(pair);
	log_info("the certificate was read anew");
}

void tls_close(struct tls *tls)
{
	while (tls && current) {
		struct pair *before = current->before;
		pair_free(current);
		current = before;
	}
	free(tls);
}
