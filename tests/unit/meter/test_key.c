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

static uint64_t fold_of(const struct flow_key *k, uint64_t seed)
{
	struct key_seed s;

	key_seed_init(&s, seed);
	return key_fold(k, &s);
}

/* Whether two packets belong to one flow; their hashes must then agree as well. */
static bool same_flow(const struct pktinfo *a, const struct pktinfo *b)
{
	struct flow_key ka = key_from(a), kb = key_from(b);
	struct flow f = flow_from(a);
	bool same = key_is_of(&kb, &f);

	ck_assert_int_eq(key_hash(&ka, SEED) == key_hash(&kb, SEED), same);
	ck_assert_int_eq(fold_of(&ka, SEED) == fold_of(&kb, SEED), same);
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
		for (unsigned bit = 0; bit < SEGMENT_TYPE_SHIFT; bit++) {
			b = a;
			b.segment ^= 1u << bit;
			check_split(&a, &b, "segment");
		}
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
		ck_assert_uint_ne(fold_of(&k, 1), fold_of(&k, 2));
	}
}
END_TEST

#define SCANNED 65536
#define PLACES 4096 /* sixteen a place */

/* How unevenly a scan's keys are spread by some bits of their hash: chi squared over its mean. */
static double unevenness(uint8_t version, unsigned shift)
{
	static unsigned hits[PLACES];
	struct pktinfo p = packet(version);
	double sum = 0, mean = (double)SCANNED / PLACES;

	memset(hits, 0, sizeof(hits));
	for (unsigned i = 0; i < SCANNED; i++) {
		struct flow_key k;

		p.dst[3] = (uint8_t)i;
		p.dst[2] = (uint8_t)(i >> 8);
		k = key_from(&p);
		hits[fold_of(&k, SEED) >> shift & (PLACES - 1)]++;
	}
	for (unsigned i = 0; i < PLACES; i++)
		sum += (hits[i] - mean) * (hits[i] - mean) / mean;
	return sum / PLACES;
}

/* Tag and home come from these, and which half a split moves. Keys that differ in two octets are spread as by chance. */
START_TEST(folded_hash_spreads_a_scan)
{
	for (uint8_t version = 4; version <= 6; version += 2)
		for (unsigned shift = 0; shift <= 52; shift += 4) {
			double u = unevenness(version, shift);

			ck_assert_msg(u < 1.2, "IPv%u, bits from %u on: %f", version, shift, u);
		}
}
END_TEST

/* -- other keys --------------------------------------------------------------------------------- */

/* A field that a part of the key is about: changes it. */
static void alter(struct pktinfo *p, unsigned field)
{
	switch (field) {
	case 0:
		p->vlan ^= 1;
		break;
	case 1:
		p->src_port ^= 1;
		break;
	case 2:
		p->dst_port ^= 0x8000;
		break;
	case 3:
		p->tos ^= 4;
		break;
	case 4:
		p->ingress ^= 0x10000;
		break;
	case 5:
		p->tos ^= 1;
		break;
	case 6:
		p->detail.src_mac[5] ^= 1;
		break;
	case 7:
		p->detail.dst_mac[0] ^= 1;
		break;
	case 8:
		p->inner_vlan ^= 1;
		break;
	case 9:
		p->src[3] ^= 1;
		break;
	case 10:
		p->protocol ^= 1;
		break;
	default:
		p->selector ^= 1;
		break;
	}
}

static const enum key_part part_of[] = {KEY_VLAN, KEY_PORTS, KEY_PORTS, KEY_DSCP, KEY_INGRESS,
    KEY_ECN, KEY_MACS, KEY_MACS, KEY_INNER_VLAN, KEY_ALWAYS, KEY_ALWAYS, KEY_ALWAYS};

static bool same_planned_flow(
    const struct key_plan *plan, const struct pktinfo *a, const struct pktinfo *b)
{
	struct flow_key ka = key_from(a), kb = key_from(b);
	struct flow f;
	bool same;

	key_plan_fill(plan, &ka, a);
	key_plan_fill(plan, &kb, b);
	f = (struct flow){.head = ka.head, .tail = ka.tail, .inner_vlan = a->inner_vlan};
	same = key_plan_is_of(plan, &kb, &f, &a->detail);
	ck_assert_int_eq(key_plan_hash(plan, &ka, SEED) == key_plan_hash(plan, &kb, SEED), same);
	return same;
}

/* Each of the 128 keys, each field, both IP versions. */
START_TEST(what_is_in_the_key_splits_and_nothing_else)
{
	for (unsigned changes = 0; changes < 1u << (KEY_INNER_VLAN + 1);
	     changes += 1u << KEY_VLAN) {
		struct key_plan plan;

		if (!key_has(KEY_DSCP, changes) && key_has(KEY_ECN, changes))
			continue;
		key_plan_init(&plan, changes);
		for (unsigned field = 0; field < 2 * sizeof(part_of) / sizeof(*part_of); field++) {
			struct pktinfo a = packet(field % 2 ? 6 : 4), b = a;

			alter(&b, field / 2);
			ck_assert_int_eq(same_planned_flow(&plan, &a, &b),
			    !key_has(part_of[field / 2], changes));
		}
	}
}
END_TEST

/* The record shows the first packet's fields, in the key or not. */
START_TEST(head_keeps_what_is_not_in_the_key)
{
	struct pktinfo p = packet(4);
	struct flow_key k = key_from(&p);
	struct key_plan plan;

	key_plan_init(&plan, 1u << KEY_VLAN | 1u << KEY_PORTS | 1u << KEY_INGRESS);
	key_plan_fill(&plan, &k, &p);
	ck_assert_uint_eq(k.head.vlan, 7);
	ck_assert_uint_eq(k.head.src_port, 5);
	ck_assert_uint_eq(k.head.dst_port, 6);
	ck_assert_uint_eq(k.head.ingress, 4);
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
	    folded_hash_spreads_a_scan,
	    seed_alters_every_hash,
	    what_is_in_the_key_splits_and_nothing_else,
	    head_keeps_what_is_not_in_the_key,
	};

	return SUITE_OF("key", tests);
}
