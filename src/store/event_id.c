/* SPDX-License-Identifier: Apache-2.0 */
/* event_id.c: event ids (RFC 9562, version 8) and the SHA-256 helpers of the room. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/private.h"

enum { READ_BYTES = 1 << 20 };

static EVP_MD *algorithm;

static void fetch(void)
{
	/* Fetched once: the implicit fetch of EVP_sha256() costs more than hashing a small frame. */
	algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!algorithm)
		abort();
}

static EVP_MD_CTX *begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, fetch);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!ctx || EVP_DigestInit_ex2(ctx, algorithm, NULL) != 1)
		abort();
	return ctx;
}

static void add(EVP_MD_CTX *ctx, const void *data, size_t n)
{
	if (EVP_DigestUpdate(ctx, data, n) != 1)
		abort();
}

static void end(EVP_MD_CTX *ctx, uint8_t out[32])
{
	if (EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
}

void sha256(const void *data, size_t n, uint8_t out[32])
{
	EVP_MD_CTX *ctx = begin();
	add(ctx, data, n);
	end(ctx, out);
}

int sha256_file(const char *path, uint64_t bytes, uint8_t out[32], const volatile int *stop,
	struct err *err)
{
	struct io_info info;
	int fd = io_open(path, O_RDONLY, 0, err);
	if (fd < 0)
		return -1;
	int rc = io_fstat(fd, &info, path, err);
	if (rc == 0 && info.size != bytes)
		rc = err_set(err, ERR_DAMAGED, "%s: has %llu bytes, the catalog says %llu", path,
			(unsigned long long)info.size, (unsigned long long)bytes);
	EVP_MD_CTX *ctx = begin();
	char *data = xmalloc(READ_BYTES);
	for (uint64_t at = 0; rc == 0 && at < bytes;) {
		size_t n = bytes - at < READ_BYTES ? (size_t)(bytes - at) : READ_BYTES;
		rc = stop && *stop ? err_set(err, ERR_INTERRUPTED, "interrupted")
				   : io_pread(fd, data, n, at, path, err);
		if (rc == 0)
			add(ctx, data, n);
		at += n;
	}
	free(data);
	end(ctx, out);
	io_close(fd);
	return rc;
}

void event_id_salt(const char *table, uint8_t salt[16])
{
	uint8_t hash[32];
	sha256(table, strlen(table), hash);
	memcpy(salt, hash, 16);
}

void event_id_make(int64_t time_us, const uint8_t key[16], uint32_t copy, const uint8_t salt[16],
	uint8_t event_id[16])
{
	uint8_t hash[32], from[10];
	memcpy(from, key, sizeof(from));
	if (copy > 0) {
		uint8_t text[20];
		memcpy(text, key, 16);
		for (int i = 0; i < 4; i++)
			text[16 + i] = (uint8_t)(copy >> (24 - 8 * i));
		sha256(text, sizeof(text), hash);
		memcpy(from, hash, sizeof(from));
	}
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] ^= salt[i];
	/* RFC 9562 section 5.8: 48 bits, version, 12 bits, variant, 62 bits. */
	int64_t ms = time_us < 0 ? 0 : time_us / 1000;
	uint64_t high = ms >= INT64_C(1) << 48 ? 0 : (uint64_t)ms;
	for (int i = 0; i < 6; i++)
		event_id[i] = (uint8_t)(high >> (40 - 8 * i));
	event_id[6] = 0x80 | (from[0] & 0x0f);
	event_id[7] = from[1];
	event_id[8] = 0x80 | (from[2] & 0x3f);
	memcpy(event_id + 9, from + 3, 7);
}
