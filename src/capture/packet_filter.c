/*
 * libpcap compiles an expression for a frame that is whole. A tag that was taken off is beside the
 * packet, where programs find it at offsets of their own (SKF_AD_OFF), and what followed it stands
 * four octets earlier. So the program is there twice, as it is and translated, behind a look
 * whether there is such a tag:
 *
 *	direction; tag? -> the program : the program, translated
 */
#include "capture/packet_filter.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>

#include "capture/compile.h"
#include "util/log.h"

/* Of a frame with a tag: its protocol identifier, its control information, what stood behind it. */
#define TPID_AT 12u
#define TCI_AT 14u
#define REST_AT 16u
#define TAG_LEN 4u
#define OF_KERNEL(what) ((uint32_t)SKF_AD_OFF + (what))
/* The most instructions that one is translated to. */
#define TRANSLATION_MAX 2

struct program {
	unsigned count; /* more than there is room for: it is too long */
	struct sock_filter code[BPF_MAXINSNS];
};

static void put(struct program *p, struct sock_filter instruction)
{
	if (p->count < BPF_MAXINSNS)
		p->code[p->count] = instruction;
	p->count++;
}

static void put_direction(struct program *p, enum source_direction direction)
{
	bool out = direction == SOURCE_OUT;

	if (direction == SOURCE_BOTH)
		return;
	put(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OF_KERNEL(SKF_AD_PKTTYPE)));
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, out, !out));
	put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0));
}

static struct sock_filter as_it_is(const struct bpf_insn *in)
{
	return (struct sock_filter){.code = in->code, .jt = in->jt, .jf = in->jf, .k = in->k};
}

/* -- translation ------------------------------------------------------------------------------ */

/* A part of the tag: what the kernel knows, and what makes one octet of it. */
static unsigned translate_tag(uint32_t size, uint32_t at, struct sock_filter *out)
{
	uint32_t what = at < TCI_AT ? SKF_AD_VLAN_TPID : SKF_AD_VLAN_TAG;

	out[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OF_KERNEL(what));
	if (size == BPF_H && at % 2 == 0)
		return 1;
	if (size != BPF_B)
		return 0;
	out[1] = at % 2 == 0 ? (struct sock_filter)BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 8)
			     : (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xff);
	return 2;
}

static unsigned translate_load(const struct bpf_insn *in, struct sock_filter *out)
{
	static const uint32_t octets[] = {[BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1};
	uint32_t size = BPF_SIZE(in->code), end = in->k + octets[size >> 3];

	/* Before the tag, or an offset of the kernel's own, which is negative. */
	if ((int32_t)in->k < 0 || end <= TPID_AT)
		return 1;
	if (in->k < TPID_AT)
		return 0;
	if (in->k < REST_AT)
		return translate_tag(size, in->k, out);
	out[0].k -= TAG_LEN;
	return 1;
}

/*
 * An offset that another field tells. libpcap adds it to the network layer's, 14 or more, behind a
 * comparison of the EtherType there, which a frame with a tag does not pass. What begins below was
 * reckoned by the expression, `ether[...]`, and may be anywhere.
 */
static unsigned translate_indirect(const struct bpf_insn *in, struct sock_filter *out)
{
	if (in->k < TCI_AT || (int32_t)in->k < 0)
		return 0;
	out[0].k -= TAG_LEN;
	return 1;
}

/* IP's header length; at 14, for which the same holds, it does not matter what it is. */
static unsigned translate_header_length(const struct bpf_insn *in, struct sock_filter *out)
{
	if (in->k >= REST_AT)
		out[0].k -= TAG_LEN;
	else if (in->k >= TPID_AT)
		out[0] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0);
	return 1;
}

/* How many instructions it makes; 0: there are none for it. */
static unsigned translate(const struct bpf_insn *in, struct sock_filter *out)
{
	out[0] = as_it_is(in);
	switch (in->code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
		return translate_load(in, out);
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
		return translate_indirect(in, out);
	case BPF_LDX | BPF_B | BPF_MSH:
		return translate_header_length(in, out);
	case BPF_LD | BPF_W | BPF_LEN:
		out[1] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, TAG_LEN);
		return 2;
	case BPF_LDX | BPF_W | BPF_LEN:
		return 0;
	default:
		return 1;
	}
}

