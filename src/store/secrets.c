/* SPDX-License-Identifier: Apache-2.0 */
/* secrets.c: plain text in memory that leaves no traces, and sealing with AES-256-GCM.
 *
 * Sealed: version (1) | id of the key (8) | nonce (12) | ciphertext | tag (16). Authenticated beside it:
 * "pugmark secret" NUL connection NUL field NUL, version and id; no name has a NUL in it. */
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "store/secrets_private.h"

enum {
	SEAL_VERSION = 1,
	NONCE = 12,
	TAG = 16,
	HEAD = 1 + SECRET_KEY_ID, /* what stands before the nonce */
};
_Static_assert(SECRET_OVERHEAD == HEAD + NONCE + TAG, "as secrets.h says");

/* ---- plain text ------------------------------------------------------------------------------ */

void secret_new(struct secret *secret, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (len + 1 + page - 1) / page * page;
	char *text = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (text == MAP_FAILED)
		abort();
	/* Swapped out it would outlive us; where the limit forbids locking, it may be. */
	(void)mlock(text, room);
	(void)madvise(text, room, MADV_DONTDUMP);
	*secret = (struct secret){.text = text, .len = len, .room = room};
}

void secret_wipe(struct secret *secret)
{
	if (secret->text) {
		explicit_bzero(secret->text, secret->room);
		munmap(secret->text, secret->room);
	}
	*secret = (struct secret){0};
}

/* ---- keys ------------------------------------------------------------------------------------ */

void secret_key_make_id(const struct secret *key, uint8_t id[SECRET_KEY_ID])
{
	static const char label[] = "pugmark key id"; /* with its NUL */
	struct secret text;
	uint8_t sum[32];
	secret_new(&text, sizeof(label) + KEY_BYTES);
	memcpy(text.text, label, sizeof(label));
	memcpy(text.text + sizeof(label), key->text, KEY_BYTES);
	sha256(text.text, text.len, sum);
	memcpy(id, sum, SECRET_KEY_ID);
	secret_wipe(&text);
}

const uint8_t *secret_key_id(const struct secret_key *key)
{
	return key->ids[0];
}

const char *secret_key_where(const struct secret_key *key)
{
	return key->path;
}

static const struct secret *find_key(const struct secret_key *key, const uint8_t *id)
{
	for (unsigned i = 0; i < key->n; i++) {
		if (memcmp(key->ids[i], id, SECRET_KEY_ID) == 0)
			return &key->keys[i];
	}
	return NULL;
}

bool secret_key_has(const struct secret_key *key, const uint8_t id[SECRET_KEY_ID])
{
	return find_key(key, id) != NULL;
}

/* ---- sealing --------------------------------------------------------------------------------- */

/* What binds the text to its place; `head` is the version and the key's id. */
static void bind_to(struct buf *out, const char *connection, const char *field, const uint8_t *head)
{
	buf_init(out, 1024);
	buf_append(out, "pugmark secret", 15);
	buf_append(out, connection, strlen(connection) + 1);
	buf_append(out, field, strlen(field) + 1);
	buf_append(out, head, HEAD);
}

static bool encrypt(const struct secret *key, const uint8_t *nonce, struct slice bound,
	struct slice plain, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, end = 0;
	bool done =
		ctx &&
		EVP_EncryptInit_ex2(
			ctx, EVP_aes_256_gcm(), (const uint8_t *)key->text, nonce, NULL) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &n, (const uint8_t *)bound.ptr, (int)bound.len) == 1 &&
		EVP_EncryptUpdate(ctx, out, &n, (const uint8_t *)plain.ptr, (int)plain.len) == 1 &&
		EVP_EncryptFinal_ex(ctx, out + n, &end) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + plain.len) == 1;
	EVP_CIPHER_CTX_free(ctx); /* wipes the key schedule */
	return done;
}

static bool decrypt(const struct secret *key, const uint8_t *nonce, struct slice bound,
	const uint8_t *sealed, size_t len, uint8_t *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG];
	int n = 0, end = 0;
	memcpy(tag, sealed + len, TAG);
	bool done =
		ctx &&
		EVP_DecryptInit_ex2(
			ctx, EVP_aes_256_gcm(), (const uint8_t *)key->text, nonce, NULL) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &n, (const uint8_t *)bound.ptr, (int)bound.len) == 1 &&
		EVP_DecryptUpdate(ctx, out, &n, sealed, (int)len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
		EVP_DecryptFinal_ex(ctx, out + n, &end) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return done;
}

int secret_seal(const struct secret_key *key, const uint8_t *key_id, const char *connection,
	const char *field, struct slice plain, struct buf *out, struct err *err)
{
	const uint8_t *id = key_id ? key_id : key->ids[0];
	const struct secret *with = find_key(key, id);
	struct buf bound;
	if (!with)
		return err_set(err, ERR_USAGE, "%s: is not the key to seal with", key->path);
	if (plain.len == 0 || plain.len > SECRET_MAX)
		return err_set(err, ERR_USAGE, "the %s of %s must have 1 to %d bytes, not %zu",
			field, connection, SECRET_MAX, plain.len);
	uint8_t *room = (uint8_t *)buf_reserve(out, plain.len + SECRET_OVERHEAD);
	if (!room)
		return err_set(err, ERR_LIMIT, "the %s of %s is too long", field, connection);
	room[0] = SEAL_VERSION;
	memcpy(room + 1, id, SECRET_KEY_ID);
	if (getrandom(room + HEAD, NONCE, 0) != NONCE)
		return err_errno(err, "random bytes");
	bind_to(&bound, connection, field, room);
	bool done = encrypt(with, room + HEAD, buf_view(&bound), plain, room + HEAD + NONCE);
	buf_fini(&bound);
	if (!done)
		return err_set(err, ERR_UNSUPPORTED,
			"the %s of %s could not be sealed: libcrypto has no AES-256-GCM here",
			field, connection);
	out->len += plain.len + SECRET_OVERHEAD;
	return 0;
}

int secret_open(const struct secret_key *key, const char *connection, const char *field,
	struct slice sealed, struct secret *plain, struct err *err)
{
	const uint8_t *bytes = (const uint8_t *)sealed.ptr;
	struct buf bound;
	*plain = (struct secret){0};
	if (sealed.len <= SECRET_OVERHEAD || sealed.len > SECRET_OVERHEAD + SECRET_MAX ||
		bytes[0] != SEAL_VERSION)
		return err_set(err, ERR_DAMAGED,
			"the stored %s of %s is damaged: connect %s again to set it anew", field,
			connection, connection);
	const struct secret *with = find_key(key, bytes + 1);
	if (!with)
		return err_set(err, ERR_ACCESS,
			"the %s of %s is sealed under another key than %s: put the key back that "
			"was there (a backup of the data folder does not hold it), or connect %s "
			"again to set it anew",
			field, connection, key->path, connection);
	size_t len = sealed.len - SECRET_OVERHEAD;
	secret_new(plain, len);
	bind_to(&bound, connection, field, bytes);
	bool done = decrypt(with, bytes + HEAD, buf_view(&bound), bytes + HEAD + NONCE, len,
		(uint8_t *)plain->text);
	buf_fini(&bound);
	if (done)
		return 0;
	secret_wipe(plain);
	return err_set(err, ERR_DAMAGED,
		"the stored %s of %s was altered, or belongs to another connection or field: find "
		"out "
		"who wrote to the catalog, then connect %s again to set it anew",
		field, connection, connection);
}
