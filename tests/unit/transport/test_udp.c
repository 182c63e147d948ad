#include "suites.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "transport/name.h"
#include "transport/udp.h"

#define TTL 17
#define DSCP 46

/* A receiver on loopback that learns each datagram's source, TTL and type of service. */
struct receiver {
	int family;
	int fd;
	uint16_t port;
	char source[INET6_ADDRSTRLEN];
	int ttl;
	int tos;
};

static void set(int fd, int level, int option)
{
	int one = 1;

	ck_assert_int_eq(setsockopt(fd, level, option, &one, sizeof(one)), 0);
}

/* False: this machine has no such address. */
static bool open_receiver(struct receiver *r, int family)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);
	int rc;

	*r = (struct receiver){.family = family, .fd = socket(family, SOCK_DGRAM, 0)};
	if (r->fd < 0)
		return false;
	rc = family == AF_INET ? bind(r->fd, (struct sockaddr *)&in, sizeof(in))
			       : bind(r->fd, (struct sockaddr *)&in6, sizeof(in6));
	if (rc < 0) {
		close(r->fd);
		return false;
	}
	getsockname(r->fd, (struct sockaddr *)&bound, &size);
	r->port = ntohs(((struct sockaddr_in *)&bound)->sin_port);
	set(r->fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    family == AF_INET ? IP_RECVTTL : IPV6_RECVHOPLIMIT);
	set(r->fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	    family == AF_INET ? IP_RECVTOS : IPV6_RECVTCLASS);
	return true;
}

static void read_control(struct receiver *r, const struct cmsghdr *c)
{
	bool v4 = r->family == AF_INET;
	int value = *CMSG_DATA(c);

	if (c->cmsg_type == (v4 ? IP_TTL : IPV6_HOPLIMIT))
		r->ttl = value;
	if (c->cmsg_type == (v4 ? IP_TOS : IPV6_TCLASS))
		r->tos = value;
}

