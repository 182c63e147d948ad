#include "util/json.h"

#include <inttypes.h>
#include <stddef.h>

#include "util/utf8.h"

static void put_key(struct json *j, const char *key)
{
	if (j->comma)
		fputc(',', j->out);
	if (key)
		fprintf(j->out, "\"%s\":", key);
	j->comma = true;
}

static void begin(struct json *j, const char *key, char bracket)
{
	put_key(j, key);
	fputc(bracket, j->out);
	j->comma = false;
}

static void end(struct json *j, char bracket)
{
	fputc(bracket, j->out);
	j->comma = true;
}

void json_open(struct json *j, const char *key)
{
	begin(j, key, '{');
}

void json_close(struct json *j)
{
	end(j, '}');
}

void json_open_list(struct json *j, const char *key)
{
	begin(j, key, '[');
}

void json_close_list(struct json *j)
{
	end(j, ']');
}

void json_number(struct json *j, const char *key, uint64_t value)
{
	put_key(j, key);
	fprintf(j->out, "%" PRIu64, value);
}

void json_decimal(struct json *j, const char *key, double value)
{
	put_key(j, key);
	fprintf(j->out, "%.3f", value);
}

void json_string(struct json *j, const char *key, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;

	put_key(j, key);
	if (!s) {
		fputs("null", j->out);
		return;
	}
	fputc('"', j->out);
	while (*s) {
		size_t length = utf8_length(s, UTF8_STRING);

		if (*s == '"' || *s == '\\')
			fprintf(j->out, "\\%c", *s);
		else if (*s < 0x20)
			fprintf(j->out, "\\u%04x", *s);
		else if (length)
			fwrite(s, 1, length, j->out);
		else
			fputs("\\ufffd", j->out);
		s += length ? length : 1;
	}
	fputc('"', j->out);
}
