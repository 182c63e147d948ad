/*
 * An overview as Prometheus reads it: the text exposition format, version 0.0.4.
 *
 * Each name in the ledger is there from the start, also at 0, so that a rate has a point to begin at.
 */
#ifndef SPANFLOW_CONTROL_METRICS_H
#define SPANFLOW_CONTROL_METRICS_H

#include <stdio.h>

#include "control/overview.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

void metrics_print(FILE *out, const struct overview *o);

#endif
