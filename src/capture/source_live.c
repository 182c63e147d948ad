/*
 * Live capture through libpcap (TPACKET_V3 on Linux), and who captures an interface.
 *
 * The kernel hands packets over in blocks, and a block that is not full when a packet came READ_TIMEOUT_MS
 * ago: a quiet link is seen at once without immediate mode, which would switch TPACKET_V3 off.
 */
#include "capture/compile.h"
#include "capture/source.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/iface.h"
#include "capture/refusal.h"
#include "capture/share.h"
#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

#define READ_TIMEOUT_MS 10
/* So long after an interface has gone what it brought before may still come. */
#define LEAVING_NS (5 * READ_TIMEOUT_MS * NS_PER_MS)
/* Headers are all that is read: link layer, tags, IP with options or extension headers, ports. */
#define LIVE_SNAPLEN 512

struct source_live {
	struct source base;
	pcap_t *pcap;
	uint32_t ingress;
	uint64_t leaving_until_ns;  /* 0: it is not known that the interface has gone */
	uint64_t dropped;           /* by the kernel, which libpcap counts in 32 bits */
	uint32_t dropped_told;      /* the last time, by libpcap */
	struct source_share *share; /* NULL: there is one alone */
	bool is_first;              /* of those that share it */
	struct joining joining;
	packets_fn *fn;
	void *ctx;
};

static void deliver(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct source_live *s = (struct source_live *)user;
	struct packet packet = {
	    .data = data,
	    .caplen = h->caplen,
	    .len = h->len > h->caplen ? h->len : h->caplen,
	    .ts_ns = (uint64_t)h->ts.tv_sec * NS_PER_S + (uint64_t)h->ts.tv_usec,
	    .ingress = s->ingress,
	    .linktype = s->base.linktype,
	};

	if (joining_leaves_out(&s->joining, packet.ts_ns))
		return;
	if (!s->fn(s->ctx, &packet, 1))
		pcap_breakloop(s->pcap);
}

/* The kernel lets go of sockets at an interface that is removed, and not of those at one that is down. */
static bool is_bound(const struct source_live *s)
{
	struct sockaddr_ll address = {.sll_ifindex = -1};
	socklen_t size = sizeof(address);

	return getsockname(pcap_fileno(s->pcap), (struct sockaddr *)&address, &size) == 0 &&
	    address.sll_ifindex == (int)s->base.index;
}

/*
 * Why libpcap could not read. Of an interface that has gone or is down others tell; and it is given time
 * to hand over the last block. One that is down and has another name than at first has not gone: libpcap
 * looks for it by the first.
 */
static int report_end(struct source_live *s)
{
	/* Of one that was back at once with the same index the system would say that nothing happened. */
	bool disappeared = strstr(pcap_geterr(s->pcap), "disappeared") != NULL;
	int state = disappeared ? -ENODEV : s->base.index ? iface_state(s->base.index) : 0;
	uint64_t now = steady_now();

	if (disappeared && s->base.index && is_bound(s))
		return 0;
	if (state == -ENODEV || state == -ENETDOWN) {
		if (!s->leaving_until_ns)
			s->leaving_until_ns = now + LEAVING_NS;
		return now < s->leaving_until_ns ? 0 : state;
	}
	if (!s->share || !atomic_exchange(&s->share->told, true))
		log_error("%s: %s", s->base.name, pcap_geterr(s->pcap));
	return -EIO;
}

static int live_read(struct source *base, unsigned max, packets_fn *fn, void *ctx)
{
	struct source_live *s = (struct source_live *)base;
	int n;

	s->fn = fn;
	s->ctx = ctx;
	joining_tick(&s->joining, s->share);
	n = pcap_dispatch(s->pcap, (int)max, deliver, (u_char *)s);
	if (n >= 0)
		return n;
	return n == PCAP_ERROR_BREAK ? -EINTR : report_end(s);
}

static int live_fd(const struct source *base)
{
	return pcap_get_selectable_fd(((const struct source_live *)base)->pcap);
}

static uint64_t live_drops(struct source *base)
{
	struct source_live *s = (struct source_live *)base;
	struct pcap_stat stat = {0};

	if (pcap_stats(s->pcap, &stat) == 0) {
		s->dropped += stat.ps_drop - s->dropped_told;
		s->dropped_told = stat.ps_drop;
	}
	return s->dropped;
}

static void live_close(struct source *base)
{
	struct source_live *s = (struct source_live *)base;

	if (s->pcap)
		pcap_close(s->pcap);
	free(s);
}

static int report_activation(const struct source_live *s, int status)
{
	const char *detail = pcap_geterr(s->pcap);

	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		return refusal_report(s->base.name, -EPERM, NULL);
	case PCAP_ERROR_NO_SUCH_DEVICE:
		return refusal_report(s->base.name, -ENODEV, NULL);
	case PCAP_ERROR_IFACE_NOT_UP:
		return refusal_report(s->base.name, -ENETDOWN, NULL);
	default:
		return refusal_report(
		    s->base.name, -EIO, *detail ? detail : pcap_statustostr(status));
	}
}

