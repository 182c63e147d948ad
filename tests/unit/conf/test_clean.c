#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "conf/file.h"

/* The text is taken, and this is what the parser gets. */
static void check_becomes(const char *text, const char *wanted)
{
	char *copy = strdup(text);
	const char *what = "?";
	unsigned line;

	ck_assert_msg(file_clean(copy, strlen(copy), &line, &what) == 0, "%s: %s", text, what);
	ck_assert_str_eq(copy, wanted);
	free(copy);
}

static void check_wrong(const char *text, size_t size, unsigned wanted_line, const char *wanted)
{
	char *copy = malloc(size + 1);
	const char *what = "nothing";
	unsigned line = 0;

	memcpy(copy, text, size);
	copy[size] = '\0';
	ck_assert_msg(file_clean(copy, size, &line, &what) < 0, "accepted: %s", text);
	ck_assert_uint_eq(line, wanted_line);
	ck_assert_msg(strstr(what, wanted) != NULL, "%s: %s", text, what);
	free(copy);
}

#define CHECK_WRONG(text, line, what) check_wrong(text, sizeof(text) - 1, line, what)

START_TEST(comments_become_blanks_and_lines_stay)
{
	check_becomes("", "");
	check_becomes("a = 1 # b\nc = 2", "a = 1    \nc = 2");
	check_becomes("// x\na = 1", "    \na = 1");
	check_becomes("a /* x\n\n y */ = 1", "a     \n\n      = 1");
	check_becomes("a = 1#", "a = 1 ");
	check_becomes("/**/a", "    a");
	check_becomes("a = 1\r\n# x\r\n", "a = 1 \n    \n");
}
END_TEST

START_TEST(byte_order_mark_is_no_word)
{
	check_becomes("\xef\xbb\xbf"
		      "a = 1",
	    "   a = 1");
	check_becomes("a = \xef\xbb\xbf", "a = \xef\xbb\xbf");
}
END_TEST

START_TEST(values_stay)
{
	check_becomes("a = \"# // /* x */\"", "a = \"# // /* x */\"");
	check_becomes("a = '# \"'", "a = '# \"'");
	check_becomes("a = udp://host/", "a = udp://host/");
	check_becomes("a = {x, y}\na += z", "a = {x, y}\na += z");
	check_becomes("a = \"\\\"#\\\\\" # c", "a = \"\\\"#\\\\\"    ");
	check_becomes("a = '\\'#'", "a = '\\'#'");
}
END_TEST

START_TEST(what_does_not_end_is_wrong_where_it_begins)
{
	CHECK_WRONG("\na = \"x\nb = \"", 2, "string");
	CHECK_WRONG("a = 'x", 1, "string");
	CHECK_WRONG("a = \"x\\", 1, "string");
	CHECK_WRONG("a = \"x\\\"", 1, "string");
	CHECK_WRONG("a = 'x\\\n'", 1, "string");
	CHECK_WRONG("\n\n/* x\n\n", 3, "comment");
	CHECK_WRONG("/*/", 1, "comment");
	CHECK_WRONG("a {\n", 1, "brace");
	CHECK_WRONG("a = {\n}\nb {\nc = {x}\n", 3, "brace");
	CHECK_WRONG("}\na {", 2, "brace");
}
END_TEST

START_TEST(what_the_parser_would_drop_or_make_is_wrong)
{
	CHECK_WRONG("a = x*y", 1, "'*'");
	CHECK_WRONG("a = *", 1, "'*'");
	CHECK_WRONG("\na = x+y", 2, "'+'");
	CHECK_WRONG("a = +", 1, "'+'");
	CHECK_WRONG("a = \"x\\ny\"", 1, "backslash");
	CHECK_WRONG("a = \"\\x41\"", 1, "backslash");
}
END_TEST

START_TEST(octets_that_are_no_text_are_wrong)
{
	CHECK_WRONG("a = 1\n\0", 2, "control character");
	CHECK_WRONG("\x7f", 1, "control character");
	CHECK_WRONG("a = \"\x1b[1m\"", 1, "control character");
	check_becomes("# caf\xc3\xa9\na = \"\xc3\xa9\"", "       \na = \"\xc3\xa9\"");
}
END_TEST

Suite *clean_suite(void)
{
	const TTest *const tests[] = {
	    comments_become_blanks_and_lines_stay,
	    byte_order_mark_is_no_word,
	    values_stay,
	    what_does_not_end_is_wrong_where_it_begins,
	    what_the_parser_would_drop_or_make_is_wrong,
	    octets_that_are_no_text_are_wrong,
	};

	return SUITE_OF("clean", tests);
}
