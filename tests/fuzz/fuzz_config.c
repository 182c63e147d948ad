/*
 * Settings from anywhere: the first octet says whether the text is a configuration file or a line
 * of arguments, with a newline between each two. Nothing is opened, nobody is asked for a name.
 */
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/config.h"
#include "util/outlet.h"

#define ARGUMENTS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A filter may hold a host's name, which libpcap would look up. */
int getaddrinfo(
    const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)result;
	return EAI_NONAME;
}

static void parse(int argc, char **argv)
{
	struct config *c = malloc(sizeof(*c));

	config_init(c);
	if (config_parse(c, argc, argv) == 0 && !c->show_help && !c->show_version)
		config_print(c);
	config_fini(c);
	free(c);
}

/* What is wrong, and what -T prints, goes nowhere. */
static void parse_silently(int argc, char **argv)
{
	static FILE *nowhere;
	FILE *out = stdout;

	if (!nowhere) {
		nowhere = fopen("/dev/null", "w");
		outlet_use(fileno(nowhere));
	}
	stdout = nowhere;
	parse(argc, argv);
	stdout = out;
}

static void parse_file(const uint8_t *text, size_t size)
{
	int fd = memfd_create("spanflow.conf", 0);
	char path[32];
	char *argv[] = {"spanflow", "-f", path, NULL};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, text, size) != (ssize_t)size)
		abort();
	parse_silently(3, argv);
	close(fd);
}

/* Whether it may be -f or --config, which would read a file of the machine. */
static bool names_file(const char *word)
{
	if (strncmp(word, "--", 2) == 0)
		return strncmp(word, "--con", 5) == 0;
	return word[0] == '-' && strchr(word, 'f');
}

static void parse_arguments(char *text)
{
	char *argv[ARGUMENTS_MAX + 1] = {"spanflow"};
	char *rest;
	int argc = 1;

	for (char *word = strtok_r(text, "\n", &rest); word && argc < ARGUMENTS_MAX;
	     word = strtok_r(NULL, "\n", &rest)) {
		if (!names_file(word))
			argv[argc++] = word;
	}
	parse_silently(argc, argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size == 0)
		return 0;
	if (data[0] & 1) {
		parse_file(data + 1, size - 1);
		return 0;
	}
	text = strndup((const char *)data + 1, size - 1);
	parse_arguments(text);
	free(text);
	return 0;
}
