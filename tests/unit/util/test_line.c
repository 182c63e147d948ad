#include "suites.h"

#include <string.h>

#include "util/line.h"

static const char *put(
    void (*how)(struct line *l, const char *text, size_t size), const char *text, size_t size)
{
	static struct line l;

	l.used = 0;
	l.is_full = false;
	how(&l, text, size);
	line_end(&l, "");
	l.text[l.used] = '\0';
	return l.text;
}

static const struct {
	const char *text, *shown, *json;
} rows[] = {
    {"plain: words", "plain: words", "plain: words"},
    {"a\nb\tc\x1b[31m\x7f", "a\\nb\\x09c\\x1b[31m\\x7f", "a\\\\nb\\\\x09c\\\\x1b[31m\\\\x7f"},
    {"\"q\" \\", "\"q\" \\", "\\\"q\\\" \\\\"},
    /* U+00E9, U+20AC, U+1F600, and the first and last of each row. */
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
	"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf",
	"\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf",
	"\xe0\xa0\x80\xed\x9f\xbf\xef\xbf\xbf\xf4\x8f\xbf\xbf"},
    /* ISO 8859-1, a sequence that is cut, one that lacks its middle. */
    {"caf\xe9 x", "caf\\xe9 x", "caf\\\\xe9 x"},
    {"\xe2\x82", "\\xe2\\x82", "\\\\xe2\\\\x82"},
    {"\xe2\x41\xac", "\\xe2A\\xac", "\\\\xe2A\\\\xac"},
    /* Overlong, a surrogate, beyond U+10FFFF, a control character of U+0080 to U+009F. */
    {"\xc0\xaf", "\\xc0\\xaf", "\\\\xc0\\\\xaf"},
    {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf", "\\\\xe0\\\\x9f\\\\xbf"},
    {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80"},
    {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\\\\xf4\\\\x90\\\\x80\\\\x80"},
    {"\xc2\x9b", "\\xc2\\x9b", "\\\\xc2\\\\x9b"},
    /* The first and last of those, and what follows them. */
    {"\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f", "\\\\xc2\\\\x80\\\\xc2\\\\x9f"},
    {"\xc2\xa0\xc3\x80", "\xc2\xa0\xc3\x80", "\xc2\xa0\xc3\x80"},
};

START_TEST(only_printable_text_stands_in_a_line)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t size = strlen(rows[i].text);

		ck_assert_str_eq(put(line_put_text, rows[i].text, size), rows[i].shown);
		ck_assert_str_eq(put(line_put_json, rows[i].text, size), rows[i].json);
	}
	ck_assert_str_eq(put(line_put_text, "a\0b", 3), "a\\x00b");
}
END_TEST

START_TEST(what_does_not_fit_is_cut_between_characters_and_the_end_still_fits)
{
	static struct line l;

	for (size_t before = LINE_SIZE - 2 * LINE_END_SIZE; before < LINE_SIZE; before++) {
		l = (struct line){.used = 0};
		for (size_t i = 0; i < before; i++)
			line_put(&l, "x");
		line_put_json(&l, "\xe2\x82\xac", 3);
		line_put_json(&l, "\n", 1);
		line_put(&l, "y");
		ck_assert(l.is_full == (before + 3 + 3 + 1 > LINE_SIZE - LINE_END_SIZE));
		line_end(&l, "12345678");
		ck_assert_uint_le(l.used, LINE_SIZE);
		ck_assert_int_eq(memcmp(l.text + l.used - 8, "12345678", 8), 0);
		ck_assert(strchr("xnyc\xac", l.text[l.used - 9]));
	}
}
END_TEST

Suite *line_suite(void)
{
	const TTest *const tests[] = {only_printable_text_stands_in_a_line,
	    what_does_not_fit_is_cut_between_characters_and_the_end_still_fits};

	return SUITE_OF("line", tests);
}
