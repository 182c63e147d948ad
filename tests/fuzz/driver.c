/*
 * main() for a fuzzer's function where libFuzzer does not bring one: it runs the files that are
 * named, or standard input. So the corpus is a regression test, in TAP, and AFL++ has a program to
 * start.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run(FILE *f)
{
	uint8_t *buffer = malloc(INPUT_MAX);
	size_t size = buffer && f ? fread(buffer, 1, INPUT_MAX, f) : 0;
	bool good = buffer && f && LLVMFuzzerTestOneInput(buffer, size) == 0;

	free(buffer);
	return good;
}

static bool run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	bool good = run(f);

	if (f)
		fclose(f);
	return good;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	bool good = true;

	if (argc == 1)
		return run(stdin) ? 0 : 1;
	for (int i = 1; i < argc; i++)
		good &= run_file(argv[i]);
	printf(
	    "%s - %s: %d inputs\n", good ? "ok" : "not ok", slash ? slash + 1 : argv[0], argc - 1);
	return good ? 0 : 1;
}
