/* SPDX-License-Identifier: Apache-2.0 */
/* list_json.c: JSON files are read as a whole, within a limit; what is in them tells whether they are STIX or MISP. */
#include "ioc/list_json_private.h"

struct slice json_text(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (!json_is_string(value))
		return (struct slice){0};
	return (struct slice){json_string_value(value), json_string_length(value)};
}

struct slice json_joined(
	struct list *list, const json_t *object, const char *name, const char *inner)
{
	const json_t *array = json_object_get(object, name);
	struct buf out;
	buf_init(&out, LIMIT_LIST_LINE);
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		struct slice text = inner ? json_text(item, inner) : (struct slice){0};
		if (!inner && json_is_string(item))
			text = (struct slice){json_string_value(item), json_string_length(item)};
		if (text.len == 0)
			continue;
		if (out.len)
			buf_push(&out, ',');
		buf_slice(&out, text);
	}
	struct slice joined = {NULL, out.len};
	if (out.len)
		joined.ptr = arena_strdup(&list->mem, buf_view(&out));
	buf_fini(&out);
	return joined;
}

static bool begins_json(struct slice head)
{
	head = list_trim(head);
	return head.len > 0 && (head.ptr[0] == '{' || head.ptr[0] == '[');
}

bool stix_looks_like(struct list *list, struct slice head)
{
	static const char *const words[] = {
		"\"bundle\"", "\"spec_version\"", "\"indicator--", "\"pattern\""};
	(void)list;
	for (size_t i = 0; begins_json(head) && i < sizeof(words) / sizeof(words[0]); i++)
		if (memmem(head.ptr, head.len, words[i], strlen(words[i])))
			return true;
	return false;
}

/* "[2001:db8::1]" and "{" of a text are no JSON: a quote follows, or another bracket. */
bool misp_looks_like(struct list *list, struct slice head)
{
	(void)list;
	if (!begins_json(head))
		return false;
	head = list_trim(head);
	head = list_trim((struct slice){head.ptr + 1, head.len - 1});
	return head.len > 0 && memchr("\"{[}", head.ptr[0], 4);
}

static int read_tree(struct list *list, const json_t *root)
{
	if (stix_is(root)) {
		list->counts->format = IOC_LIST_STIX;
		return stix_read(list, root);
	}
	if (misp_is(root)) {
		list->counts->format = IOC_LIST_MISP;
		return misp_read(list, root);
	}
	list->line = 0;
	return list_error(list, "JSON, but neither a STIX 2 bundle nor MISP events; as format "
				"text, indicators are taken out of it");
}

static int parse(struct list *list, struct slice text)
{
	json_error_t error;
	json_t *root = json_loadb(text.ptr ? text.ptr : "", text.len, JSON_ALLOW_NUL, &error);
	if (!root) {
		list->line = error.line > 0 ? (uint64_t)error.line : 0;
		return list_error(list, "broken JSON at column %d: %s; was it loaded to its end?",
			error.column, error.text);
	}
	list->line = 0;
	int status = read_tree(list, root);
	json_decref(root);
	return status;
}

int json_read(struct list *list)
{
	struct buf text;
	uint64_t max = list->options->max_bytes;
	if (max == 0 || max > LIMIT_LIST_JSON)
		max = LIMIT_LIST_JSON;
	if (list_whole(list, (size_t)max, &text) != 0)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		list->counts->lines += text.ptr[i] == '\n';
	int status = parse(list, buf_view(&text));
	buf_fini(&text);
	return status;
}
