#include "support/overview.h"

#include "util/units.h"

void overview_example(struct overview *o, uint64_t received)
{
	*o = (struct overview){.version = "1.2.3",
	    .started_wall_ns = 1600000000 * NS_PER_S,
	    .up_ns = (2 * 86400 + 3 * 3600 + 4 * 60 + 5) * NS_PER_S,
	    .workers = 2,
	    .max_flows = 1000000,
	    .before.at_ns = 10 * NS_PER_S};
	o->now = (struct overview_ledger){.at_ns = 12 * NS_PER_S,
	    .ledger = {.packets = {.received = received,
			   .metered = received / 1000 * 900,
			   .metered_octets = received,
			   .not_sampled = received / 1000 * 40,
			   .ignored = {[IGNORED_NON_IP] = received / 1000 * 50,
			       [IGNORED_MALFORMED] = received / 1000 * 10},
			   .dropped_kernel = 5,
			   .dropped_interface = 3},
		.flows = {.created = 30,
		    .active = 10,
		    .peak = 20,
		    .ended = {[END_IDLE] = 15, [END_NO_RESOURCES] = 5}},
		.handed = 17,
		.ring_dropped = 3,
		.collector_count = 2}};
	o->now.collectors[0] = (struct ledger_collector){.url = "udp://c:1",
	    .format = "ipfix",
	    .state = "ok",
	    .records = 17,
	    .sender = {.sent = 12,
		.queued = 2,
		.dropped = {[FAILURE_QUEUE_FULL] = 2, [FAILURE_SHUTDOWN] = 1},
		.errors = {[FAILURE_QUEUE_FULL] = 4},
		.messages = 7,
		.bytes = 700}};
	o->now.collectors[1] = (struct ledger_collector){
	    .url = "udp://d:2", .format = "9", .state = "failed", .group = "g"};
	o->now.ledger.collectors = o->now.collectors;
}
