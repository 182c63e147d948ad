#include "transport/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct claim {
	struct claim *next;
	dev_t dev;
	ino_t ino;
	int fd; /* has the lock, which is that of whoever opened the file first */
	unsigned users;
};

static struct claim *claims;

static struct claim *find(const struct stat *s)
{
	struct claim *c = claims;

	while (c && (c->dev != s->st_dev || c->ino != s->st_ino))
		c = c->next;
	return c;
}

/* A copy of the descriptor keeps the lock when that is closed. 0 or -errno. */
static int lock(struct claim *c, int fd)
{
	c->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (c->fd < 0)
		return -errno;
	if (flock(c->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return 0;
	close(c->fd);
	return -EBUSY;
}

static int add(int fd, const struct stat *s, struct claim **out)
{
	struct claim *c = calloc(1, sizeof(*c));
	int rc = c ? lock(c, fd) : -ENOMEM;

	if (rc) {
		free(c);
		return rc;
	}
	*c = (struct claim){
	    .next = claims, .dev = s->st_dev, .ino = s->st_ino, .fd = c->fd, .users = 1};
	*out = claims = c;
	return 0;
}

int claim_take(int fd, struct claim **out)
{
	struct stat s;

	if (fstat(fd, &s) < 0)
		return -errno;
	*out = find(&s);
	if (!*out)
		return add(fd, &s, out);
	(*out)->users++;
	return 0;
}

void claim_release(struct claim *c)
{
	struct claim **link = &claims;

	if (!c || --c->users)
		return;
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	close(c->fd);
	free(c);
}
