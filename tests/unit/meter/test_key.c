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
	    .head = {.ingress = 4,
		.src_port = 5,
		.dst_port = 6,
		.vlan = 7,
		.kind = ip_version,
		.protocol = 6,
		.dscp = 0xb8},
	    .inner_vlan = 8,
	    .tcp_flags = 9,
	    .tos = 0xb8};
	uint8_t src[ADDRESS_OCTETS] = {0}, dst[ADDRESS_OCTETS] = {0};

	for (uint8_t i = 0; i < (ip_version == 4 ? 4 : ADDRESS_OCTETS); i++) {
		src[i] = (uint8_t)(0x20 + i);
		dst[i] = (uint8_t)(0x40 + i);
	}
	pktinfo_set_addresses(&p, src, dst);
	return p;
}

static struct flow flow_from(const struct pktinfo *p)
{
	return (struct flow){.head = p->head, .tail = p->tail, .inner_vlan = p->inner_vlan};
}

static uint64_t fold_of(const struct pktinfo *p, uint64_t seed)
{
	struct key_seed s;

	key_seed_init(&s, seed);
	return key_fold(p, &s);
}

/* Whether two packets belong to one flow; their hashes must then agree as well. */
static bool same_flow(const struct pktinfo *a, const struct pktinfo *b)
{
	struct flow f = flow_from(a);
	bool same = key_is_of(b, &f);

	ck_assert_int_eq(key_hash(a, SEED) == key_hash(b, SEED), same);
	ck_assert_int_eq(fold_of(a, SEED) == fold_of(b, SEED), same);
	return same;
}

static void check_split(const struct pktinfo *a, const struct pktinfo *b, const char *field)
{
	ck_assert_msg(
	    !same_flow(a, b), "%s of IPv%u does not split", field, kind_version(a->head.kind));
}

START_TEST(each_field_of_the_key_splits)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct pktinfo a = packet(version), b = a;

		ck_assert(same_flow(&a, &b));
		b.head.ingress ^= 0x10000;
		check_split(&a, &b, "ingress");
		b = a;
		b.head.vlan ^= 1;
		check_split(&a, &b, "vlan");
		b = a;
		b.head.kind ^= flow_kind(0, 1, 0);
		check_split(&a, &b, "selector");
		for (unsigned bit = 0; bit < SEGMENT_TYPE_SHIFT; bit++) {
			b = a;
			b.head.kind ^= flow_kind(0, 0, 1u << bit);
			check_split(&a, &b, "segment");
		}
		b = a;
		b.head.protocol ^= 1;
		check_split(&a, &b, "protocol");
		b = a;
		b.head.src_port ^= 0x100;
		check_split(&a, &b, "source port");
		b = a;
		b.head.dst_port ^= 0x100;
		check_split(&a, &b, "destination port");
	}
}
END_TEST

static uint8_t *octet_of(struct pktinfo *p, unsigned i, bool source)
{
	if (i < 4)
		return (source ? p->head.src : p->head.dst) + i;
	return (source ? p->tail.src : p->tail.dst) + i - 4;
}

START_TEST(each_octet_of_the_addresses_splits)
{
	for (uint8_t version = 4; version <= 6; version += 2)
		for (unsigned i = 0; i < (version == 4 ? 4 : 16); i++) {
			struct pktinfo a = packet(version), b = a;

			*octet_of(&b, i, true) ^= 0x80;
			check_split(&a, &b, "source address");
			b = a;
			*octet_of(&b, i, false) ^= 1;
			check_split(&a, &b, "destination address");
		}
}
END_TEST

START_TEST(ip_version_splits)
{
	struct pktinfo a = packet(4), b = packet(4);

	b.head.kind = 6;
	check_split(&a, &b, "version");
	check_split(&b, &a, "version");
}
END_TEST

START_TEST(dscp_splits_and_ecn_does_not)
{
	for (unsigned bit = 0; bit < 8; bit++) {
		struct pktinfo a = packet(4), b = a;

		b.tos ^= (uint8_t)(1u << bit);
		b.head.dscp = b.tos & DSCP_MASK;
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
	uint8_t src[ADDRESS_OCTETS], dst[ADDRESS_OCTETS];

	pktinfo_addresses(&a, src, dst);
	pktinfo_set_addresses(&b, dst, src);
	b.head.src_port = a.head.dst_port;
	b.head.dst_port = a.head.src_port;
	check_split(&a, &b, "direction");
}
END_TEST

START_TEST(seed_alters_every_hash)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct pktinfo p = packet(version);

		ck_assert_uint_ne(key_hash(&p, 1), key_hash(&p, 2));
		ck_assert_uint_ne(fold_of(&p, 1), fold_of(&p, 2));
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
		p.head.dst[3] = (uint8_t)i;
		p.head.dst[2] = (uint8_t)(i >> 8);
		hits[fold_of(&p, SEED) >> shift & (PLACES - 1)]++;
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
		p->head.vlan ^= 1;
		break;
	case 1:
		p->head.src_port ^= 1;
		break;
	case 2:
		p->head.dst_port ^= 0x8000;
		break;
	case 3:
		p->tos ^= 4;
		p->head.dscp ^= 4;
		break;
	case 4:
		p->head.ingress ^= 0x10000;
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
		p->head.src[3] ^= 1;
		break;
	case 10:
		p->head.protocol ^= 1;
		break;
	default:
		p->head.kind ^= flow_kind(0, 1, 0);
		break;
	}
}

static const enum key_part part_of[] = {KEY_VLAN, KEY_PORTS, KEY_PORTS, KEY_DSCP, KEY_INGRESS,
    KEY_ECN, KEY_MACS, KEY_MACS, KEY_INNER_VLAN, KEY_ALWAYS, KEY_ALWAYS, KEY_ALWAYS};

static bool same_planned_flow(
    const struct key_plan *plan, const struct pktinfo *one, const struct pktinfo *other)
{
	struct pktinfo a = *one, b = *other;
	struct flow f;
	bool same;

	key_plan_apply(plan, &a);
	key_plan_apply(plan, &b);
	f = flow_from(&a);
	same = key_plan_is_of(plan, &b, &f, &a.detail);
	ck_assert_int_eq(key_plan_hash(plan, &a, SEED) == key_plan_hash(plan, &b, SEED), same);
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
	struct pktinfo p = packet(4), before = p;
	struct key_plan plan;

	key_plan_init(&plan, 1u << KEY_VLAN | 1u << KEY_PORTS | 1u << KEY_INGRESS);
	key_plan_apply(&plan, &p);
	ck_assert_mem_eq(&p.head, &before.head, sizeof(p.head));
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
