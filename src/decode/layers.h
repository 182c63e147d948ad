/*
 * Inside the decoder: the walk from header to header.
 *
 * Each layer is a function that takes its header from the cursor and says which layer the cursor
 * is at then. So encapsulations follow each other in any order, and no layer calls another.
 */
#ifndef SPANFLOW_DECODE_LAYERS_H
#define SPANFLOW_DECODE_LAYERS_H

#include <string.h>

#include "decode/decode.h"
#include "util/cursor.h"

/* So many headers below IP are stepped over in one packet, those in tunnels included. */
#define WALK_LIMIT 32

struct walk;

/*
 * Steps over one header, or a stack of one kind. IGNORED_NOT with `next` set, or why what follows
 * can't be an IP header.
 */
typedef enum ignored layer_fn(struct walk *w);

struct walk {
	struct cursor c;
	const struct packet *packet;
	const struct decode_options *options;
	struct pktinfo *info;
	layer_fn *next;     /* of the header at the cursor; NULL: that of IP */
	uint64_t wire_end;  /* how many octets from the packet's first on were on the wire */
	uint16_t type;      /* EtherType of what is at the cursor, for ethertype_decode() */
	uint8_t ip_version; /* what the header before IP's says; 0: IP's own first bits do */
	uint8_t headers;    /* stepped over so far */
	uint8_t tags;       /* VLAN tags so far, also those of frames in this frame */
	uint8_t labels;     /* MPLS labels so far, likewise */
	uint8_t frames;     /* Ethernet headers so far whose addresses are kept */
	/* In a tunnel, of the packet that it is: what is found next of the kind replaces these. */
	bool frame_is_outer;
	bool labels_are_outer;
	bool is_mirrored;   /* this frame came as one that was seen elsewhere (ERSPAN) */
	bool frame_was_cut; /* and was longer there: IP's length tells how long */
};

/* Where the cursor is in the packet. */
static inline uint32_t walk_offset(const struct walk *w)
{
	return (uint32_t)(w->c.at - w->packet->data);
}

/* How many octets from the cursor on were on the wire. */
static inline uint64_t walk_wire_left(const struct walk *w)
{
	uint32_t offset = walk_offset(w);

	return w->wire_end > offset ? w->wire_end - offset : 0;
}

/* Says that the packet ends before `end`, which counts as `wire_end` does, if it isn't shorter. */
static inline void walk_shorten(struct walk *w, uint64_t end)
{
	uint32_t offset = walk_offset(w);

	if (end >= w->wire_end)
		return;
	w->wire_end = end;
	cursor_limit(&w->c, end > offset ? (size_t)(end - offset) : 0);
}

/* Above IP: how many octets of the packet, not of what was captured of it, the cursor has before it. */
static inline uint32_t walk_octets_left(const struct walk *w)
{
	return (uint32_t)(w->info->ip_offset + w->info->octets - walk_offset(w));
}

/* What comes next has `n` octets on the wire at most: a header said so. */
static inline void walk_limit(struct walk *w, uint64_t n)
{
	walk_shorten(w, walk_offset(w) + n);
}

/* The last `n` octets of the frame are its checksum, or padding. */
static inline void walk_trim(struct walk *w, uint64_t n)
{
	uint64_t left = walk_wire_left(w);

	walk_limit(w, left > n ? left - n : 0);
}

/* For those who ask for details: the addresses of the outermost frame, whose tag is the flow's, too. */
static inline void walk_macs(struct walk *w, const uint8_t *dst, const uint8_t *src)
{
	if (!w->options->details || w->frames++)
		return;
	memcpy(w->info->detail.dst_mac, dst, sizeof(w->info->detail.dst_mac));
	memcpy(w->info->detail.src_mac, src, sizeof(w->info->detail.src_mac));
}

/* Says that IP of this version comes next. */
static inline enum ignored walk_ip(struct walk *w, uint8_t version)
{
	w->ip_version = version;
	w->next = NULL;
	return IGNORED_NOT;
}

/* Says that this layer comes next. */
static inline enum ignored walk_on(struct walk *w, layer_fn *next)
{
	w->next = next;
	return IGNORED_NOT;
}

/* decode.c: from layer to layer, until the cursor is at an IP header. */
enum ignored walk_to_ip(struct walk *w);

/* link.c: the layer that packets of this link type begin with; NULL: they are not decoded. */
layer_fn *link_layer(int linktype);

