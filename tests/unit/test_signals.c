#include "suites.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "signals.h"

/* So often, a hundredth of a second apart, until it must have been noticed. */
#define TRIES 500

static struct config config;
static int pipe_ends[2];
static atomic_int read_error;

static int number_in(int fd)
{
	struct signalfd_siginfo info;

	return read(fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : -1;
}

static bool is_ignored(int number)
{
	struct sigaction action;

	ck_assert_int_eq(sigaction(number, NULL, &action), 0);
	return action.sa_handler == SIG_IGN;
}

START_TEST(what_ends_the_program_comes_by_a_descriptor)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	int fd;

	signal(SIGHUP, SIG_DFL); /* whatever the tests were started with */
	fd = signals_take_over(&config);
	ck_assert_int_ge(fd, 0);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		ck_assert_int_eq(kill(getpid(), numbers[i]), 0);
		ck_assert_int_eq(number_in(fd), numbers[i]);
	}
	/* It does not wait. */
	ck_assert_int_eq(number_in(fd), -1);
	close(fd);
}
END_TEST

START_TEST(a_hangup_that_was_ignored_stays_so)
{
	int fd;

	signal(SIGHUP, SIG_DFL);
	ck_assert(signals_hangup_is_wanted());
	signal(SIGHUP, SIG_IGN);
	ck_assert(!signals_hangup_is_wanted());
	fd = signals_take_over(&config);
	ck_assert_int_eq(kill(getpid(), SIGHUP), 0);
	ck_assert_int_eq(number_in(fd), -1);
	close(fd);
}
END_TEST

/* Where lines on standard output are all that is wanted, their reader's end is that of the program. */
START_TEST(who_only_writes_lines_ends_with_their_reader)
{
	config.collector_count = 1;
	close(signals_take_over(&config));
	ck_assert(!is_ignored(SIGPIPE));

	config.stats = STATS_TEXT;
	close(signals_take_over(&config));
	ck_assert(is_ignored(SIGPIPE));

	signal(SIGPIPE, SIG_DFL);
	config.stats = STATS_NONE;
	config.interface_count = 1;
	close(signals_take_over(&config));
	ck_assert(is_ignored(SIGPIPE));
}
END_TEST

START_TEST(a_file_has_no_settings_to_read_again)
{
	ck_assert(!signals_hangup_reloads(&config));
}
END_TEST

static void *wait_for_octet(void *ctx)
{
	char octet;
	int error = read(pipe_ends[0], &octet, 1) < 0 ? errno : 0;

	(void)ctx;
	atomic_store(&read_error, error);
	return NULL;
}

/* Also where the process was started with the signal blocked. */
START_TEST(a_read_that_waits_is_interrupted)
{
	pthread_t thread;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	close(signals_take_over(&config));
	ck_assert_int_eq(pipe(pipe_ends), 0);
	atomic_store(&read_error, -1);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_octet, NULL), 0);
	for (unsigned i = 0; i < TRIES && atomic_load(&read_error) < 0; i++) {
		signals_interrupt(thread);
		usleep(10000);
	}
	ck_assert_int_eq(atomic_load(&read_error), EINTR);
	pthread_join(thread, NULL);
}
END_TEST

Suite *signals_suite(void)
{
	const TTest *const tests[] = {
	    what_ends_the_program_comes_by_a_descriptor,
	    a_hangup_that_was_ignored_stays_so,
	    who_only_writes_lines_ends_with_their_reader,
	    a_file_has_no_settings_to_read_again,
	    a_read_that_waits_is_interrupted,
	};

	return SUITE_OF("signals", tests);
}
