/* SPDX-License-Identifier: Apache-2.0 */
/* keepers_test.c: who keeps checkpoints outside: saved, listed, removed with secrets; what each took; checkpoints that got longer. */
#include "base/test.h"
#include "store/evidence.h"
#include "store/keepers.h"
#include "store/test_format.h"

struct fixture {
	char *dir, data[600];
	struct store *store;
	struct secret_key *key;
};

static void reopen(struct fixture *f, enum store_mode mode)
{
	struct err err;
	store_close(f->store);
	if (store_open(f->data, mode, &f->store, &err) < 0)
		fail_msg("store_open: %s", err.text);
}

static void begin(struct fixture *f)
{
	char path[700];
	struct err err;
	*f = (struct fixture){.dir = test_folder()};
	snprintf(f->data, sizeof(f->data), "%s/data", f->dir);
	/* test_remove frees f->dir. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
	snprintf(path, sizeof(path), "%s/key", f->dir);
	assert_int_equal(secret_key_open(path, NULL, true, &f->key, &err), 0);
	reopen(f, STORE_WRITE);
}

static void end(struct fixture *f)
{
	store_close(f->store);
	secret_key_free(f->key);
	test_remove(f->dir);
}

static const struct keeper witness = {.kind = KEEPER_WITNESS,
	.name = "witness.example/w1",
	.place = "https://a.example/",
	.settings = "{\"key\":\"k\"}"};
static const struct keeper bucket = {.kind = KEEPER_BUCKET,
	.name = KEEPER_BUCKET_NAME,
	.place = "s3://b/p",
	.settings = "{\"bucket\":\"b\"}"};

static void must_put(struct fixture *f, const struct keeper *keeper, const char *secret)
{
	struct err err;
	const struct connection_secret secrets[] = {
		{"secret_access_key", slice_of(secret ? secret : "")}};
	if (keeper_put(f->store, keeper, secrets, 1, secret ? f->key : NULL, &err) < 0)
		fail_msg("%s", err.text);
}

/* "name place size took error; " of each. */
static void expect(struct fixture *f, const char *text)
{
	struct arena mem;
	struct keeper *list;
	struct buf out;
	struct err err;
	uint32_t n;
	arena_init(&mem);
	buf_init(&out, 1 << 16);
	assert_int_equal(keepers_list(f->store, &mem, &list, &n, &err), 0);
	for (uint32_t i = 0; i < n; i++)
		buf_printf(&out, "%s %s %d %s%s [%s%s]; ", list[i].name, list[i].place,
			(int)list[i].size, list[i].took_at ? "took " : "", list[i].took,
			list[i].failed_at ? "failed " : "", list[i].error);
	buf_push(&out, '\0');
	assert_string_equal(out.ptr, text);
	buf_fini(&out);
	arena_fini(&mem);
}

static void expect_secret(struct fixture *f, const struct secret_key *key, const char *text)
{
	struct secret plain;
	struct err err;
	assert_int_equal(keeper_secret(f->store, &bucket, "secret_access_key", key, &plain, &err),
		text ? 1 : 0);
	if (text)
		assert_string_equal(plain.text, text);
	secret_wipe(&plain);
}

static void rows(void **state)
{
	struct fixture f;
	struct err err;
	(void)state;
	begin(&f);
	expect(&f, "");
	must_put(&f, &bucket, "sesame");
	must_put(&f, &witness, NULL);
	expect(&f, "witness.example/w1 https://a.example/ 0  []; bucket s3://b/p 0  []; ");
	expect_secret(&f, f.key, "sesame");
	assert_int_equal(keeper_failed(f.store, &witness, 9, "no answer", &err), 0);
	assert_int_equal(keeper_took(f.store, &bucket, 4, "p/4", &err), 0);
	expect(&f, "witness.example/w1 https://a.example/ 9  [failed no answer]; "
		   "bucket s3://b/p 4 took p/4 []; ");
	assert_int_equal(keeper_took(f.store, &witness, 10, "now", &err), 0);
	expect(&f, "witness.example/w1 https://a.example/ 10 took now []; "
		   "bucket s3://b/p 4 took p/4 []; ");
	/* said again, what it took stays; at another place it has taken nothing, and the old secret is gone */
	must_put(&f, &bucket, "sesame");
	expect(&f, "witness.example/w1 https://a.example/ 10 took now []; "
		   "bucket s3://b/p 4 took p/4 []; ");
	struct keeper moved = bucket;
	moved.place = "s3://c/p";
	must_put(&f, &moved, NULL);
	expect(&f, "witness.example/w1 https://a.example/ 10 took now []; bucket s3://c/p 0  []; ");
	expect_secret(&f, f.key, NULL);
	assert_int_equal(keeper_remove(f.store, KEEPER_WITNESS, "nobody", &err), 0);
	assert_int_equal(keeper_remove(f.store, KEEPER_BUCKET, witness.name, &err), 0);
	assert_int_equal(keeper_remove(f.store, KEEPER_WITNESS, witness.name, &err), 1);
	assert_int_equal(keeper_remove(f.store, KEEPER_BUCKET, KEEPER_BUCKET_NAME, &err), 1);
	expect(&f, "");
	end(&f);
}

static void limits(void **state)
{
	struct fixture f;
	struct err err;
	char name[40];
	(void)state;
	begin(&f);
	for (int i = 0; i < KEEPERS_MOST; i++) {
		struct keeper one = witness;
		snprintf(name, sizeof(name), "w%d", i);
		one.name = name;
		must_put(&f, &one, NULL);
	}
	assert_int_equal(keeper_put(f.store, &bucket, NULL, 0, NULL, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	end(&f);
}

/* The secrets of all are sealed anew together, and a folder of an older format has none. */
static void keys_and_formats(void **state)
{
	struct fixture f;
	struct err err;
	struct secret_key *other;
	uint64_t n;
	char path[700];
	(void)state;
	begin(&f);
	must_put(&f, &bucket, "sesame");
	snprintf(path, sizeof(path), "%s/other", f.dir);
	assert_int_equal(secret_key_open(path, NULL, true, &other, &err), 0);
	assert_int_equal(store_secrets_reseal(f.store, f.key, other, &n, &err), 0);
	assert_int_equal(n, 1);
	expect_secret(&f, other, "sesame");
	/* a second key beside the one that opens the others is refused */
	const struct connection_secret secret = {"access_key_id", SLICE("x")};
	assert_int_equal(evidence_make_key(f.store, f.key, false, &err), -1);
	assert_int_equal(keeper_put(f.store, &bucket, &secret, 1, other, &err), 0);
	assert_int_equal(keeper_remove(f.store, KEEPER_BUCKET, KEEPER_BUCKET_NAME, &err), 1);
	secret_key_free(other);
	test_format(f.store, 11);
	reopen(&f, STORE_READ);
	expect(&f, "");
	assert_int_equal(keeper_remove(f.store, KEEPER_WITNESS, "w", &err), -1);
	reopen(&f, STORE_WRITE);
	must_put(&f, &witness, NULL);
	end(&f);
}

/* What witnesses append is noted; what is no continuation of a checkpoint that was made is not. */
static void published(void **state)
{
	struct fixture f;
	struct err err;
	struct buf note, newest;
	(void)state;
	begin(&f);
	buf_init(&note, NOTE_MOST);
	buf_init(&newest, NOTE_MOST);
	assert_int_equal(evidence_checkpoint(f.store, f.key, NULL, &note, &err), 0);
	assert_int_equal(evidence_publish(f.store, buf_view(&note), &err), 0);
	assert_int_equal(evidence_newest(f.store, &newest, &err), 1);
	assert_true(slice_eq(buf_view(&newest), buf_view(&note)));
	buf_puts(&note, "\xe2\x80\x94 witness.example/w1 AAAA\n");
	assert_int_equal(evidence_publish(f.store, buf_view(&note), &err), 0);
	buf_clear(&newest);
	assert_int_equal(evidence_newest(f.store, &newest, &err), 1);
	assert_true(slice_eq(buf_view(&newest), buf_view(&note)));
	/* another text of the same size */
	buf_clear(&note);
	buf_puts(&note, "x\n0\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\n");
	for (int i = 0; i < 30; i++)
		buf_puts(&note, "\xe2\x80\x94 witness.example/w1 AAAA\n");
	assert_int_equal(evidence_publish(f.store, buf_view(&note), &err), 0);
	struct slice before = buf_view(&newest);
	struct buf after;
	buf_init(&after, NOTE_MOST);
	assert_int_equal(evidence_newest(f.store, &after, &err), 1);
	assert_true(slice_eq(buf_view(&after), before));
	buf_fini(&after);
	buf_fini(&newest);
	buf_fini(&note);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(limits),
		cmocka_unit_test(keys_and_formats),
		cmocka_unit_test(published),
	};
	return cmocka_run_group_tests_name("keepers", tests, NULL, NULL);
}