static void receive(struct receiver *r)
{
	char data[64], control[256];
	struct sockaddr_storage from;
	struct iovec io = {data, sizeof(data)};
	struct msghdr m = {.msg_name = &from,
	    .msg_namelen = sizeof(from),
	    .msg_iov = &io,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct pollfd p = {.fd = r->fd, .events = POLLIN};

	ck_assert_int_eq(poll(&p, 1, 5000), 1);
	ck_assert_int_eq(recvmsg(r->fd, &m, 0), 5);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		read_control(r, c);
	inet_ntop(r->family,
	    r->family == AF_INET ? (void *)&((struct sockaddr_in *)&from)->sin_addr
				 : (void *)&((struct sockaddr_in6 *)&from)->sin6_addr,
	    r->source, sizeof(r->source));
}

static const struct message hello = {.data = (const uint8_t *)"hello", .size = 5};
static char why[256];

/* A session of the exporter, as the resolver makes it. */
static struct transport *connected(
    const char *host, uint16_t port, const struct udp_options *options)
{
	struct transport *t = udp_create("test", host, port, options);
	struct sockaddr_storage local;

	ck_assert_int_eq(udp_resolve(t, why, sizeof(why)), 1);
	ck_assert(!transport_renew(t, &local));
	udp_hand_over(t);
	ck_assert(transport_renew(t, &local));
	ck_assert(!transport_renew(t, &local));
	return t;
}

START_TEST(options_are_those_of_the_datagram)
{
	static const struct {
		int family;
		const char *host, *source;
	} rows[] = {{AF_INET, "127.0.0.1", "127.0.0.2"}, {AF_INET6, "::1", "::1"}};

	for (unsigned i = 0; i < 2; i++) {
		struct udp_options o = {.source = rows[i].source, .ttl = TTL, .dscp = DSCP};
		struct receiver r;
		struct transport *t;

		if (!open_receiver(&r, rows[i].family))
			continue;
		t = connected(rows[i].host, r.port, &o);
		ck_assert_int_eq(transport_send(t, &hello), 0);
		receive(&r);
		ck_assert_str_eq(r.source, rows[i].source);
		ck_assert_int_eq(r.ttl, TTL);
		ck_assert_int_eq(r.tos, DSCP << 2);
		transport_close(t);
		close(r.fd);
	}
}
END_TEST

START_TEST(without_options_it_is_as_the_system_does_it)
{
	struct udp_options o = {0};
	struct receiver r;
	struct transport *t;

	ck_assert(open_receiver(&r, AF_INET));
	t = connected("127.0.0.1", r.port, &o);
	ck_assert_int_eq(transport_send(t, &hello), 0);
	receive(&r);
	ck_assert_str_eq(r.source, "127.0.0.1");
	ck_assert_int_ne(r.ttl, TTL);
	ck_assert_int_eq(r.tos, 0);
	transport_close(t);
	close(r.fd);
}
END_TEST

START_TEST(multicast_has_the_same_ttl)
{
	struct udp_options o = {.ttl = TTL, .dev = "lo"};
	struct transport *t = udp_create("test", "239.255.1.2", 9, &o);
	struct sockaddr_storage local;
	unsigned char ttl = 0;
	socklen_t size = sizeof(ttl);

	/* Where the machine has no route for it, or may not bind to devices, there is no socket. */
	if (udp_resolve(t, why, sizeof(why)) == 1) {
		udp_hand_over(t);
		ck_assert(transport_renew(t, &local));
		getsockopt(transport_fd(t), IPPROTO_IP, IP_MULTICAST_TTL, &ttl, &size);
		ck_assert_uint_eq(ttl, TTL);
	}
	transport_close(t);
}
END_TEST

START_TEST(device_is_bound_to)
{
	struct udp_options o = {.dev = "lo"};
	struct receiver r;
	struct transport *t;
	char name[IFNAMSIZ] = "";
	socklen_t size = sizeof(name);

	ck_assert(open_receiver(&r, AF_INET));
	t = connected("127.0.0.1", r.port, &o);
	ck_assert_int_eq(getsockopt(transport_fd(t), SOL_SOCKET, SO_BINDTODEVICE, name, &size), 0);
	ck_assert_str_eq(name, "lo");
	ck_assert_int_eq(transport_send(t, &hello), 0);
	receive(&r);
	transport_close(t);
	close(r.fd);
}
END_TEST

static void check_fails(const char *host, const struct udp_options *o, int error, const char *text)
{
	struct transport *t = udp_create("test", host, 9, o);
	struct sockaddr_storage a, b;

	ck_assert_int_eq(udp_resolve(t, why, sizeof(why)), -error);
	ck_assert_msg(strstr(why, text) != NULL, "'%s' is not in: %s", text, why);
	ck_assert(!udp_endpoints(t, &a, &b));
	ck_assert(!transport_renew(t, &a));
	ck_assert_int_eq(transport_send(t, &hello), -EDESTADDRREQ);
	ck_assert_int_eq(transport_error(t), 0);
	transport_close(t);
}

static int find_later(void *ctx, const struct name_query *query, struct name_addresses *out)
{
	(void)ctx;
	(void)query;
	(void)out;
	return EAI_AGAIN;
}

START_TEST(what_cannot_be_had_is_said)
{
	struct udp_options dev = {.dev = "nosuch0"}, source = {.source = "192.0.2.77"};
	struct udp_options family = {.source = "::1"}, none = {0};

	check_fails("127.0.0.1", &dev, ENOTCONN, "dev=nosuch0: ");
	check_fails("127.0.0.1", &source, ENOTCONN, "source=192.0.2.77: ");
	check_fails("127.0.0.1", &family, EDESTADDRREQ, "source=");
	check_fails("no.such.name.invalid", &none, EDESTADDRREQ, "");
	ck_assert_uint_gt(strlen(why), 0);
	name_find_by(find_later, NULL);
	check_fails("collector.example", &none, EDESTADDRREQ, "looked up now: ");
	name_find_by(NULL, NULL);
}
END_TEST

/* What leaves is IPv4: ends as IPv6 addresses would be those of no packet on the wire. */
START_TEST(mapped_address_is_an_ipv4_session)
{
	struct udp_options o = {.source = "::ffff:127.0.0.1", .ttl = TTL, .dscp = DSCP};
	struct sockaddr_storage local, remote;
	struct receiver r;
	struct transport *t;

	ck_assert(open_receiver(&r, AF_INET));
	t = connected("::ffff:127.0.0.1", r.port, &o);
	ck_assert(udp_endpoints(t, &local, &remote));
	ck_assert_int_eq(local.ss_family, AF_INET);
	ck_assert_int_eq(remote.ss_family, AF_INET);
	ck_assert_int_eq(udp_resolve(t, why, sizeof(why)), 0);
	ck_assert_int_eq(transport_send(t, &hello), 0);
	receive(&r);
	ck_assert_int_eq(r.ttl, TTL);
	ck_assert_int_eq(r.tos, DSCP << 2);
	transport_close(t);
	close(r.fd);
}
END_TEST

START_TEST(same_address_is_no_new_session)
{
	struct udp_options o = {0};
	struct transport *t = connected("127.0.0.1", 9, &o);
	struct sockaddr_storage local, remote;

	ck_assert_int_eq(udp_resolve(t, why, sizeof(why)), 0);
	ck_assert(t->is_fixed);
	ck_assert(udp_endpoints(t, &local, &remote));
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&remote)->sin_port), 9);
	ck_assert(!transport_renew(t, &local));
	transport_close(t);
	t = udp_create("test", "localhost", 9, &o);
	ck_assert(!t->is_fixed);
	transport_close(t);
}
END_TEST

