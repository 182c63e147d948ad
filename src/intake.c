#include "intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/digest.h"
#include "meter/dedup.h"
#include "meter/frag.h"
#include "own_export.h"
#include "util/units.h"

_Static_assert(
    INVARIANT_PLACE_BITS == DEDUP_PLACE_BITS, "dedup.h keeps all of invariant.h's place");

/* A batch is taken when it is full, when nothing more is there to read, or when its packets span so much. */
#define BATCH_NS NS_PER_S

/* -- packets ---------------------------------------------------------------------------------- */

/* All flows of the time before end; the clock starts again at this packet. */
static void restart_clock(struct intake *in, uint64_t ts_ns)
{
	in->options.take_batch(in->options.take_batch_ctx, true);
	clock_restart(&in->clock, ts_ns);
	in->due_ns = ts_ns + BATCH_NS;
	if (in->fragments)
		fragments_forget(in->fragments);
	invariant_set_keys(&in->keys, rng_next(&in->seeds));
	in->packets.notes[NOTE_CLOCK_RESTARTS]++;
}

static inline __attribute__((always_inline)) struct stamp stamp_packet(
    struct intake *in, uint64_t ts_ns)
{
	struct stamp stamp;

	if (clock_steps_back(&in->clock, ts_ns))
		restart_clock(in, ts_ns);
	stamp = clock_stamp(&in->clock, ts_ns);
	in->packets.notes[NOTE_NO_TIME] += stamp.no_time;
	if (stamp.clock_ns >= in->due_ns)
		in->options.take_batch(in->options.take_batch_ctx, false);
	return stamp;
}

/* Offline --duration is packet time; the packet that is past it is not taken. */
static bool past_duration(const struct intake *in, uint64_t ts_ns)
{
	uint64_t duration = in->config->duration_ns;

	if (!duration || config_is_live(in->config) || !in->first_clock_ns)
		return false;
	return ts_ns > in->first_clock_ns && ts_ns - in->first_clock_ns >= duration;
}

static void tell_link_type(struct intake *in, const struct packet *packet)
{
	in->incomplete = true;
	undecoded_tell(&in->undecoded, in->source, packet);
}

/* What was or may have been IP tells of the Metering Process's reliability, too. */
static void ignore(
    struct intake *in, enum ignored why, const struct packet *packet, const struct pktinfo *info)
{
	in->packets.ignored[why]++;
	if (why == IGNORED_LINK_TYPE)
		tell_link_type(in, packet);
	if (why == IGNORED_MALFORMED || why == IGNORED_TRUNCATED || why == IGNORED_HEADER_LIMIT ||
	    why == IGNORED_LINK_TYPE)
		unmetered_add(&in->unmetered,
		    &(struct unmetered){
			1, packet->len - info->ip_offset, info->ts_ns, info->ts_ns});
}

/* The digest that the packet's rule looks at, or anything where it looks at none. */
static inline uint32_t digest_for(const struct intake *in, const struct packet *packet,
    const struct pktinfo *info, unsigned selector)
{
	const struct sampling_plan *plan = in->selection.plan;

	return in->looks_again && plan->rules[selector].method == SAMPLING_HASH
	    ? digest_packet(packet, info, plan->hash_key)
	    : 0;
}

/* What few runs ask for: the port map, ECN in the key, and rules that look at what was decoded. */
static bool look_again(
    const struct intake *in, struct pktinfo *info, unsigned selector, uint32_t digest)
{
	const struct selection *s = &in->selection;

	info->head.kind |= selector << KIND_SELECTOR_SHIFT;
	port_map_apply(&in->config->ports, info);
	key_plan_apply(&in->selection.key_plan, info);
	switch (s->plan->rules[selector].method) {
	case SAMPLING_HASH:
		return selection_takes_digest(s, selector, digest);
	case SAMPLING_FLOW:
		return selection_takes_flow(s, info);
	default:
		return true;
	}
}

