/* SPDX-License-Identifier: Apache-2.0 */
/* out_file.c (cli/): what --output names: a new file, never one that is there; or standard output. */
#include <errno.h>
#include <fcntl.h>

#include "cli/private.h"

int output_open(const char *path, FILE **file, struct err *err)
{
	*file = stdout;
	if (!path)
		return 0;
	int fd = io_open(path, O_WRONLY | O_CREAT | O_EXCL, 0600, err);
	if (fd < 0) {
		if (err->code == EEXIST)
			return err_set(
				err, ERR_USAGE, "%s is there already: name a new file", path);
		return -1;
	}
	*file = fdopen(fd, "w");
	return *file ? 0 : err_errno(err, "%s", path);
}

int output_close(const char *path, FILE *file, int status, struct err *err)
{
	if (file == stdout)
		return status == 0 && fflush(stdout) != 0 ? err_errno(err, "standard output")
							  : status;
	if (status == 0 && (fflush(file) != 0 || io_fsync(fileno(file), path, NULL) != 0))
		status = err_errno(err, "%s", path);
	if (fclose(file) != 0 && status == 0)
		status = err_errno(err, "%s", path);
	if (status < 0)
		io_unlink(path, NULL);
	return status;
}