/* A port that was somebody's a moment ago, and nobody's now. */
static uint16_t closed_port(void)
{
	struct receiver r;

	ck_assert(open_receiver(&r, AF_INET));
	close(r.fd);
	return r.port;
}

static bool wait_for_error(const struct transport *t)
{
	struct pollfd p = {.fd = transport_fd(t)};

	return poll(&p, 1, 5000) == 1 && (p.revents & POLLERR);
}

START_TEST(refusal_is_heard_between_messages)
{
	struct udp_options o = {0};
	struct transport *t = connected("127.0.0.1", closed_port(), &o);
	struct pollfd p = {.fd = transport_fd(t)};

	ck_assert_int_eq(transport_error(t), 0);
	ck_assert(!udp_take_doubt(t));
	ck_assert_int_eq(transport_send(t, &hello), 0);
	ck_assert(wait_for_error(t));
	ck_assert_int_eq(transport_error(t), -ECONNREFUSED);
	ck_assert(udp_take_doubt(t));
	ck_assert(!udp_take_doubt(t));
	/* Told once, and the descriptor is quiet again. */
	ck_assert_int_eq(transport_error(t), 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	transport_close(t);
}
END_TEST

START_TEST(refused_message_says_that_it_was_an_earlier_one)
{
	struct udp_options o = {0};
	struct transport *t = connected("127.0.0.1", closed_port(), &o);

	ck_assert_int_eq(transport_send(t, &hello), 0);
	ck_assert(wait_for_error(t));
	ck_assert_int_eq(transport_send(t, &hello), -ECONNREFUSED);
	ck_assert(t->earlier);
	ck_assert_int_eq(transport_send(t, &hello), 0);
	ck_assert(!t->earlier);
	transport_close(t);
}
END_TEST

/* Whatever the kernel took of them is not offered again, and nothing is taken for its failure. */
START_TEST(refusal_within_a_batch_is_that_of_an_earlier_message)
{
	struct udp_options o = {0};
	struct transport *t = connected("127.0.0.1", closed_port(), &o);
	struct message three[] = {{.data = (const uint8_t *)"hello", .size = 3},
	    {.data = (const uint8_t *)"hello", .size = 4}, hello};
	unsigned went = 0;
	bool cut_short = false;

	while (went < 3) {
		int rc = transport_send_many(t, three + went, 3 - went);

		if (rc > 0) {
			ck_assert(!t->earlier && !cut_short);
			went += (unsigned)rc;
			cut_short = went < 3;
			continue;
		}
		ck_assert_int_eq(rc, -ECONNREFUSED);
		ck_assert(t->earlier && went > 0);
		cut_short = false;
	}
	ck_assert(wait_for_error(t));
	ck_assert_int_eq(transport_error(t), -ECONNREFUSED);
	ck_assert_int_eq(transport_error(t), 0);
	transport_close(t);
}
END_TEST

static int find_on_loopback(void *port, const struct name_query *query, struct name_addresses *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
	    .sin_addr = {htonl(INADDR_LOOPBACK)},
	    .sin_port = htons(*(const uint16_t *)port)};

	(void)query;
	*out = (struct name_addresses){.count = 1, .list = {{.size = sizeof(in)}}};
	memcpy(&out->list[0].storage, &in, sizeof(in));
	return 0;
}

