/*
 * What the decoder found in a packet's headers: one of the five nouns (HACKING.md).
 *
 * A value without pointers. It lives for one turn of the worker's loop; everything later than the
 * decoder works from it alone.
 */
#ifndef SPANFLOW_DECODE_PKTINFO_H
#define SPANFLOW_DECODE_PKTINFO_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ADDRESS_OCTETS 16
#define MAC_OCTETS 6

/* fragmentFlags (IE 197), at their places in the octet of an IPv4 header. */
#define DETAIL_RESERVED 0x80
#define DETAIL_DO_NOT_FRAGMENT 0x40
#define DETAIL_MORE_FRAGMENTS 0x20

/*
 * What only some record layouts ask for. In a pktinfo it is one packet's; in a flow or record that
 * of its first packet, but for the minima, maxima and flags, which are those of all its packets.
 */
struct detail {
	uint8_t src_mac[MAC_OCTETS];
	uint8_t dst_mac[MAC_OCTETS];
	uint8_t mpls[3][3]; /* label stack entries from the top, without their TTL */
	uint8_t ttl_min;    /* IPv4 TTL or IPv6 hop limit */
	uint8_t ttl_max;
	uint8_t fragment_flags; /* IE 197: DETAIL_ flags */
	uint16_t tcp_window;    /* as in the header, not scaled */
	uint32_t tcp_sequence;
	uint32_t flow_label; /* IPv6 */
	uint32_t octets_min; /* layer-3 octets of a packet */
	uint32_t octets_max;
	uint32_t point; /* ifIndex of the interface that captured it */
};

/* What a fragment header says (RFC 791, RFC 8200 section 4.5). */
struct fragment {
	uint32_t id;
	uint32_t size;   /* octets of the datagram's payload that are in this fragment */
	uint16_t offset; /* where they begin in it; 0: the first fragment */
	bool more;       /* others follow */
};

/*
 * What flows are told apart by (RFC 7011 section 2, Flow Key), unless the settings say otherwise. It stands in
 * a packet as it does in a flow (meter/flow.h). Compared and hashed as octets: no hole, and what is unused is 0.
 */
struct key_head {
	uint8_t src[4]; /* network order: the IPv4 address, or the first octets of the IPv6 one */
	uint8_t dst[4];
	uint16_t src_port; /* host order; 0 where there is none */
	uint16_t dst_port; /* of ICMP and ICMPv6: type * 256 + code */
	uint16_t vlan;     /* outermost VLAN ID, 0: untagged */
	uint8_t protocol;  /* of IPv6: what follows the last extension header */
	uint8_t dscp;      /* the ToS octet without its two ECN bits, unless those are in the key */
	uint32_t ingress;  /* ifIndex */
	uint32_t kind;     /* flow_kind() */
};

/* What follows of IPv6 addresses; 0 for IPv4. */
struct key_tail {
	uint8_t src[12];
	uint8_t dst[12];
};

static_assert(sizeof(struct key_head) == 24 && sizeof(struct key_tail) == 24, "three words each");

#define DSCP_MASK 0xfc

/*
 * What takes less than an octet each, and the overlay network's 24 bits, in one word: the IP version, 4 or 6;
 * the number of the sampling rule (meter/sampler.h), because a record has one rate; the segment, because the
 * same addresses may be in use in each.
 */
#define KIND_VERSION 7u
#define KIND_SELECTOR_SHIFT 3
#define KIND_SELECTOR 31u
#define KIND_SEGMENT_SHIFT 8

static inline uint32_t flow_kind(uint8_t ip_version, uint8_t selector, uint32_t segment)
{
	return segment << KIND_SEGMENT_SHIFT | (uint32_t)selector << KIND_SELECTOR_SHIFT |
	    ip_version;
}

static inline uint8_t kind_version(uint32_t kind)
{
	return kind & KIND_VERSION;
}

static inline uint8_t kind_selector(uint32_t kind)
{
	return kind >> KIND_SELECTOR_SHIFT & KIND_SELECTOR;
}

