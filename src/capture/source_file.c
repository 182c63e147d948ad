/*
 * Capture files of all formats; a reader (reader.h) knows the format.
 *
 * The filter runs here rather than inside libpcap, so that a packet's number and offset in a
 * message are those in the file.
 */
#include "capture/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/filter.h"
#include "capture/format.h"
#include "capture/input.h"
#include "capture/reader.h"
#include "capture/unpack.h"
#include "util/log.h"

/* So many packets are taken from the reader at once. */
#define PACKETS_A_TURN 64
/*
 * After so many octets it is looked whether a second thread is to read, too: where packets have this many on
 * average copying them is most of the work, and of a file with less than that left the thread is not worth its
 * beginning and end.
 */
#define LOOK_AT_OCTETS (1u << 18)
#define LONG_PACKETS 512
#define LONG_FILE (64u << 20)

struct source_file {
	struct source base;
	struct input *input;
	struct reader *reader;
	struct filter *filter; /* NULL: everything */
	bool silent;
	bool is_looked_at; /* whether a second thread should read as well */
	uint64_t packets;  /* read so far, filtered ones included */
};

/* Leaves out those that the filter refuses. How many are left. */
static unsigned leave_out(struct filter *filter, struct packet packets[], unsigned n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n; i++)
		if (filter_matches(filter, &packets[i]))
			packets[left++] = packets[i];
	return left;
}

static void put_place(
    const struct source_file *s, uint64_t packet, uint64_t offset, char where[SOURCE_WHERE])
{
	snprintf(where, SOURCE_WHERE, ": packet %" PRIu64 ", at offset %" PRIu64 "%s", packet,
	    offset, input_compression(s->input) ? " of what is unpacked" : "");
}

static void report_read_error(const struct source_file *s)
{
	char where[SOURCE_WHERE];

	put_place(s, s->packets + 1, s->reader->offset, where);
	log_error("%s%s: %s", s->base.name, where, s->reader->why);
}

/* In files of several link types those that may not be decoded come one by one: the reader knows the last one's. */
static void file_where(const struct source *base, char *where)
{
	const struct source_file *s = (const struct source_file *)base;

	if (s->packets)
		put_place(s, s->packets, s->reader->offset, where);
	else
		put_place(s, 1, input_offset(s->input), where);
}

/* That this process may use. */
static int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

static void share_if_long(struct source_file *s)
{
	uint64_t octets = input_offset(s->input);

	if (s->is_looked_at || octets < LOOK_AT_OCTETS)
		return;
	s->is_looked_at = true;
	if (octets / s->packets >= LONG_PACKETS && input_left(s->input) >= LONG_FILE &&
	    processors() > 1)
		input_share(s->input);
}

/* What is at hand, at most `room` packets. How many those are; *enough: the callback wants no more. */
static int read_some(struct source_file *s, unsigned room, packets_fn *fn, void *ctx, bool *enough)
{
	struct packet packets[PACKETS_A_TURN];
	int n =
	    s->reader->ops->read(s->reader, packets, room < PACKETS_A_TURN ? room : PACKETS_A_TURN);
	unsigned offered;

	if (n <= 0)
		return n;
	s->packets += (unsigned)n;
	share_if_long(s);
	offered = s->filter ? leave_out(s->filter, packets, (unsigned)n) : (unsigned)n;
	*enough = offered && !fn(ctx, packets, offered);
	return n;
}

static int file_read(struct source *base, unsigned max, packets_fn *fn, void *ctx)
{
	struct source_file *s = (struct source_file *)base;
	bool enough = false;
	unsigned n = 0;

	while (n < max && !enough) {
		int got = read_some(s, max - n, fn, ctx, &enough);

		if (got == 0)
			break;
		if (got == -EINTR)
			return got;
		if (got < 0) {
			if (!s->silent)
				report_read_error(s);
			return -EIO;
		}
		n += (unsigned)got;
	}
	base->incomplete |= filter_failed(s->filter);
	return n ? (int)n : -ENODATA;
}

