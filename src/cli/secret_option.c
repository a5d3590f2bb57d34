/* SPDX-License-Identifier: Apache-2.0 */
/* secret_option.c (cli/): secrets out of the files that options name, and paths as a process in any folder finds them. */
#include "cli/secret_option.h"

#include <stdlib.h>
#include <unistd.h>

enum { SECRET_BYTES = 16 << 10 };

static int read_file(const char *path, char **data, size_t *n, struct err *err)
{
	if (strcmp(path, "-") != 0)
		return io_read_file(path, SECRET_BYTES, data, n, err);
	*data = xcalloc(1, SECRET_BYTES + 2);
	*n = fread(*data, 1, SECRET_BYTES + 1, stdin);
	if (*n <= SECRET_BYTES && !ferror(stdin))
		return 0;
	free(*data);
	return err_set(
		err, ERR_LIMIT, "standard input: more than %d bytes, or an error", SECRET_BYTES);
}

static bool may_stand(unsigned char c, bool lines)
{
	return (c >= 0x20 && c != 0x7f) || (lines && (c == '\t' || c == '\r' || c == '\n'));
}

int secret_option(const struct command_line *line, enum opt option, bool lines,
	struct secrets_given *given, const char **value, struct err *err)
{
	const char *path = line->values[option];
	char *data;
	size_t n;
	if (!path)
		return 0;
	if (read_file(path, &data, &n, err) < 0)
		return err->kind == ERR_NOT_FOUND
			       ? err_set(err, ERR_USAGE, "--%s: there is no file of that name",
					 option_name(option))
			       : -1;
	size_t begin = strspn(data, " \t\r\n"), end = n;
	while (end > begin && strchr(" \t\r\n", data[end - 1]))
		end--;
	bool good = end > begin && given->n < SECRETS_GIVEN;
	for (size_t i = begin; i < end; i++)
		good = good && may_stand((unsigned char)data[i], lines);
	if (good) {
		struct secret *secret = &given->of[given->n++];
		secret_new(secret, end - begin);
		memcpy(secret->text, data + begin, end - begin);
		*value = secret->text;
	}
	explicit_bzero(data, n);
	free(data);
	return good ? 0
		    : err_set(err, ERR_USAGE,
			      lines ? "--%s: the file must hold lines \"name: value\""
				    : "--%s: the file must hold one word, without line ends in it",
			      option_name(option));
}

void secrets_given_wipe(struct secrets_given *given)
{
	for (unsigned i = 0; i < given->n; i++)
		secret_wipe(&given->of[i]);
	given->n = 0;
}

const char *whole_path(struct arena *mem, const char *path)
{
	char *here = !path || *path == '/' ? NULL : getcwd(NULL, 0);
	const char *whole = here ? arena_printf(mem, "%s/%s", here, path) : path;
	free(here);
	return whole;
}
