/*
 * The octets of a capture file as libpcap reads them: a FILE over an input.
 *
 * stdio takes octets from the input before libpcap asks for them, but the file's header, which
 * comes alone: whoever has seen libpcap read that may go on in the input, and libpcap goes on in
 * turn where that reader stopped.
 */
#ifndef SPANFLOW_CAPTURE_STREAM_H
#define SPANFLOW_CAPTURE_STREAM_H

#include <stdint.h>
#include <stdio.h>

#include "capture/input.h"

#define STREAM_HEADER 24 /* a pcap file's */

struct stream;

/*
 * NULL: no memory. The input stays the caller's. The FILE belongs to the caller, too, who closes
 * it before stream_close().
 */
struct stream *stream_open(struct input *input, FILE **file);
void stream_close(struct stream *s);

/* How many octets of the file have been read from the FILE. */
uint64_t stream_offset(const struct stream *s);

#endif