/* An EtherType field below ETHERTYPE_MIN is none; up to LENGTH_MAX it is a length (IEEE 802.3). */
#define LENGTH_MAX 1500
#define ETHERTYPE_MIN 0x0600
#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_ARP 0x0806
#define ETHERTYPE_IPV6 0x86dd
#define ETHERNET_HEADER 14
#define VLAN_TAG 4
#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER 20
#define UDP_HEADER 8
#define IPV4_OFFSET_MASK 0x1fff /* in units of 8 octets */
#define IPV4_MORE_FRAGMENTS 0x2000
#define TCP_FLAGS 0x0fff /* with the reserved bits (RFC 9565) */
#define GROUP_ADDRESS 1  /* in an address's first octet */
#define VLAN_ID_MASK 0x0fff

static inline bool is_vlan(uint16_t type)
{
	return type == 0x8100 || type == 0x88a8 || type == 0x9100 || type == 0x9200 ||
	    type == 0x9300;
}

static inline bool ipv4_is_fragment(const uint8_t *ip)
{
	uint16_t word;

	memcpy(&word, ip + 6, sizeof(word));
	return word & htobe16(IPV4_OFFSET_MASK | IPV4_MORE_FRAGMENTS);
}

/* Both, which follow each other here and there; the tail is 0. */
static inline void put_ipv4_addresses(struct pktinfo *info, const uint8_t *source)
{
	memcpy(&info->head, source, sizeof(info->head.src) + sizeof(info->head.dst));
}

static inline void put_ipv6_addresses(struct pktinfo *info, const uint8_t *source)
{
	pktinfo_set_addresses(info, source, source + ADDRESS_OCTETS);
}

static inline void put_tos(struct pktinfo *info, uint8_t tos)
{
	info->tos = tos;
	info->head.dscp = tos & DSCP_MASK;
}

static inline uint8_t ipv6_traffic_class(const uint8_t *ip)
{
	return (uint8_t)(get_be16(ip) >> 4);
}

static inline size_t tcp_header_length(const uint8_t *tcp)
{
	return (size_t)(tcp[12] >> 4) * 4;
}

/* Of a header whose first TCP_HEADER octets are there: it is too short, or longer than `left`. */
static inline bool tcp_header_is_odd(const uint8_t *tcp, size_t left)
{
	/* A header below the least is above everything here. */
	return tcp_header_length(tcp) - TCP_HEADER > left - TCP_HEADER;
}

static inline uint16_t tcp_flags(const uint8_t *tcp)
{
	return get_be16(tcp + 12) & TCP_FLAGS;
}

