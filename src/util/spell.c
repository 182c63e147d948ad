#include "util/spell.h"

#include <stdbool.h>

#include "util/bytes.h"

#define GROUPS 8

/* clang-format off */
#define TEN(t) {t, '0'}, {t, '1'}, {t, '2'}, {t, '3'}, {t, '4'}, {t, '5'}, {t, '6'}, {t, '7'}, {t, '8'}, {t, '9'}
/* clang-format on */

const char spell_pairs[100][2] = {TEN('0'), TEN('1'), TEN('2'), TEN('3'), TEN('4'), TEN('5'),
    TEN('6'), TEN('7'), TEN('8'), TEN('9')};

const uint64_t spell_powers[20] = {1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u,
    100000000u, 1000000000u, 10000000000u, 100000000000u, 1000000000000u, 10000000000000u,
    100000000000000u, 1000000000000000u, 10000000000000000u, 100000000000000000u,
    1000000000000000000u, 10000000000000000000u};

static const char hex[] = "0123456789abcdef";

char *spell_padded(char *out, uint64_t value, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; value /= 10)
		out[i] = (char)('0' + value % 10);
	return out + digits;
}

char *spell_hex(char *out, const uint8_t *octets, unsigned count, char separator)
{
	for (unsigned i = 0; i < count; i++) {
		if (i && separator)
			*out++ = separator;
		*out++ = hex[octets[i] >> 4];
		*out++ = hex[octets[i] & 15];
	}
	return out;
}

/* Without a branch: how many digits an octet of an address has cannot be foreseen. */
static inline char *spell_octet(char *out, unsigned value)
{
	*out = (char)('0' + value / 100);
	out += value >= 100;
	*out = (char)('0' + value / 10 % 10);
	out += value >= 10;
	*out = (char)('0' + value % 10);
	return out + 1;
}

char *spell_ipv4(char *out, const uint8_t address[4])
{
	for (unsigned i = 0; i < 4; i++) {
		out = spell_octet(out, address[i]);
		*out++ = '.';
	}
	return out - 1;
}

/* Likewise. */
static inline char *spell_group(char *out, unsigned value)
{
	*out = hex[value >> 12];
	out += value > 0xfff;
	*out = hex[value >> 8 & 15];
	out += value > 0xff;
	*out = hex[value >> 4 & 15];
	out += value > 0xf;
	*out = hex[value & 15];
	return out + 1;
}

/* Groups that are 0, and for which "::" stands. */
struct gap {
	unsigned first, count;
};

/* The longest, of equal ones the first (RFC 5952 section 4.2.3); a single group is none. */
static struct gap longest_gap(const uint16_t group[GROUPS])
{
	struct gap best = {GROUPS, 1};

	for (unsigned i = 0, count; i < GROUPS; i += count + 1) {
		for (count = 0; i + count < GROUPS && group[i + count] == 0;)
			count++;
		if (count > best.count)
			best = (struct gap){i, count};
	}
	return best;
}

static bool ends_in_ipv4(const struct gap *gap, const uint16_t group[GROUPS])
{
	return gap->first == 0 && (gap->count == 6 || (gap->count == 5 && group[5] == 0xffff));
}

char *spell_ipv6(char *out, const uint8_t address[16])
{
	uint16_t group[GROUPS];
	struct gap gap;
	unsigned end;

	for (unsigned i = 0; i < GROUPS; i++)
		group[i] = get_be16(address + 2 * i);
	gap = longest_gap(group);
	end = ends_in_ipv4(&gap, group) ? GROUPS - 2 : GROUPS;
	for (unsigned i = 0; i < end;) {
		if (i == gap.first) {
			*out++ = ':';
			i += gap.count;
			if (i == GROUPS)
				*out++ = ':';
			continue;
		}
		if (i)
			*out++ = ':';
		out = spell_group(out, group[i++]);
	}
	if (end == GROUPS)
		return out;
	*out++ = ':';
	return spell_ipv4(out, address + 12);
}
