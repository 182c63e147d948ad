#include "job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/screen.h"
#include "control/server.h"
#include "export/encoder.h"
#include "overview.h"
#include "util/units.h"

#define TOP_MAX 100000
#define TOP_DEFAULT 10
/* So many records of a listing are written at once. */
#define RECORDS_AT_ONCE 64
/* Listings that clients have not read yet hold at most so many flows, in full tables. */
#define LISTED_TABLES 2

/* A request that the workers have a part in. */
struct job {
	struct errand errand;
	struct jobs *jobs;
	bool is_away;            /* the workers have it */
	struct request *request; /* NULL: the client has left */
	enum order_kind kind;
	struct listing_request wanted;
	uint64_t listed; /* flows that it holds, or may come to hold */
	bool is_screen;
	struct screen_size size;

	/* The answer: */
	unsigned columns;        /* of rows for a terminal; 0: lines of the encoder */
	struct encoder *encoder; /* NULL: rows */
	bool has_heading;        /* of rows */
	unsigned worker;         /* whose listing is being written, and where in it */
	size_t place;
};

/* -- life --------------------------------------------------------------------------------------- */

/* As many as there are, once that is known. */
static void set_listed(struct job *job, uint64_t flows)
{
	job->jobs->listed += flows - job->listed;
	job->listed = flows;
}

static void free_job(struct job *job)
{
	set_listed(job, 0);
	for (unsigned i = 0; i < CONFIG_WORKERS_MAX; i++)
		listing_destroy(job->errand.orders[i].listing);
	encoder_destroy(job->encoder);
	free(job);
}

/* The client has left, or has its answer. What the workers hold must stay. */
static void client_gone(void *owner)
{
	struct job *job = owner;

	job->request = NULL;
	if (!job->is_away)
		free_job(job);
}

static void job_done(struct errand *errand, bool carried_out);

static int prepare(struct job *job)
{
	for (unsigned i = 0; i < job->jobs->program->worker_count; i++) {
		job->errand.orders[i].kind = job->kind;
		if (job->kind != ORDER_LIST)
			continue;
		job->errand.orders[i].listing = listing_create(&job->wanted);
		if (!job->errand.orders[i].listing)
			return -ENOMEM;
	}
	return 0;
}

/* False: clients that do not read what they asked for hold too much. */
static bool has_room(struct job *job)
{
	const struct jobs *all = job->jobs;
	const struct program *p = all->program;
	uint64_t held = all->overview->now.ledger.flows.active;
	uint64_t most = (uint64_t)job->wanted.limit * p->worker_count;

	if (job->kind == ORDER_LIST)
		set_listed(job, held < most ? held : most);
	return all->listed <= (uint64_t)LISTED_TABLES * p->config.max_flows;
}

static void begin(struct job *job)
{
	if (!has_room(job)) {
		request_fail(job->request,
		    "busy: other clients have not read the flows that they asked for: try again");
		free_job(job);
		return;
	}
	if (prepare(job) < 0) {
		request_fail(job->request, "%s", strerror(ENOMEM));
		free_job(job);
		return;
	}
	request_wait(job->request, client_gone, job);
	job->is_away = true;
	errand_send(job->jobs->errands, &job->errand);
}

static struct job *create_job(struct jobs *all, struct request *r, enum order_kind kind)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		request_fail(r, "%s", strerror(ENOMEM));
		return NULL;
	}
	job->errand.done = job_done;
	job->jobs = all;
	job->request = r;
	job->kind = kind;
	return job;
}

/* -- flows ------------------------------------------------------------------------------------- */

static int read_order(const char *word, enum listing_order *order)
{
	static const char *const names[] = {[LISTING_OCTETS] = "octets",
	    [LISTING_PACKETS] = "packets",
	    [LISTING_DURATION] = "duration"};

	for (unsigned i = LISTING_OCTETS; i <= LISTING_DURATION; i++)
		if (strcmp(word, names[i]) == 0) {
			*order = (enum listing_order)i;
			return 0;
		}
	return -EINVAL;
}

