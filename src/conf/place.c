#include "conf/place.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* NULL, and "-" as well, is what this standard descriptor is. */
static bool look_at(const char *path, int standard, struct stat *st)
{
	if (!path || strcmp(path, "-") == 0)
		return fstat(standard, st) == 0;
	return stat(path, st) == 0;
}

static bool is_same_inode(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool place_is_capture(const char *output, const char *capture)
{
	struct stat written, read;

	return output && stat(output, &written) == 0 && S_ISREG(written.st_mode) &&
	    look_at(capture, STDIN_FILENO, &read) && is_same_inode(&written, &read);
}

/* The name in its directory, at which this looks. NULL: there is none, or it is too long. */
static const char *name_in(const char *path, struct stat *directory)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) + 1 : 0;
	char text[PATH_MAX] = ".";

	if (length >= sizeof(text))
		return NULL;
	memcpy(text, path, length);
	return stat(text, directory) == 0 ? path + length : NULL;
}

/* Of files that are not there yet. */
static bool will_be_same_file(const char *a, const char *b)
{
	struct stat in_a, in_b;
	const char *name_a = name_in(a, &in_a), *name_b = name_in(b, &in_b);

	return name_a && name_b && strcmp(name_a, name_b) == 0 && is_same_inode(&in_a, &in_b);
}

bool place_is_same(const char *a, const char *b)
{
	struct stat one, other;
	bool has_one, has_other;

	if (!a && !b)
		return true;
	has_one = look_at(a, STDOUT_FILENO, &one);
	has_other = look_at(b, STDOUT_FILENO, &other);
	if (has_one && has_other && S_ISREG(one.st_mode))
		return is_same_inode(&one, &other);
	if (!a || !b)
		return false;
	if (!has_one && !has_other && will_be_same_file(a, b))
		return true;
	return strcmp(a, b) == 0 && strncmp(a, "/dev/", 5) != 0;
}
