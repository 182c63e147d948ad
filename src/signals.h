/*
 * SPINE: what signals do to the program. Those that end it, or are a word of an administrator, come to the main
 * thread as octets of a descriptor (signalfd(2)), which operate.c reads; one more ends reads that wait.
 *
 * All is for the process that meters; the helper of guard.c has a descriptor and a choice of its own.
 */
#ifndef SPANFLOW_SIGNALS_H
#define SPANFLOW_SIGNALS_H

#include <pthread.h>
#include <stdbool.h>

#include "conf/config.h"

/*
 * Before any other thread starts, as threads inherit what is blocked: SIGINT, SIGTERM and, where it is wanted,
 * SIGHUP reach the main thread alone. A write to nobody fails rather than end the program, but for one that has
 * nothing else to do. The descriptor, which does not block, or -errno.
 */
int signals_take_over(const struct config *c);

/* False: who started the process does not want it to hear of hangups (nohup). */
bool signals_hangup_is_wanted(void);
/* What SIGHUP means to this run: to read the settings again, or else the end. */
bool signals_hangup_reloads(const struct config *c);

/* Ends a read of this thread that waits for a pipe. The thread must not have been joined. */
void signals_interrupt(pthread_t thread);

#endif
