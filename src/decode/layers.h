/*
 * Inside the decoder: the order of its layers. Each takes the cursor where the one before left it.
 */
#ifndef SPANFLOW_DECODE_LAYERS_H
#define SPANFLOW_DECODE_LAYERS_H

#include "decode/cursor.h"
#include "decode/decode.h"

/*
 * link.c: steps over the link layer, its VLAN tags, which it puts into `info`, and MPLS labels.
 * Returns IGNORED_NOT with the cursor on an IP header, whose version is *ip_version (0: the
 * header's own first bits say it).
 */
enum ignored link_decode(
    struct cursor *c, const struct packet *packet, struct pktinfo *info, uint8_t *ip_version);
/* mpls.c: likewise steps over a label stack; what is below it must be IP. */
enum ignored mpls_decode(struct cursor *c, struct pktinfo *info, uint8_t *ip_version);

/*
 * detail.c, called before and after the layers where details are wanted. Only what a layer finds
 * on its way anyway, or would have to be looked for again, is put there.
 */
void detail_begin(const struct packet *packet, struct detail *d);
void detail_finish(const struct packet *packet, uint32_t ip_offset, struct pktinfo *info);

/*
 * ip.c: the IP header and its extension headers. `wire` is how many octets the packet had on the
 * wire from the cursor on. Calls the transport layer when there is one to read.
 */
enum ignored ip_decode(struct cursor *c, uint32_t wire, uint8_t ip_version,
    const struct decode_options *options, struct pktinfo *info);

/* transport.c: ports, ICMP type and code, TCP flags, as far as their octets are there. */
void transport_decode(struct cursor *c, const struct decode_options *options, struct pktinfo *info);

#endif
