/*
 * Whose turn it is to write to a file that several outputs of this program have open: after a reload the exporter of
 * before may still write what it has, while the new one begins. While one of them has written a piece of a message, as
 * on a disk that is full, the others write nothing, so that all messages stay whole.
 */
#ifndef SPANFLOW_TRANSPORT_TURNS_H
#define SPANFLOW_TRANSPORT_TURNS_H

struct turns;

/*
 * For whoever has the regular file open there; the same for each of them. turns_release() is due. NULL: no memory.
 * Both are for the main thread alone, which opens and closes outputs.
 */
struct turns *turns_take(int fd);
/* By `who` writes no more. NULL does nothing. */
void turns_release(struct turns *t, const void *who);

/*
 * Before something is written by `who`, a name for one of those that have the file open, from any thread. 0, and
 * turns_end() is due, for which others wait; or the -errno for which another one could write only a piece. NULL: 0.
 */
int turns_begin(struct turns *t, const void *who);
/* `why`: only a piece of a message could be written, for this errno; 0: there is none, or it was taken back. */
void turns_end(struct turns *t, const void *who, int why);

#endif