static inline uint32_t kind_segment(uint32_t kind)
{
	return kind >> KIND_SEGMENT_SHIFT;
}

/* The segment with its type, as layer2SegmentId (IE 351) has it. */
#define SEGMENT_TYPE_SHIFT 24
#define SEGMENT_ID_MASK 0xffffffu
enum segment_type { SEGMENT_NONE, SEGMENT_VXLAN, SEGMENT_NVGRE };

static inline uint32_t kind_typed_segment(uint32_t kind, uint8_t segment_type)
{
	return (uint32_t)segment_type << SEGMENT_TYPE_SHIFT | kind_segment(kind);
}

struct pktinfo {
	uint64_t ts_ns;    /* the packet's own time, since 1970 */
	uint64_t clock_ns; /* the stamp that deadlines are judged by (meter/clock.h) */
	uint64_t octets;   /* layer-3 octets: header and payload, no padding */
	struct key_head head;
	/* From here on 0 unless something was found. */
	struct key_tail tail;
	uint32_t ip_offset; /* where in the packet's octets the header is that this tells of */
	uint32_t mirrored_offset; /* where the mirrored frame begins that this is in; 0: in none */
	uint32_t egress;          /* ifIndex, 0: not known */
	uint32_t notes;           /* set of 1 << enum note */
	uint16_t inner_vlan;      /* second tag's VLAN ID, 0: none */
	uint16_t tcp_flags;       /* 12 bits as observed (RFC 9565) */
	uint8_t tos;              /* IPv4 ToS or IPv6 traffic class, all 8 bits */
	uint8_t segment_type;     /* enum segment_type: of the overlay network in `kind` */
	bool late;                /* ts_ns is before that of an earlier packet */
	bool is_fragment;
	/*
	 * What follows is not even zeroed where it is not set, which would cost every packet
	 * something; then nobody may read it.
	 */
	struct fragment fragment; /* set where is_fragment */
	/* Whole where decode_options.details is set. */
	struct detail detail;
};

static_assert(
    offsetof(struct pktinfo, tail) == offsetof(struct pktinfo, head) + sizeof(struct key_head),
    "hashed with the head");

/* What follows the key's head. */
static inline void pktinfo_clear(struct pktinfo *info)
{
	memset(&info->tail, 0, offsetof(struct pktinfo, fragment) - offsetof(struct pktinfo, tail));
}

/* The two addresses as they are in a packet; IPv4 in the first four octets, the rest 0. */
static inline void pktinfo_addresses(
    const struct pktinfo *info, uint8_t src[ADDRESS_OCTETS], uint8_t dst[ADDRESS_OCTETS])
{
	memcpy(src, info->head.src, sizeof(info->head.src));
	memcpy(src + sizeof(info->head.src), info->tail.src, sizeof(info->tail.src));
	memcpy(dst, info->head.dst, sizeof(info->head.dst));
	memcpy(dst + sizeof(info->head.dst), info->tail.dst, sizeof(info->tail.dst));
}

static inline void pktinfo_set_addresses(
    struct pktinfo *info, const uint8_t src[ADDRESS_OCTETS], const uint8_t dst[ADDRESS_OCTETS])
{
	memcpy(info->head.src, src, sizeof(info->head.src));
	memcpy(info->tail.src, src + sizeof(info->head.src), sizeof(info->tail.src));
	memcpy(info->head.dst, dst, sizeof(info->head.dst));
	memcpy(info->tail.dst, dst + sizeof(info->head.dst), sizeof(info->tail.dst));
}

static inline uint8_t pktinfo_version(const struct pktinfo *info)
{
	return kind_version(info->head.kind);
}

