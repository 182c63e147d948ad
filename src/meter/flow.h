/*
 * A flow and its key: one of the five nouns (HACKING.md). RFC 7011 section 2: Flow, Flow Key.
 *
 * A struct flow lives in one table from its first packet to its end and is seen by the table's
 * thread alone. What each packet reads and writes stands first: the key, and the two times that
 * decide whether the packet still belongs.
 */
#ifndef SPANFLOW_METER_FLOW_H
#define SPANFLOW_METER_FLOW_H

#include <assert.h>
#include <stdint.h>

/* Compared and hashed as 48 octets: no hole, and what is unused is 0. */
struct flow_key {
	uint8_t src[16];   /* network order; IPv4 in the first four octets */
	uint8_t dst[16];
	uint32_t ingress;
	uint16_t src_port; /* host order, as in struct pktinfo */
	uint16_t dst_port;
	uint16_t vlan;
	uint8_t protocol;
	uint8_t dscp;      /* the ToS octet without its two ECN bits */
	uint8_t ip_version;
	uint8_t zero[3];
};

static_assert(sizeof(struct flow_key) == 48, "a key is hashed whole: no padding");

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
	struct flow_key key;
	uint64_t last_clock_ns;  /* stamp of the latest packet: idle counts from here */
	uint64_t fixed_deadline; /* the earlier of active's and the linger's; never moves back */

	uint64_t packets;        /* 0: this slot holds no flow */
	uint64_t octets;
	uint64_t start_ns;       /* smallest and largest time of its packets */
	uint64_t end_ns;
	uint64_t first_clock_ns; /* stamp of the first packet: active counts from here */
	uint64_t end_deadline;   /* first FIN or RST plus the linger, or NEVER */
	uint64_t hash;           /* of the key; in a free slot: the next free one */
	uint16_t tcp_flags;
	uint16_t inner_vlan;     /* of the first packet, as is: */
	uint8_t tos;
};

static_assert(sizeof(struct flow) == 128, "a flow is two cache lines");

#endif
