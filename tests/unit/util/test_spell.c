#include "suites.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/rng.h"
#include "util/spell.h"

static char text[SPELL_MAX];

/* What stands there up to `end`. */
static const char *spelled(char *end)
{
	ck_assert(end > text && end < text + sizeof(text));
	*end = '\0';
	return text;
}

static void check_decimal(uint64_t value)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "%" PRIu64, value);
	ck_assert_str_eq(spelled(spell_decimal(text, value)), wanted);
}

START_TEST(numbers_of_all_lengths)
{
	struct rng rng = {.state = 1};

	for (unsigned i = 0; i < 20; i++) {
		check_decimal(spell_powers[i] - 1);
		check_decimal(spell_powers[i]);
		check_decimal(spell_powers[i] + 1);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		check_decimal(1ull << bit);
		check_decimal((1ull << bit) - 1);
	}
	check_decimal(UINT64_MAX);
	for (unsigned i = 0; i < 100000; i++)
		check_decimal(rng_next(&rng) >> i % 64);
}
END_TEST

START_TEST(padded_numbers_keep_their_zeros)
{
	ck_assert_str_eq(spelled(spell_padded(text, 7, 3)), "007");
	ck_assert_str_eq(spelled(spell_padded(text, 0, 2)), "00");
	ck_assert_str_eq(spelled(spell_padded(text, 999, 3)), "999");
}
END_TEST

START_TEST(octets_with_and_without_a_separator)
{
	static const uint8_t octets[] = {0, 0x0f, 0xf0, 0xab};

	ck_assert_str_eq(spelled(spell_hex(text, octets, 4, ':')), "00:0f:f0:ab");
	ck_assert_str_eq(spelled(spell_hex(text, octets, 4, 0)), "000ff0ab");
}
END_TEST

START_TEST(each_octet_of_an_ipv4_address)
{
	char wanted[INET_ADDRSTRLEN];

	for (unsigned i = 0; i < 256; i++) {
		const uint8_t address[4] = {
		    (uint8_t)i, (uint8_t)(i * 7), (uint8_t)(255 - i), (uint8_t)(i * 3)};

		inet_ntop(AF_INET, address, wanted, sizeof(wanted));
		ck_assert_str_eq(spelled(spell_ipv4(text, address)), wanted);
	}
}
END_TEST

static void check_ipv6(const uint8_t address[16])
{
	char wanted[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, address, wanted, sizeof(wanted));
	ck_assert_str_eq(spelled(spell_ipv6(text, address)), wanted);
}

/* Each choice of groups that are 0, or of few digits, or ffff. */
START_TEST(ipv6_addresses_are_what_inet_ntop_makes_of_them)
{
	struct rng rng = {.state = 2};

	for (unsigned zeros = 0; zeros < 256; zeros++)
		for (unsigned round = 0; round < 64; round++) {
			uint8_t address[16];

			for (unsigned i = 0; i < 8; i++) {
				uint64_t value = (rng_next(&rng) & 0xffff) >> rng_next(&rng) % 16;

				if (rng_next(&rng) % 4 == 0)
					value = 0xffff;
				if (zeros >> i & 1)
					value = 0;
				address[2 * i] = (uint8_t)(value >> 8);
				address[2 * i + 1] = (uint8_t)value;
			}
			check_ipv6(address);
		}
}
END_TEST

START_TEST(ipv6_addresses_that_end_in_ipv4)
{
	ck_assert_str_eq(
	    spelled(spell_ipv6(text, (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1")),
	    "::ffff:192.0.2.1");
	ck_assert_str_eq(
	    spelled(spell_ipv6(text, (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0\xc0\0\2\1")),
	    "::192.0.2.1");
}
END_TEST

Suite *spell_suite(void)
{
	const TTest *const tests[] = {
	    numbers_of_all_lengths,
	    padded_numbers_keep_their_zeros,
	    octets_with_and_without_a_separator,
	    each_octet_of_an_ipv4_address,
	    ipv6_addresses_are_what_inet_ntop_makes_of_them,
	    ipv6_addresses_that_end_in_ipv4,
	};

	return SUITE_OF("spell", tests);
}
