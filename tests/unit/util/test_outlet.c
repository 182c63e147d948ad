#include "suites.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/now.h"
#include "util/outlet.h"

static int saved;

static void put_stderr_on(int fd)
{
	saved = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void put_stderr_back(void)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
	outlet_open();
}

/* Writes until a line is lost; how many were not. */
static unsigned fill(void)
{
	char line[4096];
	unsigned n = 0;

	memset(line, 'x', sizeof(line));
	while (outlet_write(line, sizeof(line)))
		n++;
	return n;
}

/* Whoever reads is stuck: one line waits a little, the others do not, and the flag is not ours. */
static void check_stuck(int reader, int writer)
{
	char octets[4096];
	uint64_t begin;
	unsigned n;

	put_stderr_on(writer);
	outlet_open();
	n = fill();
	begin = steady_now();
	for (unsigned i = 0; i < 100; i++)
		ck_assert(!outlet_write("lost\n", 5));
	ck_assert_uint_lt(steady_now() - begin, NS_PER_S);
	ck_assert(!(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK));
	while (n--)
		ck_assert_int_eq(
		    recv(reader, octets, sizeof(octets), MSG_WAITALL) < 0 && errno == ENOTSOCK
			? read(reader, octets, sizeof(octets))
			: (ssize_t)sizeof(octets),
		    sizeof(octets));
	ck_assert(outlet_write("said\n", 5));
	ck_assert_int_eq(read(reader, octets, sizeof(octets)), 5);
	put_stderr_back();
}

START_TEST(a_stuck_pipe_stops_nobody)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	check_stuck(fds[0], fds[1]);
}
END_TEST

START_TEST(a_stuck_socket_stops_nobody)
{
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	check_stuck(fds[0], fds[1]);
}
END_TEST

/* Nobody opens it again for us here: poll() alone must do. */
START_TEST(a_stuck_pipe_that_is_not_opened_again_stops_nobody)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	put_stderr_on(fds[1]);
	ck_assert_uint_eq(fill(), 16);
	ck_assert(!outlet_write("lost\n", 5));
	put_stderr_back();
}
END_TEST

START_TEST(a_closed_pipe_loses_lines_and_raises_no_signal)
{
	int fds[2];
	sigset_t pending;

	signal(SIGPIPE, SIG_DFL);
	ck_assert_int_eq(pipe(fds), 0);
	put_stderr_on(fds[1]);
	outlet_open();
	close(fds[0]);
	ck_assert(!outlet_write("lost\n", 5));
	ck_assert(!outlet_write("lost\n", 5));
	put_stderr_back();
	sigpending(&pending);
	ck_assert(!sigismember(&pending, SIGPIPE));
}
END_TEST

START_TEST(a_full_disk_loses_lines)
{
	int full = open("/dev/full", O_WRONLY);

	put_stderr_on(full);
	outlet_open();
	ck_assert(!outlet_write("lost\n", 5));
	put_stderr_back();
}
END_TEST

/* The largest size that a file may have stands for a disk with little room. */
START_TEST(a_line_that_was_torn_is_ended_before_the_next_one)
{
	struct rlimit small = {.rlim_cur = 8, .rlim_max = RLIM_INFINITY}, before;
	char octets[32] = "";
	FILE *file = tmpfile();

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	put_stderr_on(fileno(file));
	outlet_open();
	setrlimit(RLIMIT_FSIZE, &small);
	ck_assert(!outlet_write("first line\n", 11));
	ck_assert(!outlet_write("second\n", 7));
	small.rlim_cur = before.rlim_cur;
	setrlimit(RLIMIT_FSIZE, &small);
	ck_assert(outlet_write("third\n", 6));
	put_stderr_back();
	ck_assert_int_gt(pread(fileno(file), octets, sizeof(octets) - 1, 0), 0);
	ck_assert_str_eq(octets, "first li\nthird\n");
	fclose(file);
}
END_TEST

START_TEST(the_journal_is_known_by_its_device_and_inode)
{
	char here[64];
	struct stat st;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	put_stderr_on(fds[1]);
	fstat(STDERR_FILENO, &st);
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", here, 1);
	outlet_open();
	ck_assert(outlet_is_journal());
	here[strlen(here) - 1] ^= 1;
	setenv("JOURNAL_STREAM", here, 1);
	outlet_open();
	ck_assert(!outlet_is_journal());
	unsetenv("JOURNAL_STREAM");
	outlet_open();
	ck_assert(!outlet_is_journal());
	put_stderr_back();
}
END_TEST

Suite *outlet_suite(void)
{
	const TTest *const tests[] = {a_stuck_pipe_stops_nobody, a_stuck_socket_stops_nobody,
	    a_stuck_pipe_that_is_not_opened_again_stops_nobody,
	    a_closed_pipe_loses_lines_and_raises_no_signal, a_full_disk_loses_lines,
	    a_line_that_was_torn_is_ended_before_the_next_one,
	    the_journal_is_known_by_its_device_and_inode};

	return SUITE_OF("outlet", tests);
}
