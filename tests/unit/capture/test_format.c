#include "suites.h"

#include <errno.h>
#include <string.h>

#include "support/capfile.h"
#include "support/said.h"

static void check_no_capture(const void *begins, size_t n, const char *text)
{
	size = 0;
	put(begins, n);
	put("\0\1\2\3 and something else behind it", 30);
	for (unsigned w = 0; w < 2; w++) {
		ck_assert_int_eq(ways[w](), -EINVAL);
		check_said(text);
	}
}

START_TEST(what_is_no_capture_is_named)
{
	check_no_capture("snoop\0\0\0\0\0\0\2\0\0\0\4", 16, "it is a snoop file: editcap -F pcap");
	check_no_capture("RTSS\1\1", 6, "it is a Network Monitor file: editcap");
	check_no_capture("GMBU\0\2", 6, "it is a Network Monitor file: editcap");
	check_no_capture("\x0c\xa5\1\0", 4, "it is a file of nfdump's flows");
	check_no_capture("PK\3\4", 4, "it is a zip archive: unpack it first");
	check_no_capture("\177ELF\2\1\1", 7, "it is a program");
	check_no_capture("\377\376\375\374", 4, "its format is not known");
}
END_TEST

START_TEST(text_is_named_whatever_its_letters)
{
	static const char *const texts[] = {
	    "12:00:00.000000 IP 192.0.2.1.53 > 192.0.2.2.5353: UDP\n", "{\"a\": 1}",
	    "\r\n\t spaces \r\n", "gr\xc3\xbcn und mehr\n"};

	for (unsigned i = 0; i < 4; i++) {
		size = 0;
		put(texts[i], strlen(texts[i]));
		ck_assert_int_eq(read_file(), -EINVAL);
		check_said("not a capture file: it is text");
	}
}
END_TEST

START_TEST(empty_file_is_named)
{
	for (unsigned w = 0; w < 2; w++) {
		size = 0;
		put("", 0);
		ck_assert_int_eq(ways[w](), -EINVAL);
		check_said("not a capture file: it is empty");
	}
}
END_TEST

Suite *format_suite(void)
{
	const TTest *const tests[] = {
	    what_is_no_capture_is_named,
	    text_is_named_whatever_its_letters,
	    empty_file_is_named,
	};

	return SUITE_OF("format", tests);
}
