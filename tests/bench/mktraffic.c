/*
 * mktraffic: writes a capture file of made-up traffic, the same bytes for the
 * same options on every machine.
 *
 * The traffic is a population of C concurrent unidirectional flows. A credit
 * decides which packets start a new flow: one in N, exactly, once C flows
 * live. For each birth beyond C one flow, chosen at random, ends: TCP with a
 * FIN as its last packet, UDP by falling silent. All other packets belong to a
 * flow chosen by the popularity of its slot, which is skewed; short and long
 * flows, slow and fast ones follow from that, and the number of flows stays at
 * C.
 *
 * Payloads are zeros, so that the checksums, which are all right, cost little.
 * No two packets of a flow are equal: TCP acknowledges one octet more each time,
 * and UDP carries the packet's number.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 1 << 20,
	FRAME_MAX = 9018,      /* a jumbo frame, FCS included */
	ROOM = 16 + FRAME_MAX, /* pcap's packet header and the frame */
	FCS_LEN = 4,
	UDP_NUMBER = 4, /* octets of payload that number the packets of a flow */
	START_SECONDS = 1700000000,
	MSS_WIRE = 1518,
};

enum tcp_flag { TH_FIN = 0x01, TH_SYN = 0x02, TH_PSH = 0x08, TH_ACK = 0x10 };

struct options {
	const char *mode;
	const char *file;
	uint64_t packets;
	uint64_t flows;
	uint64_t new_every; /* one packet in so many starts a flow */
	uint64_t ramp;      /* at least so many do until all flows live */
	uint64_t wire_size; /* 0: heavy-tailed */
	uint64_t snap;
	uint64_t ipv6_percent, vlan_percent, udp_percent;
	uint64_t rate;   /* packets a second of capture time */
	uint64_t jitter; /* ns that a packet's time may be before its place */
	uint64_t seed;
	bool microseconds;
};

/* What a flow keeps from packet to packet; all the rest follows from its id. */
struct flow {
	uint64_t id;
	uint32_t seq;
	uint32_t packets;
	bool ends; /* its next packet is its last */
};

struct traffic {
	const struct options *opt;
	struct flow *slots;
	uint64_t slots_used;
	uint64_t flows_made;
	uint64_t dying; /* the slot whose flow ends next, or NONE */
	uint64_t credit;
	uint64_t random_state;
};

struct writer {
	int fd;
	size_t used;
	uint64_t written;
	uint8_t buffer[BUFFER_SIZE];
};

static const uint64_t NONE = UINT64_MAX;

/* ---- random numbers (splitmix64, by Sebastiano Vigna, public domain) ---- */

static uint64_t mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
	return x ^ (x >> 31);
}

static uint64_t next_random(struct traffic *t)
{
	return mix64(t->random_state += 0x9e3779b97f4a7c15U);
}

/* A number below n (at most 2^32) out of 32 random bits. */
static uint64_t below(uint32_t bits, uint64_t n)
{
	return (bits * n) >> 32;
}

/* ---- output ---- */