static void count_metered(struct ledger_packets *p, const struct pktinfo *info)
{
	p->metered++;
	p->metered_octets += info->octets;
	for (uint32_t notes = info->notes; notes; notes &= notes - 1)
		p->notes[__builtin_ctz(notes)]++;
}

/*
 * The last part of a decoded packet's way: what earlier packets and other threads tell of it (later
 * fragments have ports then), and the rules that look at it. False: it is counted elsewhere.
 */
static inline __attribute__((always_inline)) bool take_in(
    struct intake *in, struct pktinfo *info, unsigned selector, uint32_t digest)
{
	if (info->is_fragment && in->fragments)
		in->packets.notes[NOTE_FRAGMENT_FORGOTTEN] += fragments_apply(in->fragments, info);
	if (own_exports_match(in->options.own_exports, info)) {
		in->packets.ignored[IGNORED_OWN_EXPORT]++;
		return false;
	}
	if (in->looks_again && !look_again(in, info, selector, digest)) {
		in->packets.not_sampled++;
		return false;
	}
	count_metered(&in->packets, info);
	return true;
}

/* `is_unusual`: it is known that decode_usual() is not for it. */
static inline enum ignored decode(struct intake *in, const struct packet *packet,
    const struct stamp *stamp, struct pktinfo *info, bool is_unusual)
{
	enum ignored ignored = is_unusual ? decode_unusual(packet, &in->decode, info)
					  : decode_packet(packet, &in->decode, info);

	info->ts_ns = stamp->ts_ns;
	info->clock_ns = stamp->clock_ns;
	info->late = stamp->late;
	return ignored;
}

/* Of a link type that is not decoded something else is to be told than that no class fits it. */
static unsigned class_of(const struct intake *in, const struct packet *packet)
{
	if (!in->classes)
		return in->rule;
	return decode_supports(packet->linktype) ? classifier_find(in->classes, packet) : 0;
}

/* What it shifts to before 1970 is no time. */
static uint64_t shift_time(uint64_t ts_ns, int64_t shift_ns)
{
	return shift_ns < 0 && ts_ns <= (uint64_t)-shift_ns ? 0 : ts_ns + (uint64_t)shift_ns;
}

/* What few runs ask for: times that are shifted, and an end. False: this packet is past it. */
static bool is_within_bounds(struct intake *in, uint64_t *ts_ns)
{
	bool shifts = in->shift_ns && *ts_ns;

	if (shifts)
		*ts_ns = shift_time(*ts_ns, in->shift_ns);
	in->limit_reached |= past_duration(in, *ts_ns);
	if (in->limit_reached)
		return false;
	in->packets.notes[NOTE_TIME_SHIFTED] += shifts && *ts_ns;
	in->limit_reached = in->packets.received + 1 == in->config->packet_limit;
	return true;
}

/*
 * Stamps the packet, if the bounds leave it to be taken. The stamp comes first: packets that the samplers
 * skip move the clock. A part of whoever takes packets, with what it keeps in registers.
 */
static inline __attribute__((always_inline)) bool begin_packet(
    struct intake *in, const struct packet *packet, struct stamp *stamp)
{
	uint64_t ts_ns = packet->ts_ns;

	if (in->has_bounds && !is_within_bounds(in, &ts_ns))
		return false;
	*stamp = stamp_packet(in, ts_ns);
	in->packets.received++;
	if (!in->first_clock_ns)
		in->first_clock_ns = stamp->clock_ns;
	return true;
}

/* What becomes of a packet that has its stamp. */
typedef void packet_way(struct intake *in, const struct packet *packet, const struct stamp *stamp);

/*
 * Each goes this way, as long as the bounds leave it to be taken. False: they leave nothing that is
 * behind these, which must not be waited for, nor looked at. A part of whoever calls it.
 */
static inline __attribute__((always_inline)) bool go_way(
    struct intake *in, const struct packet packets[], unsigned n, packet_way *way)
{
	struct stamp stamp;