static int set_filter(struct source_live *s, const char *filter)
{
	struct bpf_program program;
	int rc;

	rc = pcap_compile(s->pcap, &program, filter ? filter : "", 1, PCAP_NETMASK_UNKNOWN);
	if (rc == 0) {
		rc = pcap_setfilter(s->pcap, &program);
		pcap_freecode(&program);
	}
	if (rc == 0)
		return 0;
	log_error("%s: filter: %s%s", s->base.name, pcap_geterr(s->pcap),
	    compile_is_elsewhere() ? ": names here need a restart, or --seal=off" : "");
	return -EINVAL;
}

static int set_direction(struct source_live *s, enum source_direction direction)
{
	static const pcap_direction_t pcap_direction[] = {
	    [SOURCE_BOTH] = PCAP_D_INOUT, [SOURCE_IN] = PCAP_D_IN, [SOURCE_OUT] = PCAP_D_OUT};

	if (direction == SOURCE_BOTH || pcap_setdirection(s->pcap, pcap_direction[direction]) == 0)
		return 0;
	log_error("%s: direction: %s", s->base.name, pcap_geterr(s->pcap));
	return -ENOTSUP;
}

static int activate(struct source_live *s, const struct source_live_options *o)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	int rc;

	s->pcap = pcap_create(o->interface, error);
	if (!s->pcap) {
		log_error("%s: %s", o->interface, error);
		return -EIO;
	}
	pcap_set_snaplen(s->pcap, LIVE_SNAPLEN);
	pcap_set_promisc(s->pcap, strcmp(o->interface, "any") != 0);
	pcap_set_timeout(s->pcap, READ_TIMEOUT_MS);
	pcap_set_buffer_size(s->pcap, (int)o->buffer_bytes);
	pcap_set_tstamp_precision(s->pcap, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(s->pcap);
	if (rc < 0)
		return report_activation(s, rc);
	if (rc > 0 && s->is_first && !o->again)
		log_warning("%s: %s", o->interface, pcap_geterr(s->pcap));
	return 0;
}

static int configure(struct source_live *s, const struct source_live_options *o)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	int rc;

	/*
	 * The second cooked format names the interface of each packet; the first does not. But
	 * libpcap (1.10) puts tags that the kernel stripped back into the first alone.
	 */
	if (strcmp(o->interface, "any") == 0) {
		pcap_set_datalink(s->pcap, DLT_LINUX_SLL2);
		if (s->is_first && !o->again)
			log_warning(
			    "any: VLAN tags are not seen: name the interfaces where they matter");
	}
	s->base.linktype = pcap_datalink(s->pcap);
	rc = o->filter ? set_filter(s, o->filter) : 0;
	if (rc == 0)
		rc = set_direction(s, o->direction);
	if (rc == 0 && pcap_setnonblock(s->pcap, 1, error) < 0) {
		log_error("%s: %s", o->interface, error);
		rc = -EIO;
	}
	return rc;
}

/* "any" has no index of its own: each packet brings one. */
static int find_interface(struct source_live *s, const struct source_live_options *o)
{
	int rc;

	s->ingress = o->ingress;
	if (strcmp(o->interface, "any") == 0)
		return 0;
	rc = iface_index(o->interface, &s->base.index);
	if (rc == -ENODEV)
		return refusal_report(o->interface, rc, NULL);
	if (rc) {
		log_error("%s: interface index: %s", o->interface, strerror(-rc));
		return rc;
	}
	if (!o->ingress)
		s->ingress = s->base.index;
	return 0;
}

/* While libpcap exchanges them no packet passes, for some microseconds. */
static int live_set_filter(struct source *base, const char *filter)
{
	return set_filter((struct source_live *)base, filter);
}

static const struct source_ops live_ops = {.read = live_read,
    .fd = live_fd,
    .drops = live_drops,
    .set_filter = live_set_filter,
    .close = live_close};

static int open_by_pcap(const struct source_live_options *o, struct source **out)
{
	struct source_live *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->base.ops = &live_ops;
	s->base.name = o->interface;
	s->base.way = "libpcap";
	s->base.buffer_bytes = o->buffer_bytes;
	s->share = o->share;
	s->is_first = share_is_first(o->share);
	rc = find_interface(s, o);
	if (rc == 0)
		rc = activate(s, o);
	if (rc == 0)
		rc = configure(s, o);
	if (rc == 0 && s->share)
		rc = share_join(s->share, pcap_fileno(s->pcap), o->interface);
	if (rc) {
		live_close(&s->base);
		return rc;
	}
	*out = &s->base;
	return 0;
}

int source_live_open(const struct source_live_options *o, struct source **out)
{
	/* The sources of an interface's other workers are as the first one's. */
	bool is_first = share_is_first(o->share);
	int rc = -ENOTSUP;

	if (o->capture == SOURCE_XDP && is_first && source_xdp_open(o, out) == 0)
		return 0;
	if (o->capture != SOURCE_PCAP)
		rc = source_packet_open(o, out);
	if (rc != -ENOTSUP)
		return rc;
	if (o->capture == SOURCE_PACKET && is_first)
		log_warning("%s: captured by libpcap: packet sockets of our own are for Ethernet, "
			    "loopback and IP tunnels",
		    o->interface);
	return open_by_pcap(o, out);
}
