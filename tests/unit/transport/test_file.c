#include "suites.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/file.h"

#define SIZE 4000u /* of a message */
#define COUNT 8u

static char path[] = "/tmp/spanflow-file-XXXXXX";
static uint8_t octets[COUNT * SIZE];
static struct message messages[COUNT];

/* The messages, and a new file's name. */
static void prepare(void)
{
	int fd;

	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	for (unsigned i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i / 7);
	for (unsigned i = 0; i < COUNT; i++)
		messages[i] = (struct message){.data = octets + i * SIZE, .size = SIZE};
}

static struct transport *open_new(void)
{
	prepare();
	return file_create("file", path, false);
}

/* The file has the first `size` octets, and no more. */
static void check_content(size_t size)
{
	static uint8_t content[sizeof(octets) + 1];
	FILE *f = fopen(path, "rb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(content, 1, sizeof(content), f), size);
	ck_assert_mem_eq(content, octets, size);
	fclose(f);
}

START_TEST(many_messages_are_written_at_once)
{
	struct transport *t = open_new();

	ck_assert_int_eq(transport_send_many(t, messages, COUNT), COUNT);
	check_content(sizeof(octets));
	transport_close(t);
	unlink(path);
}
END_TEST

/* No file may be longer: the kernel writes up to there, and then nothing. */
static void limit_files(rlim_t size)
{
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){size, RLIM_INFINITY}), 0);
}

/* What was cut goes on where it was cut, whether one or many are offered then. */
START_TEST(messages_that_are_cut_are_completed)
{
	static const unsigned cuts[] = {1, SIZE - 1, SIZE, SIZE + 1, 3 * SIZE, 5 * SIZE + 1234};

	signal(SIGXFSZ, SIG_IGN);
	for (unsigned i = 0; i < sizeof(cuts) / sizeof(*cuts); i++)
		for (unsigned more = 1; more <= COUNT; more += COUNT - 1) {
			struct transport *t = open_new();
			unsigned whole = cuts[i] / SIZE;
			int rc;

			limit_files(cuts[i]);
			rc = transport_send_many(t, messages, COUNT);
			ck_assert_int_eq(rc, whole ? (int)whole : -EFBIG);
			rc = transport_send_many(t, messages + whole, COUNT - whole);
			ck_assert_int_eq(rc, -EFBIG);
			check_content(cuts[i]);
			limit_files(RLIM_INFINITY);
			for (; whole < COUNT; whole += (unsigned)rc) {
				unsigned left = COUNT - whole;

				rc = transport_send_many(
				    t, messages + whole, more < left ? more : left);
				ck_assert_int_ge(rc, 1);
			}
			check_content(sizeof(octets));
			transport_close(t);
			unlink(path);
		}
}
END_TEST

/* No file may be longer while this is sent; nor may Check's own, so that what comes of it is looked at later. */
static int send_within(rlim_t size, struct transport *t, unsigned first, unsigned count)
{
	int rc;

	limit_files(size);
	rc = transport_send_many(t, messages + first, count);
	limit_files(RLIM_INFINITY);
	return rc;
}

/* What went of a message that will not be offered again goes, and what is written then follows what was whole. */
START_TEST(piece_of_an_abandoned_message_is_taken_back)
{
	static const unsigned cuts[] = {0, 1, SIZE - 1, SIZE, SIZE + 1, 5 * SIZE + 1234};

	signal(SIGXFSZ, SIG_IGN);
	for (unsigned i = 0; i < sizeof(cuts) / sizeof(*cuts); i++)
		for (unsigned appends = 0; appends < 2; appends++) {
			unsigned whole = cuts[i] / SIZE, piece = cuts[i] % SIZE;
			struct transport *t;

			prepare();
			t = file_create("file", path, appends);
			if (whole)
				ck_assert_int_eq(
				    send_within(cuts[i] - piece / 2, t, 0, COUNT), whole);
			ck_assert_int_eq(send_within(cuts[i], t, whole, 1), -EFBIG);
			check_content(cuts[i]);
			transport_abandon(t);
			check_content(whole * SIZE);
			ck_assert_int_eq(transport_send(t, messages + whole), 0);
			transport_abandon(t);
			check_content((whole + 1) * SIZE);
			transport_close(t);
			unlink(path);
		}
}
END_TEST

/* Behind the piece, or between it and what was written of the message later. */
START_TEST(what_others_wrote_is_not_taken_back)
{
	signal(SIGXFSZ, SIG_IGN);
	for (unsigned between = 0; between < 2; between++)
		for (unsigned shared = 0; shared < 2; shared++) {
			struct transport *t;
			struct stat s;
			int fd;

			prepare();
			t = file_create("file", path, true);
			fd = shared ? dup(transport_fd(t)) : open(path, O_WRONLY | O_APPEND);
			ck_assert_int_eq(send_within(SIZE + 100, t, 0, COUNT), 1);
			ck_assert_int_eq(send_within(SIZE + 100, t, 1, 1), -EFBIG);
			ck_assert_int_eq(write(fd, "others", 6), 6);
			if (between)
				ck_assert_int_eq(send_within(SIZE + 200, t, 1, 1), -EFBIG);
			transport_abandon(t);
			ck_assert_int_eq(fstat(fd, &s), 0);
			ck_assert_int_eq(s.st_size, SIZE + (between ? 200 : 106));
			close(fd);
			transport_close(t);
			unlink(path);
		}
}
END_TEST

