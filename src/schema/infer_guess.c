/* SPDX-License-Identifier: Apache-2.0 */
/* infer_guess.c: judgements on what was seen: the type of a key, what its texts are, its name, and
 * whether the records are those of a built-in table. */
#include "schema/infer.h"

#include <arpa/inet.h>
#include <ctype.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

uint64_t seen_values(const struct seen *seen)
{
	uint64_t n = 0;
	for (int kind = SEEN_NULL + 1; kind < SEEN_KINDS; kind++)
		n += seen->kinds[kind];
	return n;
}

const struct seen *seen_child(const struct seen *seen, struct slice key)
{
	for (const struct seen *child = seen->first; child; child = child->next)
		if (slice_eq(child->key, key))
			return child;
	return NULL;
}

bool key_is_usable(struct slice key)
{
	return key.len > 0 && key.len <= 200 && text_utf8_valid(key) &&
	       !memchr(key.ptr, 0, key.len) && !memchr(key.ptr, '[', key.len) &&
	       !memchr(key.ptr, ']', key.len);
}

static bool is_ip(const char *text)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static bool is_email(const char *text)
{
	const char *at = strchr(text, '@');
	if (!at || at == text || strchr(at + 1, '@') || strpbrk(text, " \t\r\n/<>,;:"))
		return false;
	const char *dot = strrchr(at, '.');
	return dot && dot > at + 1 && strlen(dot) > 2;
}

static bool is_url(const char *text)
{
	return (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0) &&
	       !strpbrk(text, " \t\r\n");
}

static bool is_hash(const char *text)
{
	size_t n = strlen(text);
	return (n == 32 || n == 40 || n == 64) && strspn(text, "0123456789abcdefABCDEF") == n;
}

/* Begins like 2022-08-03T08:48:05 or 2022-08-03:00:00.000. */
static bool is_time(const char *text)
{
	static const char form[] = "dddd-dd-dd dd:dd";
	for (size_t i = 0; i < sizeof(form) - 1; i++) {
		bool ok = form[i] == 'd'   ? isdigit((unsigned char)text[i])
			  : form[i] == ' ' ? text[i] == 'T' || text[i] == ' ' || text[i] == ':'
					   : text[i] == form[i];
		if (!ok)
			return false;
	}
	return strlen(text) <= 40;
}

static enum text_form form_of(struct slice text)
{
	char copy[256];
	if (text.len == 0)
		return FORM_EMPTY;
	if (text.len >= sizeof(copy) || memchr(text.ptr, 0, text.len))
		return FORM_OTHER;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	return is_ip(copy)      ? FORM_IP
	       : is_time(copy)  ? FORM_TIME
	       : is_url(copy)   ? FORM_URL
	       : is_email(copy) ? FORM_EMAIL
	       : is_hash(copy)  ? FORM_HASH
				: FORM_OTHER;
}

/* Remembers the values of keys that are called like an id, to see whether any stands twice. */
static void note_id(struct infer *infer, struct seen *seen, struct slice text)
{
	static const char *const names[] = {
		"id", "_id", "uuid", "eventId", "event_id", "recordId", "record_id", "guid"};
	bool candidate = false;
	for (size_t i = 0; i < COUNT(names); i++)
		candidate = candidate || slice_eq(seen->key, slice_of(names[i]));
	if (!candidate || seen->id_twice)
		return;
	if (!seen->ids) {
		if (infer->nmaps == COUNT(infer->maps)) {
			seen->id_twice = true;
			return;
		}
		seen->ids = infer->maps[infer->nmaps++] = xcalloc(1, sizeof(*seen->ids));
	}
	bool fresh = true;
	if (seen->ids->count < INFER_IDS)
		map_put(seen->ids, text, &fresh);
	seen->id_twice = !fresh;
}

static void note_sample(struct seen *seen, struct slice text)
{
	char cut[INFER_SAMPLE] = "";
	size_t n = text.len < sizeof(cut) - 1 ? text.len : sizeof(cut) - 1;
	memcpy(cut, text.ptr, n);
	for (size_t i = 0; i < INFER_SAMPLES; i++) {
		struct seen_sample *sample = &seen->samples[i];
		if (sample->count == 0)
			memcpy(sample->text, cut, sizeof(cut));
		else if (memcmp(sample->text, cut, sizeof(cut)) != 0)
			continue;
		sample->count++;
		return;
	}
}

