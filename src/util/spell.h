/*
 * Numbers and addresses as text. Each function writes at `out`, without an end mark, and returns where it
 * stopped; SPELL_MAX octets are room for any of them.
 */
#ifndef SPANFLOW_UTIL_SPELL_H
#define SPANFLOW_UTIL_SPELL_H

#include <stdint.h>
#include <string.h>

#define SPELL_MAX 48

/* "00" to "99". */
extern const char spell_pairs[100][2];
/* 10 to its powers from 0 to 19. */
extern const uint64_t spell_powers[20];

static inline unsigned spell_digits_of(uint64_t value)
{
	/* 1233 / 4096 is the logarithm of 2 to the base of 10, as close as 64 bits need it. */
	unsigned digits = (unsigned)(64 - __builtin_clzll(value | 1)) * 1233 >> 12;

	return digits + (value >= spell_powers[digits] || digits == 0);
}

static inline char *spell_decimal(char *out, uint64_t value)
{
	char *end = out + spell_digits_of(value), *at = end;

	for (; value >= 100; value /= 100)
		memcpy(at -= 2, spell_pairs[value % 100], 2);
	if (value >= 10)
		memcpy(out, spell_pairs[value], 2);
	else
		*out = (char)('0' + value);
	return end;
}

/* With zeros before it, up to so many digits. `value` has no more. */
char *spell_padded(char *out, uint64_t value, unsigned digits);

/* Two digits for each octet; `separator` is between them unless it is 0. */
char *spell_hex(char *out, const uint8_t *octets, unsigned count, char separator);
char *spell_ipv4(char *out, const uint8_t address[4]);
/* RFC 5952; the last 32 bits as IPv4 where inet_ntop() has them so: ::ffff:192.0.2.1, ::192.0.2.1. */
char *spell_ipv6(char *out, const uint8_t address[16]);

#endif
