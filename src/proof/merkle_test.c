/* SPDX-License-Identifier: Apache-2.0 */
/* Merkle trees: roots that other programs publish, and every proof of every small tree, whole and damaged. */
#include "base/test.h"
#include "proof/merkle.h"

enum { MOST = 70 };

/* The roots over the first 1…8 of these entries are the ones that Certificate Transparency's own tests have. */
static const struct {
	const char *entry; /* hex */
	const char *root;  /* of the tree that ends with it */
} known[] = {
	{"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	{"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	{"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	{"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	{"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	{"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	{"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	{"606162636465666768696a6b6c6d6e6f",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static size_t from_hex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;
	for (size_t i = 0; i < n; i++) {
		unsigned byte;
		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

static void test_known_roots(void **state)
{
	struct merkle_range range = {0};
	uint8_t root[32], want[32], entry[32], data[64];
	(void)state;
	merkle_root(&range, root);
	from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", want);
	assert_memory_equal(root, want, 32);
	for (size_t i = 0; i < COUNT(known); i++) {
		size_t n = from_hex(known[i].entry, data);
		merkle_entry(data, n, entry);
		merkle_add(&range, entry, NULL);
		merkle_root(&range, root);
		from_hex(known[i].root, want);
		CHECK_ROW(i, memcmp(root, want, 32) == 0);
	}
}

/* Section 2.1.1 of the RFC, word by word. */
static void plain_root(const uint8_t (*entries)[32], uint64_t n, uint8_t out[32])
{
	uint8_t left[32], right[32];
	if (n == 1) {
		memcpy(out, entries[0], 32);
		return;
	}
	uint64_t k = 1;
	while (k * 2 < n)
		k *= 2;
	plain_root(entries, k, left);
	plain_root(entries + k, n - k, right);
	merkle_node(left, right, out);
}

struct forest {
	uint8_t entries[MOST][32], roots[MOST + 1][32];
	struct merkle_source source;
};

static void plant(struct forest *f)
{
	struct merkle_range range = {0};
	merkle_root(&range, f->roots[0]);
	for (uint32_t i = 0; i < MOST; i++) {
		merkle_entry(&i, sizeof(i), f->entries[i]);
		merkle_add(&range, f->entries[i], NULL);
		merkle_root(&range, f->roots[i + 1]);
	}
	f->source = (struct merkle_source){merkle_array_node, f->entries};
}

static void test_roots(void **state)
{
	static struct forest f;
	struct err err;
	(void)state;
	plant(&f);
	for (uint64_t n = 1; n <= MOST; n++) {
		uint8_t plain[32], asked[32];
		plain_root((const uint8_t(*)[32])f.entries, n, plain);
		assert_int_equal(merkle_root_of(&f.source, n, asked, &err), 0);
		CHECK_ROW(n, memcmp(plain, f.roots[n], 32) == 0);
		CHECK_ROW(n, memcmp(plain, asked, 32) == 0);
	}
}

/* The nodes that adding fills are those that a source gives. */
static void test_made_nodes(void **state)
{
	static struct forest f;
	uint8_t made[MERKLE_LEVELS][32], want[32];
	struct merkle_range range = {0};
	(void)state;
	plant(&f);
	for (uint64_t i = 0; i < MOST; i++) {
		unsigned levels = merkle_add(&range, f.entries[i], made);
		CHECK_ROW(i, levels == (unsigned)__builtin_ctzll(i + 1));
		for (unsigned level = 1; level <= levels; level++) {
			merkle_array_node(f.entries, level, i >> level, want, NULL);
			CHECK_ROW(i, memcmp(made[level], want, 32) == 0);
		}
	}
}

static void damage(struct merkle_path *path, unsigned i)
{
	path->hash[i / 256 % path->n][i % 32] ^= (uint8_t)(1u << i % 8);
}

static void test_inclusion(void **state)
{
	static struct forest f;
	struct merkle_path path;
	struct err err;
	(void)state;
	plant(&f);
	for (uint64_t n = 1; n <= MOST; n++) {
		for (uint64_t i = 0; i < n; i++) {
			assert_int_equal(merkle_inclusion(&f.source, i, n, &path, &err), 0);
			CHECK_ROW(n * 1000 + i,
				merkle_included(f.entries[i], i, n, &path, f.roots[n]));
			CHECK_ROW(n, !merkle_included(
					     f.entries[(i + 1) % MOST], i, n, &path, f.roots[n]));
			CHECK_ROW(n, !merkle_included(f.entries[i], n, n, &path, f.roots[n]));
			CHECK_ROW(n, n == 1 || !merkle_included(
						       f.entries[i], i ^ 1, n, &path, f.roots[n]));
			CHECK_ROW(n, !merkle_included(f.entries[i], i, n, &path,
					     f.roots[n < MOST ? n + 1 : 1]));
			if (path.n == 0)
				continue;
			path.n--;
			CHECK_ROW(n, !merkle_included(f.entries[i], i, n, &path, f.roots[n]));
			path.n += 2;
			CHECK_ROW(n, !merkle_included(f.entries[i], i, n, &path, f.roots[n]));
			path.n--;
			damage(&path, (unsigned)(n * 7 + i));
			CHECK_ROW(n, !merkle_included(f.entries[i], i, n, &path, f.roots[n]));
		}
	}
}

static void test_consistency(void **state)
{
	static struct forest f;
	struct merkle_path path;
	struct err err;
	(void)state;
	plant(&f);
	for (uint64_t n = 1; n <= MOST; n++) {
		for (uint64_t old = 1; old <= n; old++) {
			const uint8_t *before = f.roots[old], *root = f.roots[n];
			assert_int_equal(merkle_consistency(&f.source, old, n, &path, &err), 0);
			CHECK_ROW(n * 1000 + old, merkle_consistent(old, before, n, root, &path));
			CHECK_ROW(n, !merkle_consistent(old, f.roots[old - 1], n, root, &path));
			CHECK_ROW(n, old == n || !merkle_consistent(
							 old, before, n, f.roots[n - 1], &path));
			CHECK_ROW(n, !merkle_consistent(n + 1, before, n, root, &path));
			if (path.n == 0)
				continue;
			damage(&path, (unsigned)(n * 5 + old));
			CHECK_ROW(n, !merkle_consistent(old, before, n, root, &path));
		}
		path.n = 0;
		assert_false(merkle_consistent(0, f.roots[0], n, f.roots[n], &path));
		assert_false(merkle_consistent(0, f.roots[1], n, f.roots[n], &path));
	}
}

/* A node never stands for an entry: they are hashed with different first bytes. */
static void test_domains(void **state)
{
	uint8_t pair[64] = {0}, entry[32], node[32];
	(void)state;
	merkle_entry(pair, 64, entry);
	merkle_node(pair, pair + 32, node);
	assert_memory_not_equal(entry, node, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_roots),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_made_nodes),
		cmocka_unit_test(test_inclusion),
		cmocka_unit_test(test_consistency),
		cmocka_unit_test(test_domains),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
