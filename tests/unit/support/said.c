#include "support/said.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int real_stderr, kept;
static char *text;

void said_begin(void)
{
	fflush(stderr);
	real_stderr = dup(STDERR_FILENO);
	kept = memfd_create("said", MFD_CLOEXEC);
	ck_assert_int_ge(dup2(kept, STDERR_FILENO), 0);
}

const char *said_end(void)
{
	off_t size;

	fflush(stderr);
	size = lseek(kept, 0, SEEK_END);
	ck_assert_int_ge(dup2(real_stderr, STDERR_FILENO), 0);
	free(text);
	text = calloc(1, (size_t)size + 1);
	ck_assert_int_eq(pread(kept, text, (size_t)size, 0), size);
	close(kept);
	close(real_stderr);
	return text;
}

bool said_one_message(const char *said)
{
	const char *newline = strchr(said, '\n');

	return strncmp(said, "spanflow: ", 10) == 0 && newline && newline[1] == '\0';
}
