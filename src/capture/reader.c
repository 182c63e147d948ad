#include "capture/reader.h"

#include <errno.h>
#include <pcap/dlt.h>
#include <stdarg.h>
#include <stdio.h>

uint32_t reader_fcs(int linktype, uint32_t octets)
{
	switch (linktype) {
	case DLT_IEEE802_11_RADIO:
	case DLT_PPI:
	case DLT_ERF:
	case DLT_NETANALYZER:
	case DLT_NETANALYZER_TRANSPARENT:
		return 0;
	default:
		return octets;
	}
}

void reader_take_off(struct packet *packet, uint32_t fcs)
{
	uint32_t wire = packet->len > packet->caplen ? packet->len : packet->caplen;

	packet->len = wire > fcs ? wire - fcs : 0;
	if (packet->caplen > packet->len)
		packet->caplen = packet->len;
}

int reader_fail(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, READER_WHY, format, args);
	va_end(args);
	return -EINVAL;
}

int reader_ended(const struct input *input, char *why)
{
	int error = input_error(input);

	if (error == -ENODATA)
		return 0;
	if (error != -EINTR)
		reader_fail(why, "%s", input_why(input));
	return error;
}

int reader_cut(const struct input *input, char *why)
{
	int error = reader_ended(input, why);

	return error ? error : reader_fail(why, "the file is cut: it ends here");
}
