/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_filter.c: the seccomp filter of the SQL child: a list of the system calls that a database
 * engine needs, some of them for certain arguments only; every other one fails with EPERM.
 */
#include "query/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#else
#error "the list of system calls is written for x86-64 and aarch64"
#endif

#define ALLOW       SECCOMP_RET_ALLOW
#define REFUSE(e)   (SECCOMP_RET_ERRNO | (e))
#define ARG(n)      ((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (n))) /* low half */
#define NAME_OF_VMA 0x53564d41 /* PR_SET_VMA: glibc names its arenas */

static const int allowed[] = {
	SYS_read,
	SYS_pread64,
	SYS_readv,
	SYS_preadv,
	SYS_write,
	SYS_pwrite64,
	SYS_writev,
	SYS_pwritev,
	SYS_close,
	SYS_lseek,
	SYS_fstat,
	SYS_newfstatat,
	SYS_statx,
	SYS_faccessat,
	SYS_faccessat2,
	SYS_readlinkat,
	SYS_getdents64,
	SYS_getcwd,
	SYS_ftruncate,
	SYS_fallocate,
	SYS_fsync,
	SYS_fdatasync,
	SYS_fadvise64,
	SYS_fstatfs,
	SYS_statfs,
	SYS_unlinkat,
	SYS_mkdirat,
	SYS_renameat,
	SYS_dup,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_brk,
	SYS_futex,
	SYS_set_robust_list,
	SYS_rseq,
	SYS_sched_yield,
	SYS_sched_getaffinity,
	SYS_getcpu,
	SYS_membarrier,
	SYS_rt_sigaction,
	SYS_rt_sigprocmask,
	SYS_rt_sigreturn,
	SYS_sigaltstack,
	SYS_exit,
	SYS_exit_group,
	SYS_restart_syscall,
	SYS_gettid,
	SYS_getpid,
	SYS_getppid,
	SYS_getuid,
	SYS_geteuid,
	SYS_getgid,
	SYS_getegid,
	SYS_clock_gettime,
	SYS_clock_getres,
	SYS_clock_nanosleep,
	SYS_nanosleep,
	SYS_gettimeofday,
	SYS_getrusage,
	SYS_times,
	SYS_getrandom,
	SYS_uname,
	SYS_sysinfo,
	SYS_ppoll,
	SYS_set_tid_address,
#ifdef __x86_64__
	SYS_stat,
	SYS_lstat,
	SYS_access,
	SYS_readlink,
	SYS_unlink,
	SYS_rmdir,
	SYS_mkdir,
	SYS_rename,
	SYS_poll,
	SYS_time,
	SYS_arch_prctl,
#endif
};

/* Commands of fcntl: not F_SETOWN and F_SETSIG, which send signals to other processes. */
static const int fcntl_commands[] = {
	F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC};

enum { FILTER_MAX = 512 };
struct program {
	struct sock_filter code[FILTER_MAX];
	unsigned n;
};

static void put(struct program *p, uint16_t code, uint32_t k, uint8_t yes, uint8_t no)
{
	if (p->n < FILTER_MAX)
		p->code[p->n] = (struct sock_filter){code, yes, no, k};
	p->n++;
}