/* ethernet.c */
layer_fn ethernet_decode;
layer_fn ethertype_decode; /* what the EtherType in `type` says, VLAN tags included */
/* True where ethertype_decode() knows more of this EtherType than that it isn't IP. */
bool ethertype_known(uint16_t type);
/* llc.c: 802.2 LLC, and SNAP above it. */
layer_fn llc_decode;
/* shim.c: what stands between an Ethernet header and what the frame carries. */
layer_fn shim_decode; /* of a fixed size, by the EtherType in `type` */
layer_fn metadata_decode;
layer_fn timestamp_decode;
layer_fn backbone_decode;
layer_fn fabricpath_decode;
layer_fn trill_decode;
layer_fn nsh_decode;
layer_fn macsec_decode;
/* isl.c: told by the 14 octets at `ether`, behind which the cursor is; `type` is their last two. */
bool isl_begins(const uint8_t *ether, const struct cursor *behind);
layer_fn isl_decode;
/* mpls.c: a label stack, and what is below it. */
layer_fn mpls_decode;
/* link.c: IPv4 and IPv6 that begin at once */
layer_fn raw4_decode;
layer_fn raw6_decode;
/* link.c: IP of the version that an address family's number tells, of any BSD's or Linux's. */
enum ignored family_ip(struct walk *w, uint32_t family);
/* link.c: goes on as a header says that names a link type by its DLT_ number. */
enum ignored link_type_decode(struct walk *w, uint32_t linktype);
/* ppp.c */
layer_fn ppp_decode;       /* from the address octet on, or the protocol's where that is left out */
layer_fn ppp_hdlc_decode;  /* as the above, or Cisco HDLC: the address octet tells */
layer_fn ppp_pppd_decode;  /* a direction in the address octet's place */
layer_fn ppp_dir_decode;   /* a direction before PPP's own header */
layer_fn ppp_bsdos_decode; /* BSD/OS's header */
layer_fn pppoe_decode;     /* a session's PPPoE header, and PPP below */
/* wan.c */
layer_fn chdlc_decode;      /* Cisco HDLC */
layer_fn chdlc_dir_decode;  /* a direction before it */
layer_fn frelay_decode;     /* Frame Relay from its address field on */
layer_fn frelay_dir_decode; /* a direction before it */
layer_fn atm_decode;        /* what AAL5 carries by RFC 2684, LLC or not */
layer_fn slip_decode;       /* libpcap's header before a SLIP packet */
layer_fn slip_bsdos_decode;
/* wlan.c: IEEE 802.11, and what capturing systems put before it */
layer_fn wlan_decode;
layer_fn wlan_either_decode; /* the first two octets may be in either order */
layer_fn radiotap_decode;
layer_fn ppi_decode;
layer_fn prism_decode;
layer_fn avs_decode;
/* lan.c: what else has MAC addresses */
layer_fn token_ring_decode;
layer_fn fddi_decode;
layer_fn arcnet_decode;       /* as the BSDs capture it */
layer_fn arcnet_linux_decode; /* with an offset of Linux' in it */
layer_fn fibre_channel_decode;
layer_fn firewire_decode;
layer_fn infiniband_decode;
layer_fn netanalyzer_decode;
layer_fn netanalyzer_preamble_decode;
layer_fn dsa_decode; /* switch chips' tags between the addresses and the EtherType */
layer_fn edsa_decode;
layer_fn brcm_decode;
layer_fn brcm_prepend_decode;
/* captured.c: what capturing systems tell of a packet before its own first header */
layer_fn pflog_decode;
layer_fn nflog_decode;
layer_fn pktap_decode;
layer_fn ipnet_decode;
layer_fn enc_decode;
layer_fn erf_decode;
/* juniper.c: Juniper's header, by what comes below it */
layer_fn juniper_ether_decode;
layer_fn juniper_ppp_decode;
layer_fn juniper_chdlc_decode;
layer_fn juniper_frelay_decode;
layer_fn juniper_type_decode;
layer_fn juniper_mlppp_decode;
layer_fn juniper_atm1_decode;
layer_fn juniper_atm2_decode;

/* tunnel.c: an Ethernet frame is next. Its tags, addresses and labels replace the outer frame's. */
layer_fn tunnel_ethernet;
/* tunnel.c: the tags of the frame that the tunnel was seen in give way to those inside. */
void tunnel_forget_tags(struct walk *w);
/* tunnel.c: the labels of the frame that the tunnel was seen in give way to those inside. */
void tunnel_forget_labels(struct walk *w);

/* Says that a frame comes next which nothing says to be the tunnel's own: it is if it is the first. */
static inline enum ignored walk_frame(struct walk *w)
{
	return walk_on(w, w->frame_is_outer ? tunnel_ethernet : ethernet_decode);
}

/* likeness.c: how much what is at the cursor looks like an Ethernet frame. */
enum likeness {
	LIKE_NOTHING,
	LIKE_A_FRAME, /* possible addresses, a type that is known */
	LIKE_ITS_TYPE /* what follows the header is what the type says, too */
};
enum likeness ethernet_likeness(struct cursor c, uint64_t wire_left);
/* The lengths in what would be an IPv4 header there are possible. */
bool ipv4_fits(const struct cursor *c, uint64_t wire_left);

/*
 * ip.c: the IP header and its extension headers; the addresses, count, protocol. With a cursor at
 * the transport header where there is one to read it calls transport_decode(), and leaves it there;
 * else nothing is left to read.
 */
enum ignored ip_decode(struct walk *w);

/*
 * tunnel.c: goes on from what ip_decode() found to the innermost IP header that can be read in the
 * tunnels that the options ask for. IGNORED_NOT, or why a mirrored frame has none.
 */
enum ignored tunnels_decode(struct walk *w);

/* transport.c: ports, ICMP type and code, TCP flags, as far as their octets are there. */
void transport_decode(struct walk *w);
/* Notes a first fragment, with so many octets behind its IP headers, that ends in the next one. */
void transport_first_fragment(struct pktinfo *info, uint32_t octets);

/*
 * detail.c, for those who ask: what the layers leave over. Called before the first layer and after
 * the last; `d` is all zeros in between but for what layers put there.
 */
void detail_begin(struct detail *d);
void detail_finish(const struct packet *packet, struct pktinfo *info);

#endif
