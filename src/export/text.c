/*
 * Records as lines that a person reads.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "export/format.h"
#include "export/protocol.h"
#include "util/spell.h"

#define SECONDS_A_DAY 86400
#define LINE_OCTETS 512

/* The date of the line before: most are of one day. */
struct text_state {
	uint64_t day; /* since 1970 */
	char date[SPELL_MAX];
	size_t date_size; /* 0: there was no line */
};

static int text_init(struct encoder *e)
{
	e->format_state = calloc(1, sizeof(struct text_state));
	return e->format_state ? 0 : -ENOMEM;
}

static void text_announce(struct encoder *e)
{
	char line[LINE_OCTETS];
	int size;

	if (e->options.continues)
		return;
	size = snprintf(line, sizeof(line), "%-23s %10s %-7s %25s    %-25s %-8s %9s %11s\n",
	    "Start (UTC)", "Duration", "Proto", "Source", "Destination", "Flags", "Packets",
	    "Bytes");
	message_put_line(e, line, (size_t)size, NULL);
}

/* -- columns ---------------------------------------------------------------------------------- */

/* The column from `begin` on: what is in it goes to its right side. */
static char *align_right(char *begin, char *end, size_t width)
{
	size_t size = (size_t)(end - begin);

	if (size >= width)
		return end;
	memmove(begin + width - size, begin, size);
	memset(begin, ' ', width - size);
	return begin + width;
}

static char *align_left(const char *begin, char *end, size_t width)
{
	size_t size = (size_t)(end - begin);

	if (size >= width)
		return end;
	return (char *)memset(end, ' ', width - size) + (width - size);
}

static char *put_text(char *out, const char *text, size_t width)
{
	return align_left(out, stpcpy(out, text), width);
}

static char *put_count(char *out, uint64_t value, size_t width)
{
	return align_right(out, spell_decimal(out, value), width);
}

static void set_date(struct text_state *s, uint64_t day)
{
	time_t seconds = (time_t)(day * SECONDS_A_DAY);
	struct tm tm;

	s->day = day;
	s->date_size = strftime(s->date, sizeof(s->date), "%Y-%m-%d ", gmtime_r(&seconds, &tm));
}

static char *put_start(char *out, struct text_state *s, uint64_t ns)
{
	uint64_t ms = ns / NS_PER_MS, second = ms / 1000 % SECONDS_A_DAY;
	uint64_t day = ms / 1000 / SECONDS_A_DAY;

	if (!s->date_size || s->day != day)
		set_date(s, day);
	out = mempcpy(out, s->date, s->date_size);
	out = spell_padded(out, second / 3600, 2);
	*out++ = ':';
	out = spell_padded(out, second / 60 % 60, 2);
	*out++ = ':';
	out = spell_padded(out, second % 60, 2);
	*out++ = '.';
	return spell_padded(out, ms % 1000, 3);
}

static char *put_duration(char *out, uint64_t ms)
{
	out = put_count(out, ms / 1000, 6);
	*out++ = '.';
	return spell_padded(out, ms % 1000, 3);
}

static char *put_protocol(char *out, uint8_t protocol)
{
	char number[PROTOCOL_NUMBER_SIZE];

	return put_text(out, protocol_name(protocol, number), 7);
}

static char *put_endpoint(
    char *out, const uint8_t address[16], uint16_t port, const struct record *r)
{
	return spell_endpoint(out, address, port, r->ip_version, r->protocol);
}

/* Destination, and what ICMP says in place of a port. */
static char *put_destination(char *out, const struct record *r)
{
	out = put_endpoint(out, r->dst, r->dst_port, r);
	if (r->protocol != IPPROTO_ICMP && r->protocol != IPPROTO_ICMPV6)
		return out;
	*out++ = ' ';
	out = spell_decimal(out, r->icmp_type);
	*out++ = '/';
	return spell_decimal(out, r->icmp_code);
}

static char *put_flags(char *out, const struct record *r)
{
	static const char letters[] = "CEUAPRSF";
	char flags[9] = "";

	for (unsigned i = 0; i < 8 && r->protocol == IPPROTO_TCP; i++)
		flags[i] = r->tcp_flags & 0x80 >> i ? letters[i] : '.';
	return put_text(out, flags, 8);
}

static bool text_add(struct encoder *e, const struct record *r)
{
	uint64_t duration_ms = r->end_ns / NS_PER_MS - r->start_ns / NS_PER_MS;
	char line[LINE_OCTETS], *out = line;

	out = put_start(out, e->format_state, r->start_ns);
	*out++ = ' ';
	out = put_duration(out, duration_ms);
	*out++ = ' ';
	out = put_protocol(out, r->protocol);
	*out++ = ' ';
	out = align_right(out, put_endpoint(out, r->src, r->src_port, r), 25);
	out = stpcpy(out, " -> ");
	out = align_left(out, put_destination(out, r), 25);
	*out++ = ' ';
	out = put_flags(out, r);
	*out++ = ' ';
	out = put_count(out, r->packets, 9);
	*out++ = ' ';
	out = put_count(out, r->octets, 11);
	*out++ = '\n';
	message_put_line(e, line, (size_t)(out - line), r);
	return true;
}

const struct format_ops text_format = {
    .name = "text", .init = text_init, .add = text_add, .announce = text_announce};
