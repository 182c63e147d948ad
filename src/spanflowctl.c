/*
 * spanflowctl: asks a running spanflow through its control socket, and prints what it answers.
 */
#include <errno.h>
#include <getopt.h>
#include <ncurses.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "config.h"
#include "control/screen.h"

#define SOCKET_DEFAULT "/run/spanflow/control"
#define REQUEST_SIZE 4096
#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define ROUND_MS 1000
#define FLOWS_COLUMNS 128 /* of a line of text for a flow of IPv4 */
/* What takes longest is a reload that looks names up. */
#define ANSWER_SECONDS 30

static const char *socket_path = SOCKET_DEFAULT;
static bool has_screen;

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	va_list ap;

	if (has_screen)
		endwin();
	has_screen = false;
	fputs("spanflowctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static void print_help(void)
{
	puts("usage: spanflowctl [-s SOCKET] [-j] COMMAND\n"
	     "\n"
	     "  status                  how it goes: rates, what is held, what is lost\n"
	     "  stats                   the whole ledger\n"
	     "  collectors              each collector and its state\n"
	     "  interfaces              each interface: its state, index, address and speed\n"
	     "  flows [top [N] [by octets|packets|duration]] [FILTER]\n"
	     "                          flows that are held now; FILTER: host, src,\n"
	     "                          dst ADDRESS, port N, proto N, tcp, udp, icmp,\n"
	     "                          vlan N, interface N, ip, ip6, not\n"
	     "  top [by ORDER] [FILTER] a live screen; q ends it\n"
	     "  flush                   exports all flows now\n"
	     "  reload                  reads the settings again\n"
	     "  stop                    ends the program\n"
	     "\n"
	     "  -s, --socket SOCKET     where it listens (" SOCKET_DEFAULT ")\n"
	     "  -j, --json              answers in JSON\n"
	     "  -V, --version   -h, --help\n"
	     "\n"
	     "man spanflowctl tells the rest.");
}

/* -- asking ------------------------------------------------------------------------------------ */

static void complain_of_silence(void)
{
	complain("%s: no answer within %d seconds: spanflow is stopped, or hangs", socket_path,
	    ANSWER_SECONDS);
}

/* A connection, or -1 after saying why there is none. */
static int connect_control(void)
{
	static const struct timeval most = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(socket_path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
	} else if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most));
		strcpy(address.sun_path, socket_path);
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
	}
	if (errno == EAGAIN)
		complain_of_silence();
	else
		complain("%s: %s%s", socket_path, strerror(errno),
		    errno == ENOENT || errno == ECONNREFUSED
			? ": does spanflow run, with --control?"
			: "");
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool send_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = send(fd, text, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text += n;
		size -= (size_t)n;
	}
	return true;
}

/* The answer behind its first line, or NULL after saying why there is none. */
static FILE *ask(const char *request)
{
	char first[1024];
	int fd = connect_control();
	FILE *answer = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (fd < 0)
		return NULL;
	errno = 0;
	if (answer && send_all(fd, request, strlen(request)) &&
	    fgets(first, sizeof(first), answer)) {
		if (strcmp(first, "ok\n") == 0) {
			/* So that an answer that breaks off ends with an error (control/server.h). */
			(void)!send(fd, "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
			return answer;
		}
		first[strcspn(first, "\n")] = '\0';
		complain("%s", strncmp(first, "error: ", 7) == 0 ? first + 7 : first);
	} else if (errno == EAGAIN) {
		complain_of_silence();
	} else {
		complain("%s: no answer: spanflow may be about to end", socket_path);
	}
	if (answer)
		fclose(answer);
	return NULL;
}

/* "text" or "json" and the words; false: they are too long. */
static bool make_request(char request[REQUEST_SIZE], const char *style, char **words, int count)
{
	size_t used = (size_t)snprintf(request, REQUEST_SIZE, "%s", style);

	for (int i = 0; i < count; i++) {
		if (strpbrk(words[i], "\r\n") || used + strlen(words[i]) + 3 > REQUEST_SIZE) {
			complain("%s: not understood", words[i]);
			return false;
		}
		used += (size_t)snprintf(request + used, REQUEST_SIZE - used, " %s", words[i]);
	}
	strcpy(request + used, "\n");
	return true;
}

/* What asks for flows: rows where the terminal is too narrow for their lines of text. */
static bool make_flows_request(
    char request[REQUEST_SIZE], const char *style, char **words, int count)
{
	struct winsize size;
	char narrow[64];

	if (strcmp(style, "text") != 0 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col == 0 || size.ws_col >= FLOWS_COLUMNS)
		return make_request(request, style, words, count);
	snprintf(narrow, sizeof(narrow), "text rows %u", size.ws_col);
	return make_request(request, narrow, words + 1, count - 1);
}

static int print_answer(const char *request)
{
	FILE *answer = ask(request);
	char part[65536];
	bool failed;
	size_t n;

	if (!answer)
		return EXIT_FAILED;
	while ((n = fread(part, 1, sizeof(part), answer)) > 0)
		if (fwrite(part, 1, n, stdout) != n)
			break;
	failed = ferror(answer) != 0;
	fclose(answer);
	if (failed)
		complain("%s: the answer broke off", socket_path);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		complain("standard output: %s", strerror(errno));
		failed = true;
	}
	return failed ? EXIT_FAILED : EXIT_SUCCESS;
}

