#include "suites.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/config.h"
#include "support/commandline.h"
#include "support/said.h"

static const struct config_control *accepted(const char *line)
{
	static struct config *c;

	ck_assert_msg(commandline_parse(line, &c) == 0, "'%s': %s", line, commandline_said);
	return &c->control;
}

static void refused(const char *line, const char *text)
{
	struct config *c;

	ck_assert_msg(commandline_parse(line, &c) < 0, "'%s' was accepted", line);
	ck_assert_msg(said_one_message(commandline_said), "'%s': %s", line, commandline_said);
	ck_assert_msg(strstr(commandline_said, text) != NULL, "'%s': %s", line, commandline_said);
	commandline_forget();
}

START_TEST(socket_is_its_owners_alone_unless_said)
{
	const struct config_control *c = accepted("-i x --control /run/x/control");

	ck_assert_str_eq(c->path, "/run/x/control");
	ck_assert_uint_eq(c->mode, 0600);
	ck_assert(c->uid == (uid_t)-1 && c->gid == (gid_t)-1);
	commandline_forget();
}
END_TEST

START_TEST(there_is_none_unless_asked_for)
{
	ck_assert_ptr_null(accepted("-r x.pcap")->path);
	commandline_forget();
}
END_TEST

START_TEST(mode_owner_and_group_in_any_order)
{
	const struct passwd *user = getpwuid(0);
	const struct group *group = getgrgid(0);
	const struct config_control *c;
	char line[256];

	if (!user || !group)
		return;
	snprintf(line, sizeof(line), "-i x --control=s,group=%s,mode=660,owner=%s", group->gr_name,
	    user->pw_name);
	c = accepted(line);
	ck_assert_str_eq(c->path, "s");
	ck_assert_uint_eq(c->mode, 0660);
	ck_assert_str_eq(c->owner, user->pw_name);
	ck_assert_str_eq(c->group, group->gr_name);
	commandline_forget();
}
END_TEST

/* Reading the settings again must take no files. */
START_TEST(accounts_are_looked_up_when_they_are_needed)
{
	struct config *c;

	ck_assert_int_eq(commandline_parse("-i x --control=s,group=root,owner=root", &c), 0);
	ck_assert(c->control.uid == (uid_t)-1);
	ck_assert_int_eq(config_find_accounts(c), 0);
	ck_assert_uint_eq(c->control.uid, 0);
	ck_assert_uint_eq(c->control.gid, 0);
	commandline_forget();
}
END_TEST

static void not_found(const char *line, const char *text)
{
	struct config *c;
	const char *said;

	ck_assert_int_eq(commandline_parse(line, &c), 0);
	said_begin();
	ck_assert_int_lt(config_find_accounts(c), 0);
	said = said_end();
	ck_assert_msg(said_one_message(said) && strstr(said, text), "'%s': %s", line, said);
	commandline_forget();
}

START_TEST(accounts_that_there_are_not)
{
	not_found("-i x --control=a,owner=nobody-of-that-name", "no such user");
	not_found("-i x --control=a,group=nobody-of-that-name", "no such group");
	not_found("-i x --seal=on --user=nobody-of-that-name", "no such user");
}
END_TEST

/* Only the one who runs live, and is root, becomes another user. */
START_TEST(the_user_is_another_one_where_that_can_be)
{
	static const struct {
		const char *line;
		bool changes;
	} rows[] = {{"-i x --seal=on --user=nobody", true}, {"-i x --seal=on --user=root", false},
	    {"-i x --seal=off --user=nobody", false}, {"-r x --user=nobody", false}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows) && geteuid() == 0; i++) {
		struct config *c;

		ck_assert_int_eq(commandline_parse(rows[i].line, &c), 0);
		ck_assert_int_eq(config_find_accounts(c), 0);
		ck_assert_msg(c->user.changes == rows[i].changes, "%s", rows[i].line);
		commandline_forget();
	}
}
END_TEST

START_TEST(the_last_one_holds)
{
	const struct config_control *c =
	    accepted("-i x --control a,mode=0777,group=root --control b");

	ck_assert_str_eq(c->path, "b");
	ck_assert_uint_eq(c->mode, 0600);
	ck_assert(c->gid == (gid_t)-1);
	commandline_forget();
	ck_assert_uint_eq(accepted("-i x --control a,mode=600,mode=0640")->mode, 0640);
	commandline_forget();
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	static const char *const values[] = {"", ",", ",mode=600", "a,", "a,mode=", "a,mode=8",
	    "a,mode=1000", "a,mode=-1", "a,mode=6x", "a,mode", "a,modes=600", "a,x=1",
	    "a,mode=99999999999999999999999"};
	char line[128];

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		snprintf(line, sizeof(line), "-i x --control=%s", values[i]);
		refused(line, "--control");
	}
	refused("-i x --control=a,owner=", "--control");
	refused("-r x.pcap --user=", "--user");
	refused("-r x.pcap --seal=perhaps", "--seal");
	refused("-r x.pcap --chroot=", "--chroot");
	refused("-i eth0 --seal=off --chroot=/var/empty", "--chroot");
}
END_TEST

Suite *control_suite(void)
{
	const TTest *const tests[] = {socket_is_its_owners_alone_unless_said,
	    there_is_none_unless_asked_for, mode_owner_and_group_in_any_order, the_last_one_holds,
	    accounts_are_looked_up_when_they_are_needed, accounts_that_there_are_not,
	    the_user_is_another_one_where_that_can_be, what_is_wrong_is_said};

	return SUITE_OF("control", tests);
}
