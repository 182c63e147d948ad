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

/* Decodes it with details and without: they alter nothing else. */
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
	    (info.ip_version != 4 && info.ip_version != 6))
		abort();
	digest_packet(packet, &info, key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int linktypes[] = {DLT_EN10MB, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_RAW,
	    DLT_NULL, DLT_LOOP, DLT_IPV4, DLT_IPV6, DLT_USB_LINUX};
	struct decode_options options = {0};
	struct packet packet;

	if (size < 2)
		return 0;
	packet = (struct packet){.caplen = (uint32_t)(size - 2),
	    .len = (uint32_t)(size - 2) + data[1],
	    .linktype = linktypes[data[0] % (sizeof(linktypes) / sizeof(*linktypes))]};
	options.believe_lengths = data[0] & 0x80;
	/* A copy of exactly the captured octets, so that the sanitizer sees one more being read. */
	packet.data = memcpy(malloc(packet.caplen + !packet.caplen), data + 2, packet.caplen);
	decode(&packet, &options, data[1]);
	options.decap = (1u << DECAP_COUNT) - 1;
	decode(&packet, &options, data[1]);
	free((void *)packet.data);
	return 0;
}
