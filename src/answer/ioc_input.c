/* SPDX-License-Identifier: Apache-2.0 */
/* ioc_input.c (answer/): indicators as somebody gave them; and which domains are one's own. */
#include <stdlib.h>

#include "answer/ioc.h"
#include "store/connections.h"

static struct slice keep(struct ioc_input *input, struct slice text)
{
	return text.len ? (struct slice){arena_strdup(&input->mem, text), text.len} : SLICE("");
}

static struct ioc_given *add_given(struct ioc_input *input, struct slice text, uint64_t line)
{
	if (input->n == input->cap) {
		input->cap = input->cap ? input->cap * 2 : 64;
		input->given = xrealloc(input->given, input->cap * sizeof(*input->given));
	}
	struct ioc_given *given = &input->given[input->n++];
	*given = (struct ioc_given){.text = keep(input, text), .line = line};
	return given;
}

static void add_unusable(
	struct ioc_input *input, struct slice text, uint64_t line, const char *reason)
{
	add_given(input, text, line)->reason = arena_strdup(&input->mem, slice_of(reason));
	input->unusable++;
}

/* `indicator` lies in the caller's memory. */
static void add_indicator(struct ioc_input *input, struct slice text, uint64_t line,
	const struct indicator *indicator)
{
	if (input->nlist == input->list_cap) {
		input->list_cap = input->list_cap ? input->list_cap * 2 : 64;
		input->list = xrealloc(input->list, input->list_cap * sizeof(*input->list));
	}
	struct indicator *kept = &input->list[input->nlist];
	*kept = *indicator;
	kept->key = keep(input, indicator->key);
	kept->last = keep(input, indicator->last);
	add_given(input, text, line)->indicator = input->nlist++;
}

static void add(struct ioc_input *input, struct slice text, uint64_t line,
	const struct indicator *indicator, bool wide)
{
	if (wide && !input->allow_wide)
		add_unusable(input, text, line,
			"would match nearly everything: --allow-wide takes it all the same");
	else
		add_indicator(input, text, line, indicator);
}

void ioc_input_add(struct ioc_input *input, struct slice word, enum ioc_kind kind)
{
	struct indicator indicator;
	struct err err = {0};
	bool wide = false;
	struct arena mem = {0};
	if (indicator_parse(word, kind, &mem, &indicator, &wide, &err) < 0)
		add_unusable(input, word, 0, err.text);
	else
		add(input, word, 0, &indicator, wide);
	arena_fini(&mem);
}

struct ioc_entry ioc_word_entry(
	struct slice word, enum ioc_kind kind, struct arena *mem, struct err *why)
{
	struct ioc_entry entry = {
		.text = word, .confidence = -1, .valid_from = INT64_MIN, .expires = INT64_MIN};
	entry.usable = indicator_parse(word, kind, mem, &entry.indicator, &entry.wide, why) == 0;
	entry.reason = why->text;
	return entry;
}

int ioc_input_take(void *ctx, const struct ioc_entry *entry, struct err *err)
{
	struct ioc_input *input = ctx;
	if (input->stop && *input->stop)
		return err_set(err, ERR_INTERRUPTED, "interrupted");
	if (input->n == UINT32_MAX)
		return err_set(err, ERR_LIMIT, "more than 4,294,967,295 indicators");
	if (entry->usable)
		add(input, entry->text, entry->line, &entry->indicator, entry->wide);
	else
		add_unusable(input, entry->text, entry->line, entry->reason);
	return 0;
}

void ioc_input_free(struct ioc_input *input)
{
	free(input->given);
	free(input->list);
	arena_fini(&input->mem);
	*input = (struct ioc_input){0};
}

/* ---- one's own domains ----------------------------------------------------------------------- */

struct owning {
	struct arena *mem;
	struct slice *list;
	uint32_t n, cap;
};

static void own(struct owning *o, struct slice text)
{
	enum ioc_kind kind = IOC_DOMAIN;
	struct buf key;
	buf_init(&key, IOC_KEY_MAX + 64);
	if (ioc_key(&kind, text, &key)) {
		if (o->n == o->cap) {
			struct slice *old = o->list;
			o->cap = o->cap ? o->cap * 2 : 16;
			o->list = arena_alloc(o->mem, o->cap * sizeof(*o->list));
			if (o->n)
				memcpy(o->list, old, o->n * sizeof(*old));
		}
		o->list[o->n++] = (struct slice){arena_strdup(o->mem, buf_view(&key)), key.len};
	}
	buf_fini(&key);
}

/* An instance is a base URL, a host, or an id that is neither. */
static int own_of(void *ctx, const struct connection *connection, struct err *err)
{
	(void)err;
	struct owning *o = ctx;
	enum ioc_kind kind = IOC_URL, host_kind;
	struct buf key, host, text;
	buf_init(&key, IOC_KEY_MAX + 64);
	buf_init(&host, IOC_KEY_MAX + 64);
	buf_init(&text, IOC_KEY_MAX + 64);
	if (ioc_key(&kind, slice_of(connection->instance), &key) &&
		ioc_key_host(kind, buf_view(&key), &host_kind, &host) && host_kind == IOC_DOMAIN) {
		ioc_key_text(host_kind, buf_view(&host), &text);
		own(o, buf_view(&text));
	} else {
		own(o, slice_of(connection->instance));
	}
	buf_fini(&key);
	buf_fini(&host);
	buf_fini(&text);
	return 0;
}

int ioc_own_domains(
	struct store *store, struct arena *mem, struct slice **list, uint32_t *n, struct err *err)
{
	struct owning o = {.mem = mem};
	int rc = store_connections(store, own_of, &o, err);
	*list = o.list;
	*n = o.n;
	return rc;
}
