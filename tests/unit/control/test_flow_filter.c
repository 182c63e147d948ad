#include "suites.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "control/flow_filter.h"
#include "support/collector.h"

static struct flow_filter filter;
static char why[128];

static int parse(const char *text)
{
	char copy[512], *words[128];
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		words[count++] = word;
	why[0] = '\0';
	return flow_filter_parse(&filter, words, count, why, sizeof(why));
}

static bool matches(const char *text, const struct record *r)
{
	ck_assert_msg(parse(text) == 0, "'%s': %s", text, why);
	return flow_filter_matches(&filter, r);
}

/* TCP 192.0.2.1:1234 > 198.51.100.2:80, VLAN 5, from interface 7 */
static struct record flow4(void)
{
	return record_at(1);
}

/* UDP [2001:db8::1]:1234 > [fd00::2]:80 */
static struct record flow6(void)
{
	struct record r = record_at(1);

	r.ip_version = 6;
	r.protocol = 17;
	inet_pton(AF_INET6, "2001:db8::1", r.src);
	inet_pton(AF_INET6, "fd00::2", r.dst);
	return r;
}

START_TEST(each_term_holds_or_not)
{
	static const struct {
		const char *term;
		bool four, six;
	} rows[] = {
	    {"", true, true},
	    {"ip", true, false},
	    {"ip6", false, true},
	    {"host 192.0.2.1", true, false},
	    {"host 198.51.100.2", true, false},
	    {"host 192.0.2.2", false, false},
	    {"net 192.0.2.0/24", true, false},
	    {"src 192.0.2.1", true, false},
	    {"src host 192.0.2.1", true, false},
	    {"src net 192.0.2.0/24", true, false},
	    {"dst 192.0.2.1", false, false},
	    {"dst 198.51.100.2", true, false},
	    {"src 198.51.100.2", false, false},
	    {"host 0.0.0.0/0", true, false},
	    {"host ::/0", false, true},
	    {"host fd00::2", false, true},
	    {"src 2001:db8::/32", false, true},
	    {"dst 2001:db8::/32", false, false},
	    /* Octets of the one are no address of the other. */
	    {"host c000:201::/32", false, false},
	    {"host 32.1.13.184", false, false},
	    {"port 80", true, true},
	    {"port 1234", true, true},
	    {"src port 1234", true, true},
	    {"dst port 1234", false, false},
	    {"dst port 80", true, true},
	    {"port 0", false, false},
	    {"proto tcp", true, false},
	    {"proto 6", true, false},
	    {"proto udp", false, true},
	    {"proto 17", false, true},
	    {"tcp", true, false},
	    {"udp", false, true},
	    {"icmp", false, false},
	    {"vlan 5", true, true},
	    {"vlan 6", false, false},
	    {"interface 7", true, true},
	    {"interface 0", false, false},
	    {"ip and tcp and port 80 and vlan 5", true, false},
	    {"ip tcp port 80 vlan 5", true, false},
	    {"ip tcp port 80 vlan 6", false, false},
	    {"src 192.0.2.1 src port 80", false, false},
	};
	struct record four = flow4(), six = flow6();

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_msg(matches(rows[i].term, &four) == rows[i].four, "%s", rows[i].term);
		ck_assert_msg(matches(rows[i].term, &six) == rows[i].six, "%s", rows[i].term);
	}
}
END_TEST

START_TEST(not_turns_a_term_round)
{
	static const char *const terms[] = {"ip", "ip6", "host 192.0.2.1", "src 192.0.2.1",
	    "dst 192.0.2.1", "net ::/0", "port 80", "src port 80", "dst port 80", "proto tcp",
	    "tcp", "vlan 5", "interface 7", "interface 4294967295"};
	struct record flows[] = {flow4(), flow6()};
	char negated[64];

	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++)
		for (unsigned f = 0; f < 2; f++) {
			snprintf(negated, sizeof(negated), "not %s", terms[i]);
			ck_assert_msg(matches(terms[i], &flows[f]) != matches(negated, &flows[f]),
			    "%s", terms[i]);
		}
	/* Of one term alone. */
	ck_assert(matches("not udp and port 80", &flows[0]));
	ck_assert(!matches("not tcp and port 80", &flows[0]));
	ck_assert(!matches("port 80 and not tcp", &flows[0]));
}
END_TEST

START_TEST(ports_are_those_of_protocols_that_have_some)
{
	struct record echo = record_of_class(CLASS_ICMP, 1);

	ck_assert_uint_eq(echo.dst_port, 0x0800);
	ck_assert(!matches("port 2048", &echo));
	ck_assert(!matches("port 0", &echo));
	ck_assert(matches("not port 0", &echo));
	ck_assert(matches("icmp", &echo));
	ck_assert(matches("proto icmp", &echo));
}
END_TEST

