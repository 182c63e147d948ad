#include "suites.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#include "intake.h"
#include "meter/overload.h"
#include "support/frame.h"
#include "support/said.h"
#include "util/bytes.h"
#include "util/rng.h"
#include "util/units.h"
#include "worker.h"

#define T0 (1700000000 * NS_PER_S)

static struct config *config;
static struct own_exports own_exports;
static struct intake in;
static unsigned restarts, batches,
    taken; /* batches between restarts, and what was in all of them */

/* The source gives what is put here, packet by packet. */
static struct frame frame;
static uint64_t ts_ns;
static unsigned repeat;
static bool together;
static const uint64_t *times; /* of packets that are given together; NULL: a nanosecond apart */
static int linktype = DLT_EN10MB;
static uint32_t interface;

/* That packet many times, as a file's reader gives them. */
static bool give_together(const struct packet *packet, packets_fn *fn, void *ctx)
{
	struct packet packets[TABLE_BATCH];

	for (unsigned i = 0; i < repeat; i++) {
		packets[i] = *packet;
		packets[i].ts_ns = times ? times[i] : packet->ts_ns + i;
	}
	return fn(ctx, packets, repeat);
}

static int fake_read(struct source *s, unsigned max, packets_fn *fn, void *ctx)
{
	struct packet packet = {.data = frame.octets,
	    .caplen = (uint32_t)frame.size,
	    .len = (uint32_t)frame.size,
	    .ts_ns = ts_ns,
	    .ingress = 7,
	    .linktype = linktype,
	    .interface = interface};
	unsigned n = 0;

	(void)s;
	(void)max;
	if (together)
		return give_together(&packet, fn, ctx) ? (int)repeat : 1;
	while (n < repeat) {
		n++;
		if (!fn(ctx, &packet, 1))
			break;
	}
	return (int)n;
}

static const struct source_ops fake_ops = {.read = fake_read};
static struct source fake = {.ops = &fake_ops, .name = "fake", .linktype = DLT_EN10MB};

/* What came into batches, and where these were taken. */
#define LOG_MAX 4000
static struct {
	uint64_t ts_ns, clock_ns;
	bool late, is_end, is_restart;
} logged[LOG_MAX];
static unsigned logged_count;

static void log_batch(bool is_restart)
{
	for (unsigned i = 0; i < in.batched && logged_count < LOG_MAX; i++) {
		logged[logged_count].ts_ns = in.batch[i].ts_ns;
		logged[logged_count].clock_ns = in.batch[i].clock_ns;
		logged[logged_count++].late = in.batch[i].late;
	}
	if (logged_count < LOG_MAX) {
		logged[logged_count].is_end = true;
		logged[logged_count++].is_restart = is_restart;
	}
}

static void take_batch(void *ctx, bool is_restart)
{
	(void)ctx;
	log_batch(is_restart);
	restarts += is_restart;
	batches += !is_restart;
	taken += in.batched;
	intake_begin_batch(&in);
}

/* `config` is the caller's to fill between these two. */
static void begin(void)
{
	config = calloc(1, sizeof(*config));
	config_init(config);
	config->sampling.count = 1;
	restarts = batches = taken = 0;
	repeat = 1;
	ts_ns = T0;
	frame.size = 0;
}

static void open_intake(void)
{
	static struct pktinfo batch[TABLE_BATCH];
	struct intake_options options = {.config = config,
	    .own_exports = &own_exports,
	    .sources = 2,
	    .seed = 1,
	    .take_batch = take_batch};

	ck_assert_int_eq(intake_init(&in, &options), 0);
	in.batch = batch;
	ck_assert_int_eq(intake_open(&in, 0, &fake), 0);
	ck_assert_int_eq(intake_open(&in, 1, &fake), 0);
}

static void end(void)
{
	intake_fini(&in);
	config_fini(config);
	free(config);
}

static void put_udp(void)
{
	frame.size = 0;
	frame_put_ethernet(&frame, 0x0800);
	frame_put_ipv4(&frame, 17, 28);
	frame_put_udp(&frame);
	frame_put_zeros(
	    &frame, 18); /* padding, as frames have: what is shorter is not decoded in runs */
}

