#include "suites.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "transport/batch.h"
#include "transport/transport.h"

#define SIZE_MAX_HERE 70000
#define COUNT_MAX SEND_MANY_MAX

/* A socket and who hears what it sends. */
static int out, in;
static struct message messages[COUNT_MAX];
static uint8_t octets[SIZE_MAX_HERE + COUNT_MAX];
static struct batch batch;

static void open_udp(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(a);

	in = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(in, (struct sockaddr *)&a, sizeof(a)), 0);
	getsockname(in, (struct sockaddr *)&a, &size);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(connect(out, (struct sockaddr *)&a, sizeof(a)), 0);
	batch_init(&batch, out);
}

/* It takes few datagrams until somebody reads them, and knows nothing of segments. */
static void open_local(void)
{
	int pair[2], least = 1;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair), 0);
	out = pair[0];
	setsockopt(out, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	in = pair[1];
	batch_init(&batch, out);
}

static void close_both(void)
{
	close(out);
	close(in);
}

/* The octets of message i are such that one that is cut, or another's, is not taken for it. */
static void make(const size_t *sizes, unsigned count)
{
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i % 251);
	for (unsigned i = 0; i < count; i++)
		messages[i] = (struct message){.data = octets + i, .size = sizes[i]};
}

static void make_equal(size_t size, unsigned count)
{
	size_t sizes[COUNT_MAX];

	for (unsigned i = 0; i < count; i++)
		sizes[i] = size;
	make(sizes, count);
}

/* Those from `first` on arrive next, each by itself, and nothing else. */
static void check_arrived(unsigned first, unsigned count)
{
	static uint8_t data[SIZE_MAX_HERE];

	for (unsigned i = first; i < first + count; i++) {
		ck_assert_int_eq(recv(in, data, sizeof(data), 0), (ssize_t)messages[i].size);
		ck_assert_int_eq(memcmp(data, messages[i].data, messages[i].size), 0);
	}
	ck_assert_int_lt(recv(in, data, sizeof(data), 0), 0);
}

static void check_goes(unsigned count)
{
	ck_assert_int_eq(batch_send(&batch, out, messages, count), count);
	check_arrived(0, count);
}

START_TEST(each_message_is_a_datagram)
{
	static const size_t rows[][5] = {{100, 100, 100, 100, 100}, {100, 100, 100, 100, 7},
	    {100, 101, 102, 103, 104}, {104, 103, 102, 101, 100}, {100, 100, 50, 100, 100},
	    {50, 100, 100, 100, 60}, {1, 1, 1, 2, 1}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		open_udp();
		make(rows[i], 5);
		for (unsigned n = 1; n <= 5; n++)
			check_goes(n);
		close_both();
	}
}
END_TEST

/* More octets than one call of the kernel takes as a run; and as many messages as there may be. */
START_TEST(a_run_has_bounds)
{
	static const size_t sizes[] = {1, 1000, 1400, 2000};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		open_udp();
		make_equal(sizes[i], COUNT_MAX);
		check_goes(COUNT_MAX);
		close_both();
	}
	open_udp();
	make_equal(40000, 3);
	check_goes(3);
	close_both();
}
END_TEST

/* A socket without checksums takes no segments: once it has said so it is not asked again. */
START_TEST(without_segments_they_go_singly)
{
	int one = 1;

	open_udp();
	if (batch.segments) {
		make_equal(100, 5);
		ck_assert_int_eq(setsockopt(out, SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)), 0);
		check_goes(5);
		ck_assert(!batch.segments);
		check_goes(5);
	}
	close_both();
}
END_TEST

START_TEST(a_full_socket_takes_the_first_ones)
{
	unsigned went;

	open_local();
	ck_assert(!batch.segments);
	make_equal(100, COUNT_MAX);
	went = (unsigned)batch_send(&batch, out, messages, COUNT_MAX);
	ck_assert_uint_gt(went, 0);
	ck_assert_uint_lt(went, COUNT_MAX);
	ck_assert_int_eq(batch_send(&batch, out, messages + went, COUNT_MAX - went), -EAGAIN);
	ck_assert(batch.many);
	check_arrived(0, went);
	ck_assert_int_gt(batch_send(&batch, out, messages + went, 2), 0);
	close_both();
}
END_TEST

START_TEST(what_stops_a_later_one_shows_when_it_is_the_first)
{
	static const size_t sizes[] = {100, 100, SIZE_MAX_HERE, 100, 90};

	open_udp();
	make(sizes, 5);
	ck_assert_int_eq(batch_send(&batch, out, messages, 5), 2);
	check_arrived(0, 2);
	ck_assert_int_eq(batch_send(&batch, out, messages + 2, 3), -EMSGSIZE);
	ck_assert_int_eq(batch_send(&batch, out, messages + 3, 2), 2);
	check_arrived(3, 2);
	close_both();
}
END_TEST

/* The lower half of a system call's third argument: sendmmsg()'s is how many headers there are. */
#define THIRD_ARGUMENT \
	(offsetof(struct seccomp_data, args[2]) + (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0))

/* From now on the kernel answers sendmmsg() with this error where there are fewer headers than these. */
static bool refuse_sendmmsg(int error, unsigned headers)
{
	struct sock_filter rows[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sendmmsg, 0, 3),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, THIRD_ARGUMENT),
	    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, headers, 1, 0),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(rows) / sizeof(*rows), .filter = rows};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Five messages by a process whose calls are refused; its status tells how many went, or that none can be refused here. */
static void check_in_child(int (*send)(unsigned count), bool segments)
{
	int status;
	pid_t child;

	open_udp();
	make_equal(100, 5);
	child = fork();
	if (child == 0)
		_exit(segments && !batch.segments ? COUNT_MAX + 1 : send(5));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) <= COUNT_MAX) {
		ck_assert_int_eq(WEXITSTATUS(status), 5);
		check_arrived(0, 5);
	}
	close_both();
}

/* The exit status: how many of equal messages went, of which a queue has no room for a run. */
static int send_without_room(unsigned count)
{
	int went;

	if (!refuse_sendmmsg(ENOBUFS, 2))
		return COUNT_MAX + 1;
	went = batch_send(&batch, out, messages, count);
	return batch.segments && batch.many && went > 0 ? went : 0;
}

/* It is short for a moment: the next messages may go as a run again. */
START_TEST(queue_without_room_for_a_run_does_not_end_runs)
{
	check_in_child(send_without_room, true);
}
END_TEST

/* The exit status: how many messages went, by so many calls. */
static int send_without_sendmmsg(unsigned count)
{
	unsigned went = 0;

	if (!refuse_sendmmsg(ENOSYS, UINT_MAX))
		return COUNT_MAX + 1;
	while (went < count && batch_send(&batch, out, messages + went, count - went) == 1)
		went++;
	return batch.many ? 0 : (int)went;
}

START_TEST(without_sendmmsg_they_go_one_by_one)
{
	check_in_child(send_without_sendmmsg, false);
}
END_TEST

Suite *batch_suite(void)
{
	const TTest *const tests[] = {
	    each_message_is_a_datagram,
	    a_run_has_bounds,
	    without_segments_they_go_singly,
	    a_full_socket_takes_the_first_ones,
	    what_stops_a_later_one_shows_when_it_is_the_first,
	    queue_without_room_for_a_run_does_not_end_runs,
	    without_sendmmsg_they_go_one_by_one,
	};

	return SUITE_OF("batch", tests);
}
