/*
 * Where packets come from: a live interface or a capture file, behind one set of operations.
 *
 * A source belongs to the thread that reads it. A file's read that blocks (a pipe) is ended by a
 * signal without SA_RESTART to that thread.
 */
#ifndef SPANFLOW_CAPTURE_SOURCE_H
#define SPANFLOW_CAPTURE_SOURCE_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/packet.h"

struct source;

struct source_ops {
	int (*read)(struct source *, unsigned max, packets_fn *fn, void *ctx);
	int (*fd)(const struct source *);
	uint64_t (*drops)(struct source *); /* NULL: nothing is ever dropped */
	/* NULL: it keeps the filter that it was opened with */
	int (*set_filter)(struct source *, const char *filter);
	/* as source_where(), whose room it is; NULL: a live source's packets have no places */
	void (*where)(const struct source *, char *where);
	void (*close)(struct source *);
};

/* The part that all sources share; it stands first in each of them. */
struct source {
	const struct source_ops *ops;
	const char *name;      /* of the interface or file, for messages */
	uint32_t index;        /* the interface's, for its system; 0: of "any" and files */
	int linktype;          /* libpcap's DLT_ number, or SOURCE_LINKTYPES */
	bool incomplete;       /* some of its packets could not be filtered; it has been said why */
	const char *way;       /* live: by what it captures, for messages */
	uint64_t buffer_bytes; /* live: of the memory where packets wait to be read */
};

/* Packets of one source may have different link types. */
#define SOURCE_LINKTYPES (-1)

#define SOURCE_PLACE 32
/* For messages: ": interface N", which goes behind a source's name, or "" for packet.interface 0. */
const char *source_place(uint32_t interface, char place[SOURCE_PLACE]);

enum source_direction { SOURCE_BOTH, SOURCE_IN, SOURCE_OUT };
/* Packet sockets where they will do, and else libpcap; and what a user asks for. */
enum source_capture { SOURCE_AUTO, SOURCE_PACKET, SOURCE_PCAP, SOURCE_XDP };

/* What to do about cards that merge packets: warn, nothing, or turn it off (capture/offload.h). */
enum source_offloads { OFFLOADS_KEEP, OFFLOADS_ON, OFFLOADS_OFF };

/* What sources at one interface have in common that share its packets. Zeros before the first one. */
struct source_share {
	int group; /* packet(7): PACKET_FANOUT */
	bool exists;
	_Atomic uint64_t joined_ns; /* their packets count from this date on */
	atomic_bool told;           /* by one of them why the interface cannot be read on */
};

struct source_live_options {
	const char *interface; /* name, or "any" */
	uint32_t ingress;      /* exported ifIndex; 0: the interface's own */
	const char *filter;    /* BPF expression; NULL: everything */
	bool is_shut; /* nothing, whatever the filter; source_set_filter() lets packets in */
	uint64_t buffer_bytes; /* size of the kernel's ring */
	enum source_direction direction;
	enum source_capture capture; /* SOURCE_AUTO where that cannot be had */
	bool again;                  /* there was one before: no advice is given twice */
	struct source_share
	    *share; /* NULL: this one gets all packets; else it has a part, by flow */
};

/*
 * Opens an interface for capture. On failure says why on standard error and returns -errno:
 * -EPERM, -ENODEV, -EINVAL (the filter), -EIO for what has no better one.
 */
int source_live_open(const struct source_live_options *options, struct source **out);

/*
 * The same by AF_XDP, which takes all frames that the interface receives away from the system until
 * the source is closed or the process ends. Where that cannot be had it warns, says what to do, and
 * returns -errno; -ENODEV, of an interface that is not there, is left to others to tell.
 */
int source_xdp_open(const struct source_live_options *options, struct source **out);

/*
 * The same by a packet socket that is read without libpcap. -ENOTSUP, silently, where it takes
 * libpcap: for "any", for link layers other than Ethernet and plain IP, and for rare filters.
 */
int source_packet_open(const struct source_live_options *options, struct source **out);

struct source_file_options {
	const char *path; /* "-" is standard input */
	uint32_t ingress; /* exported ifIndex */
	/* Where a file tells interfaces apart, the ifIndex is the interface's number there plus 1. */
	bool ingress_by_interface;
	const char *filter; /* BPF expression; NULL: everything */
	/* Packets of others the filter leaves to whoever decodes, and tells of them; NULL: all are. */
	bool (*is_decoded)(int linktype);
	bool silent; /* says nothing of what goes wrong */
	/* Called by the reading thread before it waits for a pipe; NULL: nobody is interested. */
	void (*on_wait)(void *ctx);
	void *on_wait_ctx;
	/* Once it is true opening and reading end with -EINTR; NULL: nobody stops them. */
	const atomic_bool *stop;
};

/* Opens a capture file (pcap or pcapng). Messages and errors as above; -ENOTSUP: link type. */
int source_file_open(const struct source_file_options *options, struct source **out);

/*
 * Reads the file through and raises *latest_ns to the time of its latest packet. Says nothing, also
 * where it does not get to the end: whoever reads the file again will. Ends early once *stop.
 */
void source_file_latest(
    const struct source_file_options *options, const atomic_bool *stop, uint64_t *latest_ns);

/*
 * Calls `fn` with at most `max` packets in all. Returns how many it took from the capture, those that
 * the filter refused included; 0: a live source has none now (it never waits). -ENODATA: the
 * file is at its end; -EINTR: interrupted; -ENODEV, -ENETDOWN: the interface has gone, or is down and
 * the source will not go on by itself: of that it says nothing; else it failed and has said why.
 */
static inline int source_read(struct source *s, unsigned max, packets_fn *fn, void *ctx)
{
	return s->ops->read(s, max, fn, ctx);
}

/*
 * A descriptor that is readable when a live source has packets, or may have; -1 for files. It holds
 * until the source is read again, and is for a source that had none.
 */
static inline int source_fd(const struct source *s)
{
	return s->ops->fd(s);
}

/* How many packets the kernel has dropped since the source was opened. */
static inline uint64_t source_drops(struct source *s)
{
	return s->ops->drops ? s->ops->drops(s) : 0;
}

/*
 * Of a live source: another filter (NULL: none). 0, or -errno where it cannot be had, and then the
 * former one serves on: -ENOTSUP, or after saying why.
 */
static inline int source_set_filter(struct source *s, const char *filter)
{
	return s->ops->set_filter ? s->ops->set_filter(s, filter) : -ENOTSUP;
}

#define SOURCE_WHERE 80
/*
 * For messages: ": packet N, at offset M", of the last packet that was read, or else the first one; "" of a
 * live source.
 */
static inline const char *source_where(const struct source *s, char where[SOURCE_WHERE])
{
	where[0] = '\0';
	if (s->ops->where)
		s->ops->where(s, where);
	return where;
}

static inline void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}

#endif
