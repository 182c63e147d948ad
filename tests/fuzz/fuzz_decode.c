/*
 * The decoder on anything: the first octet picks the link type, the next how much longer the
 * packet was on the wire than what was captured.
 */
#include <pcap/dlt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decode.h"
#include "decode/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decodes it with details and without: they alter nothing else, though usual.c is for those without alone. */
static void decode(const struct packet *packet, struct decode_options *options, uint32_t key)
{
	struct pktinfo info = {0}, detailed = {0};
	enum ignored ignored;

	options->details = false;
	ignored = decode_packet(packet, options, &info);
	options->details = true;
	if (decode_packet(packet, options, &detailed) != ignored || ignored >= IGNORED_COUNT)
		abort();
	if (ignored != IGNORED_NOT)
		return;
	if (memcmp(&info, &detailed, offsetof(struct pktinfo, fragment)) != 0 ||
	    (kind_version(info.head.kind) != 4 && kind_version(info.head.kind) != 6))
		abort();
	digest_packet(packet, &info, key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int linktypes[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,
	    DLT_NULL, DLT_LOOP, DLT_IPV4, DLT_IPV6, DLT_USB_LINUX, DLT_NETANALYZER,
	    DLT_NETANALYZER_TRANSPARENT, DLT_DSA_TAG_BRCM, DLT_DSA_TAG_BRCM_PREPEND,
	    DLT_DSA_TAG_DSA, DLT_DSA_TAG_EDSA, DLT_MPLS, DLT_ENC, DLT_PFLOG, DLT_NFLOG, DLT_USER2,
	    DLT_IPNET, DLT_ERF, DLT_PPP, DLT_PPP_SERIAL, DLT_PPP_ETHER, DLT_PPP_PPPD,
	    DLT_PPP_WITH_DIR, DLT_PPP_BSDOS, DLT_SLIP, DLT_SLIP_BSDOS, DLT_C_HDLC,
	    DLT_C_HDLC_WITH_DIR, DLT_FRELAY, DLT_FRELAY_WITH_DIR, DLT_ATM_RFC1483, DLT_ATM_CLIP,
	    DLT_IEEE802_11, DLT_IEEE802_11_RADIO, DLT_IEEE802_11_RADIO_AVS, DLT_PRISM_HEADER,
	    DLT_PPI, DLT_IEEE802, DLT_FDDI, DLT_IP_OVER_FC, DLT_APPLE_IP_OVER_IEEE1394, DLT_IPOIB,
	    DLT_JUNIPER_ETHER, DLT_JUNIPER_PPPOE, DLT_JUNIPER_PPP, DLT_JUNIPER_CHDLC,
	    DLT_JUNIPER_FRELAY, DLT_JUNIPER_PPPOE_ATM, DLT_JUNIPER_MLPPP, DLT_JUNIPER_ATM1,
	    DLT_JUNIPER_ATM2, DLT_ARCNET, DLT_ARCNET_LINUX};
	struct decode_options options = {0};
	struct packet packet;

	if (size < 2)
		return 0;
	packet = (struct packet){.caplen = (uint32_t)(size - 2),
	    .len = (uint32_t)(size - 2) + data[1],
	    .linktype = linktypes[(data[0] & 0x7f) % (sizeof(linktypes) / sizeof(*linktypes))]};
	options.believe_lengths = data[0] & 0x80;
	/* A copy of exactly the captured octets, so that the sanitizer sees one more being read. */
	packet.data = memcpy(malloc(packet.caplen + !packet.caplen), data + 2, packet.caplen);
	decode(&packet, &options, data[1]);
	options.decap = (1u << DECAP_COUNT) - 1;
	decode(&packet, &options, data[1]);
	free((void *)packet.data);
	return 0;
}
