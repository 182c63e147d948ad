#include "util/line.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

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

/*
 * The rows of RFC 3629 section 4, by the first octet: how many follow, and what the first of those
 * may be, which excludes overlong forms, surrogates, and what is beyond U+10FFFF. C2 is narrower
 * than there: U+0080 to U+009F are control characters.
 */
struct utf8_row {
	uint8_t first, last;
	uint8_t more;
	uint8_t low, high;
};

static const struct utf8_row utf8_rows[] = {
    {0xc2, 0xc2, 1, 0xa0, 0xbf},
    {0xc3, 0xdf, 1, 0x80, 0xbf},
    {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f},
    {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf},
    {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static size_t match_row(const struct utf8_row *row, const uint8_t *text, size_t size)
{
	if (size <= row->more || text[1] < row->low || text[1] > row->high)
		return 0;
	for (unsigned i = 2; i <= row->more; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return row->more + 1u;
}

/* Octets of the printable character that `text` begins with; 0: it begins with none. */
static size_t printable(const uint8_t *text, size_t size)
{
	if (*text < 0x80)
		return *text >= 0x20 && *text != 0x7f;
	for (size_t i = 0; i < sizeof(utf8_rows) / sizeof(*utf8_rows); i++)
		if (*text >= utf8_rows[i].first && *text <= utf8_rows[i].last)
			return match_row(&utf8_rows[i], text, size);
	return 0;
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
