/*
 * Links between routers: Cisco HDLC, Frame Relay (RFC 2427), AAL5 (RFC 2684), SLIP.
 */
#include "decode/layers.h"

#define UNNUMBERED 0x03  /* control octet: unnumbered information */
#define ADDRESS_END 0x01 /* Q.922: the address field's last octet */
#define ADDRESS_MIN 2
#define ADDRESS_MAX 4
#define OUI_PID 5
#define FCS 4
#define SLIP_HEADER 16
#define SLIP_BSDOS_HEADER 24

/* -- what several of them have ----------------------------------------------------------------- */

/* A bridged frame's kind (RFC 2427 section 4.2, RFC 2684 section 5.2), after `pad` octets. */
static enum ignored bridged_decode(struct walk *w, uint16_t pid, size_t pad, enum ignored other)
{
	switch (pid) {
	case 0x0001:
	case 0x0007:
		if (!cursor_take(&w->c, pad))
			return IGNORED_TRUNCATED;
		if (pid == 0x0001)
			walk_trim(w, FCS);
		return walk_on(w, ethernet_decode);
	case 0x000e:
		return IGNORED_STP;
	default:
		return other;
	}
}

/* An organization's code and its number for a protocol, as behind 802.2's SNAP. */
static enum ignored snap_decode(struct walk *w, size_t pad, enum ignored other)
{
	const uint8_t *snap = cursor_take(&w->c, OUI_PID);

	if (!snap)
		return IGNORED_TRUNCATED;
	w->type = get_be16(snap + 3);
	if (memcmp(snap, "\0\x80\xc2", 3) == 0)
		return bridged_decode(w, w->type, pad, other);
	if (memcmp(snap, "\0\0\x0c", 3) == 0 && w->type == 0x2000)
		return IGNORED_CDP;
	if (memcmp(snap, "\0\0\0", 3) != 0 || w->type < ETHERTYPE_MIN)
		return other;
	return walk_on(w, ethertype_decode);
}

/* Network layer protocol identifier (ISO/IEC TR 9577). */
static enum ignored nlpid_decode(struct walk *w, size_t pad, enum ignored other)
{
	const uint8_t *nlpid = cursor_take(&w->c, 1);

	if (!nlpid)
		return IGNORED_TRUNCATED;
	switch (*nlpid) {
	case 0x80:
		return snap_decode(w, pad, other);
	case 0x81: /* CLNP */
	case 0x82: /* ES-IS */
	case 0x83: /* IS-IS */
		return IGNORED_ISIS;
	case 0x8e:
		return walk_ip(w, 6);
	case 0xcc:
		return walk_ip(w, 4);
	case 0xcf: /* RFC 1973 */
		return walk_on(w, ppp_decode);
	default:
		return other;
	}
}

/* -- Cisco HDLC -------------------------------------------------------------------------------- */

/* Cisco's numbers below those of EtherTypes, or beside them. */
static enum ignored cisco_decode(struct walk *w, uint16_t type)
{
	switch (type) {
	case 0x2000:
		return IGNORED_CDP;
	case 0x4242:
		return IGNORED_STP;
	case 0x6558:
		return walk_on(w, ethernet_decode);
	case 0x8035: /* RARP's number, but this is for keeping the line alive and finding addresses */
		return IGNORED_SLARP;
	case 0x00fe:
	case 0xfefe:
		return IGNORED_ISIS;
	default:
		w->type = type;
		return walk_on(w, ethertype_decode);
	}
}

enum ignored chdlc_decode(struct walk *w)
{
	const uint8_t *header = cursor_take(&w->c, 4);

	return header ? cisco_decode(w, get_be16(header + 2)) : IGNORED_TRUNCATED;
}

enum ignored chdlc_dir_decode(struct walk *w)
{
	return cursor_take(&w->c, 1) ? walk_on(w, chdlc_decode) : IGNORED_TRUNCATED;
}

/* -- Frame Relay ------------------------------------------------------------------------------- */

