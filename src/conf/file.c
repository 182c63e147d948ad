#include "conf/file.h"

#include <assert.h>
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/options.h"
#include "util/log.h"

#define FILE_SIZE_MAX (1u << 20)
#define NAME_MAX_LENGTH 64
#define ROWS_MAX 128
#define WORDS_MAX 512

/* The parser calls back without a pointer of ours, and keeps its own state in variables, too. */
static struct reader {
	const char *path;
	struct settings *settings;
	size_t section; /* where the settings of the section that is being read begin */
	bool in_section;
	bool said; /* what is wrong */
} reader;

static int wrong(unsigned line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(unsigned line, const char *format, ...)
{
	char text[WORDS_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	log_error("%s:%u: %s", reader.path, line, text);
	reader.said = true;
	return -EINVAL;
}

/* -- what the parser finds wrong ---------------------------------------------------------------- */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* How many characters must be put in, taken out or changed to make one word of the other. */
static unsigned edits(const char *a, const char *b)
{
	unsigned row[NAME_MAX_LENGTH + 1];
	size_t length = strlen(b);

	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			unsigned above = row[j];

			row[j] =
			    least(least(above, row[j - 1]) + 1, corner + (a[i - 1] != b[j - 1]));
			corner = above;
		}
	}
	return row[length];
}

static const char *nearest(cfg_t *cfg, const char *name)
{
	const char *best = NULL;
	unsigned best_edits = 3;

	for (unsigned i = 0; i < cfg_num(cfg) && strlen(name) <= NAME_MAX_LENGTH; i++) {
		const char *known = cfg_opt_name(cfg_getnopt(cfg, i));
		unsigned n = edits(name, known);

		if (n < best_edits && n < strlen(known)) {
			best = known;
			best_edits = n;
		}
	}
	return best;
}

static void unknown(cfg_t *cfg, const char *name)
{
	const char *near = nearest(cfg, name);
	const struct option_spec *o = option_find(cfg_name(cfg));
	unsigned line = (unsigned)cfg->line;
	char keys[WORDS_MAX];

	if (near) {
		wrong(line, "'%s' is not known here: did you mean '%s'?", name, near);
	} else if (o) {
		section_list_keys(section_of(o), keys, sizeof(keys));
		wrong(line, "'%s' is not known in a section '%s': %s, %s", name, o->name,
		    section_of(o)->address, keys);
	} else {
		wrong(line,
		    "'%s' is not a setting: spanflow.conf(5) lists them; "
		    "a value of several words needs quotes",
		    name);
	}
}

/* The parser's messages, each with what is allowed instead; they are told apart by their format. */
static void on_error(cfg_t *cfg, const char *format, va_list ap)
{
	static const struct {
		const char *begin;
		const char *allowed;
	} advice[] = {
	    {"found duplicate title", "each collector and each output has a name of its own"},
	    {"missing equal sign", "write NAME = VALUE"},
	    {"missing title", "write a name in front of the brace"},
	    {"missing opening brace", "write { after the name"},
	    {"attempt to append", "only lists take +="},
	    {"premature end of file", "a value or a closing brace is missing"},
	    {"unexpected closing brace", "there is no section or list to close"},
	};
	const char *allowed =
	    "write NAME = VALUE, NAME = {VALUE, VALUE} or SECTION NAME { ... }, and "
	    "quotes around a value that holds = or ,";
	char text[WORDS_MAX];

	if (reader.said)
		return;
	if (strcmp(format, "no such option '%s'") == 0) {
		unknown(cfg, va_arg(ap, const char *));
		return;
	}
	for (size_t i = 0; i < sizeof(advice) / sizeof(*advice); i++)
		if (strncmp(format, advice[i].begin, strlen(advice[i].begin)) == 0)
			allowed = advice[i].allowed;
	vsnprintf(text, sizeof(text), format, ap);
	wrong((unsigned)cfg->line, "%s: %s", text, allowed);
}

/* -- values ------------------------------------------------------------------------------------- */

/* The setting of this name that the file, or the section, has said already. */
static const struct setting *said_before(const struct setting *s)
{
	const struct settings *all = reader.settings;

	for (size_t i = s->row->kind == OPTION_SECTION ? reader.section : 0; i < all->count; i++) {
		const struct setting *old = &all->rows[i];

		if (old->row == s->row && !old->key == !s->key &&
		    (!s->key || strcmp(old->key, s->key) == 0))
			return old;
	}
	return NULL;
}

/* The value of the same name, of a list whose values have names. */
static const struct setting *named_before(const struct setting *s)
{
	const struct settings *all = reader.settings;

	if (s->row->kind != OPTION_NAMED || !strchr(s->value, '='))
		return NULL;
	for (size_t i = 0; i < all->count; i++)
		if (all->rows[i].row == s->row &&
		    settings_have_one_name(all->rows[i].value, s->value))
			return &all->rows[i];
	return NULL;
}

static int keep(const struct setting *s)
{
	struct settings *all = reader.settings;
	int rc = settings_add(all, s);

	/* A section's address comes first, wherever it stands. */
	if (rc == 0 && s->row->kind == OPTION_SECTION && !s->key) {
		struct setting address = all->rows[all->count - 1];

		memmove(&all->rows[reader.section + 1], &all->rows[reader.section],
		    (all->count - 1 - reader.section) * sizeof(address));
		all->rows[reader.section] = address;
	}
	return rc;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const struct option_spec *section = option_find(cfg_name(cfg));
	const char *name = cfg_opt_name(opt);
	struct setting s = {.row = section ? section : option_find(name),
	    .value = (char *)value,
	    .rank = SETTING_FILE,
	    .file = reader.path,
	    .line = (unsigned)cfg->line};
	const struct setting *old;

	if (section && !reader.in_section) {
		reader.section = reader.settings->count;
		reader.in_section = true;
	}
	if (section && strcmp(name, section_of(section)->address) == 0)
		s.name = (char *)cfg_title(cfg);
	else if (section)
		s.key = (char *)name;
	old = said_before(&s);
	if (old && cfg_opt_size(opt) <= 1)
		return wrong(s.line, "%s: given again: line %u has it already", name, old->line);
	old = named_before(&s);
	if (old)
		return wrong(s.line, "%s: '%s': given again: line %u has '%s'", name, value,
		    old->line, old->value);
	*(const char **)result = value;
	return keep(&s);
}

