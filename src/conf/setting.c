#include "conf/setting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"
#include "util/log.h"

#define SUBJECT_MAX 512
#define WORDS_MAX 512

static void setting_fini(struct setting *s)
{
	free(s->key);
	free(s->value);
	free(s->name);
}

void settings_fini(struct settings *s)
{
	for (size_t i = 0; i < s->count; i++)
		setting_fini(&s->rows[i]);
	free(s->rows);
	*s = (struct settings){0};
}

static int reserve(struct settings *s, size_t more)
{
	struct setting *rows = realloc(s->rows, (s->count + more) * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	s->rows = rows;
	return 0;
}

int settings_add(struct settings *s, const struct setting *new)
{
	struct setting copy = *new;

	copy.key = new->key ? strdup(new->key) : NULL;
	copy.value = strdup(new->value);
	copy.name = new->name ? strdup(new->name) : NULL;
	if ((new->key && !copy.key) || !copy.value || (new->name && !copy.name) ||
	    reserve(s, 1) < 0) {
		setting_fini(&copy);
		return -ENOMEM;
	}
	s->rows[s->count++] = copy;
	return 0;
}

int settings_add_defaults(struct settings *s)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *o = &option_table[i];
		char *words = o->fallback ? strdup(o->fallback) : NULL;
		char *rest = words, *word;
		int rc = o->fallback && !words ? -ENOMEM : 0;

		while (rc == 0 && (word = strsep(&rest, " ")))
			rc = settings_add(s, &(struct setting){.row = o, .value = word});
		free(words);
		if (rc)
			return rc;
	}
	return 0;
}

/* -- which one counts --------------------------------------------------------------------------- */

bool settings_have_one_name(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return length == strcspn(b, "=") && strncmp(a, b, length) == 0;
}

/* A list that keys refer to, such as groups, is of no use without the collectors that did so. */
static bool goes_with(const struct setting *old, const struct setting *section)
{
	return old->row->kind == OPTION_LIST && key_find(section->row, old->row->name);
}

static bool replaces(const struct setting *new, const struct setting *old)
{
	if (new->row->kind == OPTION_INPUT)
		return old->row->kind == OPTION_INPUT && old->rank < new->rank;
	if (goes_with(old, new))
		return old->rank < new->rank;
	if (old->row != new->row)
		return false;
	if (new->row->kind == OPTION_VALUE)
		return true;
	if (new->row->kind == OPTION_NAMED)
		return settings_have_one_name(old->value, new->value);
	return old->rank < new->rank;
}

static void take_out(struct settings *s, const struct setting *new)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (replaces(new, &s->rows[i]))
			setting_fini(&s->rows[i]);
		else
			s->rows[kept++] = s->rows[i];
	}
	s->count = kept;
}

int settings_override(struct settings *s, struct settings *from)
{
	if (from->count && reserve(s, from->count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < from->count; i++) {
		take_out(s, &from->rows[i]);
		s->rows[s->count++] = from->rows[i];
	}
	from->count = 0;
	return 0;
}

/* -- effect ------------------------------------------------------------------------------------- */

/* What messages about it begin with. */
static void name_subject(char *out, const struct config *c, const struct setting *s)
{
	const struct section_spec *section = section_of(s->row);
	const char *name = section ? section->address : s->row->name;

	if (s->file)
		snprintf(out, SUBJECT_MAX, "%s:%u: %s", s->file, s->line, s->key ? s->key : name);
	else if (s->key)
		snprintf(out, SUBJECT_MAX, "--%s: '%s': %s", s->row->name,
		    c->collectors[c->collector_count - 1].url, s->key);
	else
		snprintf(out, SUBJECT_MAX, "--%s", s->row->name);
}

static int set_key(struct config *c, const struct setting *s, const char **allowed)
{
	const struct key_spec *k = key_find(s->row, s->key);

	if (!k) {
		char names[WORDS_MAX];

		section_list_keys(section_of(s->row), names, sizeof(names));
		log_error("no such key: %s", names);
		return SAID_ALREADY;
	}
	*allowed = k->allowed;
	return k->set(&c->collectors[c->collector_count - 1], s->value);
}

static int apply(struct config *c, const struct setting *s)
{
	char subject[SUBJECT_MAX];
	const struct section_spec *section = section_of(s->row);
	const char *allowed = section && s->file ? section->allowed : s->row->allowed;
	int rc;

	name_subject(subject, c, s);
	log_set_subject(subject);
	rc = s->key ? set_key(c, s, &allowed) : s->row->set(c, s->value);
	if (rc && rc != SAID_ALREADY)
		log_error("'%s' is not allowed: %s", s->value, allowed);
	log_set_subject(NULL);
	return rc ? -EINVAL : 0;
}

int settings_apply(const struct settings *s, struct config *c)
{
	for (size_t i = 0; i < s->count; i++) {
		int rc = apply(c, &s->rows[i]);

		if (rc)
			return rc;
	}
	return 0;
}
