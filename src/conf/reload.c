/*
 * The settings of a running program, read again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "util/log.h"

#define VALUES_MAX 200

/* The next setting of this option behind number `i`, or NULL. */
static const struct setting *next_of(
    const struct settings *s, size_t *i, const struct option_spec *row)
{
	while (*i < s->count)
		if (s->rows[(*i)++].row == row)
			return &s->rows[*i - 1];
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_values(
    const struct settings *a, const struct settings *b, const struct option_spec *row)
{
	size_t i = 0, j = 0;

	for (;;) {
		const struct setting *x = next_of(a, &i, row), *y = next_of(b, &j, row);

		if (!x && !y)
			return true;
		if (!x || !y || !same_text(x->key, y->key) || strcmp(x->value, y->value) != 0)
			return false;
	}
}

/* All values of an option, with blanks between them, as far as there is room. */
static void list_values(
    char out[VALUES_MAX], const struct settings *s, const struct option_spec *row)
{
	const struct setting *one;
	size_t i = 0, used = 0;

	strcpy(out, "none");
	while ((one = next_of(s, &i, row)) && used < VALUES_MAX)
		used += (size_t)snprintf(
		    out + used, VALUES_MAX - used, "%s%s", used ? " " : "", one->value);
}

static void tell_kept(
    const struct settings *now, const struct settings *said, const struct option_spec *row)
{
	char old[VALUES_MAX], new[VALUES_MAX];

	list_values(old, now, row);
	list_values(new, said, row);
	log_warning("reload: %s: '%s' needs a restart: '%s' stays", row->name, new, old);
}

/* Adds the settings of all options that a reload changes, or of all others. */
static int take(struct settings *to, const struct settings *from, bool reloaded)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct setting *s = &from->rows[i];
		int rc = (s->row->reload != RELOAD_NOT) == reloaded ? settings_add(to, s) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

static unsigned compare(const struct settings *now, const struct settings *said)
{
	unsigned parts = 0;

	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *row = &option_table[i];

		if (same_values(now, said, row))
			continue;
		if (row->reload == RELOAD_NOT)
			tell_kept(now, said, row);
		parts |= 1u << row->reload;
	}
	return parts;
}

int config_reload(
    struct config *next, const struct config *now, int argc, char **argv, unsigned *parts)
{
	struct config *said = malloc(sizeof(*said));
	int rc;

	if (!said)
		return -ENOMEM;
	config_init(said);
	rc = config_parse(said, argc, argv);
	if (rc == 0)
		rc = take(&next->settings, &now->settings, false);
	if (rc == 0)
		rc = take(&next->settings, &said->settings, true);
	if (rc == 0)
		rc = settings_apply(&next->settings, next);
	if (rc == 0)
		rc = config_finish(next);
	if (rc == 0)
		*parts = compare(&now->settings, &said->settings);
	next->file = now->file;
	config_fini(said);
	free(said);
	return rc;
}