/* "[top [N] [by ORDER]] [FILTER]"; returns how many words were read, or -EINVAL. */
static int read_top(struct listing_request *wanted, char *const *words, size_t count)
{
	size_t i = 0;
	uint64_t n = TOP_DEFAULT;

	if (i == count || strcmp(words[i], "top") != 0)
		return 0;
	i++;
	wanted->order = LISTING_OCTETS;
	if (i < count && words[i][0] >= '0' && words[i][0] <= '9' &&
	    parse_number(words[i++], 1, TOP_MAX, &n) < 0)
		return -EINVAL;
	wanted->limit = n;
	if (i < count && strcmp(words[i], "by") == 0) {
		if (i + 1 == count || read_order(words[i + 1], &wanted->order) < 0)
			return -EINVAL;
		i += 2;
	}
	return (int)i;
}

static void list(
    struct jobs *all, struct request *r, char *const *words, size_t count, unsigned columns)
{
	struct job *job = create_job(all, r, ORDER_LIST);
	char why[128];
	int n;

	if (!job)
		return;
	job->columns = columns;
	job->wanted.limit = all->program->config.max_flows;
	n = read_top(&job->wanted, words, count);
	if (n < 0)
		request_fail(
		    r, "flows: top N by octets, packets or duration: N from 1 to %d", TOP_MAX);
	else if (flow_filter_parse(
		     &job->wanted.filter, words + n, count - (size_t)n, why, sizeof(why)) < 0)
		request_fail(r, "flows: %s", why);
	else {
		begin(job);
		return;
	}
	free_job(job);
}

void job_list(struct jobs *all, struct request *r, char *const *words, size_t count)
{
	list(all, r, words, count, 0);
}

/* "COLUMNS" and what job_list() takes. */
void job_rows(struct jobs *all, struct request *r, char *const *words, size_t count)
{
	uint64_t columns;

	if (count == 0 || parse_number(words[0], 1, SCREEN_COLUMNS_MAX, &columns) < 0)
		request_fail(r, "flows: COLUMNS are missing");
	else
		list(all, r, words + 1, count - 1, request_wants_json(r) ? 0 : (unsigned)columns);
}

/* "ROWS COLUMNS [by ORDER] [FILTER]" */
void job_screen(struct jobs *all, struct request *r, char *const *words, size_t count)
{
	struct job *job = create_job(all, r, ORDER_LIST);
	uint64_t rows = 0, columns = 0;
	char why[128] = "ROWS and COLUMNS are missing";
	size_t i = 2;

	if (!job)
		return;
	job->is_screen = true;
	job->wanted.order = LISTING_OCTETS;
	if (count < 2 || parse_number(words[0], 1, SCREEN_ROWS_MAX, &rows) < 0 ||
	    parse_number(words[1], 1, SCREEN_COLUMNS_MAX, &columns) < 0)
		goto wrong;
	job->size = (struct screen_size){(unsigned)rows, (unsigned)columns};
	job->wanted.limit = rows;
	if (count > 3 && strcmp(words[2], "by") == 0) {
		strcpy(why, "by octets, packets or duration");
		if (read_order(words[3], &job->wanted.order) < 0)
			goto wrong;
		i = 4;
	}
	if (flow_filter_parse(&job->wanted.filter, words + i, count - i, why, sizeof(why)) == 0) {
		begin(job);
		return;
	}
wrong:
	request_fail(r, "top: %s", why);
	free_job(job);
}

void job_flush(struct jobs *all, struct request *r)
{
	struct job *job = create_job(all, r, ORDER_FLUSH);

	if (job)
		begin(job);
}

/* -- their answers ----------------------------------------------------------------------------- */

static void add_lines(void *ctx, const struct message *m)
{
	request_add(ctx, m->data, m->size);
}

