#include "capture/classifier.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>

#include "util/log.h"

#define SNAPLEN 65535

struct classifier {
	unsigned count; /* of programs that are compiled, plus 1 */
	struct bpf_program programs[];
};

static int compile(struct classifier *c, const char *expression, const struct source *source)
{
	pcap_t *dead = pcap_open_dead(source->linktype, SNAPLEN);
	int rc;

	if (!dead)
		return -ENOMEM;
	rc = pcap_compile(dead, &c->programs[c->count], expression, 1, PCAP_NETMASK_UNKNOWN);
	if (rc == 0)
		c->count++;
	else
		log_error("%s: class '%s': %s", source->name, expression, pcap_geterr(dead));
	pcap_close(dead);
	return rc == 0 ? 0 : -EINVAL;
}

int classifier_create(const char *const *expressions, unsigned count, const struct source *source,
    struct classifier **out)
{
	struct classifier *c = calloc(1, sizeof(*c) + count * sizeof(c->programs[0]));
	int rc = 0;

	if (!c)
		return -ENOMEM;
	c->count = 1;
	while (rc == 0 && c->count < count)
		rc = compile(c, expressions[c->count], source);
	if (rc)
		classifier_destroy(c);
	else
		*out = c;
	return rc;
}

void classifier_destroy(struct classifier *c)
{
	if (!c)
		return;
	while (c->count > 1)
		pcap_freecode(&c->programs[--c->count]);
	free(c);
}

unsigned classifier_find(const struct classifier *c, const struct packet *packet)
{
	struct pcap_pkthdr h = {.caplen = packet->caplen, .len = packet->len};

	for (unsigned i = 1; i < c->count; i++)
		if (pcap_offline_filter(&c->programs[i], &h, packet->data))
			return i;
	return 0;
}
