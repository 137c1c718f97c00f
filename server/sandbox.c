#include "server/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#define FOREIGN_BIT 0x40000000 /* the x32 calls have numbers of their own */
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#define FOREIGN_BIT 0x80000000
#endif

#ifdef ARCH

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, \
	offsetof(struct seccomp_data, field))
#define DIE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
/* Skips the DIE that follows unless the call is this one. */
#define NOT(call) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##call, 0, 1), DIE

#define BEGIN \
	LOAD(arch), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0), DIE, \
	LOAD(nr), \
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FOREIGN_BIT, 0, 1), DIE
#define NO_PROGRAMS \
	NOT(execve), NOT(execveat), NOT(process_vm_writev), NOT(process_vm_readv)

static struct sock_filter no_programs[] = { BEGIN, NO_PROGRAMS, ALLOW };
static struct sock_filter no_sockets[] = {
	BEGIN, NO_PROGRAMS, NOT(socket), NOT(connect), NOT(bind), ALLOW
};

#define COUNT(a) ((unsigned short)(sizeof(a) / sizeof((a)[0])))

bool sandbox_enter(enum sandbox kind)
{
	const struct sock_fprog program = kind == SANDBOX_NO_SOCKETS ?
		(struct sock_fprog){ COUNT(no_sockets), no_sockets } :
		(struct sock_fprog){ COUNT(no_programs), no_programs };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#else /* another machine: its numbers are not known here */

bool sandbox_enter(enum sandbox kind)
{
	(void)kind;
	return false;
}

#endif
