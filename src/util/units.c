#include "util/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_YEAR (366ull * 24 * 3600 * NS_PER_S)

/* The digits that `text` starts with; *rest is what follows them. */
static int parse_digits(const char *text, uint64_t *value, const char **rest)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	*rest = end;
	return errno ? -ERANGE : 0;
}

int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	const char *rest;
	int rc = parse_digits(text, value, &rest);

	if (rc)
		return rc;
	if (*rest)
		return -EINVAL;
	return *value < min || *value > max ? -ERANGE : 0;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static int parse_with_unit(
    const char *text, const struct unit *units, uint64_t max, uint64_t *value)
{
	const char *rest;
	int rc = parse_digits(text, value, &rest);

	if (rc)
		return rc;
	for (const struct unit *u = units; u->name; u++) {
		if (strcmp(rest, u->name) != 0)
			continue;
		if (*value > max / u->factor)
			return -ERANGE;
		*value *= u->factor;
		return 0;
	}
	return *value == 0 && !*rest ? 0 : -EINVAL;
}

int parse_time_ns(const char *text, uint64_t *value_ns)
{
	static const struct unit units[] = {{"ms", NS_PER_MS}, {"s", NS_PER_S},
	    {"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S}, {NULL, 0}};

	return parse_with_unit(text, units, NS_PER_YEAR, value_ns);
}

int parse_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
	    {"", 1}, {"k", 1u << 10}, {"K", 1u << 10}, {"M", 1u << 20}, {"G", 1u << 30}, {NULL, 0}};

	return parse_with_unit(text, units, UINT64_MAX, bytes);
}

int parse_switch(const char *text, bool *value)
{
	static const char *const words[] = {"off", "on", "no", "yes", "false", "true"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(text, words[i]) == 0) {
			*value = i % 2 == 1;
			return 0;
		}
	return -EINVAL;
}
