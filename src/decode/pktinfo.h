/*
 * What the decoder found in a packet's headers: one of the five nouns (HACKING.md).
 *
 * A value without pointers. It lives for one turn of the worker's loop; everything later than the
 * decoder works from it alone.
 */
#ifndef SPANFLOW_DECODE_PKTINFO_H
#define SPANFLOW_DECODE_PKTINFO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What only some record layouts ask for. In a pktinfo it is one packet's; in a flow or record that
 * of its first packet, but for the minima, maxima and flags, which are those of all its packets.
 */
#define DETAIL_DO_NOT_FRAGMENT 0x40
#define DETAIL_MORE_FRAGMENTS 0x20

struct detail {
	uint8_t src_mac[6];
	uint8_t dst_mac[6];
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

struct pktinfo {
	uint64_t ts_ns;    /* the packet's own time, since 1970 */
	uint64_t clock_ns; /* the stamp that deadlines are judged by (meter/clock.h) */
	uint64_t octets;   /* layer-3 octets: header and payload, no padding */
	uint8_t src[16];   /* network order; IPv4 in the first four octets, the rest 0 */
	uint8_t dst[16];   /* likewise */
	uint32_t ingress;  /* ifIndex */
	/* From here on 0 unless something was found. */
	uint32_t ip_offset; /* where in the packet's octets the header is that this tells of */
	uint32_t mirrored_offset; /* where the mirrored frame begins that this is in; 0: in none */
	uint32_t egress;          /* ifIndex, 0: not known */
	uint32_t notes;           /* set of 1 << enum note */
	uint32_t segment; /* overlay network: enum segment_type << SEGMENT_TYPE_SHIFT | its ID */
	/* These five stand as they do in a key (meter/flow.h), which is made of them at once. */
	uint16_t src_port;   /* host order; 0 where there is none */
	uint16_t dst_port;   /* of ICMP and ICMPv6: type * 256 + code */
	uint16_t vlan;       /* outermost VLAN ID, 0: untagged */
	uint8_t protocol;    /* of IPv6: what follows the last extension header */
	uint8_t tos;         /* IPv4 ToS or IPv6 traffic class, all 8 bits */
	uint16_t inner_vlan; /* second tag's VLAN ID, 0: none */
	uint16_t tcp_flags;  /* 12 bits as observed (RFC 9565) */
	uint8_t ip_version;  /* 4 or 6 */
	uint8_t selector;    /* number of the sampling rule that chose it (meter/sampler.h) */
	bool late;           /* ts_ns is before that of an earlier packet */
	bool is_fragment;
	/*
	 * What follows is not even zeroed where it is not set, which would cost every packet
	 * something; then nobody may read it.
	 */
	struct fragment fragment; /* set where is_fragment */
	/* Whole where decode_options.details is set. */
	struct detail detail;
};

/* Types of layer2SegmentId (IE 351). */
#define SEGMENT_TYPE_SHIFT 24
#define SEGMENT_ID_MASK 0xffffffu
enum segment_type { SEGMENT_NONE, SEGMENT_VXLAN, SEGMENT_NVGRE };

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

/* What was odd about packets that were metered, or about their times. */
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
