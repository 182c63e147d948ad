#include "suites.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "resolver.h"
#include "support/said.h"
#include "transport/name.h"
#include "transport/udp.h"
#include "util/now.h"
#include "util/units.h"

#define T0 (1000 * NS_PER_S)

START_TEST(name_is_looked_up_again_at_its_interval)
{
	struct lookup l = {.resolved = true, .at_ns = T0};

	ck_assert(!lookup_is_due(&l, 5 * NS_PER_S, T0 + 5 * NS_PER_S - 1));
	ck_assert(lookup_is_due(&l, 5 * NS_PER_S, T0 + 5 * NS_PER_S));
	ck_assert(!lookup_is_due(&l, 0, T0 + 1000 * NS_PER_S));
}
END_TEST

START_TEST(errors_make_it_look_earlier_but_not_too_often)
{
	struct lookup l = {.resolved = true, .doubtful = true, .at_ns = T0};

	ck_assert(!lookup_is_due(&l, 300 * NS_PER_S, T0 + RESOLVER_RETRY_NS - 1));
	ck_assert(lookup_is_due(&l, 300 * NS_PER_S, T0 + RESOLVER_RETRY_NS));
	ck_assert(!lookup_is_due(&l, 0, T0 + 1000 * NS_PER_S));
}
END_TEST

START_TEST(name_without_an_address_is_tried_again)
{
	struct lookup l = {.at_ns = T0};

	ck_assert(!lookup_is_due(&l, 0, T0 + RESOLVER_RETRY_NS - 1));
	ck_assert(lookup_is_due(&l, 0, T0 + RESOLVER_RETRY_NS));
}
END_TEST

static char addresses[] = "127.0.0.1", wrong_dev[] = "localhost";

