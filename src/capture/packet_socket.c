#include "capture/packet_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/iface.h"
#include "capture/nic.h"
#include "capture/packet_filter.h"
#include "capture/refusal.h"
#include "capture/share.h"
#include "util/log.h"

/*
 * A block that is not full is handed over when its first packet is so old. Of a slow link the ring holds
 * what comes in so long a time for each of its blocks, and in no longer one.
 */
#define BLOCK_TIMEOUT_MS 40
/* Headers are all that is read: link layer, tags, IP with options or extension headers, ports. */
#define SNAPLEN 512
/* A tag that was taken off is put back in front of each frame's place. */
#define TAG_LEN 4
/* While one is read the kernel fills others. */
#define BLOCK_MAX (256u << 10)
#define BLOCKS_MIN 128
/* Nothing is laid out by it, but the kernel checks it. */
#define FRAME_SIZE 2048u

#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519
#endif

/* -- link layers ------------------------------------------------------------------------------- */

/*
 * What libpcap captures in the same way. Tunnels of GRE are not among them: they carry more than IP,
 * which libpcap's cooked capture tells.
 */
static const struct link_layer {
	int hardware; /* ARPHRD_ */
	int linktype;
	int type; /* of the socket: SOCK_DGRAM is without a link layer's header, whatever a driver calls so */
} links[] = {
    {ARPHRD_ETHER, DLT_EN10MB, SOCK_RAW},
    {ARPHRD_LOOPBACK, DLT_EN10MB, SOCK_RAW},
    {ARPHRD_NONE, DLT_RAW, SOCK_DGRAM},
    {ARPHRD_RAWIP, DLT_RAW, SOCK_DGRAM},
    {ARPHRD_TUNNEL, DLT_RAW, SOCK_DGRAM},
    {ARPHRD_TUNNEL6, DLT_RAW, SOCK_DGRAM},
    {ARPHRD_SIT, DLT_RAW, SOCK_DGRAM},
};

/* NULL: none that is known here. */
static const struct link_layer *find_link_layer(const char *name, int hardware)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (links[i].hardware == hardware)
			return nic_is_switch_port(name) ? NULL : &links[i];
	return NULL;
}

/* -- what a socket is told --------------------------------------------------------------------- */

static int set(int fd, int level, int option, const void *value, size_t size)
{
	return setsockopt(fd, level, option, value, (socklen_t)size) < 0 ? -errno : 0;
}

/* On loopback each packet is seen twice, on its way out and as it comes back. */
static enum source_direction find_direction(
    enum source_direction asked, const struct link_layer *link)
{
	return asked == SOURCE_BOTH && link->hardware == ARPHRD_LOOPBACK ? SOURCE_IN : asked;
}

/* Of one with which the kernel cannot be helped. 0 or -ENOTSUP. */
static int leave_filter(const char *name, const char *expression, int linktype)
{
	struct filter_options options = {
	    .expression = expression, .source = name, .subject = "filter", .silent = true};
	struct filter *filter;
	int rc = filter_create(&options, &filter);

	if (rc)
		return rc;
	rc = filter_prepare(filter, linktype);
	filter_destroy(filter);
	return rc ? -ENOTSUP : 0;
}

