/* SPDX-License-Identifier: Apache-2.0 */
/* text_regex.c: regular expressions by PCRE2, compiled to machine code where it can, with limits that
 * hold for hostile patterns and hostile values alike. */
#include "match/text_private.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A quick search of a window this long makes the next one twice as long; see regex_find. */
enum { QUICK_US = 2000, SLOW_US = 20000 };
/* Places × bytes of the first window of a long value: some 20 ms at worst. */
static const size_t first_work = (size_t)16 << 20;

struct regex {
	pcre2_code *code;
};

struct regex_memory {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack; /* NULL where there is no JIT */
	uint64_t gave_up;
};

static pcre2_code *compile(struct slice pattern, uint32_t options, struct err *err)
{
	int code;
	size_t at;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (!context)
		abort();
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)(pattern.ptr ? pattern.ptr : ""),
		pattern.len, options, &code, &at, context);
	pcre2_compile_context_free(context);
	if (!compiled) {
		PCRE2_UCHAR text[256];
		pcre2_get_error_message(code, text, sizeof(text));
		err_set(err, ERR_USAGE, "regular expression: %s (at byte %zu)", (char *)text, at);
	}
	return compiled;
}

int regex_make(struct slice pattern, unsigned flags, struct regex **regex, struct err *err)
{
	uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF |
			   PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
	*regex = NULL;
	if (pattern.len > LIMIT_REGEX_BYTES)
		return err_set(err, ERR_USAGE,
			"regular expression: %zu bytes long, at most %zu are allowed", pattern.len,
			LIMIT_REGEX_BYTES);
	if (flags & REGEX_FOLD)
		options |= PCRE2_CASELESS;
	if (flags & REGEX_MULTILINE)
		options |= PCRE2_MULTILINE;
	if (flags & REGEX_DOTALL)
		options |= PCRE2_DOTALL;
	pcre2_code *code = compile(pattern, options, err);
	if (!code)
		return -1;
	/* Where this fails (no JIT here), pcre2_match interprets. */
	(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	*regex = xmalloc(sizeof(**regex));
	(*regex)->code = code;
	return 0;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(regex->code);
	free(regex);
}

struct regex_memory *regex_memory_new(void)
{
	struct regex_memory *memory = xcalloc(1, sizeof(*memory));
	memory->data = pcre2_match_data_create(1, NULL);
	memory->context = pcre2_match_context_create(NULL);
	memory->stack = pcre2_jit_stack_create((size_t)32 << 10, LIMIT_REGEX_STACK, NULL);
	if (!memory->data || !memory->context)
		abort();
	pcre2_set_match_limit(memory->context, LIMIT_REGEX_STEPS);
	pcre2_set_depth_limit(memory->context, LIMIT_REGEX_DEPTH);
	pcre2_set_heap_limit(memory->context, LIMIT_REGEX_HEAP);
	if (memory->stack)
		pcre2_jit_stack_assign(memory->context, NULL, memory->stack);
	return memory;
}

void regex_memory_free(struct regex_memory *memory)
{
	if (!memory)
		return;
	pcre2_match_data_free(memory->data);
	pcre2_match_context_free(memory->context);
	pcre2_jit_stack_free(memory->stack);
	free(memory);
}

uint64_t regex_memory_gave_up(const struct regex_memory *memory)
{
	return memory->gave_up;
}

/* A match that begins in [at, limit]: 1, 0, or -1 = it ran into a limit. */
static int match(const struct regex *regex, struct regex_memory *memory, struct slice text,
	size_t at, size_t limit)
{
	pcre2_set_offset_limit(memory->context, limit);
	int rc = pcre2_match(regex->code, (PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, at, 0,
		memory->data, memory->context);
	return rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

/* PCRE2's limits are for each place where a match could begin, so a long value could take its length
 * squared. It is searched in windows of places, and the time is looked at between them. */
static int match_long(
	const struct regex *regex, struct regex_memory *memory, struct slice text, size_t at)
{
	size_t window = first_work / text.len + 1;
	int64_t begun = clock_mono_us(), before = begun;
	for (;;) {
		size_t limit = at + window;
		/* The next window begins with a character. */
		while (limit + 1 < text.len && (text.ptr[limit + 1] & 0xc0) == 0x80)
			limit++;
		bool last = limit >= text.len;
		int rc = match(regex, memory, text, at, last ? PCRE2_UNSET : limit);
		if (rc || last)
			return rc;
		int64_t now = clock_mono_us();
		if (now - begun > LIMIT_REGEX_TIME)
			return -1;
		if (now - before < QUICK_US)
			window *= 2;
		else if (now - before > SLOW_US)
			window = window / 2 + 1;
		before = now;
		at = limit + 1;
	}
}

int regex_find(const struct regex *regex, struct regex_memory *memory, struct slice text, size_t at,
	struct text_span *span)
{
	int rc = text.len - at < LIMIT_REGEX_LONG ? match(regex, memory, text, at, PCRE2_UNSET)
						  : match_long(regex, memory, text, at);
	if (rc < 0)
		memory->gave_up++;
	if (rc <= 0)
		return rc;
	const size_t *place = pcre2_get_ovector_pointer(memory->data);
	*span = (struct text_span){(uint32_t)place[0], (uint32_t)place[1]};
	return 1;
}

void regex_run(const struct regex *regex, struct regex_memory *memory, const struct values *v)
{
	struct text_span span;
	for (uint32_t i = 0; i < v->n; i++) {
		if (regex_find(regex, memory, values_get(v, i), 0, &span) > 0)
			bit_set(v->bits, i);
	}
}