static int file_fd(const struct source *base)
{
	(void)base;
	return -1;
}

static void file_close(struct source *base)
{
	struct source_file *s = (struct source_file *)base;

	if (s->reader)
		s->reader->ops->close(s->reader);
	filter_destroy(s->filter);
	input_close(s->input);
	free(s);
}

static const struct source_ops file_ops = {
    .read = file_read, .fd = file_fd, .where = file_where, .close = file_close};

static int open_input(struct source_file *s, const char *path, const atomic_bool *stop)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0)
		return -errno;
	rc = input_open(fd, &s->input);
	if (rc)
		return rc;
	input_stop_by(s->input, stop);
	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) ? -EISDIR : 0;
}

/* As many of the first octets as there are, at most FORMAT_OCTETS, for format_find(). */
static int find_format(struct source_file *s, const struct format **format, char *why)
{
	size_t n = 0;
	int rc;

	while (n < FORMAT_OCTETS && input_peek(s->input, n + 1))
		n++;
	if (n < FORMAT_OCTETS && (rc = reader_ended(s->input, why)))
		return rc;
	if (n == 0)
		return reader_fail(why, "it is empty");
	*format = format_find(input_peek(s->input, n), n);
	if (!*format && reader_erf_knows(s->input))
		*format = &format_erf;
	if (!*format)
		return reader_fail(why,
		    unpack_find(input_peek(s->input, n), n) ? "it is compressed once more"
							    : "its format is not known");
	return (*format)->open ? 0 : reader_fail(why, "it is %s", (*format)->what);
}

static void report_no_capture(const struct source_file *s, const char *why)
{
	int error = input_error(s->input);

	if (error && error != -ENODATA)
		log_error("%s: %s", s->base.name, why);
	else
		log_error("%s: not a capture file%s: %s", s->base.name,
		    input_compression(s->input) ? " when unpacked" : "", why);
}

static int open_reader(struct source_file *s, const struct source_file_options *o)
{
	char why[READER_WHY] = "no memory";
	const struct format *format = NULL;
	int rc = input_unpack(s->input);

	rc = rc ? reader_ended(s->input, why) : find_format(s, &format, why);
	if (rc == 0)
		rc = format->open(s->input, &s->reader, why);
	if (rc == 0) {
		s->base.linktype = s->reader->linktype;
		s->reader->ingress = o->ingress;
		s->reader->ingress_by_interface = o->ingress_by_interface;
	} else if (rc != -EINTR && !s->silent) {
		report_no_capture(s, why);
	}
	return rc;
}

/* Where the file has one link type only, a filter that does not fit it is no use to begin with. */
static int open_filter(struct source_file *s, const struct source_file_options *o)
{
	struct filter_options options = {.expression = o->filter,
	    .source = s->base.name,
	    .subject = "filter",
	    .silent = s->silent,
	    .is_decoded = o->is_decoded};
	int rc;

	if (!o->filter)
		return 0;
	rc = filter_create(&options, &s->filter);
	if (rc || s->base.linktype == SOURCE_LINKTYPES)
		return rc;
	return filter_prepare(s->filter, s->base.linktype);
}

int source_file_open(const struct source_file_options *o, struct source **out)
{
	struct source_file *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return -ENOMEM;
	s->base.ops = &file_ops;
	s->base.name = strcmp(o->path, "-") == 0 ? "standard input" : o->path;
	s->silent = o->silent;
	rc = open_input(s, o->path, o->stop);
	if (rc && rc != -EINTR && !s->silent)
		log_error("%s: %s", s->base.name, strerror(-rc));
	if (rc == 0)
		rc = open_reader(s, o);
	if (rc == 0)
		rc = open_filter(s, o);
	if (rc) {
		file_close(&s->base);
		return rc;
	}
	input_on_wait(s->input, o->on_wait, o->on_wait_ctx);
	*out = &s->base;
	return 0;
}
