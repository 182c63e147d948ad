/*
 * Live capture through AF_XDP: the frames of an interface's queues, in memory that is shared with
 * the kernel, or with the card where its driver can write there.
 *
 * Asked to, the kernel wakes whoever waits at once, for a packet. So on a link with traffic packets are
 * left to gather for PAUSE_NS, and only on a quiet one the sockets are waited for.
 */
#include "capture/source.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/iface.h"
#include "capture/nic.h"
#include "capture/redirect.h"
#include "capture/xdp_advice.h"
#include "capture/xdp_queue.h"
#include "util/now.h"
#include "util/units.h"

/* The kernel keeps room in front of a packet, and the link layer's header is not in the MTU. */
#define FRAME_SMALL 2048u
#define FRAME_LARGE 4096u
#define FRAME_OVERHEAD (256u + 64u)
/* Of each queue: no fewer than a card's own ring may hold. */
#define FRAMES_MIN 4096u
#define FRAMES_MAX (1u << 17)
/* The kernel lets go of a program and a queue some time after the run before has closed them. */
#define BUSY_TRIES 100
#define BUSY_PAUSE_MS 10
/* Within it 7,440 of the smallest packets come at 10 Gbit/s; --buffer has 32,768 places. */
#define PAUSE_NS (NS_PER_MS / 2)
/* How soon it is noticed that the interface has gone. */
#define LOOK_NS (100 * NS_PER_MS)

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
	struct xdp_queue queues[];
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

/* How many packets it took. */
static unsigned read_queue(
    struct source_xdp *s, struct xdp_queue *q, unsigned max, struct delivery *d)
{
	struct xdp_lent lent = xdp_queue_lend(q, max);
	uint32_t taken = 0;

	while (taken < lent.count && !d->enough) {
		uint32_t len;
		const uint8_t *data = xdp_queue_frame(q, &lent, taken, &len);

		deliver(s, d, data, len);
		taken++;
	}
	xdp_queue_return(q, &lent, taken);
	return taken;
}

/* Whether anything will come again. Such a socket is not readable. 0, or -ENETDOWN: it has gone. */
static int look_for_end(struct source_xdp *s, uint64_t now)
{
	if (now - s->looked_ns < LOOK_NS)
		return 0;
	s->looked_ns = now;
	return xdp_queue_error(&s->queues[0]);
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

static uint64_t xdp_drops(struct source *base)
{
	struct source_xdp *s = (struct source_xdp *)base;
	uint64_t dropped = 0;

	for (unsigned i = 0; i < s->queue_count; i++)
		dropped += xdp_queue_drops(&s->queues[i]);
	return dropped;
}

/* -- life ------------------------------------------------------------------------------------- */

static void xdp_close(struct source *base)
{
	struct source_xdp *s = (struct source_xdp *)base;

	/* First, so that the system gets the frames that no socket takes any more. */
	redirect_fini(&s->redirect);
	if (s->promiscuous_fd >= 0)
		close(s->promiscuous_fd);
	for (unsigned i = 0; i < s->queue_count; i++)
		xdp_queue_close(&s->queues[i]);
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

static int open_queue(struct source_xdp *s, unsigned number)
{
	struct xdp_queue *q = &s->queues[number];
	struct epoll_event event = {.events = EPOLLIN};
	int rc = xdp_queue_open(q, s->frame_size, s->frame_count);

	if (rc)
		return rc;
	do
		rc = xdp_queue_bind(q, s->base.name, number, s->redirect.native_error != 0);
	while (wait_while_busy(s, rc));
	if (rc)
		return rc;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, xdp_queue_fd(q), &event) < 0)
		return -errno;
	return redirect_to(&s->redirect, number, xdp_queue_fd(q));
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

/* -- opening ------------------------------------------------------------------------------------ */

/* Says nothing: where the expression is wrong for others, too, they will. */
static bool filter_fits(const struct source_live_options *o, struct filter **out)
{
	struct filter_options options = {
	    .expression = o->filter, .source = o->interface, .subject = "filter", .silent = true};

	if (!o->filter)
		return true;
	return filter_create(&options, out) == 0 && filter_prepare(*out, DLT_EN10MB) == 0;
}

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
	s->base.buffer_bytes = (uint64_t)queues * s->frame_count * s->frame_size;
	redirect_init(&s->redirect);
	s->promiscuous_fd = -1;
	s->epoll_fd = -1;
	s->timer_fd = -1;
	return s;
}

/* Of a card's queues either all can be written to by it, or none. */
static const char *way_of(const struct source_xdp *s)
{
	for (unsigned i = 0; i < s->queue_count; i++)
		if (!xdp_queue_is_copied(&s->queues[i]))
			return "AF_XDP, to which the driver writes straight";
	return "AF_XDP, for which the kernel copies";
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
	s->base.way = way_of(s);
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
	why = xdp_advice_obstacle(o);
	if (!why) {
		s = create(o, index);
		rc = s ? start(s, o, &why) : -ENOMEM;
	}
	if (!why && rc == 0) {
		if (!o->again)
			xdp_advice_on(s->base.name, s->redirect.native_error);
		*out = &s->base;
		return 0;
	}
	xdp_advice_without(o->interface, why, rc);
	if (s)
		xdp_close(&s->base);
	return rc ? rc : -ENOTSUP;
}
