/* SPDX-License-Identifier: Apache-2.0 */
/* kind_domain.c: names of domains: letters of any script become small A-labels (UTS 46, non-transitional, as browsers do),
 * and keys have the labels turned round, so that what is below a name stands behind it. */
#include <idn2.h>
#include <stdlib.h>

#include "ioc/kind_private.h"

enum { UNICODE_MAX = 4 * DOMAIN_MAX };

/* Checks and writes ASCII. */
static size_t write_ascii(struct slice text, bool any_last, char out[DOMAIN_MAX])
{
	size_t label = 0;
	bool number = true;
	if (text.len > 0 && text.ptr[text.len - 1] == '.')
		text.len--;
	if (text.len == 0 || text.len > DOMAIN_MAX)
		return 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		out[i] = byte_lower(c);
		if (c == '.') {
			if (i == label || i - label > LABEL_MAX)
				return 0;
			label = i + 1;
			number = true;
		} else if (!byte_is(c, BYTE_HOST)) {
			return 0;
		} else if (!byte_is(c, BYTE_DIGIT)) {
			number = false;
		}
	}
	if (text.len == label || text.len - label > LABEL_MAX || (number && !any_last))
		return 0;
	return text.len;
}

static size_t write_unicode(struct slice text, bool any_last, char out[DOMAIN_MAX])
{
	char copy[UNICODE_MAX + 1], *ascii = NULL;
	if (text.len > UNICODE_MAX || memchr(text.ptr, 0, text.len))
		return 0;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = 0;
	size_t n = 0;
	if (idn2_to_ascii_8z(copy, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
		n = write_ascii((struct slice){ascii, strlen(ascii)}, any_last, out);
	idn2_free(ascii);
	return n;
}

size_t domain_write(struct slice text, bool any_last, char out[DOMAIN_MAX])
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] >= 0x80)
			return write_unicode(text, any_last, out);
	return write_ascii(text, any_last, out);
}

void domain_turn(struct slice name, char *out)
{
	size_t end = name.len;
	while (end > 0) {
		size_t begin = end;
		while (begin > 0 && name.ptr[begin - 1] != '.')
			begin--;
		memcpy(out, name.ptr + begin, end - begin);
		out += end - begin;
		if (begin == 0)
			return;
		*out++ = '.';
		end = begin - 1;
	}
}
