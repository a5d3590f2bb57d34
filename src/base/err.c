/* SPDX-License-Identifier: Apache-2.0 */
/* err.c: formatting of errors; the mapping from errno to a kind lives here and nowhere else. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_errno
#undef err_context

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	err->kind = kind;
	err->code = 0;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

/* Adds ": MORE" behind the first n bytes, as much of it as fits. */
static void add_text(struct err *err, int n, const char *more)
{
	size_t at = n < 0 ? 0 : (size_t)n;
	if (at < sizeof(err->text))
		at += (size_t)snprintf(err->text + at, sizeof(err->text) - at, ": ");
	if (at < sizeof(err->text)) {
		size_t room = sizeof(err->text) - at - 1, len = strnlen(more, room);
		memcpy(err->text + at, more, len);
		err->text[at + len] = '\0';
	}
}

static enum err_kind kind_of_errno(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT:
		return ERR_NO_SPACE;
	case EACCES:
	case EPERM:
	case EROFS:
		return ERR_ACCESS;
	case ENOENT:
	case ENOTDIR:
		return ERR_NOT_FOUND;
	case EAGAIN:
	case EBUSY:
		return ERR_BUSY;
	case EINTR:
		return ERR_INTERRUPTED;
	default:
		return ERR_IO;
	}
}

int err_errno(struct err *err, const char *fmt, ...)
{
	int code = errno;
	if (!err)
		return -1;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	add_text(err, n, strerror(code));
	err->kind = kind_of_errno(code);
	err->code = code;
	errno = code;
	return -1;
}

int err_context(struct err *err, const char *fmt, ...)
{
	if (!err)
		return -1;
	char old[sizeof(err->text)];
	memcpy(old, err->text, sizeof(old));
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	add_text(err, n, old);
	return -1;
}

const char *err_kind_name(enum err_kind kind)
{
	static const char *const names[] = {
		[ERR_NONE] = "none",
		[ERR_IO] = "io",
		[ERR_NO_SPACE] = "no-space",
		[ERR_ACCESS] = "access",
		[ERR_NOT_FOUND] = "not-found",
		[ERR_USAGE] = "usage",
		[ERR_FORMAT] = "format",
		[ERR_DAMAGED] = "damaged",
		[ERR_LIMIT] = "limit",
		[ERR_BUSY] = "busy",
		[ERR_INTERRUPTED] = "interrupted",
		[ERR_UNSUPPORTED] = "unsupported",
	};
	return names[kind];
}

int err_exit_status(const struct err *err)
{
	return err->kind == ERR_USAGE ? 2 : 1;
}