	for (const struct packet *packet = packets; packet < packets + n; packet++) {
		if (!begin_packet(in, packet, &stamp))
			return false;
		way(in, packet, &stamp);
		if (in->limit_reached)
			return false;
	}
	return true;
}

/* Adds a packet that is to be metered to the batch, or to the counter that says why not. */
static void meter_chosen(struct intake *in, const struct packet *packet, const struct stamp *stamp,
    unsigned selector, bool is_unusual)
{
	struct pktinfo *info = &in->batch[in->batched];
	enum ignored ignored = decode(in, packet, stamp, info, is_unusual);

	if (ignored)
		ignore(in, ignored, packet, info);
	else
		in->batched += take_in(in, info, selector, digest_for(in, packet, info, selector));
}

static void meter_packet(struct intake *in, const struct packet *packet, const struct stamp *stamp)
{
	unsigned selector = class_of(in, packet);

	if (sampler_take(&in->samplers[selector]))
		meter_chosen(in, packet, stamp, selector, false);
	else
		in->packets.not_sampled++;
}

/* Nothing is asked of packets, and all are to be metered. */
static bool takes_all(const struct intake *in)
{
	return !in->has_bounds && !in->looks_again && !in->classes &&
	    in->samplers[in->rule].rule.interval == 1;
}

/*
 * Packets that are in the batch's room already, as decode_usual() has left them, up to the first one before which more
 * is to be done, that has no time, or that is our own. How many that are: what all of them change is brought up once. A
 * part of its caller, which says whether they are captured live.
 */
static inline __attribute__((always_inline)) unsigned stamp_run(
    struct intake *in, const struct packet packets[], unsigned n, bool is_live)
{
	struct pktinfo *info = &in->batch[in->batched];
	struct clock clock = in->clock;
	uint64_t octets = 0;
	unsigned i;

	/* For the compiler, which keeps the rest in registers. */
	clock.live = is_live;
	clock.file_begins = false;
	for (i = 0; i < n; i++, info++) {
		struct clock next = clock;
		struct stamp stamp;

		if (packets[i].ts_ns == 0 || clock_steps_back(&clock, packets[i].ts_ns))
			break;
		stamp = clock_stamp(&next, packets[i].ts_ns);
		if (stamp.clock_ns >= in->due_ns ||
		    own_exports_match(in->options.own_exports, info))
			break;
		clock = next;
		info->ts_ns = stamp.ts_ns;
		info->clock_ns = stamp.clock_ns;
		info->late = stamp.late;
		octets += info->octets;
	}
	in->clock.now_ns = clock.now_ns;
	in->clock.newest_ns = clock.newest_ns;
	in->batched += i;
	in->packets.received += i;
	in->packets.metered += i;
	in->packets.metered_octets += octets;
	return i;
}

static unsigned stamp_usual(struct intake *in, const struct packet packets[], unsigned n)
{
	/* The next packet may be the one that begins the file. */
	if (in->clock.file_begins)
		return 0;
	return in->clock.live ? stamp_run(in, packets, n, true) : stamp_run(in, packets, n, false);
}

/* What meter_packet() does then. */
static void meter_one(struct intake *in, const struct packet *packet, bool is_unusual)
{
	struct stamp stamp = stamp_packet(in, packet->ts_ns);

	in->packets.received++;
	meter_chosen(in, packet, &stamp, 0, is_unusual);
}

/*
 * As many as are usual together, and the first one that is not by itself. Where a run of them is broken off what has been
 * decoded is in the wrong place: the rest go one by one, so that none is decoded more than twice.
 */
static void meter_all(struct intake *in, const struct packet packets[], unsigned n)
{
	const struct packet *end = packets + n;
	bool takes_usual = decode_takes_usual(&in->decode);

	while (packets < end) {
		unsigned left = (unsigned)(end - packets);
		unsigned usual =
		    takes_usual ? decode_usual(packets, left, &in->batch[in->batched]) : 0;
		const struct packet *behind = packets + usual;

		packets += stamp_usual(in, packets, usual);
		if (packets == behind && packets < end)
			meter_one(in, packets++, true);
		while (packets < behind)
			meter_one(in, packets++, false);
	}
}

