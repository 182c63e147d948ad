/*
 * IEEE 802.11 frames, and the headers of radiotap, PPI, Prism and AVS before them.
 */
#include "decode/layers.h"

#include <pcap/dlt.h>

#define FCS 4

/* -- 802.11 ------------------------------------------------------------------------------------ */

#define HEADER 24  /* of a data frame with three addresses */
#define ADDRESS1 4 /* where the addresses are in it */
#define ADDRESS2 10
#define ADDRESS3 16
#define SEQUENCE 22 /* little-endian; the low four bits: the fragment's number */
#define FRAGMENT 0x0f
#define VERSION 0x03 /* of the first octet */
#define TYPE 0x0c
#define TYPE_MANAGEMENT 0x00
#define TYPE_CONTROL 0x04
#define TYPE_DATA 0x08
#define SUBTYPE_NO_DATA 0x40
#define SUBTYPE_QOS 0x80
#define TO_DS 0x01 /* of the second */
#define FROM_DS 0x02
#define PROTECTED 0x40
#define HT_CONTROL 0x80
#define QOS_SIZE 2
#define QOS_AMSDU 0x80
#define HT_CONTROL_SIZE 4

/* How to read a frame. */
struct frame_control {
	uint8_t type;  /* the first octet, with the version */
	uint8_t flags; /* the second */
	bool padded;   /* its header is filled up to a multiple of four octets */
	unsigned low; /* which octet of two is the lower one: 1, against the standard, if swapped */
};

/* The station's own address and the access point's are by the distribution system's bits. */
static enum ignored take_addresses(struct walk *w, const uint8_t *header, uint8_t flags)
{
	const uint8_t *dst = header + (flags & TO_DS ? ADDRESS3 : ADDRESS1);
	const uint8_t *src = header + (flags & FROM_DS ? ADDRESS3 : ADDRESS2);

	if ((flags & (TO_DS | FROM_DS)) == (TO_DS | FROM_DS)) {
		src = cursor_take(&w->c, MAC_OCTETS);
		if (!src)
			return IGNORED_TRUNCATED;
	}
	walk_macs(w, dst, src);
	return IGNORED_NOT;
}

/* QoS and HT control. The order bit means HT control in QoS frames alone. */
static enum ignored take_controls(struct walk *w, const struct frame_control *control)
{
	const uint8_t *qos;

	if (!(control->type & SUBTYPE_QOS))
		return IGNORED_NOT;
	qos = cursor_take(&w->c, QOS_SIZE);
	if (!qos || ((control->flags & HT_CONTROL) && !cursor_take(&w->c, HT_CONTROL_SIZE)))
		return IGNORED_TRUNCATED;
	return qos[control->low] & QOS_AMSDU ? IGNORED_WLAN_AMSDU : IGNORED_NOT;
}

/*
 * Several packets in one frame (A-MSDU) have no place in one pktinfo; they are not metered rather
 * than the first alone. A later fragment has no LLC header, and what is protected can't be read.
 */
static enum ignored data_decode(struct walk *w, const struct frame_control *control)
{
	const uint8_t *header = cursor_take(&w->c, HEADER);
	uint32_t begin = walk_offset(w) - HEADER;
	enum ignored ignored;

	if (!header)
		return IGNORED_TRUNCATED;
	if (control->type & SUBTYPE_NO_DATA)
		return IGNORED_WLAN_NO_DATA;
	if (control->flags & PROTECTED)
		return IGNORED_WLAN_PROTECTED;
	if (header[SEQUENCE + control->low] & FRAGMENT)
		return IGNORED_WLAN_FRAGMENT;
	ignored = take_addresses(w, header, control->flags);
	if (!ignored)
		ignored = take_controls(w, control);
	if (ignored)
		return ignored;
	if (control->padded && !cursor_take(&w->c, -(walk_offset(w) - begin) & 3u))
		return IGNORED_TRUNCATED;
	return walk_on(w, llc_decode);
}

static enum ignored frame_decode(struct walk *w, const struct frame_control *control)
{
	if (control->type & VERSION)
		return IGNORED_WLAN_OTHER;
	switch (control->type & TYPE) {
	case TYPE_MANAGEMENT:
		return IGNORED_WLAN_MANAGEMENT;
	case TYPE_CONTROL:
		return IGNORED_WLAN_CONTROL;
	case TYPE_DATA:
		return data_decode(w, control);
	default:
		return IGNORED_WLAN_OTHER;
	}
}

enum ignored wlan_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 2);

	if (!first)
		return IGNORED_TRUNCATED;
	return frame_decode(w, &(struct frame_control){.type = first[0], .flags = first[1]});
}

/* Some cards fill up the header. */
static enum ignored wlan_padded_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 2);

	if (!first)
		return IGNORED_TRUNCATED;
	return frame_decode(
	    w, &(struct frame_control){.type = first[0], .flags = first[1], .padded = true});
}

/*
 * Cisco's access points have fields of two octets the other way round. Every data frame that they pass
 * on has a bit of the distribution system's, which then is where the version is, which is always 0.
 */
enum ignored wlan_either_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 2);

	if (!first)
		return IGNORED_TRUNCATED;
	if (!(first[0] & VERSION))
		return walk_on(w, wlan_decode);
	return frame_decode(
	    w, &(struct frame_control){.type = first[1], .flags = first[0], .low = 1});
}

/* -- radiotap ---------------------------------------------------------------------------------- */

