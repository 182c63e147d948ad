#include "support/json_valid.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static const char *value(const char *s);

static const char *skip(const char *s)
{
	return s ? s + strspn(s, " \t\r\n") : NULL;
}

static const char *escape(const char *s)
{
	if (*s && strchr("\"\\/bfnrt", *s))
		return s + 1;
	if (*s++ != 'u')
		return NULL;
	for (unsigned i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)*s++))
			return NULL;
	return s;
}

/* By its definition: the number is put together, and must need as many octets as it has. */
static const char *character(const char *s)
{
	unsigned char first = (unsigned char)*s;
	unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	static const unsigned long least[] = {0, 0x80, 0x800, 0x10000};
	unsigned long n = more ? first & (0x3fu >> more) : first;

	if ((first >= 0x80 && first < 0xc0) || first >= 0xf8)
		return NULL;
	for (unsigned i = 1; i <= more; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return NULL;
		n = n << 6 | ((unsigned char)s[i] & 0x3fu);
	}
	return n < least[more] || n > 0x10ffff || (n >= 0xd800 && n < 0xe000) ? NULL : s + more + 1;
}

static const char *string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	while (s && *s != '"') {
		if ((unsigned char)*s < 0x20)
			return NULL;
		s = *s == '\\' ? escape(s + 1) : character(s);
	}
	return s ? s + 1 : NULL;
}

static const char *digits(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n ? s + n : NULL;
}

static const char *number(const char *s)
{
	const char *begin;

	s += *s == '-';
	begin = s;
	s = digits(s);
	if (!s || (*begin == '0' && s - begin > 1))
		return NULL;
	return *s == '.' ? digits(s + 1) : s;
}

static const char *member(const char *s)
{
	s = skip(string(s));
	return s && *s == ':' ? value(s + 1) : NULL;
}

/* What stands between brackets, with commas between. */
static const char *several(const char *s, char end, const char *(*one)(const char *))
{
	s = skip(s + 1);
	if (*s == end)
		return s + 1;
	for (;;) {
		s = skip(one(skip(s)));
		if (!s)
			return NULL;
		if (*s == end)
			return s + 1;
		if (*s++ != ',')
			return NULL;
	}
}

static const char *value(const char *s)
{
	static const char *const words[] = {"true", "false", "null"};

	s = skip(s);
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strncmp(s, words[i], strlen(words[i])) == 0)
			return s + strlen(words[i]);
	switch (*s) {
	case '{':
		return several(s, '}', member);
	case '[':
		return several(s, ']', value);
	case '"':
		return string(s);
	default:
		return number(s);
	}
}

bool json_valid(const char *text)
{
	const char *end = skip(value(text));

	return end && *end == '\0';
}
