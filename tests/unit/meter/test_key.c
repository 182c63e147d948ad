#include "suites.h"

#include <string.h>

#include "meter/key.h"

#define SEED 12345

/* Every octet is set, so that a field which is forgotten shows. */
static struct pktinfo packet(uint8_t ip_version)
{
	struct pktinfo p = {.ts_ns = 1,
	    .clock_ns = 2,
	    .octets = 3,
	    .ingress = 4,
	    .src_port = 5,
	    .dst_port = 6,
	    .vlan = 7,
	    .inner_vlan = 8,
	    .tcp_flags = 9,
	    .ip_version = ip_version,
	    .protocol = 6,
	    .tos = 0xb8};

	for (uint8_t i = 0; i < (ip_version == 4 ? 4 : 16); i++) {
		p.src[i] = (uint8_t)(0x20 + i);
		p.dst[i] = (uint8_t)(0x40 + i);
	}
	return p;
}

static struct flow_key key_from(const struct pktinfo *p)
{
	struct flow_key k;

	memset(&k, 0xff, sizeof(k));
	key_fill(&k, p);
	return k;
}

static struct flow flow_from(const struct pktinfo *p)
{
	struct flow_key k = key_from(p);

	return (struct flow){.head = k.head, .tail = k.tail};
}

/* Whether two packets belong to one flow; their hashes must then agree as well. */
static bool same_flow(const struct pktinfo *a, const struct pktinfo *b)
{
	struct flow_key ka = key_from(a), kb = key_from(b);
	struct flow f = flow_from(a);
	bool same = key_is_of(&kb, &f);

	ck_assert_int_eq(key_hash(&ka, SEED) == key_hash(&kb, SEED), same);
	return same;
}

static void check_split(const struct pktinfo *a, const struct pktinfo *b, const char *field)
{
	ck_assert_msg(!same_flow(a, b), "%s of IPv%u does not split", field, a->ip_version);
}

START_TEST(each_field_of_the_key_splits)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct pktinfo a = packet(version), b = a;

		ck_assert(same_flow(&a, &b));
		b.ingress ^= 0x10000;
		check_split(&a, &b, "ingress");
		b = a;
		b.vlan ^= 1;
		check_split(&a, &b, "vlan");
		b = a;
		b.selector ^= 1;
		check_split(&a, &b, "selector");
		b = a;
		b.protocol ^= 1;
		check_split(&a, &b, "protocol");
		b = a;
		b.src_port ^= 0x100;
		check_split(&a, &b, "source port");
		b = a;
		b.dst_port ^= 0x100;
		check_split(&a, &b, "destination port");
	}
}
END_TEST

START_TEST(each_octet_of_the_addresses_splits)
{
	for (uint8_t version = 4; version <= 6; version += 2)
		for (unsigned i = 0; i < (version == 4 ? 4 : 16); i++) {
			struct pktinfo a = packet(version), b = a;

			b.src[i] ^= 0x80;
			check_split(&a, &b, "source address");
			b = a;
			b.dst[i] ^= 1;
			check_split(&a, &b, "destination address");
		}
}
END_TEST

START_TEST(ip_version_splits)
{
	struct pktinfo a = packet(4), b = packet(4);

	b.ip_version = 6;
	check_split(&a, &b, "version");
	check_split(&b, &a, "version");
}
END_TEST

START_TEST(dscp_splits_and_ecn_does_not)
{
	for (unsigned bit = 0; bit < 8; bit++) {
		struct pktinfo a = packet(4), b = a;

		b.tos ^= (uint8_t)(1u << bit);
		ck_assert_int_eq(same_flow(&a, &b), bit < 2);
	}
}
END_TEST

START_TEST(fields_outside_the_key_do_not_split)
{
	struct pktinfo a = packet(6), b = a;

	b.ts_ns++;
	b.clock_ns++;
	b.octets++;
	b.inner_vlan ^= 1;
	b.tcp_flags ^= 1;
	b.notes ^= 1;
	b.late = true;
	ck_assert(same_flow(&a, &b));
}
END_TEST

START_TEST(opposite_direction_is_another_flow)
{
	struct pktinfo a = packet(4), b = a;

	memcpy(b.src, a.dst, 16);
	memcpy(b.dst, a.src, 16);
	b.src_port = a.dst_port;
	b.dst_port = a.src_port;
	check_split(&a, &b, "direction");
}
END_TEST

START_TEST(seed_alters_every_hash)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct pktinfo p = packet(version);
		struct flow_key k = key_from(&p);

		ck_assert_uint_ne(key_hash(&k, 1), key_hash(&k, 2));
	}
}
END_TEST

Suite *key_suite(void)
{
	const TTest *const tests[] = {
	    each_field_of_the_key_splits,
	    each_octet_of_the_addresses_splits,
	    ip_version_splits,
	    dscp_splits_and_ecn_does_not,
	    fields_outside_the_key_do_not_split,
	    opposite_direction_is_another_flow,
	    seed_alters_every_hash,
	};

	return SUITE_OF("key", tests);
}
