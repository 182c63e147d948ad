/* A process that seals itself, and what it can do then. */
#include "control/seal.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "suites.h"
#include "support/said.h"

#define NOBODY 65534

/* -- what is refused --------------------------------------------------------------------------- */

static long open_file(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static long make_file(void)
{
	return open("/tmp/spanflow-sealed", O_CREAT | O_WRONLY, 0600);
}

static long remove_file(void)
{
	return unlink("/tmp/spanflow-sealed");
}

static long start_program(void)
{
	char *const argv[] = {(char *)"true", NULL};

	return execv("/bin/true", argv);
}

static long packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static long raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, 1);
}

static long raw_socket_6(void)
{
	return socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, 58);
}

static long unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static long tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long other_internet_protocol(void)
{
	return socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);
}

static long other_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

/* Either end would reach other programs' sockets. */
static long pair_of_datagrams(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
}

static long become_root(void)
{
	return setuid(0);
}

static long process(void)
{
	return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static long process_by_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0);
}

static long namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long signal_others(void)
{
	return kill(getppid(), 0);
}

static long code(void)
{
	void *page = mmap(
	    NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -1 : 0;
}

static char own_page[8192] __attribute__((aligned(4096)));

static long make_code(void)
{
	return mprotect(own_page, 4096, PROT_READ | PROT_EXEC);
}

static long dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static const struct refusal {
	long (*try)(void);
	int error;
} refusals[] = {
    {open_file, EPERM},
    {make_file, EPERM},
    {remove_file, EPERM},
    {start_program, EPERM},
    {packet_socket, EPERM},
    {raw_socket, EPERM},
    {raw_socket_6, EPERM},
    {unix_socket, EPERM},
    {tcp_socket, EPERM},
    {other_internet_protocol, EPERM},
    {other_netlink, EPERM},
    {pair_of_datagrams, EPERM},
    {become_root, EPERM},
    {process, EPERM},
    {process_by_clone3, ENOSYS},
    {namespace, EPERM},
    {trace, EPERM},
    {signal_others, EPERM},
    {code, EPERM},
    {make_code, EPERM},
    {dumpable, EPERM},
};

/* -- what goes on ------------------------------------------------------------------------------ */

static void *nothing(void *arg)
{
	return arg;
}

static bool has_threads(void)
{
	pthread_t thread;
	void *result = NULL;

	return pthread_create(&thread, NULL, nothing, own_page) == 0 &&
	    pthread_setname_np(pthread_self(), "sealed") == 0 &&
	    pthread_join(thread, &result) == 0 && result == own_page;
}

static bool has_sockets(void)
{
	int pair[2];

	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 &&
	    socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, IPPROTO_UDP) >= 0 &&
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) >= 0 &&
	    socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC) >= 0 &&
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0;
}

static bool has_memory(void)
{
	char *large = malloc(64 << 20);
	bool has = large != NULL;

	free(large);
	return has;
}

static bool (*const goes_on[])(void) = {has_threads, has_sockets, has_memory};

/* -- cases ------------------------------------------------------------------------------------- */

/* The exit status of a process that is sealed and does that; what it cannot do it says by a number. */
static int sealed(int (*work)(void))
{
	struct seal_user user = {.changes = geteuid() == 0, .uid = NOBODY, .gid = NOBODY};
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(seal_rights(&user) < 0 || seal_calls() < 0 ? 255 : work());
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

static int try_refusals(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		errno = 0;
		if (refusals[i].try() != -1 || errno != refusals[i].error)
			return (int)i + 1;
	}
	return 0;
}

static int try_to_go_on(void)
{
	for (size_t i = 0; i < sizeof(goes_on) / sizeof(*goes_on); i++)
		if (!goes_on[i]())
			return (int)i + 1;
	return 0;
}

START_TEST(test_refused)
{
	ck_assert_int_eq(sealed(try_refusals), 0);
}
END_TEST

START_TEST(test_allowed)
{
	ck_assert_int_eq(sealed(try_to_go_on), 0);
}
END_TEST

/* Whoever asks may not do so any more once calls are limited. */
START_TEST(test_user)
{
	struct seal_user user = {.changes = true, .uid = NOBODY, .gid = NOBODY};
	pid_t pid;
	int status;

	if (geteuid() != 0)
		return;
	pid = fork();
	if (pid == 0)
		_exit(seal_rights(&user) < 0 || geteuid() != NOBODY || getegid() != NOBODY ||
		    getgroups(0, NULL) != 0 || setuid(0) == 0);
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Below a new root there is nothing but what is in it, the directory that it was in included. */
START_TEST(test_root)
{
	char root[] = "/tmp/spanflow-root-XXXXXX";
	struct seal_user user = {.root = root};
	int status;
	pid_t pid;

	if (geteuid() != 0)
		return;
	ck_assert_ptr_nonnull(mkdtemp(root));
	pid = fork();
	if (pid == 0)
		_exit(seal_rights(&user) < 0 || access("/etc", F_OK) == 0 ||
		    access("../etc", F_OK) == 0 || chroot("/") == 0);
	waitpid(pid, &status, 0);
	rmdir(root);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(test_no_root)
{
	static const char *const roots[] = {"/nonexistent/spanflow", "/etc/passwd"};

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		struct seal_user user = {.root = roots[i]};
		int rc;

		said_begin();
		rc = seal_rights(&user);
		ck_assert_ptr_nonnull(strstr(said_end(), roots[i]));
		ck_assert_int_lt(rc, 0);
	}
}
END_TEST

Suite *seal_suite(void)
{
	const TTest *const tests[] = {
	    test_user, test_root, test_no_root, test_refused, test_allowed};

	/* Sanitizers do at the end of a process what a sealed one may not. */
	return suite_of("seal", tests, SEAL_DEFAULT[1] == 'n' ? 5 : 0);
}
