/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.c: Landlock, capabilities and resource limits of the SQL child. The constants of newer
 * Landlock versions stand here because Debian 12's headers end at version 2; the kernel is asked
 * at run time which it has (Documentation/userspace-api/landlock.rst).
 */
#include "query/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_ALL_V1 = (1 << 13) - 1,
	FS_REFER = 1 << 13,     /* version 2 */
	FS_TRUNCATE = 1 << 14,  /* version 3 */
	FS_IOCTL_DEV = 1 << 15, /* version 5 */
	NET_TCP = 3,            /* bind and connect; version 4 */
	SCOPE_ALL = 3,          /* abstract sockets and signals; version 6 */
	RULE_PATH_BENEATH = 1,
	CREATE_VERSION = 1,
	FILES_OPEN = 1024,
};

struct path_attr {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

int sandbox_landlock(void)
{
	const char *most = getenv("PUGMARK_LANDLOCK");
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION);
	if (most && strcmp(most, "off") == 0)
		return 0;
	if (most && *most >= '1' && *most <= '9' && version > strtol(most, NULL, 10))
		version = strtol(most, NULL, 10);
	return version > 0 ? (int)version : 0;
}

size_t sandbox_rules(int version, struct landlock_rules *rules)
{
	*rules = (struct landlock_rules){.fs = FS_ALL_V1};
	if (version >= 2)
		rules->fs |= FS_REFER;
	if (version >= 3)
		rules->fs |= FS_TRUNCATE;
	if (version >= 4)
		rules->net = NET_TCP;
	if (version >= 5)
		rules->fs |= FS_IOCTL_DEV;
	if (version >= 6)
		rules->scoped = SCOPE_ALL;
	return version >= 6 ? 24 : version >= 4 ? 16 : 8;
}

static int set_limit(int resource, const char *name, uint64_t value, struct err *err)
{
	struct rlimit now;
	if (getrlimit(resource, &now) != 0)
		return err_errno(err, "getrlimit %s", name);
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
		value = now.rlim_max;
	struct rlimit limit = {value, value};
	if (setrlimit(resource, &limit) != 0)
		return err_errno(err, "setrlimit %s", name);
	return 0;
}

/* A number of /proc/self/status; 0 where it is not there. */
static uint64_t own_status(const char *name)
{
	uint64_t value = 0;
	size_t n = strlen(name);
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, n) == 0)
			value = strtoull(line + n, NULL, 10);
	}
	(void)fclose(file);
	return value;
}

int sandbox_limit(const struct sandbox *sandbox, struct err *err)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_errno(err, "PR_SET_DUMPABLE");
	if (set_limit(RLIMIT_CORE, "CORE", 0, err) != 0 ||
		set_limit(RLIMIT_NOFILE, "NOFILE", FILES_OPEN, err) != 0 ||
		set_limit(RLIMIT_FSIZE, "FSIZE", sandbox->spill, err) != 0)
		return -1;
	/* RLIMIT_DATA counts private writable memory. What is there already is added, so that the
	 * same code holds under AddressSanitizer, whose shadow is terabytes of it. */
	uint64_t there = own_status("VmData:") * 1024;
	return set_limit(RLIMIT_DATA, "DATA", there + sandbox->memory, err);
}

static int allow_path(int ruleset, const char *path, uint64_t access, struct err *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "%s", path);
	struct path_attr attr = {access, fd};
	long rc = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &attr, 0);
	if (rc != 0)
		err_errno(err, "Landlock rule for %s", path);
	close(fd);
	return rc != 0 ? -1 : 0;
}

static int landlock_enter(const struct sandbox *sandbox, int version, struct err *err)
{
	struct landlock_rules rules;
	size_t size = sandbox_rules(version, &rules);
	uint64_t write = FS_READ_FILE | FS_READ_DIR | FS_WRITE_FILE | FS_MAKE_REG | FS_MAKE_DIR |
			 FS_REMOVE_FILE | FS_REMOVE_DIR | FS_TRUNCATE;
	long ruleset = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (ruleset < 0)
		return err_errno(err, "Landlock rule set");
	int rc = 0;
	if (sandbox->read_dir && *sandbox->read_dir)
		rc = allow_path((int)ruleset, sandbox->read_dir, FS_READ_FILE | FS_READ_DIR, err);
	if (rc == 0 && sandbox->write_dir)
		rc = allow_path((int)ruleset, sandbox->write_dir, write & rules.fs, err);
	if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		rc = err_errno(err, "Landlock");
	close((int)ruleset);
	return rc;
}

/* Root keeps the right to read other users' files (`sudo pugmark sql` on the service's folder) and
 * loses every other one. */
static int drop_capabilities(struct err *err)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];
	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &header, data) != 0)
		return err_errno(err, "capget");
	uint32_t keep = data[0].permitted & (1u << CAP_DAC_READ_SEARCH);
	memset(data, 0, sizeof(data));
	data[0].effective = data[0].permitted = keep;
	if (syscall(SYS_capset, &header, data) != 0)
		return err_errno(err, "capset");
	return 0;
}

int sandbox_enter(const struct sandbox *sandbox, struct err *err)
{
	int version = sandbox_landlock();
	if (version <= 0)
		return err_set(err, ERR_UNSUPPORTED,
			"SQL is off: this kernel has no Landlock, without which a query could "
			"read any file (Linux 5.13 or newer with landlock in its lsm= list)");
	if (own_status("Threads:") != 1) /* Landlock holds for the thread that asks for it */
		return err_set(err, ERR_UNSUPPORTED,
			"SQL is off: the SQL process has threads before its sandbox is closed");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(err, "PR_SET_NO_NEW_PRIVS");
	if (drop_capabilities(err) != 0 || landlock_enter(sandbox, version, err) != 0)
		return -1;
	return sandbox_filter(err);
}
