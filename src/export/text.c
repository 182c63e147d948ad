/*
 * Records as lines: text for a person, CSV (RFC 4180) and JSON with IPFIX element names.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "export/format.h"
#include "meter/record.h"
#include "util/units.h"

#define LINE_MAX_OCTETS 1024

/* A line under construction; never longer than its space. */
struct line {
	char text[LINE_MAX_OCTETS];
	size_t length;
};

static void put_text(struct line *l, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(l->text) - l->length)
		n = sizeof(l->text) - l->length;
	memcpy(l->text + l->length, text, n);
	l->length += n;
}

__attribute__((format(printf, 2, 3))) static void put_format(
    struct line *l, const char *format, ...)
{
	size_t room = sizeof(l->text) - l->length;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(l->text + l->length, room, format, ap);
	va_end(ap);
	if (n > 0)
		l->length += (size_t)n < room ? (size_t)n : room - 1;
}

static void put_decimal(struct line *l, uint64_t value)
{
	char digits[21];
	char *p = digits + sizeof(digits);

	*--p = '\0';
	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put_text(l, p);
}

static void put_address(struct line *l, const uint8_t address[16], uint8_t ip_version)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(ip_version == 4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	put_text(l, text);
}

/* Appends the line to the message; every record is one message record. */
static void send_line(struct encoder *e, const struct line *l, const struct record *r)
{
	message_make_room(e, l->length);
	memcpy(message_reserve(e, l->length), l->text, l->length);
	if (r)
		message_count(e, r, 1, 1);
}

/* -- JSON ------------------------------------------------------------------------------------- */

static void put_member(struct line *l, const struct element *e, const struct record *r)
{
	put_text(l, l->length ? ",\"" : "{\"");
	put_text(l, e->name);
	put_text(l, "\":");
	if (e->kind != ELEMENT_ADDRESS) {
		put_decimal(l, element_number(e, r));
		return;
	}
	put_text(l, "\"");
	put_address(l, (const uint8_t *)r + e->offset, r->ip_version);
	put_text(l, "\"");
}

static bool json_add(struct encoder *e, const struct record *r)
{
	unsigned class = 1u << flow_class_of(r);
	struct line l = {.length = 0};

	for (size_t i = 0; i < element_count; i++)
		if (element_table[i].ipfix_size && (element_table[i].classes & class))
			put_member(&l, &element_table[i], r);
	put_text(&l, "}\n");
	send_line(e, &l, r);
	return true;
}

/* -- CSV -------------------------------------------------------------------------------------- */

/* The columns behind the two addresses: what records of every class have. */
static bool is_column(const struct element *e)
{
	return e->ipfix_size && e->classes == IN_ALL;
}

static void csv_announce(struct encoder *e)
{
	struct line l = {.length = 0};

	put_text(&l, "sourceAddress,destinationAddress");
	for (size_t i = 0; i < element_count; i++)
		if (is_column(&element_table[i])) {
			put_text(&l, ",");
			put_text(&l, element_table[i].name);
		}
	put_text(&l, "\r\n");
	send_line(e, &l, NULL);
}

static bool csv_add(struct encoder *e, const struct record *r)
{
	struct line l = {.length = 0};

	put_address(&l, r->src, r->ip_version);
	put_text(&l, ",");
	put_address(&l, r->dst, r->ip_version);
	for (size_t i = 0; i < element_count; i++)
		if (is_column(&element_table[i])) {
			put_text(&l, ",");
			put_decimal(&l, element_number(&element_table[i], r));
		}
	put_text(&l, "\r\n");
	send_line(e, &l, r);
	return true;
}

/* -- text ------------------------------------------------------------------------------------- */

static void text_announce(struct encoder *e)
{
	struct line l = {.length = 0};

	put_format(&l, "%-23s %10s %-7s %25s    %-25s %-8s %9s %11s\n", "Start (UTC)", "Duration",
	    "Proto", "Source", "Destination", "Flags", "Packets", "Bytes");
	send_line(e, &l, NULL);
}

static const char *protocol_name(uint8_t protocol, char number[4])
{
	static const char *const names[256] = {
	    [IPPROTO_ICMP] = "ICMP",
	    [IPPROTO_IGMP] = "IGMP",
	    [IPPROTO_IPIP] = "IPIP",
	    [IPPROTO_TCP] = "TCP",
	    [IPPROTO_UDP] = "UDP",
	    [IPPROTO_DCCP] = "DCCP",
	    [IPPROTO_IPV6] = "IPv6",
	    [IPPROTO_GRE] = "GRE",
	    [IPPROTO_ESP] = "ESP",
	    [IPPROTO_AH] = "AH",
	    [IPPROTO_ICMPV6] = "ICMPv6",
	    [89] = "OSPF",
	    [IPPROTO_PIM] = "PIM",
	    [112] = "VRRP",
	    [IPPROTO_SCTP] = "SCTP",
	    [IPPROTO_UDPLITE] = "UDPLite",
	};

	if (names[protocol])
		return names[protocol];
	snprintf(number, 4, "%u", protocol);
	return number;
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	    protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

static void put_endpoint(
    struct line *l, const uint8_t address[16], uint16_t port, const struct record *r)
{
	bool ports = has_ports(r->protocol);
	bool brackets = ports && r->ip_version == 6;

	if (brackets)
		put_text(l, "[");
	put_address(l, address, r->ip_version);
	if (ports)
		put_format(l, "%s:%u", brackets ? "]" : "", port);
}

/* Destination, and what ICMP says in place of a port. */
static void put_destination(struct line *l, const struct record *r)
{
	put_endpoint(l, r->dst, r->dst_port, r);
	if (r->protocol == IPPROTO_ICMP || r->protocol == IPPROTO_ICMPV6)
		put_format(l, " %u/%u", r->icmp_type_code >> 8, r->icmp_type_code & 0xff);
}

static void flags_text(const struct record *r, char text[9])
{
	static const char letters[] = "CEUAPRSF";

	for (unsigned i = 0; i < 8; i++)
		text[i] = r->tcp_flags & 0x80 >> i ? letters[i] : '.';
	text[8] = '\0';
	if (r->protocol != IPPROTO_TCP)
		text[0] = '\0';
}

static void put_start(struct line *l, uint64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	put_format(l, "%04d-%02d-%02d %02d:%02d:%02d.%03u", tm.tm_year + 1900, tm.tm_mon + 1,
	    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned)(ns % NS_PER_S / NS_PER_MS));
}

static bool text_add(struct encoder *e, const struct record *r)
{
	uint64_t duration_ms = r->end_ns / NS_PER_MS - r->start_ns / NS_PER_MS;
	struct line l = {.length = 0}, source = {.length = 0}, destination = {.length = 0};
	char flags[9], number[4];

	put_endpoint(&source, r->src, r->src_port, r);
	put_destination(&destination, r);
	flags_text(r, flags);
	put_start(&l, r->start_ns);
	put_format(&l, " %6llu.%03llu %-7s %25.*s -> %-25.*s %-8s %9llu %11llu\n",
	    (unsigned long long)(duration_ms / 1000), (unsigned long long)(duration_ms % 1000),
	    protocol_name(r->protocol, number), (int)source.length, source.text,
	    (int)destination.length, destination.text, flags, (unsigned long long)r->packets,
	    (unsigned long long)r->octets);
	send_line(e, &l, r);
	return true;
}

const struct format_ops text_format = {.name = "text", .add = text_add, .announce = text_announce};
const struct format_ops csv_format = {.name = "csv", .add = csv_add, .announce = csv_announce};
const struct format_ops json_format = {.name = "json", .add = json_add};
