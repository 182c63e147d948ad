/*
 * udpsink: a collector that only counts. It takes datagrams on 127.0.0.1 as
 * fast as the kernel hands them out and prints, when SIGTERM or SIGINT comes
 * or nothing has come for a while, what it got and what the kernel dropped
 * because the socket's buffer was full.
 *
 * The first line on standard output is `port N', written once the socket is
 * bound; the last is `datagrams N bytes N dropped N'.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BATCH = 256,
	BUFFER_BYTES = 1 << 30,   /* a limit; memory is taken as datagrams queue */
	BUFFER_WANTED = 64 << 20, /* below this the sink warns */
	PAUSE_US = 2000,          /* lets a queue build up: fewer wake-ups on a busy core */
};

struct totals {
	uint64_t datagrams, bytes, dropped;
};

static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

static int open_socket(uint16_t port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

/* Root may pass the system's limit; others get what net.core.rmem_max allows. */
static void enlarge_buffer(int fd)
{
	int wanted = BUFFER_BYTES, got = 0;
	socklen_t len = sizeof got;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &len) == 0 && got < BUFFER_WANTED)
		fprintf(stderr,
		    "udpsink: receive buffer: only %d bytes: run as root or raise "
		    "net.core.rmem_max\n",
		    got);
}

static void announce_port(int fd)
{
	struct sockaddr_in address = {0};
	socklen_t len = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		printf("port %u\n", (unsigned)ntohs(address.sin_port));
	fflush(stdout);
}

/*
 * Takes all that waits. MSG_TRUNC makes the kernel tell a datagram's length
 * without copying it.
 */
static void drain(int fd, struct totals *totals)
{
	static struct mmsghdr messages[BATCH];
	int n;

	while ((n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL)) > 0) {
		for (int i = 0; i < n; i++)
			totals->bytes += messages[i].msg_len;
		totals->datagrams += (uint64_t)n;
	}
}

/* The counter behind SO_RXQ_OVFL, read directly: that one rides on a later datagram. */
static uint64_t kernel_drops(int fd)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof info;

	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0)
		return 0;
	return info[SK_MEMINFO_DROPS];
}

/* A signal that arrives outside ppoll() stays blocked until the next one. */
static void receive(int fd, struct totals *totals, long idle_seconds, const sigset_t *open_mask)
{
	const struct timespec idle = {.tv_sec = idle_seconds};
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	while (!stop_asked) {
		int n = ppoll(&poll_fd, 1, idle_seconds > 0 ? &idle : NULL, open_mask);

		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		usleep(PAUSE_US);
		drain(fd, totals);
	}
	drain(fd, totals);
	totals->dropped = kernel_drops(fd);
}

static void catch_signals(sigset_t *open_mask)
{
	const struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigprocmask(SIG_BLOCK, &blocked, open_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static long number(const char *name, const char *text, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < 0 || value > max) {
		fprintf(stderr, "udpsink: -%s %s: not a number from 0 to %ld\n", name, text, max);
		exit(2);
	}
	return value;
}

static void usage(FILE *out)
{
	fputs("usage: udpsink [-p PORT] [-i SECONDS]\n"
	      "Counts the datagrams that arrive on 127.0.0.1.\n"
	      "  -p PORT     listen there (default 0: any free port, which is printed)\n"
	      "  -i SECONDS  end after so long without a datagram (default 0: never)\n"
	      "  -h          this text\n",
	    out);
}

int main(int argc, char **argv)
{
	struct totals totals = {0};
	sigset_t open_mask;
	long port = 0, idle_seconds = 0;
	int c, fd;

	while ((c = getopt(argc, argv, "p:i:h")) != -1) {
		switch (c) {
		case 'p':
			port = number("p", optarg, 65535);
			break;
		case 'i':
			idle_seconds = number("i", optarg, 86400);
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	fd = open_socket((uint16_t)port);
	if (fd < 0) {
		fprintf(stderr, "udpsink: port %ld: %s\n", port, strerror(-fd));
		return 1;
	}
	catch_signals(&open_mask);
	enlarge_buffer(fd);
	announce_port(fd);
	receive(fd, &totals, idle_seconds, &open_mask);
	close(fd);
	printf("datagrams %llu bytes %llu dropped %llu\n", (unsigned long long)totals.datagrams,
	    (unsigned long long)totals.bytes, (unsigned long long)totals.dropped);
	return 0;
}
