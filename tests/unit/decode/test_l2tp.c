#include "suites.h"

#include "support/tunnel.h"
#include "util/bytes.h"
#include "util/rng.h"

#define L2TP 115
#define PORT 1701

/* -- version 2: PPP ------------------------------------------------------------------------------ */

static void put_version2(struct frame *f, unsigned flags, unsigned length)
{
	size_t at = tunnel_open_udp(f, 4, PORT);

	frame_put16(f, flags << 8 | 2);
	if (flags & 0x40)
		frame_put16(f, length);
	frame_put32(f, 0x00010002);
	if (flags & 0x08)
		frame_put32(f, 0x00030004);
	if (flags & 0x02)
		frame_put(f, "\0\3\0\0\0", 5);
	frame_put32(f, 0xff030021);
	tunnel_put_inner(f, 4);
	tunnel_close(f, at);
}

START_TEST(version_2_is_recognised)
{
	for (unsigned flags = 0; flags < 128; flags++) {
		struct frame f = {.size = 0};

		put_version2(&f, flags,
		    8 + (flags & 8 ? 4u : 0) + (flags & 2 ? 5u : 0) + 4 + (unsigned)tunnel_inner_size(4));
		tunnel_expect_inner(&f, DECAP(L2TP), 4);
		tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(L2TP), 0);
	}
}
END_TEST

START_TEST(control_messages_are_no_tunnel)
{
	struct frame f = {.size = 0};

	put_version2(&f, 0xc8, 50);
	tunnel_expect_outer(&f, DECAP(L2TP), 0);
	for (unsigned version = 0; version < 16; version++) {
		f.size = 0;
		put_version2(&f, 0, 0);
		f.octets[29] = (uint8_t)version;
		if (version != 2 && version != 3)
			tunnel_expect_outer(&f, DECAP(L2TP), 0);
	}
	f.size = 0;
	put_version2(&f, 0x80, 0);
	f.octets[29] = 3;
	tunnel_expect_outer(&f, DECAP(L2TP), 0);
}
END_TEST

/* -- version 3 ---------------------------------------------------------------------------------- */

/* Over UDP where `udp` says so; `skip` octets of cookie and sublayer. */
static void put_version3(struct frame *f, bool udp, size_t skip, bool frame, unsigned inner)
{
	size_t at = udp ? tunnel_open_udp(f, 4, PORT) : tunnel_open(f, 4, L2TP);

	if (udp)
		frame_put32(f, 0x00030000);
	frame_put32(f, 0x11223344);
	for (size_t i = 0; i < skip; i++)
		frame_put8(f, 0x41 + (unsigned)i * 7);
	if (frame)
		frame_put_ethernet(f, inner == 4 ? 0x0800 : 0x86dd);
	tunnel_put_inner(f, inner);
	tunnel_close(f, at);
}

START_TEST(cookie_and_sublayer_are_found_by_what_fits)
{
	for (unsigned udp = 0; udp < 2; udp++)
		for (size_t skip = 0; skip <= 12; skip += 4)
			for (unsigned frame = 0; frame < 2; frame++)
				for (unsigned inner = 4; inner <= 6; inner += 2) {
					struct frame f = {.size = 0};

					put_version3(&f, udp, skip, frame, inner);
					tunnel_expect_inner(&f, DECAP(L2TP), inner);
					tunnel_expect_outer(&f, DECAP_ALL & ~DECAP(L2TP), 0);
					tunnel_expect_cuts(&f, DECAP(L2TP), inner);
				}
}
END_TEST

START_TEST(short_frames_are_padded)
{
	for (unsigned padding = 0; padding < 60; padding++) {
		struct frame f = {.size = 0};
		struct pktinfo info;
		size_t at = tunnel_open(&f, 4, L2TP);

		frame_put32(&f, 1);
		frame_put32(&f, 2);
		frame_put_ethernet(&f, 0x0800);
		tunnel_put_inner(&f, 4);
		frame_put_zeros(&f, padding);
		tunnel_close(&f, at);
		ck_assert_int_eq(tunnel_decode(&f, DECAP(L2TP), &info), IGNORED_NOT);
		ck_assert_uint_eq(info.octets, padding <= 46 ? 28 : f.size);
		ck_assert_uint_eq(info.notes, padding <= 46 ? 0 : NOTE(TUNNEL_NOT_IP));
	}
}
END_TEST

/* Lengths that do not agree with the octets that there are: no guess is made. */
START_TEST(what_does_not_fit_is_not_guessed)
{
	for (int error = -2; error <= 2; error++) {
		struct frame f = {.size = 0};

		put_version3(&f, false, 4, false, 4);
		put_be16(f.octets + f.size - 26, (uint16_t)(28 + error));
		if (error)
			tunnel_expect_outer(&f, DECAP(L2TP), NOTE(TUNNEL_NOT_IP));
		else
			tunnel_expect_inner(&f, DECAP(L2TP), 4);
	}
}
END_TEST

START_TEST(session_0_is_control)
{
	struct frame f = {.size = 0};

	put_version3(&f, false, 0, true, 4);
	put_be32(f.octets + 20, 0);
	tunnel_expect_outer(&f, DECAP(L2TP), 0);
}
END_TEST

/* Of a million payloads without IP in them hardly one looks as if it had some. */
START_TEST(noise_is_hardly_ever_taken_for_ip)
{
	struct rng rng = {.state = 9};
	unsigned taken = 0;

	for (unsigned n = 0; n < 1000000; n++) {
		struct frame f = {.size = 0};
		struct pktinfo info;
		size_t at = tunnel_open(&f, 4, L2TP);

		for (unsigned i = 0; i < 20; i++)
			frame_put32(&f, (uint32_t)rng_next(&rng) | 1);
		tunnel_close(&f, at);
		ck_assert_int_eq(tunnel_decode(&f, DECAP(L2TP), &info), IGNORED_NOT);
		taken += info.ip_offset != 0;
	}
	ck_assert_uint_lt(taken, 30);
}
END_TEST

Suite *l2tp_suite(void)
{
	const TTest *const tests[] = {
	    version_2_is_recognised,
	    control_messages_are_no_tunnel,
	    cookie_and_sublayer_are_found_by_what_fits,
	    short_frames_are_padded,
	    what_does_not_fit_is_not_guessed,
	    session_0_is_control,
	    noise_is_hardly_ever_taken_for_ip,
	};

	return SUITE_OF("l2tp", tests);
}
