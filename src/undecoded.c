#include "undecoded.h"

#include <pcap/pcap.h>

#include "decode/decode.h"
#include "util/log.h"

void undecoded_report(const struct source *source, uint32_t interface, int linktype)
{
	const char *words = pcap_datalink_val_to_description(linktype);
	char supported[DECODE_SUPPORTED_MAX], place[SOURCE_PLACE], where[SOURCE_WHERE];

	decode_list_supported(supported, sizeof(supported));
	log_error("%s%s%s: link type %d (%s) is not decoded: those that are: %s", source->name,
	    source_where(source, where), source_place(interface, place), linktype,
	    words ? words : "unknown to libpcap", supported);
}

void undecoded_tell(struct undecoded *u, const struct source *source, const struct packet *packet)
{
	for (unsigned i = 0; i < u->count; i++)
		if (u->told[i] == packet->interface)
			return;
	if (u->count == UNDECODED_MAX)
		return;
	u->told[u->count++] = packet->interface;
	undecoded_report(source, packet->interface, packet->linktype);
}
