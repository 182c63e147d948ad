/*
 * stages: what each stage takes for a packet, record or message of a capture, so that a program
 * that got slower names the stage that did.
 *
 *     stages [SPANFLOW'S OPTIONS] CAPTURE
 *
 * Prints a line of CSV for each stage: name, unit, how many of them, ns for one. Where a stage is
 * called for a batch of packets, the median, the 99.9th percentile and the longest of these calls
 * follow, in ns.
 *
 * read, intake: the whole capture, from the source to a function that does nothing, or to the
 * batch (intake.h). Then the capture goes through the other stages piece by piece, each of which
 * is timed alone: decode (of packets that are in the cache, without what intake adds), table
 * (table_account), expiry (table_sweep), end (table_end_all), encode (records into the collector's
 * queue) and send (messages from there to a socket on 127.0.0.1).
 *
 * All times are processor time of this one thread: what else the machine does is in none of them,
 * but for what it does to the caches.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "collector.h"
#include "conf/config.h"
#include "intake.h"
#include "meter/record.h"
#include "meter/table.h"
#include "own_export.h"
#include "transport/udp.h"
#include "util/ahead.h"
#include "util/units.h"

enum {
	PIECE = 16 * TABLE_BATCH, /* packets */
	KEPT_OCTETS = 256,        /* of a packet: headers */
	RECORDS = 65536,
	RECEIVE_BUFFER = 8 << 20,
};

enum stage { READ, INTAKE, DECODE, TABLE, EXPIRY, END, ENCODE, SEND, STAGE_COUNT };

static const struct {
	const char *name, *unit;
} stage_names[STAGE_COUNT] = {
    [READ] = {"read", "packet"},
    [INTAKE] = {"intake", "packet"},
    [DECODE] = {"decode", "packet"},
    [TABLE] = {"table", "packet"},
    [EXPIRY] = {"expiry", "packet"},
    [END] = {"end", "record"},
    [ENCODE] = {"encode", "record"},
    [SEND] = {"send", "message"},
};

struct samples {
	uint32_t *ns;
	size_t count, room;
};

/* What a stage took so far. */
struct account {
	uint64_t ns;
	uint64_t units;
	struct samples batches;
};

struct bench {
	struct config config;
	struct own_exports own_exports;
	struct account stages[STAGE_COUNT];
	uint64_t look_ns;  /* what it takes to look at the clock */
	uint64_t aside_ns; /* spent by whoever was called from within a stage that is timed */

	struct clock clock;
	struct packet packets[PIECE];
	uint8_t octets[PIECE][KEPT_OCTETS];
	unsigned packet_count;
	struct pktinfo infos[PIECE];
	unsigned info_count;

	struct table *table;
	struct ahead *ahead; /* brings its memory in, as in the program */
	struct record records[RECORDS];
	unsigned record_count;
	struct collector *collector;
	int receiver;
	uint64_t received;
};

static struct bench bench;

static void die(const char *what, int error)
{
	fprintf(stderr, "stages: %s: %s\n", what, strerror(error));
	exit(1);
}

/* -- time ------------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* The least of many, so that nothing is taken off that was not there. */
static uint64_t time_of_a_look(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 10000; i++) {
		uint64_t begin = now_ns(), took = now_ns() - begin;

		if (took < least)
			least = took;
	}
	return least;
}

/* Now, on a clock that stands still while something is aside. */
static uint64_t mark(const struct bench *b)
{
	return now_ns() - b->aside_ns;
}

/* The stage has worked since `begin`: so long. */
static uint64_t charge(struct bench *b, enum stage stage, uint64_t begin, uint64_t units)
{
	uint64_t took = mark(b) - begin;

	took -= took < b->look_ns ? took : b->look_ns;
	b->stages[stage].ns += took;
	b->stages[stage].units += units;
	return took;
}

