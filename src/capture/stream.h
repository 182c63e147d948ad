/*
 * The octets of a capture file as libpcap reads them: a FILE over a buffer of our own.
 *
 * It knows what stdio does not tell: how far the reader is, also in a pipe, and when the next read
 * is going to wait, so that what has been read is not held back until a pipe goes on.
 */
#ifndef SPANFLOW_CAPTURE_STREAM_H
#define SPANFLOW_CAPTURE_STREAM_H

#include <stdint.h>
#include <stdio.h>

struct stream;

/*
 * Takes the descriptor over, but for standard input's, which stays open. NULL: no memory. The FILE
 * belongs to the caller, who closes it before stream_close().
 */
struct stream *stream_open(int fd, FILE **file);
void stream_close(struct stream *s);

/* Called by the reading thread before a read that waits. */
void stream_on_wait(struct stream *s, void (*fn)(void *ctx), void *ctx);
/* How many octets of the file have been read. */
uint64_t stream_offset(const struct stream *s);
/* Goes on at this offset of a regular file. */
void stream_seek(struct stream *s, uint64_t offset);
int stream_fd(const struct stream *s);

#endif
