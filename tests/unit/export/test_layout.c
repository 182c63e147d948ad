#include "suites.h"

#include <string.h>

#include "export/layout.h"
#include "meter/record.h"
#include "util/rng.h"
#include "util/units.h"

#define GUARD 0xee

/* Writes one element of a record into `size` octets, which stand between two guards. */
static void encode(
    uint16_t id, uint8_t size, const struct record *r, uint64_t origin_ms, uint8_t *out)
{
	struct layout l = {.count = 0};
	uint8_t octets[32];

	memset(octets, GUARD, sizeof(octets));
	layout_add(&l, element_find(id), size);
	ck_assert_uint_eq(l.size, size);
	layout_encode(&l, r, &(struct export_constants){.domain = 1}, origin_ms, octets + 4);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_uint_eq(octets[i], GUARD);
		ck_assert_uint_eq(octets[4 + size + i], GUARD);
	}
	memcpy(out, octets + 4, size);
}

static uint64_t encoded(uint16_t id, uint8_t size, const struct record *r, uint64_t origin_ms)
{
	uint8_t octets[16];
	uint64_t value = 0;

	encode(id, size, r, origin_ms, octets);
	for (unsigned i = 0; i < size; i++)
		value = value << 8 | octets[i];
	return value;
}

START_TEST(numbers_are_in_network_order)
{
	uint8_t out[8];

	put_number(out, 0x0102030405060708, 8);
	ck_assert_mem_eq(out, "\1\2\3\4\5\6\7\x08", 8);
	put_number(out, 0x01020304, 4);
	ck_assert_mem_eq(out, "\1\2\3\4", 4);
	put_number(out, 0x0102, 2);
	ck_assert_mem_eq(out, "\1\2", 2);
	put_number(out, 0x0102, 1);
	ck_assert_mem_eq(out, "\2", 1);
}
END_TEST

START_TEST(too_large_a_number_becomes_the_largest)
{
	struct record r = {.packets = 0x100000000, .octets = UINT64_MAX, .ingress = 70000};

	ck_assert_uint_eq(encoded(2, 4, &r, 0), UINT32_MAX);
	ck_assert_uint_eq(encoded(2, 8, &r, 0), 0x100000000);
	ck_assert_uint_eq(encoded(1, 4, &r, 0), UINT32_MAX);
	ck_assert_uint_eq(encoded(1, 8, &r, 0), UINT64_MAX);
	ck_assert_uint_eq(encoded(10, 2, &r, 0), UINT16_MAX);
	ck_assert_uint_eq(encoded(10, 4, &r, 0), 70000);
	ck_assert_uint_eq(encoded(10, 1, &r, 0), UINT8_MAX);
}
END_TEST

START_TEST(number_that_just_fits_stays)
{
	struct record r = {.packets = UINT32_MAX, .ingress = 65535};

	ck_assert_uint_eq(encoded(2, 4, &r, 0), UINT32_MAX);
	ck_assert_uint_eq(encoded(10, 2, &r, 0), 65535);
	r.packets--;
	r.ingress = 255;
	ck_assert_uint_eq(encoded(2, 4, &r, 0), UINT32_MAX - 1);
	ck_assert_uint_eq(encoded(10, 1, &r, 0), 255);
}
END_TEST

START_TEST(flags_are_cut_to_the_low_bits)
{
	struct record r = {.tcp_flags = 0xf12};

	ck_assert_uint_eq(encoded(6, 2, &r, 0), 0xf12);
	ck_assert_uint_eq(encoded(6, 1, &r, 0), 0x12);
}
END_TEST

START_TEST(times_are_cut_to_milliseconds_and_not_rounded)
{
	struct record r = {.start_ns = 1999999, .end_ns = 2000000};

	ck_assert_uint_eq(encoded(152, 8, &r, 0), 1);
	ck_assert_uint_eq(encoded(153, 8, &r, 0), 2);
}
END_TEST

START_TEST(times_are_cut_to_their_unit)
{
	struct record r = {.start_ns = 1999999999, .end_ns = 2 * NS_PER_S};

	ck_assert_uint_eq(encoded(150, 4, &r, 0), 1);
	ck_assert_uint_eq(encoded(151, 4, &r, 0), 2);
	ck_assert_uint_eq(encoded(152, 8, &r, 0), 1999);
	ck_assert_uint_eq(encoded(153, 8, &r, 0), 2000);
}
END_TEST

#define NTP_AT_1970 2208988800u

/* What a reader makes of an NTP time stamp: units since 1970, of those below a second. */
static uint64_t ntp_cut(uint64_t stamp, uint64_t units)
{
	return (stamp & UINT32_MAX) * units >> 32;
}

static uint64_t ntp_rounded(uint64_t stamp, uint64_t units)
{
	return ((stamp & UINT32_MAX) * units + (1ull << 31)) >> 32;
}

