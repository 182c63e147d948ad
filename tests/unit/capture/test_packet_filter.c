/*
 * The kernel's programs, run by libpcap's machine: what the kernel alone knows is put into them
 * beforehand, as constants.
 */
#include "suites.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/packet_filter.h"
#include "support/frame.h"
#include "support/said.h"

#define KEPT 512
#define MACS 12
#define TAG 4

/* How the kernel has a packet. */
struct kernel_packet {
	uint8_t octets[FRAME_MAX];
	uint32_t size;
	bool has_tag;
	uint32_t tpid, tci, type;
};

/* Without its first tag, where it has one and that is asked for. */
static struct kernel_packet received(const struct frame *f, bool strip)
{
	const uint8_t *at = f->octets + MACS;
	struct kernel_packet p = {
	    .size = (uint32_t)f->size, .tpid = at[0] * 256u + at[1], .tci = at[2] * 256u + at[3]};

	memcpy(p.octets, f->octets, f->size);
	p.has_tag = strip && (p.tpid == 0x8100 || p.tpid == 0x88a8);
	if (p.has_tag) {
		memmove(p.octets + MACS, p.octets + MACS + TAG, f->size - MACS - TAG);
		p.size -= TAG;
	}
	return p;
}

static bool constant(const struct kernel_packet *p, uint32_t at, uint32_t *value)
{
	const struct {
		uint32_t at, value;
	} rows[] = {{SKF_AD_PKTTYPE, p->type}, {SKF_AD_VLAN_TAG_PRESENT, p->has_tag},
	    {SKF_AD_VLAN_TPID, p->tpid}, {SKF_AD_VLAN_TAG, p->tci}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (at == (uint32_t)SKF_AD_OFF + rows[i].at) {
			*value = rows[i].value;
			return true;
		}
	return false;
}

/* How many octets the kernel keeps of the packet. */
static unsigned run(const struct sock_fprog *program, const struct kernel_packet *p)
{
	struct bpf_insn *code = calloc(program->len, sizeof(*code));
	unsigned kept;

	for (unsigned i = 0; i < program->len; i++) {
		const struct sock_filter *in = &program->filter[i];

		code[i] = (struct bpf_insn){in->code, in->jt, in->jf, in->k};
		if (BPF_CLASS(in->code) == BPF_LD && BPF_MODE(in->code) == BPF_ABS &&
		    constant(p, in->k, &code[i].k))
			code[i].code = BPF_LD | BPF_IMM;
	}
	ck_assert(bpf_validate(code, program->len));
	kept = bpf_filter(code, p->octets, p->size, p->size);
	free(code);
	return kept;
}

static int create(const char *expression, enum source_direction direction, int linktype,
    struct sock_fprog *program)
{
	struct packet_filter_options options = {.name = "eth9",
	    .expression = expression,
	    .direction = direction,
	    .linktype = linktype,
	    .snaplen = KEPT};

	return packet_filter_create(&options, program);
}

/* Whether the expression chooses the frame where it is whole. */
static bool chosen(const char *expression, const struct frame *f)
{
	struct pcap_pkthdr h = {.caplen = (uint32_t)f->size, .len = (uint32_t)f->size};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	bool is_chosen;

	ck_assert_int_eq(pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0);
	is_chosen = pcap_offline_filter(&program, &h, f->octets);
	pcap_freecode(&program);
	pcap_close(pcap);
	return is_chosen;
}

/* One of several kinds, by number. */
static struct frame frame_of(unsigned kind)
{
	static const unsigned outer[][2] = {
	    {0, 0}, {0x8100, 10}, {0x8100, 0x600a}, {0x8100, 11}, {0x88a8, 10}, {0x8100, 7}};
	static const unsigned inner[] = {0, 0, 0, 0, 7, 10};
	unsigned tags = kind / 4, type = kind & 1 ? 0x86dd : 0x0800;
	struct frame f = {.size = 0};

	frame_put_ethernet(&f, tags ? outer[tags][0] : type);
	if (tags)
		frame_put_tag(&f, outer[tags][1], inner[tags] ? 0x8100 : type);
	if (inner[tags])
		frame_put_tag(&f, inner[tags], type);
	if (kind & 1)
		frame_put_ipv6(&f, kind & 2 ? 6 : 17, 28);
	else
		frame_put_ipv4(&f, kind & 2 ? 6 : 17, 48);
	if (kind & 2)
		frame_put_tcp(&f, 2);
	else
		frame_put_udp(&f);
	frame_put_zeros(&f, 4 * kind);
	return f;
}
#define KINDS 24

START_TEST(frames_are_chosen_as_if_they_were_whole)
{
	static const char *const expressions[] = {"ip", "tcp port 80", "udp and not vlan",
	    "vlan 10 and tcp", "vlan 10 and vlan 7", "vlan and vlan 10 and ip6", "vlan or udp",
	    "ether[14:2] & 0xe000 != 0", "ether[14] = 0x60 and ether[15] = 10",
	    "ether[12] = 0x88 and ether[13] = 0xa8", "greater 100", "len > 90",
	    "ip[2:2] = 48 or tcp[13] = 2", "ether proto 0x8100"};
	struct sock_fprog program;

	for (size_t e = 0; e < sizeof(expressions) / sizeof(*expressions); e++) {
		ck_assert_int_eq(create(expressions[e], SOURCE_BOTH, DLT_EN10MB, &program), 0);
		for (unsigned kind = 0; kind < KINDS; kind++) {
			struct frame f = frame_of(kind);
			struct kernel_packet bare = received(&f, true), whole = received(&f, false);
			unsigned kept = chosen(expressions[e], &f) ? KEPT : 0;

			ck_assert_msg(run(&program, &bare) == kept && run(&program, &whole) == kept,
			    "'%s', kind %u", expressions[e], kind);
		}
		packet_filter_destroy(&program);
	}
}
END_TEST

START_TEST(directions_are_told_by_the_kernel)
{
	static const bool wanted[][2] = {[SOURCE_BOTH] = {true, true},
	    [SOURCE_IN] = {true, false},
	    [SOURCE_OUT] = {false, true}};
	struct frame f = frame_of(4);
	struct kernel_packet p = received(&f, true);
	struct sock_fprog program;

	for (unsigned direction = 0; direction < 3; direction++)
		for (unsigned filtered = 0; filtered < 2; filtered++) {
			ck_assert_int_eq(
			    create(filtered ? "vlan 10" : NULL, (enum source_direction)direction,
				DLT_EN10MB, &program),
			    0);
			for (unsigned out = 0; out < 2; out++) {
				p.type = out ? PACKET_OUTGOING : PACKET_OTHERHOST;
				ck_assert_uint_eq(
				    run(&program, &p), wanted[direction][out] ? KEPT : 0);
			}
			packet_filter_destroy(&program);
		}
}
END_TEST

START_TEST(what_cannot_be_translated_is_refused_in_silence)
{
	static const char *const expressions[] = {"ether[12:4] = 0x8100000a", "ether[10:4] = 1",
	    "ether[11:2] = 1", "ether[ether[5]] = 0", "ip6 protochain 17"};
	struct sock_fprog program;

	for (size_t e = 0; e < sizeof(expressions) / sizeof(*expressions); e++) {
		said_begin();
		ck_assert_int_eq(
		    create(expressions[e], SOURCE_BOTH, DLT_EN10MB, &program), -ENOTSUP);
		ck_assert_str_eq(said_end(), "");
	}
}
END_TEST

/* The kernel takes 4,096 instructions. */
START_TEST(what_is_too_long_is_refused)
{
	enum { PORTS = 520, EACH = 24 };
	static char expression[PORTS * EACH];
	size_t size = 0;
	struct sock_fprog program;

	for (unsigned port = 0; port < PORTS; port++)
		size += (size_t)snprintf(expression + size, sizeof(expression) - size,
		    "%sudp port %u", port ? " or " : "", 2 * port + 1);
	ck_assert_int_eq(create(expression, SOURCE_BOTH, DLT_EN10MB, &program), -ENOTSUP);
}
END_TEST

START_TEST(a_link_without_tags_has_the_program_once)
{
	struct kernel_packet p = {.octets = {0x60}, .size = 40, .has_tag = true};
	struct sock_fprog program;

	ck_assert_int_eq(create("ip6", SOURCE_BOTH, DLT_RAW, &program), 0);
	ck_assert_uint_eq(run(&program, &p), KEPT);
	p.octets[0] = 0x45;
	ck_assert_uint_eq(run(&program, &p), 0);
	packet_filter_destroy(&program);
	said_begin();
	ck_assert_int_eq(create("vlan 10", SOURCE_BOTH, DLT_RAW, &program), -EINVAL);
	ck_assert(said_one_message(said_end()));
}
END_TEST

Suite *packet_filter_suite(void)
{
	const TTest *const tests[] = {
	    frames_are_chosen_as_if_they_were_whole,
	    directions_are_told_by_the_kernel,
	    what_cannot_be_translated_is_refused_in_silence,
	    what_is_too_long_is_refused,
	    a_link_without_tags_has_the_program_once,
	};

	return SUITE_OF("packet_filter", tests);
}
