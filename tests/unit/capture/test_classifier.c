#include "suites.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <string.h>

#include "capture/classifier.h"
#include "support/frame.h"
#include "support/said.h"

static struct source ethernet = {.name = "eth9", .linktype = DLT_EN10MB};

static unsigned class_of(struct classifier *c, const struct frame *f)
{
	struct packet packet = {.data = f->octets,
	    .caplen = (uint32_t)f->size,
	    .len = (uint32_t)f->size,
	    .linktype = DLT_EN10MB};

	return classifier_find(c, &packet);
}

START_TEST(first_expression_that_matches_counts)
{
	static const char *const expressions[] = {
	    NULL, "udp port 53", "udp", "ip6", "greater 1000"};
	struct classifier *c = NULL;
	struct frame f = {.size = 0};

	ck_assert_int_eq(classifier_create(expressions, 5, &ethernet, true, &c), 0);
	frame_put_ethernet(&f, 0x0800);
	frame_put_ipv4(&f, 17, 28);
	frame_put_udp(&f);
	ck_assert_uint_eq(class_of(c, &f), 1);
	f.octets[14 + 23]++;
	ck_assert_uint_eq(class_of(c, &f), 2);
	f.octets[14 + 9] = 6;
	ck_assert_uint_eq(class_of(c, &f), 0);
	frame_put_zeros(&f, 1000);
	ck_assert_uint_eq(class_of(c, &f), 4);
	f.size = 0;
	frame_put_ethernet(&f, 0x86dd);
	frame_put_ipv6(&f, 59, 0);
	ck_assert_uint_eq(class_of(c, &f), 3);
	classifier_destroy(c);
}
END_TEST

START_TEST(without_expressions_all_are_of_rule_0)
{
	static const char *const expressions[] = {NULL};
	struct classifier *c = NULL;
	struct frame f = {.size = 0};

	ck_assert_int_eq(classifier_create(expressions, 1, &ethernet, true, &c), 0);
	frame_put_ethernet(&f, 0x0800);
	ck_assert_uint_eq(class_of(c, &f), 0);
	classifier_destroy(c);
}
END_TEST

START_TEST(expression_that_the_source_has_no_use_for_is_named)
{
	static const char *const expressions[] = {NULL, "ip", "vlan 5"};
	struct source raw = {.name = "raw.pcap", .linktype = DLT_RAW};
	struct classifier *c = NULL;
	const char *said;

	said_begin();
	ck_assert_int_eq(classifier_create(expressions, 3, &raw, true, &c), -EINVAL);
	said = said_end();
	ck_assert_msg(said_one_message(said), "%s", said);
	ck_assert_ptr_nonnull(strstr(said, "raw.pcap: class 'vlan 5'"));
	ck_assert_ptr_null(c);
	classifier_destroy(NULL);
}
END_TEST

START_TEST(expression_that_does_not_fit_a_file_matches_none_of_its_packets)
{
	static const char *const expressions[] = {NULL, "vlan 5", "ip"};
	struct source file = {.name = "raw.pcap", .linktype = DLT_RAW};
	uint8_t ipv4[20] = {0x45};
	struct packet raw = {.data = ipv4, .caplen = 20, .len = 20, .linktype = DLT_RAW};
	struct classifier *c = NULL;
	const char *said;

	ck_assert_int_eq(classifier_create(expressions, 3, &file, false, &c), 0);
	ck_assert(!classifier_failed(c));
	said_begin();
	ck_assert_uint_eq(classifier_find(c, &raw), 2);
	ck_assert_uint_eq(classifier_find(c, &raw), 2);
	said = said_end();
	ck_assert_msg(said_one_message(said), "%s", said);
	ck_assert_ptr_nonnull(strstr(said, "raw.pcap: class 'vlan 5'"));
	ck_assert(classifier_failed(c));
	classifier_destroy(c);
}
END_TEST

START_TEST(expressions_are_compiled_for_each_packets_link_type)
{
	static const char *const expressions[] = {NULL, "vlan 5", "ip"};
	struct source mixed = {.name = "mixed.pcapng", .linktype = SOURCE_LINKTYPES};
	uint8_t ipv4[20] = {0x45};
	struct packet raw = {
	    .data = ipv4, .caplen = 20, .len = 20, .linktype = DLT_RAW, .interface = 7};
	struct classifier *c = NULL;
	struct frame f = {.size = 0};
	const char *said;

	ck_assert_int_eq(classifier_create(expressions, 3, &mixed, true, &c), 0);
	frame_put_ethernet(&f, 0x0800);
	frame_put_ipv4(&f, 17, 20);
	ck_assert_uint_eq(class_of(c, &f), 2);
	ck_assert(!classifier_failed(c));
	said_begin();
	ck_assert_uint_eq(classifier_find(c, &raw), 2);
	ck_assert_uint_eq(classifier_find(c, &raw), 2);
	ck_assert_uint_eq(class_of(c, &f), 2);
	said = said_end();
	ck_assert_msg(said_one_message(said), "%s", said);
	ck_assert_ptr_nonnull(strstr(said, "mixed.pcapng: interface 6: class 'vlan 5': "));
	ck_assert(classifier_failed(c));
	classifier_destroy(c);
}
END_TEST

/* What only the kernel knows is not in a packet's octets: a class of it would be empty. */
START_TEST(expression_about_what_only_the_kernel_knows_is_refused)
{
	static const char *const expressions[] = {NULL, "inbound"};
	struct classifier *c = NULL;

	said_begin();
	ck_assert_int_eq(classifier_create(expressions, 2, &ethernet, true, &c), -EINVAL);
	ck_assert(said_one_message(said_end()));
}
END_TEST

Suite *classifier_suite(void)
{
	const TTest *const tests[] = {
	    first_expression_that_matches_counts,
	    without_expressions_all_are_of_rule_0,
	    expression_that_the_source_has_no_use_for_is_named,
	    expression_that_does_not_fit_a_file_matches_none_of_its_packets,
	    expressions_are_compiled_for_each_packets_link_type,
	    expression_about_what_only_the_kernel_knows_is_refused,
	};

	return SUITE_OF("classifier", tests);
}
