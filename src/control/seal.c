#include "control/seal.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/log.h"

/* -- rights ------------------------------------------------------------------------------------ */

static bool may(unsigned capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability);
}

/* The groups first: who has become another user may not change them any more. */
static int change_user(const struct seal_user *u)
{
	if (!u->changes)
		return may(CAP_SETGID) && setgroups(0, NULL) < 0 ? -errno : 0;
	if (!may(CAP_SETUID) || !may(CAP_SETGID)) {
		if (u->is_wanted)
			return -EPERM;
		log_warning("--user: stays root: to become another user takes the capabilities "
			    "CAP_SETUID and CAP_SETGID");
		return 0;
	}
	if (setgroups(0, NULL) < 0 || setresgid(u->gid, u->gid, u->gid) < 0 ||
	    setresuid(u->uid, u->uid, u->uid) < 0)
		return -errno;
	return 0;
}

static int change_root(const char *root)
{
	if (!root || (chroot(root) == 0 && chdir("/") == 0))
		return 0;
	log_error("--chroot: '%s': %s", root, strerror(errno));
	return -errno;
}

/* A program that it started would have none of them either. */
static int drop_capabilities(void)
{
	capng_clear(CAPNG_SELECT_ALL);
	return capng_apply(CAPNG_SELECT_CAPS) < 0 || capng_apply(CAPNG_SELECT_AMBIENT) < 0 ? -EPERM
											   : 0;
}

int seal_rights(const struct seal_user *user)
{
	int rc = change_root(user->root);

	if (rc)
		return rc;
	capng_get_caps_process();
	if (may(CAP_SETPCAP)) {
		capng_clear(CAPNG_SELECT_BOUNDS);
		rc = capng_apply(CAPNG_SELECT_BOUNDS) < 0 ? -EPERM : 0;
	}
	if (rc == 0)
		rc = change_user(user);
	if (rc == 0)
		rc = drop_capabilities();
	if (rc == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		rc = -errno;
	if (rc)
		log_error("--seal: rights cannot be given up: %s: --seal=off goes without",
		    strerror(-rc));
	return rc;
}

/* -- system calls ------------------------------------------------------------------------------ */

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | \
	    CLONE_NEWCGROUP)
#define TYPE 0xf /* of a socket, less its flags */
/* No argument is looked at. */
#define ANY .argument = -1
/* All bits, of an argument that the kernel takes for 32 of them. */
#define ALL 0xffffffffu

/*
 * What is allowed: a call, or one with an argument that has a value where the mask has bits. Several rows of
 * a call are alternatives. Names that a machine does not have (arm64 knows no poll) are none to it.
 */
