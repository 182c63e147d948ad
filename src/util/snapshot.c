#include "util/snapshot.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct snapshot {
	pthread_mutex_t lock;
	size_t size;
	unsigned char value[];
};

struct snapshot *snapshot_create(size_t size)
{
	struct snapshot *s = calloc(1, sizeof(*s) + size);

	if (!s)
		return NULL;
	pthread_mutex_init(&s->lock, NULL);
	s->size = size;
	return s;
}

void snapshot_destroy(struct snapshot *s)
{
	if (s)
		pthread_mutex_destroy(&s->lock);
	free(s);
}

void snapshot_give(struct snapshot *s, const void *value)
{
	if (pthread_mutex_trylock(&s->lock) != 0)
		return;
	memcpy(s->value, value, s->size);
	pthread_mutex_unlock(&s->lock);
}

void snapshot_read(struct snapshot *s, void *value)
{
	pthread_mutex_lock(&s->lock);
	memcpy(value, s->value, s->size);
	pthread_mutex_unlock(&s->lock);
}