/* Q.922's address field: two, three or four octets, of which the last says so. */
static enum ignored take_address(struct walk *w)
{
	for (unsigned n = 1; n <= ADDRESS_MAX; n++) {
		const uint8_t *octet = cursor_take(&w->c, 1);

		if (!octet)
			return IGNORED_TRUNCATED;
		if (*octet & ADDRESS_END)
			return n < ADDRESS_MIN ? IGNORED_FRAME_RELAY : IGNORED_NOT;
	}
	return IGNORED_FRAME_RELAY;
}

/* Of what may be there instead, the control field of numbered frames, none is taken for these. */
static bool is_cisco(uint16_t type)
{
	return type == 0x0800 || type == 0x86dd || type == 0x8847 || type == 0x8848 ||
	    type == 0x0806 || type == 0x2000 || type == 0x6558 || type == 0xfefe;
}

/* Cisco's encapsulation has Cisco HDLC's type in place of the control octet and the NLPID. */
static enum ignored frelay_cisco(struct walk *w)
{
	const uint8_t *type = cursor_take(&w->c, 2);

	if (!type)
		return IGNORED_TRUNCATED;
	return is_cisco(get_be16(type)) ? cisco_decode(w, get_be16(type)) : IGNORED_FRAME_RELAY;
}

/* An octet of zeros may follow the control octet, for alignment. */
enum ignored frelay_decode(struct walk *w)
{
	enum ignored ignored = take_address(w);
	const uint8_t *octet;

	if (ignored)
		return ignored;
	octet = cursor_peek(&w->c, 1);
	if (!octet)
		return IGNORED_TRUNCATED;
	if (*octet != UNNUMBERED)
		return frelay_cisco(w);
	cursor_take(&w->c, 1);
	octet = cursor_peek(&w->c, 1);
	if (octet && *octet == 0)
		cursor_take(&w->c, 1);
	return nlpid_decode(w, 0, IGNORED_FRAME_RELAY);
}

enum ignored frelay_dir_decode(struct walk *w)
{
	return cursor_take(&w->c, 1) ? walk_on(w, frelay_decode) : IGNORED_TRUNCATED;
}

/* -- AAL5 -------------------------------------------------------------------------------------- */

#define BRIDGED_PAD 2 /* before the addresses of a bridged Ethernet frame */

/* What PPP in a virtual circuit of its own (RFC 2364) may begin with. */
static bool is_ppp(uint16_t first)
{
	return first == 0xff03 || first == 0x0021 || first == 0x0057 || first >> 8 == 0xc0;
}

/*
 * LLC tells what follows. A virtual circuit of one protocol does not, nor does the capture: IP is
 * told by its version, PPP by its protocol; 0x42 is the spanning tree's access point in LLC.
 */
enum ignored atm_decode(struct walk *w)
{
	const uint8_t *first = cursor_peek(&w->c, 3);

	if (!first)
		return IGNORED_TRUNCATED;
	if (memcmp(first, "\xaa\xaa\x03", 3) == 0) {
		cursor_take(&w->c, 3);
		return snap_decode(w, BRIDGED_PAD, IGNORED_LLC);
	}
	if (memcmp(first, "\xfe\xfe\x03", 3) == 0) {
		cursor_take(&w->c, 3);
		return nlpid_decode(w, BRIDGED_PAD, IGNORED_LLC);
	}
	if (first[0] == UNNUMBERED) { /* Cisco's short form */
		cursor_take(&w->c, 1);
		return nlpid_decode(w, BRIDGED_PAD, IGNORED_LLC);
	}
	if (first[0] >> 4 == 4 && first[0] != 0x42)
		return walk_ip(w, 4);
	if (first[0] >> 4 == 6)
		return walk_ip(w, 6);
	return walk_on(w, is_ppp(get_be16(first)) ? ppp_decode : llc_decode);
}

/* -- SLIP -------------------------------------------------------------------------------------- */

/* Direction and the header as it was on the line; the packet behind is whole again. */
enum ignored slip_decode(struct walk *w)
{
	return cursor_take(&w->c, SLIP_HEADER) ? walk_ip(w, 0) : IGNORED_TRUNCATED;
}

enum ignored slip_bsdos_decode(struct walk *w)
{
	return cursor_take(&w->c, SLIP_BSDOS_HEADER) ? walk_ip(w, 0) : IGNORED_TRUNCATED;
}
