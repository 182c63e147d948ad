/*
 * Runs a fuzzer's function over files, without a fuzzer: the corpus as a regression test, in TAP.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path, uint8_t *buffer)
{
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f)
		return -1;
	size = fread(buffer, 1, INPUT_MAX, f);
	fclose(f);
	return LLVMFuzzerTestOneInput(buffer, size);
}

int main(int argc, char **argv)
{
	uint8_t *buffer = malloc(INPUT_MAX);
	int failed = !buffer;

	for (int i = 1; buffer && i < argc; i++)
		failed |= replay(argv[i], buffer) != 0;
	printf("%s - %d inputs of %s\n", failed || argc < 2 ? "not ok" : "ok", argc - 1, argv[0]);
	free(buffer);
	return failed || argc < 2;
}