static int flush_writer(struct writer *w)
{
	size_t done = 0;

	while (done < w->used) {
		ssize_t n = write(w->fd, w->buffer + done, w->used - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	w->written += w->used;
	w->used = 0;
	return 0;
}

static void put16(uint8_t *p, uint16_t value)
{
	value = htobe16(value);
	memcpy(p, &value, sizeof value);
}

static void put32(uint8_t *p, uint32_t value)
{
	value = htobe32(value);
	memcpy(p, &value, sizeof value);
}

static void put64(uint8_t *p, uint64_t value)
{
	value = htobe64(value);
	memcpy(p, &value, sizeof value);
}

/* pcap's own headers are in the byte order of the machine. */
static void put_native32(uint8_t *p, uint32_t value)
{
	memcpy(p, &value, sizeof value);
}

static void put_file_header(struct writer *w, const struct options *opt)
{
	uint8_t *p = w->buffer;
	const uint16_t version[2] = {2, 4};

	put_native32(p, opt->microseconds ? 0xa1b2c3d4U : 0xa1b23c4dU);
	memcpy(p + 4, version, sizeof version);
	put_native32(p + 8, 0);
	put_native32(p + 12, 0);
	put_native32(p + 16, (uint32_t)opt->snap);
	put_native32(p + 20, 1); /* LINKTYPE_ETHERNET */
	w->used = 24;
}

/* ---- headers ---- */

static uint32_t sum16(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum >> 16) + (sum & 0xffff);
	sum += sum >> 16;
	return (uint16_t)~sum;
}

struct shape {
	uint64_t hash; /* of the flow's id: decides all below */
	bool ipv6, vlan, udp;
};

static struct shape flow_shape(const struct traffic *t, const struct flow *flow)
{
	uint64_t hash = mix64(flow->id * 0x9e3779b97f4a7c15U + t->opt->seed);

	return (struct shape){
	    .hash = hash,
	    .ipv6 = hash % 100 < t->opt->ipv6_percent,
	    .vlan = hash / 100 % 100 < t->opt->vlan_percent,
	    .udp = hash / 10000 % 100 < t->opt->udp_percent,
	};
}

static size_t put_ethernet(uint8_t *p, const struct shape *shape)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	size_t len = sizeof macs;

	memcpy(p, macs, sizeof macs);
	if (shape->vlan) {
		put16(p + len, 0x8100);
		put16(p + len + 2, (uint16_t)(100 + shape->hash / 1000000 % 16));
		len += 4;
	}
	put16(p + len, shape->ipv6 ? 0x86dd : 0x0800);
	return len + 2;
}

/*
 * The client's address and port tell the flow's id and nothing else, so no
 * two flows share a key: 24 bits scattered over 10.0.0.0/8 (or one /64), the
 * bits above them in the port.
 */
static uint32_t client_address(uint64_t id)
{
	return (uint32_t)(id * 0x9e3779b1U) & 0xffffffU;
}

static uint16_t client_port(uint64_t id)
{
	return (uint16_t)(1024 + ((id >> 24) + mix64(id & 0xffffffU) % 64512) % 64512);
}

static uint16_t server_port(const struct shape *shape)
{
	static const uint16_t tcp[8] = {443, 443, 443, 80, 80, 22, 25, 8080};
	static const uint16_t udp[8] = {53, 53, 53, 443, 443, 123, 161, 5060};

	return (shape->udp ? udp : tcp)[shape->hash >> 32 & 7];
}

static size_t put_ipv4(uint8_t *p, const struct flow *flow, const struct shape *shape, size_t len)
{
	memset(p, 0, 20);
	p[0] = 0x45;
	put16(p + 2, (uint16_t)len);
	put16(p + 4, (uint16_t)flow->packets);
	p[6] = 0x40; /* don't fragment */
	p[8] = 64;
	p[9] = shape->udp ? 17 : 6;
	put32(p + 12, 0x0a000000U | client_address(flow->id));
	put32(p + 16, 0xc6120000U | (uint32_t)(shape->hash >> 40 & 0x1ffff));
	put16(p + 10, fold(sum16(p, 20)));
	return 20;
}

static size_t put_ipv6(uint8_t *p, const struct flow *flow, const struct shape *shape, size_t len)
{
	memset(p, 0, 40);
	p[0] = 0x60;
	put16(p + 4, (uint16_t)(len - 40));
	p[6] = shape->udp ? 17 : 6;
	p[7] = 64;
	put64(p + 8, 0x20010db800000001U);
	put64(p + 16, client_address(flow->id));
	put64(p + 24, 0x20010db800000002U);
	put64(p + 32, shape->hash >> 40 & 0x1ffff);
	return 40;
}

static void put_transport(uint8_t *p, const struct flow *flow, const struct shape *shape,
    uint8_t flags, uint32_t address_sum, size_t len)
{
	uint8_t *checksum = p + (shape->udp ? 6 : 16);
	size_t header = shape->udp ? 8 : 20;
	uint16_t value;

	memset(p, 0, header);
	put16(p, client_port(flow->id));
	put16(p + 2, server_port(shape));
	if (shape->udp) {
		put16(p + 4, (uint16_t)len);
	} else {
		put32(p + 4, (uint32_t)shape->hash + flow->seq);
		put32(p + 8, flags & TH_ACK ? (uint32_t)(shape->hash >> 32) + flow->packets : 0);
		p[12] = 0x50;
		p[13] = flags;
		put16(p + 14, 0xffff);
	}
	if (shape->udp) {
		put32(p + header, flow->packets);
		header += UDP_NUMBER;
	}
	value = fold(address_sum + sum16(p, header) + (uint32_t)len + (shape->udp ? 17U : 6U));
	put16(checksum, value == 0 ? 0xffff : value);
}