static void add_sample(struct bench *b, enum stage stage, uint64_t ns)
{
	struct samples *s = &b->stages[stage].batches;

	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 65536;
		s->ns = realloc(s->ns, s->room * sizeof(*s->ns));
		if (!s->ns)
			die("samples", ENOMEM);
	}
	s->ns[s->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

/* -- read and intake, over the whole capture -------------------------------------------------- */

static struct source *open_capture(const struct config *c)
{
	struct source_file_options options = {.path = c->files[0].name, .ingress = c->file_ingress};
	struct source *source = NULL;

	if (source_file_open(&options, &source) < 0)
		exit(1);
	return source;
}

static bool ignore_packets(void *ctx, const struct packet packets[], unsigned n)
{
	(void)ctx;
	(void)packets;
	(void)n;
	return true;
}

static void time_read(struct bench *b)
{
	struct source *source = open_capture(&b->config);
	uint64_t begin = mark(b), packets = 0;
	int n;

	while ((n = source_read(source, TABLE_BATCH, ignore_packets, NULL)) > 0)
		packets += (uint64_t)n;
	charge(b, READ, begin, packets);
	source_close(source);
}

static void take_batch(void *ctx, bool restarts)
{
	(void)restarts;
	intake_begin_batch(ctx);
}

static void time_intake(struct bench *b)
{
	static struct intake intake;
	struct intake_options options = {.config = &b->config,
	    .own_exports = &b->own_exports,
	    .sources = 1,
	    .take_batch = take_batch,
	    .take_batch_ctx = &intake};
	struct source *source = open_capture(&b->config);
	uint64_t begin;

	if (intake_init(&intake, &options) < 0 || intake_open(&intake, 0, source) < 0)
		exit(1);
	intake.batch = b->infos;
	intake.clock.file_begins = true;
	begin = mark(b);
	while (intake_read(&intake, 0, source) > 0)
		intake_begin_batch(&intake);
	charge(b, INTAKE, begin, intake.packets.received);
	source_close(source);
	intake_fini(&intake);
}

/* -- encode and send -------------------------------------------------------------------------- */

/* Takes what has arrived, so that the socket always has room. */
static void drain(struct bench *b)
{
	uint8_t octet;

	while (recv(b->receiver, &octet, sizeof(octet), MSG_TRUNC) >= 0)
		b->received++;
}

static uint64_t messages_sent(const struct bench *b)
{
	struct ledger_collector ledger;

	collector_ledger(b->collector, &ledger);
	return ledger.sender.messages;
}

/* The time of a call that finds nothing to send would be that of no message. */
static void send_messages(struct bench *b)
{
	uint64_t entered = now_ns(), sent = messages_sent(b), begin = mark(b);

	if (!collector_is_busy(b->collector))
		return;
	collector_run(b->collector, now_ns());
	charge(b, SEND, begin, 0);
	b->stages[SEND].units += messages_sent(b) - sent;
	drain(b);
	b->aside_ns += now_ns() - entered;
}

static void export_records(struct bench *b)
{
	uint64_t entered = now_ns(), aside_before = b->aside_ns, begin = mark(b);

	for (unsigned i = 0; i < b->record_count; i++) {
		while (!collector_has_room(b->collector))
			send_messages(b);
		collector_offer(b->collector, &b->records[i]);
	}
	charge(b, ENCODE, begin, b->record_count);
	send_messages(b);
	b->record_count = 0;
	/* All of this was aside, once. */
	b->aside_ns = aside_before + now_ns() - entered;
}

static int open_receiver(uint16_t *port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int size = RECEIVE_BUFFER, fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		die("127.0.0.1", errno);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*port = ntohs(address.sin_port);
	return fd;
}

static void open_collector(struct bench *b)
{
	const struct config_collector *c = &b->config.collectors[0];
	struct transport *t = udp_create(c->url, c->host, c->port, &c->udp);
	char why[256];

	if (!t || udp_resolve(t, why, sizeof(why)) < 0)
		die(c->url, ECONNREFUSED);
	udp_hand_over(t);
	b->collector = collector_create(c, t, false);
	if (!b->collector)
		die(c->url, ENOMEM);
	collector_renew(b->collector);
}

/* -- decode, table and expiry ----------------------------------------------------------------- */

static void keep_packet(struct bench *b, const struct packet *packet)
{
	struct packet *kept = &b->packets[b->packet_count];

	*kept = *packet;
	if (kept->caplen > KEPT_OCTETS)
		kept->caplen = KEPT_OCTETS;
	kept->data = b->octets[b->packet_count++];
	memcpy(b->octets[b->packet_count - 1], packet->data, kept->caplen);
}

static bool keep_packets(void *ctx, const struct packet packets[], unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		keep_packet(ctx, &packets[i]);
	return true;
}

static void decode_piece(struct bench *b)
{
	uint64_t begin = mark(b);

	b->info_count = 0;
	for (unsigned i = 0; i < b->packet_count; i++) {
		struct pktinfo *info = &b->infos[b->info_count];
		struct stamp stamp = clock_stamp(&b->clock, b->packets[i].ts_ns);

		if (decode_packet(&b->packets[i], &b->config.decode, info) != IGNORED_NOT)
			continue;
		info->ts_ns = stamp.ts_ns;
		info->clock_ns = stamp.clock_ns;
		info->late = stamp.late;
		b->info_count++;
	}
	charge(b, DECODE, begin, b->packet_count);
}

static void end_flow(void *ctx, const struct flow *f, const struct detail *detail,
    enum end_reason reason, uint64_t clock_ns)
{
	struct bench *b = ctx;
	struct clock_time now = {clock_ns, clock_ns};

	if (b->record_count == RECORDS)
		export_records(b);
	record_fill(&b->records[b->record_count++], f, detail, reason, &now);
}

static void meter_piece(struct bench *b)
{
	for (unsigned i = 0; i < b->info_count; i += TABLE_BATCH) {
		unsigned n =
		    b->info_count - i < TABLE_BATCH ? b->info_count - i : (unsigned)TABLE_BATCH;
		uint64_t clock_ns = b->infos[i + n - 1].clock_ns;
		uint64_t begin = mark(b);

		table_account(b->table, &b->infos[i], n);
		add_sample(b, TABLE, charge(b, TABLE, begin, n));
		begin = mark(b);
		table_sweep(b->table, clock_ns, SIZE_MAX);
		add_sample(b, EXPIRY, charge(b, EXPIRY, begin, n));
	}
}

static void ask_ahead(void *ctx, void *memory, size_t octets)
{
	struct bench *b = ctx;

	ahead_ask(b->ahead, memory, octets);
}

static struct table *create_table(struct bench *b)
{
	struct table_options options = {
	    .max_flows = b->config.max_flows,
	    .timeouts = b->config.timeouts,
	    .seed = 1,
	    .details = b->config.decode.details,
	    .key_changes = b->config.key_changes,
	    .end = end_flow,
	    .end_ctx = b,
	    .ahead = ask_ahead,
	    .ahead_ctx = b,
	};
	struct table *table;

	b->ahead = ahead_create();
	if (!b->ahead)
		die("ahead", ENOMEM);
	table = table_create(&options);

	if (!table)
		die("table", ENOMEM);
	return table;
}

static void end_all(struct bench *b)
{
	uint64_t active = table_stats(b->table)->active, begin = mark(b);

	table_end_all(b->table, b->clock.now_ns);
	charge(b, END, begin, active);
	export_records(b);
	collector_finish(b->collector);
	send_messages(b);
}

static void time_pieces(struct bench *b)
{
	struct source *source = open_capture(&b->config);

	b->table = create_table(b);
	open_collector(b);
	do {
		b->packet_count = 0;
		while (b->packet_count < PIECE &&
		    source_read(source, TABLE_BATCH, keep_packets, b) > 0)
			continue;
		decode_piece(b);
		meter_piece(b);
		export_records(b);
	} while (b->packet_count > 0);
	end_all(b);
	source_close(source);
}

/* -- results ---------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_stage(const struct bench *b, enum stage stage)
{
	const struct account *a = &b->stages[stage];
	const struct samples *s = &a->batches;

	printf("%s,%s,%llu,%.2f", stage_names[stage].name, stage_names[stage].unit,
	    (unsigned long long)a->units, a->units ? (double)a->ns / (double)a->units : 0.0);
	if (s->count == 0) {
		puts(",,,");
		return;
	}
	qsort(s->ns, s->count, sizeof(*s->ns), compare);
	printf(",%u,%u,%u\n", s->ns[s->count / 2], s->ns[(size_t)((double)s->count * 0.999)],
	    s->ns[s->count - 1]);
}

static void check_received(struct bench *b)
{
	uint64_t sent = messages_sent(b);

	drain(b);
	if (b->received != sent)
		fprintf(stderr, "stages: %llu datagrams sent, %llu arrived: send is not right\n",
		    (unsigned long long)sent, (unsigned long long)b->received);
}

/* The options and the capture, as spanflow would have them, to a collector of our own. */
static void parse(struct bench *b, int argc, char **argv, uint16_t port)
{
	char **words = calloc((size_t)argc + 5, sizeof(*words));
	char url[64];
	int n = 0;

	if (!words)
		die("options", ENOMEM);
	snprintf(url, sizeof(url), "127.0.0.1:%u,rate=0", port);
	while (n < argc - 1) {
		words[n] = argv[n];
		n++;
	}
	words[n++] = "-r";
	words[n++] = argv[argc - 1];
	words[n++] = "-n";
	words[n++] = url;
	config_init(&b->config);
	if (config_parse(&b->config, n, words) < 0)
		exit(2);
	free(words);
}

int main(int argc, char **argv)
{
	struct bench *b = &bench;
	uint16_t port;

	if (argc < 2) {
		fputs("usage: stages [SPANFLOW'S OPTIONS] CAPTURE\n", stderr);
		return 2;
	}
	b->look_ns = time_of_a_look();
	b->receiver = open_receiver(&port);
	parse(b, argc, argv, port);
	time_read(b);
	time_intake(b);
	time_pieces(b);
	check_received(b);
	for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
		print_stage(b, stage);
	collector_destroy(b->collector);
	ahead_destroy(b->ahead);
	table_destroy(b->table);
	config_fini(&b->config);
	for (enum stage stage = 0; stage < STAGE_COUNT; stage++)
		free(b->stages[stage].batches.ns);
	close(b->receiver);
	return b->stages[READ].units == b->stages[DECODE].units ? 0 : 1;
}
