#include "live_told.h"

#include <string.h>

#include "live_watch.h"
#include "util/log.h"
#include "util/units.h"

/* How long it lasts before it is told: an interface that is removed is down first, and one that is up has no carrier yet. */
static const uint64_t settling_ns[] = {[LIVE_NO_CARRIER] = NS_PER_S,
    [LIVE_DOWN] = NS_PER_S / 2,
    [LIVE_GONE] = 0,
    [LIVE_GOOD] = 0,
    [LIVE_FAILED] = 0};

static const char *name_of(const struct live_interface *i)
{
	return i->link.index ? i->link.name : i->wanted->name;
}

static void say_gone(const struct live_interface *i)
{
	const char *name = name_of(i), *wanted = i->wanted->name;

	if (!i->was_captured)
		log_warning("%s: no such interface yet: waiting for it", wanted);
	else if (strcmp(name, wanted) == 0)
		log_error(
		    "%s: the interface has gone: capture goes on when it is there again", name);
	else
		log_error("%s: the interface has gone: capture goes on when %s is there again",
		    name, wanted);
}

static void say(const struct live_interface *i, enum live_condition c)
{
	const char *name = name_of(i);

	switch (c) {
	case LIVE_GOOD:
		log_warning("%s: capture goes on", name);
		break;
	case LIVE_NO_CARRIER:
		log_warning(
		    "%s: no carrier, so that no packets come: look at the cable and at what is "
		    "at its other end",
		    name);
		break;
	case LIVE_DOWN:
		log_error(
		    "%s: the interface is down: capture %s when it is up: `ip link set %s up` "
		    "starts it",
		    name, i->was_captured ? "goes on" : "begins", name);
		break;
	case LIVE_GONE:
		say_gone(i);
		break;
	case LIVE_FAILED:
		break; /* the source has */
	}
}

void live_tell(struct live_told *t, const struct live_interface *i, enum live_condition c)
{
	say(i, c);
	t->told = t->seen = c;
}

uint64_t live_observe(
    struct live_told *t, const struct live_interface *i, enum live_condition c, uint64_t now_ns)
{
	if (c != t->seen) {
		t->seen = c;
		t->since_ns = now_ns;
	}
	if (c == t->told)
		return UINT64_MAX;
	if (now_ns - t->since_ns < settling_ns[c])
		return t->since_ns + settling_ns[c];
	live_tell(t, i, c);
	return UINT64_MAX;
}
