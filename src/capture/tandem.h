/*
 * A file that two threads read by turns: the one that takes its octets, and one that helps.
 *
 * To read a file whose packets are long is to copy it out of the kernel's memory, or to wait for a disk. Here
 * both threads do so, each a block at a time, whichever comes next. Who takes the octets reads a later block
 * while the one that it needs is in the other's hands, and waits only if there is no room for any. So
 * neither has to be as fast as the other.
 *
 * Only whole blocks come from here. What is less, the end of the file or an error, is left to read(2), which has
 * the last word on what a file holds.
 */
#ifndef SPANFLOW_CAPTURE_TANDEM_H
#define SPANFLOW_CAPTURE_TANDEM_H

#include <stdint.h>

#define TANDEM_BLOCK (1u << 18)
/* So many octets before a block are free, for what the reader still has of the one before. */
#define TANDEM_BEFORE (1u << 18)

struct tandem;

/*
 * For a regular file, from this place in it on. It uses neither the descriptor's own place nor closes it. NULL:
 * there is no memory or thread to be had.
 */
struct tandem *tandem_create(int fd, uint64_t offset);
void tandem_destroy(struct tandem *t);

/* The next block, which stays until the call after the next one. NULL: there is no whole one any more. */
uint8_t *tandem_next(struct tandem *t);

#endif
