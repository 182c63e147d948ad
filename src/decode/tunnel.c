/*
 * Packets in packets: which are tunnels, and the way into them.
 *
 * The innermost IP header that can be read is the flow's. Where the way in ends before one, the
 * packet counts as the tunnel's own, with a note that says why.
 */
#include "decode/tunnel.h"

#include <netinet/in.h>
#include <string.h>

#define TUNNEL_LIMIT 8
#define PROTOCOL_L2TP 115
#define PROTOCOL_ETHERNET 143 /* RFC 8986 section 10.1 */
#define ASKED(name) (1u << DECAP_##name)

/* -- what is inside --------------------------------------------------------------------------- */

static enum ignored ipv4_inside(struct walk *w)
{
	return walk_ip(w, 4);
}

static enum ignored ipv6_inside(struct walk *w)
{
	return walk_ip(w, 6);
}

/* For IPv4 the authentication header is a protocol; IPv6 has it among its extension headers. */
static enum ignored authenticated(struct walk *w)
{
	const uint8_t *ah = cursor_peek(&w->c, 2);

	if (!ah || !cursor_take(&w->c, (ah[1] + (size_t)2) * 4))
		return IGNORED_TRUNCATED;
	switch (ah[0]) {
	case IPPROTO_IPIP:
		return walk_ip(w, 4);
	case IPPROTO_IPV6:
		return walk_ip(w, 6);
	default:
		return NO_TUNNEL;
	}
}

void tunnel_forget_labels(struct walk *w)
{
	w->labels_are_outer = false;
	w->labels = 0;
	memset(w->info->detail.mpls, 0, sizeof(w->info->detail.mpls));
}

/*
 * The MAC addresses of the outer frame stay until there are others: a tag that is straight in a tunnel
 * has none.
 */
void tunnel_forget_tags(struct walk *w)
{
	w->frame_is_outer = false;
	w->tags = 0;
	w->frames = 0;
	w->info->head.vlan = 0;
	w->info->inner_vlan = 0;
}

/* IP that has no frame of its own inside keeps what the outer one said: it was seen there. */
static enum ignored frame_inside(struct walk *w, layer_fn *frame)
{
	struct pktinfo *info = w->info;

	tunnel_forget_tags(w);
	memset(info->detail.src_mac, 0, sizeof(info->detail.src_mac));
	memset(info->detail.dst_mac, 0, sizeof(info->detail.dst_mac));
	if (w->labels_are_outer)
		tunnel_forget_labels(w);
	return walk_on(w, frame);
}

enum ignored tunnel_ethernet(struct walk *w)
{
	return frame_inside(w, ethernet_decode);
}

enum ignored tunnel_wlan(struct walk *w)
{
	return frame_inside(w, wlan_decode);
}

enum ignored tunnel_wlan_either(struct walk *w)
{
	return frame_inside(w, wlan_either_decode);
}

enum ignored tunnel_ppp(struct walk *w)
{
	return walk_on(w, ppp_decode);
}

enum ignored tunnel_ethertype(struct walk *w, uint16_t type)
{
	if (type == ETHERTYPE_TRANSPARENT_ETHERNET)
		return tunnel_ethernet(w);
	if (type < ETHERTYPE_MIN)
		return IGNORED_NON_IP;
	w->type = type;
	return walk_on(w, ethertype_decode);
}

/* -- recognition ------------------------------------------------------------------------------ */

/* By protocol number: any of these names asks for it. */
static const struct {
	uint8_t protocol;
	uint32_t asked_by;
	layer_fn *decode;
} by_protocol[] = {
    {IPPROTO_IPIP, ASKED(IPIP), ipv4_inside},
    {IPPROTO_IPV6, ASKED(IPIP), ipv6_inside},
    {IPPROTO_AH, ASKED(IPIP), authenticated},
    {IPPROTO_GRE, ASKED(GRE) | ASKED(ERSPAN), gre_decode},
    {PROTOCOL_L2TP, ASKED(L2TP), l2tp_ip_decode},
    {PROTOCOL_ETHERNET, ASKED(IPIP), tunnel_ethernet},
};

/* By UDP port: the destination's, or the source's as well where answers go to any port. */
static const struct {
	uint16_t port;
	bool either;
	enum decap asked_by;
	layer_fn *decode;
} by_port[] = {
    {4789, false, DECAP_VXLAN, vxlan_decode}, /* RFC 7348 */
    {8472, false, DECAP_VXLAN, vxlan_decode}, /* Linux's, from before the registration */
    {4790, false, DECAP_VXLAN, vxlan_gpe_decode},
    {6081, false, DECAP_GENEVE, geneve_decode}, /* RFC 8926 */
    {2152, true, DECAP_GTPU, gtpu_decode},      /* 3GPP TS 29.281 */
    {1701, true, DECAP_L2TP, l2tp_udp_decode},  /* RFC 2661, RFC 3931 */
    {3544, true, DECAP_TEREDO, teredo_decode},  /* RFC 4380 */
    {4754, false, DECAP_GRE, gre_decode},       /* RFC 8086 */
    {5247, true, DECAP_CAPWAP, capwap_decode},  /* RFC 5415 */
    {6635, false, DECAP_MPLS_UDP, mpls_decode}, /* RFC 7510 */
};

