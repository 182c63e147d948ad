/* What the helper process gives, and what it does not, to whoever asks; without any process. */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"
#include "suites.h"
#include "util/parcel.h"
#include "util/rng.h"

#define CONF "/tmp/spanflow-test-guard.conf"
#define RECORDS "/tmp/spanflow-test-guard.json"
#define LATER_RECORDS "/tmp/spanflow-test-guard-later.json"

static struct program program;
static struct guard_service *service;
static int ends[2]; /* the helper's, and that of the one who asks */

static void write_conf_with(const char *records, const char *more)
{
	FILE *out = fopen(CONF, "w");

	ck_assert_ptr_nonnull(out);
	fprintf(out, "output x {\n style = json\n file = %s\n}\n%s", records, more);
	fclose(out);
}

static void write_conf(const char *records)
{
	write_conf_with(records, "");
}

static void begin(void)
{
	static char *argv[] = {(char *)"spanflow", (char *)"-i", (char *)"lo", (char *)"-n",
	    (char *)"localhost:9", (char *)"-f", (char *)CONF, (char *)"udp port domain", NULL};

	write_conf(RECORDS);
	program.argc = 8;
	program.argv = argv;
	config_init(&program.config);
	ck_assert_int_eq(config_parse(&program.config, 8, argv), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	service = guard_service_create(&program, ends[0]);
	ck_assert_ptr_nonnull(service);
}

static void end(void)
{
	guard_service_destroy(service);
	config_fini(&program.config);
	close(ends[0]);
	close(ends[1]);
	unlink(CONF);
	unlink(RECORDS);
	unlink(LATER_RECORDS);
}

/* The answer's rc, and the descriptor that came with it or -1. */
static int ask_octets(const void *octets, size_t size, struct guard_answer *a, int *fd)
{
	int pair[2];
	ssize_t n;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(parcel_send(ends[1], octets, size, pair[1], 0), 0);
	close(pair[1]);
	ck_assert_int_eq(guard_service_answer(service), 0);
	n = parcel_receive(pair[0], a, sizeof(*a), fd, 0);
	close(pair[0]);
	ck_assert_int_eq((int)n, (int)sizeof(*a));
	return a->rc;
}

static int ask(enum guard_kind kind, const char *text, int *fd)
{
	struct guard_request q;
	struct guard_answer a;

	memset(&q, 0, sizeof(q));
	q.kind = kind;
	snprintf(q.text, sizeof(q.text), "%s", text);
	return ask_octets(&q, sizeof(q), &a, fd);
}

static void refused(enum guard_kind kind, const char *text)
{
	int fd;

	ck_assert_msg(ask(kind, text, &fd) != 0, "%d '%s' was given", (int)kind, text);
	ck_assert_int_eq(fd, -1);
}

START_TEST(outputs_of_the_settings_are_opened_to_append)
{
	int fd;

	begin();
	ck_assert_int_eq(ask(GUARD_OUTPUT, RECORDS, &fd), 0);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK),
	    O_WRONLY | O_APPEND | O_NONBLOCK);
	close(fd);
	end();
}
END_TEST

START_TEST(a_reading_of_the_file_grants_what_it_names)
{
	char text[64];
	int fd;

	begin();
	refused(GUARD_OUTPUT, LATER_RECORDS);
	write_conf(LATER_RECORDS);
	refused(GUARD_OUTPUT, LATER_RECORDS);
	ck_assert_int_eq(ask(GUARD_CONFIG, "/etc/shadow", &fd), 0);
	ck_assert_int_gt((int)read(fd, text, sizeof(text)), 0);
	ck_assert_int_eq(memcmp(text, "output x", 8), 0);
	ck_assert_int_lt((int)write(fd, "x", 1), 0);
	close(fd);
	ck_assert_int_eq(ask(GUARD_OUTPUT, LATER_RECORDS, &fd), 0);
	close(fd);
	end();
}
END_TEST

/* To wait for who writes it would hold up signals, too. */
START_TEST(a_pipe_is_not_read_again)
{
	begin();
	unlink(CONF);
	ck_assert_int_eq(mkfifo(CONF, 0600), 0);
	refused(GUARD_CONFIG, "");
	end();
}
END_TEST

/* What the service has done by a process of its own. */
static void ask_another_process(const struct guard_request *q, struct guard_answer *a)
{
	int pair[2], fd;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(parcel_send(ends[1], q, sizeof(*q), pair[1], 0), 0);
	close(pair[1]);
	ck_assert_int_eq(guard_service_answer(service), 0);
	ck_assert_int_eq((int)parcel_receive(pair[0], a, sizeof(*a), &fd, 0), (int)sizeof(*a));
	close(pair[0]);
	ck_assert_int_gt(wait(NULL), 0);
	guard_service_reaped(service);
}

