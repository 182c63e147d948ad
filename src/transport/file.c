/*
 * Lines into a file, to a terminal or down a pipe. One that nobody empties must not stop the exporter: its descriptor
 * does not block. Standard output that cannot be opened again so is a pipe at least: that takes up to PIPE_BUF
 * octets, whole and without blocking, whenever poll() calls it writable. A file on a disk takes all that there is,
 * many messages in one call.
 */
#include "transport/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "transport/turns.h"
#include "util/log.h"
#include "util/reopen.h"

struct file {
	struct transport base;
	int fd;
	size_t written;      /* octets of the message under way that are out */
	off_t begin;         /* on a disk, where there are any: where that message begins */
	struct turns *turns; /* on a disk, of a file that others of ours may have open */
};

static bool is_writable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, 0) > 0;
}

static int pipe_send(struct transport *t, const struct message *m)
{
	struct file *f = (struct file *)t;

	while (!t->is_broken && f->written < m->size) {
		size_t left = m->size - f->written;
		ssize_t n;

		if (!is_writable(f->fd))
			return -EAGAIN;
		n = write(f->fd, m->data + f->written, left < PIPE_BUF ? left : PIPE_BUF);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			f->written += (size_t)n;
	}
	f->written = 0;
	return -t->is_broken;
}

/* So many octets more are out. How many of the messages have left by that. */
static int count_written(struct file *f, const struct message *m, size_t octets)
{
	int whole = 0;

	for (f->written += octets; f->written >= m->size; m++, whole++) {
		f->written -= m->size;
		if (f->written == 0)
			return whole + 1;
	}
	return whole;
}

static int write_messages(struct file *f, const struct message *m, unsigned count)
{
	struct iovec parts[SEND_MANY_MAX];
	size_t before = f->written;
	int whole = 0;

	for (unsigned i = 0; i < count; i++)
		parts[i] = (struct iovec){(void *)(uintptr_t)m[i].data, m[i].size};
	while (whole == 0) {
		ssize_t n;

		parts[0].iov_base = (void *)(uintptr_t)(m->data + f->written);
		parts[0].iov_len = m->size - f->written;
		n = writev(f->fd, parts, (int)count);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			whole = count_written(f, m, (size_t)n);
		if (f->written && (whole || !before))
			f->begin = lseek(f->fd, 0, SEEK_CUR) - (off_t)f->written;
		before = f->written;
	}
	return whole;
}

/* Behind a piece of another one's message nothing is written. */
static int disk_send_many(struct transport *t, const struct message *m, unsigned count)
{
	struct file *f = (struct file *)t;
	int rc = -t->is_broken;

	if (!rc)
		rc = turns_begin(f->turns, f);
	if (rc)
		return rc;
	rc = write_messages(f, m, count);
	turns_end(f->turns, f, !f->written ? 0 : rc < 0 ? -rc : ENOSPC);
	return rc;
}

static int disk_send(struct transport *t, const struct message *m)
{
	int rc = disk_send_many(t, m, 1);

	return rc < 0 ? rc : 0;
}

/*
 * So that lines stay whole, and what is in the file is what was counted as sent. It goes only while it is the
 * file's end: others may write there, too, also by this very descriptor.
 */
static void disk_abandon(struct transport *t)
{
	struct file *f = (struct file *)t;
	off_t end = f->begin + (off_t)f->written;
	struct stat s;

	if (!f->written || turns_begin(f->turns, f) < 0)
		return;
	if (lseek(f->fd, 0, SEEK_CUR) == end && fstat(f->fd, &s) == 0 && s.st_size == end &&
	    ftruncate(f->fd, f->begin) == 0)
		lseek(f->fd, f->begin, SEEK_SET);
	f->written = 0;
	turns_end(f->turns, f, 0);
}

static bool is_regular(int fd)
{
	struct stat s;

	return fstat(fd, &s) == 0 && S_ISREG(s.st_mode);
}

/* What the shell opened begins with this program, as a pipe does. */
static bool disk_is_behind(const struct transport *t)
{
	const struct file *f = (const struct file *)t;
	struct stat s;

	return f->turns && fstat(f->fd, &s) == 0 && s.st_size > 0;
}

