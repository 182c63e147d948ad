#include "transport/batch.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>

#include "transport/transport.h"

#define FLAGS (MSG_DONTWAIT | MSG_NOSIGNAL)
/* What the kernel takes as one: so many messages, and so many octets with the headers. */
#define RUN_MESSAGES_MAX 64
#define RUN_OCTETS_MAX 65000

/* A run of messages is one header, with a part for each of them. */
struct call {
	unsigned runs;
	struct mmsghdr headers[SEND_MANY_MAX];
	struct iovec parts[SEND_MANY_MAX];
	union {
		struct cmsghdr header; /* aligns it */
		char octets[CMSG_SPACE(sizeof(uint16_t))];
	} control[SEND_MANY_MAX];
};

void batch_init(struct batch *b, int fd)
{
	int none = 0;

	b->many = true;
	b->segments = setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &none, sizeof(none)) == 0;
}

/* All are as long as the first, but for the last one, which may be shorter. */
static unsigned run_length(const struct message *m, unsigned count)
{
	size_t octets = m[0].size;
	unsigned n = 1;

	if (!m[0].size || m[0].size > UINT16_MAX)
		return 1;
	while (n < count && n < RUN_MESSAGES_MAX && m[n].size && m[n].size <= m[0].size &&
	    octets + m[n].size <= RUN_OCTETS_MAX) {
		octets += m[n].size;
		if (m[n++].size < m[0].size)
			break;
	}
	return n;
}

static void set_segment_size(struct msghdr *h, void *control, size_t room, size_t size)
{
	uint16_t segment = (uint16_t)size;
	struct cmsghdr *c;

	h->msg_control = control;
	h->msg_controllen = room;
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
}

static void add_run(struct call *call, struct iovec *parts, const struct message *m, unsigned count)
{
	unsigned i = call->runs++;
	struct msghdr *h = &call->headers[i].msg_hdr;

	*h = (struct msghdr){.msg_iov = parts, .msg_iovlen = count};
	for (unsigned k = 0; k < count; k++)
		parts[k] = (struct iovec){(void *)(uintptr_t)m[k].data, m[k].size};
	if (count > 1)
		set_segment_size(h, &call->control[i], sizeof(call->control[i]), m[0].size);
}

static void fill(struct call *call, const struct message *m, unsigned count, bool segments)
{
	call->runs = 0;
	for (unsigned i = 0, n; i < count; i += n) {
		n = segments ? run_length(m + i, count - i) : 1;
		add_run(call, call->parts + i, m + i, n);
	}
}

/* Whether the socket, its interface or the path takes no runs: singly the messages may go. */
static bool takes_no_runs(int error)
{
	return error == EINVAL || error == EIO || error == EMSGSIZE || error == ENOPROTOOPT ||
	    error == EOPNOTSUPP;
}

static int send_one(int fd, const struct message *m)
{
	return send(fd, m->data, m->size, FLAGS) < 0 ? -errno : 1;
}

/* How many messages the first runs are. */
static int messages_of(const struct call *call, int runs)
{
	size_t n = 0;

	for (int i = 0; i < runs; i++)
		n += call->headers[i].msg_hdr.msg_iovlen;
	return (int)n;
}

/*
 * 0: again, singly. An interface's queue that is short may have no room (ENOBUFS) for a run, and yet
 * for all of its messages one after the other: this time they are tried so.
 */
static int send_as_runs(
    struct batch *b, int fd, const struct message *m, unsigned count, bool *segments)
{
	struct call call;
	bool is_run;
	int runs;

	fill(&call, m, count, *segments);
	is_run = call.headers[0].msg_hdr.msg_iovlen > 1;
	runs = sendmmsg(fd, call.headers, call.runs, FLAGS);
	if (runs >= 0)
		return messages_of(&call, runs);
	if (is_run && (takes_no_runs(errno) || errno == ENOBUFS)) {
		*segments = false;
		b->segments = errno == ENOBUFS;
		return 0;
	}
	b->many = errno != ENOSYS;
	return b->many ? -errno : 0;
}

int batch_send(struct batch *b, int fd, const struct message *messages, unsigned count)
{
	bool segments = b->segments;
	int rc = 0;

	if (count > SEND_MANY_MAX)
		count = SEND_MANY_MAX;
	while (rc == 0 && b->many && count > 1)
		rc = send_as_runs(b, fd, messages, count, &segments);
	return rc ? rc : send_one(fd, messages);
}