static void load(struct program *p, uint32_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void answer(struct program *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* "Where the loaded word is k: answer"; what follows sees the same word. */
static void when_equal(struct program *p, uint32_t k, uint32_t action)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	answer(p, action);
}

static void when_any_bit(struct program *p, uint32_t bits, uint32_t action)
{
	put(p, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	answer(p, action);
}

/* Begins the rules of one call: they run for `call` only and must end with answer(). Returns the
 * place of the jump, for rules_end to aim. */
static unsigned rules_begin(struct program *p, int call)
{
	load(p, (uint32_t)offsetof(struct seccomp_data, nr));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 0);
	return p->n - 1;
}

static void rules_end(struct program *p, unsigned at)
{
	if (p->n <= FILTER_MAX)
		p->code[at].jf = (uint8_t)(p->n - at - 1);
}

/* Opening a file read-only with O_TRUNC empties it, and Landlock before version 3 looks only at
 * the right to read. */
static void rules_open(struct program *p, int call, int flags_arg)
{
	unsigned at = rules_begin(p, call);
	load(p, ARG(flags_arg));
	put(p, BPF_JMP | BPF_JSET | BPF_K, O_TRUNC, 0, 2);
	put(p, BPF_JMP | BPF_JSET | BPF_K, O_WRONLY | O_RDWR, 1, 0);
	answer(p, REFUSE(EPERM));
	answer(p, ALLOW);
	rules_end(p, at);
}

static void rules_threads(struct program *p)
{
	unsigned at = rules_begin(p, SYS_clone);
	load(p, ARG(0));
	when_any_bit(p, CLONE_THREAD, ALLOW);
	answer(p, REFUSE(EPERM));
	rules_end(p, at);
	/* The flags of clone3 lie in memory, where a filter cannot look: glibc falls back. */
	at = rules_begin(p, SYS_clone3);
	answer(p, REFUSE(ENOSYS));
	rules_end(p, at);
	at = rules_begin(p, SYS_tgkill); /* abort() */
	load(p, ARG(0));
	when_equal(p, (uint32_t)getpid(), ALLOW);
	answer(p, REFUSE(EPERM));
	rules_end(p, at);
}

/* Code is loaded by now: nothing may become executable any more. Shared memory is refused because
 * RLIMIT_DATA does not count it. */
static void rules_memory(struct program *p)
{
	const int calls[] = {SYS_mmap, SYS_mprotect};
	for (unsigned i = 0; i < 2; i++) {
		unsigned at = rules_begin(p, calls[i]);
		load(p, ARG(2));
		when_any_bit(p, PROT_EXEC, REFUSE(EPERM));
		if (calls[i] == SYS_mmap) {
			load(p, ARG(3));
			when_any_bit(p, MAP_SHARED, REFUSE(EPERM));
		}
		answer(p, ALLOW);
		rules_end(p, at);
	}
}

static void rules_rest(struct program *p)
{
	unsigned at = rules_begin(p, SYS_prlimit64); /* reading its own limits */
	load(p, ARG(2));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(p, REFUSE(EPERM));
	load(p, ARG(2) + 4);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	answer(p, REFUSE(EPERM));
	load(p, ARG(0));
	when_equal(p, 0, ALLOW);
	answer(p, REFUSE(EPERM));
	rules_end(p, at);
	at = rules_begin(p, SYS_fcntl);
	load(p, ARG(1));
	for (size_t i = 0; i < sizeof(fcntl_commands) / sizeof(fcntl_commands[0]); i++)
		when_equal(p, (uint32_t)fcntl_commands[i], ALLOW);
	answer(p, REFUSE(EPERM));
	rules_end(p, at);
	at = rules_begin(p, SYS_prctl);
	load(p, ARG(0));
	when_equal(p, PR_SET_NAME, ALLOW);
	when_equal(p, NAME_OF_VMA, ALLOW);
	answer(p, REFUSE(EPERM));
	rules_end(p, at);
	at = rules_begin(p, SYS_ioctl); /* isatty() */
	answer(p, REFUSE(ENOTTY));
	rules_end(p, at);
}

static void build(struct program *p)
{
	load(p, (uint32_t)offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
	answer(p, SECCOMP_RET_KILL_PROCESS);
	load(p, (uint32_t)offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	put(p, BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1); /* the x32 set of calls */
	answer(p, SECCOMP_RET_KILL_PROCESS);
#endif
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		when_equal(p, (uint32_t)allowed[i], ALLOW);
	rules_open(p, SYS_openat, 2);
#ifdef __x86_64__
	rules_open(p, SYS_open, 1);
#endif
	rules_threads(p);
	rules_memory(p);
	rules_rest(p);
	answer(p, REFUSE(EPERM));
}

int sandbox_filter(struct err *err)
{
	struct program p = {.n = 0};
	build(&p);
	if (p.n > FILTER_MAX)
		return err_set(err, ERR_UNSUPPORTED, "the seccomp filter is too long");
	struct sock_fprog fprog = {(unsigned short)p.n, p.code};
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &fprog) != 0) {
		err_errno(err, "SQL is off: seccomp");
		if (err)
			err->kind = ERR_UNSUPPORTED;
		return -1;
	}
	return 0;
}