/*
 * The size on the wire, FCS included. Heavy-tailed: two packets in five are
 * the smallest, one in four is full, the rest lies between with a density
 * that falls with the size.
 */
static size_t wire_size(struct traffic *t)
{
	uint64_t random, kind;

	if (t->opt->wire_size != 0)
		return (size_t)t->opt->wire_size;
	random = next_random(t);
	kind = random % 100;
	if (kind < 40)
		return 64;
	if (kind >= 75)
		return MSS_WIRE;
	random = below((uint32_t)(random >> 32), MSS_WIRE - 64);
	return (size_t)(64 + random * random / (MSS_WIRE - 64));
}

/* Returns the length of the whole frame without FCS, padding included. */
static size_t put_frame(uint8_t *p, struct traffic *t, struct flow *flow, uint8_t flags)
{
	struct shape shape = flow_shape(t, flow);
	bool bare = !shape.udp && (flags & (TH_SYN | TH_FIN)) != 0;
	size_t link = put_ethernet(p, &shape);
	size_t header = (shape.ipv6 ? 40U : 20U) + (shape.udp ? 8U + UDP_NUMBER : 20U);
	size_t frame = (bare ? 64 : wire_size(t)) - FCS_LEN;
	size_t packet = bare || frame < link + header ? header : frame - link;
	size_t at = link;
	uint32_t address_sum;

	if (shape.ipv6) {
		at += put_ipv6(p + link, flow, &shape, packet);
		address_sum = sum16(p + link + 8, 32);
	} else {
		at += put_ipv4(p + link, flow, &shape, packet);
		address_sum = sum16(p + link + 12, 8);
	}
	put_transport(p + at, flow, &shape, flags, address_sum, packet - (at - link));
	if (frame < link + packet)
		frame = link + packet;
	memset(p + link + header, 0, frame - link - header);
	flow->packets++;
	flow->seq += (uint32_t)(packet - header) + (flags & (TH_SYN | TH_FIN) ? 1 : 0);
	return frame;
}

/* ---- the population ---- */

static uint64_t random_slot(struct traffic *t)
{
	return below((uint32_t)next_random(t), t->slots_used);
}

/* Low slots are popular: the density falls with the root of the slot. */
static uint64_t popular_slot(struct traffic *t)
{
	uint64_t u = next_random(t) >> 32;

	return below((uint32_t)((u * u) >> 32), t->slots_used);
}

static void begin_flow(struct traffic *t, uint64_t slot)
{
	t->slots[slot] = (struct flow){.id = t->flows_made++};
}

/* A birth takes a slot of its own until C are taken, then that of a flow that ended. */
static uint64_t birth(struct traffic *t)
{
	uint64_t slot;

	if (t->slots_used < t->opt->flows) {
		slot = t->slots_used++;
	} else if (t->dying != NONE && t->slots[t->dying].ends == false) {
		slot = t->dying;
		t->dying = NONE;
	} else {
		slot = random_slot(t);
	}
	begin_flow(t, slot);
	return slot;
}

/*
 * After a birth one flow of the full population is told to end. TCP sends its
 * FIN with the next packet; UDP has nothing to say. Where nearly every packet
 * is a birth there is no room for that packet, and flows just fall silent.
 */
static void choose_dying(struct traffic *t)
{
	uint64_t slot;

	if (t->slots_used < t->opt->flows || t->opt->new_every < 3)
		return;
	slot = random_slot(t);
	t->slots[slot].ends = !flow_shape(t, &t->slots[slot]).udp;
	t->dying = slot;
}

static bool birth_is_due(struct traffic *t)
{
	uint64_t every = t->opt->new_every;

	if (t->slots_used < t->opt->flows && every > t->opt->ramp)
		every = t->opt->ramp;
	if (++t->credit < every && t->slots_used > 0)
		return false;
	t->credit = 0;
	return true;
}

