#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/server.h"
#include "program.h"
#include "signals.h"
#include "util/log.h"

struct guard {
	struct program *program;
	struct guard_service *service;
	pid_t child;
	int signal_fd;
	int passed_on;  /* the last signal that was */
	bool has_ended; /* the child: with this status */
	int status;
};

/* -- signals ----------------------------------------------------------------------------------- */

static void reap(struct guard *g)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == g->child) {
			g->has_ended = true;
			g->status = status;
		} else {
			guard_service_reaped(g->service);
		}
	}
}

/* What the program is to know of comes to this process, which is the one that others know. */
static void take_signal(struct guard *g)
{
	struct signalfd_siginfo info;

	if (read(g->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(g);
	else if (kill(g->child, g->passed_on = (int)info.ssi_signo) < 0)
		log_error("signal %u: not passed on: %s", info.ssi_signo, strerror(errno));
	else
		kill(g->child, SIGCONT); /* one that is stopped hears it, too */
}

/*
 * One that whoever started the program did not want (nohup) stays ignored. The last two are from a service manager
 * that hears nothing of the program, and from a terminal: it is the child that they are to end.
 */
static void choose_signals(sigset_t *set)
{
	static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGABRT, SIGQUIT};

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
		if (passed_on[i] != SIGHUP || signals_hangup_is_wanted())
			sigaddset(set, passed_on[i]);
}

/* -- the first process ------------------------------------------------------------------------- */

/* A descriptor that is -1 is not looked at any more. */
static void look_after(struct guard *g, int socket)
{
	struct pollfd fds[] = {
	    {.fd = g->signal_fd, .events = POLLIN}, {.fd = socket, .events = POLLIN}};

	while (!g->has_ended) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			take_signal(g);
		if (fds[1].revents && guard_service_answer(g->service) < 0)
			fds[1].fd = -1;
	}
}

/* As a shell has it. */
static int exit_status(const struct guard *g)
{
	int number;

	if (WIFEXITED(g->status))
		return WEXITSTATUS(g->status);
	number = WTERMSIG(g->status);
	if (number != g->passed_on)
		log_error("process %d: ended by signal %d (%s): what it held has not been exported",
		    (int)g->child, number, strsignal(number));
	return 128 + number;
}

/* However the child has ended, what it leaves is put in order. */
static int guard_run(struct guard *g, int socket)
{
	const char *control = g->program->config.control.path;
	int status;

	look_after(g, socket);
	status = exit_status(g);
	close(socket);
	close(g->signal_fd);
	guard_service_destroy(g->service);
	if (control)
		control_clean_up(control);
	return status;
}

/* -- both -------------------------------------------------------------------------------------- */

static int open_guard(struct guard *g, const sigset_t *signals, int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	g->signal_fd = signalfd(-1, signals, SFD_CLOEXEC);
	if (g->signal_fd < 0)
		return -errno;
	g->service = guard_service_create(g->program, pair[0]);
	return g->service ? 0 : -ENOMEM;
}

/* No signal gets lost on the way: they are blocked before, and in the child by the time that it goes on. */
int guard_split(struct program *p, int *socket, int *status)
{
	struct guard g = {.program = p};
	sigset_t signals, before;
	int pair[2], rc;

	choose_signals(&signals);
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &signals, &before);
	rc = open_guard(&g, &signals, pair);
	if (rc == 0) {
		g.child = fork();
		rc = g.child < 0 ? -errno : 0;
	}
	if (rc) {
		log_error("start: no helper process: %s", strerror(-rc));
		return rc;
	}
	if (g.child > 0) {
		close(pair[1]);
		*status = guard_run(&g, pair[0]);
		return 1;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(g.signal_fd);
	close(pair[0]);
	guard_service_destroy(g.service);
	*socket = pair[1];
	return 0;
}
