/*
 * IEEE 802.2 LLC: a row for each service access point, and for each type that SNAP tells.
 */
#include "decode/layers.h"

#include <string.h>

#define CONTROL 2 /* where it is */
#define UNNUMBERED_INFORMATION 0x03
#define POLL_FINAL 0x10
#define RESPONSE 1 /* the lowest bit of the source's access point is no part of it */
#define SNAP 0xaa
#define IP 0x06 /* RFC 948: IP straight above LLC */
#define NOVELL_RAW 0xffff

static const struct {
	uint8_t access_point;
	enum ignored ignored;
} access_points[] = {
    {0x04, IGNORED_SNA}, {0x05, IGNORED_SNA}, {0x08, IGNORED_SNA}, {0x0c, IGNORED_SNA},
    {0x42, IGNORED_STP}, {0x82, IGNORED_INDUSTRIAL}, /* BACnet */
    {0xe0, IGNORED_IPX}, {0xf0, IGNORED_NETBIOS},
    {0xfe, IGNORED_ISIS}, /* and the rest of ISO's network layer */
};

/* The first row that fits; type 0 fits all of an organization. */
static const struct {
	uint8_t organization[3];
	uint16_t type;
	enum ignored ignored;
} snap_types[] = {
    {{0x00, 0x00, 0x0c}, 0x010b, IGNORED_STP}, /* PVST+ */
    {{0x00, 0x00, 0x0c}, 0x010c, IGNORED_STP}, /* VLAN bridge */
    {{0x00, 0x00, 0x0c}, 0x2000, IGNORED_CDP},
    {{0x00, 0x00, 0x0c}, 0, IGNORED_CISCO},    /* VTP, DTP, UDLD, PAgP */
    {{0x00, 0x00, 0x81}, 0x01a1, IGNORED_CDP}, /* SONMP of SynOptics, Bay, Nortel, Avaya */
    {{0x00, 0x00, 0x81}, 0x01a2, IGNORED_CDP},
    {{0x00, 0x40, 0x96}, 0, IGNORED_CISCO}, /* WLCCP and others of Aironet */
    {{0x00, 0x80, 0xc2}, 0x000e, IGNORED_STP},
    {{0x00, 0xe0, 0x2b}, 0x00bb, IGNORED_CDP}, /* EDP of Extreme */
    {{0x00, 0xe0, 0x52}, 0x2000, IGNORED_CDP}, /* FDP of Foundry */
    {{0x08, 0x00, 0x07}, 0x809b, IGNORED_APPLETALK},
};

/* For these the type is an EtherType (RFC 1042, IEEE 802.1H). */
static bool has_ethertype(const uint8_t *organization)
{
	return memcmp(organization, "\0\0\0", 3) == 0 || memcmp(organization, "\0\0\xf8", 3) == 0;
}

static enum ignored snap_decode(struct walk *w)
{
	const uint8_t *snap = cursor_take(&w->c, 8);

	if (!snap)
		return IGNORED_TRUNCATED;
	w->type = get_be16(snap + 6);
	if (has_ethertype(snap + 3))
		return w->type < ETHERTYPE_MIN ? IGNORED_LLC : walk_on(w, ethertype_decode);
	for (size_t i = 0; i < sizeof(snap_types) / sizeof(*snap_types); i++)
		if (memcmp(snap_types[i].organization, snap + 3, 3) == 0 &&
		    (snap_types[i].type == w->type || snap_types[i].type == 0))
			return snap_types[i].ignored;
	return IGNORED_LLC;
}

/* RFC 1042: IP is in unnumbered information alone. Other frames link stations, or test them. */
static bool has_information(const uint8_t *llc)
{
	return (llc[CONTROL] & ~POLL_FINAL) == UNNUMBERED_INFORMATION;
}

enum ignored llc_decode(struct walk *w)
{
	const uint8_t *llc = cursor_peek(&w->c, 3);

	if (!llc)
		return IGNORED_TRUNCATED;
	/* Novell's first frames have IPX there, without LLC; no checksum is 0xffff. */
	if (get_be16(llc) == NOVELL_RAW)
		return IGNORED_IPX;
	if ((llc[0] | RESPONSE) != (llc[1] | RESPONSE))
		return IGNORED_LLC;
	if ((llc[0] == SNAP || llc[0] == IP) && !has_information(llc))
		return IGNORED_LLC;
	if (llc[0] == SNAP)
		return snap_decode(w);
	if (llc[0] == IP) {
		cursor_take(&w->c, 3);
		return walk_ip(w, 4);
	}
	for (size_t i = 0; i < sizeof(access_points) / sizeof(*access_points); i++)
		if (access_points[i].access_point == llc[0])
			return access_points[i].ignored;
	return IGNORED_LLC;
}
