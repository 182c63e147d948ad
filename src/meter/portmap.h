/*
 * Where a packet was seen: from VLAN, MAC address or prefix to the interfaces of a switch.
 *
 * On a mirror port the probe's own ifIndex says little; rules say which port of the mirrored
 * switch a packet came in by and left through. The first rule that gives an ingress decides the
 * ingress, the first that gives an egress the egress. A look-up compares one rule after the other;
 * there are at most PORT_MAP_RULES_MAX, so a packet's work is bounded.
 *
 * Filled while the program starts, read by workers afterwards.
 */
#ifndef SPANFLOW_METER_PORTMAP_H
#define SPANFLOW_METER_PORTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decode/pktinfo.h"

#define PORT_MAP_RULES_MAX 1024
#define PORT_NAME_SIZE 32 /* with the 0 at the end */

struct prefix {
	uint8_t address[16]; /* network order; what is behind the prefix is 0 */
	uint8_t length;      /* bits */
	uint8_t ip_version;
};

struct port_rule; /* portmap.c */

struct port_name {
	uint32_t index;
	char name[PORT_NAME_SIZE];
};

/* Begins as zeros; the arrays are its own. */
struct port_map {
	struct port_rule *rules;
	size_t rule_count;
	struct prefix *local;
	size_t local_count;
	struct port_name *names; /* one an index; a later rule's name replaces an earlier one's */
	size_t name_count;
	bool needs_macs; /* a rule looks at pktinfo.detail */
};

void port_map_fini(struct port_map *m);

/*
 * Adds "MATCH,RESULT[,RESULT]". MATCH is vlan=ID, mac=ADDRESS or prefix=ADDRESS/LENGTH, RESULT is
 * ingress=INDEX[:NAME], egress=INDEX[:NAME] or, for both, port=INDEX[:NAME]. A MAC address or
 * prefix gives its ingress to packets whose source it is, its egress to those whose destination it
 * is; a VLAN (the outermost) gives both. 0, -EINVAL (or one too many), -ENOMEM.
 */
int port_map_add(struct port_map *m, const char *rule);
/* Adds "ADDRESS/LENGTH" to the local network. Errors as above. */
int port_map_add_local(struct port_map *m, const char *prefix);

/* Puts the packet's ingress and egress, where a rule gives one. */
void port_map_apply(const struct port_map *m, struct pktinfo *info);
/* IE 61: 1 (egress) from the local network to another one, else 0. */
uint8_t port_map_direction(
    const struct port_map *m, uint8_t ip_version, const uint8_t src[16], const uint8_t dst[16]);

#endif
