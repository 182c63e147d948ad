#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "conf/file.h"

struct cleaner {
	char *at;
	char *end;
	unsigned line;
	unsigned depth;       /* of braces */
	unsigned opened_line; /* where the outermost of them stands */
	const char *what;     /* is wrong; NULL: nothing yet */
};

static char peek(const struct cleaner *c)
{
	return c->at < c->end ? *c->at : '\0';
}

static void blank(struct cleaner *c)
{
	if (*c->at == '\n')
		c->line++;
	else
		*c->at = ' ';
	c->at++;
}

static void blank_line(struct cleaner *c)
{
	while (c->at < c->end && *c->at != '\n')
		blank(c);
}

static void blank_comment(struct cleaner *c)
{
	char *close = memmem(c->at + 2, (size_t)(c->end - c->at - 2), "*/", 2);

	if (!close) {
		c->what = "the comment that begins here does not end: */ ends it";
		return;
	}
	while (c->at < close + 2)
		blank(c);
}

/* Escapes that make control characters are of no use here, and would get into messages. */
static void skip_string(struct cleaner *c)
{
	char quote = *c->at++;

	while (peek(c) != quote) {
		if (c->at == c->end || *c->at == '\n') {
			c->what = "the string that begins on this line does not end there: "
				  "a closing quote is missing";
			return;
		}
		if (*c->at == '\\' && quote == '"' && !strchr("\"\\$", c->at[1])) {
			c->what = "a backslash before another character than \" \\ $: "
				  "write two for one";
			return;
		}
		c->at += *c->at == '\\' && c->at + 1 < c->end && c->at[1] != '\n' ? 2 : 1;
	}
	c->at++;
}

/* A run of characters that needs no quotes: it may hold slashes, which begin no comment there. */
static void skip_word(struct cleaner *c)
{
	while (c->at < c->end && !strchr(" \t\r\n#\"'={}(),*+", *c->at))
		c->at++;
	if (peek(c) == '*')
		c->what = "'*' outside quotes: put the value in quotes";
	else if (peek(c) == '+' && c->at[1] != '=')
		c->what = "'+' outside quotes: put the value in quotes";
}

/* The parser takes the end of the file for that of a section. */
static void skip_sign(struct cleaner *c)
{
	if (*c->at == '{' && c->depth++ == 0)
		c->opened_line = c->line;
	else if (*c->at == '}' && c->depth > 0)
		c->depth--;
	c->at++;
}

static void clean_one(struct cleaner *c)
{
	if (*c->at == '#' || strncmp(c->at, "//", 2) == 0)
		blank_line(c);
	else if (strncmp(c->at, "/*", 2) == 0)
		blank_comment(c);
	else if (*c->at == '"' || *c->at == '\'')
		skip_string(c);
	else if (*c->at == '\n' || *c->at == '\r')
		blank(c);
	else if (strchr(" \t={}(),", *c->at))
		skip_sign(c);
	else if (strncmp(c->at, "+=", 2) == 0)
		c->at += 2;
	else
		skip_word(c);
}

static bool is_text(char c)
{
	return (unsigned char)c >= ' ' ? c != 0x7f : c == '\n' || c == '\t' || c == '\r';
}

int file_clean(char *text, size_t size, unsigned *line, const char **what)
{
	struct cleaner c = {.at = text, .end = text + size, .line = 1};
	unsigned lines = 1;

	/* Editors of Windows put it in front of UTF-8, as they end lines in CR LF. */
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		memset(text, ' ', 3);
	for (size_t i = 0; i < size; i++) {
		lines += text[i] == '\n';
		if (!is_text(text[i])) {
			*line = lines;
			*what = "a control character: a configuration file is text";
			return -EINVAL;
		}
	}
	while (c.at < c.end && !c.what)
		clean_one(&c);
	if (!c.what && c.depth > 0) {
		c.what = "the brace that is opened here is not closed: } closes it";
		c.line = c.opened_line;
	}
	*line = c.line;
	*what = c.what;
	return c.what ? -EINVAL : 0;
}