static size_t put_next(uint8_t *p, struct traffic *t)
{
	uint64_t slot;
	struct flow *flow;
	uint8_t flags = TH_ACK;

	if (birth_is_due(t)) {
		slot = birth(t);
		choose_dying(t);
		flags = TH_SYN;
	} else if (t->dying != NONE && t->slots[t->dying].ends) {
		slot = t->dying;
		flags = TH_FIN | TH_ACK;
	} else {
		slot = popular_slot(t);
		flags = TH_PSH | TH_ACK;
		if (slot == t->dying)
			slot = (slot + 1) % t->slots_used;
	}
	flow = &t->slots[slot];
	if (flags & TH_FIN)
		flow->ends = false;
	return put_frame(p, t, flow, flags);
}

/* When packet `n` was captured, in ns since the start; with jitter it may be before that. */
static uint64_t time_of(const struct options *opt, uint64_t n)
{
	uint64_t ns = n / opt->rate * 1000000000U + n % opt->rate * 1000000000U / opt->rate;

	return ns - (opt->jitter ? mix64(opt->seed + n) % opt->jitter : 0);
}

static int write_traffic(struct writer *w, struct traffic *t)
{
	const struct options *opt = t->opt;
	int rc;

	put_file_header(w, opt);
	for (uint64_t n = 0; n < opt->packets; n++) {
		uint8_t *p = w->buffer + w->used;
		uint64_t at = (uint64_t)START_SECONDS * 1000000000U + time_of(opt, n);
		uint64_t ns = at % 1000000000U;
		size_t length = put_next(p + 16, t);
		size_t captured = length < opt->snap ? length : (size_t)opt->snap;

		put_native32(p, (uint32_t)(at / 1000000000U));
		put_native32(p + 4, (uint32_t)(opt->microseconds ? ns / 1000 : ns));
		put_native32(p + 8, (uint32_t)captured);
		put_native32(p + 12, (uint32_t)length);
		w->used += 16 + captured;
		if (w->used + ROOM > BUFFER_SIZE) {
			rc = flush_writer(w);
			if (rc < 0)
				return rc;
		}
	}
	return flush_writer(w);
}

/* ---- the command line ---- */

static void usage(FILE *out)
{
	fputs("usage: mktraffic [options] FILE\n"
	      "Writes a pcap file of made-up traffic; the same options give the same bytes.\n"
	      "  -n, --packets N   packets (default 5000000)\n"
	      "  -m, --mode MODE   mix: 100000 flows, one packet in 6 starts one (default);\n"
	      "                    few: 1000 flows, one packet in 1000; flood: each packet;\n"
	      "                    million, ten-million: so many flows, one packet in 20\n"
	      "  -c, --flows N     flows alive at a time, instead of the mode's number\n"
	      "  -e, --new N       one packet in N starts a flow, instead of the mode's number\n"
	      "  -p, --ramp N      at least one in N until all flows live (default 6;\n"
	      "                    ten-million: 2)\n"
	      "  -l, --size SIZE   bytes on the wire, FCS included: 64 to 9018 (default 64; a\n"
	      "                    packet whose headers need more gets more), or `tail'\n"
	      "  -S, --snap N      captured bytes at most (default 65535)\n"
	      "  -6, --ipv6 PCT    share of flows that are IPv6 (default 20)\n"
	      "  -V, --vlan PCT    share of flows with an 802.1Q tag (default 10)\n"
	      "  -u, --udp PCT     share of flows that are UDP, not TCP (default 30)\n"
	      "  -r, --rate PPS    packets a second of capture time (default 1000000)\n"
	      "  -j, --jitter NS   a packet's time is up to so many ns earlier than its place\n"
	      "                    in the file says (default 0)\n"
	      "  -s, --seed N      another population (default 1)\n"
	      "      --us          microsecond timestamps (default nanoseconds)\n"
	      "  -h, --help        this text\n",
	    out);
}

static uint64_t number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || value < min ||
	    value > max) {
		fprintf(stderr, "mktraffic: --%s %s: not a number from %llu to %llu\n", option,
		    text, (unsigned long long)min, (unsigned long long)max);
		exit(2);
	}
	return value;
}

