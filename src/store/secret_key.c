/* SPDX-License-Identifier: Apache-2.0 */
/* secret_key.c: the key's file: where it is, whether it is safe there, how it is read and made. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "store/secrets_private.h"

enum { KEY_TEXT = 2 * KEY_BYTES, KEY_FILE_MAX = 256 };

void secret_key_folder(const char *path, char dir[STORE_PATH])
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		snprintf(dir, STORE_PATH, ".");
	else
		snprintf(dir, STORE_PATH, "%.*s", (int)(slash - path) + (slash == path), path);
}

/* ---- where ----------------------------------------------------------------------------------- */

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static int fill_path(char path[STORE_PATH], struct err *err, const char *dir, const char *rest)
{
	if (snprintf(path, STORE_PATH, "%s%s", dir, rest) >= STORE_PATH - 16)
		return err_set(err, ERR_USAGE, "%.200s…: the key's path is too long", dir);
	return 0;
}

int secret_key_path(const char *wanted, char path[STORE_PATH], struct err *err)
{
	const char *dir = variable("CREDENTIALS_DIRECTORY");
	if (wanted && *wanted)
		return fill_path(path, err, wanted, "");
	if (dir) {
		int there = fill_path(path, err, dir, "/pugmark.key") < 0
				    ? -1
				    : io_stat(path, NULL, err);
		if (there != 0)
			return there < 0 ? -1 : 0;
	}
	dir = variable("XDG_CONFIG_HOME");
	if (dir && dir[0] == '/')
		return fill_path(path, err, dir, "/pugmark/key");
	dir = variable("HOME");
	if (dir)
		return fill_path(path, err, dir, "/.config/pugmark/key");
	return fill_path(path, err, SECRET_KEY_SERVICE, "");
}

bool secret_key_by_systemd(const char *path)
{
	const char *dir = variable("CREDENTIALS_DIRECTORY");
	size_t n = dir ? strlen(dir) : 0;
	return n > 0 && strncmp(path, dir, n) == 0 && strcmp(path + n, "/pugmark.key") == 0;
}

/* Whether `path`, or as much of it as exists, lies in `folder`. 1, 0 or -1. */
static int lies_in(const char *path, const char *folder, struct err *err)
{
	char part[STORE_PATH], real[PATH_MAX], real_folder[PATH_MAX];
	if (!realpath(folder, real_folder))
		return errno == ENOENT ? 0 : err_errno(err, "%s", folder);
	snprintf(part, sizeof(part), "%s", path);
	while (!realpath(part, real)) {
		char *slash = strrchr(part, '/');
		if (errno != ENOENT)
			return err_errno(err, "%s", part);
		if (slash == part || strcmp(part, ".") == 0)
			return 0; /* nothing of it is there */
		if (slash)
			*slash = '\0';
		else
			memcpy(part, ".", 2);
	}
	size_t n = strlen(real_folder);
	return strncmp(real, real_folder, n) == 0 && (real[n] == '/' || real[n] == '\0');
}

static int check_outside(const char *path, const char *data_dir, struct err *err)
{
	int inside = data_dir ? lies_in(path, data_dir, err) : 0;
	if (inside < 1)
		return inside;
	return err_set(err, ERR_ACCESS,
		"%s: the key lies in the data folder, where backups and copies of it would take it "
		"along: move it elsewhere and name the place with --key-file",
		path);
}

/* ---- reading --------------------------------------------------------------------------------- */

static int check_mode(int fd, const char *path, bool by_systemd, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_FORMAT, "%s: is not a file", path);
	/* systemd grants the service's user access by an ACL, which shows as rights of the group. */
	mode_t lax = by_systemd ? 0007 : 0077;
	if (st.st_mode & lax)
		return err_set(err, ERR_ACCESS,
			"%s: others may read the key (mode %04o): run `chmod 600` on it; if others "
			"have accounts here, change the key and the tokens too",
			path, (unsigned)(st.st_mode & 07777));
	if (!by_systemd && st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err, ERR_ACCESS,
			"%s: the key belongs to another user (%u): `chown` it to the one that runs "
			"pugmark",
			path, (unsigned)st.st_uid);
	return 0;
}

/* 32 bytes, or 64 hex digits with white space after them. */
static bool take_key(const char *text, size_t n, struct secret *key)
{
	if (n != KEY_BYTES) {
		while (n > 0 && strchr(" \t\r\n", text[n - 1]))
			n--;
		if (n != KEY_TEXT)
			return false;
	}
	secret_new(key, KEY_BYTES);
	if (n == KEY_BYTES) {
		memcpy(key->text, text, KEY_BYTES);
		return true;
	}
	for (size_t i = 0; i < KEY_BYTES; i++) {
		int high = OPENSSL_hexchar2int((unsigned char)text[2 * i]);
		int low = OPENSSL_hexchar2int((unsigned char)text[2 * i + 1]);
		if (high < 0 || low < 0) {
			secret_wipe(key);
			return false;
		}
		key->text[i] = (char)(high << 4 | low);
	}
	return true;
}

