#include "control/screen.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control/report.h"
#include "export/protocol.h"
#include "util/spell.h"
#include "util/units.h"

/* Besides the two endpoints a row of the table has so many columns. */
#define TABLE_FIXED 27
#define ENDPOINT_MIN 10
#define ENDPOINT_MAX 47

#define ENDPOINT_SIZE (SPELL_MAX + 8)

/* A row of the table: what is in its columns, of which both endpoints' are so wide. */
struct flow_row {
	unsigned width;
	const char *protocol, *source, *destination, *packets, *octets, *rate;
};

struct screen {
	FILE *out;
	unsigned rows; /* that are left */
	unsigned columns;
};

/* As much of the line as there is room for. */
static void put_row(struct screen *s, const char *text)
{
	size_t text_size;

	if (s->rows == 0)
		return;
	s->rows--;
	text_size = strcspn(text, "\n");
	fprintf(s->out, "%.*s\n", (int)(text_size < s->columns ? text_size : s->columns), text);
}

/* What report_status() writes, cut to the screen. Its lines are for people, and few. */
static void put_status(struct screen *s, const struct overview *o, unsigned rows_max)
{
	char *text = NULL, *rest, *line;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	report_status_within(out, o, s->columns);
	fclose(out);
	rest = text;
	while (rows_max > 0 && (line = strsep(&rest, "\n")) && rest) {
		put_row(s, line);
		rows_max--;
	}
	free(text);
}

/* -- flows ------------------------------------------------------------------------------------ */

static unsigned endpoint_width(unsigned columns)
{
	unsigned width = columns > TABLE_FIXED ? (columns - TABLE_FIXED) / 2 : 0;

	if (width < ENDPOINT_MIN)
		return ENDPOINT_MIN;
	return width > ENDPOINT_MAX ? ENDPOINT_MAX : width;
}

/* An address and, where there is one, a port. */
static char *endpoint(
    char out[ENDPOINT_SIZE], const struct record *r, const uint8_t *address, uint16_t port)
{
	*spell_endpoint(out, address, port, r->ip_version, r->protocol) = '\0';
	return out;
}

/* What is too long loses its middle. */
static char *cut(char *text, unsigned width)
{
	size_t length = strlen(text), behind = width - width / 2 - 1;

	if (length <= width)
		return text;
	memcpy(text + width / 2 - 1, "..", 2);
	memmove(text + width / 2 + 1, text + length - behind, behind + 1);
	return text;
}

static size_t put_line(char text[SCREEN_FLOW_SIZE], const struct flow_row *f)
{
	return (size_t)snprintf(text, SCREEN_FLOW_SIZE, "%-6.6s %-*s %-*s %5s %6s %5s\n",
	    f->protocol, (int)f->width, f->source, (int)f->width, f->destination, f->packets,
	    f->octets, f->rate);
}

size_t screen_flow_heading(char text[SCREEN_FLOW_SIZE], unsigned columns)
{
	const struct flow_row f = {
	    endpoint_width(columns), "proto", "source", "destination", "pkts", "octets", "bit/s"};

	return put_line(text, &f);
}

static size_t format_flow(
    char text[SCREEN_FLOW_SIZE], const struct record *r, unsigned columns, bool cuts)
{
	char source[ENDPOINT_SIZE], destination[ENDPOINT_SIZE], number[PROTOCOL_NUMBER_SIZE];
	char packets[REPORT_SHORT_SIZE], octets[REPORT_SHORT_SIZE], rate[REPORT_SHORT_SIZE];
	double seconds = (double)(r->end_ns - r->start_ns) / (double)NS_PER_S;
	unsigned width = endpoint_width(columns);
	struct flow_row f = {.width = width, .protocol = protocol_name(r->protocol, number)};

	f.source = endpoint(source, r, r->src, r->src_port);
	f.destination = endpoint(destination, r, r->dst, r->dst_port);
	if (cuts) {
		cut(source, width);
		cut(destination, width);
	}
	f.packets = report_short((double)r->packets, packets);
	f.octets = report_short((double)r->octets, octets);
	/* Of what is shorter than a second the rate says little. */
	f.rate = report_short((double)r->octets * 8 / (seconds < 1 ? 1 : seconds), rate);
	return put_line(text, &f);
}

size_t screen_flow(char text[SCREEN_FLOW_SIZE], const struct record *r, unsigned columns)
{
	return format_flow(text, r, columns, false);
}

static void put_flow(struct screen *s, const struct record *r)
{
	char text[SCREEN_FLOW_SIZE];

	format_flow(text, r, s->columns, true);
	put_row(s, text);
}

/* -- all -------------------------------------------------------------------------------------- */

void screen_print(
    FILE *out, const struct overview *o, const struct listing *l, const struct screen_size *size)
{
	struct screen s = {out, size->rows, size->columns};
	char heading[SCREEN_FLOW_SIZE];

	put_status(&s, o, size->rows > 1 ? size->rows * 2 / 3 : 1);
	put_row(&s, "");
	screen_flow_heading(heading, size->columns);
	put_row(&s, heading);
	for (size_t i = 0; i < listing_count(l) && s.rows > 0; i++)
		put_flow(&s, listing_at(l, i));
}
