/*
 * The fast path for plain pcap files: records read from large blocks, without a call of stdio and
 * a copy for each.
 *
 * It takes only what is beyond doubt. At the first record that is not (longer than the snapshot
 * length, cut, too large for the block) it stops for good, and libpcap goes on from there: it
 * knows what to do or say.
 */
#ifndef SPANFLOW_CAPTURE_PLAIN_H
#define SPANFLOW_CAPTURE_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

struct plain;

struct plain_record {
	uint32_t seconds;
	uint32_t fraction; /* in ns */
	uint32_t caplen;
	uint32_t len;
	const uint8_t *data; /* until the next call */
};

/*
 * For a regular file that begins with a pcap 2.4 header in either byte order, µs or ns; NULL for
 * all else. `snaplen` is what libpcap takes the snapshot length to be. The descriptor stays the
 * caller's; its offset is not used.
 */
struct plain *plain_open(int fd, uint32_t snaplen);
void plain_close(struct plain *p);

/* The next record, or false when libpcap is to go on at plain_offset(). */
bool plain_next(struct plain *p, struct plain_record *r);
/* Where the next record begins in the file. */
uint64_t plain_offset(const struct plain *p);

#endif
