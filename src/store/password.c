/* SPDX-License-Identifier: Apache-2.0 */
/* password.c: passwords: what is one, made up, hashed, compared. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "store/access_private.h"
#include "store/users.h"

enum {
	LN = 15, /* log2 of N */
	R = 8,
	P = 3,
	LN_MOST = 18, /* of a hash that is read: 256 MiB */
	P_MOST = 16,
	SALT = 16,
	KEY = 32,
};

struct kdf {
	unsigned ln, r, p;
	uint8_t salt[SALT], key[KEY];
};

int password_make(char password[PASSWORD_MADE], struct err *err)
{
	static const char letters[33] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"; /* no I, O, 0, 1 */
	uint8_t bits[16];
	char *at = password;
	if (getrandom(bits, sizeof(bits), 0) != sizeof(bits))
		return err_errno(err, "random bits for a password");
	for (size_t i = 0; i < sizeof(bits); i++) {
		if (i > 0 && i % 4 == 0)
			*at++ = '-';
		*at++ = letters[bits[i] & 31];
	}
	*at = '\0';
	explicit_bzero(bits, sizeof(bits));
	return 0;
}

int password_check(const char *name, const char *password, struct err *err)
{
	size_t n = strlen(password), same = 1;
	if (n < PASSWORD_LEAST || n > PASSWORD_MOST)
		return err_set(err, ERR_USAGE, "a password has %d to %d bytes", PASSWORD_LEAST,
			PASSWORD_MOST);
	if (!text_utf8_valid(slice_of(password)))
		return err_set(err, ERR_USAGE, "a password is of well-formed characters");
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)password[i] < ' ' || password[i] == 0x7f)
			return err_set(err, ERR_USAGE,
				"a password has no line ends or control characters");
		same += i > 0 && password[i] == password[i - 1];
	}
	if (same == n || strcasecmp(password, name) == 0)
		return err_set(err, ERR_USAGE,
			"this password is too easy: it is one character, or the user's name");
	return 0;
}

static bool derive(const char *password, struct kdf *kdf, uint8_t key[KEY])
{
	const uint64_t room = UINT64_C(512) << 20;
	return EVP_PBE_scrypt(password, strlen(password), kdf->salt, SALT, UINT64_C(1) << kdf->ln,
		       kdf->r, kdf->p, room, key, KEY) == 1;
}

int password_hash(const char *password, char hashed[PASSWORD_HASHED], struct err *err)
{
	struct kdf kdf = {.ln = LN, .r = R, .p = P};
	if (getrandom(kdf.salt, SALT, 0) != SALT)
		return err_errno(err, "random bits for a password");
	if (!derive(password, &kdf, kdf.key))
		return err_set(err, ERR_LIMIT, "no memory to hash a password in: try again");
	char salt[2 * SALT + 1], key[2 * KEY + 1];
	access_hex(kdf.salt, SALT, salt);
	access_hex(kdf.key, KEY, key);
	snprintf(hashed, PASSWORD_HASHED, "$scrypt$ln=%d,r=%d,p=%d$%s$%s", LN, R, P, salt, key);
	explicit_bzero(&kdf, sizeof(kdf));
	return 0;
}

static bool get_hex(const char **at, uint8_t *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < 2 * n; i++) {
		const char *digit = **at ? strchr(digits, **at) : NULL;
		if (!digit)
			return false;
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (digit - digits));
		(*at)++;
	}
	return true;
}

/* What a hash's text says; false where it is none, or asks for more than we give. */
static bool parse(const char *hashed, struct kdf *kdf)
{
	int n = 0;
	if (sscanf(hashed, "$scrypt$ln=%2u,r=%2u,p=%2u$%n", &kdf->ln, &kdf->r, &kdf->p, &n) != 3 ||
		n == 0 || kdf->ln < 1 || kdf->ln > LN_MOST || kdf->r != R || kdf->p < 1 ||
		kdf->p > P_MOST)
		return false;
	const char *at = hashed + n;
	return get_hex(&at, kdf->salt, SALT) && *at++ == '$' && get_hex(&at, kdf->key, KEY) && !*at;
}

bool password_fits(const char *password, const char *hashed)
{
	struct kdf kdf = {.ln = LN, .r = R, .p = P};
	uint8_t key[KEY];
	bool known = hashed && parse(hashed, &kdf);
	if (!known)
		kdf = (struct kdf){.ln = LN, .r = R, .p = P};
	bool fits = strlen(password) <= PASSWORD_MOST && derive(password, &kdf, key) &&
		    CRYPTO_memcmp(key, kdf.key, KEY) == 0;
	explicit_bzero(&kdf, sizeof(kdf));
	explicit_bzero(key, sizeof(key));
	return known && fits;
}
