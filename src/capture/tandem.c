#include "capture/tandem.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCKS 6
/* The one that is taken and the one before it are lent. */
#define LENT 2

struct place {
	uint8_t *memory; /* TANDEM_BEFORE octets and the block */
	bool is_read;    /* the one that was begun last, */
	bool is_whole;   /* and that all of it was there */
};

/* Blocks are counted from 0 on; number n is in place n % BLOCKS. */
struct tandem {
	int fd;
	uint64_t offset;
	pthread_t helper;
	pthread_mutex_t lock; /* of all that follows, but for the blocks' octets */
	pthread_cond_t changed;
	uint64_t begun; /* so many have been begun to be read */
	uint64_t taken; /* so many have been handed out */
	bool is_over;
	struct place places[BLOCKS];
};

static struct place *place_of(struct tandem *t, uint64_t block)
{
	return &t->places[block % BLOCKS];
}

static bool read_whole(const struct tandem *t, uint8_t *out, uint64_t block)
{
	uint64_t offset = t->offset + block * TANDEM_BLOCK;
	size_t done = 0;

	while (done < TANDEM_BLOCK) {
		ssize_t n = pread(t->fd, out + done, TANDEM_BLOCK - done, (off_t)(offset + done));

		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		done += n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* With the lock. False: there is no room for another block, or no use of it. */
static bool may_begin(const struct tandem *t)
{
	return !t->is_over && t->begun < t->taken + BLOCKS - LENT;
}

/* With the lock, which is given up meanwhile. */
static void read_one(struct tandem *t)
{
	uint64_t block = t->begun++;
	struct place *place = place_of(t, block);
	bool whole;

	place->is_read = false;
	pthread_mutex_unlock(&t->lock);
	whole = read_whole(t, place->memory + TANDEM_BEFORE, block);
	pthread_mutex_lock(&t->lock);
	place->is_whole = whole;
	place->is_read = true;
	t->is_over |= !whole;
	pthread_cond_signal(&t->changed);
}

static void *help(void *tandem)
{
	struct tandem *t = tandem;

	pthread_setname_np(pthread_self(), "sf-reader");
	pthread_mutex_lock(&t->lock);
	while (!t->is_over) {
		if (may_begin(t))
			read_one(t);
		else
			pthread_cond_wait(&t->changed, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

uint8_t *tandem_next(struct tandem *t)
{
	struct place *place = place_of(t, t->taken);
	uint8_t *block = NULL;

	pthread_mutex_lock(&t->lock);
	while (t->taken >= t->begun ? !t->is_over : !place->is_read) {
		if (may_begin(t))
			read_one(t);
		else
			pthread_cond_wait(&t->changed, &t->lock);
	}
	if (t->taken < t->begun && place->is_whole) {
		block = place->memory + TANDEM_BEFORE;
		t->taken++;
	}
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
	return block;
}

static void release(struct tandem *t)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		free(t->places[i].memory);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

struct tandem *tandem_create(int fd, uint64_t offset)
{
	struct tandem *t = calloc(1, sizeof(*t));
	bool complete = t != NULL;

	if (!t)
		return NULL;
	t->fd = fd;
	t->offset = offset;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	for (unsigned i = 0; i < BLOCKS; i++) {
		t->places[i].memory = malloc(TANDEM_BEFORE + TANDEM_BLOCK);
		complete &= t->places[i].memory != NULL;
	}
	if (complete && pthread_create(&t->helper, NULL, help, t) == 0)
		return t;
	release(t);
	return NULL;
}

void tandem_destroy(struct tandem *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->is_over = true;
	pthread_cond_signal(&t->changed);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->helper, NULL);
	release(t);
}
