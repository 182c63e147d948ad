/*
 * The control socket as --control names it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/options.h"

#define MODE_DEFAULT 0600

static int set_mode(struct config_control *control, const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (!*text || *end || mode > 0777)
		return -EINVAL;
	control->mode = (mode_t)mode;
	return 0;
}

static int set_owner(struct config_control *control, const char *name)
{
	control->owner = name;
	return *name ? 0 : -EINVAL;
}

static int set_group(struct config_control *control, const char *name)
{
	control->group = name;
	return *name ? 0 : -EINVAL;
}

static int set_key(struct config_control *control, const char *key)
{
	static const struct {
		const char *name; /* with the '=' */
		int (*set)(struct config_control *, const char *);
	} keys[] = {{"mode=", set_mode}, {"owner=", set_owner}, {"group=", set_group}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strncmp(key, keys[i].name, strlen(keys[i].name)) == 0)
			return keys[i].set(control, key + strlen(keys[i].name));
	return -EINVAL;
}

int control_parse(struct config *c, const char *value)
{
	struct config_control *control = &c->control;
	char *rest, *key;
	int rc = 0;

	free(control->path);
	*control = (struct config_control){
	    .path = strdup(value), .mode = MODE_DEFAULT, .uid = (uid_t)-1, .gid = (gid_t)-1};
	if (!control->path)
		return -ENOMEM;
	rest = control->path;
	strsep(&rest, ",");
	while (rc == 0 && (key = strsep(&rest, ",")))
		rc = set_key(control, key);
	return rc ? rc : *control->path ? 0 : -EINVAL;
}
