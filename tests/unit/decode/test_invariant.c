#include "suites.h"

#include <pcap/dlt.h>
#include <string.h>

#include "decode/invariant.h"
#include "support/frame.h"
#include "util/bytes.h"

#define SEED 1234567

/* Of the first `caplen` octets of the frame, on Ethernet. */
static struct invariant take(const struct frame *f, size_t caplen)
{
	struct decode_options options = {.believe_lengths = false};
	struct invariant_keys keys;
	struct packet packet = {.data = f->octets,
	    .caplen = (uint32_t)caplen,
	    .len = (uint32_t)f->size,
	    .ingress = 7,
	    .linktype = DLT_EN10MB};
	struct pktinfo info;

	ck_assert_int_eq(decode_packet(&packet, &options, &info), IGNORED_NOT);
	invariant_set_keys(&keys, SEED);
	return invariant_take(&packet, &info, &keys);
}

/* TCP with `payload` octets that count up, behind so many VLAN tags. */
static void put(struct frame *f, unsigned version, unsigned tags, unsigned payload)
{
	f->size = 0;
	frame_put_ethernet(f, tags ? 0x8100 : version == 4 ? 0x0800 : 0x86dd);
	for (unsigned i = 1; i <= tags; i++)
		frame_put_tag(f, i, i < tags ? 0x8100 : version == 4 ? 0x0800 : 0x86dd);
	if (version == 4)
		frame_put_ipv4(f, 6, 40 + payload);
	else
		frame_put_ipv6(f, 6, 20 + payload);
	frame_put_tcp(f, 0x010);
	for (unsigned i = 0; i < payload; i++)
		frame_put8(f, i);
}

/* Changes each octet of the packet: which of them the digest and the place tell. */
static void check_octets(unsigned version, const char *hops)
{
	struct frame f;
	struct invariant was;

	put(&f, version, 0, 200);
	was = take(&f, f.size);
	for (size_t i = 0; i < f.size; i++) {
		bool link = i < 14, past = i >= 14 + INVARIANT_OCTETS;
		bool hop = !link && i - 14 < strlen(hops) && hops[i - 14] != '.';
		bool ttl = i == (version == 4 ? 14u + 8 : 14u + 7);
		struct invariant is;

		if (i == 12 || i == 13 || i == 14)
			continue;
		f.octets[i] ^= 0x40;
		/* A length that the frame does not have is corrected, and tells all the same. */
		is = take(&f, f.size);
		ck_assert_msg((is.digest == was.digest) == (link || hop || past), "octet %zu", i);
		ck_assert_msg((is.place == was.place) == (!link && !ttl), "octet %zu", i);
		f.octets[i] ^= 0x40;
	}
}

START_TEST(digest_is_over_what_no_hop_changes)
{
	check_octets(4, ".x......x.xx");
	check_octets(6, ".x.....x");
}
END_TEST

/* The traffic class is half of two octets; the flow label belongs to the digest. */
START_TEST(ipv6_flow_label_counts_and_traffic_class_does_not)
{
	struct frame f;
	struct invariant was;

	put(&f, 6, 0, 0);
	was = take(&f, f.size);
	f.octets[14] ^= 0x0f;
	f.octets[15] ^= 0xf0;
	ck_assert(take(&f, f.size).digest == was.digest);
	f.octets[15] ^= 0x01;
	ck_assert(take(&f, f.size).digest != was.digest);
}
END_TEST

START_TEST(padding_and_tags_are_no_part_of_the_packet)
{
	struct frame f;
	struct invariant was;

	put(&f, 4, 0, 2);
	was = take(&f, f.size);
	frame_put(&f, "\xaa\xbb\xcc\xdd", 4);
	ck_assert(take(&f, f.size).digest == was.digest);
	ck_assert(take(&f, f.size).place == was.place);
	put(&f, 4, 1, 2);
	ck_assert(take(&f, f.size).digest == was.digest);
	ck_assert(take(&f, f.size).place != was.place);
}
END_TEST

/* At one snapshot length tagged and untagged copies agree, but for the shortest. */
START_TEST(cut_copies_with_other_link_headers_agree)
{
	for (size_t snap = 14 + 4 * 5 + 40; snap < 250; snap++)
		for (unsigned version = 4; version <= 6; version += 2) {
			struct invariant seen[6];
			struct frame f;

			for (unsigned tags = 0; tags < 6; tags++) {
				put(&f, version, tags, 400);
				seen[tags] = take(&f, snap);
			}
			for (unsigned tags = 1; tags < 6; tags++)
				ck_assert_msg((seen[tags].digest == seen[0].digest) ==
					(snap >= INVARIANT_LINK + INVARIANT_LEAST),
				    "snapshot length %zu, %u tags", snap, tags);
		}
}
END_TEST

START_TEST(key_counts)
{
	struct packet packet = {.linktype = DLT_EN10MB};
	struct decode_options options = {.believe_lengths = false};
	struct invariant_keys one, other;
	struct pktinfo info;
	struct frame f;

	invariant_set_keys(&one, 1);
	invariant_set_keys(&other, 2);
	put(&f, 4, 0, 10);
	packet.data = f.octets;
	packet.caplen = packet.len = (uint32_t)f.size;
	decode_packet(&packet, &options, &info);
	ck_assert(invariant_take(&packet, &info, &one).digest !=
	    invariant_take(&packet, &info, &other).digest);
}
END_TEST

Suite *invariant_suite(void)
{
	const TTest *const tests[] = {
	    digest_is_over_what_no_hop_changes,
	    ipv6_flow_label_counts_and_traffic_class_does_not,
	    padding_and_tags_are_no_part_of_the_packet,
	    cut_copies_with_other_link_headers_agree,
	    key_counts,
	};

	return SUITE_OF("invariant", tests);
}
