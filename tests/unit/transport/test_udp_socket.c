#include "suites.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "transport/udp_socket.h"

#define TTL 17
#define DSCP 46
#define PORT 4739

static char why[256];

static struct name_address address_of(const char *host)
{
	struct name_query query = {.host = host, .port = PORT};
	struct name_addresses found;

	ck_assert_int_eq(name_find(&query, &found), 0);
	return found.list[0];
}

static int open_to(const char *host, const struct udp_options *o)
{
	struct name_address remote = address_of(host);

	why[0] = '\0';
	return udp_socket_open(o, &remote, why, sizeof(why));
}

static int option_of(int fd, int level, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, option, &value, &size), 0);
	return value;
}

START_TEST(it_is_as_the_keys_say)
{
	struct udp_options o = {.source = "127.0.0.2", .ttl = TTL, .dscp = DSCP};
	struct sockaddr_in end;
	socklen_t size = sizeof(end);
	int fd = open_to("127.0.0.1", &o);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(option_of(fd, IPPROTO_IP, IP_TTL), TTL);
	ck_assert_int_eq(option_of(fd, IPPROTO_IP, IP_MULTICAST_TTL), TTL);
	ck_assert_int_eq(option_of(fd, IPPROTO_IP, IP_TOS), DSCP << 2);
	ck_assert_int_eq(option_of(fd, IPPROTO_IP, IP_RECVERR), 1);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&end, &size), 0);
	ck_assert_uint_eq(end.sin_addr.s_addr, inet_addr("127.0.0.2"));
	ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&end, &size), 0);
	ck_assert_uint_eq(end.sin_port, htons(PORT));
	close(fd);
}
END_TEST

/* Without keys, which are the system's business then. */
START_TEST(it_hears_of_answers_by_ipv6_too)
{
	struct udp_options o = {0};
	int fd = open_to("::1", &o);

	/* Where the machine has no IPv6 there is none. */
	if (fd < 0)
		return;
	ck_assert_int_eq(option_of(fd, IPPROTO_IPV6, IPV6_RECVERR), 1);
	ck_assert_int_eq(option_of(fd, IPPROTO_IPV6, IPV6_TCLASS), 0);
	close(fd);
}
END_TEST

/* The number that the next descriptor gets shows whether one is left. */
static void check_fails(const char *host, const struct udp_options *o, int error, const char *text)
{
	int before = dup(STDERR_FILENO), after;

	close(before);
	ck_assert_int_eq(open_to(host, o), -error);
	ck_assert_msg(strstr(why, text) != NULL, "'%s' is not in: %s", text, why);
	after = dup(STDERR_FILENO);
	close(after);
	ck_assert_int_eq(after, before);
}

START_TEST(what_cannot_be_had_is_said_and_leaves_no_socket)
{
	struct udp_options dev = {.dev = "nosuch0"}, source = {.source = "192.0.2.77"};
	struct udp_options family = {.source = "::1"}, none = {0};

	check_fails("127.0.0.1", &dev, ENOTCONN, "dev=nosuch0: ");
	check_fails("127.0.0.1", &source, ENOTCONN, "source=192.0.2.77: ");
	check_fails("127.0.0.1", &family, ENOTCONN, "source= is not of this address's family");
	check_fails("255.255.255.255", &none, EACCES, strerror(EACCES));
}
END_TEST

Suite *udp_socket_suite(void)
{
	const TTest *const tests[] = {
	    it_is_as_the_keys_say,
	    it_hears_of_answers_by_ipv6_too,
	    what_cannot_be_had_is_said_and_leaves_no_socket,
	};

	return SUITE_OF("udp_socket", tests);
}
