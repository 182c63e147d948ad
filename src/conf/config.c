#include "conf/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/file.h"
#include "conf/options.h"
#include "meter/overload.h"
#include "util/log.h"

void config_init(struct config *c)
{
	*c = (struct config){.sampling = {.count = 1}, .file_ingress = 1};
}

void config_fini(struct config *c)
{
	for (size_t i = 0; i < c->collector_count; i++) {
		free(c->collectors[i].text);
		free(c->collectors[i].url);
		free(c->collectors[i].name);
	}
	port_map_fini(&c->ports);
	for (size_t i = 0; i < c->group_count; i++)
		free(c->groups[i].name);
	free(c->filter);
	free(c->control.path);
	settings_fini(&c->settings);
}

/* What the file says must be right also where the command line replaces it. */
static int check_file(const struct settings *said)
{
	struct config *c = malloc(sizeof(*c));
	int rc;

	if (!c)
		return -ENOMEM;
	config_init(c);
	rc = settings_apply(said, c);
	config_fini(c);
	free(c);
	return rc;
}

/* Records must go somewhere. */
static int add_output(struct settings *s)
{
	struct setting output = {.row = option_find("output"), .value = (char *)"text"};

	for (size_t i = 0; i < s->count; i++)
		if (s->rows[i].row->kind == OPTION_SECTION)
			return 0;
	return settings_add(s, &output);
}

/* A rule for each level takes the place of those of classes. */
static int finish_overload(struct config *c)
{
	if (!c->overload_samples || !config_is_live(c))
		return 0;
	if (c->sampling.count > 1 || c->sampling.rules[0].method != SAMPLING_NONE) {
		log_error("--overload: 'sample' is not allowed with --sample or --class: the rate "
			  "is its own");
		return -EINVAL;
	}
	overload_plan(&c->sampling);
	return 0;
}

int config_finish(struct config *c)
{
	int rc = together_check(c);

	if (rc == 0)
		rc = finish_overload(c);
	return rc ? rc : collectors_finish(c);
}

static int settle(struct config *c, struct settings *given)
{
	struct settings file = {0};
	int rc = settings_add_defaults(&c->settings);

	if (rc == 0 && c->file)
		rc = file_read(c->file, &file);
	if (rc == 0)
		rc = check_file(&file);
	if (rc == 0)
		rc = settings_override(&c->settings, &file);
	if (rc == 0)
		rc = settings_override(&c->settings, given);
	if (rc == 0)
		rc = add_output(&c->settings);
	settings_fini(&file);
	if (rc == 0)
		rc = settings_apply(&c->settings, c);
	return rc ? rc : config_finish(c);
}

int config_parse(struct config *c, int argc, char **argv)
{
	struct settings given = {0};
	int rc = arguments_read(c, &given, argc, argv);

	if (rc == 0 && !c->show_help && !c->show_version)
		rc = settle(c, &given);
	settings_fini(&given);
	if (rc == -ENOMEM)
		log_error("start: %s", strerror(ENOMEM));
	return rc;
}

void config_set_log(const struct config *c)
{
	log_set_level(c->quiet ? LOG_LEVEL_ERROR : c->log_level);
	log_set_format(c->log_format);
}
