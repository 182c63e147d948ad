#include "decode/decode.h"

#include "decode/layers.h"

enum ignored decode_packet(
    const struct packet *packet, const struct decode_options *options, struct pktinfo *info)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	uint8_t ip_version = 0;
	enum ignored ignored;
	uint32_t wire;

	*info = (struct pktinfo){.ingress = packet->ingress};
	ignored = link_decode(&c, packet, info, &ip_version);
	if (ignored)
		return ignored;
	wire = packet->len - (uint32_t)(packet->caplen - c.left);
	return ip_decode(&c, wire, ip_version, options, info);
}
