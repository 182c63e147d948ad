#include "seats.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int seats_init(struct seats *s, struct source *const *live, unsigned count, int lost_fd)
{
	s->all = calloc(count ? count : 1, sizeof(*s->all));
	s->sources = calloc(count ? count : 1, sizeof(struct source *));
	if (!s->all || !s->sources)
		return -ENOMEM;
	s->count = count;
	s->lost_fd = lost_fd;
	for (unsigned i = 0; i < count; i++) {
		s->sources[i] = live[i];
		atomic_init(&s->all[i].is_empty, !live[i]);
	}
	return 0;
}

void seats_fini(struct seats *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		source_close(atomic_load(&s->all[i].fresh));
		source_close(s->sources[i]);
	}
	free(s->all);
	free(s->sources);
	*s = (struct seats){.all = NULL};
}

void seats_give(struct seats *s, unsigned i, struct source *source)
{
	atomic_store(&s->all[i].is_empty, false);
	atomic_store(&s->all[i].fresh, source);
	atomic_store(&s->has_mail, true);
}

void seats_drop(struct seats *s, unsigned i)
{
	atomic_store(&s->all[i].drop, true);
	atomic_store(&s->has_mail, true);
}

bool seats_lack(const struct seats *s, unsigned i)
{
	return atomic_load(&s->all[i].is_empty);
}

struct source *seats_take(struct seats *s, unsigned i, bool *drop)
{
	struct source *fresh = atomic_exchange(&s->all[i].fresh, NULL);

	*drop = atomic_exchange(&s->all[i].drop, false);
	return fresh;
}

static void add_drops(struct source *source, struct source_drops *sum)
{
	struct source_drops drops;

	source_drops(source, &drops);
	sum->kernel += drops.kernel;
	sum->interface += drops.interface;
}

void seats_forget(struct seats *s, unsigned i, struct source_drops *sum)
{
	uint64_t one = 1;

	if (!s->sources[i])
		return;
	add_drops(s->sources[i], sum);
	source_close(s->sources[i]);
	s->sources[i] = NULL;
	atomic_store(&s->all[i].is_empty, true);
	(void)!write(s->lost_fd, &one, sizeof(one)); /* it is readable already */
}

void seats_add_drops(const struct seats *s, struct source_drops *sum)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->sources[i])
			add_drops(s->sources[i], sum);
}