static int on_section_end(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);
	const char *address = section_of(option_find(cfg_opt_name(opt)))->address;

	reader.in_section = false;
	if (cfg_getstr(section, address))
		return 0;
	return wrong((unsigned)cfg->line, "%s '%s': %s is missing: write %s = VALUE",
	    cfg_opt_name(opt), cfg_title(section), address, address);
}

/* -- the parser's tables, out of ours ----------------------------------------------------------- */

static cfg_opt_t string_option(const char *name, bool is_list)
{
	if (is_list)
		return (cfg_opt_t)CFG_STR_LIST_CB(name, NULL, CFGF_NODEFAULT, on_value);
	return (cfg_opt_t)CFG_STR_CB(name, NULL, CFGF_NODEFAULT, on_value);
}

/* `keys` has room for the section's. */
static cfg_opt_t section_option(const struct option_spec *o, cfg_opt_t *keys)
{
	const struct section_spec *section = section_of(o);
	cfg_opt_t opt = CFG_SEC(o->name, keys, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);

	*keys++ = string_option(section->address, false);
	for (size_t i = 0; i < section->keys->count; i++)
		*keys++ = string_option(section->keys->rows[i].name, false);
	*keys = (cfg_opt_t)CFG_END();
	opt.validcb = on_section_end;
	return opt;
}

static cfg_t *make_parser(void)
{
	cfg_opt_t rows[ROWS_MAX], keys[ROWS_MAX];
	size_t count = 0, key_count = 0;
	cfg_t *parser;

	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *o = &option_table[i];

		/* With one row for the end. */
		assert(count + 1 < ROWS_MAX);
		if (o->kind == OPTION_SECTION) {
			/* The address, the keys and the end. */
			assert(key_count + section_of(o)->keys->count + 2 <= ROWS_MAX);
			rows[count++] = section_option(o, keys + key_count);
			key_count += section_of(o)->keys->count + 2;
		} else if (o->kind != OPTION_ACTION) {
			rows[count++] = string_option(o->name, o->kind != OPTION_VALUE);
		}
	}
	rows[count] = (cfg_opt_t)CFG_END();
	parser = cfg_init(rows, CFGF_NONE);
	if (parser)
		cfg_set_error_function(parser, on_error);
	return parser;
}

/* -- the file ----------------------------------------------------------------------------------- */

static struct {
	int (*open)(void *ctx, const char *path);
	void *ctx;
} opener;

void file_read_by(int (*open_path)(void *ctx, const char *path), void *ctx)
{
	opener.open = open_path;
	opener.ctx = ctx;
}

int file_open_regular(void *ctx, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	(void)ctx;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

/* A descriptor or -errno. */
static int open_file(const char *path)
{
	int fd;

	if (opener.open)
		return opener.open(opener.ctx, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* As much as there is room for. 0 or -errno. */
static int read_all(int fd, char *text, size_t room, size_t *size)
{
	ssize_t n = 1;

	while (n > 0 && *size < room) {
		n = read(fd, text + *size, room - *size);
		if (n < 0 && errno != EINTR)
			return -errno;
		*size += n > 0 ? (size_t)n : 0;
		n = n < 0 ? 1 : n;
	}
	return 0;
}

/* Whoever opens files for others opens no pipe, and no directory. */
static void say_unreadable(const char *path, int error)
{
	const char *what =
	    error == EINVAL && opener.open ? "it is no regular file" : strerror(error);

	log_error("%s: %s: --config takes the name of a readable file", path, what);
}

/* The whole text with a NUL behind it, or NULL after saying why not. */
static char *load(const char *path, size_t *size)
{
	char *text = malloc(FILE_SIZE_MAX + 1);
	int fd = text ? open_file(path) : -ENOMEM;
	int rc;

	if (fd >= 0) {
		rc = -read_all(fd, text, FILE_SIZE_MAX + 1, size);
		close(fd);
	} else {
		rc = -fd;
	}
	if (rc)
		say_unreadable(path, rc);
	else if (*size > FILE_SIZE_MAX)
		log_error("%s: too large: a configuration file has at most %u octets", path,
		    FILE_SIZE_MAX);
	else {
		text[*size] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

static int parse(const char *text)
{
	cfg_t *parser = make_parser();
	int rc;

	if (!parser)
		return -ENOMEM;
	rc = cfg_parse_buf(parser, text);
	if (rc != CFG_SUCCESS && !reader.said)
		wrong((unsigned)parser->line, "cannot be read: see spanflow.conf(5)");
	cfg_free(parser);
	return rc == CFG_SUCCESS ? 0 : -EINVAL;
}

int file_read(const char *path, struct settings *s)
{
	size_t size = 0;
	char *text = load(path, &size);
	const char *what;
	unsigned line;
	int rc;

	if (!text)
		return -EINVAL;
	reader = (struct reader){.path = path, .settings = s};
	rc = file_clean(text, size, &line, &what);
	if (rc)
		wrong(line, "%s", what);
	else
		rc = parse(text);
	free(text);
	return rc;
}
