/*
 * A second flow meter for the fuzzer: a list that is searched from its start, and deadlines that
 * are looked at whenever they may matter. It shares the decoder with the real one and nothing else.
 */
#ifndef SPANFLOW_TESTS_FUZZ_REFERENCE_H
#define SPANFLOW_TESTS_FUZZ_REFERENCE_H

#include "decode/pktinfo.h"
#include "meter/expiry.h"

#define RESULTS_MAX 4096

/* What makes a flow, compared as octets; the fields in any order, all else 0. */
struct identity {
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t ingress;
	uint32_t segment;
	uint16_t src_port;
	uint16_t dst_port;
	uint16_t vlan;
	uint8_t ip_version;
	uint8_t protocol;
	uint8_t dscp;
	uint8_t selector;
	uint8_t zero[6];
};

/* A record as either meter gives it. */
struct result {
	struct identity id;
	uint64_t packets;
	uint64_t octets;
	uint64_t start_ns;
	uint64_t end_ns;
	uint64_t tcp_flags;
	uint64_t reason;
};

struct results {
	struct result list[RESULTS_MAX];
	unsigned count;
};

struct reference_flow {
	struct result record;
	uint64_t first_clock_ns;
	uint64_t last_clock_ns;
	uint64_t linger_ns; /* clock of the first FIN or RST; NEVER: there was none */
};

struct reference {
	struct timeouts timeouts;
	struct reference_flow flows[RESULTS_MAX];
	unsigned flow_count;
	struct results results;
};

void reference_begin(struct reference *r, const struct timeouts *timeouts);
void reference_packet(struct reference *r, const struct pktinfo *info);
/* The end of the input, or of the time before a restart of the clock. */
void reference_end(struct reference *r, uint64_t clock_ns);

/* Stops the program when the two are not the same records, in whatever order. */
void results_compare(struct results *a, struct results *b);

#endif