static void put_arp(void)
{
	frame.size = 0;
	frame_put_ethernet(&frame, 0x0806);
	frame_put_zeros(&frame, 28);
}

static void read_from(unsigned source)
{
	intake_read(&in, source, &fake);
}

START_TEST(packet_comes_into_the_batch_with_its_times)
{
	begin();
	open_intake();
	put_udp();
	read_from(0);
	ts_ns = T0 - 1;
	read_from(0);
	ck_assert_uint_eq(in.batched, 2);
	ck_assert_uint_eq(in.batch[0].ts_ns, T0);
	ck_assert_uint_eq(in.batch[0].clock_ns, T0);
	ck_assert(!in.batch[0].late);
	ck_assert_uint_eq(in.batch[0].head.ingress, 7);
	ck_assert_uint_eq(in.batch[0].egress, 0);
	ck_assert_uint_eq(kind_selector(in.batch[0].head.kind), 0);
	ck_assert_uint_eq(in.batch[1].ts_ns, T0 - 1);
	ck_assert_uint_eq(in.batch[1].clock_ns, T0);
	ck_assert(in.batch[1].late);
	ck_assert_uint_eq(in.packets.received, 2);
	ck_assert_uint_eq(in.packets.metered, 2);
	ck_assert_uint_eq(in.packets.metered_octets, 56);
	end();
}
END_TEST

START_TEST(what_could_not_be_metered_is_told_with_its_dates)
{
	begin();
	open_intake();
	put_arp();
	read_from(0);
	ck_assert_uint_eq(in.unmetered.packets, 0);
	put_udp();
	frame.octets[14] = 0x41;
	ts_ns = T0 + 1;
	read_from(0);
	frame.size = 20;
	ts_ns = T0 + 2;
	read_from(0);
	frame.size = 0;
	frame_put_ethernet(&frame, 0x8847);
	frame_put_zeros(&frame, 100);
	ts_ns = T0 + 3;
	read_from(0);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_ARP], 1);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_MALFORMED], 1);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_TRUNCATED], 1);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_HEADER_LIMIT], 1);
	ck_assert_uint_eq(in.unmetered.packets, 3);
	ck_assert_uint_eq(in.unmetered.octets, 28 + 6 + 114 + 18);
	ck_assert_uint_eq(in.unmetered.first_ns, T0 + 1);
	ck_assert_uint_eq(in.unmetered.last_ns, T0 + 3);
	ck_assert_uint_eq(in.batched, 0);
	end();
}
END_TEST

/* What all of a run change is brought up once; our own packets end it. */
START_TEST(packets_of_a_run_are_counted_each)
{
	struct sockaddr_in ends[2] = {
	    {.sin_family = AF_INET, .sin_port = htons(5353), .sin_addr.s_addr = htonl(0xc0000201)},
	    {.sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0xc6336402)}};
	struct sockaddr_storage local = {0}, remote = {0};

	begin();
	open_intake();
	put_udp();
	read_from(0);
	together = true;
	repeat = 5;
	ts_ns = T0 + 10;
	read_from(0);
	ck_assert_uint_eq(in.batched, 6);
	ck_assert_uint_eq(in.packets.received, 6);
	ck_assert_uint_eq(in.packets.metered, 6);
	ck_assert_uint_eq(in.packets.metered_octets, 6 * 28);
	ck_assert_uint_eq(in.clock.now_ns, T0 + 14);
	ck_assert_uint_eq(in.clock.newest_ns, T0 + 14);
	ck_assert_uint_eq(in.batch[5].ts_ns, T0 + 14);
	ck_assert_uint_eq(in.batch[5].clock_ns, T0 + 14);
	memcpy(&local, &ends[0], sizeof(ends[0]));
	memcpy(&remote, &ends[1], sizeof(ends[1]));
	own_exports_publish(&own_exports, &(bool){false}, 0, &local, &remote);
	read_from(0);
	ck_assert_uint_eq(in.batched, 6);
	ck_assert_uint_eq(in.packets.received, 11);
	ck_assert_uint_eq(in.packets.metered, 6);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_OWN_EXPORT], 5);
	memset(&own_exports, 0, sizeof(own_exports));
	together = false;
	end();
}
END_TEST

