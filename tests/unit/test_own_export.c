#include "suites.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

#include "own_export.h"

static struct sockaddr_storage end(const char *address, uint16_t port)
{
	struct sockaddr_storage s = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&s;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&s;

	if (inet_pton(AF_INET, address, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
	} else {
		ck_assert_int_eq(inet_pton(AF_INET6, address, &in6->sin6_addr), 1);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
	}
	return s;
}

static struct pktinfo packet(const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct pktinfo p = {.head = {.src_port = sport,
				.dst_port = dport,
				.protocol = IPPROTO_UDP,
				.kind = strchr(src, ':') ? 6 : 4}};
	int family = p.head.kind == 6 ? AF_INET6 : AF_INET;
	uint8_t addresses[2][ADDRESS_OCTETS] = {{0}};

	inet_pton(family, src, addresses[0]);
	inet_pton(family, dst, addresses[1]);
	pktinfo_set_addresses(&p, addresses[0], addresses[1]);
	return p;
}

static void publish(
    struct own_exports *own, unsigned i, const char *local, uint16_t port, const char *remote)
{
	struct sockaddr_storage here = end(local, port), there = end(remote, 4739);

	static const bool no_trial;

	own_exports_publish(own, &no_trial, i, &here, &there);
}

static void publish_on_trial(struct own_exports *own, const bool *trial, uint16_t port)
{
	struct sockaddr_storage here = end("192.0.2.1", port), there = end("192.0.2.2", 4739);

	own_exports_publish(own, trial, 3, &here, &there);
}

static bool matches(
    const struct own_exports *own, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct pktinfo p = packet(src, sport, dst, dport);

	return own_exports_match(own, &p);
}

START_TEST(a_session_is_known_by_both_of_its_ends)
{
	static struct own_exports own;

	ck_assert(!matches(&own, "192.0.2.1", 5000, "192.0.2.2", 4739));
	publish(&own, 3, "192.0.2.1", 5000, "192.0.2.2");
	publish(&own, 0, "2001:db8::1", 5001, "2001:db8::2");
	ck_assert(matches(&own, "192.0.2.1", 5000, "192.0.2.2", 4739));
	ck_assert(matches(&own, "2001:db8::1", 5001, "2001:db8::2", 4739));
	ck_assert(!matches(&own, "192.0.2.2", 4739, "192.0.2.1", 5000));
	ck_assert(!matches(&own, "192.0.2.1", 5001, "192.0.2.2", 4739));
	ck_assert(!matches(&own, "192.0.2.1", 5000, "192.0.2.2", 4740));
	ck_assert(!matches(&own, "192.0.2.3", 5000, "192.0.2.2", 4739));
	ck_assert(!matches(&own, "192.0.2.1", 5000, "192.0.2.3", 4739));
	ck_assert(!matches(&own, "2001:db8::1", 5001, "2001:db8::3", 4739));
}
END_TEST

START_TEST(only_udp_is_ours)
{
	static struct own_exports own;
	struct pktinfo p = packet("192.0.2.1", 5000, "192.0.2.2", 4739);

	publish(&own, 0, "192.0.2.1", 5000, "192.0.2.2");
	p.head.protocol = IPPROTO_TCP;
	ck_assert(!own_exports_match(&own, &p));
}
END_TEST

/* However often a name changes, its present session and the one before are known. */
START_TEST(sessions_take_the_place_of_older_ones)
{
	static struct own_exports own;

	for (uint16_t port = 5000; port < 6000; port++) {
		publish(&own, CONFIG_COLLECTORS_MAX - 1, "192.0.2.1", port, "192.0.2.2");
		ck_assert(matches(&own, "192.0.2.1", port, "192.0.2.2", 4739));
		if (port > 5000)
			ck_assert(
			    matches(&own, "192.0.2.1", (uint16_t)(port - 1), "192.0.2.2", 4739));
		if (port > 5001)
			ck_assert(
			    !matches(&own, "192.0.2.1", (uint16_t)(port - 2), "192.0.2.2", 4739));
	}
}
END_TEST

/* However many reloads are refused, what is sent goes on by the same sessions. */
START_TEST(what_is_refused_takes_no_place)
{
	static struct own_exports own;
	bool refused[5], taken, late;

	publish(&own, 3, "192.0.2.1", 5000, "192.0.2.2");
	publish(&own, 3, "192.0.2.1", 5001, "192.0.2.2");
	for (uint16_t i = 0; i < 5; i++) {
		own_exports_try(&own, &refused[i]);
		publish_on_trial(&own, &refused[i], (uint16_t)(6000 + i));
		ck_assert(matches(&own, "192.0.2.1", (uint16_t)(6000 + i), "192.0.2.2", 4739));
	}
	own_exports_try(&own, &taken);
	publish_on_trial(&own, &refused[2], 6500);
	ck_assert(!matches(&own, "192.0.2.1", 6500, "192.0.2.2", 4739));
	publish_on_trial(&own, &taken, 7000);
	ck_assert(matches(&own, "192.0.2.1", 5000, "192.0.2.2", 4739));
	ck_assert(matches(&own, "192.0.2.1", 5001, "192.0.2.2", 4739));
	own_exports_settle(&own, &taken);
	own_exports_try(&own, &late);
	publish_on_trial(&own, &late, 8000);
	ck_assert(matches(&own, "192.0.2.1", 7000, "192.0.2.2", 4739));
	ck_assert(matches(&own, "192.0.2.1", 5001, "192.0.2.2", 4739));
	publish_on_trial(&own, &taken, 7001);
	ck_assert(matches(&own, "192.0.2.1", 7001, "192.0.2.2", 4739));
	ck_assert(matches(&own, "192.0.2.1", 7000, "192.0.2.2", 4739));
}
END_TEST

/* Its words may be those of two sessions. */
START_TEST(session_that_is_being_written_is_not_known)
{
	static struct own_exports own;
	atomic_uint *version = &own.entries[OWN_EXPORT_PLACES].version;

	publish(&own, 1, "192.0.2.1", 5000, "192.0.2.2");
	ck_assert(matches(&own, "192.0.2.1", 5000, "192.0.2.2", 4739));
	atomic_fetch_add(version, 1);
	ck_assert(!matches(&own, "192.0.2.1", 5000, "192.0.2.2", 4739));
	atomic_fetch_add(version, 1);
	ck_assert(matches(&own, "192.0.2.1", 5000, "192.0.2.2", 4739));
}
END_TEST

static struct own_exports shared;

/* Two kinds of sessions in turn: a mixture of both would be seen as one of neither. */
static void *publish_many(void *unused)
{
	for (unsigned i = 0; i < 20000; i++) {
		publish(&shared, 0, "192.0.2.1", 5000, "192.0.2.2");
		publish(&shared, 0, "192.0.2.1", 5000, "192.0.2.2");
		publish(&shared, 0, "198.51.100.1", 6000, "198.51.100.2");
		publish(&shared, 0, "198.51.100.1", 6000, "198.51.100.2");
	}
	return unused;
}

START_TEST(reader_never_sees_half_a_session)
{
	struct pktinfo mixed[] = {packet("192.0.2.1", 5000, "198.51.100.2", 4739),
	    packet("198.51.100.1", 6000, "192.0.2.2", 4739),
	    packet("198.51.100.1", 5000, "192.0.2.2", 4739)};
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, publish_many, NULL), 0);
	for (unsigned i = 0; i < 200000; i++)
		ck_assert(!own_exports_match(&shared, &mixed[i % 3]));
	pthread_join(thread, NULL);
	ck_assert(matches(&shared, "198.51.100.1", 6000, "198.51.100.2", 4739));
}
END_TEST

static struct own_exports contended;

static void *publish_some(void *unused)
{
	for (unsigned i = 0; i < 20000; i++)
		publish(&contended, 0, "192.0.2.1", 5000, "192.0.2.2");
	return unused;
}

/* The resolver of an exporter that has been replaced, and that of the present one. */
START_TEST(two_write_one_after_the_other)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, publish_some, NULL), 0);
	publish_some(NULL);
	pthread_join(thread, NULL);
	ck_assert_uint_eq(contended.sessions[0], 40000);
	ck_assert(matches(&contended, "192.0.2.1", 5000, "192.0.2.2", 4739));
}
END_TEST

Suite *own_export_suite(void)
{
	const TTest *const tests[] = {
	    a_session_is_known_by_both_of_its_ends,
	    only_udp_is_ours,
	    sessions_take_the_place_of_older_ones,
	    what_is_refused_takes_no_place,
	    session_that_is_being_written_is_not_known,
	    reader_never_sees_half_a_session,
	    two_write_one_after_the_other,
	};

	return SUITE_OF("own_export", tests);
}
