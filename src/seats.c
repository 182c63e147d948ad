#include "seats.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int seats_init(struct seats *s, struct source *const *live, unsigned count, int lost_fd)
{
	s->all = calloc(count ? count : 1, sizeof(*s->all));
	s->sources = calloc(count ? count : 1, sizeof(struct source *));
	s->counts = calloc(count ? count : 1, sizeof(*s->counts));
	if (!s->all || !s->sources || !s->counts)
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
	free(s->counts);
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

void seats_tell_missed(struct seats *s, unsigned i, uint64_t missed)
{
	atomic_store_explicit(&s->all[i].missed, missed, memory_order_relaxed);
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

/* A source knows what it has dropped since it was opened. */
static void ask(struct seats *s, unsigned i)
{
	struct ledger_interface *c = &s->counts[i];

	c->dropped_interface = atomic_load_explicit(&s->all[i].missed, memory_order_relaxed);
	if (s->sources[i])
		c->dropped_kernel = s->all[i].former + source_drops(s->sources[i]);
}

void seats_forget(struct seats *s, unsigned i)
{
	uint64_t one = 1;

	if (!s->sources[i])
		return;
	ask(s, i);
	s->all[i].former = s->counts[i].dropped_kernel;
	source_close(s->sources[i]);
	s->sources[i] = NULL;
	atomic_store(&s->all[i].is_empty, true);
	(void)!write(s->lost_fd, &one, sizeof(one)); /* it is readable already */
}

void seats_ask_drops(struct seats *s, struct ledger_packets *sums)
{
	sums->dropped_kernel = sums->dropped_interface = 0;
	for (unsigned i = 0; i < s->count; i++) {
		ask(s, i);
		sums->dropped_kernel += s->counts[i].dropped_kernel;
		sums->dropped_interface += s->counts[i].dropped_interface;
	}
}