/* Some that go on, some that are equal, late, far ahead or missing, and some that restart the clock. */
static uint64_t next_time(struct rng *r, uint64_t *at)
{
	switch (rng_below(r, 60)) {
	case 0:
		return 0;
	case 1:
		*at += NS_PER_S + rng_below(r, 1000);
		break;
	case 2:
		*at -= rng_below(r, 2) ? 61 * NS_PER_S : NS_PER_S;
		break;
	case 3:
	case 4:
		return *at - rng_below(r, 1000);
	default:
		*at += rng_below(r, 1000) * rng_below(r, 5);
		break;
	}
	return *at;
}

/* Packets of these times, as one round of the test has them: the same for the same seed. */
static void read_round(unsigned seed, bool singly)
{
	struct rng r = {.state = seed};
	bool is_live = seed & 1;
	uint64_t at = T0, group[TABLE_BATCH];

	begin();
	memset(logged, 0, sizeof(logged));
	logged_count = 0;
	config->packet_limit = singly ? UINT64_MAX : 0;
	open_intake();
	if (is_live)
		clock_tick_live(&in.clock, 1000, T0);
	put_udp();
	together = true;
	times = group;
	for (unsigned n = 0; n < 30; n++) {
		in.clock.file_begins |= !is_live && rng_below(&r, 8) == 0;
		if (is_live)
			clock_tick_live(&in.clock, 1000 + at - T0 + rng_below(&r, 3000),
			    at + rng_below(&r, 100000));
		repeat = 1 + rng_below(&r, TABLE_BATCH);
		for (unsigned i = 0; i < repeat; i++)
			group[i] = next_time(&r, &at);
		read_from(0);
		take_batch(NULL, false);
	}
	together = false;
	times = NULL;
}

/* Times are asked of a run in fewer steps than of a packet, and say the same. */
START_TEST(runs_are_stamped_as_single_packets_are)
{
	static typeof(logged) wanted;
	struct ledger_packets counts;
	unsigned count;

	for (unsigned seed = 0; seed < 200; seed++) {
		read_round(seed, true);
		memcpy(wanted, logged, sizeof(wanted));
		count = logged_count;
		counts = in.packets;
		end();
		read_round(seed, false);
		ck_assert_uint_eq(logged_count, count);
		ck_assert_uint_lt(count, LOG_MAX);
		if (memcmp(wanted, logged, sizeof(wanted)) != 0 ||
		    memcmp(&counts, &in.packets, sizeof(counts)) != 0)
			ck_abort_msg("round %u differs", seed);
		end();
	}
}
END_TEST

/* Deterministic sampling counts what is ignored; hash sampling does not even ask. */
START_TEST(rules_stand_before_or_behind_the_decoder)
{
	begin();
	config->sampling.rules[0] = (struct sampling_rule){SAMPLING_DETERMINISTIC, 4};
	open_intake();
	put_arp();
	repeat = 16;
	read_from(0);
	ck_assert_uint_eq(in.packets.not_sampled, 12);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_ARP], 4);
	end();
	begin();
	config->sampling.rules[0] = (struct sampling_rule){SAMPLING_HASH, UINT32_MAX};
	open_intake();
	put_arp();
	repeat = 16;
	read_from(0);
	put_udp();
	read_from(0);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_ARP], 16);
	ck_assert_uint_eq(in.packets.not_sampled, 16);
	ck_assert_uint_eq(in.packets.metered, 0);
	ck_assert_uint_eq(in.packets.metered_octets, 0);
	ck_assert_uint_eq(in.batched, 0);
	end();
}
END_TEST

/* In a file with few packets they do not wait for as many as there is room for. */
START_TEST(batch_that_spans_a_second_is_taken)
{
	begin();
	open_intake();
	put_udp();
	read_from(0);
	batches = taken = 0;
	for (unsigned i = 1; i < 25; i++) {
		ts_ns = T0 + i * (NS_PER_S / 10);
		read_from(0);
	}
	ck_assert_uint_eq(batches, 2);
	ck_assert_uint_eq(taken, 20);
	ck_assert_uint_eq(in.batched, 5);
	ck_assert_uint_eq(in.batch[0].ts_ns, T0 + 2 * NS_PER_S);
	end();
}
END_TEST