/* In pieces that it takes whole, and no more than it has room for. */
START_TEST(full_pipe_is_waited_for)
{
	struct transport *t;
	int fd, sent = 0, rc;
	char reader[64];
	ssize_t n;

	prepare();
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	t = file_create("pipe", path, false);
	while ((rc = transport_send_many(t, messages, COUNT)) > 0)
		sent += rc;
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_int_ge(sent, 8);
	while ((n = read(fd, reader, sizeof(reader))) > 0)
		continue;
	ck_assert_int_eq(transport_send_many(t, messages, COUNT), 1);
	transport_close(t);
	close(fd);
	unlink(path);
}
END_TEST

/* Whoever reads it has stopped, with the flags of the one that it shares with others as they were. */
START_TEST(full_terminal_is_waited_for)
{
	int ours = posix_openpt(O_RDWR | O_NOCTTY), theirs, saved = dup(STDOUT_FILENO), rc;
	struct transport *t;

	ck_assert_int_ge(ours, 0);
	ck_assert_int_eq(grantpt(ours) | unlockpt(ours), 0);
	theirs = open(ptsname(ours), O_WRONLY | O_NOCTTY);
	prepare();
	unlink(path);
	dup2(theirs, STDOUT_FILENO);
	t = file_create("standard output", NULL, true);
	for (unsigned n = 0; (rc = transport_send(t, &messages[0])) == 0; n++)
		ck_assert_uint_lt(n, 1000);
	transport_close(t);
	ck_assert(!(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK));
	dup2(saved, STDOUT_FILENO);
	close(saved);
	ck_assert_int_eq(rc, -EAGAIN);
	close(theirs);
	close(ours);
}
END_TEST

START_TEST(pipe_that_nobody_reads_is_not_waited_for)
{
	prepare();
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(file_open_at_once(NULL, path), -ENXIO);
	unlink(path);
}
END_TEST

/* As on a full disk: what two of the program's own write stays whole, whoever gives up. */
START_TEST(piece_of_a_message_keeps_others_waiting)
{
	signal(SIGXFSZ, SIG_IGN);
	for (unsigned completes = 0; completes < 2; completes++) {
		struct transport *t[2];

		prepare();
		for (unsigned i = 0; i < 2; i++)
			t[i] = file_create("file", path, true);
		ck_assert_int_eq(send_within(SIZE + 100, t[0], 0, 2), 1);
		ck_assert_int_eq(transport_send_many(t[1], &messages[2], 1), -ENOSPC);
		ck_assert_int_eq(send_within(SIZE + 100, t[0], 1, 1), -EFBIG);
		ck_assert_int_eq(transport_send_many(t[1], &messages[2], 1), -EFBIG);
		check_content(SIZE + 100);
		if (completes)
			ck_assert_int_eq(transport_send(t[0], &messages[1]), 0);
		else
			transport_abandon(t[0]);
		ck_assert_int_eq(transport_send(t[1], &messages[completes ? 2 : 1]), 0);
		check_content((completes ? 3 : 2) * SIZE);
		transport_close(t[0]);
		transport_close(t[1]);
		unlink(path);
	}
}
END_TEST

/* One of our own, not what a program that was killed has left. */
START_TEST(piece_of_a_message_is_not_ended_by_who_opens_the_file)
{
	struct transport *t[2];

	signal(SIGXFSZ, SIG_IGN);
	prepare();
	t[0] = file_create("file", path, true);
	ck_assert_int_eq(send_within(SIZE + 100, t[0], 0, 2), 1);
	t[1] = file_create("file", path, true);
	ck_assert_int_eq(t[1]->is_broken, 0);
	check_content(SIZE + 100);
	transport_close(t[0]);
	ck_assert_int_ge(transport_send(t[1], &messages[1]), 0);
	transport_close(t[1]);
	unlink(path);
}
END_TEST

START_TEST(file_that_cannot_be_opened_says_why)
{
	struct transport *t = file_create("file", "/nowhere/at/all", false);

	ck_assert_int_eq(t->is_broken, ENOENT);
	ck_assert_int_eq(transport_send_many(t, messages, COUNT), -ENOENT);
	transport_close(t);
}
END_TEST

Suite *file_output_suite(void)
{
	const TTest *const tests[] = {
	    many_messages_are_written_at_once,
	    messages_that_are_cut_are_completed,
	    piece_of_an_abandoned_message_is_taken_back,
	    what_others_wrote_is_not_taken_back,
	    full_pipe_is_waited_for,
	    full_terminal_is_waited_for,
	    pipe_that_nobody_reads_is_not_waited_for,
	    piece_of_a_message_keeps_others_waiting,
	    piece_of_a_message_is_not_ended_by_who_opens_the_file,
	    file_that_cannot_be_opened_says_why,
	};

	return SUITE_OF("file_output", tests);
}