#define RADIOTAP_HEADER 4
#define RADIOTAP_WORDS 32 /* of presence bits that are looked through */
#define PRESENT_TSFT 0x01
#define PRESENT_FLAGS 0x02
#define PRESENT_MORE 0x80000000u
#define TSFT_SIZE 8 /* and its alignment, from the header's first octet on */
#define FLAG_FCS 0x10
#define FLAG_PADDED 0x20
#define FLAG_BAD_FCS 0x40

/* The flags of the first set of fields; 0 where there are none. `fields`: from the first word on. */
static uint8_t radiotap_flags(struct cursor fields)
{
	const uint8_t *word = cursor_take(&fields, 4);
	uint32_t present = word ? get_le32(word) : 0;
	unsigned words = 1;
	const uint8_t *flags;

	if (!(present & PRESENT_FLAGS))
		return 0;
	for (; word && (get_le32(word) & PRESENT_MORE); words++) {
		if (words == RADIOTAP_WORDS)
			return 0;
		word = cursor_take(&fields, 4);
	}
	if ((present & PRESENT_TSFT) &&
	    (!cursor_take(&fields, words % 2 ? 0 : 4) || !cursor_take(&fields, TSFT_SIZE)))
		return 0;
	flags = cursor_take(&fields, 1);
	return flags ? *flags : 0;
}

/* A frame that failed its check may say anything. */
static enum ignored flagged_decode(struct walk *w, bool fcs, bool bad, bool padded)
{
	if (bad)
		return IGNORED_WLAN_BAD_FCS;
	if (fcs)
		walk_trim(w, FCS);
	return walk_on(w, padded ? wlan_padded_decode : wlan_decode);
}

enum ignored radiotap_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, RADIOTAP_HEADER);
	struct cursor fields = w->c;
	uint16_t size;
	uint8_t flags;

	if (!header)
		return IGNORED_TRUNCATED;
	size = get_le16(header + 2);
	if (header[0] != 0 || size < RADIOTAP_HEADER + 4)
		return IGNORED_WLAN_OTHER;
	if (!cursor_take(&w->c, size - RADIOTAP_HEADER))
		return IGNORED_TRUNCATED;
	cursor_limit(&fields, size - RADIOTAP_HEADER);
	flags = radiotap_flags(fields);
	return flagged_decode(w, flags & FLAG_FCS, flags & FLAG_BAD_FCS, flags & FLAG_PADDED);
}

/* -- PPI --------------------------------------------------------------------------------------- */

#define PPI_HEADER 8
#define PPI_FIELDS 16 /* that are looked through for 802.11's */
#define PPI_ALIGNED 0x01
#define PPI_80211_COMMON 2
#define PPI_80211_FLAGS 8 /* where they are in that field */
#define PPI_FCS 0x01
#define PPI_BAD_FCS 0x04

/* The flags of the field that tells of 802.11; 0 where there is none. */
static uint16_t ppi_flags(struct cursor fields, bool aligned)
{
	for (unsigned n = 0; n < PPI_FIELDS; n++) {
		const uint8_t *field = cursor_take(&fields, 4);
		size_t size = field ? get_le16(field + 2) : 0;
		const uint8_t *value = field ? cursor_take(&fields, size) : NULL;

		if (!value)
			return 0;
		if (get_le16(field) == PPI_80211_COMMON && size >= PPI_80211_FLAGS + 2)
			return get_le16(value + PPI_80211_FLAGS);
		if (aligned)
			cursor_take(&fields, -size & 3u);
	}
	return 0;
}

/* What follows is of the link type that the header says, mostly but not only 802.11's. */
enum ignored ppi_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, PPI_HEADER);
	struct cursor fields = w->c;
	uint32_t linktype;
	uint16_t size, flags;

	if (!header)
		return IGNORED_TRUNCATED;
	size = get_le16(header + 2);
	linktype = get_le32(header + 4);
	if (size < PPI_HEADER)
		return IGNORED_WLAN_OTHER;
	if (!cursor_take(&w->c, size - PPI_HEADER))
		return IGNORED_TRUNCATED;
	if (linktype != DLT_IEEE802_11)
		return link_type_decode(w, linktype);
	cursor_limit(&fields, size - PPI_HEADER);
	flags = ppi_flags(fields, header[1] & PPI_ALIGNED);
	return flagged_decode(w, flags & PPI_FCS, flags & PPI_BAD_FCS, false);
}

/* -- Prism and AVS ----------------------------------------------------------------------------- */

#define PRISM_HEADER 144
#define AVS_HEADER 8 /* its version and its length */
#define AVS_VERSION 0x80211000u
#define AVS_VERSION_MASK 0xfffff000u

enum ignored avs_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, AVS_HEADER);
	uint32_t size;

	if (!header)
		return IGNORED_TRUNCATED;
	size = get_be32(header + 4);
	if ((get_be32(header) & AVS_VERSION_MASK) != AVS_VERSION || size < AVS_HEADER)
		return IGNORED_WLAN_OTHER;
	return cursor_take(&w->c, size - AVS_HEADER) ? walk_on(w, wlan_decode) : IGNORED_TRUNCATED;
}

/* Drivers put AVS's header where the link type says Prism's. */
enum ignored prism_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 4);

	if (!first)
		return IGNORED_TRUNCATED;
	if ((get_be32(first) & AVS_VERSION_MASK) == AVS_VERSION)
		return walk_on(w, avs_decode);
	return cursor_take(&w->c, PRISM_HEADER) ? walk_on(w, wlan_decode) : IGNORED_TRUNCATED;
}