static void check_ntp(uint64_t ns)
{
	struct record r = {.start_ns = ns, .end_ns = ns};
	uint64_t us = encoded(154, 8, &r, 0), stamp = encoded(156, 8, &r, 0);

	ck_assert_uint_eq(us >> 32, (uint32_t)(ns / NS_PER_S + NTP_AT_1970));
	ck_assert_uint_eq(ntp_cut(us, 1000000), ns % NS_PER_S / 1000);
	ck_assert_uint_eq(ntp_rounded(us, 1000000), ns % NS_PER_S / 1000);
	/* RFC 7011 section 6.1.9: the lower 11 bits are zeros. */
	ck_assert_uint_eq(us & 0x7ff, 0);
	ck_assert_uint_eq(stamp >> 32, (uint32_t)(ns / NS_PER_S + NTP_AT_1970));
	ck_assert_uint_eq(ntp_cut(stamp, NS_PER_S), ns % NS_PER_S);
	ck_assert_uint_eq(ntp_rounded(stamp, NS_PER_S), ns % NS_PER_S);
	ck_assert_uint_eq(encoded(155, 8, &r, 0), us);
	ck_assert_uint_eq(encoded(157, 8, &r, 0), stamp);
}

/* Whether a reader of the NTP format cuts or rounds, it gets the packet's own time. */
START_TEST(ntp_time_stamps_give_the_same_units_again)
{
	static const uint64_t seconds[] = {
	    0, 1, 915148800, 1767225600, 2085978495, 2085978496, 2085978497, 4294967295};
	struct rng rng = {.state = 11};

	for (unsigned i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		uint64_t at = seconds[i] * NS_PER_S;

		for (uint64_t ns = 0; ns < 1000; ns++) {
			check_ntp(at + ns);
			check_ntp(at + NS_PER_S - 1 - ns);
			check_ntp(at + rng_next(&rng) % NS_PER_S);
		}
	}
}
END_TEST

/* NTP's era ends on 2036-02-07: seconds begin at 0 again, and the fraction does not run over. */
START_TEST(ntp_seconds_start_again_in_2036)
{
	struct record r = {.start_ns = 2085978495 * NS_PER_S + 999999999,
	    .end_ns = 2085978496 * NS_PER_S + 500000000};

	ck_assert_uint_eq(encoded(156, 8, &r, 0) >> 32, UINT32_MAX);
	ck_assert_uint_eq(encoded(154, 8, &r, 0) >> 32, UINT32_MAX);
	ck_assert_uint_eq(encoded(157, 8, &r, 0), 0x80000000);
	ck_assert_uint_eq(encoded(155, 8, &r, 0), 0x80000000);
}
END_TEST

START_TEST(segment_has_its_type_in_front_and_its_number_behind)
{
	struct record r = {.segment = SEGMENT_VXLAN << SEGMENT_TYPE_SHIFT | 0xabcdef};

	ck_assert_uint_eq(encoded(351, 8, &r, 0), 0x0100000000abcdef);
	r.segment = SEGMENT_NVGRE << SEGMENT_TYPE_SHIFT | 1;
	ck_assert_uint_eq(encoded(351, 8, &r, 0), 0x0200000000000001);
	r.segment = 0;
	ck_assert_uint_eq(encoded(351, 8, &r, 0), 0);
}
END_TEST

static bool layout_has(const struct encoder_options *options, uint16_t id)
{
	struct layout l;

	layout_build(&l, options, IN_IPV4);
	for (unsigned i = 0; i < l.count; i++)
		if (l.fields[i].element->id == id)
			return true;
	return false;
}

/* Of IPFIX; v9 has no such field. */
START_TEST(segment_is_in_the_default_where_there_are_some)
{
	struct encoder_options o = {.format = FORMAT_IPFIX, .sampling = {.count = 1}};

	ck_assert(!layout_has(&o, 351));
	o.records.kind = RECORDS_FULL;
	ck_assert(layout_has(&o, 351));
	o.has_segments = true;
	ck_assert(layout_has(&o, 351));
	o.records.kind = RECORDS_DEFAULT;
	ck_assert(layout_has(&o, 351));
	o.records.kind = RECORDS_MINIMAL;
	ck_assert(!layout_has(&o, 351));
	o.records.kind = RECORDS_DEFAULT;
	o.format = FORMAT_V9;
	ck_assert(!layout_has(&o, 351));
}
END_TEST

START_TEST(uptimes_count_from_the_origin_and_never_below_it)
{
	struct record r = {.start_ns = 5000 * NS_PER_MS, .end_ns = 7000 * NS_PER_MS + 999999};

	ck_assert_uint_eq(encoded(22, 4, &r, 4000), 1000);
	ck_assert_uint_eq(encoded(21, 4, &r, 4000), 3000);
	ck_assert_uint_eq(encoded(22, 4, &r, 5000), 0);
	ck_assert_uint_eq(encoded(22, 4, &r, 6000), 0);
}
END_TEST

