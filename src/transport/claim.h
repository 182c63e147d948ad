/*
 * Whose a file of output is: two programs that write to one would write into each other's messages.
 *
 * Within the program a file may be open several times, as where a reload opens it anew while the exporter of before
 * still writes: it is claimed until the last of these lets go of it. For the main thread, which opens and closes outputs.
 */
#ifndef SPANFLOW_TRANSPORT_CLAIM_H
#define SPANFLOW_TRANSPORT_CLAIM_H

struct claim;

/*
 * Claims the file that is open there. 0, *out being for claim_release(), or -errno: -EBUSY where another program has
 * claimed it. Where files cannot be locked nobody is refused. The descriptor stays the caller's.
 */
int claim_take(int fd, struct claim **out);
/* NULL does nothing. */
void claim_release(struct claim *c);

#endif
