#include "suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/json_valid.h"
#include "util/json.h"

static char *printed;
static size_t size;

static struct json begin(void)
{
	free(printed);
	return (struct json){.out = open_memstream(&printed, &size)};
}

static const char *end(struct json *j)
{
	fclose(j->out);
	return printed;
}

static const char *print_string(const char *value)
{
	struct json j = begin();

	json_string(&j, NULL, value);
	return end(&j);
}

START_TEST(numbers_of_64_bits_are_whole)
{
	struct json j = begin();

	json_open(&j, NULL);
	json_number(&j, "none", 0);
	json_number(&j, "most", UINT64_MAX);
	json_decimal(&j, "rate", 1.0006);
	json_decimal(&j, "large", 1e19);
	json_string(&j, "nothing", NULL);
	json_close(&j);
	ck_assert_str_eq(end(&j),
	    "{\"none\":0,\"most\":18446744073709551615,\"rate\":1.001,"
	    "\"large\":10000000000000000000.000,\"nothing\":null}");
	ck_assert(json_valid(printed));
}
END_TEST

START_TEST(commas_stand_between_members_and_nowhere_else)
{
	struct json j = begin();

	json_open(&j, NULL);
	json_open_list(&j, "list");
	json_close_list(&j);
	json_open(&j, "empty");
	json_close(&j);
	json_open_list(&j, "lists");
	for (unsigned i = 0; i < 2; i++) {
		json_open_list(&j, NULL);
		json_number(&j, NULL, i);
		json_open(&j, NULL);
		json_string(&j, "a", "b");
		json_close(&j);
		json_close_list(&j);
	}
	json_close_list(&j);
	json_number(&j, "last", 1);
	json_close(&j);
	ck_assert_str_eq(end(&j),
	    "{\"list\":[],\"empty\":{},\"lists\":[[0,{\"a\":\"b\"}],[1,{\"a\":\"b\"}]],"
	    "\"last\":1}");
	ck_assert(json_valid(printed));
}
END_TEST

START_TEST(nesting_has_no_limit)
{
	struct json j = begin();
	const unsigned deep = 1000;

	for (unsigned i = 0; i < deep; i++)
		json_open_list(&j, NULL);
	for (unsigned i = 0; i < deep; i++)
		json_close_list(&j);
	ck_assert_uint_eq(strlen(end(&j)), 2 * deep);
	ck_assert(json_valid(printed));
}
END_TEST

START_TEST(what_would_end_a_string_is_escaped)
{
	char all[0x20], wanted[8 * 0x20] = "\"";

	ck_assert_str_eq(print_string("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	for (unsigned c = 1; c < 0x20; c++) {
		all[c - 1] = (char)c;
		sprintf(wanted + strlen(wanted), "\\u%04x", c);
	}
	all[0x1f] = '\0';
	strcat(wanted, "\"");
	ck_assert_str_eq(print_string(all), wanted);
	ck_assert(json_valid(printed));
}
END_TEST

START_TEST(utf8_stands_as_it_is)
{
	static const char *const good[] = {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
	    "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
	char wanted[16];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		sprintf(wanted, "\"%s\"", good[i]);
		ck_assert_str_eq(print_string(good[i]), wanted);
		ck_assert(json_valid(printed));
	}
}
END_TEST

/* Each octet that is part of no character becomes one U+FFFD; what stands behind it is kept. */
START_TEST(what_is_no_utf8_is_replaced)
{
	static const struct {
		const char *octets;
		unsigned replaced;
	} rows[] = {
	    {"\x80", 1},                 /* goes on where nothing began */
	    {"\xbf\xbf", 2},             /* */
	    {"\xc0\x80", 2},             /* longer than it need be */
	    {"\xc1\xbf", 2},             /* */
	    {"\xe0\x9f\xbf", 3},         /* */
	    {"\xf0\x8f\xbf\xbf", 4},     /* */
	    {"\xed\xa0\x80", 3},         /* surrogates */
	    {"\xed\xbf\xbf", 3},         /* */
	    {"\xf4\x90\x80\x80", 4},     /* above U+10FFFF */
	    {"\xf5\x80\x80\x80", 4},     /* */
	    {"\xf8\x88\x80\x80\x80", 5}, /* five and six octets, as there once were */
	    {"\xfc\x84\x80\x80\x80\x80", 6}, {"\xfe", 1}, {"\xff", 1}, /* never */
	    {"\xc2", 1},                                               /* ends too early */
	    {"\xe2\x82", 2},                                           /* */
	    {"\xf0\x9f\x98", 3},                                       /* */
	};
	char text[32], wanted[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		sprintf(text, "a%sz", rows[i].octets);
		strcpy(wanted, "\"a");
		for (unsigned n = 0; n < rows[i].replaced; n++)
			strcat(wanted, "\\ufffd");
		strcat(wanted, "z\"");
		ck_assert_str_eq(print_string(text), wanted);
		ck_assert(json_valid(printed));
		/* At the end of the text nothing behind it is read. */
		text[1 + strlen(rows[i].octets)] = '\0';
		wanted[strlen(wanted) - 2] = '\0';
		strcat(wanted, "\"");
		ck_assert_str_eq(print_string(text), wanted);
	}
}
END_TEST

/* Whatever three octets it is given. */
START_TEST(all_strings_are_json)
{
	static const unsigned char some[] = {0x01, '"', '\\', 'u', 0x7f, 0x80, 0x8f, 0x90, 0x9f,
	    0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
	const size_t n = sizeof(some);
	char text[4] = "";

	for (size_t i = 0; i < n * n * n; i++) {
		text[0] = (char)some[i % n];
		text[1] = (char)some[i / n % n];
		text[2] = (char)some[i / n / n];
		ck_assert_msg(json_valid(print_string(text)), "%s", printed);
	}
}
END_TEST

Suite *json_suite(void)
{
	const TTest *const tests[] = {numbers_of_64_bits_are_whole,
	    commas_stand_between_members_and_nowhere_else, nesting_has_no_limit,
	    what_would_end_a_string_is_escaped, utf8_stands_as_it_is, what_is_no_utf8_is_replaced,
	    all_strings_are_json};

	return SUITE_OF("json", tests);
}
