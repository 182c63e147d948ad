#include "formers.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"

/* So many may wait for room on a disk: each has rings and queues of its own. */
#define PATIENT_MAX 8

/* The oldest, which are at the list's end, wait no longer. */
static void limit_patience(const struct formers *f)
{
	unsigned busy = 0;

	for (const struct former *former = f->list; former; former = former->next)
		if (!former->has_ended && ++busy > PATIENT_MAX)
			exporter_hurry(former->exporting->exporter);
}

int formers_add(struct formers *f, struct exporting *exporting, struct config *config)
{
	struct former *former = calloc(1, sizeof(*former));

	if (!former)
		return -ENOMEM;
	former->exporting = exporting;
	former->config = config;
	former->next = f->list;
	f->list = former;
	/* Its collectors are looked up by another one now. */
	resolver_stop(&exporting->resolver);
	exporter_retire(exporting->exporter);
	limit_patience(f);
	return 0;
}

void formers_hurry(const struct formers *f)
{
	for (const struct former *former = f->list; former; former = former->next)
		exporter_hurry(former->exporting->exporter);
}

/* -- the ledger -------------------------------------------------------------------------------- */

static void add(uint64_t *to, const uint64_t *from, size_t n)
{
	while (n--)
		to[n] += from[n];
}

static void add_counters(struct ledger_collector *to, const struct ledger_collector *from)
{
	to->records += from->records;
	to->not_expressible.ipv6 += from->not_expressible.ipv6;
	to->not_expressible.too_large += from->not_expressible.too_large;
	to->not_expressible.no_elements += from->not_expressible.no_elements;
	to->sender.sent += from->sender.sent;
	to->sender.queued += from->sender.queued;
	to->sender.wire_records += from->sender.wire_records;
	to->sender.messages += from->sender.messages;
	to->sender.bytes += from->sender.bytes;
	add(to->sender.dropped, from->sender.dropped, FAILURE_COUNT);
	add(to->sender.errors, from->sender.errors, FAILURE_COUNT);
}

/* The one in `list` that all[i] is: of several that are alike the second one is the second one there. */
static struct ledger_collector *find(
    struct ledger_collector *list, size_t count, const struct ledger_collector *all, size_t i)
{
	size_t alike = 0;

	for (size_t k = 0; k < i; k++)
		alike += ledger_is_same_collector(&all[k], &all[i]);
	for (size_t k = 0; k < count; k++)
		if (ledger_is_same_collector(&list[k], &all[i]) && alike-- == 0)
			return &list[k];
	return NULL;
}

/* all[i]. Where there is no room for another one the last place is that of all others. */
static size_t merge(struct ledger_collector *list, size_t count, size_t max,
    const struct ledger_collector *all, size_t i)
{
	struct ledger_collector *place = find(list, count, all, i);
	const struct ledger_collector *one = &all[i];

	if (place || count == max) {
		add_counters(place ? place : &list[count - 1], one);
		return count;
	}
	list[count] = *one;
	list[count].state = ledger_state_name(LEDGER_FORMER);
	if (count == max - 1) {
		list[count].url = "others";
		list[count].format = "various";
		list[count].group = NULL;
	}
	return count + 1;
}

size_t formers_ledger(const struct formers *f, struct ledger_collector *list, size_t count)
{
	struct ledger_collector now[CONFIG_COLLECTORS_MAX];

	for (size_t i = 0; i < f->told_count; i++)
		count = merge(list, count, FORMERS_LEDGER_MAX, f->told, i);
	for (const struct former *former = f->list; former; former = former->next) {
		size_t n =
		    former->has_ended ? 0 : exporter_ledger_now(former->exporting->exporter, now);

		for (size_t i = 0; i < n; i++)
			count = merge(list, count, FORMERS_LEDGER_MAX, now, i);
	}
	return count;
}

/* Its strings go with the configuration: copies stay. */
static void remember(struct formers *f, const struct ledger_collector *all, size_t i)
{
	size_t count = f->told_count;
	struct ledger_collector *copy;

	f->told_count = merge(f->told, count, CONFIG_COLLECTORS_MAX, all, i);
	if (f->told_count == count)
		return;
	copy = &f->told[count];
	copy->url = strdup(copy->url);
	copy->group = copy->group ? strdup(copy->group) : NULL;
	if (!copy->url)
		f->told_count = count;
}

/* -- the end ----------------------------------------------------------------------------------- */

static void end(struct formers *f, struct former *former, bool stopping, bool *failed)
{
	struct ledger_collector collectors[CONFIG_COLLECTORS_MAX];
	struct ledger last = {.collectors = collectors};

	*failed |= exporting_join(former->exporting);
	exporter_ledger(former->exporting->exporter, &last);
	*failed |= stopping && ledger_was_cut_short(&last);
	for (size_t i = 0; i < last.collector_count; i++)
		remember(f, collectors, i);
	former->has_ended = true;
}

static bool has_ended(const struct former *former)
{
	struct pollfd fd = {.fd = former->exporting->done_fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

/* A resolver that is within a look-up is waited for another time. */
static bool let_go(struct former *former)
{
	if (!exporting_destroy(former->exporting))
		return false;
	if (former->config)
		config_fini(former->config);
	free(former->config);
	free(former);
	return true;
}

bool formers_reap(struct formers *f, bool stopping, bool *failed)
{
	struct former **link = &f->list;
	bool any = false, is_busy = *link != NULL;

	while (*link) {
		struct former *former = *link, *next = former->next;

		if (!former->has_ended && has_ended(former)) {
			end(f, former, stopping, failed);
			any = true;
		}
		if (former->has_ended && let_go(former))
			*link = next;
		else
			link = &former->next;
	}
	/* Many reloads in a row leave 2 MB of small pieces, which would stay for good. */
	if (is_busy && !f->list)
		malloc_trim(0);
	return any;
}

bool formers_are_busy(const struct formers *f)
{
	for (const struct former *former = f->list; former; former = former->next)
		if (!former->has_ended)
			return true;
	return false;
}

void formers_fini(struct formers *f)
{
	bool failed = false;

	formers_reap(f, true, &failed);
	for (size_t i = 0; i < f->told_count; i++) {
		free((char *)f->told[i].url);
		free((char *)f->told[i].group);
	}
}