/* For a person: of all flows that were wanted, those beyond the limit included. */
static void add_sum(const struct job *job, struct request *r)
{
	struct listing_sum sum = {0};
	char line[128];

	for (unsigned i = 0; i < job->jobs->program->worker_count; i++) {
		const struct listing_sum *part = listing_sum(job->errand.orders[i].listing);

		sum.flows += part->flows;
		sum.packets += part->packets;
		sum.octets += part->octets;
	}
	request_add(r, line,
	    (size_t)snprintf(line, sizeof(line),
		"flows: %" PRIu64 ", packets: %" PRIu64 ", octets: %" PRIu64 "\n", sum.flows,
		sum.packets, sum.octets));
}

static void write_heading(struct job *job, struct request *r)
{
	char text[SCREEN_FLOW_SIZE];

	if (job->columns && !job->has_heading)
		request_add(r, text, screen_flow_heading(text, job->columns));
	job->has_heading = true;
}

static void write_record(struct job *job, struct request *r, const struct record *record)
{
	char text[SCREEN_FLOW_SIZE];

	if (job->columns)
		request_add(r, text, screen_flow(text, record, job->columns));
	else
		encoder_record(job->encoder, record);
}

/* The next records of the listings, one worker's after the other's. */
static bool write_records(void *owner, struct request *r)
{
	struct job *job = owner;
	unsigned n = 0;

	write_heading(job, r);
	while (job->worker < job->jobs->program->worker_count && n < RECORDS_AT_ONCE) {
		const struct listing *l = job->errand.orders[job->worker].listing;

		if (job->place == listing_count(l)) {
			job->worker++;
			job->place = 0;
			continue;
		}
		write_record(job, r, listing_at(l, job->place++));
		n++;
	}
	if (job->encoder && n == RECORDS_AT_ONCE)
		encoder_flush(job->encoder);
	if (n == RECORDS_AT_ONCE)
		return true;
	if (job->encoder)
		encoder_finish(job->encoder);
	if (!request_wants_json(r))
		add_sum(job, r);
	return false;
}

static void answer_flows(struct job *job)
{
	struct request *r = job->request;
	const struct config *config = job->jobs->program->settings;
	struct encoder_options options = {
	    .format = request_wants_json(r) ? FORMAT_JSON : FORMAT_TEXT,
	    .has_segments = config->decode.decap & DECAPS_WITH_SEGMENT,
	    .sampling = config->sampling,
	    .key_changes = config->key_changes,
	    .out = add_lines,
	    .out_ctx = r,
	};

	job->encoder = job->columns ? NULL : encoder_create(&options);
	if (!job->encoder && !job->columns) {
		request_fail(r, "%s", strerror(ENOMEM));
		free_job(job);
		return;
	}
	request_stream(r, write_records, client_gone, job);
}

static void answer_screen(struct job *job)
{
	struct jobs *all = job->jobs;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		overview_refresh(all->overview, all->program);
		screen_print(out, all->overview, job->errand.orders[0].listing, &job->size);
	}
	if (out && fclose(out) == 0)
		request_answer(job->request, text, size);
	else
		request_fail(job->request, "%s", strerror(ENOMEM));
	free(text);
	free_job(job);
}

/* With an order the first worker's listing becomes that of all. */
static void gather(struct job *job)
{
	unsigned workers = job->jobs->program->worker_count;

	if (job->wanted.order == LISTING_AS_HELD)
		return;
	for (unsigned i = 1; i < workers; i++) {
		listing_merge(job->errand.orders[0].listing, job->errand.orders[i].listing);
		listing_clear(job->errand.orders[i].listing);
	}
	listing_sort(job->errand.orders[0].listing);
}

static uint64_t count_listed(const struct job *job)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < job->jobs->program->worker_count; i++)
		n += listing_count(job->errand.orders[i].listing);
	return n;
}

static void job_done(struct errand *errand, bool carried_out)
{
	struct job *job = (struct job *)errand;

	job->is_away = false;
	if (!job->request) {
		free_job(job);
	} else if (!carried_out) {
		request_fail(job->request, "the program ends");
		free_job(job);
	} else if (job->kind == ORDER_FLUSH) {
		request_answer(job->request, "", 0);
		free_job(job);
	} else {
		gather(job);
		set_listed(job, count_listed(job));
		if (job->is_screen)
			answer_screen(job);
		else
			answer_flows(job);
	}
}
