#include "support/lines.h"

#include <string.h>

#include "support/collector.h"

static char text[100000];

const char *lines_written(enum format format, const struct record *records, size_t n)
{
	struct collector c;
	struct encoder_options o = collector_options(&c, format);
	struct encoder *e = encoder_create(&o);
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		encoder_record(e, &records[i]);
	encoder_finish(e);
	for (size_t i = 0; i < c.message_count; i++) {
		memcpy(text + used, c.messages[i].data, c.messages[i].size);
		used += c.messages[i].size;
	}
	text[used] = '\0';
	encoder_destroy(e);
	collector_fini(&c);
	return text;
}

struct record lines_tcp4(void)
{
	struct record r = record_at(LINES_T0 + 1234567890);

	r.start_ns = LINES_T0 + 123999999;
	r.egress = 8;
	return r;
}

struct record lines_tcp6(void)
{
	struct record r = lines_tcp4();

	memcpy(r.src, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	memcpy(r.dst, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2", 16);
	r.ip_version = 6;
	return r;
}

struct record lines_icmp(uint8_t version)
{
	struct record r = version == 4 ? lines_tcp4() : lines_tcp6();

	r.protocol = version == 4 ? 1 : 58;
	r.src_port = 0;
	r.dst_port = 0x0301;
	r.icmp_type = 3;
	r.icmp_code = 1;
	r.tcp_flags = 0;
	return r;
}
