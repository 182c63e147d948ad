/*
 * A flow and its key: one of the five nouns (HACKING.md). RFC 7011 section 2: Flow, Flow Key.
 *
 * A struct flow lives in one table from its first packet to its end and is seen by the table's
 * thread alone. It is two cache lines. A packet of an IPv4 flow touches the first one only, which
 * has the whole of its key and all that a packet changes; IPv6 keys go on in the second.
 */
#ifndef SPANFLOW_METER_FLOW_H
#define SPANFLOW_METER_FLOW_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/pktinfo.h"

/* What a Flow Key is made of (RFC 7011 section 2). Changes to it are a set of 1 << part. */
enum key_part {
	KEY_NONE, /* of an element that no flows differ in */
	KEY_ALWAYS,
	KEY_VLAN, /* in the usual key, like these: */
	KEY_PORTS,
	KEY_DSCP,
	KEY_INGRESS,
	KEY_ECN, /* not in the usual key, like these: */
	KEY_MACS,
	KEY_INNER_VLAN
};

#define KEY_USUAL \
	(1u << KEY_ALWAYS | 1u << KEY_VLAN | 1u << KEY_PORTS | 1u << KEY_DSCP | 1u << KEY_INGRESS)

static inline bool key_has(enum key_part part, unsigned changes)
{
	return (KEY_USUAL ^ changes) >> part & 1;
}

/* IPFIX flowEndReason (136); SPANFLOW counts them by these numbers. */
enum end_reason {
	END_IDLE = 1,
	END_ACTIVE = 2,
	END_OF_FLOW = 3,
	END_FORCED = 4,
	END_NO_RESOURCES = 5,
	END_REASON_COUNT
};

#define NEVER UINT64_MAX

struct flow {
	struct key_head head;    /* the first packet's, also in what is not in the key */
	uint64_t last_clock_ns;  /* stamp of the latest packet: idle counts from here */
	uint64_t fixed_deadline; /* the earlier of active's and the linger's; never moves back */
	uint64_t end_ns;         /* largest time of its packets */
	uint64_t octets;
	uint64_t
	    packets_and_flags; /* flow_packets(), flow_tcp_flags(); 0: the slot holds no flow */

	struct key_tail tail;
	uint64_t start_ns;       /* smallest time of its packets */
	uint64_t first_clock_ns; /* stamp of the first packet: active counts from here */
	uint64_t end_deadline;   /* first FIN or RST plus the linger, or NEVER */
	uint64_t hash;           /* of the key */
	uint32_t egress;         /* of the first packet, like these: */
	uint16_t inner_vlan;
	uint8_t tos;
	uint8_t segment_type; /* enum segment_type */
};

/* 48 bits for packets are more than a year of any link has. They change together, in one word. */
#define FLOW_PACKETS_BITS 48

static inline uint64_t flow_packets(const struct flow *f)
{
	return f->packets_and_flags & ((1ull << FLOW_PACKETS_BITS) - 1);
}

static inline uint16_t flow_tcp_flags(const struct flow *f)
{
	return (uint16_t)(f->packets_and_flags >> FLOW_PACKETS_BITS);
}

static inline void flow_count_packet(struct flow *f, uint16_t tcp_flags)
{
	f->packets_and_flags =
	    (f->packets_and_flags + 1) | (uint64_t)tcp_flags << FLOW_PACKETS_BITS;
}

static_assert(sizeof(struct flow) == 128, "a flow is two cache lines");
static_assert(offsetof(struct flow, tail) == 64, "the first is what every packet needs");

#endif