static int read_text(int fd, const char *path, struct secret *text, struct err *err)
{
	size_t n = 0;
	secret_new(text, KEY_FILE_MAX);
	while (n < KEY_FILE_MAX) {
		ssize_t got = io_read(fd, text->text + n, KEY_FILE_MAX - n, path, err);
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	text->len = n;
	return 0;
}

int secret_key_read(const char *path, const char *data_dir, bool by_systemd, struct secret *key,
	struct err *err)
{
	struct secret text = {0};
	int there = io_stat(path, NULL, err);
	if (there < 1)
		return there;
	if (check_outside(path, data_dir, err) < 0)
		return -1;
	int fd = io_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, err);
	if (fd < 0)
		return -1;
	int rc = check_mode(fd, path, by_systemd, err);
	if (rc == 0)
		rc = read_text(fd, path, &text, err);
	io_close(fd);
	if (rc == 0 && !take_key(text.text, text.len, key))
		rc = err_set(err, ERR_FORMAT,
			"%s: is no key: it must hold 32 bytes, or 64 hex digits; put the right "
			"file "
			"back",
			path);
	secret_wipe(&text);
	return rc < 0 ? -1 : 1;
}

/* ---- making ---------------------------------------------------------------------------------- */

static int write_random_key(int fd, const char *path, struct err *err)
{
	static const char digits[] = "0123456789abcdef";
	struct secret key, text;
	secret_new(&key, KEY_BYTES);
	secret_new(&text, KEY_TEXT + 1);
	int rc =
		getrandom(key.text, KEY_BYTES, 0) == KEY_BYTES ? 0 : err_errno(err, "random bytes");
	for (size_t i = 0; i < KEY_BYTES; i++) {
		text.text[2 * i] = digits[(uint8_t)key.text[i] >> 4];
		text.text[2 * i + 1] = digits[(uint8_t)key.text[i] & 15];
	}
	text.text[KEY_TEXT] = '\n';
	if (rc == 0)
		rc = io_write(fd, text.text, text.len, path, err);
	if (rc == 0)
		rc = io_fsync(fd, path, err);
	secret_wipe(&key);
	secret_wipe(&text);
	return rc;
}

int secret_key_write(const char *path, struct err *err)
{
	char dir[STORE_PATH], temp[STORE_PATH + STORE_NAME + 8], name[STORE_NAME];
	struct err why = {0};
	secret_key_folder(path, dir);
	if (io_mkdirs(dir, err) < 0)
		return -1;
	store_new_name(name);
	snprintf(temp, sizeof(temp), "%s.%s.tmp", path, name);
	int fd = io_open(temp, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	if (fd < 0)
		return -1;
	int rc = write_random_key(fd, temp, err);
	io_close(fd);
	/* A link is never made over a file that is there: who comes first has made the key. */
	if (rc == 0 && io_link(temp, path, &why) < 0 && why.code != EEXIST) {
		if (err)
			*err = why;
		rc = -1;
	}
	if (io_unlink(temp, rc == 0 ? err : NULL) < 0)
		rc = -1;
	return rc == 0 ? io_fsync_dir(dir, err) : -1;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int load(struct secret_key *key, const char *data_dir, bool make, struct err *err)
{
	char next[STORE_PATH + 16];
	bool by_systemd = secret_key_by_systemd(key->path);
	if (check_outside(key->path, data_dir, err) < 0)
		return -1;
	int rc = secret_key_read(key->path, data_dir, by_systemd, &key->keys[0], err);
	if (rc == 0 && make && !by_systemd) {
		if (secret_key_write(key->path, err) < 0)
			return -1;
		rc = secret_key_read(key->path, data_dir, false, &key->keys[0], err);
	}
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(err, ERR_NOT_FOUND,
			"%s: the key that the saved secrets are sealed under is not there: put it "
			"back, name its place with --key-file, or, if it is lost, remove the "
			"connections and connect them again",
			key->path);
	key->n = 1;
	snprintf(next, sizeof(next), "%s" KEY_NEXT, key->path);
	rc = secret_key_read(next, data_dir, by_systemd, &key->keys[1], err);
	key->n += rc == 1;
	for (unsigned i = 0; i < key->n; i++)
		secret_key_make_id(&key->keys[i], key->ids[i]);
	return rc < 0 ? -1 : 0;
}

int secret_key_open(const char *wanted, const char *data_dir, bool make, struct secret_key **out,
	struct err *err)
{
	struct secret_key *key = xcalloc(1, sizeof(*key));
	*out = NULL;
	if (secret_key_path(wanted, key->path, err) < 0 || load(key, data_dir, make, err) < 0) {
		secret_key_free(key);
		return -1;
	}
	*out = key;
	return 0;
}

void secret_key_free(struct secret_key *key)
{
	if (!key)
		return;
	for (unsigned i = 0; i < KEYS; i++)
		secret_wipe(&key->keys[i]);
	free(key);
}