static int file_fd(const struct transport *t)
{
	return ((const struct file *)t)->fd;
}

static void file_close(struct transport *t)
{
	struct file *f = (struct file *)t;

	if (f->fd >= 0 && f->fd != STDOUT_FILENO && close(f->fd) < 0)
		log_error("%s: what was written may be lost: %s", t->name, strerror(errno));
	turns_release(f->turns, f);
	free(f);
}

/* Of whatever may be full for a while. */
static const struct transport_ops pipe_ops = {
    .send = pipe_send, .fd = file_fd, .close = file_close};
static const struct transport_ops disk_ops = {.send = disk_send,
    .send_many = disk_send_many,
    .fd = file_fd,
    .close = file_close,
    .abandon = disk_abandon,
    .is_behind = disk_is_behind};

static struct {
	int (*open)(void *ctx, const char *path);
	void *ctx;
} opener;

void file_open_by(int (*open_path)(void *ctx, const char *path), void *ctx)
{
	opener.open = open_path;
	opener.ctx = ctx;
}

int file_open_at_once(void *ctx, const char *path)
{
	int fd =
	    open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);

	(void)ctx;
	return fd < 0 ? -errno : fd;
}

/* A descriptor or -errno. Of a pipe the open waits for who reads it, writes do not. */
static int open_file(const char *path, bool appends)
{
	int how = appends ? O_APPEND : O_TRUNC, fd;

	if (opener.open && appends)
		return opener.open(opener.ctx, path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | how, 0666);
	if (fd >= 0)
		fcntl(fd, F_SETFL, how | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Standard output, and where it can be so that it does not block. */
static int open_standard(void)
{
	int fd = reopen_unblocked(STDOUT_FILENO);

	return fd < 0 ? STDOUT_FILENO : fd;
}

/* What is read while others write, as an output does that is being replaced, may be the end no more. */
static bool ends_within_line(int fd)
{
	struct stat before, after;
	char last;

	for (unsigned tries = 0; tries < 100; tries++) {
		if (fstat(fd, &before) < 0 || pread(fd, &last, 1, before.st_size - 1) != 1 ||
		    fstat(fd, &after) < 0)
			return false;
		if (before.st_size == after.st_size)
			return last != '\n';
	}
	return false;
}

/*
 * A program that was killed may have left a piece of a line, which the next one would become a part of. Where
 * the file may not be read it stays so. 0 or -errno.
 */
static int end_last_line(int fd, const char *path)
{
	int in = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (in < 0)
		return 0;
	if (ends_within_line(in))
		rc = write(fd, "\n", 1) < 0 ? -errno : 0;
	close(in);
	return rc;
}

static void open_named(struct file *f, const char *path, bool appends)
{
	f->fd = open_file(path, appends);
	f->turns = is_regular(f->fd) ? turns_take(f->fd) : NULL;
	if (f->fd < 0)
		f->base.is_broken = -f->fd;
	else if (disk_is_behind(&f->base) && turns_begin(f->turns, f) == 0) {
		f->base.is_broken = -end_last_line(f->fd, path);
		turns_end(f->turns, f, 0);
	}
}

bool file_has_moved(const struct transport *t, const char *path)
{
	const struct file *f = (const struct file *)t;
	struct stat ours, named;
	bool moved;
	int fd;

	if (f->fd >= 0 && (fstat(f->fd, &ours) < 0 || !S_ISREG(ours.st_mode)))
		return false;
	fd = open_file(path, true);
	if (fd < 0)
		return false;
	moved = f->fd < 0 ||
	    (fstat(fd, &named) == 0 &&
		(named.st_dev != ours.st_dev || named.st_ino != ours.st_ino));
	close(fd);
	return moved;
}

struct transport *file_create(const char *name, const char *path, bool appends)
{
	struct file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->base = (struct transport){.ops = &pipe_ops, .name = name, .is_stream = true};
	if (path)
		open_named(f, path, appends);
	else
		f->fd = open_standard();
	if (is_regular(f->fd))
		f->base.ops = &disk_ops;
	f->base.waits = appends && is_regular(f->fd);
	return &f->base;
}
