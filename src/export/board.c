#include "export/board.h"

#include <stdatomic.h>
#include <stdlib.h>

struct list {
	struct interface_info *entries;
	size_t count;
};

struct board {
	_Atomic(struct list *) fresh; /* put, and not taken yet */
	struct list *current;         /* the exporter's */
	uint64_t lists;
};

static void destroy_list(struct list *l)
{
	if (l)
		free(l->entries);
	free(l);
}

struct board *board_create(void)
{
	return calloc(1, sizeof(struct board));
}

void board_destroy(struct board *b)
{
	if (!b)
		return;
	destroy_list(atomic_load(&b->fresh));
	destroy_list(b->current);
	free(b);
}

void board_put(struct board *b, struct interface_info *entries, size_t count)
{
	struct list *l = malloc(sizeof(*l));

	if (!l) {
		free(entries);
		return;
	}
	*l = (struct list){entries, count};
	destroy_list(atomic_exchange(&b->fresh, l));
}

uint64_t board_lists(struct board *b)
{
	struct list *l = NULL;

	if (atomic_load_explicit(&b->fresh, memory_order_relaxed))
		l = atomic_exchange(&b->fresh, NULL);
	if (l) {
		destroy_list(b->current);
		b->current = l;
		b->lists++;
	}
	return b->lists;
}

const struct interface_info *board_read(const struct board *b, size_t *count)
{
	*count = b->current->count;
	return b->current->entries;
}
