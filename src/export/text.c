/*
 * Records as lines: text for a person, CSV (RFC 4180) and JSON with IPFIX element names.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/format.h"
#include "export/protocol.h"
#include "meter/record.h"
#include "util/units.h"

#define LINE_MAX_OCTETS 4000

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

static void put_address(struct line *l, const uint8_t *address, bool ipv4)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(ipv4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	put_text(l, text);
}

static void put_hex(struct line *l, const uint8_t *octets, unsigned count, const char *separator)
{
	for (unsigned i = 0; i < count; i++)
		put_format(l, "%s%02x", i ? separator : "", octets[i]);
}

/* Whether its value is a string in JSON. */
static bool is_string(const struct element *e)
{
	return e->kind == ELEMENT_ADDRESS || e->kind == ELEMENT_MAC || e->kind == ELEMENT_OCTETS ||
	    e->kind == ELEMENT_SEGMENT;
}

/* The value as RFC 7373 writes it; times are numbers since 1970. */
static void put_value(
    struct line *l, const struct element *e, const struct record *r, const struct encoder *encoder)
{
	const uint8_t *octets = element_octets(e, r, &encoder->constants);

	switch (e->kind) {
	case ELEMENT_ADDRESS:
		put_address(l, octets, e->record_size == 4);
		break;
	case ELEMENT_MAC:
		put_hex(l, octets, e->record_size, ":");
		break;
	case ELEMENT_OCTETS:
		put_text(l, "0x");
		put_hex(l, octets, e->record_size, "");
		break;
	case ELEMENT_SEGMENT:
		/* As a number readers that have 53 bits for one would lose the lowest. */
		put_format(
		    l, "0x%016llx", (unsigned long long)element_number(e, r, &encoder->constants));
		break;
	default:
		put_decimal(l, element_number(e, r, &encoder->constants));
		break;
	}
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

static int json_init(struct encoder *e)
{
	struct layout *layouts = calloc(CLASS_COUNT, sizeof(*layouts));

	if (!layouts)
		return -ENOMEM;
	for (unsigned c = 0; c < CLASS_COUNT; c++)
		layout_build(&layouts[c], &e->options, 1u << c);
	e->format_state = layouts;
	return 0;
}

static void put_member(
    struct line *l, const struct element *element, const struct record *r, const struct encoder *e)
{
	const char *quote = is_string(element) ? "\"" : "";

	put_text(l, l->length ? ",\"" : "{\"");
	put_text(l, element->name);
	put_text(l, "\":");
	put_text(l, quote);
	put_value(l, element, r, e);
	put_text(l, quote);
}

static bool json_add(struct encoder *e, const struct record *r)
{
	const struct layout *layouts = e->format_state;
	const struct layout *layout = &layouts[flow_class_of(r)];
	struct line l;

	l.length = 0;
	if (layout->count == 0) {
		e->not_expressible.no_elements++;
		return false;
	}
	for (unsigned i = 0; i < layout->count; i++)
		put_member(&l, layout->fields[i].element, r, e);
	put_text(&l, "}\n");
	send_line(e, &l, r);
	return true;
}

/* -- CSV -------------------------------------------------------------------------------------- */

/* A column's name, which the two IP versions' addresses share. */
static const char *column_name(const struct element *e)
{
	switch (e->id) {
	case 8:
	case 27:
		return "sourceAddress";
	case 12:
	case 28:
		return "destinationAddress";
	default:
		return e->name;
	}
}

/* ICMP's type and code are in the destination port: the default has no columns for them. */
static bool is_left_out(const struct encoder *e, const struct element *element)
{
	return e->options.records.kind == RECORDS_DEFAULT &&
	    !(element->classes & ~IN_ICMP & ~IN_ICMPV6);
}

/* One list of columns for all records: IPv4's addresses stand for IPv6's as well. */
static int csv_init(struct encoder *e)
{
	struct layout *columns = calloc(1, sizeof(*columns));
	struct layout all;
	bool taken[2] = {false};

	if (!columns)
		return -ENOMEM;
	layout_build(&all, &e->options, IN_ALL);
	for (unsigned i = 0; i < all.count; i++) {
		const struct element *element = all.fields[i].element;
		bool is_source = element->id == 8 || element->id == 27;
		bool is_address = is_source || element->id == 12 || element->id == 28;

		if (is_left_out(e, element) || (is_address && taken[is_source]))
			continue;
		taken[is_source] |= is_address;
		layout_add(columns, element, all.fields[i].size);
	}
	e->format_state = columns;
	return 0;
}

static void csv_announce(struct encoder *e)
{
	const struct layout *columns = e->format_state;
	struct line l;

	if (e->options.continues)
		return;
	l.length = 0;
	for (unsigned i = 0; i < columns->count; i++) {
		put_text(&l, i ? "," : "");
		put_text(&l, column_name(columns->fields[i].element));
	}
	put_text(&l, "\r\n");
	send_line(e, &l, NULL);
}

/* A record without the element has an empty field. Returns whether it has it. */
static bool put_column(
    struct line *l, const struct element *element, const struct record *r, const struct encoder *e)
{
	const char *name = column_name(element);

	if (name != element->name)
		put_address(l, element->offset == offsetof(struct record, src) ? r->src : r->dst,
		    r->ip_version == 4);
	else if (element->classes & 1u << flow_class_of(r))
		put_value(l, element, r, e);
	else
		return false;
	return true;
}

static bool csv_add(struct encoder *e, const struct record *r)
{
	const struct layout *columns = e->format_state;
	bool has_any = false;
	struct line l;

	l.length = 0;
	for (unsigned i = 0; i < columns->count; i++) {
		put_text(&l, i ? "," : "");
		has_any |= put_column(&l, columns->fields[i].element, r, e);
	}
	if (!has_any) {
		e->not_expressible.no_elements++;
		return false;
	}
	put_text(&l, "\r\n");
	send_line(e, &l, r);
	return true;
}

/* -- text ------------------------------------------------------------------------------------- */

static void text_announce(struct encoder *e)
{
	struct line l;

	if (e->options.continues)
		return;
	l.length = 0;
	put_format(&l, "%-23s %10s %-7s %25s    %-25s %-8s %9s %11s\n", "Start (UTC)", "Duration",
	    "Proto", "Source", "Destination", "Flags", "Packets", "Bytes");
	send_line(e, &l, NULL);
}

static void put_endpoint(
    struct line *l, const uint8_t address[16], uint16_t port, const struct record *r)
{
	bool ports = protocol_has_ports(r->protocol);
	bool brackets = ports && r->ip_version == 6;

	if (brackets)
		put_text(l, "[");
	put_address(l, address, r->ip_version == 4);
	if (ports)
		put_format(l, "%s:%u", brackets ? "]" : "", port);
}

/* Destination, and what ICMP says in place of a port. */
static void put_destination(struct line *l, const struct record *r)
{
	put_endpoint(l, r->dst, r->dst_port, r);
	if (r->protocol == IPPROTO_ICMP || r->protocol == IPPROTO_ICMPV6)
		put_format(l, " %u/%u", r->icmp_type, r->icmp_code);
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
	struct line l, source, destination;
	char flags[9], number[PROTOCOL_NUMBER_SIZE];

	l.length = 0;
	source.length = 0;
	destination.length = 0;
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
const struct format_ops csv_format = {
    .name = "csv", .init = csv_init, .add = csv_add, .announce = csv_announce};
const struct format_ops json_format = {.name = "json", .init = json_init, .add = json_add};
