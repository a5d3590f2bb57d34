/* SPDX-License-Identifier: Apache-2.0 */
/* types.c: what a text without quotes is: the regular expressions of YAML 1.2, section 10.3.2. */
#include "yaml/yaml.h"

static const char *digits(const char *at, const char *set)
{
	return at + strspn(at, set);
}

static bool is_int(const char *text)
{
	static const char octal[] = "01234567", hex[] = "0123456789abcdefABCDEF";
	if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x'))
		return text[2] && !*digits(text + 2, text[1] == 'o' ? octal : hex);
	text += *text == '-' || *text == '+';
	return *text && !*digits(text, "0123456789");
}

static bool is_float(const char *text)
{
	static const char *const words[] = {".inf", ".Inf", ".INF", "-.inf", "-.Inf", "-.INF",
		"+.inf", "+.Inf", "+.INF", ".nan", ".NaN", ".NAN"};
	static const char all[] = "0123456789";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	text += *text == '-' || *text == '+';
	const char *end = digits(text, all);
	bool any = end > text;
	if (*end == '.') {
		const char *fraction = digits(end + 1, all);
		any = any || fraction > end + 1;
		end = fraction;
	}
	if (any && (*end == 'e' || *end == 'E')) {
		end += 1 + (end[1] == '-' || end[1] == '+');
		any = *end != '\0';
		end = digits(end, all);
	}
	return any && !*end;
}

enum yaml_type yaml_type(const struct yaml_tree *text)
{
	static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
	if (text->kind != YAML_TEXT || !text->plain)
		return YAML_STRING;
	if (!text->text[0])
		return YAML_NULL;
	for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++) {
		if (strcmp(text->text, bools[i]) == 0)
			return YAML_BOOL;
	}
	if (is_int(text->text))
		return YAML_INT;
	return is_float(text->text) ? YAML_FLOAT : YAML_STRING;
}

const struct yaml_tree *yaml_get(const struct yaml_tree *map, const char *key)
{
	for (uint32_t i = 0; map && map->kind == YAML_MAP && i < map->nitems; i++) {
		if (strcmp(map->items[i].key, key) == 0)
			return &map->items[i];
	}
	return NULL;
}
