/*
 * Live capture through a packet socket's ring, which the kernel writes and this reads in place.
 *
 * The ring is a circle of blocks, each of which belongs to the kernel or to the reader, as its status
 * says; the kernel hands one over when it is full, or when its first packet has waited for it. A packet
 * is lent where it lies, and its block goes back when all of its packets have been read.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/iface.h"
#include "capture/packet_socket.h"
#include "capture/share.h"
#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

#define MACS_LEN (2 * ETH_ALEN)
#define TAG_LEN 4
/* So many packets are taken from a block at once. */
#define PACKETS_A_TURN 64
/* So long after an interface has gone what it brought before may still come. */
#define LEAVING_NS (50 * NS_PER_MS)

struct source_packet {
	struct source base;
	struct packet_socket socket;
	uint32_t ingress;
	struct source_share *share; /* NULL: there is one alone */
	struct filter *filter;      /* NULL: the kernel does it, or there is none */
	struct joining joining;
	uint8_t *ring;
	uint32_t block; /* the one that is read, or is next to come */
	uint32_t left;  /* packets of it that have not been read; 0: it is the kernel's */
	uint8_t *next;  /* the first of them */
	uint64_t leaving_until_ns; /* 0: nothing says that the interface is down or has gone */
	uint64_t dropped;
};

/* -- reading ----------------------------------------------------------------------------------- */

static size_t ring_size(const struct source_packet *s)
{
	return (size_t)s->socket.block_size * s->socket.block_count;
}

static struct tpacket_block_desc *block_of(const struct source_packet *s)
{
	return (struct tpacket_block_desc *)(s->ring + (size_t)s->block * s->socket.block_size);
}

