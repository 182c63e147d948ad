/*
 * Capture files for tests: built octet by octet, read as a file or through a pipe.
 */
#ifndef SPANFLOW_TESTS_CAPFILE_H
#define SPANFLOW_TESTS_CAPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"

#define CAPFILE_MAX (8u << 20)
#define CAPFILE_SEEN_MAX 20000
#define CAPFILE_INGRESS 9 /* what the source is told */

/* The file under construction; it may be altered. `swapped`: numbers go in the other byte order. */
extern uint8_t *octets;
extern size_t size;
extern bool swapped;

void put(const void *p, size_t n);
void put16(unsigned value);
void put32(uint32_t value);
/* `n` octets that tell packets, by the second of their time, and places in them apart. */
void put_content(uint32_t seconds, uint32_t n);

/* The file that write_file() or write_pipe() made of it; a pipe holds 64 KiB. */
extern char path[64];
void write_file(void);
void write_pipe(void);
void forget_file(void);

/* What a source gave; `content_differs` where it was not put_content()'s. */
extern struct packet seen[CAPFILE_SEEN_MAX];
extern size_t seen_count;
extern bool content_differs;
/* A packets_fn; ctx points to the size_t of packets that are enough, or is NULL. */
bool take(void *ctx, const struct packet packets[], unsigned n);

/* Opens `path`. */
int open_source(const char *filter, struct source **s);
/* The same, with the interfaces' numbers as ingress. */
extern bool by_interface;

/* Opens and reads all of it. What ended the reading: -ENODATA for a whole file. */
int read_all(const char *filter);
/* Whether the source was left incomplete, and what was said. */
extern bool incomplete;
extern const char *said;
/* One message, which names the file and has this text. */
void check_said(const char *text);

int read_file(void);
int read_pipe(void);
/* The tests of both ways of reading get this as their loop's row. */
extern int (*const ways[2])(void);

#endif
