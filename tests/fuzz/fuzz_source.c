/*
 * A capture file of anything: all formats and compressions, read to where the reader gives up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/source.h"
#include "util/units.h"

#define LATEST_NS ((1ull << 32) * NS_PER_S + NS_PER_S)
/* A small file may be a large one that was compressed. */
#define PACKETS_MAX 100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	unsigned packets;
	unsigned sum; /* so that all octets are read */
};

static void look_at(struct seen *seen, const struct packet *packet)
{
	if (packet->len < packet->caplen || packet->ts_ns > LATEST_NS ||
	    (packet->interface && packet->ingress != packet->interface))
		abort();
	for (uint32_t i = 0; i < packet->caplen; i++)
		seen->sum += packet->data[i];
	seen->packets++;
}

static bool take(void *ctx, const struct packet packets[], unsigned n)
{
	struct seen *seen = ctx;
	unsigned taken = 0;

	while (taken < n && seen->packets < PACKETS_MAX)
		look_at(seen, &packets[taken++]);
	return taken == n;
}

static void read_all(const char *path, const char *filter)
{
	struct source_file_options options = {.path = path,
	    .ingress = 1,
	    .ingress_by_interface = true,
	    .filter = filter,
	    .silent = true};
	struct seen seen = {0, 0};
	struct source *source;

	if (source_file_open(&options, &source) < 0)
		return;
	while (seen.packets < PACKETS_MAX && source_read(source, 64, take, &seen) > 0)
		continue;
	source_close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	/* Compiling takes more time than reading: not every file is filtered. */
	read_all(path, size && data[size - 1] % 16 == 0 ? "ip and greater 50" : NULL);
	close(fd);
	return 0;
}
