/*
 * What is said of link types that are not decoded: where the first packet of each interface is.
 */
#ifndef SPANFLOW_UNDECODED_H
#define SPANFLOW_UNDECODED_H

#include <stdint.h>

#include "capture/packet.h"
#include "capture/source.h"

/* Of so many interfaces of a file it is said. */
#define UNDECODED_MAX 16

/* Of a source, all zeros before its first packet. */
struct undecoded {
	unsigned count;
	uint32_t told[UNDECODED_MAX]; /* by packet.interface */
};

/* Says it of the source, or of an interface of it: packet.interface, 0 for none. */
void undecoded_report(const struct source *source, uint32_t interface, int linktype);

/*
 * Of the packet that the source gave last; once an interface, since a file may have some that are of use,
 * and others.
 */
void undecoded_tell(struct undecoded *u, const struct source *source, const struct packet *packet);

#endif
