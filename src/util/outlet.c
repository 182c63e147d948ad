#include "util/outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/reopen.h"

#define PATIENCE_MS 100
#define TEXT_PATIENCE_MS 10000

static struct {
	int fd;
	bool is_socket;
	bool is_journal;
	bool is_stuck; /* the last line was lost */
	bool is_torn;  /* a part of it was not */
} outlet = {.fd = STDERR_FILENO};

static bool names_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];

	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	return stream && strcmp(stream, here) == 0;
}

void outlet_open(void)
{
	struct stat st;
	int fd;

	if (outlet.fd != STDERR_FILENO)
		close(outlet.fd);
	memset(&outlet, 0, sizeof(outlet));
	outlet.fd = STDERR_FILENO;
	if (fstat(STDERR_FILENO, &st) < 0)
		return;
	outlet.is_socket = S_ISSOCK(st.st_mode);
	outlet.is_journal = names_journal(&st);
	fd = reopen_unblocked(STDERR_FILENO);
	if (fd >= 0)
		outlet.fd = fd;
}

void outlet_use(int fd)
{
	outlet.fd = fd;
}

bool outlet_is_journal(void)
{
	return outlet.is_journal;
}

static bool is_ready(int patience_ms)
{
	struct pollfd fd = {.fd = outlet.fd, .events = POLLOUT};
	int n = poll(&fd, 1, patience_ms);

	/* Signals may keep coming until this thread goes on: it does not wait again. */
	if (n < 0 && errno == EINTR)
		n = poll(&fd, 1, 0);
	return n > 0;
}

static ssize_t write_once(const char *octets, size_t size)
{
	ssize_t n;

	do
		n = outlet.is_socket ? send(outlet.fd, octets, size, MSG_DONTWAIT | MSG_NOSIGNAL)
				     : write(outlet.fd, octets, size);
	while (n < 0 && errno == EINTR);
	return n;
}

/* A broken pipe is an error, not the signal that would end the program. */
static ssize_t write_unsignalled(const char *octets, size_t size)
{
	struct timespec none = {0};
	sigset_t broken, before;
	ssize_t n;

	sigemptyset(&broken);
	sigaddset(&broken, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken, &before);
	n = write_once(octets, size);
	if (n < 0 && errno == EPIPE && !sigismember(&before, SIGPIPE))
		sigtimedwait(&broken, NULL, &none);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

static bool write_whole(const char *line, size_t size)
{
	ssize_t n;

	if (!is_ready(outlet.is_stuck ? 0 : PATIENCE_MS))
		return false;
	if (outlet.is_torn && write_unsignalled("\n", 1) != 1)
		return false;
	outlet.is_torn = false;
	n = write_unsignalled(line, size);
	if (n > 0 && (size_t)n < size) {
		ssize_t rest = write_unsignalled(line + n, size - (size_t)n);

		n += rest > 0 ? rest : 0;
		outlet.is_torn = (size_t)n < size;
	}
	return n == (ssize_t)size;
}

bool outlet_write(const char *line, size_t size)
{
	bool is_written = write_whole(line, size);

	outlet.is_stuck = !is_written;
	return is_written;
}

bool outlet_write_text(const char *text, size_t size)
{
	while (size > 0 && is_ready(TEXT_PATIENCE_MS)) {
		ssize_t n = write_unsignalled(text, size < PIPE_BUF ? size : PIPE_BUF);

		if (n < 0 && errno != EAGAIN)
			break;
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return size == 0;
}