/* Of what is ignored as of anything else; and after a step back the clock counts from there. */
START_TEST(every_packet_moves_the_clock_that_batches_are_taken_by)
{
	begin();
	open_intake();
	put_udp();
	read_from(0);
	ts_ns = T0 - 3600 * NS_PER_S;
	read_from(0);
	ck_assert_uint_eq(restarts, 1);
	ck_assert_uint_eq(in.batched, 1);
	batches = taken = 0;
	put_arp();
	ts_ns += NS_PER_S - 1;
	read_from(0);
	ck_assert_uint_eq(batches, 0);
	ts_ns++;
	read_from(0);
	ck_assert_uint_eq(batches, 1);
	ck_assert_uint_eq(taken, 1);
	end();
}
END_TEST

START_TEST(classes_have_rules_and_counts_of_their_own)
{
	begin();
	config->sampling = (struct sampling_plan){
	    .rules = {{SAMPLING_DETERMINISTIC, 3}, {SAMPLING_DETERMINISTIC, 2}}, .count = 2};
	config->class_filters[1] = "udp";
	open_intake();
	put_udp();
	repeat = 3;
	read_from(0);
	ck_assert_uint_eq(in.batched, 1);
	ck_assert_uint_eq(kind_selector(in.batch[0].head.kind), 1);
	read_from(1);
	ck_assert_uint_eq(in.batched, 2);
	frame.octets[14 + 9] = 6;
	read_from(0);
	ck_assert_uint_eq(in.batched, 3);
	ck_assert_uint_eq(kind_selector(in.batch[2].head.kind), 0);
	/* The fourth UDP packet of source 0. */
	put_udp();
	repeat = 1;
	read_from(0);
	ck_assert_uint_eq(in.batched, 4);
	ck_assert_uint_eq(kind_selector(in.batch[3].head.kind), 1);
	end();
}
END_TEST

/* The owner says how much is too much; each packet says by which rule it was taken. */
START_TEST(level_of_overload_is_the_rule_of_all)
{
	static const unsigned levels[] = {3, 0, OVERLOAD_LEVELS - 1};

	begin();
	overload_plan(&config->sampling);
	open_intake();
	put_udp();
	for (unsigned i = 0; i < 3; i++) {
		uint64_t before = in.packets.metered;

		in.rule = levels[i];
		for (unsigned n = 0; n < 1024; n++) {
			in.batched = 0;
			read_from(0);
			if (in.batched)
				ck_assert_uint_eq(kind_selector(in.batch[0].head.kind), levels[i]);
		}
		ck_assert_uint_eq(in.packets.metered - before, 1024u >> levels[i]);
	}
	ck_assert_uint_eq(in.packets.not_sampled + in.packets.metered, 3 * 1024);
	end();
}
END_TEST

START_TEST(port_map_gives_interfaces)
{
	begin();
	ck_assert_int_eq(
	    port_map_add(&config->ports, "mac=02:00:00:00:00:02,ingress=5,egress=6"), 0);
	ck_assert_int_eq(port_map_add(&config->ports, "mac=02:00:00:00:00:01,egress=9"), 0);
	open_intake();
	put_udp();
	read_from(0);
	ck_assert_uint_eq(in.batch[0].head.ingress, 5);
	ck_assert_uint_eq(in.batch[0].egress, 9);
	/* Where it was captured stays. */
	ck_assert_uint_eq(in.batch[0].detail.point, 7);
	end();
}
END_TEST

/* The datagram's fragment that begins there. */
static void put_fragment(unsigned offset)
{
	put_udp();
	put_be16(frame.octets + 14 + 6, (uint16_t)(offset / 8 | 0x2000));
}

