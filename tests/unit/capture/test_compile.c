#include "suites.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capture/compile.h"

#define HOST_IS_LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

static unsigned asked;

static int another(
    void *ctx, const struct compile_query *query, struct bpf_program *out, char why[COMPILE_WHY])
{
	(void)ctx;
	asked++;
	return compile_here(query, out, why);
}

static int compile(const char *expression, int linktype, uint32_t snaplen)
{
	struct compile_query query = {
	    .expression = expression, .linktype = linktype, .snaplen = snaplen};
	struct bpf_program program;
	char why[COMPILE_WHY] = "";
	int rc = compile_expression(&query, &program, why);

	if (rc)
		ck_assert_str_ne(why, "");
	else
		pcap_freecode(&program);
	return rc;
}

/* Each of these is another program; what is wrong is asked for again: a name may be known by then. */
START_TEST(the_same_is_compiled_once)
{
	compile_by(another, NULL);
	asked = 0;
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(compile("udp port 4739", DLT_EN10MB, 512), 0);
		ck_assert_int_eq(compile("udp port 4739", DLT_EN10MB, 0), 0);
		ck_assert_int_eq(compile("udp port 4739", DLT_RAW, 512), 0);
		ck_assert_int_eq(compile("tcp port 4739", DLT_EN10MB, 512), 0);
	}
	ck_assert_uint_eq(asked, 4);
	ck_assert_int_eq(compile("port nosuchservice", DLT_EN10MB, 512), -EINVAL);
	ck_assert_int_eq(compile("port nosuchservice", DLT_EN10MB, 512), -EINVAL);
	ck_assert_uint_eq(asked, 6);
	compile_by(NULL, NULL);
}
END_TEST

START_TEST(what_only_the_kernel_knows_is_for_it_alone)
{
	ck_assert_int_eq(compile("inbound", DLT_EN10MB, 0), -EINVAL);
	ck_assert_int_eq(compile("inbound", DLT_EN10MB, 512), 0);
}
END_TEST

static struct bpf_program compiled_for(int linktype, bool swapped)
{
	struct compile_query query = {.expression = "ip", .linktype = linktype, .swapped = swapped};
	struct bpf_program program;
	char why[COMPILE_WHY];

	ck_assert_int_eq(compile_expression(&query, &program, why), 0);
	return program;
}

/* The numbers in the headers of some link layers are in the byte order of whoever captured. */
START_TEST(a_file_in_the_other_byte_order_gets_its_own_program)
{
	static const struct {
		int linktype;
		uint8_t ip[4];
		bool is_of_the_network;
	} rows[] = {{DLT_NULL, {2, 0, 0, 0}, false}, {DLT_ENC, {2, 0, 0, 0}, false},
	    {DLT_LOOP, {0, 0, 0, 2}, true}};

	for (unsigned n = 0; n < 2 * sizeof(rows) / sizeof(*rows); n++) {
		uint8_t octets[64];
		struct pcap_pkthdr h = {.caplen = sizeof(octets), .len = sizeof(octets)};
		bool is_little = n % 2, is_host = is_little == HOST_IS_LITTLE;
		struct bpf_program program = compiled_for(rows[n / 2].linktype, !is_host);

		memset(octets, 0, sizeof(octets));
		memcpy(octets, rows[n / 2].ip, 4);
		ck_assert_int_eq(pcap_offline_filter(&program, &h, octets) != 0,
		    is_little || rows[n / 2].is_of_the_network);
		memset(octets, 0, 4);
		octets[3] = 2;
		ck_assert_int_eq(pcap_offline_filter(&program, &h, octets) != 0,
		    !is_little || rows[n / 2].is_of_the_network);
		pcap_freecode(&program);
	}
}
END_TEST

/* The latest stay, however many there have been. */
START_TEST(older_ones_are_forgotten)
{
	char expression[32];

	compile_by(another, NULL);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(expression, sizeof(expression), "port %u", 1000 + i);
		ck_assert_int_eq(compile(expression, DLT_RAW, 512), 0);
	}
	asked = 0;
	ck_assert_int_eq(compile("port 1499", DLT_RAW, 512), 0);
	ck_assert_uint_eq(asked, 0);
	ck_assert_int_eq(compile("port 1000", DLT_RAW, 512), 0);
	ck_assert_uint_eq(asked, 1);
	compile_by(NULL, NULL);
}
END_TEST

Suite *compile_suite(void)
{
	const TTest *const tests[] = {the_same_is_compiled_once,
	    what_only_the_kernel_knows_is_for_it_alone,
	    a_file_in_the_other_byte_order_gets_its_own_program, older_ones_are_forgotten};

	return SUITE_OF("compile", tests);
}
