#include "capture/unpack.h"

#include <string.h>

#include "config.h"
#include "util/bytes.h"

#ifdef HAVE_ZLIB
#define GZIP &unpack_gzip_ops
#else
#define GZIP NULL
#endif
#ifdef HAVE_ZSTD
#define ZSTD &unpack_zstd_ops
#else
#define ZSTD NULL
#endif
#ifdef HAVE_LZMA
#define XZ &unpack_xz_ops
#else
#define XZ NULL
#endif

#define WITHOUT(library) "spanflow was built without " library ", which unpacks it"
#define BY(program) "unpack it by " program

static const struct compression compressions[] = {
    {{0x1f, 0x8b}, 2, false, "gzip", GZIP, WITHOUT("zlib")},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, true, "zstd", ZSTD, WITHOUT("libzstd")},
    {{0xfd, '7', 'z', 'X', 'Z', 0}, 6, false, "xz", XZ, WITHOUT("liblzma")},
    {"BZh", 3, false, "bzip2", NULL, BY("bzcat")},
    {{0x04, 0x22, 0x4d, 0x18}, 4, true, "lz4", NULL, BY("lz4cat")},
    {"LZIP", 4, false, "lzip", NULL, BY("lzip -dc")},
    {{0x1f, 0x9d}, 2, false, "compress", NULL, BY("zcat")},
};

#define SKIPPED_MAGIC 0x184d2a50u /* to ...5f */
#define SKIPPED_HEADER 8

uint64_t unpack_skipped(const uint8_t *octets, size_t n)
{
	if (n < SKIPPED_HEADER || (get_le32(octets) & ~0xfu) != SKIPPED_MAGIC)
		return 0;
	return SKIPPED_HEADER + (uint64_t)get_le32(octets + 4);
}

const struct compression *unpack_find(const uint8_t *octets, size_t n)
{
	for (size_t i = 0; i < sizeof(compressions) / sizeof(*compressions); i++) {
		const struct compression *c = &compressions[i];

		if (n >= c->size && memcmp(octets, c->magic, c->size) == 0)
			return c;
	}
	return NULL;
}