/* Of the second collector, which is as it is, or would be so. The first one has a session. */
static void check_states(struct resolver *r)
{
	const struct {
		int missing;
		const char *state;
	} rows[] = {{r->lookups[1].missing, "no socket"}, {ENETUNREACH, "no route"},
	    {EHOSTUNREACH, "no route"}, {EDESTADDRREQ, "no address"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ledger_collector told[] = {{.state = ledger_state_name(LEDGER_NO_ADDRESS)},
		    {.state = ledger_state_name(LEDGER_NO_ADDRESS)}};

		r->lookups[1].missing = rows[i].missing;
		resolver_tell(r, told, 2);
		ck_assert_str_eq(told[0].state, "no address"); /* the exporter has yet to take it */
		ck_assert_str_eq(told[1].state, rows[i].state);
		told[1].state = ledger_state_name(LEDGER_FAILED);
		resolver_tell(r, told, 2);
		ck_assert_str_eq(told[1].state, "failed");
	}
}

/* Collectors: one that works, and one whose socket cannot be made. */
START_TEST(collector_without_a_socket_is_told_of_and_counted)
{
	static struct config c;
	static struct own_exports own;
	struct exporter_options options = {.config = &c};
	static struct resolver r;
	const char *said;

	config_init(&c);
	c.collectors[0] = (struct config_collector){
	    .url = addresses, .name = addresses, .host = addresses, .port = 9};
	c.collectors[1] = (struct config_collector){.url = wrong_dev,
	    .name = wrong_dev,
	    .host = wrong_dev,
	    .port = 9,
	    .udp = {.dev = "nosuch0"}};
	for (unsigned i = 0; i < 2; i++) {
		c.collectors[i].encoding = (struct encoder_options){.format = FORMAT_IPFIX,
		    .max_payload = 1400,
		    .sampling = {.count = 1, .rules = {{SAMPLING_NONE, 1}}}};
		c.collectors[i].sending.queue = 16;
	}
	c.collector_count = 2;
	options.config = &c;
	resolver_init(&r, &c, exporter_create(&options), &own);
	said_begin();
	ck_assert_uint_eq(resolver_try(&r, false), 1);
	said = said_end();
	ck_assert(said_one_message(said));
	ck_assert_ptr_nonnull(strstr(said, "localhost: dev=nosuch0: "));
	check_states(&r);
	resolver_start(&r);
	ck_assert(!r.running); /* offline nothing of these can change */
	ck_assert(resolver_stop(&r));
	exporter_destroy(r.exporter);
}
END_TEST

START_TEST(thread_ends_when_it_is_told_to)
{
	static struct config c;
	static struct own_exports own;
	struct exporter_options options = {.config = &c};
	static struct resolver r;

	config_init(&c);
	c.collectors[0] = (struct config_collector){.url = wrong_dev,
	    .name = wrong_dev,
	    .host = wrong_dev,
	    .port = 9,
	    .resolve_ns = NS_PER_S,
	    .sending = {.queue = 16},
	    .encoding = {.format = FORMAT_V5,
		.max_payload = 1400,
		.sampling = {.count = 1, .rules = {{SAMPLING_NONE, 1}}}}};
	c.collector_count = 1;
	resolver_init(&r, &c, exporter_create(&options), &own);
	ck_assert_uint_eq(resolver_try(&r, false), 0);
	resolver_start(&r);
	ck_assert(r.running);
	ck_assert(resolver_stop(&r));
	ck_assert(resolver_stop(&r));
	exporter_destroy(r.exporter);
}
END_TEST

/* A look-up that lasts until there is an octet in the pipe, and has begun when it has put one into the other. */
static int begun[2], may_end[2];

static int find_slowly(void *ctx, const struct name_query *query, struct name_addresses *out)
{
	char octet = 0;

	(void)ctx;
	(void)query;
	(void)out;
	ck_assert_int_eq(write(begun[1], &octet, 1), 1);
	ck_assert_int_eq(read(may_end[0], &octet, 1), 1);
	return EAI_AGAIN;
}

/* The main thread asks again and again, for each exporter that was replaced. */
START_TEST(a_look_up_is_waited_for_once)
{
	static char name[] = "name.example";
	static struct config c;
	static struct own_exports own;
	struct exporter_options options = {.config = &c};
	static struct resolver r;
	uint64_t before_ns;
	char octet = 0;

	config_init(&c);
	c.interface_count = 1;
	c.collectors[0] = (struct config_collector){.url = name,
	    .name = name,
	    .host = name,
	    .port = 9,
	    .sending = {.queue = 16},
	    .encoding = {.format = FORMAT_V5,
		.max_payload = 1400,
		.sampling = {.count = 1, .rules = {{SAMPLING_NONE, 1}}}}};
	c.collector_count = 1;
	ck_assert_int_eq(pipe(begun) + pipe(may_end), 0);
	name_find_by(find_slowly, NULL);
	resolver_init(&r, &c, exporter_create(&options), &own);
	resolver_start(&r);
	ck_assert_int_eq(read(begun[0], &octet, 1), 1);
	ck_assert(!resolver_stop(&r));
	before_ns = steady_now();
	for (unsigned i = 0; i < 20; i++)
		ck_assert(!resolver_stop(&r));
	ck_assert_uint_lt(steady_now() - before_ns, NS_PER_S);
	ck_assert_int_eq(write(may_end[1], &octet, 1), 1);
	while (!resolver_stop(&r))
		ck_assert_uint_lt(steady_now() - before_ns, 5 * NS_PER_S);
	name_find_by(NULL, NULL);
	exporter_destroy(r.exporter);
}
END_TEST

static unsigned look_ups;

static int find_none(void *ctx, const struct name_query *query, struct name_addresses *out)
{
	(void)ctx;
	(void)query;
	(void)out;
	look_ups++;
	return EAI_AGAIN;
}

static char first_name[] = "localhost", other_name[] = "other.example";

static void configure(struct config *c, char *host, uint16_t port)
{
	config_init(c);
	c->interface_count = 1;
	c->collectors[0] = (struct config_collector){.url = host,
	    .name = host,
	    .host = host,
	    .port = port,
	    .sending = {.queue = 16},
	    .encoding = {.format = FORMAT_V5,
		.max_payload = 1400,
		.sampling = {.count = 1, .rules = {{SAMPLING_NONE, 1}}}}};
	c->collector_count = 1;
}

static bool inherits(struct resolver *former, char *host, uint16_t port)
{
	static struct config c;
	static struct own_exports own;
	struct exporter_options options = {.config = &c};
	static struct resolver r;
	struct sockaddr_storage local, remote;
	bool has_address;

	configure(&c, host, port);
	resolver_init(&r, &c, exporter_create(&options), &own);
	resolver_inherit(&r, former);
	has_address = udp_endpoints(exporter_transport(r.exporter, 0), &local, &remote);
	ck_assert(lookup_is_due(&r.lookups[0], 0, steady_now()));
	exporter_destroy(r.exporter);
	return has_address;
}

/* After a reload records go on, though the name server is silent. */
START_TEST(address_of_the_same_name_and_port_is_inherited)
{
	static struct config c;
	static struct own_exports own;
	struct exporter_options options = {.config = &c};
	static struct resolver former;

	configure(&c, first_name, 9);
	resolver_init(&former, &c, exporter_create(&options), &own);
	ck_assert(!inherits(&former, first_name, 9)); /* it has none yet */
	ck_assert_uint_eq(resolver_try(&former, false), 0);
	look_ups = 0;
	name_find_by(find_none, NULL);
	ck_assert(inherits(&former, first_name, 9));
	ck_assert(!inherits(&former, first_name, 10));
	ck_assert(!inherits(&former, other_name, 9));
	ck_assert_uint_eq(look_ups, 0);
	name_find_by(NULL, NULL);
	exporter_destroy(former.exporter);
}
END_TEST

Suite *resolver_suite(void)
{
	const TTest *const tests[] = {
	    name_is_looked_up_again_at_its_interval,
	    errors_make_it_look_earlier_but_not_too_often,
	    name_without_an_address_is_tried_again,
	    collector_without_a_socket_is_told_of_and_counted,
	    thread_ends_when_it_is_told_to,
	    a_look_up_is_waited_for_once,
	    address_of_the_same_name_and_port_is_inherited,
	};

	return SUITE_OF("resolver", tests);
}
