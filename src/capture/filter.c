#include "capture/filter.h"

#include <errno.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/compile.h"
#include "capture/source.h"
#include "util/log.h"

/* A sane file has a handful; more are not compiled for, and do not match. */
#define LINKTYPES_MAX 64

struct program {
	int linktype;
	bool swapped;
	bool usable; /* else what it says of all packets is: */
	bool passes;
	struct bpf_program code;
};

struct filter {
	struct filter_options options;
	bool failed;
	const struct program *latest;
	unsigned count;
	struct program programs[LINKTYPES_MAX];
};

int filter_create(const struct filter_options *options, struct filter **out)
{
	struct filter *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->options = *options;
	*out = f;
	return 0;
}

void filter_destroy(struct filter *f)
{
	if (!f)
		return;
	for (unsigned i = 0; i < f->count; i++)
		if (f->programs[i].usable)
			pcap_freecode(&f->programs[i].code);
	free(f);
}

static void report(struct filter *f, uint32_t interface, const char *error)
{
	char place[SOURCE_PLACE];

	f->failed = true;
	if (!f->options.silent)
		log_error("%s%s: %s: %s", f->options.source, source_place(interface, place),
		    f->options.subject, error);
}

static void compile(struct filter *f, struct program *p, uint32_t interface)
{
	struct compile_query query = {
	    .expression = f->options.expression, .linktype = p->linktype, .swapped = p->swapped};
	char why[COMPILE_WHY];

	p->usable = compile_expression(&query, &p->code, why) == 0;
	p->passes = f->options.is_decoded && !f->options.is_decoded(p->linktype);
	if (!p->usable && !p->passes)
		report(f, interface, why);
}

/* What makes no sense for a link type makes none in either byte order. */
static bool fits(const struct program *p, int linktype, bool swapped)
{
	return p->linktype == linktype && (p->swapped == swapped || !p->usable);
}

static const struct program *find(struct filter *f, int linktype, bool swapped, uint32_t interface)
{
	struct program *p;

	for (unsigned i = 0; i < f->count; i++)
		if (fits(&f->programs[i], linktype, swapped))
			return &f->programs[i];
	if (f->count == LINKTYPES_MAX) {
		if (!f->failed)
			report(f, interface, "too many link types in one file");
		f->failed = true;
		return NULL;
	}
	p = &f->programs[f->count++];
	p->linktype = linktype;
	p->swapped = swapped;
	compile(f, p, interface);
	return p;
}

int filter_prepare(struct filter *f, int linktype)
{
	const struct program *p = find(f, linktype, false, 0);

	return p && (p->usable || p->passes) ? 0 : -EINVAL;
}

bool filter_matches(struct filter *f, const struct packet *packet)
{
	struct pcap_pkthdr h = {.caplen = packet->caplen, .len = packet->len};

	if (!f->latest || !fits(f->latest, packet->linktype, packet->swapped))
		f->latest = find(f, packet->linktype, packet->swapped, packet->interface);
	if (!f->latest || !f->latest->usable)
		return f->latest && f->latest->passes;
	return pcap_offline_filter(&f->latest->code, &h, packet->data);
}

bool filter_failed(const struct filter *f)
{
	return f && f->failed;
}

/* -- before there is a source ------------------------------------------------------------------ */

/* What comes behind the options is an expression, also where a capture was meant. */
static bool begins_with_file(const char *expression)
{
	char path[PATH_MAX];
	size_t length = strcspn(expression, " ");
	struct stat st;

	if (length >= sizeof(path))
		return false;
	memcpy(path, expression, length);
	path[length] = '\0';
	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/*
 * An expression may fit few link types only ("vlan", "ip", "wlan type data", "ifname em0"): it must compile
 * for one of these, of each kind one.
 */
int filter_check(const char *expression)
{
	static const int linktypes[] = {DLT_EN10MB, DLT_LINUX_SLL2, DLT_LINUX_SLL, DLT_RAW,
	    DLT_NULL, DLT_LOOP, DLT_IEEE802_11_RADIO, DLT_PFLOG, DLT_ARCNET};
	char first[COMPILE_WHY] = "", why[COMPILE_WHY];

	for (size_t i = 0; i < sizeof(linktypes) / sizeof(*linktypes); i++) {
		struct compile_query query = {
		    .expression = expression, .linktype = linktypes[i], .snaplen = 65535};
		struct bpf_program program;
		int rc = compile_expression(&query, &program, i ? why : first);

		if (rc == 0) {
			pcap_freecode(&program);
			return 0;
		}
		/* A name that is waited for in vain is the same one for the others. */
		if (rc == -ETIMEDOUT)
			break;
	}
	log_error("'%s': %s: %s", expression, first,
	    begins_with_file(expression) ? "to read a file put -r before it"
					 : "see pcap-filter(7)");
	return -EINVAL;
}