/* What a source calls with its packets. */
static bool take_packets(void *ctx, const struct packet packets[], unsigned n)
{
	struct intake *in = ctx;

	if (!takes_all(in))
		return go_way(in, packets, n, meter_packet);
	meter_all(in, packets, n);
	return true;
}

/* -- duplicates ------------------------------------------------------------------------------- */

/*
 * They are no part of what the rules choose from: every packet is decoded first. Its octets are lent for
 * one call only, so all that needs them is found out now; it is judged together with the others of the
 * batch, when the memory that tells of its copies has come.
 */
static void sight_packet(struct intake *in, const struct packet *packet, const struct stamp *stamp)
{
	unsigned i = in->seen++;
	struct pktinfo *info = &in->batch[i];
	struct sighting *s = &in->sightings[i];
	struct invariant invariant;

	s->selector = (uint8_t)class_of(in, packet);
	s->ignored = (uint8_t)decode(in, packet, stamp, info, false);
	if (s->ignored) {
		in->unseen[i] = *packet;
		in->unseen[i].data = NULL;
		/* As long as the source knows where it is. */
		if (s->ignored == IGNORED_LINK_TYPE)
			tell_link_type(in, packet);
		return;
	}
	invariant = invariant_take(packet, info, &in->keys);
	s->invariant = invariant.digest;
	s->place = invariant.place;
	__builtin_prefetch(dedup_bucket(in->dedup, s->invariant), 1);
	s->digest = digest_for(in, packet, info, s->selector);
}

/* What a source calls with its packets where duplicates are looked for. */
static bool see_packets(void *ctx, const struct packet packets[], unsigned n)
{
	return go_way(ctx, packets, n, sight_packet);
}

static bool is_duplicate(struct intake *in, const struct sighting *s, const struct pktinfo *info)
{
	enum dedup_result result = dedup_see(in->dedup, s->invariant, s->place, info->clock_ns);

	in->packets.notes[NOTE_DEDUP_FORGOTTEN] += result == DEDUP_FIRST_FORGETS;
	return result == DEDUP_DUPLICATE;
}

/* Whether the packet stays in the batch; else it is counted where it belongs. */
static inline bool judge(struct intake *in, unsigned i)
{
	const struct sighting *s = &in->sightings[i];
	struct pktinfo *info = &in->batch[i];

	if (!s->ignored && is_duplicate(in, s, info)) {
		in->packets.ignored[IGNORED_DUPLICATE]++;
		return false;
	}
	if (!sampler_take(&in->samplers[s->selector])) {
		in->packets.not_sampled++;
		return false;
	}
	if (s->ignored) {
		ignore(in, s->ignored, &in->unseen[i], info);
		return false;
	}
	return take_in(in, info, s->selector, s->digest);
}

void intake_settle(struct intake *in)
{
	for (unsigned i = 0; i < in->seen; i++) {
		if (!judge(in, i))
			continue;
		if (i != in->batched)
			in->batch[in->batched] = in->batch[i];
		in->batched++;
	}
	in->seen = 0;
}

/* -- reading ---------------------------------------------------------------------------------- */

void intake_begin_batch(struct intake *in)
{
	in->batched = 0;
	in->due_ns = in->clock.now_ns + BATCH_NS;
}

int intake_read(struct intake *in, unsigned i, struct source *source)
{
	int n;

	in->source = source;
	in->classes = in->classifiers[i];
	in->samplers = selection_samplers(&in->selection, i);
	n = source_read(source, TABLE_BATCH, in->dedup ? see_packets : take_packets, in);
	intake_settle(in);
	in->incomplete |= source->incomplete || classifier_failed(in->classes);
	return n;
}
