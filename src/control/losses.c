#include "control/losses.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "util/units.h"

#define NAME_SIZE 512
#define AGAIN_NS (60 * NS_PER_S)
/* Of fewer packets a hundredth says nothing. */
#define SHARE_PACKETS_MIN 1000
#define SHARE_PART 100

/* -- rows --------------------------------------------------------------------------------------- */

struct kind_row {
	size_t offset;       /* of the counter in the ledger, or in what it has of an interface */
	const char *subject; /* NULL: the interface */
	const char *what;
	const char *advice;
	bool at_end; /* also a message at the end */
};

static const struct kind_row interface_rows[LOSS_DROPS] = {
    {offsetof(struct ledger_interface, dropped_kernel), NULL, "packets dropped by the kernel",
	"a larger --buffer, more --workers, a filter or --sample helps", true},
    {offsetof(struct ledger_interface, dropped_interface), NULL, "packets dropped by the interface",
	"`ethtool -G` enlarges the card's rings, `ethtool -S` tells more", true},
};

static const struct kind_row kind_rows[LOSS_KINDS] = {
    {offsetof(struct ledger, ring_dropped), "export", "records dropped",
	"flows ended faster than they could be exported: longer timeouts, fewer collectors or "
	"--sample helps",
	true},
    {offsetof(struct ledger, flows.ended[END_NO_RESOURCES]), "flows",
	"flows ended before their time", "the table is full: raise --max-flows or lower -t idle",
	true},
    {offsetof(struct ledger, packets.notes[NOTE_FRAGMENT_FORGOTTEN]), "fragments",
	"fragments pushed out a datagram that was not complete",
	"too many at once: ports of what follows of it are not known", false},
    {offsetof(struct ledger, packets.notes[NOTE_DEDUP_FORGOTTEN]), "dedup",
	"packets pushed out one whose copies may still come",
	"too many at once: such copies count: a shorter --dedup-window helps", false},
};

struct share_row {
	enum ignored reason;
	const char *name;
	const char *advice;
};

/* Those that do not just say what a network carries beside IP. */
static const struct share_row share_rows[LOSS_SHARES] = {
    {IGNORED_MALFORMED, "malformed", "does the mirror or the card alter frames?"},
    {IGNORED_TRUNCATED, "truncated", "does the mirror cut frames before their IP header ends?"},
    {IGNORED_HEADER_LIMIT, "header_limit", "more headers on top of each other than are followed"},
    {IGNORED_MACSEC, "macsec", "encrypted: mirror a port where they are not"},
    {IGNORED_PPP_COMPRESSED, "ppp_compressed", "compressed or encrypted: only the two ends know"},
    {IGNORED_WLAN_PROTECTED, "wlan_protected",
	"encrypted: capture behind the access point instead"},
};

/* Where nothing else is said it is the failure's name. */
struct drop_row {
	const char *why;
	const char *advice;
};

static const struct drop_row drop_rows[FAILURE_COUNT] = {
    [FAILURE_ECONNREFUSED] = {.advice = "is the collector running?"},
    [FAILURE_EHOSTUNREACH] = {.advice = "is it up, and is there a way to it?"},
    [FAILURE_ENETUNREACH] = {.advice = "`ip route get` tells the way to it"},
    [FAILURE_ENETDOWN] = {.advice = "`ip link` tells which interface is down"},
    [FAILURE_ENOBUFS] = {.advice = "the interface to it is busy: a longer txqueuelen helps"},
    [FAILURE_EMSGSIZE] = {.advice = "lower max-payload"},
    [FAILURE_EPERM] = {.advice = "does a firewall rule forbid it?"},
    [FAILURE_EACCES] = {.advice = "is it a broadcast address, or does a route prohibit it?"},
    [FAILURE_EPIPE] = {.advice = "who read it has gone"},
    [FAILURE_ENOSPC] = {.advice = "the disk is full"},
    [FAILURE_EDQUOT] = {.advice = "the quota is used up"},
    [FAILURE_EFBIG] = {.advice = "no file may be larger: look at `ulimit -f`"},
    [FAILURE_NO_SESSION] = {.advice = "it had no address, route or socket"},
    [FAILURE_NEW_SESSION] = {.advice = "its address changed"},
    [FAILURE_QUEUE_FULL] = {"it took them too slowly", "a longer queue or --sample helps"},
    [FAILURE_SHUTDOWN] = {.why = "it did not take them in time for the end"},
};

/* An output's queue has one length. */
static const struct drop_row output_rows[] = {
    {"it took them too slowly", "a faster reader or disk, or --sample helps"},
    {"it had no room", "the disk was full for longer than the queue lasts"},
};

