#include "suites.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/screen.h"
#include "support/collector.h"
#include "support/overview.h"

static char *printed;
static struct overview overview;

static struct listing *flows_of(const struct record *records, size_t count)
{
	struct listing_request request = {.order = LISTING_OCTETS, .limit = SCREEN_ROWS_MAX};
	struct listing *l = listing_create(&request);

	for (size_t i = 0; i < count; i++)
		listing_offer(l, &records[i]);
	listing_sort(l);
	return l;
}

static const char *draw(const struct listing *l, unsigned rows, unsigned columns)
{
	const struct screen_size screen = {rows, columns};
	size_t size;
	FILE *out;

	free(printed);
	out = open_memstream(&printed, &size);
	screen_print(out, &overview, l, &screen);
	fclose(out);
	return printed;
}

static unsigned check_size(const char *text, unsigned rows, unsigned columns)
{
	unsigned lines = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");

		ck_assert_msg(length <= columns, "%ux%u: %zu: %s", rows, columns, length, text);
		ck_assert_int_eq(text[length], '\n');
		text += length + 1;
		lines++;
	}
	ck_assert_msg(lines <= rows, "%ux%u: %u lines", rows, columns, lines);
	return lines;
}

static struct record ipv6_flow(const char *src, const char *dst)
{
	struct record r = record_at(1000000000000);

	r.ip_version = 6;
	r.src_port = 65535;
	r.dst_port = 65534;
	inet_pton(AF_INET6, src, r.src);
	inet_pton(AF_INET6, dst, r.dst);
	return r;
}

static void has(const char *text, const char *wanted)
{
	ck_assert_msg(strstr(text, wanted) != NULL, "'%s' is not in:\n%s", wanted, text);
}

START_TEST(fits_a_screen_of_any_size)
{
	static struct record records[SCREEN_ROWS_MAX];
	static const unsigned sizes[] = {
	    1, 2, 3, 9, 10, 24, 25, 47, 79, 80, 81, 132, 200, 999, 1000};
	const unsigned n = sizeof(sizes) / sizeof(*sizes);
	struct listing *l;

	for (unsigned i = 0; i < SCREEN_ROWS_MAX; i++) {
		records[i] = i % 2 ? record_at(1000000000000)
				   : ipv6_flow("1111:2222:3333:4444:5555:6666:7777:8888",
					 "aaaa:bbbb:cccc:dddd:eeee:ffff:1234:5678");
		records[i].protocol = (uint8_t)i;
		records[i].packets = UINT64_MAX;
		records[i].octets = UINT64_MAX;
	}
	l = flows_of(records, SCREEN_ROWS_MAX);
	overview_example(&overview, UINT64_MAX / 1000 * 1000);
	for (unsigned r = 0; r < n; r++)
		for (unsigned c = 0; c < n; c++)
			/* With so many flows it is full. */
			ck_assert_uint_eq(
			    check_size(draw(l, sizes[r], sizes[c]), sizes[r], sizes[c]), sizes[r]);
	listing_destroy(l);
}
END_TEST

START_TEST(without_flows_there_is_the_status)
{
	struct listing *l = flows_of(NULL, 0);

	overview_example(&overview, 1000);
	check_size(draw(l, 24, 80), 24, 80);
	has(printed, "spanflow 1.2.3  up ");
	has(printed, "proto");
	/* What there is room for of one row is the first one. */
	has(draw(l, 1, 80), "spanflow 1.2.3");
	listing_destroy(l);
}
END_TEST

START_TEST(usual_terminal_shows_ipv4_as_it_is)
{
	struct record r = record_at(1000000000000);
	struct listing *l;

	r.octets = 1234567890;
	r.packets = 1000000;
	memset(r.src, 255, 4);
	memset(r.dst, 254, 4);
	r.src_port = 65535;
	r.dst_port = 65534;
	l = flows_of(&r, 1);
	overview_example(&overview, 1000);
	check_size(draw(l, 24, 80), 24, 80);
	has(printed,
	    "TCP    255.255.255.255:65535      254.254.254.254:65534      1.00M  1.23G 9.88G\n");
	has(printed,
	    "proto  source                     destination                 pkts octets bit/s\n");
	listing_destroy(l);
}
END_TEST