START_TEST(addresses_are_copied)
{
	struct record r = {.src = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
	uint8_t out[16];

	encode(8, 4, &r, 0, out);
	ck_assert_mem_eq(out, r.src, 4);
	encode(27, 16, &r, 0, out);
	ck_assert_mem_eq(out, r.src, 16);
}
END_TEST

START_TEST(unknown_fields_are_zeros)
{
	static const struct element nothing = {.kind = ELEMENT_NOTHING};
	struct layout l = {.count = 0};
	struct record r = {.packets = 1};
	uint8_t out[3] = {GUARD, GUARD, GUARD};

	layout_add(&l, &nothing, 3);
	layout_encode(&l, &r, &(struct export_constants){.domain = 1}, 0, out);
	ck_assert_mem_eq(out, "\0\0\0", 3);
}
END_TEST

START_TEST(fields_follow_each_other)
{
	struct record r = {.src_port = 0x0102, .protocol = 3, .dst_port = 0x0405};
	struct layout l = {.count = 0};
	uint8_t out[5];

	layout_add(&l, element_find(7), 2);
	layout_add(&l, element_find(4), 1);
	layout_add(&l, element_find(11), 2);
	ck_assert_uint_eq(l.size, 5);
	layout_encode(&l, &r, &(struct export_constants){.domain = 1}, 0, out);
	ck_assert_mem_eq(out, "\1\2\3\4\5", 5);
}
END_TEST

/* Each element reads its own member and nothing beside it. */
START_TEST(each_element_shows_its_member)
{
	struct record r = {.packets = 1,
	    .octets = 2,
	    .ingress = 3,
	    .egress = 4,
	    .src_port = 5,
	    .dst_port = 6,
	    .vlan = 7,
	    .tcp_flags = 8,
	    .inner_vlan = 9,
	    .protocol = 11,
	    .tos = 12,
	    .end_reason = 13,
	    .start_ns = 14 * NS_PER_MS,
	    .end_ns = 15 * NS_PER_MS};
	static const struct {
		uint16_t id;
		uint64_t value;
	} rows[] = {{2, 1}, {1, 2}, {10, 3}, {14, 4}, {7, 5}, {11, 6}, {58, 7}, {6, 8}, {245, 9},
	    {32, 6}, {139, 6}, {4, 11}, {5, 12}, {136, 13}, {152, 14}, {153, 15}, {22, 14},
	    {21, 15}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ck_assert_msg(
		    encoded(rows[i].id, 8, &r, 0) == rows[i].value, "element %u", rows[i].id);
	ck_assert_ptr_null(element_find(9999));
}
END_TEST

static bool is_plain(const struct element *e)
{
	return e->source == FROM_RECORD &&
	    (e->kind == ELEMENT_NUMBER || e->kind == ELEMENT_BITS ||
		e->kind == ELEMENT_MILLISECONDS || e->kind == ELEMENT_UPTIME);
}

/* A field of the usual size is written in a way of its own: a larger one has the same low octets. */
START_TEST(each_size_of_a_field_tells_the_same)
{
	struct rng rng = {.state = 5};

	for (unsigned round = 0; round < 100; round++) {
		uint64_t words[sizeof(struct record) / 8];
		struct record r;

		for (unsigned i = 0; i < sizeof(words) / 8; i++)
			words[i] = rng_next(&rng);
		memcpy(&r, words, sizeof(r));
		for (size_t i = 0; i < element_count; i++) {
			const struct element *e = &element_table[i];
			uint8_t size = e->kind == ELEMENT_UPTIME ? 4 : e->record_size;
			uint64_t mask;

			if (!is_plain(e))
				continue;
			mask = UINT64_MAX >> (64 - 8 * size);
			ck_assert_msg(encoded(e->id, size, &r, 1000) ==
				(encoded(e->id, size + 1, &r, 1000) & mask),
			    "%s", e->name);
		}
	}
}
END_TEST

START_TEST(class_is_told_by_version_and_protocol)
{
	struct record r = {.ip_version = 4, .protocol = 6};

	ck_assert_int_eq(flow_class_of(&r), CLASS_IPV4);
	r.protocol = 1;
	ck_assert_int_eq(flow_class_of(&r), CLASS_ICMP);
	r.protocol = 58;
	ck_assert_int_eq(flow_class_of(&r), CLASS_IPV4);
	r.ip_version = 6;
	ck_assert_int_eq(flow_class_of(&r), CLASS_ICMPV6);
	r.protocol = 1;
	ck_assert_int_eq(flow_class_of(&r), CLASS_IPV6);
}
END_TEST

Suite *layout_suite(void)
{
	const TTest *const tests[] = {
	    numbers_are_in_network_order,
	    too_large_a_number_becomes_the_largest,
	    number_that_just_fits_stays,
	    flags_are_cut_to_the_low_bits,
	    times_are_cut_to_milliseconds_and_not_rounded,
	    times_are_cut_to_their_unit,
	    ntp_time_stamps_give_the_same_units_again,
	    ntp_seconds_start_again_in_2036,
	    segment_has_its_type_in_front_and_its_number_behind,
	    segment_is_in_the_default_where_there_are_some,
	    uptimes_count_from_the_origin_and_never_below_it,
	    addresses_are_copied,
	    unknown_fields_are_zeros,
	    fields_follow_each_other,
	    each_element_shows_its_member,
	    each_size_of_a_field_tells_the_same,
	    class_is_told_by_version_and_protocol,
	};

	return SUITE_OF("layout", tests);
}
