#include "transport/turns.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

struct turns {
	struct turns *next;
	dev_t dev;
	ino_t ino;
	unsigned users;
	pthread_mutex_t lock; /* of what follows, and of the file's end */
	const void *within;   /* who has written a piece of a message; NULL: nobody */
	int why;
};

/* The main thread's. */
static struct turns *all;

static struct turns *find(const struct stat *s)
{
	struct turns *t = all;

	while (t && (t->dev != s->st_dev || t->ino != s->st_ino))
		t = t->next;
	return t;
}

struct turns *turns_take(int fd)
{
	struct turns *t;
	struct stat s;

	if (fstat(fd, &s) < 0)
		return NULL;
	t = find(&s);
	if (!t) {
		t = calloc(1, sizeof(*t));
		if (!t)
			return NULL;
		*t = (struct turns){.next = all, .dev = s.st_dev, .ino = s.st_ino};
		pthread_mutex_init(&t->lock, NULL);
		all = t;
	}
	t->users++;
	return t;
}

static void forget(struct turns *t)
{
	struct turns **link = &all;

	while (*link != t)
		link = &(*link)->next;
	*link = t->next;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

void turns_release(struct turns *t, const void *who)
{
	if (!t)
		return;
	if (turns_begin(t, who) == 0)
		turns_end(t, who, 0);
	if (--t->users == 0)
		forget(t);
}

int turns_begin(struct turns *t, const void *who)
{
	int why;

	if (!t)
		return 0;
	pthread_mutex_lock(&t->lock);
	if (!t->within || t->within == who)
		return 0;
	why = t->why;
	pthread_mutex_unlock(&t->lock);
	return -why;
}

void turns_end(struct turns *t, const void *who, int why)
{
	if (!t)
		return;
	t->within = why ? who : NULL;
	t->why = why;
	pthread_mutex_unlock(&t->lock);
}