static bool has_lacked_room(const struct ledger_collector *c)
{
	for (unsigned f = 0; f < FAILURE_COUNT; f++)
		if (c->sender.errors[f] && failure_is_of_room((enum failure)f))
			return true;
	return false;
}

static const struct drop_row *drop_row_of(const struct ledger_collector *c, enum failure f)
{
	if (c->is_stream && f == FAILURE_QUEUE_FULL)
		return &output_rows[has_lacked_room(c)];
	return &drop_rows[f];
}

static uint64_t count_of(const struct kind_row *row, const void *base)
{
	return *(const uint64_t *)(const void *)((const char *)base + row->offset);
}

static void tell_kind(
    const struct kind_row *row, const char *subject, uint64_t count, const char *in_all)
{
	log_warning("%s: %" PRIu64 " %s%s: %s", subject, count, row->what, in_all, row->advice);
}

static void tell_dropped(
    const struct ledger_collector *c, enum failure f, uint64_t count, const char *in_all)
{
	const struct drop_row *row = drop_row_of(c, f);
	const char *why = row->why ? row->why : failure_name(f);
	const char *colon = row->advice ? ": " : "", *advice = row->advice ? row->advice : "";
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), c->group ? "%s (group %s)" : "%s", c->url, c->group);
	if (f == FAILURE_SHUTDOWN)
		log_error("%s: %" PRIu64 " records dropped%s: %s%s%s", name, count, in_all, why,
		    colon, advice);
	else
		log_warning("%s: %" PRIu64 " records dropped%s: %s%s%s", name, count, in_all, why,
		    colon, advice);
}

/* -- now and then ------------------------------------------------------------------------------- */

int losses_init(struct losses *l, size_t interface_count, size_t collector_max)
{
	*l = (struct losses){.interface_count = interface_count, .collector_max = collector_max};
	l->interfaces = calloc(interface_count + 1, sizeof(*l->interfaces));
	l->collectors = calloc(collector_max + 1, sizeof(*l->collectors));
	return l->interfaces && l->collectors ? 0 : -ENOMEM;
}

static void forget_collector(struct loss_collector *c)
{
	free((char *)c->who.url);
	free((char *)c->who.group);
	*c = (struct loss_collector){.who = {.url = NULL}};
}

void losses_fini(struct losses *l)
{
	for (size_t i = 0; i < l->collector_count; i++)
		forget_collector(&l->collectors[i]);
	free(l->interfaces);
	free(l->collectors);
	*l = (struct losses){0};
}

/* What has been told of the ledger's collector i, or NULL. Of several that are alike each has its own. */
static struct loss_collector *find_collector(
    const struct losses *l, const struct ledger *now, size_t i)
{
	const struct ledger_collector *wanted = &now->collectors[i];
	size_t alike = 0;

	for (size_t k = 0; k < i; k++)
		alike += ledger_is_same_collector(&now->collectors[k], wanted);
	for (size_t k = 0; k < l->collector_count; k++)
		if (ledger_is_same_collector(&l->collectors[k].who, wanted) && alike-- == 0)
			return &l->collectors[k];
	return NULL;
}

static bool is_in_ledger(const struct loss_collector *c, const struct ledger *now)
{
	for (size_t i = 0; i < now->collector_count; i++)
		if (ledger_is_same_collector(&c->who, &now->collectors[i]))
			return true;
	return false;
}

/* A place for another one, be it that of one that is gone. NULL: there is none. */
static struct loss_collector *find_place(struct losses *l, const struct ledger *now)
{
	if (l->collector_count < l->collector_max)
		return &l->collectors[l->collector_count++];
	for (size_t i = 0; i < l->collector_count; i++)
		if (!is_in_ledger(&l->collectors[i], now)) {
			forget_collector(&l->collectors[i]);
			return &l->collectors[i];
		}
	return NULL;
}

/* What the configuration owns may go at a reload: copies stay. */
static struct loss_collector *add_collector(struct losses *l, const struct ledger *now, size_t i)
{
	const struct ledger_collector *who = &now->collectors[i];
	struct loss_collector *c = find_place(l, now);

	if (!c)
		return NULL;
	c->who.url = strdup(who->url);
	c->who.format = who->format;
	c->who.group = who->group ? strdup(who->group) : NULL;
	return c;
}

/* How many are to be told of now. */
static uint64_t take_untold(struct loss *loss, uint64_t count, uint64_t now_ns)
{
	uint64_t untold;

	if (count < loss->told)
		loss->told = 0;
	untold = count - loss->told;
	if (!untold || now_ns < loss->again_ns)
		return 0;
	loss->told = count;
	loss->again_ns = now_ns + AGAIN_NS;
	return untold;
}

/* What the decoder has seen: sampling leaves the others aside before. */
static uint64_t looked_at(const struct ledger_packets *p)
{
	return p->received - p->not_sampled;
}

