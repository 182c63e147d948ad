/*
 * Live capture through libpcap (TPACKET_V3 on Linux).
 *
 * The kernel hands packets over in blocks, and a block that is not full when a packet came READ_TIMEOUT_MS
 * ago: a quiet link is seen at once without immediate mode, which would switch TPACKET_V3 off.
 */
#include "capture/source.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/iface.h"
#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

#define READ_TIMEOUT_MS 10
/* By then the kernel has handed over what it captured before. */
#define JOINING_NS NS_PER_S
/* Headers are all that is read: link layer, tags, IP with options or extension headers, ports. */
#define LIVE_SNAPLEN 512

struct source_live {
	struct source base;
	pcap_t *pcap;
	uint32_t ingress;
	/*
	 * Of several that share an interface. What another one than the first captured before it joined
	 * the first has, too: packets are left out until the first date from then on, but no longer than
	 * until a moment of the steady clock, since dates may be set back. 0: none any more.
	 */
	struct source_share *share; /* NULL: there is one alone */
	bool is_first;
	uint64_t joined_ns;
	uint64_t joining_until_ns;
	packet_fn *fn;
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

	if (s->joined_ns && packet.ts_ns < s->joined_ns)
		return;
	s->joined_ns = 0;
	if (!s->fn(s->ctx, &packet))
		pcap_breakloop(s->pcap);
}

/* Counted from the first read: until then nothing is lost, only late. */
static void end_joining(struct source_live *s)
{
	uint64_t now = steady_now();

	if (!s->joining_until_ns)
		s->joining_until_ns = now + JOINING_NS;
	else if (now > s->joining_until_ns)
		s->joined_ns = 0;
}

static int live_read(struct source *base, unsigned max, packet_fn *fn, void *ctx)
{
	struct source_live *s = (struct source_live *)base;
	int n;

	s->fn = fn;
	s->ctx = ctx;
	if (s->joined_ns)
		end_joining(s);
	n = pcap_dispatch(s->pcap, (int)max, deliver, (u_char *)s);
	if (n >= 0)
		return n;
	if (n == PCAP_ERROR_BREAK)
		return -EINTR;
	if (!s->share || !atomic_exchange(&s->share->told, true))
		log_error("%s: %s", s->base.name, pcap_geterr(s->pcap));
	return -EIO;
}

static int live_fd(const struct source *base)
{
	return pcap_get_selectable_fd(((const struct source_live *)base)->pcap);
}

static void live_drops(struct source *base, struct source_drops *drops)
{
	struct source_live *s = (struct source_live *)base;
	struct pcap_stat stat = {0};

	*drops = (struct source_drops){0};
	if (pcap_stats(s->pcap, &stat) == 0) {
		drops->kernel = stat.ps_drop;
		/* Of the interface as a whole: one of those that share it tells. */
		drops->interface = s->is_first ? stat.ps_ifdrop : 0;
	}
}

static void live_close(struct source *base)
{
	struct source_live *s = (struct source_live *)base;

	if (s->pcap)
		pcap_close(s->pcap);
	free(s);
}

/* Why an interface did not open, and what to do about it. */
static int report_activation(const struct source_live *s, int status)
{
	const char *detail = pcap_geterr(s->pcap);

	switch (status) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		log_error(
		    "%s: no permission to capture: run as root, or give the program CAP_NET_RAW",
		    s->base.name);
		return -EPERM;
	case PCAP_ERROR_NO_SUCH_DEVICE:
		log_error(
		    "%s: no such interface: `ip link` lists those that there are", s->base.name);
		return -ENODEV;
	case PCAP_ERROR_IFACE_NOT_UP:
		log_error("%s: the interface is down: `ip link set %s up` starts it", s->base.name,
		    s->base.name);
		return -ENETDOWN;
	default:
		log_error("%s: %s", s->base.name, *detail ? detail : pcap_statustostr(status));
		return -EIO;
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
	log_error("%s: filter: %s", s->base.name, pcap_geterr(s->pcap));
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
	if (rc > 0 && s->is_first)
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
		if (s->is_first)
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

/*
 * Packets are shared by a hash of addresses and ports, the same for both directions. Never with
 * PACKET_FANOUT_FLAG_DEFRAG: the kernel would put fragments together, and packets could not be counted.
 */
static int join_share(struct source_live *s)
{
	int fd = pcap_fileno(s->pcap);
	int mode = PACKET_FANOUT_HASH | (s->is_first ? PACKET_FANOUT_FLAG_UNIQUEID : 0);
	int value = s->share->group | mode << 16;
	socklen_t size = sizeof(value);

	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof(value)) < 0 ||
	    getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &size) < 0) {
		log_error("%s: --workers: %s: it needs an Ethernet interface and Linux 4.12, or "
			  "one worker",
		    s->base.name, strerror(errno));
		return -errno;
	}
	if (!s->is_first)
		s->joined_ns = date_now();
	s->share->group = value & 0xffff;
	s->share->exists = true;
	return 0;
}

/* "any" has no index of its own: each packet brings one. */
static int find_ingress(struct source_live *s, const struct source_live_options *o)
{
	int rc;

	s->ingress = o->ingress;
	if (o->ingress || strcmp(o->interface, "any") == 0)
		return 0;
	rc = iface_index(o->interface, &s->ingress);
	if (rc == -ENODEV)
		return report_activation(s, PCAP_ERROR_NO_SUCH_DEVICE);
	if (rc)
		log_error("%s: interface index: %s", o->interface, strerror(-rc));
	return rc;
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
	s->share = o->share;
	s->is_first = !o->share || !o->share->exists;
	rc = find_ingress(s, o);
	if (rc == 0)
		rc = activate(s, o);
	if (rc == 0)
		rc = configure(s, o);
	if (rc == 0 && s->share)
		rc = join_share(s);
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
	bool asks = o->capture == SOURCE_XDP && !(o->share && o->share->exists);

	if (asks && source_xdp_open(o, out) == 0)
		return 0;
	return open_by_pcap(o, out);
}
