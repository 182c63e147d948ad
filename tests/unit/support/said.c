#include "support/said.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *real_stderr;
static char *text;
static size_t size;

void said_begin(void)
{
	free(text);
	text = NULL;
	real_stderr = stderr;
	stderr = open_memstream(&text, &size);
}

const char *said_end(void)
{
	fclose(stderr);
	stderr = real_stderr;
	return text;
}

bool said_one_message(const char *said)
{
	const char *newline = strchr(said, '\n');

	return strncmp(said, "spanflow: ", 10) == 0 && newline && newline[1] == '\0';
}
