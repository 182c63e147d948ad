/*
 * Live capture through AF_XDP: the frames of an interface's queues, in memory that is shared with
 * the kernel, or with the card where its driver can write there.
 *
 * Asked to, the kernel wakes whoever waits at once, for a packet. So on a link with traffic packets are
 * left to gather for PAUSE_NS, and only on a quiet one the sockets are waited for.
 *
 * Each queue has a socket and frames of its own. A frame is in one of three places: in the fill ring,
 * where the kernel takes it from; in the receive ring, with a packet; or lent here, for one call.
 */
#include "capture/source.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <xdp/xsk.h>

#include "capture/filter.h"
#include "capture/iface.h"
#include "capture/nic.h"
#include "capture/redirect.h"
#include "util/log.h"
#include "util/now.h"
#include "util/units.h"

/* The kernel keeps room in front of a packet, and the link layer's header is not in the MTU. */
#define FRAME_SMALL 2048u
#define FRAME_LARGE 4096u
#define FRAME_OVERHEAD (256u + 64u)
/* Of each queue: no fewer than a card's own ring may hold. */
#define FRAMES_MIN 4096u
#define FRAMES_MAX (1u << 17)
/* Nothing is sent, but the kernel wants the ring. */
#define COMPLETION_SIZE 64
/* The kernel lets go of a program and a queue some time after the run before has closed them. */
#define BUSY_TRIES 100
#define BUSY_PAUSE_MS 10
/* Within it 7,440 of the smallest packets come at 10 Gbit/s; --buffer has 32,768 places. */
#define PAUSE_NS (NS_PER_MS / 2)
/* How soon it is noticed that the interface has gone. */
#define LOOK_NS (100 * NS_PER_MS)

struct queue {
	uint8_t *frames;
	size_t size;
	struct xsk_umem *umem;
	struct xsk_socket *socket;
	struct xsk_ring_prod fill;
	struct xsk_ring_cons completion;
	struct xsk_ring_cons rx;
};

struct source_xdp {
	struct source base;
	struct filter *filter; /* NULL: everything */
	uint32_t ingress;
	struct redirect redirect;
	int promiscuous_fd;
	int epoll_fd; /* of the sockets */
	int timer_fd;
	bool gathering;     /* it is the timer that is waited for */
	bool had_packets;   /* the last time */
	uint64_t looked_ns; /* for the interface's end */
	uint32_t frame_size;
	uint32_t frame_count; /* of each queue */
	unsigned next;        /* the queue that is read first the next time */
	unsigned queue_count;
	unsigned busy_tries;
	struct queue queues[];
};

/* -- reading ---------------------------------------------------------------------------------- */

struct delivery {
	packets_fn *fn;
	void *ctx;
	struct packet packet;
	bool enough;
};

static void deliver(struct source_xdp *s, struct delivery *d, const uint8_t *data, uint32_t len)
{
	d->packet.data = data;
	d->packet.caplen = d->packet.len = len;
	if (!s->filter || filter_matches(s->filter, &d->packet))
		d->enough = !d->fn(d->ctx, &d->packet, 1);
}

