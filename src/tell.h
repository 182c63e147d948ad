/*
 * SPINE: what the control socket is asked for that a look at the program is enough for: status, stats, collectors,
 * interfaces.
 */
#ifndef SPANFLOW_TELL_H
#define SPANFLOW_TELL_H

#include "control/overview.h"
#include "program.h"

struct request;

/* Answers a request whose first word is one of these. */
void tell_answer(struct request *r, struct overview *o, const struct program *p);

/* Each captured interface as it is now. `list` has room for the settings' interfaces. How many. */
size_t tell_interface_states(struct overview_interface *list, const struct program *p);

#endif
