#include "suites.h"

#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

/* The value that a sequence of this length has, whether or not it may be written so. */
static uint32_t value_of(const uint8_t *s, size_t length)
{
	uint32_t value = length == 1 ? s[0] : s[0] & (0x7fu >> length);

	for (size_t i = 1; i < length; i++)
		value = value << 6 | (s[i] & 0x3f);
	return value;
}

/* How long its first octet says that it is; 0: it is none that begins a character. */
static size_t length_by_first(uint8_t first)
{
	return first < 0x80 ? 1
	    : first < 0xc0  ? 0
	    : first < 0xe0  ? 2
	    : first < 0xf0  ? 3
	    : first < 0xf8  ? 4
			    : 0;
}

/* RFC 3629 section 3: no surrogates, nothing above U+10FFFF, and no more octets than are needed. */
static size_t expected(const uint8_t *s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = length_by_first(s[0]);
	uint32_t value = length ? value_of(s, length) : 0;

	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if (length == 0 || value < least[length] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	return length;
}

/* Whatever the first two octets are, which is where sequences differ in what they may be. */
START_TEST(characters_are_those_of_rfc_3629)
{
	static const uint8_t ends[][2] = {{0x80, 0x80}, {0xbf, 0xbf}, {0x80, 0x41}, {0xc3, 0x80}};

	for (unsigned first = 0; first < 256; first++)
		for (unsigned second = 0; second < 256; second++)
			for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
				uint8_t s[] = {
				    (uint8_t)first, (uint8_t)second, ends[i][0], ends[i][1]};

				ck_assert_msg(utf8_length(s, sizeof(s)) == expected(s),
				    "%02x %02x %02x %02x: %zu", s[0], s[1], s[2], s[3],
				    utf8_length(s, sizeof(s)));
			}
}
END_TEST

/* Behind the size there is nothing that may be read: AddressSanitizer sees it. */
START_TEST(what_is_cut_is_no_character)
{
	static const char *const characters[] = {
	    "x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

	for (size_t length = 1; length <= 4; length++)
		for (size_t size = 1; size <= length; size++) {
			uint8_t *cut = malloc(size + 1);

			memcpy(cut, characters[length - 1], size);
			ck_assert_uint_eq(utf8_length(cut, size), size == length ? length : 0);
			cut[size] = 0;
			ck_assert_uint_eq(
			    utf8_length(cut, UTF8_STRING), size == length ? length : 0);
			free(cut);
		}
}
END_TEST

Suite *utf8_suite(void)
{
	const TTest *const tests[] = {
	    characters_are_those_of_rfc_3629, what_is_cut_is_no_character};

	return SUITE_OF("utf8", tests);
}
