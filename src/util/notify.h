/*
 * Tells the service manager how the program is (sd_notify(3)): datagrams of NAME=VALUE lines to the
 * socket that NOTIFY_SOCKET names. Where it names none all of this does nothing.
 *
 * Not by libsystemd: the manual says that the protocol is stable and meant to be implemented without
 * it, and for these few lines it would bring a large library, with those that it needs, into a
 * process that reads what strangers send. And it makes a socket for each call, which a process that
 * has sealed itself may not; this one is made and connected once, and survives the manager's
 * re-execution, as the manager keeps its end.
 *
 * For the main thread. A message that the manager does not take within a second is lost.
 */
#ifndef SPANFLOW_UTIL_NOTIFY_H
#define SPANFLOW_UTIL_NOTIFY_H

#include <stdint.h>

/*
 * Takes what it needs out of the environment, so that no child believes that it is meant. Before
 * any thread starts. What is wrong with it is told, and then there is no manager.
 */
void notify_open(void);
void notify_close(void);

/* The start is over, or a reload. */
void notify_ready(void);
/* The settings are read again, until notify_ready(). */
void notify_reloading(void);
void notify_stopping(void);
/* One line for a person, as `systemctl status` shows it. */
void notify_status(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The program is alive: for a manager that takes a silent one for dead. */
void notify_watchdog(void);

#endif
