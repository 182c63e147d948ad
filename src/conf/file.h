/*
 * The configuration file: spanflow.conf(5).
 */
#ifndef SPANFLOW_CONF_FILE_H
#define SPANFLOW_CONF_FILE_H

#include <stddef.h>

#include "conf/setting.h"

/*
 * Reads the file and appends its settings, none of them checked against what it allows yet. `path`
 * must outlive them. 0, or -EINVAL after saying what is wrong, and on which line.
 */
int file_read(const char *path, struct settings *s);

/* The file, and no pipe, which would be waited for. A descriptor to read from, or -errno; -EINVAL: it is no regular file. */
int file_open_regular(void *ctx, const char *path);
/*
 * From now on `open_path` opens the file, as file_open_regular() does, which needs no `ctx`; NULL: as at first, when it
 * may be a pipe.
 */
void file_read_by(int (*open_path)(void *ctx, const char *path), void *ctx);

/*
 * Makes the file's text fit for the parser, which counts lines wrongly behind a comment, drops
 * characters that it does not know, and does not always end in order where a string or a comment
 * does not. Comments become blanks. `text` ends with a NUL at text[size]. 0, or -EINVAL: *line and
 * *what tell where and why.
 */
int file_clean(char *text, size_t size, unsigned *line, const char **what);

#endif