/* The driver has stopped looking for frames: it needs to be told that there are some. */
static void wake_driver(const struct queue *q)
{
	if (xsk_ring_prod__needs_wakeup(&q->fill))
		(void)recvfrom(xsk_socket__fd(q->socket), NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

/* The frames of the `count` packets from `from` on are the kernel's again. */
static void give_back(const struct source_xdp *s, struct queue *q, uint32_t from, uint32_t count)
{
	uint32_t to = 0;

	xsk_ring_prod__reserve(&q->fill, count, &to);
	for (uint32_t i = 0; i < count; i++)
		*xsk_ring_prod__fill_addr(&q->fill, to + i) =
		    xsk_ring_cons__rx_desc(&q->rx, from + i)->addr & ~(uint64_t)(s->frame_size - 1);
	xsk_ring_cons__release(&q->rx, count);
	xsk_ring_prod__submit(&q->fill, count);
}

/* How many packets it took. */
static unsigned read_queue(struct source_xdp *s, struct queue *q, unsigned max, struct delivery *d)
{
	uint32_t room = xsk_prod_nb_free(&q->fill, max);
	uint32_t from = 0, taken = 0;
	uint32_t ready = xsk_ring_cons__peek(&q->rx, room < max ? room : max, &from);

	while (taken < ready && !d->enough) {
		const struct xdp_desc *desc = xsk_ring_cons__rx_desc(&q->rx, from + taken);

		deliver(s, d, q->frames + desc->addr, desc->len);
		taken++;
	}
	xsk_ring_cons__cancel(&q->rx, ready - taken);
	if (taken)
		give_back(s, q, from, taken);
	wake_driver(q);
	return taken;
}

/* Whether anything will come again. Such a socket is not readable. 0, or -ENETDOWN: it has gone. */
static int look_for_end(struct source_xdp *s, uint64_t now)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (now - s->looked_ns < LOOK_NS)
		return 0;
	s->looked_ns = now;
	getsockopt(xsk_socket__fd(s->queues[0].socket), SOL_SOCKET, SO_ERROR, &error, &size);
	return -error;
}

/* There are none any more: whoever waits does so for the timer, and if it was in vain for packets. */
static void choose_wait(struct source_xdp *s)
{
	const struct itimerspec pause = {.it_value = {.tv_nsec = PAUSE_NS}};

	s->gathering = s->had_packets && timerfd_settime(s->timer_fd, 0, &pause, NULL) == 0;
	s->had_packets = false;
}

static int xdp_read(struct source *base, unsigned max, packets_fn *fn, void *ctx)
{
	struct source_xdp *s = (struct source_xdp *)base;
	struct delivery d = {.fn = fn,
	    .ctx = ctx,
	    .packet = {.ts_ns = date_now(), .ingress = s->ingress, .linktype = s->base.linktype}};
	unsigned n = 0;

	for (unsigned i = 0; i < s->queue_count && n < max && !d.enough; i++) {
		n += read_queue(s, &s->queues[s->next], max - n, &d);
		s->next = (s->next + 1) % s->queue_count;
	}
	if (n) {
		s->had_packets = true;
		return (int)n;
	}
	choose_wait(s);
	return look_for_end(s, d.packet.ts_ns);
}

static int xdp_fd(const struct source *base)
{
	const struct source_xdp *s = (const struct source_xdp *)base;

	return s->gathering ? s->timer_fd : s->epoll_fd;
}

/*
 * A packet that found no frame is in rx_dropped; rx_fill_ring_empty_descs counts it once more where the
 * kernel copies, and else a driver's attempts, which are no packets: what is lost then is the card's.
 */
static uint64_t xdp_drops(struct source *base)
{
	struct source_xdp *s = (struct source_xdp *)base;
	uint64_t dropped = 0;

	for (unsigned i = 0; i < s->queue_count; i++) {
		struct xdp_statistics stat = {0};
		socklen_t size = sizeof(stat);

		if (getsockopt(xsk_socket__fd(s->queues[i].socket), SOL_XDP, XDP_STATISTICS, &stat,
			&size) == 0)
			dropped += stat.rx_dropped + stat.rx_ring_full;
	}
	return dropped;
}

/* -- life ------------------------------------------------------------------------------------- */

static void close_queue(struct queue *q)
{
	if (q->socket)
		xsk_socket__delete(q->socket);
	if (q->umem)
		xsk_umem__delete(q->umem);
	if (q->frames)
		munmap(q->frames, q->size);
}

static void xdp_close(struct source *base)
{
	struct source_xdp *s = (struct source_xdp *)base;

	/* First, so that the system gets the frames that no socket takes any more. */
	redirect_fini(&s->redirect);
	if (s->promiscuous_fd >= 0)
		close(s->promiscuous_fd);
	for (unsigned i = 0; i < s->queue_count; i++)
		close_queue(&s->queues[i]);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	if (s->timer_fd >= 0)
		close(s->timer_fd);
	filter_destroy(s->filter);
	free(s);
}

static const struct source_ops xdp_ops = {
    .read = xdp_read, .fd = xdp_fd, .drops = xdp_drops, .close = xdp_close};

/* Of each queue; a power of two, as rings are. */
static uint32_t count_frames(const struct source_xdp *s, uint64_t buffer_bytes)
{
	uint64_t frame_bytes = (uint64_t)s->frame_size * s->queue_count;
	uint32_t frames = FRAMES_MIN;

	while (frames < FRAMES_MAX && 2 * frames * frame_bytes <= buffer_bytes)
		frames *= 2;
	return frames;
}

static void fill(const struct source_xdp *s, struct queue *q)
{
	uint32_t at = 0;

	xsk_ring_prod__reserve(&q->fill, s->frame_count, &at);
	for (uint32_t i = 0; i < s->frame_count; i++)
		*xsk_ring_prod__fill_addr(&q->fill, at + i) = (uint64_t)i * s->frame_size;
	xsk_ring_prod__submit(&q->fill, s->frame_count);
}

/* Whether to try once more what is in use, after a pause. */
static bool wait_while_busy(struct source_xdp *s, int rc)
{
	struct timespec pause = {.tv_nsec = BUSY_PAUSE_MS * (long)NS_PER_MS};

	if (rc != -EBUSY || s->busy_tries == BUSY_TRIES)
		return false;
	s->busy_tries++;
	nanosleep(&pause, NULL);
	return true;
}

static int bind_queue(struct source_xdp *s, unsigned number)
{
	struct queue *q = &s->queues[number];
	/* Without either flag the kernel takes the card's own way of writing, or else copies. */
	uint16_t mode = s->redirect.native_error ? XDP_COPY : 0;
	struct xsk_socket_config config = {.rx_size = s->frame_count,
	    .libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	    .bind_flags = (uint16_t)(XDP_USE_NEED_WAKEUP | mode)};
	int rc;

	do
		rc = xsk_socket__create(
		    &q->socket, s->base.name, number, q->umem, &q->rx, NULL, &config);
	while (wait_while_busy(s, rc));
	return rc;
}

static int open_queue(struct source_xdp *s, unsigned number)
{
	struct queue *q = &s->queues[number];
	/* The kernel takes back what it gave later than it lets the packets be seen. */
	struct xsk_umem_config config = {.fill_size = 2 * s->frame_count,
	    .comp_size = COMPLETION_SIZE,
	    .frame_size = s->frame_size};
	struct epoll_event event = {.events = EPOLLIN};
	int rc;

	q->size = (size_t)s->frame_count * s->frame_size;
	q->frames = mmap(NULL, q->size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (q->frames == MAP_FAILED) {
		q->frames = NULL;
		return -ENOMEM;
	}
	rc = xsk_umem__create(&q->umem, q->frames, q->size, &q->fill, &q->completion, &config);
	if (rc)
		return rc;
	fill(s, q);
	rc = bind_queue(s, number);
	if (rc)
		return rc;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, xsk_socket__fd(q->socket), &event) < 0)
		return -errno;
	return redirect_to(&s->redirect, number, xsk_socket__fd(q->socket));
}

