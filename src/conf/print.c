/*
 * The options for the person who asks: as a summary, and with the values that they have.
 */
#include <stdio.h>
#include <string.h>

#include "conf/options.h"

#define SCREEN 80

/* -- help --------------------------------------------------------------------------------------- */

/*
 * What stands behind the name. A value that may be left out goes with the long name alone, so that beside a letter it is
 * not shown.
 */
static const char *shown_argument(const struct option_spec *o)
{
	return o->argument && !(o->letter && option_value_is_optional(o)) ? o->argument : "";
}

static void print_row(const struct option_spec *o)
{
	bool has_default = o->fallback && o->kind == OPTION_VALUE && !option_value_is_optional(o);
	const char *argument = shown_argument(o);
	char names[64];

	snprintf(names, sizeof(names), "%c%c%c --%s%s%s", o->letter ? '-' : ' ',
	    o->letter ? o->letter : ' ', o->letter ? ',' : ' ', o->name,
	    *argument && !option_value_is_optional(o) ? " " : "", argument);
	printf("%-33s %s", names, o->help);
	if (has_default)
		printf(" (default %s)", o->fallback);
	printf("\n");
}

/* Options without a line of their own, as a paragraph. */
static void print_others(void)
{
	const char *separator = "also:";
	size_t column = 0;

	for (size_t i = 0; i < option_count; i++) {
		size_t width = strlen(option_table[i].name) + 4;

		if (option_table[i].help)
			continue;
		/* Five blanks before them, a comma behind. */
		if (column + width > SCREEN - 6) {
			printf("%s\n     ", separator);
			separator = "";
			column = 0;
		}
		column += (size_t)printf("%s --%s", separator, option_table[i].name);
		separator = ",";
	}
	printf("\n");
}

void config_print_help(void)
{
	printf("usage: spanflow [options] [BPF filter]   see spanflow(8), spanflow.conf(5)\n");
	for (size_t i = 0; i < option_count; i++)
		if (option_table[i].help)
			print_row(&option_table[i]);
	print_others();
}

/* -- values ------------------------------------------------------------------------------------- */

/*
 * As the file takes it: bare if it is one plain word, else in quotes. A value of the file ends on its
 * line; where the command line had a line break, in an expression, a blank means the same.
 */
static void print_value(const char *value)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789.:-_";

	if (*value && value[strspn(value, plain)] == '\0') {
		printf("%s", value);
		return;
	}
	putchar('"');
	for (; *value; value++) {
		if (strchr("\"\\$", *value))
			putchar('\\');
		putchar(*value == '\n' || *value == '\r' ? ' ' : *value);
	}
	putchar('"');
}

static void print_assignment(const char *indent, const char *name, const char *value)
{
	if (!value) {
		printf("%s# %s is not set\n", indent, name);
		return;
	}
	printf("%s%s = ", indent, name);
	print_value(value);
	printf("\n");
}

/* The value of an option that has one; NULL: it is not set. */
static const char *value_of(const struct config *c, const struct option_spec *o)
{
	for (size_t i = 0; i < c->settings.count; i++)
		if (c->settings.rows[i].row == o)
			return c->settings.rows[i].value;
	return NULL;
}

static void print_list(const struct config *c, const struct option_spec *o)
{
	size_t count = 0;

	for (size_t i = 0; i < c->settings.count; i++) {
		if (c->settings.rows[i].row != o)
			continue;
		printf("%s%s", count ? "" : o->name, count ? ", " : " = {");
		count++;
		print_value(c->settings.rows[i].value);
	}
	if (count)
		printf("}\n");
	else
		print_assignment("", o->name, NULL);
}

/* The last value of a key in the section that begins at `first`, else its default or NULL. */
static const char *key_value(const struct config *c, size_t first, const struct key_spec *k)
{
	const struct setting *rows = c->settings.rows;
	const char *value = k->fallback;

	for (size_t i = first + 1;
	     i < c->settings.count && rows[i].row == rows[first].row && rows[i].key; i++)
		if (strcmp(rows[i].key, k->name) == 0)
			value = rows[i].value;
	return value;
}

static void print_section(
    const struct config *c, size_t first, const char *address, unsigned number)
{
	const struct setting *s = &c->settings.rows[first];
	const struct section_spec *section = section_of(s->row);
	char name[16];

	snprintf(name, sizeof(name), "%u", number);
	printf("%s ", s->row->name);
	print_value(s->name ? s->name : name);
	printf(" {\n");
	print_assignment("\t", section->address, address);
	for (size_t i = 0; i < section->keys->count; i++)
		print_assignment("\t", section->keys->rows[i].name,
		    key_value(c, first, &section->keys->rows[i]));
	printf("}\n");
}

/* A collector's address is printed whole; the settings are in the order of the collectors. */
static void print_sections(const struct config *c, const struct option_spec *o)
{
	size_t collector = 0;
	unsigned number = 0;

	for (size_t i = 0; i < c->settings.count; i++) {
		const struct setting *s = &c->settings.rows[i];

		if (!section_of(s->row) || s->key)
			continue;
		if (s->row == o)
			print_section(c, i,
			    c->collectors[collector].host ? c->collectors[collector].url : s->value,
			    ++number);
		collector++;
	}
}

void config_print(const struct config *c)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *o = &option_table[i];

		if (o->kind == OPTION_VALUE)
			print_assignment("", o->name, value_of(c, o));
		else if (o->kind == OPTION_SECTION)
			print_sections(c, o);
		else if (o->kind != OPTION_ACTION)
			print_list(c, o);
	}
}
