/*
 * The fast path for pcap files: records as they lie in the input's window, without a call of
 * stdio and a copy for each.
 *
 * It takes only what is beyond doubt. At the first record that is not (longer than the snapshot
 * length, cut, an odd time) it stops in front of it, and libpcap goes on from there: it knows what
 * to do or say.
 */
#ifndef SPANFLOW_CAPTURE_PLAIN_H
#define SPANFLOW_CAPTURE_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/input.h"
#include "capture/packet.h"

#define PLAIN_HEADER 24 /* octets that plain_init() looks at */

struct plain {
	struct input *input;
	uint32_t caplen_max;
	uint32_t fraction_max;
	uint32_t fraction_ns; /* what one of the time's fraction is */
	struct packet like;   /* what packets have alike: ingress, link type */
	bool swapped;         /* the file has the other byte order */
};

/*
 * Whether these octets are a pcap 2.4 header in either byte order, µs or ns: then records can be
 * read, once caplen_max is set to what libpcap lets pass, and what they have alike.
 */
bool plain_init(struct plain *p, struct input *input, const uint8_t header[PLAIN_HEADER]);

/*
 * The next packets, as many as the window has and at most `max`, until the input is used again. 0: the
 * input stands before what is to be read another way.
 */
unsigned plain_read(struct plain *p, struct packet packets[], unsigned max);

#endif
