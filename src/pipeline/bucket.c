/* SPDX-License-Identifier: Apache-2.0 */
/* bucket.c: a bucket opened with what its connection knows, and what is sealed. */
#include "pipeline/bucket.h"

static int load_keys(struct collector *c, struct bucket *bucket, struct err *err)
{
	struct secret_key *key;
	if (!strstr(c->connection.secrets, "access_key_id"))
		return 0;
	if (store_secret_key(c->store, c->options->key_file, false, &key, err) < 0)
		return -1;
	const char *name = c->connection.name;
	int rc = store_connection_secret(c->store, name, "access_key_id", key, &bucket->id, err);
	if (rc == 1)
		rc = store_connection_secret(
			c->store, name, "secret_access_key", key, &bucket->secret, err);
	secret_key_free(key);
	return rc < 0 ? -1 : 0;
}

int bucket_open(struct collector *c, struct bucket *bucket, struct err *err)
{
	*bucket = (struct bucket){0};
	if (load_keys(c, bucket, err) < 0 ||
		bucket_place_read(&c->settings, bucket->id.text, bucket->secret.text,
			&bucket->place, err) < 0 ||
		store_open(store_dir(c->store), STORE_READ, &bucket->look, err) < 0) {
		bucket_close(bucket);
		return -1;
	}
	bucket->provider = credentials_open(c->http, &bucket->place.credentials);
	bucket->s3 =
		s3_open(c->http, &bucket->place.place, bucket->provider, c->options->policy, err);
	if (bucket->s3)
		return 0;
	bucket_close(bucket);
	return -1;
}

void bucket_close(struct bucket *bucket)
{
	s3_close(bucket->s3);
	credentials_close(bucket->provider);
	if (bucket->look)
		store_close(bucket->look);
	secret_wipe(&bucket->id);
	secret_wipe(&bucket->secret);
	*bucket = (struct bucket){0};
}
