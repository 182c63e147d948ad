#include "support/commandline.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/said.h"

#define ARGS_MAX 128

const char *commandline_said;
static struct config *config;
static char *words;
static char path[64];

int commandline_parse(const char *line, struct config **c)
{
	char *argv[ARGS_MAX] = {strdup("spanflow")};
	int argc = 1, rc;
	char *name = argv[0];

	config = calloc(1, sizeof(*config));
	config_init(config);
	words = strdup(line);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	said_begin();
	rc = config_parse(config, argc, argv);
	commandline_said = said_end();
	free(name);
	*c = config;
	return rc;
}

void commandline_forget(void)
{
	config_fini(config);
	free(config);
	free(words);
}

static void remove_file(void)
{
	unlink(path);
}

const char *commandline_file(const char *text, size_t size)
{
	FILE *f;

	if (!path[0]) {
		snprintf(path, sizeof(path), "/tmp/spanflow-unit-%d.conf", (int)getpid());
		atexit(remove_file);
	}
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, size, f), size);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

char *commandline_printed(void (*print)(const struct config *), const struct config *c)
{
	FILE *real = stdout;
	char *text = NULL;
	size_t size;

	stdout = open_memstream(&text, &size);
	print(c);
	fclose(stdout);
	stdout = real;
	return text;
}
