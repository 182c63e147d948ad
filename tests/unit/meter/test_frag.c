#include "suites.h"

#include <string.h>

#include "meter/frag.h"
#include "util/rng.h"

#define T0 (1700000000 * NS_PER_S)
#define NOTE(name) (1u << NOTE_##name)

static struct fragments *f;

static void begin(void)
{
	f = fragments_create(1);
	ck_assert_ptr_nonnull(f);
}

static void end(void)
{
	fragments_destroy(f);
}

/* UDP of 10.x to 10.9.9.9, as the decoder gives it: a first fragment has ports. */
static struct pktinfo fragment(unsigned ip_version, uint32_t id, uint16_t offset, uint32_t size)
{
	struct pktinfo info = {.clock_ns = T0,
	    .head = {.kind = ip_version,
		.protocol = 17,
		.src = {10, 0, 0, 1},
		.dst = {10, 9, 9, 9}},
	    .is_fragment = true,
	    .fragment = {.id = id, .size = size, .offset = offset, .more = true}};

	if (offset == 0) {
		info.head.src_port = 1000;
		info.head.dst_port = 53;
	}
	return info;
}

static void learn(unsigned ip_version, uint32_t id)
{
	struct pktinfo info = fragment(ip_version, id, 0, 1480);

	ck_assert(!fragments_apply(f, &info));
	ck_assert_uint_eq(info.notes, 0);
	ck_assert_uint_eq(info.head.dst_port, 53);
}

static void check_known(struct pktinfo info, bool known)
{
	fragments_apply(f, &info);
	ck_assert_uint_eq(info.head.src_port, known ? 1000 : 0);
	ck_assert_uint_eq(info.head.dst_port, known ? 53 : 0);
	ck_assert_uint_eq(info.notes, known ? 0 : NOTE(FRAGMENT_ORPHAN));
}

START_TEST(later_fragment_takes_the_ports_of_the_first)
{
	begin();
	check_known(fragment(4, 7, 1480, 1480), false);
	learn(4, 7);
	check_known(fragment(4, 7, 1480, 1480), true);
	check_known(fragment(4, 7, 2960, 20), true);
	check_known(fragment(4, 8, 1480, 20), false);
	end();
}
END_TEST

/* Each part of the identity counts; interface and ToS are none. */
START_TEST(other_datagrams_are_not_meant)
{
	for (unsigned part = 0; part < 10; part++) {
		struct pktinfo info = fragment(4, 7, 1480, 20);

		begin();
		learn(4, 7);
		info.head.ingress = part;
		info.tos = (uint8_t)part;
		info.fragment.id += part == 1;
		info.head.src[3] ^= part == 2;
		info.head.dst[0] ^= part == 3;
		info.head.protocol ^= part == 4;
		info.head.vlan ^= part == 5;
		info.head.kind += part == 6 ? flow_kind(0, 0, 1) : 0;
		info.head.kind ^= part == 7 ? 2 : 0;
		info.segment_type ^= part == 8;
		info.tail.src[11] ^= part == 9;
		check_known(info, part == 0);
		end();
	}
}
END_TEST

START_TEST(ipv6_takes_the_protocol_too)
{
	struct pktinfo info = fragment(6, 0x12345678, 1448, 100);

	begin();
	learn(6, 0x12345678);
	info.head.protocol = 60;
	fragments_apply(f, &info);
	ck_assert_uint_eq(info.head.protocol, 17);
	ck_assert_uint_eq(info.head.dst_port, 53);
	end();
}
END_TEST

/* What a port alone tells is a tunnel's is not known of a later fragment otherwise. */
START_TEST(later_fragment_is_of_a_tunnel_as_the_first_is)
{
	for (unsigned version = 4; version <= 6; version += 2) {
		struct pktinfo first = fragment(version, 7, 0, 1480);
		struct pktinfo later = fragment(version, 7, 1480, 1480);

		begin();
		first.notes = NOTE(TUNNEL_FRAGMENT);
		fragments_apply(f, &first);
		fragments_apply(f, &later);
		ck_assert_uint_eq(later.notes, NOTE(TUNNEL_FRAGMENT));
		learn(version, 7);
		check_known(fragment(version, 7, 1480, 1480), true);
		end();
	}
}
END_TEST

START_TEST(first_fragment_is_good_for_fifteen_seconds)
{
	struct pktinfo info = fragment(4, 7, 1480, 8);

	begin();
	learn(4, 7);
	info.clock_ns = T0 + 15 * NS_PER_S - 1;
	check_known(info, true);
	/* Later ones do not prolong it. */
	info.clock_ns = T0 + 15 * NS_PER_S;
	check_known(info, false);
	end();
}
END_TEST

START_TEST(clock_that_starts_again_makes_forget)
{
	begin();
	learn(4, 7);
	fragments_forget(f);
	check_known(fragment(4, 7, 1480, 8), false);
	learn(4, 7);
	check_known(fragment(4, 7, 1480, 8), true);
	end();
}
END_TEST

