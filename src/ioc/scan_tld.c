/* SPDX-License-Identifier: Apache-2.0 */
/* scan_tld.c: top-level domains, by the public suffix list in libpsl. Labels of two and three letters, nearly all that are
 * asked for, are answered from a bitmap of 2.3 KB, made once in 2 ms; longer ones by the list in 0.1 µs. */
#include <libpsl.h>
#include <pthread.h>
#include <strings.h>

#include "base/hash.h"
#include "ioc/scan_private.h"

enum { LETTERS = 26, SHORT = 27 * LETTERS * LETTERS };

static uint8_t short_labels[(SHORT + 7) / 8];
static const psl_ctx_t *list;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool in_list(const char *label)
{
	return psl_is_public_suffix2(list, label, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) == 1;
}

/* Two letters stand below three: the first of three is 0 for them. */
static unsigned short_index(const char *label, size_t n)
{
	unsigned index = 0;
	if (n == 3)
		index = (unsigned)(label[0] - 'a' + 1);
	index = index * LETTERS + (unsigned)(label[n - 2] - 'a');
	return index * LETTERS + (unsigned)(label[n - 1] - 'a');
}

static void fill(void)
{
	list = psl_builtin();
	for (unsigned i = 0; list && i < SHORT; i++) {
		unsigned first = i / (LETTERS * LETTERS);
		char label[4] = {(char)('a' + first - 1), (char)('a' + i / LETTERS % LETTERS),
			(char)('a' + i % LETTERS), 0};
		if (in_list(first ? label : label + 1))
			short_labels[i / 8] |= (uint8_t)(1 << i % 8);
	}
}

/* What a thread asked of long labels lately: people's names, which are many in audit logs (ann.smith), are asked for again and again. */
enum { REMEMBERED = 256, REMEMBERED_BYTES = 14 };
static _Thread_local struct {
	uint8_t len; /* 0: nothing yet */
	bool known;
	char label[REMEMBERED_BYTES];
} remembered[REMEMBERED];

/* `label`: NUL-terminated. */
static bool in_list_again(const char *label, size_t n)
{
	if (n > REMEMBERED_BYTES)
		return in_list(label);
	unsigned at = (unsigned)hash_bytes(label, n) % REMEMBERED;
	if (remembered[at].len != n || memcmp(remembered[at].label, label, n) != 0) {
		remembered[at].known = in_list(label);
		remembered[at].len = (uint8_t)n;
		memcpy(remembered[at].label, label, n);
	}
	return remembered[at].known;
}

bool tld_known(struct slice label)
{
	char name[DOMAIN_MAX + 1];
	size_t n = label.len < 2 ? 0 : domain_write(label, false, name);
	if (n < 2 || n > LABEL_MAX) /* a wide letter may become one byte */
		return false;
	bool letters = true;
	for (size_t i = 0; i < n; i++)
		letters = letters && name[i] >= 'a' && name[i] <= 'z';
	if (!letters && (n < 5 || memcmp(name, "xn--", 4) != 0))
		return false;
	pthread_once(&once, fill);
	if (n <= 3) {
		unsigned index = short_index(name, n);
		return short_labels[index / 8] >> index % 8 & 1;
	}
	name[n] = 0;
	/* For documents (RFC 2606), and so for the domains in them. */
	return list && (in_list_again(name, n) || strcmp(name, "example") == 0);
}

static bool is_one_of(struct slice label, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == label.len && strncasecmp(*words, label.ptr, label.len) == 0)
			return true;
	return false;
}

bool tld_is_extension(struct slice label)
{
	static const char *const extensions[] = {"cab", "id", "md", "mov", "name", "pl", "pm", "ps",
		"pub", "py", "rs", "sh", "tf", "zip", NULL};
	return is_one_of(label, extensions);
}

bool tld_is_message(struct slice name)
{
	static const char *const first[] = {"admin", "atlassian", "audit", "bitbucket", "com",
		"common", "confluence", "crowd", "jira", "org", "stash", "upm", NULL};
	static const char *const last[] = {"date", "domains", "download", "email", "events",
		"group", "id", "link", "management", "menu", "name", "new", "open", "page",
		"properties", "report", "rest", "review", "reviews", "save", "search", "select",
		"space", "style", "target", NULL};
	const char *begin = memchr(name.ptr, '.', name.len),
		   *end = memrchr(name.ptr, '.', name.len);
	if (!begin || begin == end)
		return false;
	struct slice tail = {end + 1, name.len - (size_t)(end - name.ptr) - 1};
	return is_one_of((struct slice){name.ptr, (size_t)(begin - name.ptr)}, first) &&
	       is_one_of(tail, last);
}

bool tld_is_suffix(struct slice name)
{
	char text[DOMAIN_MAX + 1];
	size_t n = domain_write(name, false, text);
	if (n == 0)
		return false;
	text[n] = 0;
	pthread_once(&once, fill);
	return list &&
	       (!memchr(text, '.', n) || psl_is_public_suffix2(list, text, PSL_TYPE_ICANN) == 1);
}
