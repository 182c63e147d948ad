/*
 * Inside the decoder: the order of its layers. Each takes the cursor where the one before left it.
 */
#ifndef SPANFLOW_DECODE_LAYERS_H
#define SPANFLOW_DECODE_LAYERS_H

#include "decode/cursor.h"
#include "decode/decode.h"

/*
 * link.c: steps over the link layer and its VLAN tags, which it puts into `info`. Returns
 * IGNORED_NOT with the cursor on an IP header, whose version is *ip_version (0: the header's own
 * first bits say it).
 */
enum ignored link_decode(
    struct cursor *c, const struct packet *packet, struct pktinfo *info, uint8_t *ip_version);

/*
 * ip.c: the IP header and its extension headers. `wire` is how many octets the packet had on the
 * wire from the cursor on. Calls the transport layer when there is one to read.
 */
enum ignored ip_decode(struct cursor *c, uint32_t wire, uint8_t ip_version,
    const struct decode_options *options, struct pktinfo *info);

/* transport.c: ports, ICMP type and code, TCP flags, as far as their octets are there. */
void transport_decode(struct cursor *c, struct pktinfo *info);

#endif