static int attach(int fd, const struct packet_filter_options *options)
{
	struct sock_fprog program;
	int rc = packet_filter_create(options, &program);

	if (rc)
		return rc;
	rc = set(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	packet_filter_destroy(&program);
	return rc == -EINVAL ? -ENOTSUP : rc;
}

int packet_socket_filter(struct packet_socket *s, const char *name, const char *expression)
{
	struct packet_filter_options options = {.name = name,
	    .expression = expression,
	    .direction = s->direction,
	    .linktype = s->linktype,
	    .snaplen = SNAPLEN};
	int rc = attach(s->fd, &options);

	if (rc == 0)
		s->is_filtered = true;
	if (rc != -ENOTSUP || !expression)
		return rc;
	options.expression = NULL;
	rc = leave_filter(name, expression, s->linktype);
	if (rc == 0)
		rc = attach(s->fd, &options);
	if (rc == 0)
		s->is_filtered = false;
	return rc;
}

/* Whoever reads it says what it takes: to compile that may be a matter of asking the network for names. */
static int shut(struct packet_socket *s)
{
	struct sock_filter nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog program = {.len = 1, .filter = nothing};

	s->is_filtered = true;
	return set(s->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static void find_geometry(uint64_t buffer_bytes, struct packet_socket *s)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE);

	s->block_size = BLOCK_MAX;
	while (s->block_size > page && buffer_bytes / s->block_size < BLOCKS_MIN)
		s->block_size /= 2;
	s->block_count = (uint32_t)(buffer_bytes / s->block_size);
	if (s->block_count < 2)
		s->block_count = 2;
}

static int set_ring(const struct packet_socket *s, const char *name)
{
	int version = TPACKET_V3, reserve = TAG_LEN;
	struct tpacket_req3 ring = {.tp_block_size = s->block_size,
	    .tp_block_nr = s->block_count,
	    .tp_frame_size = FRAME_SIZE,
	    .tp_frame_nr = s->block_size / FRAME_SIZE * s->block_count,
	    .tp_retire_blk_tov = BLOCK_TIMEOUT_MS};
	int rc;

	if (set(s->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    set(s->fd, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof(reserve)))
		return -ENOTSUP;
	rc = set(s->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring));
	if (rc == -ENOMEM)
		log_error("%s: no memory for the kernel's ring: choose a smaller --buffer", name);
	return rc;
}

static int set_promiscuous(const struct packet_socket *s)
{
	struct packet_mreq membership = {.mr_ifindex = (int)s->index, .mr_type = PACKET_MR_PROMISC};

	return set(s->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership));
}

/* Until then the socket gets nothing: all that it captures goes through its filter to its ring. */
static int bind_to(const struct packet_socket *s)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
	    .sll_protocol = htons(ETH_P_ALL),
	    .sll_ifindex = (int)s->index};
	int error = 0;
	socklen_t size = sizeof(error);

	if (bind(s->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

/* -- opening ----------------------------------------------------------------------------------- */

/* Of what has been said already *said is true. */
static int set_up(struct packet_socket *s, const struct source_live_options *o, bool *said)
{
	int rc = o->is_shut ? shut(s) : packet_socket_filter(s, o->interface, o->filter);

	*said = rc == -EINVAL;
	if (rc == 0) {
		rc = set_ring(s, o->interface);
		*said = rc == -ENOMEM;
	}
	if (rc == 0)
		rc = set_promiscuous(s);
	if (rc == 0)
		rc = bind_to(s);
	if (rc == 0 && o->share) {
		rc = share_join(o->share, s->fd, o->interface);
		*said = rc != 0;
	}
	return rc;
}

static int open_at(
    const struct source_live_options *o, const struct link_layer *link, struct packet_socket *s)
{
	bool said = false;
	int rc;

	/* Protocol 0: nothing is queued before the socket is bound. */
	s->fd = socket(AF_PACKET, link->type | SOCK_CLOEXEC, 0);
	if (s->fd < 0 && errno == EAFNOSUPPORT)
		return -ENOTSUP;
	if (s->fd < 0)
		return refusal_report(o->interface, -errno, NULL);
	rc = set_up(s, o, &said);
	if (rc == 0)
		return 0;
	close(s->fd);
	return said || rc == -ENOTSUP ? rc : refusal_report(o->interface, rc, NULL);
}

int packet_socket_open(const struct source_live_options *o, struct packet_socket *out)
{
	const struct link_layer *link;
	uint32_t index = 0;
	int rc, hardware;

	if (strcmp(o->interface, "any") == 0)
		return -ENOTSUP;
	hardware = nic_hardware(o->interface);
	rc = hardware < 0 ? hardware : iface_index(o->interface, &index);
	if (rc)
		return refusal_report(o->interface, rc, NULL);
	link = find_link_layer(o->interface, hardware);
	if (!link)
		return -ENOTSUP;
	*out = (struct packet_socket){.linktype = link->linktype,
	    .direction = find_direction(o->direction, link),
	    .index = index};
	find_geometry(o->buffer_bytes, out);
	return open_at(o, link, out);
}
