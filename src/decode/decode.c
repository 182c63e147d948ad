#include "decode/decode.h"

#include <stddef.h>
#include <string.h>

#include "decode/layers.h"

enum ignored decode_packet(
    const struct packet *packet, const struct decode_options *options, struct pktinfo *info)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	uint8_t ip_version = 0;
	enum ignored ignored;
	uint32_t offset;

	memset(info, 0, offsetof(struct pktinfo, detail));
	if (options->details)
		detail_begin(packet, &info->detail);
	info->ingress = packet->ingress;
	ignored = link_decode(&c, packet, info, &ip_version);
	if (ignored)
		return ignored;
	offset = packet->caplen - (uint32_t)c.left;
	ignored = ip_decode(&c, packet->len - offset, ip_version, options, info);
	if (options->details && !ignored)
		detail_finish(packet, offset, info);
	return ignored;
}