/* -- top --------------------------------------------------------------------------------------- */

static bool draw(char **words, int count)
{
	char request[REQUEST_SIZE], style[64], line[4096];
	FILE *answer;
	int row = 0;

	/* More is not drawn. */
	snprintf(style, sizeof(style), "text screen %d %d",
	    LINES < SCREEN_ROWS_MAX ? LINES : SCREEN_ROWS_MAX,
	    COLS < SCREEN_COLUMNS_MAX ? COLS : SCREEN_COLUMNS_MAX);
	if (!make_request(request, style, words, count))
		return false;
	answer = ask(request);
	if (!answer)
		return false;
	erase();
	while (row < LINES && fgets(line, sizeof(line), answer)) {
		line[strcspn(line, "\n")] = '\0';
		mvaddnstr(row++, 0, line, COLS);
	}
	fclose(answer);
	refresh();
	return true;
}

/* Once a second, until q or until spanflow ends. */
static int show_top(char **words, int count)
{
	char request[REQUEST_SIZE];
	FILE *answer;
	int key = 0;

	/* A wrong filter is told before the screen changes. */
	if (!isatty(STDOUT_FILENO)) {
		complain("top: standard output is no terminal: use status, or flows top");
		return EXIT_USAGE;
	}
	if (!make_request(request, "text screen 24 80", words, count))
		return EXIT_USAGE;
	answer = ask(request);
	if (!answer)
		return EXIT_FAILED;
	fclose(answer);
	if (!initscr())
		return EXIT_FAILED;
	has_screen = true;
	cbreak();
	noecho();
	curs_set(0);
	timeout(ROUND_MS);
	while (key != 'q' && key != 'Q' && draw(words, count))
		key = getch();
	if (has_screen)
		endwin();
	return key == 'q' || key == 'Q' ? EXIT_SUCCESS : EXIT_FAILED;
}

/* -- all --------------------------------------------------------------------------------------- */

int main(int argc, char **argv)
{
	static const struct option options[] = {{"socket", required_argument, NULL, 's'},
	    {"json", no_argument, NULL, 'j'}, {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	const char *style = "text";
	bool (*make)(char *, const char *, char **, int);
	char request[REQUEST_SIZE];
	int option;

	while ((option = getopt_long(argc, argv, "+s:jVh", options, NULL)) != -1) {
		switch (option) {
		case 's':
			socket_path = optarg;
			break;
		case 'j':
			style = "json";
			break;
		case 'V':
			puts("spanflowctl " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			print_help();
			return EXIT_SUCCESS;
		default:
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		complain("a command is missing: see spanflowctl -h");
		return EXIT_USAGE;
	}
	if (strcmp(argv[optind], "top") == 0)
		return show_top(argv + optind + 1, argc - optind - 1);
	make = strcmp(argv[optind], "flows") == 0 ? make_flows_request : make_request;
	if (!make(request, style, argv + optind, argc - optind))
		return EXIT_USAGE;
	return print_answer(request);
}
