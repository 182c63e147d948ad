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

/* How each captured interface is now (control/report.h). `states` has room for the settings' interfaces. */
void tell_interface_states(const char **states, const struct program *p);

#endif
