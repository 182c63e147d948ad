/*
 * What a card or the system makes of packets before they are captured, and that changes what is counted.
 *
 * GRO and LRO merge packets of one connection that come close together: there are fewer of them then, and
 * larger ones. A card that takes VLAN tags off matters to AF_XDP alone, to which it does not hand them.
 */
#ifndef SPANFLOW_CAPTURE_OFFLOAD_H
#define SPANFLOW_CAPTURE_OFFLOAD_H

#include "capture/ethtool.h"
#include "capture/links.h"
#include "capture/source.h"

struct offloads;

/* `e` is lent; NULL: the kernel cannot tell, which is said at the first interface. NULL: no memory. */
struct offloads *offloads_create(
    struct ethtool *e, enum source_offloads choice, enum source_capture capture);
/* Puts back what was turned off. */
void offloads_destroy(struct offloads *o);

/*
 * For each interface before it is captured, also anew, and whenever it may have changed: warns of what is on, or
 * turns it off; says what stays on. Of what is as it was the last time it says nothing.
 */
void offloads_look(struct offloads *o, const struct link *link);

#endif
