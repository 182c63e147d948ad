/*
 * Options data: what the exporter says about itself rather than about a flow.
 */
#include <string.h>

#include "export/board.h"
#include "export/sets.h"

/* Scopes: IPFIX names them by element, v9 by numbers of its own (RFC 3954 section 6.1). */
#define SCOPE_EXPORTING_PROCESS 144
#define SCOPE_TEMPLATE 145
#define SCOPE_OBSERVATION_DOMAIN 149
#define SCOPE_V9_SYSTEM 1
#define SELECTOR_ID 302
#define OBSERVATION_TIME_MS 323

/* samplingAlgorithm (35) and flowSamplerMode (49) */
#define ALGORITHM_DETERMINISTIC 1
#define ALGORITHM_RANDOM 2
/* selectorAlgorithm (304), RFC 5477 */
#define SELECTOR_COUNT_BASED 1
#define SELECTOR_RANDOM_N_OUT_OF_N 3
#define SELECTOR_PROBABILISTIC 4
#define SELECTOR_HASH_BOB 6

/* The options templates' numbers; each stands for one list of fields. */
enum {
	ID_INTERVAL = FIRST_OPTIONS_TEMPLATE_ID,
	ID_COUNT_BASED, /* in v9: the sampler */
	ID_RANDOM,
	ID_PROBABILISTIC,
	ID_HASH,
	ID_INTERFACE_NAME,
	ID_INTERFACE_DESCRIPTION,
	ID_EXPORTED,
	ID_UNMETERED,
	ID_NOT_SENT,
	ID_FLOW_KEY
};

static struct option_row row_of(uint16_t template_id, uint16_t scope, uint8_t size, uint64_t value)
{
	return (struct option_row){.template_id = template_id,
	    .scope_count = 1,
	    .count = 1,
	    .fields = {{.id = scope, .size = size, .value = value}}};
}

static void add_field(struct option_row *row, uint16_t id, uint8_t size, uint64_t value)
{
	row->fields[row->count++] = (struct option_field){.id = id, .size = size, .value = value};
}

static void add_text(struct option_row *row, uint16_t id, uint8_t size, const char *text)
{
	row->fields[row->count++] = (struct option_field){.id = id, .size = size, .text = text};
}

/* A row about the Observation Domain, which v9 calls the system. */
static struct option_row domain_row(const struct encoder_options *o, uint16_t template_id)
{
	uint16_t scope = o->format == FORMAT_V9 ? SCOPE_V9_SYSTEM : SCOPE_OBSERVATION_DOMAIN;

	return row_of(template_id, scope, 4, o->domain);
}

/* -- sampling --------------------------------------------------------------------------------- */

/* The two values that the older forms have: everything but counting is random to them. */
static uint8_t algorithm(uint32_t interval, const struct sampling_rule *rule)
{
	if (interval == 1 || rule->method == SAMPLING_DETERMINISTIC)
		return ALGORITHM_DETERMINISTIC;
	return ALGORITHM_RANDOM;
}

/* The older form: samplingInterval (34), samplingAlgorithm (35). */
static struct option_row interval_row(const struct encoder_options *o)
{
	const struct sampling_rule *rule = &o->sampling.rules[0];
	uint32_t n = sampling_announced(&o->sampling, rule);
	struct option_row row = domain_row(o, ID_INTERVAL);

	add_field(&row, 34, 4, n);
	add_field(&row, 35, 1, algorithm(n, rule));
	return row;
}

/* v9's samplers: flowSamplerID (48), -Mode (49), -RandomInterval (50). */
static struct option_row v9_sampler_row(const struct encoder_options *o, unsigned selector)
{
	const struct sampling_rule *rule = &o->sampling.rules[selector];
	uint32_t n = sampling_announced(&o->sampling, rule);
	struct option_row row = domain_row(o, ID_COUNT_BASED);

	add_field(&row, 48, 1, selector + 1);
	add_field(&row, 49, 1, algorithm(n, rule));
	add_field(&row, 50, 4, n);
	return row;
}