/* Why a packet is not metered; each reason is a counter of the ledger with this name. */
#define IGNORED_REASONS(X)                  \
	X(NON_IP, non_ip)                   \
	X(MALFORMED, malformed)             \
	X(TRUNCATED, truncated)             \
	X(HEADER_LIMIT, header_limit)       \
	X(DUPLICATE, duplicate)             \
	X(OWN_EXPORT, own_export)           \
	X(ARP, arp)                         \
	X(LLDP, lldp)                       \
	X(STP, stp)                         \
	X(CDP, cdp)                         \
	X(CISCO, cisco)                     \
	X(LACP, lacp)                       \
	X(OAM, oam)                         \
	X(PAUSE, pause)                     \
	X(EAPOL, eapol)                     \
	X(MRP, mrp)                         \
	X(PTP, ptp)                         \
	X(ISIS, isis)                       \
	X(LOOPBACK, loopback)               \
	X(WAKE_ON_LAN, wake_on_lan)         \
	X(AVTP, avtp)                       \
	X(INDUSTRIAL, industrial)           \
	X(STORAGE, storage)                 \
	X(ROCE, roce)                       \
	X(TIPC, tipc)                       \
	X(BATMAN, batman)                   \
	X(HOMEPLUG, homeplug)               \
	X(REALTEK, realtek)                 \
	X(MICROSOFT, microsoft)             \
	X(IPX, ipx)                         \
	X(APPLETALK, appletalk)             \
	X(DECNET, decnet)                   \
	X(NETBIOS, netbios)                 \
	X(SNA, sna)                         \
	X(LLC, llc)                         \
	X(MPLS, mpls)                       \
	X(MPLS_OAM, mpls_oam)               \
	X(NSH, nsh)                         \
	X(MACSEC, macsec)                   \
	X(PPPOE, pppoe)                     \
	X(LINK_TYPE, link_type)             \
	X(PPP_CONTROL, ppp_control)         \
	X(PPP_MULTILINK, ppp_multilink)     \
	X(PPP_COMPRESSED, ppp_compressed)   \
	X(PPP_OTHER, ppp_other)             \
	X(SLARP, slarp)                     \
	X(FRAME_RELAY, frame_relay)         \
	X(MAC_FRAME, mac_frame)             \
	X(WLAN_MANAGEMENT, wlan_management) \
	X(WLAN_CONTROL, wlan_control)       \
	X(WLAN_NO_DATA, wlan_no_data)       \
	X(WLAN_PROTECTED, wlan_protected)   \
	X(WLAN_FRAGMENT, wlan_fragment)     \
	X(WLAN_AMSDU, wlan_amsdu)           \
	X(WLAN_BAD_FCS, wlan_bad_fcs)       \
	X(WLAN_OTHER, wlan_other)           \
	X(NETLINK, netlink)                 \
	X(ERF, erf)                         \
	X(JUNIPER, juniper)

enum ignored {
	IGNORED_NOT, /* the packet is metered */
#define X(constant, name) IGNORED_##constant,
	IGNORED_REASONS(X)
#undef X
	    IGNORED_COUNT
};

/*
 * What was odd about packets that were metered; from FRAGMENT_FORGOTTEN on also about others: those are counted before
 * it is known whether a packet is.
 */
#define NOTES(X)                                  \
	X(LENGTH_LIES, length_lies)               \
	X(LENGTH_ZERO, length_zero)               \
	X(JUMBO_LENGTH, jumbo_length)             \
	X(TCP_HEADER_LENGTH, tcp_header_length)   \
	X(UDP_LENGTH, udp_length)                 \
	X(HEADER_LIMIT, header_limit)             \
	X(TUNNEL_NOT_IP, tunnel_not_ip)           \
	X(TUNNEL_LIMIT, tunnel_limit)             \
	X(TUNNEL_FRAGMENT, tunnel_fragment)       \
	X(FRAGMENT_TINY, fragment_tiny)           \
	X(FRAGMENT_OVERLAP, fragment_overlap)     \
	X(FRAGMENT_ORPHAN, fragment_orphan)       \
	X(FRAGMENT_FORGOTTEN, fragment_forgotten) \
	X(DEDUP_FORGOTTEN, dedup_forgotten)       \
	X(NO_TIME, no_time)                       \
	X(CLOCK_RESTARTS, clock_restarts)         \
	X(TIME_SHIFTED, time_shifted)

enum note {
#define X(constant, name) NOTE_##constant,
	NOTES(X)
#undef X
	    NOTE_COUNT
};

#endif