void seen_text(struct infer *infer, struct seen *seen, struct slice text)
{
	seen->kinds[SEEN_STRING]++;
	seen->forms[form_of(text)]++;
	note_sample(seen, text);
	note_id(infer, seen, text);
}

/* 2000 to 2100, in seconds or milliseconds. */
void seen_int(struct infer *infer, struct seen *seen, struct slice text)
{
	int64_t v = 0;
	text_parse_int(text, &v);
	bool seconds = v >= INT64_C(946684800) && v < INT64_C(4102444800);
	bool millis = v >= INT64_C(946684800000) && v < INT64_C(4102444800000);
	seen->epochs += seconds || millis;
	note_id(infer, seen, text);
}

static bool is_epoch_object(const struct seen *seen)
{
	return seen_child(seen, SLICE("epochSecond")) != NULL && seen->nchildren <= 2;
}

static bool is_time_name(struct slice key)
{
	static const char *const parts[] = {
		"time", "date", "created", "updated", "when", "_at", "At"};
	char copy[64] = "";
	memcpy(copy, key.ptr, key.len < sizeof(copy) ? key.len : sizeof(copy) - 1);
	for (size_t i = 0; i < COUNT(parts); i++)
		if (i + 1 < COUNT(parts) ? strcasestr(copy, parts[i]) : strstr(copy, parts[i]))
			return true;
	return false;
}

enum shape_of guess_shape(const struct seen *seen, bool in_list, unsigned depth)
{
	uint64_t all = seen_values(seen), objects = seen->kinds[SEEN_OBJECT],
		 lists = seen->kinds[SEEN_LIST];
	bool plain = objects && objects == all && seen->nchildren > 0 && !seen->wide;
	if (plain && !is_epoch_object(seen) && depth < DRAFT_KEYS - 4)
		return SHAPE_OBJECT;
	if (lists == 0 || lists != all || !seen->element || in_list)
		return SHAPE_LEAF;
	const struct seen *element = seen->element;
	if (guess_shape(element, true, depth + 1) == SHAPE_OBJECT && element->kinds[SEEN_NULL] == 0)
		return SHAPE_LIST;
	bool scalars = element->kinds[SEEN_OBJECT] == 0 && element->kinds[SEEN_LIST] == 0;
	return scalars && guess_type(element) != COL_JSON ? SHAPE_VALUES : SHAPE_LEAF;
}

enum col_type guess_type(const struct seen *seen)
{
	uint64_t all = seen_values(seen), texts = seen->kinds[SEEN_STRING];
	if (all == 0)
		return COL_JSON;
	if (texts == all && seen->forms[FORM_TIME] &&
		seen->forms[FORM_TIME] + seen->forms[FORM_EMPTY] == texts)
		return COL_TIME;
	if (texts == all)
		return COL_STRING;
	if (seen->kinds[SEEN_BOOL] == all)
		return COL_BOOL;
	if (seen->kinds[SEEN_OBJECT] == all && is_epoch_object(seen))
		return COL_TIME;
	if (seen->kinds[SEEN_INT] != all)
		return COL_JSON;
	return seen->epochs == all && is_time_name(seen->key) ? COL_TIME : COL_INT64;
}