static void give_back(struct source_packet *s)
{
	__atomic_store_n(&block_of(s)->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	s->block = (s->block + 1) % s->socket.block_count;
}

/* Whether there is a packet. A block without any goes back at once. */
static bool find_packet(struct source_packet *s)
{
	while (s->left == 0) {
		struct tpacket_block_desc *block = block_of(s);
		struct tpacket_hdr_v1 *h = &block->hdr.bh1;

		if (!(__atomic_load_n(&h->block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
			return false;
		s->left = h->num_pkts;
		s->next = (uint8_t *)block + h->offset_to_first_pkt;
		if (s->left == 0)
			give_back(s);
	}
	return true;
}

static void put_be16(uint8_t *to, uint32_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/*
 * The tag that the card or the kernel took off stands where it was. There is room in front of the
 * frame, which was asked for (PACKET_RESERVE).
 */
static void put_tag_back(const struct tpacket3_hdr *h, uint8_t *frame, struct packet *packet)
{
	bool has_tpid = h->tp_status & TP_STATUS_VLAN_TPID_VALID;

	memmove(frame - TAG_LEN, frame, MACS_LEN);
	put_be16(frame + MACS_LEN - TAG_LEN, has_tpid ? h->hv1.tp_vlan_tpid : ETH_P_8021Q);
	put_be16(frame + MACS_LEN - TAG_LEN + 2, h->hv1.tp_vlan_tci);
	packet->data = frame - TAG_LEN;
	packet->caplen += TAG_LEN;
	packet->len += TAG_LEN;
}

/* False: it is none of this one's. */
static bool describe(
    struct source_packet *s, const struct tpacket3_hdr *h, uint8_t *frame, struct packet *packet)
{
	*packet = (struct packet){
	    .data = frame,
	    .caplen = h->tp_snaplen,
	    .len = h->tp_len,
	    .ts_ns = (uint64_t)h->tp_sec * NS_PER_S + h->tp_nsec,
	    .ingress = s->ingress,
	    .linktype = s->base.linktype,
	};

	if (joining_leaves_out(&s->joining, packet->ts_ns))
		return false;
	if (h->tp_status & TP_STATUS_VLAN_VALID && s->base.linktype == DLT_EN10MB &&
	    packet->caplen >= MACS_LEN)
		put_tag_back(h, frame, packet);
	return !s->filter || filter_matches(s->filter, packet);
}

/* The packets of this block, at most `max`. How many those are; *enough: the callback wants no more. */
static unsigned read_block(
    struct source_packet *s, unsigned max, packets_fn *fn, void *ctx, bool *enough)
{
	struct packet packets[PACKETS_A_TURN];
	unsigned most = max < PACKETS_A_TURN ? max : PACKETS_A_TURN;
	unsigned taken = 0, n = 0;

	for (; taken < most && s->left > 0; taken++, s->left--) {
		const struct tpacket3_hdr *h = (const struct tpacket3_hdr *)s->next;

		n += describe(s, h, s->next + h->tp_mac, &packets[n]);
		s->next += h->tp_next_offset;
	}
	*enough = n && !fn(ctx, packets, n);
	if (s->left == 0)
		give_back(s);
	return taken;
}

/* The kernel takes a socket off an interface that is removed, but not off one that is down. */
static bool is_bound(const struct source_packet *s)
{
	struct sockaddr_ll address = {.sll_ifindex = 0};
	socklen_t size = sizeof(address);

	return getsockname(s->socket.fd, (struct sockaddr *)&address, &size) == 0 &&
	    address.sll_ifindex == (int)s->socket.index;
}

/*
 * Whether anything will come again: 0, -ENODEV of an interface that was removed, or -EIO after saying why
 * not. It is asked of an empty ring, to which the kernel may have to give a last block.
 */
static int look_for_end(struct source_packet *s)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(s->socket.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error == ENETDOWN)
		s->leaving_until_ns = steady_now() + LEAVING_NS;
	if (error && error != ENETDOWN) {
		if (!s->share || !atomic_exchange(&s->share->told, true))
			log_error("%s: %s", s->base.name, strerror(error));
		return -EIO;
	}
	if (!s->leaving_until_ns || steady_now() < s->leaving_until_ns)
		return 0;
	s->leaving_until_ns = 0;
	return is_bound(s) ? 0 : -ENODEV;
}

static int packet_read(struct source *base, unsigned max, packets_fn *fn, void *ctx)
{
	struct source_packet *s = (struct source_packet *)base;
	bool enough = false;
	unsigned n = 0;

	joining_tick(&s->joining, s->share);
	while (n < max && !enough && find_packet(s))
		n += read_block(s, max - n, fn, ctx, &enough);
	return n ? (int)n : look_for_end(s);
}

static int packet_fd(const struct source *base)
{
	return ((const struct source_packet *)base)->socket.fd;
}

static uint64_t packet_drops(struct source *base)
{
	struct source_packet *s = (struct source_packet *)base;
	struct tpacket_stats_v3 stat = {0};
	socklen_t size = sizeof(stat);

	/* The kernel counts from the last time on that it was asked. */
	if (getsockopt(s->socket.fd, SOL_PACKET, PACKET_STATISTICS, &stat, &size) == 0)
		s->dropped += stat.tp_drops;
	return s->dropped;
}

/* -- filters ----------------------------------------------------------------------------------- */

/* One for the reader. 0 or -errno; *out is NULL then. */
static int create_filter(
    const struct source_packet *s, const char *expression, bool silent, struct filter **out)
{
	struct filter_options options = {.expression = expression,
	    .source = s->base.name,
	    .subject = "filter",
	    .silent = silent};
	int rc = filter_create(&options, out);

	if (rc == 0)
		rc = filter_prepare(*out, s->base.linktype);
	if (rc) {
		filter_destroy(*out);
		*out = NULL;
	}
	return rc;
}

/* The reader goes on without one if the kernel has it: to make one takes time, names to be looked up above all. */
static int filter_by_kernel(struct source_packet *s, const char *expression)
{
	int rc = packet_socket_filter(&s->socket, s->base.name, expression);

	if (rc || s->socket.is_filtered || !expression)
		return rc;
	return create_filter(s, expression, false, &s->filter);
}

/*
 * What the former filter let into the ring is read by it, unless it was the reader's: then that is
 * all packets, and the new one is the reader's, too.
 */
static int packet_set_filter(struct source *base, const char *expression)
{
	struct source_packet *s = (struct source_packet *)base;
	struct filter *filter = NULL;
	int rc;

	if (!s->filter)
		return filter_by_kernel(s, expression);
	rc = expression ? create_filter(s, expression, false, &filter) : 0;
	if (rc == 0)
		rc = packet_socket_filter(&s->socket, s->base.name, expression);
	if (rc) {
		filter_destroy(filter);
		return rc;
	}
	filter_destroy(s->filter);
	s->filter = filter;
	return 0;
}

/* -- life -------------------------------------------------------------------------------------- */

static void packet_close(struct source *base)
{
	struct source_packet *s = (struct source_packet *)base;

	if (s->ring)
		munmap(s->ring, ring_size(s));
	close(s->socket.fd);
	filter_destroy(s->filter);
	free(s);
}

static const struct source_ops packet_ops = {.read = packet_read,
    .fd = packet_fd,
    .drops = packet_drops,
    .set_filter = packet_set_filter,
    .close = packet_close};

static int map_ring(struct source_packet *s)
{
	void *ring = mmap(NULL, ring_size(s), PROT_READ | PROT_WRITE, MAP_SHARED, s->socket.fd, 0);

	if (ring == MAP_FAILED) {
		int rc = -errno;

		log_error("%s: the kernel's ring: %s", s->base.name, strerror(-rc));
		return rc;
	}
	s->ring = ring;
	return 0;
}

int packet_socket_read(
    const struct packet_socket *socket, const struct source_live_options *o, struct source **out)
{
	struct source_packet *s = calloc(1, sizeof(*s));
	int rc;

	if (!s) {
		close(socket->fd);
		return -ENOMEM;
	}
	s->base.ops = &packet_ops;
	s->base.name = o->interface;
	s->base.linktype = socket->linktype;
	s->base.index = socket->index;
	s->base.way = "a packet socket";
	s->socket = *socket;
	s->base.buffer_bytes = ring_size(s);
	s->ingress = o->ingress ? o->ingress : socket->index;
	s->share = o->share;
	rc = o->filter && !socket->is_filtered ? create_filter(s, o->filter, true, &s->filter) : 0;
	if (rc == 0)
		rc = map_ring(s);
	if (rc) {
		packet_close(&s->base);
		return rc;
	}
	*out = &s->base;
	return 0;
}

int source_packet_open(const struct source_live_options *o, struct source **out)
{
	struct packet_socket socket;
	int rc = packet_socket_open(o, &socket);

	return rc ? rc : packet_socket_read(&socket, o, out);
}
