#include "suites.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/compile.h"
#include "capture/filter.h"
#include "support/said.h"

static void check_refused(const char *expression, const char *text)
{
	const char *said;

	said_begin();
	ck_assert_int_eq(filter_check(expression), -EINVAL);
	said = said_end();
	ck_assert(said_one_message(said));
	ck_assert_msg(strstr(said, text) != NULL, "'%s' is not in: %s", text, said);
}

/* Each of these fits one kind of link layer. */
START_TEST(one_link_type_is_enough)
{
	static const char *const filters[] = {"tcp port 80 or vlan 5",
	    "ether host 02:00:00:00:00:01", "wlan type data", "wlan addr1 02:00:00:00:00:01",
	    "subtype beacon", "dir fromds", "radio[0] = 1", "ifname em0", "action pass",
	    "rnr 3 and tcp", "reason match", "link host $2a"};

	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++)
		ck_assert_msg(filter_check(filters[i]) == 0, "%s", filters[i]);
	check_refused("tcp and", "see pcap-filter(7)");
}
END_TEST

/* Who forgets -r names a capture where an expression stands. */
START_TEST(a_file_is_taken_for_what_it_is)
{
	char path[] = "/tmp/spanflow-filter-XXXXXX", with_filter[64];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	close(fd);
	check_refused(path, "to read a file put -r before it");
	snprintf(with_filter, sizeof(with_filter), "%s udp", path);
	check_refused(with_filter, "to read a file put -r before it");
	unlink(path);
	check_refused(path, "see pcap-filter(7)");
}
END_TEST

static unsigned asked;

static int find_in_vain(
    void *ctx, const struct compile_query *query, struct bpf_program *out, char why[COMPILE_WHY])
{
	(void)ctx;
	(void)query;
	(void)out;
	asked++;
	snprintf(why, COMPILE_WHY, "a name takes too long");
	return -ETIMEDOUT;
}

START_TEST(a_name_is_waited_for_once)
{
	compile_by(find_in_vain, NULL);
	asked = 0;
	check_refused("host collector.example", "a name takes too long");
	ck_assert_uint_eq(asked, 1);
	compile_by(NULL, NULL);
}
END_TEST

Suite *filter_suite(void)
{
	const TTest *const tests[] = {
	    one_link_type_is_enough,
	    a_file_is_taken_for_what_it_is,
	    a_name_is_waited_for_once,
	};

	return SUITE_OF("filter", tests);
}
