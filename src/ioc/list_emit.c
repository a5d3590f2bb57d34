/* SPDX-License-Identifier: Apache-2.0 */
/* list_emit.c: how a value of any format is handed over. */
#include <strings.h>

#include "base/clock.h"
#include "ioc/list_private.h"

struct ioc_entry list_entry(void)
{
	return (struct ioc_entry){.confidence = -1, .valid_from = INT64_MIN, .expires = INT64_MIN};
}

static int hand_over(struct list *list, struct ioc_entry *entry)
{
	if (entry->usable)
		list->counts->usable++;
	else
		list->counts->unusable++;
	return list->each(list->ctx, entry, list->err);
}

int list_emit(struct list *list, struct ioc_entry *entry, enum ioc_kind kind)
{
	struct err why = {0};
	if (list->options->kind != IOC_NONE)
		kind = list->options->kind;
	entry->usable = indicator_parse(entry->text, kind, &list->mem, &entry->indicator,
				&entry->wide, &why) == 0;
	entry->reason = entry->usable ? NULL : why.text;
	return hand_over(list, entry);
}

int list_emit_unusable(struct list *list, struct ioc_entry *entry, const char *reason)
{
	entry->usable = false;
	entry->wide = false;
	entry->indicator = (struct indicator){0};
	entry->reason = reason;
	return hand_over(list, entry);
}

struct slice list_trim(struct slice text)
{
	while (text.len && memchr(" \t\r\n\v\f", text.ptr[0], 6))
		text = (struct slice){text.ptr + 1, text.len - 1};
	while (text.len && memchr(" \t\r\n\v\f", text.ptr[text.len - 1], 6))
		text.len--;
	return text;
}

bool list_same(struct slice a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

int64_t list_time(struct slice text)
{
	int64_t begin, end;
	static const struct slice zone = SLICE(" UTC");
	text = list_trim(text);
	if (text.len > zone.len && memcmp(text.ptr + text.len - zone.len, zone.ptr, zone.len) == 0)
		text.len -= zone.len;
	/* Words such as "today" are no times of a file. */
	if (text.len < 4 || text.ptr[0] < '0' || text.ptr[0] > '9' ||
		clock_parse(text, 0, &begin, &end) != 0)
		return INT64_MIN;
	return begin;
}

int list_confidence(struct slice text)
{
	static const struct {
		const char *word;
		int value;
	} words[] = {{"none", 0}, {"low", 15}, {"medium", 50}, {"med", 50}, {"high", 85}};
	int value = 0;
	text = list_trim(text);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (list_same(text, words[i].word))
			return words[i].value;
	if (text.len && text.ptr[text.len - 1] == '%')
		text.len--;
	if (text.len == 0 || text.len > 3)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return -1;
		value = value * 10 + (text.ptr[i] - '0');
	}
	return value <= 100 ? value : -1;
}

bool list_has_form(struct list *list, struct slice value)
{
	struct indicator indicator;
	bool wide;
	enum ioc_kind kind = list->options->kind;
	return indicator_parse(value, kind, &list->mem, &indicator, &wide, NULL) == 0 &&
	       (indicator.form != IOC_WORD || kind != IOC_NONE);
}
