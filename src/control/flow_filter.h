/*
 * Which flows a person wants to see: terms that must all hold, in words that tcpdump's users know.
 *
 *	[not] host|src|dst ADDRESS[/LENGTH] · [src|dst] port N · proto NAME|N · tcp · udp · icmp ·
 *	vlan N · interface N · ip · ip6, with "and" between them or not
 */
#ifndef SPANFLOW_CONTROL_FLOW_FILTER_H
#define SPANFLOW_CONTROL_FLOW_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/record.h"

#define FLOW_FILTER_TERMS_MAX 16

enum flow_side { SIDE_SOURCE = 1, SIDE_DESTINATION = 2, SIDE_ANY = 3 };

struct flow_term {
	enum {
		TERM_PREFIX,
		TERM_PORT,
		TERM_PROTOCOL,
		TERM_VLAN,
		TERM_INTERFACE,
		TERM_VERSION
	} kind;
	enum flow_side side;
	bool negated;
	uint8_t version; /* of a prefix: 4 or 6 */
	uint8_t length;  /* of a prefix, in bits */
	uint8_t address[16];
	uint32_t number;
};

struct flow_filter {
	struct flow_term terms[FLOW_FILTER_TERMS_MAX];
	unsigned count; /* 0: all flows */
};

/* Reads words. 0, or -EINVAL with `why` saying what is wrong. */
int flow_filter_parse(
    struct flow_filter *f, char *const *words, size_t count, char *why, size_t size);
bool flow_filter_matches(const struct flow_filter *f, const struct record *r);

#endif
