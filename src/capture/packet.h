/*
 * A packet as a capture source lends it: one of the five nouns (HACKING.md).
 *
 * `data` belongs to the source and is valid only while the function that was given the packet
 * runs: libpcap may use the memory again as soon as that function returns.
 */
#ifndef SPANFLOW_CAPTURE_PACKET_H
#define SPANFLOW_CAPTURE_PACKET_H

#include <stdbool.h>
#include <stdint.h>

struct packet {
	const uint8_t *data; /* the captured octets, from the link layer's header on */
	uint32_t caplen;     /* how many of them there are */
	uint32_t len;        /* octets that the packet had on the wire; never below caplen */
	uint64_t ts_ns;      /* when it was captured, since 1970; 0: the capture does not say */
	uint32_t ingress;   /* ifIndex; 0: the link layer's header has it (cooked capture, "any") */
	int linktype;       /* libpcap's DLT_ number */
	uint32_t interface; /* of the file, by its number there plus 1; 0: it names none */
	bool swapped;       /* its file, or section of one, is not in this machine's byte order */
};

/*
 * What a source calls with its packets, one or more at a time, in the order in which they were captured.
 * False: it has enough, and the source reads no further; of these it may have left the last ones.
 */
typedef bool packets_fn(void *ctx, const struct packet packets[], unsigned n);

#endif
