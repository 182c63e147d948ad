/*
 * What stands between an Ethernet header and what the frame carries: tags that aren't 802.1Q's,
 * frames in frames, service chains, and MACsec as long as it doesn't encrypt.
 */
#include "decode/layers.h"

#define SCI_SIZE 8
#define ICV_SIZE 16 /* of all cipher suites (IEEE 802.1AE clause 14) */
#define SHORT_MAX 47
#define MACSEC_VERSION 0x80
#define MACSEC_SCI 0x20
#define MACSEC_ENCRYPTED 0x08
#define MACSEC_CHANGED 0x04
#define TIMESTAMP 1
#define TIMESTAMP_64 0x10 /* of the last octet; the one before it tells the clock */
#define TIMESTAMP_48 0x20
#define NSH_BASE 8 /* base and service path header (RFC 8300 section 2) */

/* How many octets there are before the EtherType of what follows. */
static const struct {
	uint16_t type;
	uint8_t octets;
} shims[] = {
    {0x8926, 4}, /* VN-Tag: virtual interfaces of a fabric extender */
    {0x892f, 4}, /* HSR (IEC 62439-3): path, size, sequence */
    {0x893b, 2}, /* TRILL's fine-grained label (RFC 7172), of which there are two */
    {0x893f, 6}, /* E-Tag (802.1BR) */
    {0xf1c1, 4}, /* R-TAG (802.1CB): a sequence number */
};

/* The EtherType at the cursor says what follows it. */
static enum ignored take_ethertype(struct walk *w)
{
	const uint8_t *type = cursor_take(&w->c, 2);

	if (!type)
		return IGNORED_TRUNCATED;
	w->type = get_be16(type);
	return walk_on(w, ethertype_decode);
}

enum ignored shim_decode(struct walk *w)
{
	for (size_t i = 0; i < sizeof(shims) / sizeof(*shims); i++) {
		if (shims[i].type != w->type)
			continue;
		if (!cursor_take(&w->c, shims[i].octets))
			return IGNORED_TRUNCATED;
		return take_ethertype(w);
	}
	return IGNORED_NON_IP;
}

/* Cisco's metadata: version, options' length in units of four octets, options; one is the SGT. */
enum ignored metadata_decode(struct walk *w)
{
	const uint8_t *h = cursor_take(&w->c, 2);

	if (!h || !cursor_take(&w->c, h[1] * (size_t)4))
		return IGNORED_TRUNCATED;
	return take_ethertype(w);
}

/* Arista's: a subtype, of which the time stamp is the first, and which clock's in how many octets. */
enum ignored timestamp_decode(struct walk *w)
{
	const uint8_t *h = cursor_take(&w->c, 4);
	size_t size;

	if (!h)
		return IGNORED_TRUNCATED;
	size = h[3] == TIMESTAMP_64 ? 8 : 6;
	if (get_be16(h) != TIMESTAMP || (h[3] != TIMESTAMP_64 && h[3] != TIMESTAMP_48))
		return IGNORED_NON_IP;
	return cursor_take(&w->c, size) ? take_ethertype(w) : IGNORED_TRUNCATED;
}

/* IEEE 802.1ah: flags and the I-SID, then the customer's frame. */
enum ignored backbone_decode(struct walk *w)
{
	return cursor_take(&w->c, 4) ? walk_frame(w) : IGNORED_TRUNCATED;
}

/* Forwarding tag and TTL, then the frame; the header before them has switches' IDs for addresses. */
enum ignored fabricpath_decode(struct walk *w)
{
	return cursor_take(&w->c, 2) ? walk_frame(w) : IGNORED_TRUNCATED;
}

/* RFC 6325 section 3: flags, length of the options, hop count, two nicknames. */
enum ignored trill_decode(struct walk *w)
{
	const uint8_t *h = cursor_take(&w->c, 6);

	if (!h)
		return IGNORED_TRUNCATED;
	if (h[0] >> 6 != 0)
		return IGNORED_NON_IP;
	if (!cursor_take(&w->c, (get_be16(h) >> 6 & 0x1f) * (size_t)4))
		return IGNORED_TRUNCATED;
	return walk_frame(w);
}

/* RFC 8300 section 2.2. */
static enum ignored nsh_next(struct walk *w, uint8_t protocol)
{
	switch (protocol) {
	case 1:
		return walk_ip(w, 4);
	case 2:
		return walk_ip(w, 6);
	case 3:
		return walk_frame(w);
	case 4:
		return walk_on(w, nsh_decode);
	case 5:
		return walk_on(w, mpls_decode);
	default:
		return IGNORED_NSH;
	}
}

enum ignored nsh_decode(struct walk *w)
{
	const uint8_t *base = cursor_take(&w->c, NSH_BASE);
	size_t size;

	if (!base)
		return IGNORED_TRUNCATED;
	if (base[0] >> 6 != 0)
		return IGNORED_NSH;
	size = (base[1] & 0x3fu) * (size_t)4;
	if (size < NSH_BASE)
		return IGNORED_MALFORMED;
	if (!cursor_take(&w->c, size - NSH_BASE))
		return IGNORED_TRUNCATED;
	return nsh_next(w, base[3]);
}

/*
 * IEEE 802.1AE clause 9: TCI and AN, short length, packet number, perhaps the SCI. Whether there is
 * confidentiality for a part of the frame alone isn't told.
 */
enum ignored macsec_decode(struct walk *w)
{
	const uint8_t *tag = cursor_take(&w->c, 6);
	uint64_t end = w->wire_end > ICV_SIZE ? w->wire_end - ICV_SIZE : 0;

	if (!tag)
		return IGNORED_TRUNCATED;
	if (tag[0] & (MACSEC_VERSION | MACSEC_ENCRYPTED | MACSEC_CHANGED))
		return IGNORED_MACSEC;
	if (tag[1] > SHORT_MAX)
		return IGNORED_MALFORMED;
	if (tag[0] & MACSEC_SCI && !cursor_take(&w->c, SCI_SIZE))
		return IGNORED_TRUNCATED;
	walk_shorten(w, tag[1] ? walk_offset(w) + tag[1] : end);
	return take_ethertype(w);
}
