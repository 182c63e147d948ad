/*
 * measure: runs a command and writes one line about it into a file:
 *
 *     STATUS SECONDS CPU_SECONDS PEAK_RSS_KB PEAK_ANON_KB
 *
 * the exit status, the wall time of the whole process, the processor time of
 * all its threads and of the children that it waited for, its largest resident
 * set, and the largest part of that which is its own memory. The two differ
 * for a program that maps its input: pages of the file count as resident. The
 * kernel keeps no peak of the second, so it is looked up every 10 ms.
 *
 * A command that takes longer than a limit is ended; its status is 124 then.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_LATE = 124, GRACE_SECONDS = 5 };

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static double seconds_of(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec * 1e-6;
}

static long anonymous_kb(pid_t pid)
{
	char path[64], line[128];
	long kb = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "RssAnon:", 8) == 0)
			kb = strtol(line + 8, NULL, 10);
	fclose(file);
	return kb;
}

/* SIGTERM at the limit, and SIGKILL where that was not enough. Whether the limit has passed. */
static bool enforce_limit(pid_t pid, double limit_s, double begin_s)
{
	double over_s = now_s() - begin_s - limit_s;

	if (limit_s <= 0 || over_s <= 0)
		return false;
	kill(pid, over_s < GRACE_SECONDS ? SIGTERM : SIGKILL);
	return true;
}

/*
 * Waits for the child, looking at its memory meanwhile. The exit is noticed
 * at once: SIGCHLD is blocked and waited for.
 */
static int watch(pid_t pid, double limit_s, struct rusage *usage, long *peak_anon_kb)
{
	const struct timespec interval = {.tv_nsec = 10 * 1000 * 1000};
	double begin_s = now_s();
	bool late = false;
	sigset_t child;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (wait4(pid, &status, WNOHANG, usage) == 0) {
		long kb = anonymous_kb(pid);

		if (kb > *peak_anon_kb)
			*peak_anon_kb = kb;
		late = enforce_limit(pid, limit_s, begin_s);
		sigtimedwait(&child, NULL, &interval);
	}
	if (late)
		return STATUS_LATE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t start(char **command)
{
	sigset_t child, before;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &before);
	pid = fork();
	if (pid != 0)
		return pid;
	sigprocmask(SIG_SETMASK, &before, NULL);
	execvp(command[0], command);
	fprintf(stderr, "measure: %s: %s\n", command[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	long peak_anon_kb = 0;
	double begin, limit_s = 0;
	FILE *out;
	pid_t pid;
	int status;

	if (argc > 2 && strcmp(argv[1], "-l") == 0) {
		limit_s = strtod(argv[2], NULL);
		argv += 2;
		argc -= 2;
	}
	if (argc < 3) {
		fputs("usage: measure [-l SECONDS] RESULT COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	out = fopen(argv[1], "we");
	if (out == NULL) {
		fprintf(stderr, "measure: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	begin = now_s();
	pid = start(argv + 2);
	if (pid < 0) {
		fprintf(stderr, "measure: fork: %s\n", strerror(errno));
		return 1;
	}
	status = watch(pid, limit_s, &usage, &peak_anon_kb);
	fprintf(out, "%d %.6f %.6f %ld %ld\n", status, now_s() - begin,
	    seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime), usage.ru_maxrss,
	    peak_anon_kb);
	return fclose(out) == 0 ? 0 : 1;
}
