/*
 * measure: runs a command and writes one line about it into a file:
 *
 *     STATUS SECONDS PEAK_RSS_KB PEAK_ANON_KB
 *
 * the exit status, the wall time of the whole process, its largest resident
 * set, and the largest part of that which is its own memory. The two differ
 * for a program that maps its input: pages of the file count as resident. The
 * kernel keeps no peak of the second, so it is looked up every 10 ms.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
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

/*
 * Waits for the child, looking at its memory meanwhile. The exit is noticed
 * at once: SIGCHLD is blocked and waited for.
 */
static int watch(pid_t pid, struct rusage *usage, long *peak_anon_kb)
{
	const struct timespec interval = {.tv_nsec = 10 * 1000 * 1000};
	sigset_t child;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	while (wait4(pid, &status, WNOHANG, usage) == 0) {
		long kb = anonymous_kb(pid);

		if (kb > *peak_anon_kb)
			*peak_anon_kb = kb;
		sigtimedwait(&child, NULL, &interval);
	}
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
	double begin;
	FILE *out;
	pid_t pid;
	int status;

	if (argc < 3) {
		fputs("usage: measure RESULT COMMAND [ARGUMENT...]\n", stderr);
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
	status = watch(pid, &usage, &peak_anon_kb);
	fprintf(out, "%d %.6f %ld %ld\n", status, now_s() - begin, usage.ru_maxrss, peak_anon_kb);
	return fclose(out) == 0 ? 0 : 1;
}
