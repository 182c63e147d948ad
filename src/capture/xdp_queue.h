/*
 * A queue of an interface, by an AF_XDP socket and frames of its own: memory that the kernel, or the card, writes
 * packets to.
 *
 * A frame is in one of three places: in the fill ring, where the kernel takes it from; in the receive ring, with a
 * packet; or lent to the reader, between xdp_queue_lend() and xdp_queue_return(). Belongs to the thread that
 * reads it. Sizes are octets; errors are -errno, and nothing is said of them here.
 */
#ifndef SPANFLOW_CAPTURE_XDP_QUEUE_H
#define SPANFLOW_CAPTURE_XDP_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xdp/xsk.h>

/* Zeros before xdp_queue_open(), for xdp_queue_close(). */
struct xdp_queue {
	uint8_t *frames;
	size_t size;
	uint32_t frame_size;
	uint32_t frame_count;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion;
	struct xsk_ring_cons rx;
};

/* Packets that are at hand: places in the receive ring. */
struct xdp_lent {
	uint32_t from;
	uint32_t count;
};

/* Reserves the frames, and gives all to the kernel; both numbers are powers of two. 0 or -errno. */
int xdp_queue_open(struct xdp_queue *q, uint32_t frame_size, uint32_t frame_count);
/*
 * From now on packets may come from this queue of the interface: copied, or as the driver can. 0 or -errno;
 * -EBUSY: another socket has the queue, and it may be tried again.
 */
int xdp_queue_bind(struct xdp_queue *q, const char *interface, unsigned number, bool copies);
void xdp_queue_close(struct xdp_queue *q);

/* Readable when there are packets. */
int xdp_queue_fd(const struct xdp_queue *q);
/* 0, or the error with which no packet will come any more: -ENETDOWN. Such a socket is not readable. */
int xdp_queue_error(const struct xdp_queue *q);
/* Whether the kernel copies what comes, rather than that the driver writes it to the frames. */
bool xdp_queue_is_copied(const struct xdp_queue *q);
/* How many packets found no frame, or no room in the receive ring. */
uint64_t xdp_queue_drops(const struct xdp_queue *q);

/* At most `max` packets that are there, or none. */
struct xdp_lent xdp_queue_lend(struct xdp_queue *q, unsigned max);
/* Packet `i` of those, with its length. */
static inline const uint8_t *xdp_queue_frame(
    const struct xdp_queue *q, const struct xdp_lent *lent, uint32_t i, uint32_t *length)
{
	const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&q->rx, lent->from + i);

	*length = desc->len;
	return q->frames + desc->addr;
}
/* The frames of the first `taken` of them are the kernel's again; the others stay for the next time. */
void xdp_queue_return(struct xdp_queue *q, const struct xdp_lent *lent, uint32_t taken);

#endif