static const struct row {
	const char *call;
	int argument;
	uint64_t mask;
	uint64_t value;
} allowed[] = {
    /* Packets and messages, on what is open. */
    {"read", ANY},
    {"readv", ANY},
    {"pread64", ANY},
    {"write", ANY},
    {"writev", ANY},
    {"recvfrom", ANY},
    {"recvmsg", ANY},
    {"recvmmsg", ANY},
    {"recv", ANY},
    {"sendto", ANY},
    {"send", ANY},
    {"sendmsg", ANY},
    {"sendmmsg", ANY},
    {"close", ANY},
    {"shutdown", ANY},
    {"ftruncate", ANY},
    {"ftruncate64", ANY},
    {"lseek", ANY},
    {"_llseek", ANY},
    {"fstat", ANY},
    {"fstat64", ANY},
    {"newfstatat", 3, 0x1000 /* AT_EMPTY_PATH */, 0x1000},
    {"fcntl", 1, ALL, F_GETFD},
    {"fcntl", 1, ALL, F_SETFD},
    {"fcntl", 1, ALL, F_GETFL},
    {"fcntl", 1, ALL, F_SETFL},
    {"fcntl64", 1, ALL, F_GETFD},
    {"fcntl64", 1, ALL, F_SETFD},
    {"fcntl64", 1, ALL, F_GETFL},
    {"fcntl64", 1, ALL, F_SETFL},

    /* Clients of the control socket, which is open. */
    {"accept", ANY},
    {"accept4", ANY},
    {"ioctl", 1, ALL, FIONREAD},
    {"ioctl", 1, ALL, FIONBIO},
    /* Standard output, by stdio. */
    {"ioctl", 1, ALL, TCGETS},
    /* libpcap asks by which name an interface goes, and whether it is up. */
    {"ioctl", 1, ALL, SIOCGIFNAME},
    {"ioctl", 1, ALL, SIOCGIFINDEX},
    {"ioctl", 1, ALL, SIOCGIFFLAGS},

    /* Sessions to collectors anew, questions about interfaces, and the helper's answers: on sockets, see below. */
    {"connect", ANY},
    {"bind", ANY},
    {"getsockname", ANY},
    {"getpeername", ANY},
    {"getsockopt", ANY},
    {"setsockopt", ANY},

    /* Waiting. */
    {"poll", ANY},
    {"ppoll", ANY},
    {"ppoll_time64", ANY},
    {"epoll_wait", ANY},
    {"epoll_pwait", ANY},
    {"epoll_pwait2", ANY},
    {"epoll_ctl", ANY},
    {"epoll_create1", ANY},
    {"eventfd2", ANY},
    {"timerfd_create", ANY},
    {"timerfd_settime", ANY},
    {"timerfd_settime64", ANY},
    {"timerfd_gettime", ANY},
    {"timerfd_gettime64", ANY},
    {"nanosleep", ANY},
    {"clock_nanosleep", ANY},
    {"clock_nanosleep_time64", ANY},
    {"sched_yield", ANY},
    {"restart_syscall", ANY},

    /* Time and chance. */
    {"clock_gettime", ANY},
    {"clock_gettime64", ANY},
    {"clock_getres", ANY},
    {"clock_getres_time64", ANY},
    {"gettimeofday", ANY},
    {"time", ANY},
    {"getrandom", ANY},

    /* Memory, but none that is code: rings of records, and packet sockets' of the helper. */
    {"brk", ANY},
    {"mmap", 2, PROT_EXEC, 0},
    {"mmap2", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    {"munmap", ANY},
    {"mremap", ANY},
    {"madvise", ANY},

    /* Threads of an exporter and its resolver, after a reload; processes are refused. */
    {"clone", 0, THREAD | NAMESPACES, THREAD},
    {"set_robust_list", ANY},
    {"set_tid_address", ANY},
    {"rseq", ANY},
    {"futex", ANY},
    {"futex_time64", ANY},
    {"membarrier", ANY},
    {"sched_getaffinity", ANY},
    {"getcpu", ANY},
    {"prctl", 0, ALL, PR_SET_NAME},
    {"exit", ANY},
    {"exit_group", ANY},

    /* Signals, among its own threads. */
    {"rt_sigaction", ANY},
    {"rt_sigprocmask", ANY},
    {"rt_sigreturn", ANY},
    {"sigreturn", ANY},
    {"rt_sigtimedwait", ANY},
    {"rt_sigtimedwait_time64", ANY},
    {"sigaltstack", ANY},
    {"getpid", ANY},
    {"getppid", ANY},
    {"gettid", ANY},

    /* Who it is and how large the machine; libraries ask. */
    {"getuid", ANY},
    {"geteuid", ANY},
    {"getgid", ANY},
    {"getegid", ANY},
    {"uname", ANY},
    {"sysinfo", ANY},
    {"getrusage", ANY},
};

/* A filter cannot see a system's names that came after the library. */
static int call_number(const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR ? -ENOENT : number;
}

/* Calls that this machine does not have are nothing to allow. */
static int ignore_foreign(int rc)
{
	return rc == -EDOM ? 0 : rc;
}

static int allow(scmp_filter_ctx ctx, const struct row *row)
{
	int number = call_number(row->call);
	struct scmp_arg_cmp compare;

	if (number == -ENOENT)
		return 0;
	if (row->argument < 0)
		return ignore_foreign(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0));
	compare = SCMP_CMP((unsigned)row->argument, SCMP_CMP_MASKED_EQ, row->mask, row->value);
	return ignore_foreign(seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, number, 1, &compare));
}

/* A pair that is not connected for good, as one of datagrams, would reach any socket of this machine by its path. */
static const struct socket_row {
	const char *call;
	unsigned family, type, protocol;
} sockets[] = {
    {"socket", AF_INET, SOCK_DGRAM, 0},
    {"socket", AF_INET, SOCK_DGRAM, IPPROTO_UDP},
    {"socket", AF_INET6, SOCK_DGRAM, 0},
    {"socket", AF_INET6, SOCK_DGRAM, IPPROTO_UDP},
    {"socket", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
    {"socket", AF_NETLINK, SOCK_RAW, NETLINK_GENERIC},
    {"socketpair", AF_UNIX, SOCK_SEQPACKET, 0},
};

/* Neither raw packets nor other protocols. */
static int allow_sockets(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(sockets) / sizeof(*sockets); i++) {
		const struct socket_row *row = &sockets[i];

		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call_number(row->call), 3,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, ALL, row->family),
		    SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE, row->type),
		    SCMP_A2(SCMP_CMP_MASKED_EQ, ALL, row->protocol));
	}
	return rc;
}

/* Signals to its own process alone. */
static int allow_own_signals(scmp_filter_ctx ctx)
{
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, ALL, (scmp_datum_t)getpid()));
}

/* Its flags are in memory, where a filter cannot look: the C library goes back to clone() then. */
static int refuse_clone3(scmp_filter_ctx ctx)
{
	int number = call_number("clone3");

	return number == -ENOENT ? 0 : seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), number, 0);
}

static int fill(scmp_filter_ctx ctx)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(*allowed); i++)
		rc = allow(ctx, &allowed[i]);
	if (rc == 0)
		rc = allow_sockets(ctx);
	if (rc == 0)
		rc = allow_own_signals(ctx);
	return rc ? rc : refuse_clone3(ctx);
}

int seal_calls(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = ctx ? fill(ctx) : -ENOMEM;

	if (rc == 0)
		rc = seccomp_load(ctx);
	if (ctx)
		seccomp_release(ctx);
	if (rc)
		log_error("--seal: system calls cannot be limited: %s: --seal=off goes without",
		    strerror(-rc));
	return rc;
}
