/*
 * --key: which fields tell flows apart.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "conf/options.h"
#include "util/log.h"

/* One word of --key: the part that it changes, KEY_NONE: there is no such word. */
static enum key_part parse_key_word(const char *word, size_t length)
{
	static const struct {
		const char *word;
		enum key_part part;
	} words[] = {{"-vlan", KEY_VLAN}, {"-ports", KEY_PORTS}, {"-dscp", KEY_DSCP},
	    {"-ingress", KEY_INGRESS}, {"+ecn", KEY_ECN}, {"+mac", KEY_MACS},
	    {"+inner-vlan", KEY_INNER_VLAN}};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].word) == length && strncmp(word, words[i].word, length) == 0)
			return words[i].part;
	return KEY_NONE;
}

/* "default" or words with commas between them, each of them once. */
int flow_key_parse(struct config *c, const char *value)
{
	unsigned changes = 0;
	size_t length;

	for (const char *word = value; strcmp(value, "default") != 0; word += length + 1) {
		enum key_part part;

		length = strcspn(word, ",");
		part = parse_key_word(word, length);
		if (part == KEY_NONE || (changes >> part & 1))
			return -EINVAL;
		changes |= 1u << part;
		if (!word[length])
			break;
	}
	if (!key_has(KEY_DSCP, changes) && key_has(KEY_ECN, changes)) {
		log_error("'%s' is not allowed: -dscp or +ecn, not both: the two ECN bits alone "
			  "tell no flow",
		    value);
		return SAID_ALREADY;
	}
	c->key_changes = changes;
	c->sampling.key_changes = changes;
	return 0;
}
