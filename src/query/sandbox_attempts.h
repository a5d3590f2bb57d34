/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_attempts.h: for sandbox_test.c: what code would try from inside the sandbox that had taken
 * over DuckDB, call by call, with the errno that it must get. */
#ifndef QUERY_SANDBOX_ATTEMPTS_H
#define QUERY_SANDBOX_ATTEMPTS_H

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "query/fake_store.h"

static struct store store;
static char spill[2 * PATH_MAX];

static char *in_store(const char *name)
{
	static char path[2 * PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", store.dir, name);
	return path;
}

static long do_open(const char *path, int flags)
{
	return open(path, flags | O_CLOEXEC, 0600);
}
static long try_passwd(void)
{
	return do_open("/etc/passwd", O_RDONLY);
}
static long try_catalog(void)
{
	return do_open(in_store("catalog.db"), O_RDONLY);
}
static long try_vault(void)
{
	return do_open(in_store("vault/src/000001.zst"), O_RDONLY);
}
static long try_folder(void)
{
	return do_open(store.dir, O_RDONLY | O_DIRECTORY);
}
static long try_link(void)
{
	return do_open(in_store("tables/link"), O_RDONLY);
}
static long try_up(void)
{
	return do_open(in_store("tables/../catalog.db"), O_RDONLY);
}
static long try_environ(void)
{
	return do_open("/proc/self/environ", O_RDONLY);
}
static long try_memory(void)
{
	return do_open("/proc/self/mem", O_RDWR);
}
static long try_write_table(void)
{
	return do_open(in_store("tables/bitbucket_audit_logs/000001.parquet"), O_WRONLY);
}
static long try_empty_table(void)
{
	return do_open(in_store("tables/bitbucket_audit_logs/000001.parquet"), O_RDONLY | O_TRUNC);
}
static long try_truncate(void)
{
	return truncate(in_store("tables/bitbucket_audit_logs/000001.parquet"), 0);
}
static long try_create(void)
{
	return do_open(in_store("tables/new"), O_RDWR | O_CREAT);
}
static long try_unlink(void)
{
	return unlink(in_store("tables/bitbucket_audit_logs/000001.parquet"));
}
static long try_chmod(void)
{
	return chmod(in_store("tables/bitbucket_audit_logs/000001.parquet"), 0777);
}
static long try_rename(void)
{
	char from[3 * PATH_MAX];
	snprintf(from, sizeof(from), "%s/inside", spill);
	if (do_open(from, O_RDWR | O_CREAT) < 0)
		return 0; /* must be possible */
	return rename(from, in_store("tables/inside"));
}
static long try_symlink(void)
{
	return symlink("/etc/passwd", in_store("spill/out"));
}
static long try_hard_link(void)
{
	return link(in_store("catalog.db"), in_store("spill/catalog"));
}
static long try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}
static long try_socket6(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0);
}
static long try_socket_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long try_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(0);
	return pid;
}
static long try_exec(void)
{
	char name[] = "true", *argv[] = {name, NULL};
	return execve("/bin/true", argv, NULL);
}
static long try_ptrace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), 0, 0);
}
static long try_kill(void)
{
	return kill(getppid(), 0);
}
static long try_thread_kill(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0);
}
static long try_read_parent(void)
{
	return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}
static long try_owner(void)
{
	return fcntl(0, F_SETOWN, getppid());
}
static long try_terminal(void)
{
	return ioctl(0, TIOCSTI, "x");
}
static long try_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}
static long try_shared(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}
static long try_memfd(void)
{
	return memfd_create("x", 0);
}
static long try_ring(void)
{
	struct io_uring_params params;
	memset(&params, 0, sizeof(params));
	return syscall(SYS_io_uring_setup, 1, &params);
}
static long try_limit(void)
{
	struct rlimit limit = {0, 0};
	return setrlimit(RLIMIT_CORE, &limit);
}
static long try_parent_limit(void)
{
	struct rlimit limit;
	return prlimit(getppid(), RLIMIT_DATA, NULL, &limit);
}
static long try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static long try_mount(void)
{
	return mount("none", store.dir, "tmpfs", 0, NULL);
}
static long try_unshare(void)
{
	return unshare(CLONE_NEWUSER);
}
static long try_keys(void)
{
	return syscall(SYS_keyctl, 0, -3, 0, 0, 0);
}
static long try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}
static long try_memory_limit(void)
{
	void *p = mmap(NULL, 128 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? -1 : 0;
}

static const struct {
	const char *name;
	long (*attempt)(void);
	int expected; /* errno; 0 = EPERM or EACCES */
} attempts[] = {
	{"read /etc/passwd", try_passwd, EACCES},
	{"read the catalog", try_catalog, EACCES},
	{"read the vault", try_vault, EACCES},
	{"list the data folder", try_folder, EACCES},
	{"follow a symlink out of tables/", try_link, EACCES},
	{"climb out of tables/", try_up, EACCES},
	{"read the environment", try_environ, EACCES},
	{"open its own memory", try_memory, EACCES},
	{"write to a table", try_write_table, EACCES},
	{"empty a table by open", try_empty_table, 0},
	{"empty a table by truncate", try_truncate, EPERM},
	{"create in tables/", try_create, EACCES},
	{"unlink in tables/", try_unlink, EACCES},
	{"chmod a table", try_chmod, EPERM},
	{"rename into tables/", try_rename, EACCES},
	{"make a symlink", try_symlink, EPERM},
	{"make a hard link", try_hard_link, EPERM},
	{"TCP socket", try_socket, EPERM},
	{"UDP socket", try_socket6, EPERM},
	{"unix socket", try_socket_unix, EPERM},
	{"netlink socket", try_netlink, EPERM},
	{"fork", try_fork, EPERM},
	{"exec", try_exec, EPERM},
	{"ptrace", try_ptrace, EPERM},
	{"signal the parent", try_kill, EPERM},
	{"signal the parent's thread", try_thread_kill, EPERM},
	{"read the parent's memory", try_read_parent, EPERM},
	{"signals by descriptor", try_owner, EPERM},
	{"type into the terminal", try_terminal, ENOTTY},
	{"new code", try_code, EPERM},
	{"shared memory", try_shared, EPERM},
	{"memory file", try_memfd, EPERM},
	{"io_uring", try_ring, EPERM},
	{"set a limit", try_limit, EPERM},
	{"read the parent's limit", try_parent_limit, EPERM},
	{"become dumpable", try_dumpable, EPERM},
	{"mount", try_mount, EPERM},
	{"new namespace", try_unshare, EPERM},
	{"keyring", try_keys, EPERM},
	{"bpf", try_bpf, EPERM},
	{"more memory than the limit", try_memory_limit, ENOMEM},
};

#endif
