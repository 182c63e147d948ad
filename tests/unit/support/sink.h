/*
 * A collector across a fake network: takes datagrams, or answers as a test wants it to.
 */
#ifndef SPANFLOW_TESTS_SINK_H
#define SPANFLOW_TESTS_SINK_H

#include "conf/config.h"
#include "transport/transport.h"

#define SINK_MESSAGES_MAX 20000
#define SINK_PAYLOAD 216 /* four v5 records */

struct sink_message {
	uint8_t data[SINK_PAYLOAD];
	size_t size;
	unsigned session;
};

struct sink {
	struct transport base;
	int error;       /* what each send returns unless it is 0 */
	int pending;     /* what transport_error() tells once */
	unsigned budget; /* so many messages, then -EAGAIN */
	bool renews;     /* the next transport_renew() begins another session */
	unsigned session;
	unsigned offered;
	struct sink_message *messages;
	size_t count;
	struct config_collector config; /* for the collector that sends here */
};

/* A sink and the settings of a collector for it. */
void sink_open(struct sink *s, const char *url, const char *group, enum format format);
void sink_close(struct sink *s);

/* The source port of the n-th v5 record that arrived, -1: there are fewer. */
int sink_v5_port(const struct sink *s, size_t n);
/* How many v5 records arrived. */
size_t sink_v5_count(const struct sink *s);
/* The sequence number of a message, v5 or IPFIX. */
uint32_t sink_sequence(const struct sink *s, size_t message);
/* Whether the first set of an IPFIX message is one of templates. */
bool sink_has_templates(const struct sink *s, size_t message);

/* An IPv4 record of TCP from this port at `now_ns`. */
struct record sink_record(uint16_t port, uint64_t now_ns);

#endif
