/*
 * SPINE: from packets to a batch for the flow table, or to the counters that say why not.
 *
 * Order (SPEC section 4): stamp, class, samplers that count, decoder, fragments, own exports, port
 * map, samplers that look at what was decoded. Where duplicates are ignored the decoder comes
 * first: stamp, decoder, duplicates, class, samplers that count, and so on. Belongs to the worker,
 * whose clock and part of the ledger it keeps; the worker takes the batch.
 */
#ifndef SPANFLOW_INTAKE_H
#define SPANFLOW_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/classifier.h"
#include "capture/packet.h"
#include "conf/config.h"
#include "control/ledger.h"
#include "decode/invariant.h"
#include "meter/clock.h"
#include "meter/record.h"
#include "meter/selection.h"
#include "meter/table.h"
#include "undecoded.h"

struct dedup;       /* meter/dedup.h */
struct fragments;   /* meter/frag.h */
struct own_exports; /* own_export.h */

struct intake_options {
	const struct config *config;
	const struct own_exports *own_exports;
	size_t sources;
	uint64_t seed; /* of sampling, and of what is hashed here */
	/*
	 * Takes the batch, since the clock has gone on by a second since that was done, so that records and messages
	 * leave in time; or since it is about to go back (`restarts`): all that came so far ends.
	 */
	void (*take_batch)(void *ctx, bool restarts);
	void *take_batch_ctx;
};

/* What is kept of a packet until it is known whether it is a duplicate. */
struct sighting {
	uint64_t invariant; /* decode/invariant.h */
	uint32_t digest;    /* for a rule that asks for it */
	uint16_t place;
	uint8_t ignored; /* enum ignored */
	uint8_t selector;
};

struct intake {
	struct intake_options options;
	const struct config *config;
	struct decode_options decode;

	/* Of the source that is being read: */
	const struct source *source;
	struct classifier *classes; /* NULL: everything is this rule's: */
	unsigned rule;              /* 0, or the level of overload, which the owner sets */
	struct sampler *samplers;   /* one a rule */

	bool has_bounds;  /* something about times or an end is asked of each packet */
	bool looks_again; /* a packet is not done when it has been decoded */
	bool limit_reached;
	bool incomplete; /* some packets could not be read or classed; it has been said why */
	struct undecoded undecoded; /* of the source */
	int64_t shift_ns;           /* what is added to the packets' times */
	uint64_t first_clock_ns;    /* 0: no packet has had a time yet */
	struct clock clock;
	uint64_t
	    due_ns; /* the clock at which the batch is to be taken, full or not; the owner puts it off */
	struct pktinfo
	    *batch; /* the owner's room for TABLE_BATCH, to be set before the first packet */
	struct sighting sightings[TABLE_BATCH]; /* of the first `seen` packets of the batch */
	struct packet
	    unseen[TABLE_BATCH]; /* those of them that are ignored, without their octets */
	unsigned seen;
	unsigned batched;

	struct rng seeds;
	struct fragments *fragments; /* NULL: later ones stay without ports */
	struct dedup *dedup;         /* NULL: all copies are metered */
	struct invariant_keys keys;  /* of what it compares; others when the clock restarts */

	struct ledger_packets packets;
	struct unmetered unmetered;
	struct selection selection;
	struct classifier **classifiers; /* one a source */
};

/* 0 or -ENOMEM. What the options point to must outlive it. */
int intake_init(struct intake *in, const struct intake_options *options);
void intake_fini(struct intake *in);

/*
 * Between packets: other settings, of which `rules` says whether the sampling rules are others, too. 0, or
 * -errno after saying why one of the sources (NULL: closed) cannot have them; then nothing has changed.
 */
int intake_reload(
    struct intake *in, const struct config *config, bool rules, struct source *const *sources);

/* The owner has taken the batch. */
void intake_begin_batch(struct intake *in);

/* Before the first packet: what is added to the times of all. */
void intake_shift_times(struct intake *in, int64_t shift_ns);

/* Source `i` is this one from now on. 0, or -errno after saying why it cannot be used. */
int intake_open(struct intake *in, unsigned i, const struct source *source);

/*
 * Where duplicates are looked for packets are in the batch once this has been called. intake_read()
 * does it at its end; whoever is called in its middle and takes the batch does it first.
 */
void intake_settle(struct intake *in);

/* At most TABLE_BATCH packets of source `i`, which is this one. Returns what source_read() does. */
int intake_read(struct intake *in, unsigned i, struct source *source);

#endif