static struct option_row selector(uint16_t template_id, unsigned selector, uint16_t algorithm)
{
	struct option_row row = row_of(template_id, SELECTOR_ID, 8, selector + 1);

	add_field(&row, 304, 2, algorithm);
	return row;
}

/* Interval and space. */
static struct option_row count_based_row(unsigned number, uint32_t n)
{
	struct option_row row = selector(ID_COUNT_BASED, number, SELECTOR_COUNT_BASED);

	add_field(&row, 305, 4, 1);
	add_field(&row, 306, 4, n - 1);
	return row;
}

/* Size and population. */
static struct option_row random_row(unsigned number, uint32_t n)
{
	struct option_row row = selector(ID_RANDOM, number, SELECTOR_RANDOM_N_OUT_OF_N);

	add_field(&row, 309, 4, 1);
	add_field(&row, 310, 4, n);
	return row;
}

/* Whole flows: each packet's chance is 1 in N. samplingProbability is a float64. */
static struct option_row probabilistic_row(unsigned number, uint32_t n)
{
	struct option_row row = selector(ID_PROBABILISTIC, number, SELECTOR_PROBABILISTIC);
	double probability = 1.0 / n;
	uint64_t bits;

	memcpy(&bits, &probability, sizeof(bits));
	add_field(&row, 311, 8, bits);
	return row;
}

/* RFC 5477 section 8.3: what the digest is made of, and which of its values select. */
static struct option_row hash_row(unsigned number, uint32_t n, uint32_t key)
{
	struct option_row row = selector(ID_HASH, number, SELECTOR_HASH_BOB);

	add_field(&row, 327, 8, HASH_PAYLOAD_OFFSET);
	add_field(&row, 328, 8, HASH_PAYLOAD_SIZE);
	add_field(&row, 329, 8, 0);
	add_field(&row, 330, 8, UINT32_MAX);
	add_field(&row, 331, 8, 0);
	add_field(&row, 332, 8, sampling_hash_last(n));
	add_field(&row, 333, 1, 2); /* the digest is not in the records */
	add_field(&row, 334, 8, key);
	return row;
}

/* PSAMP's selectors (RFC 5477). */
static struct option_row selector_row(const struct encoder_options *o, unsigned number)
{
	const struct sampling_rule *rule = &o->sampling.rules[number];
	uint32_t n = sampling_announced(&o->sampling, rule);

	if (o->format == FORMAT_V9)
		return v9_sampler_row(o, number);
	if (n == 1)
		return count_based_row(number, n);
	switch (rule->method) {
	case SAMPLING_RANDOM:
		return random_row(number, n);
	case SAMPLING_FLOW:
		return probabilistic_row(number, n);
	case SAMPLING_HASH:
		return hash_row(number, n, o->sampling.hash_key);
	default:
		return count_based_row(number, n);
	}
}

/* The order of the two forms is part of what collectors rely on; with classes the first is a lie. */
#define SAMPLING_ROWS_MAX (SELECTORS_MAX + 1)

static unsigned sampling_rows(
    const struct encoder_options *o, struct option_row rows[SAMPLING_ROWS_MAX])
{
	unsigned n = 0;

	if (o->sampling.count <= 1)
		rows[n++] = interval_row(o);
	for (unsigned i = 0; i < o->sampling.count; i++)
		rows[n++] = selector_row(o, i);
	return n;
}

/* -- interfaces ------------------------------------------------------------------------------- */

/*
 * Name (82) and description (83) in rows of their own: nfdump knows each of the pairs {10, 82} and
 * {10, 83}, and no row that has both.
 */
static struct option_row name_row(
    const struct encoder_options *o, const struct interface_info *interface)
{
	struct option_row row = domain_row(o, ID_INTERFACE_NAME);

	add_field(&row, 10, 4, interface->index);
	add_text(&row, 82, sizeof(interface->name), interface->name);
	return row;
}

