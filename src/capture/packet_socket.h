/*
 * A packet socket with a ring (packet(7), TPACKET_V3), in two halves: opening one takes CAP_NET_RAW,
 * reading takes nothing but the descriptor and these numbers, which may come from another process.
 */
#ifndef SPANFLOW_CAPTURE_PACKET_SOCKET_H
#define SPANFLOW_CAPTURE_PACKET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/source.h"

struct packet_socket {
	int fd;
	int linktype;
	enum source_direction direction;
	uint32_t index; /* the interface's */
	uint32_t block_size;
	uint32_t block_count;
	bool is_filtered; /* by the kernel; false: the expression is left to the reader */
};

/*
 * Opens one that captures from now on, unless it is shut. 0; -ENOTSUP, silently, for what libpcap is needed for: "any",
 * other link layers, filters that neither the kernel can be told nor a reader. Else -errno as
 * source_live_open(), after saying why.
 */
int packet_socket_open(const struct source_live_options *options, struct packet_socket *out);

/*
 * Gives it another filter, or none (NULL), so that each packet goes by the former or the new one; it
 * takes no rights. 0 or -errno as above, and then the former one serves on.
 */
int packet_socket_filter(struct packet_socket *socket, const char *name, const char *expression);

/*
 * Makes a source of it, by the options' name, ingress index, filter and share. Takes the descriptor over,
 * also where it fails: -errno after saying why.
 */
int packet_socket_read(const struct packet_socket *socket,
    const struct source_live_options *options, struct source **out);

#endif