START_TEST(later_fragments_have_ports_before_anything_looks_at_them)
{
	struct sockaddr_in local = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201), .sin_port = htons(5353)};
	struct sockaddr_in remote = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc6336402), .sin_port = htons(53)};
	struct sockaddr_storage ends[2] = {{0}};

	for (unsigned on = 0; on < 2; on++) {
		begin();
		config->fragments = on;
		open_intake();
		put_fragment(0);
		read_from(0);
		put_fragment(8);
		read_from(1);
		ck_assert_uint_eq(in.batch[1].head.dst_port, on ? 53 : 0);
		/* The clock steps back. */
		ts_ns -= 61 * NS_PER_S;
		read_from(0);
		ck_assert_uint_eq(in.batch[0].head.dst_port, 0);
		ck_assert_uint_eq(in.packets.notes[NOTE_FRAGMENT_ORPHAN], on);
		end();
	}
	memcpy(&ends[0], &local, sizeof(local));
	memcpy(&ends[1], &remote, sizeof(remote));
	own_exports_publish(&own_exports, &(bool){false}, 0, &ends[0], &ends[1]);
	begin();
	config->fragments = true;
	open_intake();
	put_fragment(0);
	read_from(0);
	put_fragment(8);
	read_from(0);
	ck_assert_uint_eq(in.packets.ignored[IGNORED_OWN_EXPORT], 2);
	memset(&own_exports, 0, sizeof(own_exports));
	end();
}
END_TEST

START_TEST(times_are_shifted_where_there_are_any)
{
	begin();
	open_intake();
	intake_shift_times(&in, 5 * NS_PER_S);
	put_udp();
	read_from(0);
	ts_ns = 0;
	read_from(0);
	ck_assert_uint_eq(in.batch[0].ts_ns, T0 + 5 * NS_PER_S);
	ck_assert_uint_eq(in.batch[1].ts_ns, T0 + 5 * NS_PER_S);
	ck_assert_uint_eq(in.packets.notes[NOTE_TIME_SHIFTED], 1);
	ck_assert_uint_eq(in.packets.notes[NOTE_NO_TIME], 1);
	/* Back as well. */
	intake_shift_times(&in, -5 * (int64_t)NS_PER_S);
	ts_ns = T0 + 20 * NS_PER_S;
	read_from(0);
	ck_assert_uint_eq(in.batch[0].ts_ns, T0 + 15 * NS_PER_S);
	end();
}
END_TEST

START_TEST(time_that_is_shifted_before_1970_is_none)
{
	static const uint64_t too_early[] = {1, 4 * NS_PER_S, 5 * NS_PER_S};

	begin();
	open_intake();
	intake_shift_times(&in, -5 * (int64_t)NS_PER_S);
	put_udp();
	ts_ns = T0 + 5 * NS_PER_S;
	read_from(0);
	for (unsigned i = 0; i < 3; i++) {
		ts_ns = too_early[i];
		read_from(0);
		ck_assert_uint_eq(in.batch[i + 1].ts_ns, T0);
	}
	ck_assert_uint_eq(in.packets.notes[NOTE_NO_TIME], 3);
	ck_assert_uint_eq(in.packets.notes[NOTE_TIME_SHIFTED], 1);
	ck_assert_uint_eq(restarts, 0);
	ts_ns = 5 * NS_PER_S + 1;
	read_from(0);
	ck_assert_uint_eq(in.batch[0].ts_ns, 1);
	ck_assert_uint_eq(in.packets.notes[NOTE_TIME_SHIFTED], 2);
	end();
}
END_TEST

START_TEST(clock_that_steps_back_is_told_before_the_packet)
{
	begin();
	open_intake();
	put_udp();
	read_from(0);
	ts_ns = T0 - 61 * NS_PER_S;
	read_from(0);
	ck_assert_uint_eq(restarts, 1);
	ck_assert_uint_eq(in.batched, 1);
	ck_assert_uint_eq(in.batch[0].clock_ns, T0 - 61 * NS_PER_S);
	ck_assert_uint_eq(in.packets.notes[NOTE_CLOCK_RESTARTS], 1);
	end();
}
END_TEST

