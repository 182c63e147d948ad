/*
 * Packets in packets, for the tests of the decoder's tunnels.
 */
#ifndef SPANFLOW_TESTS_TUNNEL_H
#define SPANFLOW_TESTS_TUNNEL_H

#include "support/frame.h"

#define DECAP(name) (1u << DECAP_##name)
#define DECAP_ALL ((1u << DECAP_COUNT) - 1)
#define NOTE(name) (1u << NOTE_##name)

/*
 * An IP header of this version (4 or 6) whose length tunnel_close() puts; it returns where the
 * header is. With UDP its header follows, to this port.
 */
size_t tunnel_open(struct frame *f, unsigned version, unsigned protocol);
size_t tunnel_open_udp(struct frame *f, unsigned version, unsigned port);
/* The packet that begins there ends here. */
void tunnel_close(struct frame *f, size_t at);

/* What is inside: UDP from 5353 to 53 between addresses that begin with the octet 10. */
void tunnel_put_inner(struct frame *f, unsigned version);
size_t tunnel_inner_size(unsigned version);

enum ignored tunnel_decode(const struct frame *f, uint32_t decap, struct pktinfo *info);
/* That the packet, raw IP, is metered as what is inside, without a note. Returns what was found. */
/* Its layer2SegmentId. */
uint32_t tunnel_segment(struct pktinfo info);
struct pktinfo tunnel_expect_inner(const struct frame *f, uint32_t decap, unsigned version);
/* That it is metered as it is, with these notes. */
void tunnel_expect_outer(const struct frame *f, uint32_t decap, uint32_t notes);
/*
 * That it is one or the other wherever it was cut, depending on whether the header inside, which
 * is the packet's last but for eight octets, was captured. Nothing is read behind the cut.
 */
void tunnel_expect_cuts(const struct frame *f, uint32_t decap, unsigned version);

#endif
