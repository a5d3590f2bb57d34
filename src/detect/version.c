/* SPDX-License-Identifier: Apache-2.0 */
/* version.c: what decides what a rule finds, hashed. Each text goes in with its length, each list with
 * its number, so that no two rules give the same bytes. */
#include "detect/private.h"

#include <openssl/evp.h>
#include <stdlib.h>

static void put(EVP_MD_CTX *sha, const void *data, size_t n)
{
	if (EVP_DigestUpdate(sha, data, n) != 1)
		abort();
}

static void put_number(EVP_MD_CTX *sha, int64_t number)
{
	uint64_t big = __builtin_bswap64((uint64_t)number);
	put(sha, &big, sizeof(big));
}

static void put_text(EVP_MD_CTX *sha, struct slice text)
{
	put_number(sha, (int64_t)text.len);
	put(sha, text.ptr, text.len);
}

static void put_string(EVP_MD_CTX *sha, const char *text)
{
	put_text(sha, slice_of(text));
}

static void put_double(EVP_MD_CTX *sha, double value)
{
	int64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put_number(sha, bits);
}

static void put_bound(EVP_MD_CTX *sha, const struct bound *bound)
{
	put_number(sha, bound->given << 1 | bound->inclusive);
	put_text(sha, bound->text);
}

static void put_test(EVP_MD_CTX *sha, const struct test *test)
{
	put_number(sha, test->op);
	put_text(sha, test->field);
	put_number(sha, test->fold);
	put_number(sha, test->npatterns);
	for (uint32_t i = 0; i < test->npatterns; i++) {
		put_number(sha, test->patterns[i].npieces);
		for (uint32_t p = 0; p < test->patterns[i].npieces; p++) {
			put_number(sha, test->patterns[i].pieces[p].kind);
			put_text(sha, test->patterns[i].pieces[p].text);
		}
	}
	put_text(sha, test->regex);
	put_number(sha, test->regex_flags);
	put_bound(sha, &test->low);
	put_bound(sha, &test->high);
	put_number(sha, test->nnetworks);
	for (uint32_t i = 0; i < test->nnetworks; i++) {
		put(sha, test->networks[i].address, 16);
		put_number(sha, test->networks[i].bits);
	}
	put_text(sha, test->other);
	put_number(sha, test->relation);
	put_number(sha, test->part);
	put_number(sha, test->part_least);
	put_number(sha, test->part_most);
}

static void put_expr(EVP_MD_CTX *sha, const struct expr *expr)
{
	put_number(sha, expr->kind);
	put_number(sha, expr->constant);
	put_number(sha, expr->least);
	put_number(sha, expr->most);
	put_number(sha, expr->nchildren);
	if (expr->kind == EXPR_TEST)
		put_test(sha, &expr->test);
	for (uint32_t i = 0; i < expr->nchildren; i++)
		put_expr(sha, expr->children[i]);
}

static void put_correlation(EVP_MD_CTX *sha, const struct rules *rules, const struct correlation *c)
{
	put_number(sha, c->type);
	put_number(sha, c->nrules);
	for (uint32_t r = 0; r < c->nrules; r++) {
		put(sha, rules->of[c->rules[r]]->version, sizeof(rules->of[0]->version));
		for (uint32_t g = 0; g < c->ngroup; g++)
			put_string(sha, c->group[r * c->ngroup + g]);
	}
	put_number(sha, c->ngroup);
	put_number(sha, c->nfield);
	for (uint32_t i = 0; i < c->nfield; i++)
		put_string(sha, c->field[i]);
	put_number(sha, c->timespan);
	put_number(sha, c->bound.low_given | c->bound.low_inclusive << 1 |
				c->bound.high_given << 2 | c->bound.high_inclusive << 3 |
				c->bound.negated << 4);
	put_double(sha, c->bound.low);
	put_double(sha, c->bound.high);
	put_double(sha, c->percentile);
	put_number(sha, c->learn);
	put_number(sha, c->most);
}

void rule_version(const struct rules *rules, struct rule *rule)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	if (!sha || EVP_DigestInit_ex(sha, EVP_sha256(), NULL) != 1)
		abort();
	put_string(sha,
		"pugmark rule 1"); /* to be raised where the meaning of an expression changes */
	put_string(sha, rule->product);
	put_string(sha, rule->category);
	put_string(sha, rule->service);
	if (rule->expr)
		put_expr(sha, rule->expr);
	if (rule->correlation)
		put_correlation(sha, rules, rule->correlation);
	put_number(sha, rule->group.n);
	for (uint32_t i = 0; i < rule->group.n; i++)
		put_string(sha, rule->group.of[i]);
	put_number(sha, rule->window);
	if (EVP_DigestFinal_ex(sha, digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(sha);
	memcpy(rule->version, digest, sizeof(rule->version));
}
