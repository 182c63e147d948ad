#include "suites.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capture/compile.h"

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
	struct compile_query query = {expression, linktype, snaplen};
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
	    what_only_the_kernel_knows_is_for_it_alone, older_ones_are_forgotten};

	return SUITE_OF("compile", tests);
}