static layer_fn *udp_tunnel_of(const struct walk *w)
{
	const struct pktinfo *info = w->info;

	for (size_t i = 0; i < sizeof(by_port) / sizeof(*by_port); i++)
		if ((by_port[i].port == info->head.dst_port ||
			(by_port[i].either && by_port[i].port == info->head.src_port)) &&
		    w->options->decap & 1u << by_port[i].asked_by)
			return by_port[i].decode;
	return NULL;
}

/* The layer that follows the IP header, and UDP's where there is one; NULL: none that was asked for. */
static layer_fn *tunnel_of(const struct walk *w)
{
	uint8_t protocol = w->info->head.protocol;

	/* Most packets are TCP's, and no tunnel is. */
	if (protocol == IPPROTO_TCP)
		return NULL;
	if (protocol == IPPROTO_UDP)
		return udp_tunnel_of(w);
	for (size_t i = 0; i < sizeof(by_protocol) / sizeof(*by_protocol); i++)
		if (by_protocol[i].protocol == protocol &&
		    w->options->decap & by_protocol[i].asked_by)
			return by_protocol[i].decode;
	return NULL;
}

/* -- the way in ------------------------------------------------------------------------------- */

/* Segmentation offload, which leaves IP's length 0, knows of no UDP length either. */
static enum ignored udp_header(struct walk *w)
{
	const uint8_t *udp = cursor_take(&w->c, UDP_HEADER);
	uint16_t length;

	if (!udp)
		return IGNORED_TRUNCATED;
	length = get_be16(udp + 4);
	if (length == 0 || w->info->notes & 1u << NOTE_LENGTH_ZERO)
		return IGNORED_NOT;
	if (length < UDP_HEADER)
		return IGNORED_MALFORMED;
	walk_limit(w, length - UDP_HEADER);
	return IGNORED_NOT;
}

/* Where a mirror cut the frame and says so IP's length is the only one that tells. */
static enum ignored ip_inside(struct walk *w)
{
	const struct decode_options *options = w->options;
	struct decode_options believing = *options;
	enum ignored ignored;

	believing.believe_lengths |= w->frame_was_cut;
	w->options = &believing;
	ignored = ip_decode(w);
	w->options = options;
	return ignored;
}

/* From the octets behind one IP header to the next: what that header says anew is forgotten. */
static enum ignored enter(struct walk *w, layer_fn *tunnel)
{
	struct pktinfo *info = w->info;
	enum ignored ignored = IGNORED_NOT;

	w->wire_end = info->ip_offset + info->octets;
	w->frame_was_cut = false;
	w->is_mirrored = false;
	w->frame_is_outer = true;
	w->labels_are_outer = true;
	if (info->head.protocol == IPPROTO_UDP)
		ignored = udp_header(w);
	info->head.src_port = 0;
	info->head.dst_port = 0;
	w->next = tunnel;
	if (!ignored)
		ignored = walk_to_ip(w);
	return ignored ? ignored : ip_inside(w);
}

static void note(struct pktinfo *info, enum note n)
{
	info->notes |= 1u << n;
}

static void note_why(struct pktinfo *info, enum ignored why)
{
	if (why == IGNORED_HEADER_LIMIT)
		note(info, NOTE_TUNNEL_LIMIT);
	else if (why == IGNORED_WLAN_FRAGMENT)
		note(info, NOTE_TUNNEL_FRAGMENT);
	else if (why != NO_TUNNEL)
		note(info, NOTE_TUNNEL_NOT_IP);
}

__attribute__((noinline)) enum ignored tunnels_decode(struct walk *w)
{
	struct pktinfo *info = w->info;
	layer_fn *tunnel = tunnel_of(w);

	for (unsigned depth = 0; tunnel; depth++) {
		struct pktinfo outer = *info;
		enum ignored ignored;

		/* What is inside continues in other packets, which say nothing of it. */
		if (info->is_fragment || depth == TUNNEL_LIMIT) {
			note(info, info->is_fragment ? NOTE_TUNNEL_FRAGMENT : NOTE_TUNNEL_LIMIT);
			return IGNORED_NOT;
		}
		ignored = enter(w, tunnel);
		/* No packet around it counts instead, so that NO_TUNNEL would be no reason. */
		if (ignored && w->is_mirrored)
			return ignored == NO_TUNNEL ? IGNORED_NON_IP : ignored;
		if (ignored) {
			*info = outer;
			note_why(info, ignored);
			return IGNORED_NOT;
		}
		tunnel = tunnel_of(w);
	}
	return IGNORED_NOT;
}