static struct option_row description_row(
    const struct encoder_options *o, const struct interface_info *interface)
{
	struct option_row row = domain_row(o, ID_INTERFACE_DESCRIPTION);

	add_field(&row, 10, 4, interface->index);
	add_text(&row, 83, sizeof(interface->description), interface->description);
	return row;
}

/* -- statistics ------------------------------------------------------------------------------- */

/* What is queued counts as exported until it is known to be lost; before this message. */
static struct option_row exported_row(const struct encoder *e)
{
	struct option_row row = domain_row(&e->options, ID_EXPORTED);

	add_field(&row, 41, 8, e->messages_total - e->not_sent.messages);
	add_field(&row, 42, 8, e->records_total - e->not_sent.message_records);
	add_field(&row, 40, 8, e->octets_total - e->not_sent.message_octets);
	return row;
}

static void add_period(struct option_row *row, uint64_t first_ns, uint64_t last_ns)
{
	add_field(row, OBSERVATION_TIME_MS, 8, first_ns / NS_PER_MS);
	add_field(row, OBSERVATION_TIME_MS, 8, last_ns / NS_PER_MS);
}

/* RFC 7011 section 4.2: ignored packets and octets, the first time and the last. */
static struct option_row unmetered_row(const struct encoder *e)
{
	const struct unmetered *lost = &e->unmetered;
	struct option_row row = domain_row(&e->options, ID_UNMETERED);

	add_field(&row, 164, 8, lost->packets);
	add_field(&row, 165, 8, lost->octets);
	add_period(&row, lost->first_ns, lost->last_ns);
	return row;
}

/* RFC 7011 section 4.3: records, packets and octets that were not sent. */
static struct option_row not_sent_row(const struct encoder *e)
{
	const struct not_sent *lost = &e->not_sent;
	struct option_row row = row_of(ID_NOT_SENT, SCOPE_EXPORTING_PROCESS, 4, e->options.domain);

	add_field(&row, 166, 8, lost->records);
	add_field(&row, 167, 8, lost->packets);
	add_field(&row, 168, 8, lost->octets);
	add_period(&row, lost->first_ns, lost->last_ns);
	return row;
}

/* v9 has fields for the first row alone. */
#define STATISTICS_ROWS_MAX 3

static unsigned statistics_rows(const struct encoder *e, struct option_row rows[])
{
	rows[0] = exported_row(e);
	if (e->options.format == FORMAT_V9)
		return 1;
	rows[1] = unmetered_row(e);
	rows[2] = not_sent_row(e);
	return 3;
}

/* RFC 7011 section 4.4: which of a template's fields make the flow. */
static struct option_row flow_key_row(
    const struct encoder_options *o, unsigned class, const struct layout *l)
{
	struct option_row row = row_of(ID_FLOW_KEY, SCOPE_TEMPLATE, 2, FIRST_TEMPLATE_ID + class);

	add_field(&row, 173, 8, layout_key_fields(l, o->key_changes));
	return row;
}

/* -- all of them ------------------------------------------------------------------------------ */

/* A template for each kind of row, then the rows; kinds come one after the other. */
static void put_rows(struct encoder *e, const struct option_row *rows, unsigned n)
{
	bool seen[ID_FLOW_KEY - FIRST_OPTIONS_TEMPLATE_ID + 1] = {false};

	for (unsigned i = 0; i < n; i++) {
		bool *told = &seen[rows[i].template_id - FIRST_OPTIONS_TEMPLATE_ID];

		if (!*told)
			sets_put_options_template(e, &rows[i]);
		*told = true;
	}
	for (unsigned i = 0; i < n; i++)
		sets_put_options_data(e, &rows[i]);
}

static size_t rows_room(const struct option_row *rows, unsigned n)
{
	size_t room = 0;

	for (unsigned i = 0; i < n; i++)
		room += sets_options_template_room(&rows[i]) +
		    sets_data_room(option_row_size(&rows[i]));
	return room;
}

static void announce_sampling(struct encoder *e)
{
	struct option_row rows[SAMPLING_ROWS_MAX];
	unsigned n = sampling_rows(&e->options, rows);

	/* Both forms in one message; the rows of many classes may go on in the next. */
	message_make_room(e, rows_room(rows, n));
	put_rows(e, rows, n);
}

