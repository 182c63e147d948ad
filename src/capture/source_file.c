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
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/plain.h"
#include "util/log.h"
#include "util/units.h"

#define PCAP_FILE_HEADER 24
#define PCAP_RECORD_HEADER 16
#define READ_BUFFER (1u << 20)
#define TS_MAX_S (UINT64_MAX / NS_PER_S - 1)

struct source_file {
	struct source base;
	FILE *file;
	pcap_t *pcap;
	struct plain *plain; /* NULL: libpcap reads the records */
	char *buffer;
	uint32_t ingress;
	bool filtered;
	struct bpf_program filter;
	uint64_t packets; /* read so far, filtered ones included */
	off_t offset;     /* where the next packet starts, -1: not known */
	bool seekable;
	bool is_pcapng;
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

/* Counts the packet and hands it on, unless the filter refuses it. */
static void offer(
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
		return;
	s->fn(s->ctx, &packet);
}

static void deliver(u_char *user, const struct pcap_pkthdr *h, const u_char *data)
{
	struct source_file *s = (struct source_file *)user;

	/* A pipe cannot tell; there the headers' lengths add up as long as nothing was odd. */
	if (s->seekable)
		s->offset = ftello(s->file);
	else if (!s->is_pcapng)
		s->offset += PCAP_RECORD_HEADER + (off_t)h->caplen;
	offer(s, h, data, timestamp_ns(s, h));
}

/* What plain.c can read of the next `max` packets; from the first that it cannot on, libpcap. */
static int read_plain(struct source_file *s, unsigned max)
{
	struct plain_record r;
	unsigned n = 0;

	while (n < max && plain_next(s->plain, &r)) {
		struct pcap_pkthdr h = {.caplen = r.caplen, .len = r.len};

		offer(s, &h, r.data, r.seconds * NS_PER_S + r.fraction);
		n++;
	}
	if (n < max) {
		s->offset = (off_t)plain_offset(s->plain);
		fseeko(s->file, s->offset, SEEK_SET);
		plain_close(s->plain);
		s->plain = NULL;
	}
	return (int)n;
}

/* Names the packet that could not be read and where it stands, as far as that is known. */
static void report_read_error(const struct source_file *s)
{
	unsigned long long number = s->packets + 1;

	if (s->offset < 0)
		log_error("%s: packet %llu: %s", s->base.name, number, pcap_geterr(s->pcap));
	else
		log_error("%s: packet %llu, at offset %lld: %s", s->base.name, number,
		    (long long)s->offset, pcap_geterr(s->pcap));
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
		pcap_close(s->pcap); /* closes the file, too */
	else if (s->file && s->file != stdin)
		fclose(s->file);
	plain_close(s->plain);
	free(s->buffer);
	free(s);
}

static const struct source_ops file_ops = {
    .read = file_read, .fd = file_fd, .drops = file_drops, .close = file_close};

/* A buffer of our own: a fourth of the system calls and none of stdio's 4 KiB copies. */
static int open_stream(struct source_file *s, const char *path)
{
	struct stat st;

	s->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	if (!s->file)
		return -errno;
	if (fstat(fileno(s->file), &st) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	s->buffer = malloc(READ_BUFFER);
	if (!s->buffer)
		return -ENOMEM;
	setvbuf(s->file, s->buffer, _IOFBF, READ_BUFFER);
	/* One thread reads it: without this each of libpcap's two freads a packet takes a lock. */
	__fsetlocking(s->file, FSETLOCKING_BYCALLER);
	posix_fadvise(fileno(s->file), 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

/* pcap_file() is the stream that libpcap reads; the magic number tells the format apart. */
static int open_capture(struct source_file *s)
{
	char error[PCAP_ERRBUF_SIZE] = "";

	s->pcap =
	    pcap_fopen_offline_with_tstamp_precision(s->file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!s->pcap) {
		if (errno == EINTR)
			return -EINTR;
		log_error("%s: not a capture file that libpcap reads: %s", s->base.name, error);
		return -EINVAL;
	}
	s->is_pcapng = pcap_major_version(s->pcap) == 1;
	s->offset = ftello(s->file);
	s->seekable = s->offset >= 0;
	if (!s->seekable && !s->is_pcapng)
		s->offset = PCAP_FILE_HEADER;
	s->base.linktype = pcap_datalink(s->pcap);
	s->plain = plain_open(fileno(s->file), (uint32_t)pcap_snapshot(s->pcap));
	return 0;
}

static int compile_filter(struct source_file *s, const char *filter)
{
	if (!filter)
		return 0;
	if (pcap_compile(s->pcap, &s->filter, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
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
	rc = open_stream(s, o->path);
	if (rc)
		log_error("%s: %s", s->base.name, strerror(-rc));
	else
		rc = open_capture(s);
	if (rc == 0)
		rc = compile_filter(s, o->filter);
	if (rc) {
		file_close(&s->base);
		return rc;
	}
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
	log_error("filter '%s': %s: see pcap-filter(7)", filter, first_error);
	return -EINVAL;
}
