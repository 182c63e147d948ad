#include "util/json.h"

#include <inttypes.h>
#include <stddef.h>

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

void json_boolean(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	fputs(value ? "true" : "false", j->out);
}

/*
 * How many octets the UTF-8 character at `s` has; 0: it is none (RFC 3629 section 4). What ends the
 * string ends the character, too.
 */
static size_t character_length(const unsigned char *s)
{
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than it need be, a surrogate, or above U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
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
		size_t length = character_length(s);

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