/* What is cut loses its middle: the network and the port can be read. */
START_TEST(both_ends_of_long_endpoints_can_be_read)
{
	struct record r = ipv6_flow(
	    "1111:2222:3333:4444:5555:6666:7777:8888", "aaaa:bbbb:cccc:dddd:eeee:ffff:1234:5678");
	struct listing *l = flows_of(&r, 1);

	overview_example(&overview, 1000);
	check_size(draw(l, 24, 80), 24, 80);
	has(printed, " [1111:2222:3..:8888]:65535 [aaaa:bbbb:c..:5678]:65534 ");
	check_size(draw(l, 24, 121), 24, 121);
	has(printed,
	    " [1111:2222:3333:4444:5555:6666:7777:8888]:65535 "
	    "[aaaa:bbbb:cccc:dddd:eeee:ffff:1234:5678]:65534 ");
	/* As narrow as it gets. */
	check_size(draw(l, 24, 40), 24, 40);
	has(printed, "[111..5535 [aaa..5534");
	listing_destroy(l);
}
END_TEST

/* In a listing nothing is cut: what is too long moves what is behind it. */
START_TEST(flows_that_are_listed_keep_their_addresses)
{
	char text[SCREEN_FLOW_SIZE];
	struct record r = ipv6_flow(
	    "1111:2222:3333:4444:5555:6666:7777:8888", "aaaa:bbbb:cccc:dddd:eeee:ffff:1234:5678");
	struct record four = record_at(1000000000000);

	ck_assert_uint_eq(screen_flow_heading(text, 80), 80);
	ck_assert_str_eq(text,
	    "proto  source                     destination                 pkts octets bit/s\n");
	memset(four.src, 255, 4);
	memset(four.dst, 254, 4);
	four.src_port = four.dst_port = 65535;
	four.octets = four.packets = 1000000;
	ck_assert_uint_eq(screen_flow(text, &four, 80), 80);
	has(text, "TCP    255.255.255.255:65535      254.254.254.254:65535      1.00M  1.00M ");
	r.packets = r.octets = UINT64_MAX;
	ck_assert_uint_eq(screen_flow(text, &r, 1), strlen(text));
	has(text,
	    " [1111:2222:3333:4444:5555:6666:7777:8888]:65535 "
	    "[aaaa:bbbb:cccc:dddd:eeee:ffff:1234:5678]:65534 18.4E  18.4E ");
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	ck_assert_uint_lt(screen_flow(text, &r, SCREEN_COLUMNS_MAX), SCREEN_FLOW_SIZE);
}
END_TEST

START_TEST(collectors_of_long_names_are_shown_whole)
{
	struct listing *l = flows_of(NULL, 0);

	overview_example(&overview, 1000);
	overview.now.collectors[0].url = "udp://flow-collector-01.dc1.example.net:4739";
	has(draw(l, 24, 80),
	    "\n            udp://flow-collector-01.dc1.example.net:4739 (ipfix)\n");
	has(draw(l, 24, 132), " 4 udp://flow-collector-01.dc1.example.net:4739 (ipfix)\n");
	listing_destroy(l);
}
END_TEST

START_TEST(protocols_without_ports_show_none)
{
	struct record r = record_of_class(CLASS_ICMP, 1000000000000);
	struct listing *l = flows_of(&r, 1);

	overview_example(&overview, 1000);
	has(draw(l, 24, 80), "ICMP   192.0.2.1                  198.51.100.2  ");
	listing_destroy(l);
}
END_TEST

Suite *screen_suite(void)
{
	const TTest *const tests[] = {fits_a_screen_of_any_size, without_flows_there_is_the_status,
	    usual_terminal_shows_ipv4_as_it_is, both_ends_of_long_endpoints_can_be_read,
	    protocols_without_ports_show_none, collectors_of_long_names_are_shown_whole,
	    flows_that_are_listed_keep_their_addresses};

	return SUITE_OF("screen", tests);
}
