#include "control/screen.h"

#include <netinet/in.h>
#include <stdarg.h>
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

struct screen {
	FILE *out;
	unsigned rows; /* that are left */
	unsigned columns;
};

static void put_row(struct screen *s, const char *text)
{
	if (s->rows == 0)
		return;
	s->rows--;
	fprintf(s->out, "%.*s\n", (int)s->columns, text);
}

__attribute__((format(printf, 2, 3))) static void row(struct screen *s, const char *format, ...)
{
	char text[SCREEN_COLUMNS_MAX + 1];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	put_row(s, text);
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

/* An address and, where there is one, a port. What is too long loses its middle. */
static const char *endpoint(
    const struct record *r, const uint8_t *address, uint16_t port, unsigned width, char *out)
{
	char whole[SPELL_MAX + 8];
	size_t length;

	*spell_endpoint(whole, address, port, r->ip_version, r->protocol) = '\0';
	length = strlen(whole);
	if (length <= width)
		return strcpy(out, whole);
	memcpy(out, whole, width / 2 - 1);
	strcpy(out + width / 2 - 1, "..");
	strcat(out, whole + length - (width - width / 2 - 1));
	return out;
}

static void put_flow(struct screen *s, const struct record *r, unsigned width)
{
	char source[ENDPOINT_MAX + 1], destination[ENDPOINT_MAX + 1], number[PROTOCOL_NUMBER_SIZE];
	char packets[REPORT_SHORT_SIZE], octets[REPORT_SHORT_SIZE], rate[REPORT_SHORT_SIZE];
	double seconds = (double)(r->end_ns - r->start_ns) / (double)NS_PER_S;

	/* Of what is shorter than a second the rate says little. */
	row(s, "%-6.6s %-*s %-*s %5s %6s %5s", protocol_name(r->protocol, number), (int)width,
	    endpoint(r, r->src, r->src_port, width, source), (int)width,
	    endpoint(r, r->dst, r->dst_port, width, destination),
	    report_short((double)r->packets, packets), report_short((double)r->octets, octets),
	    report_short((double)r->octets * 8 / (seconds < 1 ? 1 : seconds), rate));
}

void screen_print(
    FILE *out, const struct overview *o, const struct listing *l, const struct screen_size *size)
{
	struct screen s = {out, size->rows, size->columns};
	unsigned width = size->columns > TABLE_FIXED ? (size->columns - TABLE_FIXED) / 2 : 0;

	if (width < ENDPOINT_MIN)
		width = ENDPOINT_MIN;
	if (width > ENDPOINT_MAX)
		width = ENDPOINT_MAX;
	put_status(&s, o, size->rows > 1 ? size->rows * 2 / 3 : 1);
	row(&s, "%s", "");
	row(&s, "%-6s %-*s %-*s %5s %6s %5s", "proto", (int)width, "source", (int)width,
	    "destination", "pkts", "octets", "bit/s");
	for (size_t i = 0; i < listing_count(l) && s.rows > 0; i++)
		put_flow(&s, listing_at(l, i), width);
}
