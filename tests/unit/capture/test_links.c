#include "suites.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/links.h"

/* More than the kernel keeps for one who does not read. */
#define MANY 4000

static struct links *links;
static unsigned told[LINK_GONE + 1];
static struct link last;

static void take(void *ctx, enum link_change change, const struct link *link)
{
	(void)ctx;
	told[change]++;
	last = *link;
}

/* In a namespace where nothing happens but what the test does. False: none can be made. */
static bool begin(void)
{
	memset(told, 0, sizeof(told));
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 && unshare(CLONE_NEWNET) < 0)
		return false;
	ck_assert_int_eq(links_open(&links), 0);
	return true;
}

static void end(void)
{
	links_close(links);
}

static void request(unsigned long what, struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(request->ifr_name, sizeof(request->ifr_name), "lo");
	ck_assert_int_eq(ioctl(fd, what, request), 0);
	close(fd);
}

static void set_up(bool up)
{
	request(SIOCSIFFLAGS, &(struct ifreq){.ifr_flags = up ? IFF_UP : 0});
}

static bool is_readable(void)
{
	struct pollfd fd = {.fd = links_fd(links), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

START_TEST(loopback_is_there)
{
	const struct link *lo;

	ck_assert_int_eq(links_open(&links), 0);
	lo = links_by_name(links, "lo");
	ck_assert_ptr_nonnull(lo);
	ck_assert_uint_eq(lo->index, if_nametoindex("lo"));
	ck_assert_ptr_eq(links_by_index(links, lo->index), lo);
	ck_assert_uint_gt(lo->mtu, 0);
	ck_assert_ptr_null(links_by_name(links, "no-such"));
	ck_assert_ptr_null(links_by_index(links, 0));
	end();
}
END_TEST

START_TEST(nothing_new_is_nothing_told)
{
	if (!begin())
		return;
	ck_assert(!is_readable());
	ck_assert_int_eq(links_read(links, take, NULL), 0);
	ck_assert_uint_eq(told[LINK_NEW] + told[LINK_CHANGED] + told[LINK_GONE], 0);
	end();
}
END_TEST

START_TEST(a_change_is_told_once)
{
	if (!begin())
		return;
	ck_assert(!links_by_name(links, "lo")->is_up);
	set_up(true);
	ck_assert(is_readable());
	ck_assert_int_eq(links_read(links, take, NULL), 0);
	ck_assert_uint_ge(told[LINK_CHANGED], 1);
	ck_assert_uint_eq(told[LINK_NEW] + told[LINK_GONE], 0);
	ck_assert_str_eq(last.name, "lo");
	ck_assert(last.is_up);
	ck_assert(links_by_name(links, "lo")->is_up);
	told[LINK_CHANGED] = 0;
	ck_assert_int_eq(links_read(links, take, NULL), 0);
	ck_assert_uint_eq(told[LINK_CHANGED], 0);
	end();
}
END_TEST

/* The last one of all is. */
START_TEST(events_that_were_dropped_are_made_up_for)
{
	if (!begin())
		return;
	for (unsigned i = 0; i < MANY; i++)
		set_up(i % 2 == 0);
	request(SIOCSIFMTU, &(struct ifreq){.ifr_mtu = 1234});
	ck_assert_int_eq(links_read(links, take, NULL), 0);
	ck_assert_uint_lt(told[LINK_CHANGED], MANY);
	ck_assert_uint_eq(told[LINK_GONE], 0);
	ck_assert_uint_eq(links_by_name(links, "lo")->mtu, 1234);
	ck_assert(!links_by_name(links, "lo")->is_up);
	ck_assert(!is_readable());
	end();
}
END_TEST

/* A request that cannot be sent, say, as when memory lacks: that is no end. */
START_TEST(what_could_not_be_read_anew_is_so_the_next_time)
{
	struct sockaddr_nl address;
	socklen_t size = sizeof(address);
	int requests, kept, other;

	if (!begin())
		return;
	requests = links_fd(links) + 1;
	ck_assert_int_eq(getsockname(requests, (struct sockaddr *)&address, &size), 0);
	ck_assert_int_eq(address.nl_family, AF_NETLINK);
	kept = dup(requests);
	other = open("/dev/null", O_RDWR);
	ck_assert_int_eq(dup2(other, requests), requests);
	for (unsigned i = 0; i < MANY; i++)
		set_up(i % 2 == 0);
	request(SIOCSIFMTU, &(struct ifreq){.ifr_mtu = 1234});
	ck_assert_int_lt(links_read(links, take, NULL), 0);
	ck_assert_int_lt(links_read(links, take, NULL), 0);
	ck_assert_int_eq(dup2(kept, requests), requests);
	ck_assert_int_eq(links_read(links, take, NULL), 0);
	ck_assert_uint_eq(links_by_name(links, "lo")->mtu, 1234);
	close(kept);
	close(other);
	end();
}
END_TEST

Suite *links_suite(void)
{
	const TTest *const tests[] = {
	    loopback_is_there,
	    nothing_new_is_nothing_told,
	    a_change_is_told_once,
	    events_that_were_dropped_are_made_up_for,
	    what_could_not_be_read_anew_is_so_the_next_time,
	};

	return SUITE_OF("links", tests);
}