/* A mode is a set of defaults; --flows, --new and --ramp overrule it. */
static void apply_mode(struct options *opt)
{
	static const struct {
		const char *name;
		uint64_t flows, new_every, ramp;
	} modes[] = {{"mix", 100000, 6, 6}, {"few", 1000, 1000, 6}, {"flood", 100000, 1, 6},
	    {"million", 1000000, 20, 6}, {"ten-million", 10000000, 20, 2}};

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(modes[i].name, opt->mode) != 0)
			continue;
		if (opt->flows == 0)
			opt->flows = modes[i].flows;
		if (opt->new_every == 0)
			opt->new_every = modes[i].new_every;
		if (opt->ramp == 0)
			opt->ramp = modes[i].ramp;
		return;
	}
	fprintf(stderr, "mktraffic: --mode %s: not mix, few, flood, million or ten-million\n",
	    opt->mode);
	exit(2);
}

static void parse_options(struct options *opt, int argc, char **argv)
{
	static const struct option longs[] = {
	    {"packets", required_argument, NULL, 'n'},
	    {"mode", required_argument, NULL, 'm'},
	    {"flows", required_argument, NULL, 'c'},
	    {"new", required_argument, NULL, 'e'},
	    {"ramp", required_argument, NULL, 'p'},
	    {"size", required_argument, NULL, 'l'},
	    {"snap", required_argument, NULL, 'S'},
	    {"ipv6", required_argument, NULL, '6'},
	    {"vlan", required_argument, NULL, 'V'},
	    {"udp", required_argument, NULL, 'u'},
	    {"rate", required_argument, NULL, 'r'},
	    {"jitter", required_argument, NULL, 'j'},
	    {"seed", required_argument, NULL, 's'},
	    {"us", no_argument, NULL, 'U'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "n:m:c:e:p:l:S:6:V:u:r:j:s:h", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			opt->packets = number("packets", optarg, 0, 1U << 31);
			break;
		case 'm':
			opt->mode = optarg;
			break;
		case 'c':
			opt->flows = number("flows", optarg, 2, 1U << 28);
			break;
		case 'e':
			opt->new_every = number("new", optarg, 1, 1U << 31);
			break;
		case 'p':
			opt->ramp = number("ramp", optarg, 1, 1U << 31);
			break;
		case 'l':
			opt->wire_size =
			    strcmp(optarg, "tail") == 0 ? 0 : number("size", optarg, 64, FRAME_MAX);
			break;
		case 'S':
			opt->snap = number("snap", optarg, 14, 65535);
			break;
		case '6':
			opt->ipv6_percent = number("ipv6", optarg, 0, 100);
			break;
		case 'V':
			opt->vlan_percent = number("vlan", optarg, 0, 100);
			break;
		case 'u':
			opt->udp_percent = number("udp", optarg, 0, 100);
			break;
		case 'r':
			opt->rate = number("rate", optarg, 1, 1000000000);
			break;
		case 'j':
			opt->jitter = number("jitter", optarg, 0, 1000000000);
			break;
		case 's':
			opt->seed = number("seed", optarg, 0, UINT64_MAX);
			break;
		case 'U':
			opt->microseconds = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind + 1 != argc) {
		usage(stderr);
		exit(2);
	}
	opt->file = argv[optind];
	apply_mode(opt);
}

static int make_file(const struct options *opt, struct traffic *t, struct writer *w)
{
	int rc;

	w->fd = open(opt->file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (w->fd < 0)
		return -errno;
	rc = write_traffic(w, t);
	if (close(w->fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int main(int argc, char **argv)
{
	struct options opt = {
	    .mode = "mix",
	    .packets = 5000000,
	    .wire_size = 64,
	    .snap = 65535,
	    .ipv6_percent = 20,
	    .vlan_percent = 10,
	    .udp_percent = 30,
	    .rate = 1000000,
	    .seed = 1,
	};
	struct traffic t = {.opt = &opt, .dying = NONE};
	static struct writer w;
	int rc;

	parse_options(&opt, argc, argv);
	t.random_state = mix64(opt.seed);
	t.slots = calloc((size_t)opt.flows, sizeof *t.slots);
	rc = t.slots == NULL ? -ENOMEM : make_file(&opt, &t, &w);
	free(t.slots);
	if (rc < 0) {
		fprintf(stderr, "mktraffic: %s: %s\n", opt.file, strerror(-rc));
		return 1;
	}
	printf("packets %llu flows %llu bytes %llu\n", (unsigned long long)opt.packets,
	    (unsigned long long)t.flows_made, (unsigned long long)w.written);
	return 0;
}
