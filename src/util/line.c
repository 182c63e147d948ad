#include "util/line.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"

static void put(struct line *l, const char *octets, size_t size)
{
	if (l->is_full || size > sizeof(l->text) - LINE_END_SIZE - l->used) {
		l->is_full = true;
		return;
	}
	memcpy(l->text + l->used, octets, size);
	l->used += size;
}

void line_put(struct line *l, const char *words)
{
	put(l, words, strlen(words));
}

void line_end(struct line *l, const char *end)
{
	size_t size = strnlen(end, LINE_END_SIZE);

	memcpy(l->text + l->used, end, size);
	l->used += size;
}

/* Octets of the printable character that `text` begins with; 0: it begins with none. */
static size_t printable(const uint8_t *text, size_t size)
{
	size_t length = utf8_length(text, size);

	if (length == 1)
		return *text >= 0x20 && *text != 0x7f;
	/* U+0080 to U+009F are control characters, too. */
	return length == 2 && text[0] == 0xc2 && text[1] < 0xa0 ? 0 : length;
}

/* What stands for an octet that cannot be printed, with the backslash doubled where it must be. */
static void put_escape(struct line *l, uint8_t octet, const char *backslash)
{
	char text[8];

	if (octet == '\n')
		snprintf(text, sizeof(text), "%sn", backslash);
	else
		snprintf(text, sizeof(text), "%sx%02x", backslash, octet);
	line_put(l, text);
}

void line_put_text(struct line *l, const char *text, size_t size)
{
	while (size) {
		size_t n = printable((const uint8_t *)text, size);

		if (n)
			put(l, text, n);
		else
			put_escape(l, (uint8_t)*text, "\\");
		n = n ? n : 1;
		text += n;
		size -= n;
	}
}

void line_put_json(struct line *l, const char *text, size_t size)
{
	while (size) {
		size_t n = printable((const uint8_t *)text, size);

		if (!n)
			put_escape(l, (uint8_t)*text, "\\\\");
		else if (*text == '"' || *text == '\\')
			put(l, (char[]){'\\', *text}, 2);
		else
			put(l, text, n);
		n = n ? n : 1;
		text += n;
		size -= n;
	}
}
