/*
 * Users and groups by name. They are looked up once, before the program gives up the right to open files.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "conf/config.h"
#include "util/log.h"

/* The account that packages make. */
#define USER_DEFAULT "spanflow"

static int find_owner(struct config_control *control)
{
	const struct passwd *user = control->owner ? getpwnam(control->owner) : NULL;
	const struct group *group = control->group ? getgrnam(control->group) : NULL;

	if (control->owner && !user) {
		log_error("--control: '%s': no such user", control->owner);
		return -EINVAL;
	}
	if (control->group && !group) {
		log_error("--control: '%s': no such group", control->group);
		return -EINVAL;
	}
	if (user)
		control->uid = user->pw_uid;
	if (group)
		control->gid = group->gr_gid;
	return 0;
}

/* Only root can become another user; that there is no account of the usual name is no mistake. */
static int find_user(struct config_user *u)
{
	const struct passwd *user = getpwnam(u->name ? u->name : USER_DEFAULT);
	bool is_root = geteuid() == 0;

	if (!user && u->name) {
		log_error("--user: '%s': no such user", u->name);
		return -EINVAL;
	}
	if (user && u->name && !is_root && user->pw_uid != geteuid() && user->pw_uid != 0) {
		log_error("--user: '%s': only root becomes another user: leave it out", u->name);
		return -EINVAL;
	}
	u->changes = user && is_root && user->pw_uid != 0;
	if (u->changes) {
		u->uid = user->pw_uid;
		u->gid = user->pw_gid;
	}
	return 0;
}

int config_find_accounts(struct config *c)
{
	int rc = config_is_live(c) ? find_owner(&c->control) : 0;

	return rc == 0 && config_is_live(c) && c->seal ? find_user(&c->user) : rc;
}
