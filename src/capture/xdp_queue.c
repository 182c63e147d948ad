#include "capture/xdp_queue.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Nothing is sent, but the kernel wants the ring. */
#define COMPLETION_SIZE 64

/* -- life ------------------------------------------------------------------------------------- */

static void fill(struct xdp_queue *q)
{
	uint32_t at = 0;

	xsk_ring_prod__reserve(&q->fill, q->frame_count, &at);
	for (uint32_t i = 0; i < q->frame_count; i++)
		*xsk_ring_prod__fill_addr(&q->fill, at + i) = (uint64_t)i * q->frame_size;
	xsk_ring_prod__submit(&q->fill, q->frame_count);
}

int xdp_queue_open(struct xdp_queue *q, uint32_t frame_size, uint32_t frame_count)
{
	/* The kernel takes back what it gave later than it lets the packets be seen. */
	struct xsk_umem_config config = {
	    .fill_size = 2 * frame_count, .comp_size = COMPLETION_SIZE, .frame_size = frame_size};
	int rc;

	q->frame_size = frame_size;
	q->frame_count = frame_count;
	q->size = (size_t)frame_count * frame_size;
	q->frames = mmap(NULL, q->size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (q->frames == MAP_FAILED) {
		q->frames = NULL;
		return -ENOMEM;
	}
	rc = xsk_umem__create(&q->umem, q->frames, q->size, &q->fill, &q->completion, &config);
	if (rc)
		return rc;
	fill(q);
	return 0;
}

int xdp_queue_bind(struct xdp_queue *q, const char *interface, unsigned number, bool copies)
{
	/* Without either flag the kernel takes the card's own way of writing, or else copies. */
	uint16_t mode = copies ? XDP_COPY : 0;
	struct xsk_socket_config config = {.rx_size = q->frame_count,
	    .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	    .bind_flags = (uint16_t)(XDP_USE_NEED_WAKEUP | mode)};

	return xsk_socket__create(&q->socket, interface, number, q->umem, &q->rx, NULL, &config);
}

void xdp_queue_close(struct xdp_queue *q)
{
	if (q->socket)
		xsk_socket__delete(q->socket);
	if (q->umem)
		xsk_umem__delete(q->umem);
	if (q->frames)
		munmap(q->frames, q->size);
}

/* -- its state -------------------------------------------------------------------------------- */

int xdp_queue_fd(const struct xdp_queue *q)
{
	return xsk_socket__fd(q->socket);
}

bool xdp_queue_is_copied(const struct xdp_queue *q)
{
	struct xdp_options options = {0};
	socklen_t size = sizeof(options);

	getsockopt(xsk_socket__fd(q->socket), SOL_XDP, XDP_OPTIONS, &options, &size);
	return !(options.flags & XDP_OPTIONS_ZEROCOPY);
}

int xdp_queue_error(const struct xdp_queue *q)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(xsk_socket__fd(q->socket), SOL_SOCKET, SO_ERROR, &error, &size);
	return -error;
}

/*
 * A packet that found no frame is in rx_dropped; rx_fill_ring_empty_descs counts it once more where the
 * kernel copies, and else a driver's attempts, which are no packets: what is lost then is the card's.
 */
uint64_t xdp_queue_drops(const struct xdp_queue *q)
{
	struct xdp_statistics stat = {0};
	socklen_t size = sizeof(stat);

	if (getsockopt(xsk_socket__fd(q->socket), SOL_XDP, XDP_STATISTICS, &stat, &size) < 0)
		return 0;
	return stat.rx_dropped + stat.rx_ring_full;
}

/* -- reading ---------------------------------------------------------------------------------- */

struct xdp_lent xdp_queue_lend(struct xdp_queue *q, unsigned max)
{
	uint32_t room = xsk_prod_nb_free(&q->fill, max);
	struct xdp_lent lent = {0};

	lent.count = xsk_ring_cons__peek(&q->rx, room < max ? room : max, &lent.from);
	return lent;
}

/* The driver has stopped looking for frames: it needs to be told that there are some. */
static void wake_driver(const struct xdp_queue *q)
{
	if (xsk_ring_prod__needs_wakeup(&q->fill))
		(void)recvfrom(xsk_socket__fd(q->socket), NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* The frames of the `count` packets from `from` on are the kernel's again. */
static void give_back(struct xdp_queue *q, uint32_t from, uint32_t count)
{
	uint32_t to = 0;

	xsk_ring_prod__reserve(&q->fill, count, &to);
	for (uint32_t i = 0; i < count; i++)
		*xsk_ring_prod__fill_addr(&q->fill, to + i) =
		    xsk_ring_cons__rx_desc(&q->rx, from + i)->addr & ~(uint64_t)(q->frame_size - 1);
	xsk_ring_cons__release(&q->rx, count);
	xsk_ring_prod__submit(&q->fill, count);
}

void xdp_queue_return(struct xdp_queue *q, const struct xdp_lent *lent, uint32_t taken)
{
	xsk_ring_cons__cancel(&q->rx, lent->count - taken);
	if (taken)
		give_back(q, lent->from, taken);
	wake_driver(q);
}