static void report_share(struct loss_share *s, const struct share_row *row,
    const struct ledger_packets *p, uint64_t now_ns)
{
	uint64_t ignored = p->ignored[row->reason] - s->ignored;
	uint64_t packets = looked_at(p) - s->looked_at;

	if (p->ignored[row->reason] < s->ignored || looked_at(p) < s->looked_at) {
		s->ignored = s->looked_at = 0;
		return;
	}
	if (packets < SHARE_PACKETS_MIN || now_ns < s->again_ns)
		return;
	s->ignored += ignored;
	s->looked_at += packets;
	if (ignored < packets / SHARE_PART)
		return;
	log_warning("capture: %" PRIu64 " of %" PRIu64 " packets ignored as %s: %s", ignored,
	    packets, row->name, row->advice);
	s->again_ns = now_ns + AGAIN_NS;
}

static void report_collector(
    struct loss_collector *told, const struct ledger_collector *c, uint64_t now_ns)
{
	for (unsigned f = 0; f < FAILURE_COUNT; f++) {
		uint64_t count = take_untold(&told->losses[f], c->sender.dropped[f], now_ns);

		if (count)
			tell_dropped(c, (enum failure)f, count, "");
	}
}

static void report_collectors(struct losses *l, const struct ledger *now, uint64_t now_ns)
{
	for (size_t i = 0; i < now->collector_count; i++) {
		struct loss_collector *told = find_collector(l, now, i);

		if (!told)
			told = add_collector(l, now, i);
		if (told)
			report_collector(told, &now->collectors[i], now_ns);
	}
}

static void report_kind(struct loss *told, const struct kind_row *row, const char *subject,
    const void *base, uint64_t now_ns)
{
	uint64_t count = take_untold(told, count_of(row, base), now_ns);

	if (count)
		tell_kind(row, subject, count, "");
}

static void report_interface(
    struct loss_interface *told, const struct ledger_interface *now, uint64_t now_ns)
{
	for (unsigned i = 0; i < LOSS_DROPS; i++)
		report_kind(&told->drops[i], &interface_rows[i], now->name, now, now_ns);
}

void losses_report(struct losses *l, const struct ledger *now, uint64_t now_ns)
{
	for (size_t i = 0; i < now->interface_count && i < l->interface_count; i++)
		report_interface(&l->interfaces[i], &now->interfaces[i], now_ns);
	for (unsigned i = 0; i < LOSS_KINDS; i++)
		report_kind(&l->kinds[i], &kind_rows[i], kind_rows[i].subject, now, now_ns);
	for (unsigned i = 0; i < LOSS_SHARES; i++)
		report_share(&l->shares[i], &share_rows[i], &now->packets, now_ns);
	report_collectors(l, now, now_ns);
}

/* -- at the end --------------------------------------------------------------------------------- */

static const char *in_all(uint64_t told)
{
	return told ? " in all" : "";
}

/* A stream that broke has been told of with its error; how many waited for room in vain has not. */
static bool is_told_at_end(const struct ledger_collector *c, enum failure f)
{
	return !c->is_stream || f == FAILURE_SHUTDOWN || f == FAILURE_QUEUE_FULL ||
	    (c->waits && failure_is_of_room(f));
}

static void report_kind_total(
    uint64_t told, const struct kind_row *row, const char *subject, const void *base)
{
	uint64_t count = count_of(row, base);

	if (count && (row->at_end || told))
		tell_kind(row, subject, count, in_all(told));
}

static void report_interface_total(
    const struct loss_interface *told, const struct ledger_interface *now)
{
	for (unsigned i = 0; i < LOSS_DROPS; i++)
		report_kind_total(
		    told ? told->drops[i].told : 0, &interface_rows[i], now->name, now);
}

void losses_report_total(const struct losses *l, const struct ledger *now)
{
	for (size_t i = 0; i < now->interface_count; i++)
		report_interface_total(
		    i < l->interface_count ? &l->interfaces[i] : NULL, &now->interfaces[i]);
	for (unsigned i = 0; i < LOSS_KINDS; i++)
		report_kind_total(l->kinds[i].told, &kind_rows[i], kind_rows[i].subject, now);
	for (size_t i = 0; i < now->collector_count; i++) {
		const struct ledger_collector *c = &now->collectors[i];
		const struct loss_collector *known = find_collector(l, now, i);

		for (unsigned f = 0; f < FAILURE_COUNT; f++) {
			uint64_t told = known ? known->losses[f].told : 0;

			if (c->sender.dropped[f] && (told || is_told_at_end(c, (enum failure)f)))
				tell_dropped(
				    c, (enum failure)f, c->sender.dropped[f], in_all(told));
		}
	}
}
