/*
 * A pipe or a terminal once more, so that a write to it does not wait for who reads. The flag that says so belongs
 * to an open file, and setting it on the one that we were given would alter it also for the shell or whoever else
 * writes there.
 */
#ifndef SPANFLOW_UTIL_REOPEN_H
#define SPANFLOW_UTIL_REOPEN_H

/* Another descriptor, for writing. -1: it is neither, or cannot be opened (another user's pipe, no /proc, sealed). */
int reopen_unblocked(int fd);

#endif
