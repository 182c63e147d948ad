/*
 * SPINE: what the main thread does while the others work: one event loop for signals, ends, the control
 * socket, and what comes round once a second.
 */
#ifndef SPANFLOW_OPERATE_H
#define SPANFLOW_OPERATE_H

#include "program.h"

/*
 * Before any other thread starts: signals become events, and what others ask through is opened. 0, or
 * -errno after saying why not.
 */
int operate_prepare(struct program *p);
/* Until the workers and the exporter have ended. */
void operate(struct program *p);

#endif
