/*
 * The ledger: where every packet and every record went. Nothing vanishes unnamed.
 *
 * Filled by the spine from the counters of the stages; printed for a person or as JSON.
 */
#ifndef SPANFLOW_CONTROL_LEDGER_H
#define SPANFLOW_CONTROL_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "decode/pktinfo.h"
#include "export/encoder.h"
#include "meter/table.h"
#include "transport/sender.h"
#include "util/line.h"

struct ledger_packets {
	uint64_t received;
	uint64_t metered;
	uint64_t metered_octets;
	uint64_t not_sampled;
	uint64_t ignored[IGNORED_COUNT];
	uint64_t notes[NOTE_COUNT];
	uint64_t dropped_kernel;
	uint64_t dropped_interface;
};

/* What came of a captured interface, whatever became of it meanwhile. All of them sum up to ledger_packets. */
struct ledger_interface {
	const char *name; /* that the settings have */
	uint64_t received;
	uint64_t dropped_kernel;
	uint64_t dropped_interface;
};

struct ledger_collector {
	const char *url;
	const char *group; /* that it belongs to, or NULL */
	const char *format;
	const char *state; /* ledger_state_name(): "failed" is a member's, "broken" a stream's */
	bool is_stream;    /* lines to a file or standard output, rather than datagrams */
	bool waits;        /* lines: for room where a disk is full */
	uint64_t records;  /* that it was to get */
	struct not_expressible not_expressible;
	struct sender_stats sender;
};

struct ledger {
	struct ledger_packets packets;
	struct table_stats flows;
	uint64_t handed;                     /* records that the ring took */
	uint64_t ring_dropped;               /* live: records that found it full */
	struct ledger_interface *interfaces; /* live: one each that the settings name */
	size_t interface_count;
	struct ledger_collector *collectors;
	size_t collector_count;
};

/* The states of a collector, by their names. */
enum ledger_state {
	LEDGER_OK,
	LEDGER_REFUSED,
	LEDGER_UNREACHABLE,
	LEDGER_FULL,
	LEDGER_NO_ADDRESS,
	LEDGER_NO_ROUTE,
	LEDGER_NO_SOCKET,
	LEDGER_FAILED,
	LEDGER_BROKEN,
	LEDGER_FORMER,
	LEDGER_STATE_COUNT
};

/* The states of an interface that is captured, by their names. */
enum ledger_interface_state {
	LEDGER_INTERFACE_OK,
	LEDGER_INTERFACE_NO_CARRIER,
	LEDGER_INTERFACE_DOWN,
	LEDGER_INTERFACE_GONE,
	LEDGER_INTERFACE_FAILED,
	LEDGER_INTERFACE_WAITING,
	LEDGER_INTERFACE_STATE_COUNT
};

/* Reasons why a format cannot express a record: the members of struct not_expressible in their order. */
#define LEDGER_NOT_EXPRESSIBLE_COUNT (sizeof(struct not_expressible) / sizeof(uint64_t))

/* What the ledger calls each member of its arrays, as the manual has it. */
const char *ledger_ignored_name(unsigned i);
const char *ledger_note_name(unsigned i);
const char *ledger_end_name(unsigned i);
const char *ledger_state_name(unsigned i);
const char *ledger_interface_state_name(unsigned i);
const char *ledger_not_expressible_name(unsigned i);

/* At an end: whether a collector did not take its records in time, which is a failure of the run. */
bool ledger_was_cut_short(const struct ledger *l);
/* Whether both tell of one collector, by all that a user knows it by; also after a reload. Two may be alike. */
bool ledger_is_same_collector(const struct ledger_collector *a, const struct ledger_collector *b);

/* Adds a worker's or a shard's part. Peaks may have been at different times: their sum is not exceeded. */
void ledger_add_packets(struct ledger *l, const struct ledger_packets *packets);
void ledger_add_flows(struct ledger *l, const struct table_stats *flows);
/* Adds the counters of the first interfaces, one by one; what they are called is the ledger's. */
void ledger_add_interfaces(
    struct ledger *l, const struct ledger_interface *interfaces, size_t count);
/* Adds all of it but the interfaces and the collectors. */
void ledger_add(struct ledger *l, const struct ledger *part);

/* Makes the line a collector's name for a person, with its end: what a terminal takes for an order is made visible. */
void ledger_put_name(struct line *l, const struct ledger_collector *c);
void ledger_print_text(FILE *out, const struct ledger *l);
/* One object on one line. */
void ledger_print_json(FILE *out, const struct ledger *l);

#endif
