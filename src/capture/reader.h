/*
 * A capture file's format, packet by packet: what source_file.c picks by a file's first octets.
 */
#ifndef SPANFLOW_CAPTURE_READER_H
#define SPANFLOW_CAPTURE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/input.h"
#include "capture/packet.h"

#define READER_WHY 320

struct reader;

struct reader_ops {
	/*
	 * The next packets: one, or as many as are at hand and at most `max`, lent until the next
	 * call. How many; 0 at the end of the file; -EINTR; or another -errno
	 * that reader_fail() or reader_ended() returned.
	 */
	int (*read)(struct reader *, struct packet packets[], unsigned max);
	void (*close)(struct reader *);
};

/* The part that all readers share; it stands first in each of them. */
struct reader {
	const struct reader_ops *ops;
	struct input *input; /* the caller's */
	uint64_t offset;     /* where in the file the next packet, or what is wrong, begins */
	int linktype;        /* libpcap's DLT_ number, or SOURCE_LINKTYPES */
	bool swapped;        /* as in struct packet, of what is read now */
	/* Set by the owner before the first packet: all packets', or of those that name no interface. */
	uint32_t ingress;
	bool ingress_by_interface;
	char why[READER_WHY];
};

/*
 * Each has the input before the first octet of its file, and takes it as far as it likes. 0; -ENOMEM;
 * or what reader_fail() or reader_ended() returned, with the reason in `why`, of READER_WHY octets.
 */
int reader_pcap_open(struct input *input, struct reader **out, char *why);
int reader_pcapng_open(struct input *input, struct reader **out, char *why);
int reader_erf_open(struct input *input, struct reader **out, char *why);

/* Whether the input begins with ERF records, as far as can be told; asked after all other formats. */
bool reader_erf_knows(struct input *input);

/*
 * How many octets of each packet of this link type are a frame check sequence that the capture declares to
 * have `octets`: none where the link type's own header tells of it, and the decoder takes it off.
 */
uint32_t reader_fcs(int linktype, uint32_t octets);
/* What the file does not tell of a packet that is else complete, or tells wrong. */
static inline void reader_complete(const struct reader *r, struct packet *packet)
{
	packet->ingress =
	    r->ingress_by_interface && packet->interface ? packet->interface : r->ingress;
	packet->swapped = r->swapped;
	if (packet->len < packet->caplen)
		packet->len = packet->caplen;
}

/* Takes it off the packet's lengths. */
void reader_take_off(struct packet *packet, uint32_t fcs);

/* Says why the file cannot be read on. -EINVAL. */
int reader_fail(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * What it means that input_peek() brought nothing: 0 at the end of the file; -EINTR; else the
 * input's error, with the reason.
 */
int reader_ended(const struct input *input, char *why);
/* The same in the middle of something, where the file must not end. */
int reader_cut(const struct input *input, char *why);

#endif
