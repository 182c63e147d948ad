/*
 * An overview as a running program might have it, for tests of what shows it.
 */
#ifndef SPANFLOW_TESTS_OVERVIEW_H
#define SPANFLOW_TESTS_OVERVIEW_H

#include "control/overview.h"

/* So many packets received (a multiple of 1000), two seconds ago none; two collectors. */
void overview_example(struct overview *o, uint64_t received);

#endif
