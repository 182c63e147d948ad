#include "support/sink.h"

#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/bytes.h"
#include "util/units.h"

#define V5_HEADER 24
#define V5_RECORD 48
#define V5_PORT 32

static int sink_send(struct transport *t, const struct message *m)
{
	struct sink *s = (struct sink *)t;
	struct sink_message *to = &s->messages[s->count];

	s->offered++;
	if (s->error)
		return s->error;
	if (!s->budget)
		return -EAGAIN;
	s->budget -= s->budget != UINT_MAX;
	ck_assert_uint_le(m->size, SINK_PAYLOAD);
	ck_assert_uint_lt(s->count, SINK_MESSAGES_MAX);
	memcpy(to->data, m->data, m->size);
	to->size = m->size;
	to->session = s->session;
	s->count++;
	return 0;
}

static int sink_fd(const struct transport *t)
{
	(void)t;
	return 99;
}

static void sink_closed(struct transport *t)
{
	t->name = NULL;
}

static int sink_error(struct transport *t)
{
	struct sink *s = (struct sink *)t;
	int error = s->pending;

	s->pending = 0;
	return error;
}

static bool sink_renew(struct transport *t, struct sockaddr_storage *local)
{
	struct sink *s = (struct sink *)t;
	bool renews = s->renews;

	memset(local, 0, sizeof(*local));
	s->renews = false;
	s->session += renews;
	return renews;
}

static const struct transport_ops sink_ops = {.send = sink_send,
    .fd = sink_fd,
    .close = sink_closed,
    .error = sink_error,
    .renew = sink_renew};

void sink_open(struct sink *s, const char *url, const char *group, enum format format)
{
	static char host[] = "host";

	*s = (struct sink){.base = {.ops = &sink_ops, .name = url}, .budget = UINT_MAX};
	s->messages = calloc(SINK_MESSAGES_MAX, sizeof(*s->messages));
	s->config = (struct config_collector){.url = strdup(url),
	    .host = host,
	    .group = group,
	    .encoding = {.format = format,
		.max_payload = SINK_PAYLOAD,
		.domain = 1,
		.sampling = {.rules = {{SAMPLING_NONE, 1}}, .count = 1},
		.refresh_ns = 60 * NS_PER_S,
		.refresh_messages = 1000},
	    .sending = {.queue = 16}};
}

void sink_close(struct sink *s)
{
	ck_assert_ptr_null(s->base.name); /* its collector has closed it */
	free(s->config.url);
	free(s->messages);
}

static unsigned v5_records(const struct sink_message *m)
{
	return get_be16(m->data + 2);
}

size_t sink_v5_count(const struct sink *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += v5_records(&s->messages[i]);
	return n;
}

int sink_v5_port(const struct sink *s, size_t n)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct sink_message *m = &s->messages[i];

		if (n < v5_records(m))
			return get_be16(m->data + V5_HEADER + n * V5_RECORD + V5_PORT);
		n -= v5_records(m);
	}
	return -1;
}

uint32_t sink_sequence(const struct sink *s, size_t message)
{
	const uint8_t *data = s->messages[message].data;

	ck_assert_uint_lt(message, s->count);
	return get_be32(data + (get_be16(data) == 5 ? 16 : 8));
}

bool sink_has_templates(const struct sink *s, size_t message)
{
	const uint8_t *data = s->messages[message].data;

	ck_assert_uint_lt(message, s->count);
	return get_be16(data) == 10 && get_be16(data + 16) == 2;
}

struct record sink_record(uint16_t port, uint64_t now_ns)
{
	return (struct record){.src = {192, 0, 2, 1},
	    .dst = {198, 51, 100, 2},
	    .clock_ns = now_ns,
	    .wall_ns = now_ns,
	    .packets = 3,
	    .octets = 1234,
	    .start_ns = now_ns - NS_PER_S,
	    .end_ns = now_ns,
	    .src_port = port,
	    .dst_port = 80,
	    .ip_version = 4,
	    .protocol = 6,
	    .kind = RECORD_FLOW};
}
