/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_regex.c: regular expressions by PCRE2, compiled to machine code where it can, with limits that
 * hold for hostile patterns and hostile values alike.
 *
 * PCRE2 counts steps for each place where a match could begin, and a step may read the whole value. For
 * short values that is bound enough. Long ones are matched by a second form of the code that calls
 * back at every item, where the time is looked at.
 */
#include "match/text_private.h"

#include <stdlib.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { ITEMS_BETWEEN = 64 };

struct regex {
	pcre2_code *code, *timed; /* for values shorter than LIMIT_REGEX_LONG, and for others */
};

struct regex_memory {
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack; /* NULL where there is no JIT */
	uint64_t gave_up;
	uint32_t items;       /* of the timed match at hand */
	int64_t begun, limit; /* nanoseconds of this thread; begun 0: not yet looked at */
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
	/* Where this fails (no JIT here), pcre2_match interprets. */
	if (compiled)
		(void)pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
	if (!compiled) {
		PCRE2_UCHAR text[256];
		pcre2_get_error_message(code, text, sizeof(text));
		err_set(err, ERR_USAGE, "regular expression: %s (at byte %zu)", (char *)text, at);
	}
	return compiled;
}

int regex_make(struct slice pattern, unsigned flags, struct regex **regex, struct err *err)
{
	uint32_t options =
		PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
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
	struct regex made = {compile(pattern, options, err), NULL};
	if (!made.code)
		return -1;
	made.timed = compile(pattern, options | PCRE2_AUTO_CALLOUT, err);
	if (!made.timed) { /* too large with the calls */
		pcre2_code_free(made.code);
		return -1;
	}
	*regex = xmalloc(sizeof(**regex));
	**regex = made;
	return 0;
}

void regex_free(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(regex->code);
	pcre2_code_free(regex->timed);
	free(regex);
}

/* PCRE2 calls this at every item of a timed match. The clock costs more than the items between. */
static int look_at_time(pcre2_callout_block *block, void *ctx)
{
	struct regex_memory *memory = ctx;
	struct timespec now;
	(void)block;
	if (++memory->items % ITEMS_BETWEEN)
		return 0;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	int64_t ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	if (memory->begun == 0)
		memory->begun = ns;
	return ns - memory->begun > memory->limit ? PCRE2_ERROR_CALLOUT : 0;
}

struct regex_memory *regex_memory_new(void)
{
	struct regex_memory *memory = xcalloc(1, sizeof(*memory));
	memory->data = pcre2_match_data_create(1, NULL);
	memory->context = pcre2_match_context_create(NULL);
	memory->stack = pcre2_jit_stack_create((size_t)32 << 10, LIMIT_REGEX_STACK, NULL);
	if (!memory->data || !memory->context)
		abort();
	pcre2_set_callout(memory->context, look_at_time, memory);
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

int regex_find(const struct regex *regex, struct regex_memory *memory, struct slice text, size_t at,
	struct text_span *span)
{
	bool timed = text.len >= LIMIT_REGEX_LONG;
	memory->items = 0;
	memory->begun = 0;
	memory->limit = LIMIT_REGEX_NS + LIMIT_REGEX_NS_BYTE * (int64_t)text.len;
	pcre2_set_match_limit(memory->context, timed ? UINT32_MAX : LIMIT_REGEX_STEPS);
	int rc = pcre2_match(timed ? regex->timed : regex->code,
		(PCRE2_SPTR)(text.ptr ? text.ptr : ""), text.len, at, 0, memory->data,
		memory->context);
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	if (rc < 0) {
		memory->gave_up++;
		return -1;
	}
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
