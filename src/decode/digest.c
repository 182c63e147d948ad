#include "decode/digest.h"

#include <netinet/in.h>
#include <string.h>

#include "decode/layers.h"

#define PAYLOAD_SIZE 8
#define BLOCK 12
#define GOLDEN_RATIO 0x9e3779b9u

/* -- BOB -------------------------------------------------------------------------------------- */

/* Nine steps, each of which changes one word by the two others; they differ in the shift alone. */
static void mix(uint32_t word[3])
{
	/* Above 0 to the right, below to the left. */
	static const int shifts[] = {13, -8, 13, 12, -16, 5, 3, -10, 15};

	for (unsigned i = 0; i < 9; i++) {
		uint32_t *x = &word[i % 3];
		uint32_t next = word[(i + 1) % 3], last = word[(i + 2) % 3];

		*x = (*x - next - last) ^ (shifts[i] > 0 ? last >> shifts[i] : last << -shifts[i]);
	}
}

static void absorb(uint32_t word[3], const uint8_t block[BLOCK])
{
	for (unsigned i = 0; i < 3; i++)
		word[i] += get_le32(block + 4 * i);
	mix(word);
}

uint32_t digest_bob(const uint8_t *octets, size_t size, uint32_t initial)
{
	uint32_t word[3] = {GOLDEN_RATIO, GOLDEN_RATIO, initial};
	uint8_t rest[BLOCK] = {0};
	size_t left = size;

	for (; left >= BLOCK; left -= BLOCK, octets += BLOCK)
		absorb(word, octets);
	/* The lowest octet of the last word is the length's. */
	memcpy(rest, octets, left < 8 ? left : 8);
	if (left > 8)
		memcpy(rest + 9, octets + 8, left - 8);
	word[2] += (uint32_t)size;
	absorb(word, rest);
	return word[2];
}

/* -- the packet's part ------------------------------------------------------------------------ */

struct input {
	uint8_t octets[64];
	size_t size;
};

static void add(struct input *in, const uint8_t *octets, size_t size)
{
	memcpy(in->octets + in->size, octets, size);
	in->size += size;
}

static void add_payload(struct input *in, struct cursor *c)
{
	cursor_limit(c, PAYLOAD_SIZE);
	if (c->left)
		add(in, c->at, c->left);
}

static void add_ipv4(struct input *in, struct cursor *c)
{
	const uint8_t *ip = cursor_peek(c, IPV4_HEADER);
	uint16_t total;

	if (!ip)
		return;
	add(in, ip + 4, 4);
	add(in, ip + 12, 8);
	total = get_be16(ip + 2);
	if (total)
		cursor_limit(c, total);
	if (cursor_take(c, (ip[0] & 0x0fu) * 4))
		add_payload(in, c);
}

static void add_ipv6(struct input *in, struct cursor *c)
{
	const uint8_t *ip = cursor_take(c, IPV6_HEADER);
	uint16_t payload;

	if (!ip)
		return;
	add(in, ip + 4, 3);
	add(in, ip + 8, 32);
	payload = get_be16(ip + 4);
	if (payload || ip[6] == IPPROTO_NONE)
		cursor_limit(c, payload);
	add_payload(in, c);
}

uint32_t digest_packet(const struct packet *packet, const struct pktinfo *info, uint32_t key)
{
	struct cursor c = {.at = packet->data, .left = packet->caplen};
	struct input in = {.size = 0};

	if (!cursor_take(&c, info->ip_offset))
		return 0;
	if (pktinfo_version(info) == 4)
		add_ipv4(&in, &c);
	else
		add_ipv6(&in, &c);
	return digest_bob(in.octets, in.size, key);
}