START_TEST(a_collectors_name_is_looked_up)
{
	struct guard_request q;
	struct guard_answer a;

	begin();
	memset(&q, 0, sizeof(q));
	q.kind = GUARD_RESOLVE;
	q.port = 9;
	strcpy(q.text, "localhost");
	ask_another_process(&q, &a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_uint_gt(a.addresses.count, 0);
	end();
}
END_TEST

/* With its names, and not what is more or less than it. */
START_TEST(a_filter_of_the_settings_is_compiled)
{
	struct guard_request q = {.kind = GUARD_FILTER, .linktype = DLT_EN10MB, .snaplen = 512};
	struct guard_answer a;

	begin();
	refused(GUARD_FILTER, "udp");
	refused(GUARD_FILTER, "udp port domain or tcp");
	strcpy(q.text, "udp port domain");
	ask_another_process(&q, &a);
	ck_assert_int_eq(a.rc, 0);
	ck_assert_uint_gt(a.filter.count, 3);
	ck_assert(bpf_validate(a.filter.code, (int)a.filter.count));
	end();
}
END_TEST

/* It is for a process without rights, which says that there is no such name; the file is read all the same. */
START_TEST(a_name_in_a_filter_is_not_looked_up_by_the_helper)
{
	struct guard_request q = {.kind = GUARD_FILTER,
	    .linktype = DLT_EN10MB,
	    .snaplen = 512,
	    .text = "udp port nosuch"};
	struct guard_answer a;
	int fd;

	begin();
	refused(GUARD_FILTER, q.text);
	write_conf_with(RECORDS, "class = \"2 udp port nosuch\"\n");
	ck_assert_int_eq(ask(GUARD_CONFIG, "", &fd), 0);
	close(fd);
	ask_another_process(&q, &a);
	ck_assert_int_eq(a.rc, -EINVAL);
	ck_assert_ptr_nonnull(strstr(a.filter.why, "nosuch"));
	end();
}
END_TEST

START_TEST(what_the_settings_do_not_name_is_refused)
{
	static const char *const texts[] = {"", "lo", "localhost", "/etc/shadow", "nosuch0", "any",
	    "../tmp/spanflow-test-guard.json", "/tmp//spanflow-test-guard.json", "/"};

	begin();
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		refused(GUARD_OUTPUT, texts[i]);
		if (strcmp(texts[i], "localhost") != 0)
			refused(GUARD_RESOLVE, texts[i]);
		if (strcmp(texts[i], "lo") != 0) {
			refused(GUARD_OPEN, texts[i]);
			refused(GUARD_OFFLOADS, texts[i]);
		}
		refused(GUARD_FILTER, texts[i]);
		refused(GUARD_KIND_COUNT, texts[i]);
	}
	ck_assert_int_ne(access(RECORDS, F_OK), 0);
	end();
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
	static const uint32_t numbers[] = {
	    1, CONFIG_INPUTS_MAX, 0x7fffffff, 0x80000000, 0xffffffff};
	struct guard_request q;
	struct guard_answer a;
	int fd;

	begin();
	memset(&q, 0, sizeof(q));
	strcpy(q.text, "lo");
	for (size_t i = 0; i < 2 * sizeof(numbers) / sizeof(*numbers); i++) {
		q.kind = GUARD_OPEN;
		q.interface = i % 2 ? numbers[i / 2] : 0;
		q.worker = i % 2 ? 0 : numbers[i / 2];
		ck_assert_int_eq(ask_octets(&q, sizeof(q), &a, &fd), -EINVAL);
		ck_assert_int_eq(fd, -1);
	}
	end();
}
END_TEST

/* Of every size, with every kind; no text is the settings', which would take luck. */
START_TEST(nonsense_is_answered_by_an_error)
{
	struct rng rng = {.state = 7};
	static uint8_t octets[2 * sizeof(struct guard_request)];
	struct guard_answer a;
	int fd;

	begin();
	for (unsigned i = 0; i < 3000; i++) {
		size_t size = i % 3 ? sizeof(struct guard_request)
				    : 1 + (size_t)(rng_next(&rng) % sizeof(octets));

		for (size_t k = 0; k < size; k++)
			octets[k] = (uint8_t)rng_next(&rng);
		if (i % 2 && size >= 4)
			memcpy(octets, &(uint32_t){i % (GUARD_KIND_COUNT + 1)}, 4);
		if (i % 5 == 0 || size != sizeof(struct guard_request))
			memset(octets + size / 2, 0, size - size / 2);
		/* This one needs no text. */
		if (size == sizeof(struct guard_request) && *(uint32_t *)octets == GUARD_CONFIG)
			continue;
		ck_assert_int_ne(ask_octets(octets, size, &a, &fd), 0);
		ck_assert_int_eq(fd, -1);
	}
	end();
}
END_TEST

START_TEST(who_brings_nothing_to_answer_to_gets_no_answer)
{
	struct guard_request q;
	char octet;

	begin();
	memset(&q, 0, sizeof(q));
	q.kind = GUARD_CONFIG;
	ck_assert_int_eq(parcel_send(ends[1], &q, sizeof(q), -1, 0), 0);
	ck_assert_int_eq(guard_service_answer(service), 0);
	ck_assert_int_lt((int)recv(ends[1], &octet, 1, MSG_DONTWAIT), 0);
	/* A file is no socket. */
	ck_assert_int_eq(parcel_send(ends[1], &q, sizeof(q), STDERR_FILENO, 0), 0);
	ck_assert_int_eq(guard_service_answer(service), 0);
	shutdown(ends[1], SHUT_WR);
	ck_assert_int_eq(guard_service_answer(service), -EPIPE);
	end();
}
END_TEST

Suite *guard_suite(void)
{
	const TTest *const tests[] = {outputs_of_the_settings_are_opened_to_append,
	    a_reading_of_the_file_grants_what_it_names, a_pipe_is_not_read_again,
	    a_collectors_name_is_looked_up, a_filter_of_the_settings_is_compiled,
	    a_name_in_a_filter_is_not_looked_up_by_the_helper,
	    what_the_settings_do_not_name_is_refused, numbers_out_of_range_are_refused,
	    nonsense_is_answered_by_an_error, who_brings_nothing_to_answer_to_gets_no_answer};

	return SUITE_OF("guard", tests);
}