START_TEST(identification_used_again_has_the_new_ports)
{
	struct pktinfo first = fragment(4, 7, 0, 1480), later = fragment(4, 7, 1480, 8);

	begin();
	learn(4, 7);
	first.head.dst_port = 99;
	ck_assert(!fragments_apply(f, &first));
	fragments_apply(f, &later);
	ck_assert_uint_eq(later.head.dst_port, 99);
	end();
}
END_TEST

/* -- what covers what has come ------------------------------------------------------------------ */

#define PARTS_MAX 6

/* After a first fragment of `first` octets: which of the parts overlaps, counted from 1; 0: none. */
static unsigned overlapping(uint32_t first, const uint16_t parts[PARTS_MAX][2])
{
	struct pktinfo info = fragment(4, 7, 0, first);
	unsigned found = 0;

	begin();
	fragments_apply(f, &info);
	for (unsigned i = 0; i < PARTS_MAX && parts[i][0]; i++) {
		info = fragment(4, 7, parts[i][0], parts[i][1]);
		fragments_apply(f, &info);
		if (found == 0 && info.notes & NOTE(FRAGMENT_OVERLAP))
			found = i + 1;
	}
	end();
	return found;
}

START_TEST(overlap_is_seen)
{
	static const struct {
		uint32_t first;
		uint16_t parts[PARTS_MAX][2];
		unsigned overlaps;
	} cases[] = {
	    {16, {{16, 8}, {24, 100}}, 0},
	    {16, {{8, 16}}, 1},
	    {20, {{16, 8}}, 1}, /* no multiple of 8: it lies about there being more */
	    {16, {{16, 8}, {16, 16}}, 2},
	    {16, {{32, 8}, {16, 16}, {40, 8}}, 0},
	    {16, {{32, 8}, {24, 8}, {16, 8}, {32, 16}}, 4},
	    {16, {{32, 8}, {16, 24}}, 2},
	    {16, {{32, 16}, {40, 16}}, 2},
	    {16, {{16, 8}, {16, 8}, {24, 8}}, 0},
	    {16, {{16, 0}, {8, 0}}, 0},
	    {16, {{65528, 65000}, {65520, 8}, {65528, 8}}, 3},
	    {UINT32_MAX, {{65528, 8}}, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(overlapping(cases[i].first, cases[i].parts) == cases[i].overlaps,
		    "case %zu: %u", i, overlapping(cases[i].first, cases[i].parts));
}
END_TEST

START_TEST(copy_of_the_first_fragment_begins_anew)
{
	struct pktinfo later;

	begin();
	learn(4, 7);
	check_known(fragment(4, 7, 1480, 1480), true);
	learn(4, 7);
	later = fragment(4, 7, 1480, 1480);
	check_known(later, true);
	end();
}
END_TEST

/* -- memory ------------------------------------------------------------------------------------- */

/* First fragments with ever new identifications; the number of datagrams forgotten for them. */
static unsigned flood(unsigned count, uint64_t clock_ns, bool finish)
{
	unsigned forgotten = 0;

	for (uint32_t id = 0; id < count; id++) {
		struct pktinfo info = fragment(6, 0x10000000 + id, 0, 1480);

		info.clock_ns = clock_ns;
		forgotten += fragments_apply(f, &info);
		if (!finish)
			continue;
		info = fragment(6, 0x10000000 + id, 1480, 8);
		info.clock_ns = clock_ns;
		info.fragment.more = false;
		fragments_apply(f, &info);
	}
	return forgotten;
}

START_TEST(flood_pushes_out_the_oldest_and_is_counted)
{
	unsigned room = FRAGMENT_BUCKETS * FRAGMENT_WAYS;
	unsigned forgotten;

	begin();
	learn(4, 7);
	forgotten = flood(4 * room, T0 + NS_PER_S, false);
	/* Every one that did not find a free place took that of another; a few places stay free. */
	ck_assert_uint_ge(forgotten, 3 * room + 1);
	ck_assert_uint_le(forgotten, 3 * room + 1 + room / 1000);
	check_known(fragment(4, 7, 1480, 8), false);
	learn(4, 8);
	check_known(fragment(4, 8, 1480, 8), true);
	end();
}
END_TEST

START_TEST(complete_and_old_datagrams_are_no_loss)
{
	unsigned room = FRAGMENT_BUCKETS * FRAGMENT_WAYS;

	begin();
	flood(4 * room, T0, true);
	ck_assert_uint_eq(flood(room, T0, true), 0);
	ck_assert_uint_gt(flood(2 * room, T0, false), 0);
	ck_assert_uint_eq(flood(1, T0 + 15 * NS_PER_S, false), 0);
	end();
}
END_TEST

Suite *frag_suite(void)
{
	const TTest *const tests[] = {
	    later_fragment_takes_the_ports_of_the_first,
	    other_datagrams_are_not_meant,
	    ipv6_takes_the_protocol_too,
	    later_fragment_is_of_a_tunnel_as_the_first_is,
	    first_fragment_is_good_for_fifteen_seconds,
	    clock_that_starts_again_makes_forget,
	    identification_used_again_has_the_new_ports,
	    overlap_is_seen,
	    copy_of_the_first_fragment_begins_anew,
	    flood_pushes_out_the_oldest_and_is_counted,
	    complete_and_old_datagrams_are_no_loss,
	};

	return SUITE_OF("frag", tests);
}
