/*
 * pcap files. libpcap reads the header of each; the records are then read by plain.c as long as
 * nothing is odd about them, and from there on by libpcap.
 */
#include "capture/reader.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

#include "capture/plain.h"
#include "capture/stream.h"
#include "capture/timebase.h"
#include "util/units.h"

#define CAPLEN_MAX 262144u /* of a packet, where a file's own limit is higher */

struct reader_pcap {
	struct reader base;
	struct stream *stream;
	pcap_t *pcap;
	bool is_plain; /* so far */
	uint32_t fcs;  /* octets of a frame check sequence at each packet's end */
	struct plain plain;
};

/*
 * libpcap reads a file's unsigned 32-bit seconds into a signed number. What is odd about the packet may be its
 * fraction, of more than a second.
 */
static void fill_packet(
    const struct reader *r, struct packet *packet, const struct pcap_pkthdr *h, const u_char *data)
{
	uint64_t ts_ns = (uint32_t)h->ts.tv_sec * NS_PER_S + (uint32_t)h->ts.tv_usec;

	*packet = (struct packet){.data = data,
	    .caplen = h->caplen,
	    .len = h->len,
	    .ts_ns = timebase_none_after_2106(ts_ns),
	    .linktype = r->linktype};
	reader_complete(r, packet);
}

static int next_of_libpcap(struct reader_pcap *r, struct packet *packet)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int rc;

	r->base.offset = stream_offset(r->stream);
	rc = pcap_next_ex(r->pcap, &h, &data);
	if (rc == 1) {
		fill_packet(&r->base, packet, h, data);
		return 1;
	}
	if (rc == PCAP_ERROR_BREAK)
		return 0;
	rc = reader_ended(r->base.input, r->base.why);
	return rc ? rc : reader_fail(r->base.why, "%s", pcap_geterr(r->pcap));
}

static int next_packets(struct reader_pcap *r, struct packet packets[], unsigned max)
{
	if (r->is_plain) {
		unsigned n;

		r->plain.like.ingress = r->base.ingress;
		n = plain_read(&r->plain, packets, max);
		if (n > 0)
			return (int)n;
		/* libpcap would wait again for what a signal has interrupted. */
		if (input_error(r->base.input) == -EINTR)
			return -EINTR;
		r->is_plain = false;
	}
	return next_of_libpcap(r, packets);
}

static int pcap_read(struct reader *base, struct packet packets[], unsigned max)
{
	struct reader_pcap *r = (struct reader_pcap *)base;
	int n = next_packets(r, packets, max);

	for (int i = 0; r->fcs && i < n; i++)
		reader_take_off(&packets[i], r->fcs);
	return n;
}

static void pcap_reader_close(struct reader *base)
{
	struct reader_pcap *r = (struct reader_pcap *)base;

	if (r->pcap)
		pcap_close(r->pcap); /* closes the FILE, too */
	stream_close(r->stream);
	free(r);
}

static const struct reader_ops pcap_ops = {.read = pcap_read, .close = pcap_reader_close};

static int open_pcap(struct reader_pcap *r, char *why)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	FILE *file;
	int rc;

	r->stream = stream_open(r->base.input, &file);
	if (!r->stream)
		return -ENOMEM;
	r->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (r->pcap)
		return 0;
	rc = reader_ended(r->base.input, why);
	fclose(file);
	return rc ? rc : reader_fail(why, "%s", error);
}

/* The file's header has it beside the link type, in units of two octets. */
static uint32_t declared_fcs(pcap_t *pcap)
{
	uint32_t beside = (uint32_t)pcap_datalink_ext(pcap);

	return LT_FCS_LENGTH_PRESENT(beside) ? 2 * LT_FCS_LENGTH(beside) : 0;
}

int reader_pcap_open(struct input *input, struct reader **out, char *why)
{
	struct reader_pcap *r = calloc(1, sizeof(*r));
	const uint8_t *header = input_peek(input, PLAIN_HEADER);
	int rc;

	if (!r)
		return -ENOMEM;
	r->base.ops = &pcap_ops;
	r->base.input = input;
	r->is_plain = header && plain_init(&r->plain, input, header);
	rc = !header && input_error(input) == -EINTR ? -EINTR : open_pcap(r, why);
	if (rc) {
		pcap_reader_close(&r->base);
		return rc;
	}
	r->plain.caplen_max = (uint32_t)pcap_snapshot(r->pcap);
	if (r->plain.caplen_max > CAPLEN_MAX)
		r->plain.caplen_max = CAPLEN_MAX;
	r->base.linktype = pcap_datalink(r->pcap);
	r->plain.like.linktype = r->base.linktype;
	r->plain.like.swapped = r->base.swapped = pcap_is_swapped(r->pcap);
	r->fcs = reader_fcs(r->base.linktype, declared_fcs(r->pcap));
	*out = &r->base;
	return 0;
}
