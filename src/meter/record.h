/*
 * A flow record on its way to the exporter: one of the five nouns (HACKING.md).
 *
 * Plain octets in a slot of the ring, copied by value; it points to nothing. Besides records the
 * ring carries the passage of time, so that the exporter needs no clock of its own.
 */
#ifndef SPANFLOW_METER_RECORD_H
#define SPANFLOW_METER_RECORD_H

#include <assert.h>
#include <stdint.h>

#include "decode/pktinfo.h"
#include "meter/flow.h"

enum record_kind {
	RECORD_FLOW,    /* a record */
	RECORD_TICK,    /* so late is it now: clock_ns and wall_ns; and record_unmetered() */
	RECORD_RESTART, /* what follows is of another time: the clock was set back */
	RECORD_LAST     /* a tick after which nothing follows */
};

/* IP packets that the Metering Process could not take into account (RFC 7011 section 4.2). */
struct unmetered {
	uint64_t packets;
	uint64_t octets;   /* from the IP header on; where none was reached, all */
	uint64_t first_ns; /* dates */
	uint64_t last_ns;
};

struct record {
	uint8_t src[16]; /* network order; IPv4 in the first four octets */
	uint8_t dst[16];
	uint64_t clock_ns; /* when it left the table; export timers run on this */
	uint64_t wall_ns;  /* the same moment as a date; differs from clock_ns only live */
	uint64_t packets;
	uint64_t octets;
	uint64_t start_ns; /* dates, since 1970 */
	uint64_t end_ns;
	uint32_t ingress;  /* ifIndex */
	uint32_t egress;   /* ifIndex, 0: not known */
	uint32_t segment;  /* as in struct pktinfo */
	uint16_t src_port; /* host order, like all numbers here */
	uint16_t dst_port;
	uint16_t vlan;
	uint16_t tcp_flags;
	uint16_t inner_vlan;
	uint8_t ip_version;
	uint8_t protocol;
	uint8_t tos;
	uint8_t end_reason; /* enum end_reason */
	uint8_t icmp_type;  /* of ICMP and ICMPv6, else 0; the port has both */
	uint8_t icmp_code;
	uint8_t direction; /* IE 61: 0 into the local network, 1 out of it */
	uint8_t selector;  /* number of its sampling rule (meter/sampler.h) */
	uint8_t kind;      /* enum record_kind */
	struct detail detail;
};

static_assert(sizeof(struct record) == 160, "a slot of the ring");

struct clock_time {
	uint64_t clock_ns;
	uint64_t wall_ns;
};

/* Packets of which nothing could be metered, from one date to another. */
void unmetered_add(struct unmetered *u, const struct unmetered *more);
/* What a tick tells of: all that could not be metered so far. */
struct unmetered record_unmetered(const struct record *tick);
void record_put_unmetered(struct record *tick, const struct unmetered *u);

/*
 * Writes the record of a flow that ended at `now`, but for `direction`, which is 0. Without a
 * detail (NULL) the record's is all zeros.
 */
void record_fill(struct record *r, const struct flow *f, const struct detail *detail,
    enum end_reason reason, const struct clock_time *now);

#endif
