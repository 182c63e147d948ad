#include "capture/format.h"

#include <string.h>

#define EDITCAP ": editcap -F pcap converts it"

static const struct format formats[] = {
    {{0x0a, 0x0d, 0x0d, 0x0a}, 4, reader_pcapng_open, NULL},
    {{0xd4, 0xc3, 0xb2, 0xa1}, 4, reader_pcap_open, NULL},
    {{0xa1, 0xb2, 0xc3, 0xd4}, 4, reader_pcap_open, NULL},
    {{0x4d, 0x3c, 0xb2, 0xa1}, 4, reader_pcap_open, NULL},
    {{0xa1, 0xb2, 0x3c, 0x4d}, 4, reader_pcap_open, NULL},
    /* With records of their own: Kuznetzov's and Navtel's. */
    {{0x34, 0xcd, 0xb2, 0xa1}, 4, reader_pcap_open, NULL},
    {{0xa1, 0xb2, 0xcd, 0x34}, 4, reader_pcap_open, NULL},
    {{0x12, 0xcb, 0xe2, 0xa1}, 4, reader_pcap_open, NULL},
    {{0xa1, 0xe2, 0xcb, 0x12}, 4, reader_pcap_open, NULL},

    {"snoop\0\0\0", 8, NULL, "a snoop file" EDITCAP},
    {"RTSS", 4, NULL, "a Network Monitor file" EDITCAP},
    {"GMBU", 4, NULL, "a Network Monitor file" EDITCAP},
    {"XCP", 4, NULL, "a NetXRay file" EDITCAP},
    {"TRSNIFF ", 8, NULL, "a Sniffer file" EDITCAP},
    {"\177ver", 4, NULL, "an EtherPeek file" EDITCAP},
    {{0x0c, 0xa5}, 2, NULL, "a file of nfdump's flows"},
    {{0xa5, 0x0c}, 2, NULL, "a file of nfdump's flows"},
    {"PK\3\4", 4, NULL, "a zip archive: unpack it first"},
    {"\177ELF", 4, NULL, "a program"},
    {"SQLite f", 8, NULL, "a database"},
};

const struct format format_erf = {.open = reader_erf_open};

/* As far as can be seen. */
static const struct format text = {.what = "text"};

static bool is_text(const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (octets[i] == 0x7f || (octets[i] < ' ' && !memchr("\t\n\r", octets[i], 3)))
			return false;
	return n >= sizeof(uint32_t);
}

const struct format *format_find(const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (n >= formats[i].size && memcmp(octets, formats[i].magic, formats[i].size) == 0)
			return &formats[i];
	return is_text(octets, n) ? &text : NULL;
}