START_TEST(link_type_that_is_not_decoded_is_told_once_an_interface)
{
	static struct source mixed = {
	    .ops = &fake_ops, .name = "mixed.pcapng", .linktype = SOURCE_LINKTYPES};
	const char *said;

	begin();
	open_intake();
	ck_assert_int_eq(intake_open(&in, 1, &mixed), 0);
	put_udp();
	interface = 1;
	intake_read(&in, 1, &mixed);
	ck_assert_uint_eq(in.packets.metered, 1);
	ck_assert(!in.incomplete);
	linktype = 147;
	interface = 3;
	repeat = 5;
	said_begin();
	intake_read(&in, 1, &mixed);
	said = said_end();
	ck_assert_msg(said_one_message(said), "%s", said);
	ck_assert_ptr_nonnull(
	    strstr(said, "mixed.pcapng: interface 2: link type 147 (unknown to libpcap) is not"));
	ck_assert_uint_eq(in.packets.ignored[IGNORED_LINK_TYPE], 5);
	ck_assert_uint_eq(in.unmetered.packets, 5);
	ck_assert_uint_eq(in.unmetered.octets, 5 * 60);
	ck_assert_uint_eq(in.packets.received, 6);
	ck_assert(in.incomplete);
	repeat = 1;
	said_begin();
	for (interface = 4; interface < 100; interface++)
		intake_read(&in, 1, &mixed);
	said = said_end();
	ck_assert_ptr_nonnull(strstr(said, "interface 17: "));
	ck_assert_ptr_null(strstr(said, "interface 18: "));
	linktype = DLT_EN10MB;
	interface = 0;
	end();
}
END_TEST

START_TEST(source_of_a_link_type_that_is_not_decoded_is_refused)
{
	static struct source usb = {.ops = &fake_ops, .name = "usb.pcap", .linktype = 189};
	const char *said;

	begin();
	open_intake();
	said_begin();
	ck_assert_int_eq(intake_open(&in, 0, &usb), -ENOTSUP);
	said = said_end();
	ck_assert_msg(said_one_message(said), "%s", said);
	ck_assert_ptr_nonnull(
	    strstr(said, "usb.pcap: link type 189 (USB with Linux header) is not decoded"));
	end();
}
END_TEST

START_TEST(limits_end_the_intake)
{
	begin();
	config->packet_limit = 5;
	open_intake();
	put_udp();
	repeat = 9;
	/* The source is not asked for a sixth, which may never come. */
	ck_assert_int_eq(intake_read(&in, 0, &fake), 5);
	ck_assert(in.limit_reached);
	ck_assert_uint_eq(in.packets.received, 5);
	read_from(0);
	ck_assert_uint_eq(in.packets.received, 5);
	end();
	begin();
	config->duration_ns = NS_PER_S;
	open_intake();
	put_udp();
	read_from(0);
	ts_ns = T0 + NS_PER_S - 1;
	read_from(0);
	ck_assert(!in.limit_reached);
	ts_ns = T0 + NS_PER_S;
	read_from(0);
	ck_assert(in.limit_reached);
	ck_assert_uint_eq(in.packets.received, 2);
	end();
}
END_TEST

START_TEST(duration_begins_with_the_first_packet_that_has_a_time)
{
	begin();
	config->duration_ns = NS_PER_S;
	open_intake();
	put_udp();
	repeat = 2;
	ts_ns = 0;
	read_from(0);
	ts_ns = T0;
	read_from(0);
	ts_ns = T0 + NS_PER_S - 1;
	read_from(0);
	ck_assert(!in.limit_reached);
	ck_assert_uint_eq(in.packets.received, 6);
	ts_ns = T0 + NS_PER_S;
	read_from(0);
	ck_assert(in.limit_reached);
	ck_assert_uint_eq(in.packets.received, 6);
	end();
}
END_TEST

Suite *intake_suite(void)
{
	const TTest *const tests[] = {
	    packet_comes_into_the_batch_with_its_times,
	    what_could_not_be_metered_is_told_with_its_dates,
	    packets_of_a_run_are_counted_each,
	    runs_are_stamped_as_single_packets_are,
	    rules_stand_before_or_behind_the_decoder,
	    batch_that_spans_a_second_is_taken,
	    every_packet_moves_the_clock_that_batches_are_taken_by,
	    classes_have_rules_and_counts_of_their_own,
	    level_of_overload_is_the_rule_of_all,
	    port_map_gives_interfaces,
	    later_fragments_have_ports_before_anything_looks_at_them,
	    times_are_shifted_where_there_are_any,
	    time_that_is_shifted_before_1970_is_none,
	    clock_that_steps_back_is_told_before_the_packet,
	    link_type_that_is_not_decoded_is_told_once_an_interface,
	    source_of_a_link_type_that_is_not_decoded_is_refused,
	    limits_end_the_intake,
	    duration_begins_with_the_first_packet_that_has_a_time,
	};

	return SUITE_OF("intake", tests);
}
