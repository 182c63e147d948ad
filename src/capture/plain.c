#include "capture/plain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (1u << 20)
#define FILE_HEADER 24
#define RECORD_HEADER 16
#define MAGIC_US 0xa1b2c3d4u
#define MAGIC_NS 0xa1b23c4du
#define NS_PER_US 1000u
#define US_MAX 999999u
#define NS_MAX 999999999u

struct plain {
	int fd;
	bool swapped; /* the file has the other byte order */
	bool ns;
	uint32_t snaplen;
	uint64_t offset; /* of the block's start in the file */
	size_t filled;
	size_t at;
	uint8_t block[BLOCK];
};

static uint32_t get32(const struct plain *p, const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return p->swapped ? __builtin_bswap32(v) : v;
}

static uint16_t get16(const struct plain *p, const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return p->swapped ? __builtin_bswap16(v) : v;
}

/* Reads on from the record that the block ends in. False when nothing more comes. */
static bool refill(struct plain *p)
{
	size_t kept = p->filled - p->at;
	ssize_t n;

	p->offset += p->at;
	memmove(p->block, p->block + p->at, kept);
	p->at = 0;
	p->filled = kept;
	n = pread(p->fd, p->block + kept, BLOCK - kept, (off_t)(p->offset + kept));
	if (n > 0)
		p->filled += (size_t)n;
	return n > 0;
}

static bool read_file_header(struct plain *p)
{
	uint32_t magic;

	if (!refill(p) || p->filled < FILE_HEADER)
		return false;
	memcpy(&magic, p->block, sizeof(magic));
	p->swapped = magic == __builtin_bswap32(MAGIC_US) || magic == __builtin_bswap32(MAGIC_NS);
	magic = get32(p, p->block);
	p->ns = magic == MAGIC_NS;
	p->at = FILE_HEADER;
	return (magic == MAGIC_US || magic == MAGIC_NS) && get16(p, p->block + 4) == 2 &&
	    get16(p, p->block + 6) == 4;
}

struct plain *plain_open(int fd, uint32_t snaplen)
{
	struct stat st;
	struct plain *p;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	p = malloc(sizeof(*p));
	if (!p)
		return NULL;
	p->fd = fd;
	p->snaplen = snaplen;
	p->swapped = false;
	p->offset = p->filled = p->at = 0;
	if (read_file_header(p))
		return p;
	free(p);
	return NULL;
}

void plain_close(struct plain *p)
{
	free(p);
}

/* `size` octets from where the next record begins; NULL when the file or the block has fewer. */
static const uint8_t *record_bytes(struct plain *p, size_t size)
{
	while (p->filled - p->at < size)
		if (p->filled - p->at == BLOCK || !refill(p))
			return NULL;
	return p->block + p->at;
}

bool plain_next(struct plain *p, struct plain_record *r)
{
	const uint8_t *h = record_bytes(p, RECORD_HEADER);

	if (!h)
		return false;
	r->seconds = get32(p, h);
	r->fraction = get32(p, h + 4);
	r->caplen = get32(p, h + 8);
	r->len = get32(p, h + 12);
	if (r->caplen > p->snaplen || r->fraction > (p->ns ? NS_MAX : US_MAX))
		return false;
	if (!p->ns)
		r->fraction *= NS_PER_US;
	h = record_bytes(p, RECORD_HEADER + (size_t)r->caplen);
	if (!h)
		return false;
	r->data = h + RECORD_HEADER;
	p->at += RECORD_HEADER + (size_t)r->caplen;
	return true;
}

uint64_t plain_offset(const struct plain *p)
{
	return p->offset + p->at;
}