static void announce_interfaces(struct encoder *e)
{
	struct encoder_options *o = &e->options;
	struct option_row row;

	if (o->board && board_lists(o->board))
		o->interfaces = board_read(o->board, &o->interface_count);
	for (size_t i = 0; i < o->interface_count; i++) {
		row = name_row(o, &o->interfaces[i]);
		if (i == 0)
			sets_put_options_template(e, &row);
		sets_put_options_data(e, &row);
	}
	for (size_t i = 0; i < o->interface_count; i++) {
		row = description_row(o, &o->interfaces[i]);
		if (i == 0)
			sets_put_options_template(e, &row);
		sets_put_options_data(e, &row);
	}
}

static void announce_flow_keys(struct encoder *e)
{
	const struct sets *s = e->format_state;
	struct option_row rows[CLASS_COUNT];
	unsigned n = 0;

	for (unsigned c = 0; c < CLASS_COUNT; c++)
		if (s->layouts[c].count)
			rows[n++] = flow_key_row(&e->options, c, &s->layouts[c]);
	put_rows(e, rows, n);
}

/* The counts are those before the message that tells them: first it is clear which one that is. */
static void put_statistics(struct encoder *e)
{
	struct option_row rows[STATISTICS_ROWS_MAX];
	unsigned n = statistics_rows(e, rows);

	for (unsigned i = 0; i < n; i++) {
		message_make_room(e, sets_data_room(option_row_size(&rows[i])) + SET_PADDING_MAX);
		statistics_rows(e, rows);
		sets_put_options_data(e, &rows[i]);
	}
}

static void announce_statistics(struct encoder *e)
{
	struct option_row rows[STATISTICS_ROWS_MAX];
	unsigned n = statistics_rows(e, rows);

	for (unsigned i = 0; i < n; i++)
		sets_put_options_template(e, &rows[i]);
	put_statistics(e);
}

void options_announce(struct encoder *e)
{
	announce_sampling(e);
	announce_interfaces(e);
	if (e->options.format == FORMAT_IPFIX)
		announce_flow_keys(e);
	announce_statistics(e);
}

void options_conclude(struct encoder *e)
{
	put_statistics(e);
}

static size_t larger(size_t room, const struct option_row *row)
{
	size_t template = sets_options_template_room(row);
	size_t data = sets_data_room(option_row_size(row));

	if (template > room)
		room = template;
	return data > room ? data : room;
}

size_t options_room(const struct encoder_options *options)
{
	const struct interface_info interface = {.index = 0};
	struct encoder e = {.options = *options};
	struct option_row rows[SAMPLING_ROWS_MAX], row;
	unsigned n = sampling_rows(options, rows);
	size_t room = 0;

	if (options->sampling.count <= 1)
		room = rows_room(rows, n);
	for (unsigned i = 0; i < n; i++)
		room = larger(room, &rows[i]);
	n = statistics_rows(&e, rows);
	for (unsigned i = 0; i < n; i++)
		room = larger(room, &rows[i]);
	row = name_row(options, &interface);
	room = larger(room, &row);
	row = description_row(options, &interface);
	return larger(room, &row);
}

/* Messages for so many rows like this one, in a set each. */
static size_t messages_for(
    const struct encoder_options *options, const struct option_row *row, size_t count)
{
	size_t header = format_operations(options->format)->header_size;
	size_t room = options->max_payload - header - sets_data_room(0);
	size_t rows = room / option_row_size(row);

	return rows ? (count + rows - 1) / rows : count;
}

size_t options_interface_messages(const struct encoder_options *options)
{
	const struct interface_info interface = {.index = 0};
	struct option_row name = name_row(options, &interface);
	struct option_row description = description_row(options, &interface);
	size_t count = options->interface_room > options->interface_count
	    ? options->interface_room
	    : options->interface_count;

	return messages_for(options, &name, count) + messages_for(options, &description, count);
}