START_TEST(protocols_have_the_names_that_tcpdump_knows)
{
	static const struct {
		const char *name;
		unsigned number;
	} rows[] = {{"icmp", 1}, {"igmp", 2}, {"tcp", 6}, {"udp", 17}, {"gre", 47}, {"esp", 50},
	    {"ah", 51}, {"icmp6", 58}, {"ospf", 89}, {"sctp", 132}};
	struct record r = flow4();
	char text[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (unsigned p = 0; p < 256; p++) {
			r.protocol = (uint8_t)p;
			snprintf(text, sizeof(text), "proto %s", rows[i].name);
			ck_assert_uint_eq(matches(text, &r), p == rows[i].number);
		}
	for (unsigned p = 0; p < 256; p++) {
		r.protocol = (uint8_t)p;
		snprintf(text, sizeof(text), "proto %u", p);
		ck_assert(matches(text, &r));
	}
}
END_TEST

static void flip(uint8_t *address, unsigned bit)
{
	address[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
}

/* The bits up to the length count, and no others. */
static void check_prefixes(int family, unsigned bits, const char *address)
{
	struct record r = family == AF_INET ? flow4() : flow6();
	char text[INET6_ADDRSTRLEN + 16];

	inet_pton(family, address, r.src);
	for (unsigned length = 0; length <= bits; length++) {
		snprintf(text, sizeof(text), "src %s/%u", address, length);
		ck_assert_msg(matches(text, &r), "%s", text);
		for (unsigned bit = 0; bit < bits; bit++) {
			flip(r.src, bit);
			ck_assert_msg(flow_filter_matches(&filter, &r) == (bit >= length),
			    "%s bit %u", text, bit);
			flip(r.src, bit);
		}
	}
	snprintf(text, sizeof(text), "src %s/%u", address, bits + 1);
	ck_assert_int_lt(parse(text), 0);
}

START_TEST(prefixes_of_every_length)
{
	check_prefixes(AF_INET, 32, "170.85.51.204");
	check_prefixes(AF_INET, 32, "0.0.0.0");
	check_prefixes(AF_INET6, 128, "aa55:33cc:ff00:ff:1234:5678:9abc:def0");
	check_prefixes(AF_INET6, 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	check_prefixes(AF_INET6, 128, "::ffff:1.2.3.4");
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
	    {"nonsense", "'nonsense'"},
	    {"tcp or udp", "'or'"},
	    {"and", "'and'"},
	    {"tcp and", "'and'"},
	    {"tcp and and udp", "'and'"},
	    {"not", "'not'"},
	    {"tcp not", "'not'"},
	    {"not not tcp", "'not'"},
	    {"host", "'host'"},
	    {"src", "'src'"},
	    {"src port", "'port'"},
	    {"dst net", "'net'"},
	    {"proto", "'proto'"},
	    {"vlan", "'vlan'"},
	    {"interface", "'interface'"},
	    {"host x", "'x'"},
	    {"host 1.2.3", "'1.2.3'"},
	    {"host 1.2.3.4.5", "'1.2.3.4.5'"},
	    {"host 1.2.3.256", "'1.2.3.256'"},
	    {"host 1.2.3.4/33", "'1.2.3.4/33'"},
	    {"host 1.2.3.4/", "'1.2.3.4/'"},
	    {"host 1.2.3.4/-1", "'1.2.3.4/-1'"},
	    {"host 1.2.3.4/8/8", "'1.2.3.4/8/8'"},
	    {"host 1.2.3.4/255.0.0.0", "255.0.0.0"},
	    {"host /8", "'/8'"},
	    {"host ::/129", "'::/129'"},
	    {"host :::", "':::'"},
	    {"host fe80::1%eth0", "'fe80::1%eth0'"},
	    {"host 1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", "no address"},
	    {"port 65536", "'65536'"},
	    {"port -1", "'-1'"},
	    {"port http", "'http'"},
	    {"port 80x", "'80x'"},
	    {"proto 256", "'256'"},
	    {"proto tpc", "'tpc'"},
	    {"vlan 65536", "'65536'"},
	    {"interface 4294967296", "'4294967296'"},
	    {"interface eth0", "'eth0'"},
	    {"TCP", "'TCP'"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_msg(parse(rows[i].text) < 0, "'%s' was taken", rows[i].text);
		ck_assert_msg(strstr(why, rows[i].why) != NULL, "'%s': %s", rows[i].text, why);
	}
}
END_TEST

START_TEST(as_many_terms_as_there_is_room_for)
{
	struct record r = flow4();
	char text[512] = "";

	for (unsigned i = 0; i < FLOW_FILTER_TERMS_MAX; i++)
		strcat(text, i ? " and not port 99" : "not port 99");
	ck_assert(matches(text, &r));
	ck_assert_uint_eq(filter.count, FLOW_FILTER_TERMS_MAX);
	strcat(text, " and");
	ck_assert_int_lt(parse(text), 0);
	strcat(text, " vlan 5");
	ck_assert_int_lt(parse(text), 0);
	ck_assert_msg(strstr(why, "too many") != NULL, "%s", why);
}
END_TEST

/* Words of any length: what is complained of is cut. */
START_TEST(long_words_are_no_fault)
{
	static char word[4000];
	char *words[] = {word};
	char host[] = "host", *address[] = {host, word};

	memset(word, '1', sizeof(word) - 1);
	ck_assert_int_lt(flow_filter_parse(&filter, words, 1, why, sizeof(why)), 0);
	ck_assert_int_lt(flow_filter_parse(&filter, address, 2, why, sizeof(why)), 0);
	ck_assert_uint_lt(strlen(why), sizeof(why));
}
END_TEST

Suite *flow_filter_suite(void)
{
	const TTest *const tests[] = {each_term_holds_or_not, not_turns_a_term_round,
	    ports_are_those_of_protocols_that_have_some,
	    protocols_have_the_names_that_tcpdump_knows, prefixes_of_every_length,
	    what_is_wrong_is_named, as_many_terms_as_there_is_room_for, long_words_are_no_fault};

	return SUITE_OF("flow_filter", tests);
}
