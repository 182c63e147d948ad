/*
 * The program by which the kernel chooses the packets of a packet socket, and how much of each.
 *
 * Expressions see a frame with its VLAN tag where it was on the wire, also where the card or the
 * kernel has taken it off.
 */
#ifndef SPANFLOW_CAPTURE_PACKET_FILTER_H
#define SPANFLOW_CAPTURE_PACKET_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#include "capture/source.h"

struct packet_filter_options {
	const char *name;       /* of the interface, for messages */
	const char *expression; /* NULL: all packets */
	enum source_direction direction;
	int linktype;     /* DLT_EN10MB, or one without tags */
	uint32_t snaplen; /* how many octets of a packet are kept; a tag that is off comes on top */
};

/*
 * 0; -EINVAL after saying what is wrong with the expression; -ENOTSUP, silently, where it is too long
 * for the kernel or looks at a tag in a way that cannot be translated; -ENOMEM.
 */
int packet_filter_create(const struct packet_filter_options *options, struct sock_fprog *out);
void packet_filter_destroy(struct sock_fprog *program);

#endif
