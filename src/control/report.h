/*
 * What a person or a program is told who asks through the control socket: an overview, as text of lines
 * or as one JSON object.
 */
#ifndef SPANFLOW_CONTROL_REPORT_H
#define SPANFLOW_CONTROL_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "control/listing.h"
#include "control/overview.h"

/* How it goes, on a screen: rates, what is held, what is lost. */
void report_status(FILE *out, const struct overview *o, bool json);
/* The former as text, whose lines are no longer than this where that can be. */
void report_status_within(FILE *out, const struct overview *o, unsigned columns);
/* The ledger (SPEC section 6) as it stands. */
void report_stats(FILE *out, const struct overview *o, bool json);
/* Each collector with its state. */
void report_collectors(FILE *out, const struct overview *o, bool json);

/* A captured interface as it is, or was when it was there the last time. */
struct report_interface {
	const char *name;
	const char *description;
	const char *state; /* ledger_interface_state_name() */
	uint32_t index;    /* as exported; 0: each packet brings one, or there has been none yet */
	uint32_t mtu;      /* 0: not known, like the others */
	uint32_t speed_mbit;
	uint8_t mac[6];
	bool is_there; /* now: else the text leaves out what is as of the last time */
	struct ledger_interface counts;
	double received_rate; /* packets in a second */
};

void report_interfaces(FILE *out, const struct report_interface *list, size_t count, bool json);

/* A number of octets, packets or so in five characters: 9999, 12.3k, 1.23M, 45.6G. */
#define REPORT_SHORT_SIZE 8
const char *report_short(double value, char text[REPORT_SHORT_SIZE]);

#endif
