/*
 * Capture files through libpcap: pcap and pcapng, in ns whatever the file has. libpcap opens every
 * file; the records of plain ones are then read by plain.c as long as nothing is odd about them.
 *
 * The filter runs here rather than inside libpcap, so that a packet's number and offset in a
 * message are those in the file.
 */
#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/plain.h"
#include "capture/stream.h"
#include "util/log.h"
#include "util/units.h"

#define TS_MAX_S (1ull << 33) /* the year 2242: deadlines do not overflow */

struct source_file {
	struct source base;
	struct stream *stream;
	FILE *file; /* the stream's; libpcap's once that has it */
	pcap_t *pcap;
	struct plain *plain; /* NULL: libpcap reads the records */
	uint32_t ingress;
	bool filtered;
	struct bpf_program filter;
	uint64_t packets; /* read so far, filtered ones included */
	uint64_t offset;  /* where the next one starts */
	bool is_pcapng;
	bool silent;
	packet_fn *fn;
	void *ctx;
};

/*
 * libpcap reads a pcap file's unsigned 32-bit seconds into a signed number; a pcapng file's time
 * may be later than ns since 1970 hold in 64 bits.
 */
static uint64_t timestamp_ns(const struct source_file *s, const struct pcap_pkthdr *h)
{
	uint64_t seconds = (uint64_t)h->ts.tv_sec;

	if (!s->is_pcapng)
		seconds = (uint32_t)seconds;
	if (seconds > TS_MAX_S)
		seconds = TS_MAX_S;
	return seconds * NS_PER_S + (uint32_t)h->ts.tv_usec;
}

/* Counts the packet and hands it on, unless the filter refuses it. False: enough. */
static bool offer(
    struct source_file *s, const struct pcap_pkthdr *h, const uint8_t *data, uint64_t ts_ns)
{
	struct packet packet = {
	    .data = data,
	    .caplen = h->caplen,
	    .len = h->len > h->caplen ? h->len : h->caplen,
	    .ts_ns = ts_ns,
	    .ingress = s->ingress,
	    .linktype = s->base.linktype,
	};

	s->packets++;
	if (s->filtered && !pcap_offline_filter(&s->filter, h, data))
		return true;
	return s->fn(s->ctx, &packet);
}

static void deliver(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct source_file *s = (struct source_file *)user;

	s->offset = stream_offset(s->stream);
	if (!offer(s, h, data, timestamp_ns(s, h)))
		pcap_breakloop(s->pcap);
}

/* libpcap reads on where plain.c stopped. */
static void leave_plain(struct source_file *s)
{
	s->offset = plain_offset(s->plain);
	stream_seek(s->stream, s->offset);
	plain_close(s->plain);
	s->plain = NULL;
}

/* What plain.c can read of the next `max` packets; from the first that it cannot on, libpcap. */
static int read_plain(struct source_file *s, unsigned max)
{
	struct plain_record r;
	unsigned n = 0;

	while (n < max) {
		struct pcap_pkthdr h;

		if (!plain_next(s->plain, &r)) {
			leave_plain(s);
			break;
		}
		n++;
		h = (struct pcap_pkthdr){.caplen = r.caplen, .len = r.len};
		if (!offer(s, &h, r.data, r.seconds * NS_PER_S + r.fraction))
			break;
	}
	return (int)n;
}

static void report_read_error(const struct source_file *s)
{
	log_error("%s: packet %" PRIu64 ", at offset %" PRIu64 ": %s", s->base.name, s->packets + 1,
	    s->offset, pcap_geterr(s->pcap));
}

static int file_read(struct source *base, unsigned max, packet_fn *fn, void *ctx)
{
	struct source_file *s = (struct source_file *)base;
	int n;

	s->fn = fn;
	s->ctx = ctx;
	if (s->plain && (n = read_plain(s, max)) > 0)
		return n;
	errno = 0;
	n = pcap_dispatch(s->pcap, (int)max, deliver, (u_char *)s);
	if (n > 0)
		return n;
	if (n == 0)
		return -ENODATA;
	if (n == PCAP_ERROR_BREAK || errno == EINTR)
		return -EINTR;
	if (!s->silent)
		report_read_error(s);
	return -EIO;
}

