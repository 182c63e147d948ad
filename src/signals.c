#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* -- hangups ----------------------------------------------------------------------------------- */

bool signals_hangup_is_wanted(void)
{
	struct sigaction action;

	return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN;
}

static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A terminal that is closed ends the program; where there is none a hangup is a word of an administrator. */
bool signals_hangup_reloads(const struct config *c)
{
	return config_is_live(c) && !has_terminal();
}

/* -- the interruption -------------------------------------------------------------------------- */

static void interrupted(int signal_number)
{
	(void)signal_number;
}

/* SIGUSR1 does nothing but end a read from a pipe in which nothing comes. */
static void install_interrupt(void)
{
	struct sigaction action = {.sa_handler = interrupted};
	sigset_t set;

	sigaction(SIGUSR1, &action, NULL);
	/* Who started the program may have blocked it. */
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void signals_interrupt(pthread_t thread)
{
	pthread_kill(thread, SIGUSR1);
}

/* -- taking over ------------------------------------------------------------------------------- */

/*
 * Whoever reads the lines of a capture may have seen enough, as head(1) has. Where they are all that is wanted
 * there is nothing left to do, and nothing to say: SIGPIPE ends the program as it does others.
 */
static bool ends_with_reader(const struct config *c)
{
	return !config_is_live(c) && c->stats == STATS_NONE && c->collector_count == 1 &&
	    !c->collectors[0].host && !c->collectors[0].path;
}

int signals_take_over(const struct config *c)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (signals_hangup_is_wanted())
		sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (!ends_with_reader(c))
		signal(SIGPIPE, SIG_IGN);
	install_interrupt();
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