/* Sends until the kernel stops within a batch, for an answer that is then told at the next call. */
static void be_refused_within_a_batch(struct transport *t)
{
	struct message three[] = {{.data = (const uint8_t *)"hello", .size = 3},
	    {.data = (const uint8_t *)"hello", .size = 4}, hello};
	int rc = 0;

	for (unsigned i = 0; i < 1000 && !(rc > 0 && rc < 3); i++)
		rc = transport_send_many(t, three, 3);
	ck_assert_int_gt(rc, 0);
	ck_assert_int_lt(rc, 3);
}

/* What the former address answered is nothing of the present one's. */
START_TEST(new_session_begins_without_errors_of_the_one_before)
{
	uint16_t port = closed_port();
	struct udp_options o = {0};
	struct sockaddr_storage local;
	struct receiver r;
	struct transport *t;

	name_find_by(find_on_loopback, &port);
	t = connected("collector.example", port, &o);
	be_refused_within_a_batch(t);
	ck_assert(open_receiver(&r, AF_INET));
	port = r.port;
	ck_assert_int_eq(udp_resolve(t, why, sizeof(why)), 1);
	udp_hand_over(t);
	ck_assert(transport_renew(t, &local));
	ck_assert_int_eq(transport_send(t, &hello), 0);
	ck_assert(!t->earlier);
	ck_assert_int_eq(transport_error(t), 0);
	receive(&r);
	transport_close(t);
	close(r.fd);
	name_find_by(NULL, NULL);
}
END_TEST

START_TEST(too_large_a_message_is_not_an_earlier_one)
{
	static uint8_t large[70000];
	struct message m = {.data = large, .size = sizeof(large)};
	struct udp_options o = {0};
	struct receiver r;
	struct transport *t;

	ck_assert(open_receiver(&r, AF_INET));
	t = connected("127.0.0.1", r.port, &o);
	ck_assert_int_eq(transport_send(t, &m), -EMSGSIZE);
	ck_assert(!t->earlier);
	ck_assert(!udp_take_doubt(t));
	ck_assert_int_eq(transport_send(t, &hello), 0);
	receive(&r);
	transport_close(t);
	close(r.fd);
}
END_TEST

Suite *udp_suite(void)
{
	const TTest *const tests[] = {
	    options_are_those_of_the_datagram,
	    without_options_it_is_as_the_system_does_it,
	    multicast_has_the_same_ttl,
	    device_is_bound_to,
	    what_cannot_be_had_is_said,
	    mapped_address_is_an_ipv4_session,
	    same_address_is_no_new_session,
	    refusal_is_heard_between_messages,
	    refused_message_says_that_it_was_an_earlier_one,
	    refusal_within_a_batch_is_that_of_an_earlier_message,
	    new_session_begins_without_errors_of_the_one_before,
	    too_large_a_message_is_not_an_earlier_one,
	};

	return SUITE_OF("udp", tests);
}