static bool name_has(const char *name, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

enum observable guess_observable(const struct seen *seen, const char *name)
{
	static const struct {
		enum text_form form;
		enum observable observable;
	} forms[] = {{FORM_IP, OBS_IP}, {FORM_EMAIL, OBS_EMAIL}, {FORM_URL, OBS_URL},
		{FORM_HASH, OBS_HASH}};
	static const char *const agents[] = {"user_agent", "useragent"},
				 *const accounts[] = {"account_id", "user_id", "actor_id",
					 "author_id"},
				 *const users[] = {"user", "login", "author_name", "actor_name",
					 "author_display_name"},
				 *const hosts[] = {"host", "node"},
				 *const texts[] = {"description", "message", "details", "comment"};
	static const char *const types[] = {"type", "count", "agent_"};
	uint64_t filled = seen->kinds[SEEN_STRING] - seen->forms[FORM_EMPTY];
	for (size_t i = 0; i < COUNT(forms); i++)
		if (filled && seen->forms[forms[i].form] * 10 >= filled * 9)
			return forms[i].observable;
	if (name_has(name, agents, COUNT(agents)))
		return OBS_AGENT;
	if (name_has(name, types, COUNT(types)))
		return OBS_NONE;
	return name_has(name, accounts, COUNT(accounts)) ? OBS_ACCOUNT
	       : name_has(name, users, COUNT(users))     ? OBS_USER
	       : name_has(name, hosts, COUNT(hosts))     ? OBS_HOST
	       : name_has(name, texts, COUNT(texts))     ? OBS_TEXT
							 : OBS_NONE;
}

char *guess_name(struct arena *mem, const char *prefix, struct slice key)
{
	char *name = arena_zalloc(mem, strlen(prefix) + key.len * 2 + 8, 1);
	size_t n = strlen(prefix);
	memcpy(name, prefix, n);
	if (n)
		name[n++] = '_';
	for (size_t i = 0; i < key.len; i++) {
		unsigned char ch = (unsigned char)key.ptr[i];
		bool upper = ch >= 'A' && ch <= 'Z';
		bool after_lower = i > 0 && !isupper((unsigned char)key.ptr[i - 1]);
		bool before_lower =
			i > 0 && i + 1 < key.len && islower((unsigned char)key.ptr[i + 1]);
		if (upper && (after_lower || before_lower) && n && name[n - 1] != '_')
			name[n++] = '_';
		if (upper)
			ch = (unsigned char)(ch - 'A' + 'a');
		bool fits = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9');
		if (fits)
			name[n++] = (char)ch;
		else if (n && name[n - 1] != '_')
			name[n++] = '_';
	}
	while (n && name[n - 1] == '_')
		n--;
	name[n] = '\0';
	if (n > DRAFT_NAME - 4)
		name[DRAFT_NAME - 4] = '\0';
	if (name[0] == '\0')
		return arena_printf(mem, "field");
	if (name[0] < 'a' || name[0] > 'z')
		return arena_printf(mem, "field_%.*s", DRAFT_NAME - 12, name);
	return name;
}

/* How many of the values below `seen` the schema takes, and how many there are. */
static void coverage(const struct schema *schema, const struct seen *seen, uint32_t node,
	uint64_t *known, uint64_t *all)
{
	for (const struct seen *child = seen->first; child; child = child->next) {
		const struct schema_node *at = NULL;
		uint32_t i = 0;
		for (; i < schema->nodes[node].nchildren && !at; i++) {
			const struct schema_node *n =
				&schema->nodes[schema->nodes[node].first_child + i];
			if (slice_eq((struct slice){n->key, n->key_len}, child->key))
				at = n;
		}
		if (at && ((at->kind == NODE_OBJECT && at->column < 0) || at->kind == NODE_LIST)) {
			const struct seen *below = at->kind == NODE_LIST ? child->element : child;
			if (below)
				coverage(schema, below, (uint32_t)(at - schema->nodes), known, all);
			continue;
		}
		*all += seen_values(child);
		*known += at ? seen_values(child) : 0;
	}
}

static int64_t mark_score(const struct infer *infer, const struct schema_mark *mark)
{
	struct arena mem;
	struct slice keys[DRAFT_KEYS];
	const char *why;
	arena_init(&mem);
	int n = path_split(mark->path, &mem, keys, &why);
	const struct seen *at = &infer->root;
	for (int i = 0; i < n && at; i++)
		at = seen_child(at, keys[i]);
	arena_fini(&mem);
	if (!at)
		return 0;
	if (!mark->prefix)
		return (int64_t)seen_values(at) * mark->weight;
	uint64_t hits = 0;
	for (size_t i = 0; i < INFER_SAMPLES; i++)
		if (strncmp(at->samples[i].text, mark->prefix, strlen(mark->prefix)) == 0)
			hits += at->samples[i].count;
	return (int64_t)hits * mark->weight;
}

const struct schema *guess_base(const struct infer *infer)
{
	const struct schema *schema, *best = NULL;
	int64_t most = 0;
	for (unsigned i = 0; (schema = schema_builtin(i)); i++) {
		uint64_t known = 0, all = 0;
		int64_t score = 0;
		coverage(schema, &infer->root, 0, &known, &all);
		for (uint32_t m = 0; m < schema->nmarks; m++)
			score += mark_score(infer, &schema->marks[m]);
		if (known * 10 >= all * 6 && score > most) {
			most = score;
			best = schema;
		}
	}
	return best;
}