/*
 * Jumps reach over instructions that may have become two. 0; or -ENOTSUP: too far, or back, as a chain
 * of headers is followed: the kernel takes no loops.
 */
static int aim(
    const struct bpf_insn *in, struct sock_filter *out, const unsigned *place, uint32_t left)
{
	unsigned jt, jf;

	if (BPF_CLASS(in->code) != BPF_JMP)
		return 0;
	if (BPF_OP(in->code) == BPF_JA) {
		if (in->k >= left)
			return -ENOTSUP;
		out->k = place[1 + in->k] - place[1];
		return 0;
	}
	if (in->jt >= left || in->jf >= left)
		return -ENOTSUP;
	jt = place[1 + in->jt] - place[1];
	jf = place[1 + in->jf] - place[1];
	if (jt > UINT8_MAX || jf > UINT8_MAX)
		return -ENOTSUP;
	out->jt = (uint8_t)jt;
	out->jf = (uint8_t)jf;
	return 0;
}

static int put_translated(struct program *p, const struct bpf_program *expression)
{
	struct sock_filter out[TRANSLATION_MAX];
	unsigned place[BPF_MAXINSNS + 1] = {0};
	unsigned n;
	int rc = 0;

	for (unsigned i = 0; i < expression->bf_len; i++) {
		n = translate(&expression->bf_insns[i], out);
		if (n == 0)
			return -ENOTSUP;
		place[i + 1] = place[i] + n;
	}
	for (unsigned i = 0; i < expression->bf_len && rc == 0; i++) {
		n = translate(&expression->bf_insns[i], out);
		rc = aim(&expression->bf_insns[i], &out[0], &place[i], expression->bf_len - i - 1);
		for (unsigned j = 0; j < n; j++)
			put(p, out[j]);
	}
	return rc;
}

/* -- the whole -------------------------------------------------------------------------------- */

static void put_plain(struct program *p, const struct bpf_program *expression)
{
	for (unsigned i = 0; i < expression->bf_len; i++)
		put(p, as_it_is(&expression->bf_insns[i]));
}

static int put_compiled(struct program *p, int linktype, const struct bpf_program *expression)
{
	if (expression->bf_len > BPF_MAXINSNS)
		return -ENOTSUP;
	if (linktype != DLT_EN10MB) {
		put_plain(p, expression);
		return 0;
	}
	put(p,
	    (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, OF_KERNEL(SKF_AD_VLAN_TAG_PRESENT)));
	put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0));
	put(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, expression->bf_len));
	put_plain(p, expression);
	return put_translated(p, expression);
}

static int put_expression(struct program *p, const struct packet_filter_options *o)
{
	struct compile_query query = {
	    .expression = o->expression, .linktype = o->linktype, .snaplen = o->snaplen};
	struct bpf_program compiled;
	char why[COMPILE_WHY];
	int rc = compile_expression(&query, &compiled, why);

	if (rc) {
		log_error("%s: filter: %s", o->name, why);
		return rc == -ENOMEM ? rc : -EINVAL;
	}
	rc = put_compiled(p, o->linktype, &compiled);
	pcap_freecode(&compiled);
	return rc;
}

int packet_filter_create(const struct packet_filter_options *o, struct sock_fprog *out)
{
	struct program *p = calloc(1, sizeof(*p));
	int rc = 0;

	if (!p)
		return -ENOMEM;
	put_direction(p, o->direction);
	if (o->expression)
		rc = put_expression(p, o);
	else
		put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, o->snaplen));
	if (rc == 0 && p->count > BPF_MAXINSNS)
		rc = -ENOTSUP;
	if (rc == 0) {
		out->len = (unsigned short)p->count;
		out->filter = calloc(p->count, sizeof(*out->filter));
		rc = out->filter ? 0 : -ENOMEM;
	}
	if (rc == 0)
		for (unsigned i = 0; i < p->count; i++)
			out->filter[i] = p->code[i];
	free(p);
	return rc;
}

void packet_filter_destroy(struct sock_fprog *program)
{
	free(program->filter);
	program->filter = NULL;
}
