#include "suites.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/said.h"
#include "util/notify.h"
#include "util/now.h"

static int manager = -1;
static char name[64];

/* A manager's socket of that name, '@' for an abstract one, and the environment that tells of it. */
static void manage(const char *form)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	snprintf(name, sizeof(name), form, (int)getpid());
	memcpy(a.sun_path, name, strlen(name));
	if (*name == '@')
		a.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&a,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
	    0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static void leave(void)
{
	notify_close();
	close(manager);
	if (*name == '/')
		unlink(name);
}

/* The next datagram; "" if there is none. */
static const char *heard(void)
{
	static char text[1024];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void check_messages(const char *form)
{
	uint64_t before, after, told;

	manage(form);
	notify_open();
	ck_assert_str_eq(heard(), "");
	notify_ready();
	ck_assert_str_eq(heard(), "READY=1");
	notify_stopping();
	ck_assert_str_eq(heard(), "STOPPING=1");
	notify_status("%d packets\na line\nREADY=1", 7);
	ck_assert_str_eq(heard(), "STATUS=7 packets a line READY=1");
	before = steady_now() / 1000;
	notify_reloading();
	after = steady_now() / 1000;
	ck_assert_int_eq(sscanf(heard(), "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &told), 1);
	ck_assert(before <= told && told <= after);
	leave();
}

START_TEST(a_socket_in_the_file_system_hears_each_message)
{
	check_messages("/tmp/spanflow-notify-%d");
}
END_TEST

START_TEST(an_abstract_socket_hears_each_message)
{
	check_messages("@spanflow-notify-%d");
}
END_TEST

START_TEST(long_status_is_cut)
{
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	manage("@spanflow-notify-%d");
	notify_open();
	notify_status("%s", text);
	ck_assert_uint_eq(strspn(heard() + 7, "x"), 255 - 7);
	leave();
}
END_TEST

START_TEST(the_watchdog_is_fed)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	manage("@spanflow-notify-%d");
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", pid, 1);
	notify_open();
	notify_watchdog();
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	leave();
}
END_TEST

/* WATCHDOG_USEC and WATCHDOG_PID that ask for nothing. */
START_TEST(a_watchdog_that_is_not_meant_is_not_fed)
{
	static const char *const rows[][2] = {
	    {NULL, NULL}, {"3000000", "1"}, {"0", NULL}, {"soon", NULL}, {"3000000", "x"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		manage("@spanflow-notify-%d");
		if (rows[i][0])
			setenv("WATCHDOG_USEC", rows[i][0], 1);
		if (rows[i][1])
			setenv("WATCHDOG_PID", rows[i][1], 1);
		notify_open();
		notify_watchdog();
		ck_assert_str_eq(heard(), "");
		leave();
	}
}
END_TEST

START_TEST(children_inherit_nothing)
{
	manage("@spanflow-notify-%d");
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_open();
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
	ck_assert_ptr_null(getenv("WATCHDOG_PID"));
	leave();
}
END_TEST

START_TEST(without_a_manager_nothing_happens)
{
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "3000000", 1);
	said_begin();
	notify_open();
	notify_ready();
	notify_reloading();
	notify_status("fine");
	notify_watchdog();
	notify_stopping();
	notify_close();
	ck_assert_str_eq(said_end(), "");
}
END_TEST

START_TEST(a_socket_that_cannot_be_used_is_told_of)
{
	static const char long_name[] =
	    "/a/name/that/is/longer/than/the/108/octets/that/the/address/of/a/unix/socket/has/room/"
	    "for/and/so/cannot/be/meant";
	static const char *const rows[] = {
	    "", "/", "@", "relative", "/nonexistent/socket", "vsock:2:1", long_name};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *said;

		setenv("NOTIFY_SOCKET", rows[i], 1);
		said_begin();
		notify_open();
		notify_ready();
		said = said_end();
		ck_assert_msg(said_one_message(said), "'%s': %s", rows[i], said);
		ck_assert_ptr_nonnull(strstr(said, "spanflow: NOTIFY_SOCKET: '"));
	}
}
END_TEST

START_TEST(a_manager_that_does_not_listen_stops_nobody)
{
	uint64_t begin = steady_now();
	unsigned n = 0;

	manage("@spanflow-notify-%d");
	notify_open();
	while (steady_now() - begin < NS_PER_S)
		notify_status("%u", n++);
	ck_assert_uint_lt(steady_now() - begin, 3 * NS_PER_S);
	for (unsigned i = 0; i < n && *heard(); i++)
		;
	notify_stopping();
	ck_assert_str_eq(heard(), "STOPPING=1");
	close(manager);
	notify_stopping();
	leave();
}
END_TEST

Suite *notify_suite(void)
{
	const TTest *const tests[] = {a_socket_in_the_file_system_hears_each_message,
	    an_abstract_socket_hears_each_message, long_status_is_cut, the_watchdog_is_fed,
	    a_watchdog_that_is_not_meant_is_not_fed, children_inherit_nothing,
	    without_a_manager_nothing_happens, a_socket_that_cannot_be_used_is_told_of,
	    a_manager_that_does_not_listen_stops_nobody};

	return SUITE_OF("notify", tests);
}