static int file_fd(const struct source *base)
{
	(void)base;
	return -1;
}

static void file_drops(struct source *base, struct source_drops *drops)
{
	(void)base;
	*drops = (struct source_drops){0};
}

static void file_close(struct source *base)
{
	struct source_file *s = (struct source_file *)base;

	if (s->filtered)
		pcap_freecode(&s->filter);
	if (s->pcap)
		pcap_close(s->pcap); /* closes the FILE, too */
	else if (s->file)
		fclose(s->file);
	stream_close(s->stream);
	plain_close(s->plain);
	free(s);
}

static const struct source_ops file_ops = {
    .read = file_read, .fd = file_fd, .drops = file_drops, .close = file_close};

static int open_stream(struct source_file *s, const char *path)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	s->stream = stream_open(fd, &s->file);
	if (!s->stream) {
		if (fd != STDIN_FILENO)
			close(fd);
		return -ENOMEM;
	}
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

static int open_capture(struct source_file *s)
{
	char error[PCAP_ERRBUF_SIZE] = "";

	s->pcap =
	    pcap_fopen_offline_with_tstamp_precision(s->file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!s->pcap) {
		if (errno == EINTR)
			return -EINTR;
		if (!s->silent)
			log_error(
			    "%s: not a capture file that libpcap reads: %s", s->base.name, error);
		return -EINVAL;
	}
	s->is_pcapng = pcap_major_version(s->pcap) == 1;
	s->offset = stream_offset(s->stream);
	s->base.linktype = pcap_datalink(s->pcap);
	s->plain = plain_open(stream_fd(s->stream), (uint32_t)pcap_snapshot(s->pcap));
	return 0;
}

static int compile_filter(struct source_file *s, const char *filter)
{
	if (!filter)
		return 0;
	if (pcap_compile(s->pcap, &s->filter, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		if (!s->silent)
			log_error("%s: filter: %s", s->base.name, pcap_geterr(s->pcap));
		return -EINVAL;
	}
	s->filtered = true;
	return 0;
}

int source_file_open(const struct source_file_options *o, struct source **out)
{
	struct source_file *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->base.ops = &file_ops;
	s->base.name = strcmp(o->path, "-") == 0 ? "standard input" : o->path;
	s->ingress = o->ingress;
	s->silent = o->silent;
	rc = open_stream(s, o->path);
	if (rc && rc != -EINTR && !s->silent)
		log_error("%s: %s", s->base.name, strerror(-rc));
	if (rc == 0)
		rc = open_capture(s);
	if (rc == 0)
		rc = compile_filter(s, o->filter);
	if (rc) {
		file_close(&s->base);
		return rc;
	}
	stream_on_wait(s->stream, o->on_wait, o->on_wait_ctx);
	*out = &s->base;
	return 0;
}

/* An expression may fit one link type only ("vlan", "ip"): it must compile for one of these. */
int source_check_filter(const char *filter)
{
	static const int linktypes[] = {
	    DLT_EN10MB, DLT_LINUX_SLL2, DLT_LINUX_SLL, DLT_RAW, DLT_NULL, DLT_LOOP};
	char first_error[PCAP_ERRBUF_SIZE] = "";

	for (size_t i = 0; i < sizeof(linktypes) / sizeof(*linktypes); i++) {
		pcap_t *dead = pcap_open_dead(linktypes[i], 65535);
		struct bpf_program program;
		int rc = -1;

		if (dead)
			rc = pcap_compile(dead, &program, filter, 1, PCAP_NETMASK_UNKNOWN);
		if (rc == 0)
			pcap_freecode(&program);
		else if (dead && i == 0)
			snprintf(first_error, sizeof(first_error), "%s", pcap_geterr(dead));
		if (dead)
			pcap_close(dead);
		if (rc == 0)
			return 0;
	}
	log_error("'%s': %s: see pcap-filter(7)", filter, first_error);
	return -EINVAL;
}
