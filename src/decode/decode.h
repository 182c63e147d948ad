/*
 * From a packet's octets to its pktinfo: link layer, IP, transport header.
 *
 * Knows no state: two calls with the same packet give the same answer. Never reads beyond
 * caplen, never loops over more headers than its limits allow, whatever the octets are.
 */
#ifndef SPANFLOW_DECODE_DECODE_H
#define SPANFLOW_DECODE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/packet.h"
#include "decode/pktinfo.h"

/* Tunnels, by the names that --decap has for them. */
#define DECAPS(X)               \
	X(ERSPAN, "erspan")     \
	X(GRE, "gre")           \
	X(IPIP, "ipip")         \
	X(VXLAN, "vxlan")       \
	X(GENEVE, "geneve")     \
	X(GTPU, "gtpu")         \
	X(L2TP, "l2tp")         \
	X(TEREDO, "teredo")     \
	X(CAPWAP, "capwap")     \
	X(MPLS_UDP, "mpls-udp") \
	X(MPLS_PW, "mpls-pw")

enum decap {
#define X(constant, name) DECAP_##constant,
	DECAPS(X)
#undef X
	    DECAP_COUNT
};

/* Those above an IP header, which is metered unless they are asked for. */
#define DECAPS_ABOVE_IP (~(1u << DECAP_MPLS_PW))
/* Those that may say which overlay network a packet belongs to. */
#define DECAPS_WITH_SEGMENT (1u << DECAP_GRE | 1u << DECAP_VXLAN | 1u << DECAP_GENEVE)

struct decode_options {
	bool believe_lengths; /* an IP header's length counts above the wire's (--lengths=header) */
	bool details;         /* pktinfo.detail is filled */
	uint32_t decap;       /* set of 1 << enum decap: tunnels that are looked into */
};

/* Whether packets of this link type (DLT_ number) can be decoded. */
bool decode_supports(int linktype);
/* The names of those that can, with commas, for messages. */
#define DECODE_SUPPORTED_MAX 512
void decode_list_supported(char *out, size_t size);

/*
 * Fills `info` but for ts_ns and clock_ns, which are the caller's; `fragment` where there is one,
 * `detail` where the options ask for it. IGNORED_NOT, or why the packet has no place in a flow; then
 * what `info` holds is undefined but for `ip_offset`.
 */
enum ignored decode_packet(
    const struct packet *packet, const struct decode_options *options, struct pktinfo *info);

/*
 * The same for many at once: of the first of them those that are as most packets are, where the options ask for
 * nothing else. How many they are; behind them `infos` is undefined, and decode_unusual() is for the next one.
 */
static inline bool decode_takes_usual(const struct decode_options *options)
{
	return !options->details && !(options->decap & DECAPS_ABOVE_IP);
}

unsigned decode_usual(const struct packet packets[], unsigned n, struct pktinfo infos[]);
enum ignored decode_unusual(
    const struct packet *packet, const struct decode_options *options, struct pktinfo *info);

#endif