static int open_queues(struct source_xdp *s)
{
	int rc;

	do {
		redirect_fini(&s->redirect);
		rc = redirect_attach(&s->redirect, s->base.index, s->queue_count);
	} while (wait_while_busy(s, rc));
	for (unsigned i = 0; i < s->queue_count && rc == 0; i++)
		rc = open_queue(s, i);
	return rc;
}

/* -- what cannot be ----------------------------------------------------------------------------- */

/* Says nothing: where the expression is wrong for others, too, they will. */
static bool filter_fits(const struct source_live_options *o, struct filter **out)
{
	struct filter_options options = {
	    .expression = o->filter, .source = o->interface, .subject = "filter", .silent = true};

	if (!o->filter)
		return true;
	return filter_create(&options, out) == 0 && filter_prepare(*out, DLT_EN10MB) == 0;
}

/* What an interface or a run must be, or NULL: nothing is in the way. */
static const char *find_obstacle(const struct source_live_options *o)
{
	if (strcmp(o->interface, "any") == 0)
		return "AF_XDP sees single interfaces: name them";
	if (o->share)
		return "AF_XDP is read by one worker: leave out --workers";
	if (o->direction == SOURCE_OUT)
		return "AF_XDP sees what an interface receives: leave out --direction";
	if (!nic_is_ethernet(o->interface))
		return "AF_XDP is for Ethernet";
	return NULL;
}

#define NO_PERMISSION                                                                             \
	"no permission for AF_XDP: run as root, or give the program CAP_NET_ADMIN, CAP_NET_RAW, " \
	"CAP_BPF and CAP_IPC_LOCK"

