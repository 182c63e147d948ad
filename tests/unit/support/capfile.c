#include "support/capfile.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/said.h"
#include "util/units.h"

/* -- building it ---------------------------------------------------------------------------------- */

uint8_t *octets;
size_t size;
bool swapped;
char path[64];
static int pipe_fd = -1;

void put(const void *p, size_t n)
{
	if (!octets)
		octets = malloc(CAPFILE_MAX);
	if (size + n > CAPFILE_MAX)
		ck_abort_msg("file too long");
	memcpy(octets + size, p, n);
	size += n;
}

void put32(uint32_t v)
{
	v = swapped ? __builtin_bswap32(v) : v;
	put(&v, sizeof(v));
}

void put16(unsigned value)
{
	uint16_t v = (uint16_t)value;

	v = swapped ? __builtin_bswap16(v) : v;
	put(&v, sizeof(v));
}

static uint8_t octet_of(uint32_t seconds, size_t i)
{
	return (uint8_t)(seconds * 7 + i);
}

void put_content(uint32_t seconds, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t octet = octet_of(seconds, i);

		put(&octet, 1);
	}
}

/* -- reading it --------------------------------------------------------------------------------- */

struct packet seen[CAPFILE_SEEN_MAX];
size_t seen_count;
bool content_differs;

static void take_one(const struct packet *p)
{

	if (seen_count == CAPFILE_SEEN_MAX)
		ck_abort_msg("too many packets");
	for (size_t i = 0; i < p->caplen; i++)
		content_differs |= p->data[i] != octet_of((uint32_t)(p->ts_ns / NS_PER_S), i);
	seen[seen_count++] = *p;
}

bool take(void *ctx, const struct packet packets[], unsigned n)
{
	const size_t *enough = ctx;
	unsigned taken = 0;

	while (taken < n && (!enough || seen_count < *enough))
		take_one(&packets[taken++]);
	return !enough || seen_count < *enough;
}

void write_file(void)
{
	int fd;

	strcpy(path, "/tmp/spanflow-unit-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, octets, size), (ssize_t)size);
	close(fd);
}

/* A pipe cannot be read in blocks: another way through the code. It holds 64 KiB. */
void write_pipe(void)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(write(ends[1], octets, size), (ssize_t)size);
	close(ends[1]);
	pipe_fd = ends[0];
	snprintf(path, sizeof(path), "/dev/fd/%d", pipe_fd);
}

void forget_file(void)
{
	if (pipe_fd >= 0)
		close(pipe_fd);
	else
		unlink(path);
	pipe_fd = -1;
}

bool by_interface;

int open_source(const char *filter, struct source **s)
{
	struct source_file_options o = {.path = path,
	    .ingress = CAPFILE_INGRESS,
	    .ingress_by_interface = by_interface,
	    .filter = filter};

	return source_file_open(&o, s);
}

const char *said;
bool incomplete;

int read_all(const char *filter)
{
	struct source *s = NULL;
	int rc;

	seen_count = 0;
	content_differs = false;
	said_begin();
	rc = open_source(filter, &s);
	while (rc >= 0)
		rc = source_read(s, 64, take, NULL) ?: -ENODATA;
	incomplete = s && s->incomplete;
	source_close(s);
	said = said_end();
	return rc;
}

int read_file(void)
{
	int rc;

	write_file();
	rc = read_all(NULL);
	forget_file();
	return rc;
}

int read_pipe(void)
{
	int rc;

	write_pipe();
	rc = read_all(NULL);
	forget_file();
	return rc;
}

int (*const ways[2])(void) = {read_file, read_pipe};

void check_said(const char *text)
{
	ck_assert_msg(said_one_message(said), "%s", said);
	ck_assert_msg(strstr(said, path) != NULL, "no name: %s", said);
	ck_assert_msg(strstr(said, text) != NULL, "no '%s': %s", text, said);
}