static const char *explain(int error)
{
	static const struct {
		int error;
		const char *text;
	} rows[] = {
	    {EPERM, NO_PERMISSION},
	    {EACCES, NO_PERMISSION},
	    {EBUSY,
		"another XDP program or AF_XDP socket has the interface: end what uses it, or "
		"`ip link set DEV xdp off`"},
	    {ENETDOWN, "AF_XDP needs an interface that is up: `ip link set DEV up` starts it"},
	    {EAFNOSUPPORT, "the kernel has no AF_XDP: one with CONFIG_XDP_SOCKETS does"},
	    {ENOBUFS,
		"AF_XDP may not lock so much memory: a larger `ulimit -l`, a smaller "
		"--buffer or CAP_IPC_LOCK helps"},
	    {ENOMEM,
		"no memory for AF_XDP: a smaller --buffer or fewer queues "
		"(`ethtool -L DEV combined 1`) need less"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i].error == -error)
			return rows[i].text;
	return NULL;
}

static void report(const char *name, const char *why, int error)
{
	if (why)
		log_warning("%s: captured without AF_XDP: %s", name, why);
	else
		log_warning("%s: captured without AF_XDP: %s: it needs Linux 5.9 or later, and "
			    "a driver that lets it",
		    name, strerror(-error));
}

/* What it goes on with, but a person may want to change. */
static void advise(const struct source_xdp *s)
{
	const char *name = s->base.name;

	if (s->redirect.native_error)
		log_warning("%s: AF_XDP: the driver takes no XDP program (%s): the kernel runs it, "
			    "which is slower: spanflow(8) tells what drivers want",
		    name, strerror(-s->redirect.native_error));
	if (nic_strips_vlans(name))
		log_warning("%s: AF_XDP: VLAN tags that the card takes off are not seen: "
			    "`ethtool -K %s rxvlan off` leaves them",
		    name, name);
}

/* -- opening ------------------------------------------------------------------------------------ */

static struct source_xdp *create(const struct source_live_options *o, uint32_t index)
{
	unsigned queues = nic_queues(o->interface);
	struct source_xdp *s = calloc(1, sizeof(*s) + queues * sizeof(s->queues[0]));

	if (!s)
		return NULL;
	s->base.ops = &xdp_ops;
	s->base.name = o->interface;
	s->base.linktype = DLT_EN10MB;
	s->base.index = index;
	s->ingress = o->ingress ? o->ingress : index;
	s->queue_count = queues;
	s->frame_size =
	    nic_mtu(o->interface) + FRAME_OVERHEAD <= FRAME_SMALL ? FRAME_SMALL : FRAME_LARGE;
	s->frame_count = count_frames(s, o->buffer_bytes);
	redirect_init(&s->redirect);
	s->promiscuous_fd = -1;
	s->epoll_fd = -1;
	s->timer_fd = -1;
	return s;
}

/* 0 or -errno; *why is set where that says too little. */
static int start(struct source_xdp *s, const struct source_live_options *o, const char **why)
{
	int rc;

	if (!filter_fits(o, &s->filter)) {
		*why = "the filter looks at what AF_XDP does not tell: leave out such words";
		return -EINVAL;
	}
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (s->epoll_fd < 0 || s->timer_fd < 0)
		return -errno;
	rc = open_queues(s);
	if (rc)
		return rc;
	s->promiscuous_fd = nic_promiscuous(s->base.index);
	return s->promiscuous_fd < 0 ? s->promiscuous_fd : 0;
}

int source_xdp_open(const struct source_live_options *o, struct source **out)
{
	const char *why = NULL;
	struct source_xdp *s = NULL;
	uint32_t index = 0;
	int rc = iface_index(o->interface, &index);

	if (rc == -ENODEV && strcmp(o->interface, "any") != 0)
		return rc;
	why = find_obstacle(o);
	if (!why) {
		s = create(o, index);
		rc = s ? start(s, o, &why) : -ENOMEM;
	}
	if (!why && rc == 0) {
		if (!o->again)
			advise(s);
		*out = &s->base;
		return 0;
	}
	report(o->interface, why ? why : explain(rc), rc);
	if (s)
		xdp_close(&s->base);
	return rc ? rc : -ENOTSUP;
}
