/*
 * Lines into a file, to a terminal, or down a pipe.
 *
 * One belongs to the exporter's thread, but for what is marked; the main thread makes and closes it. A message is
 * written whole, also where another one has the same file open (turns.h); where a disk is full the same one is to be
 * offered again. 0 or -errno, which the ledger counts; nothing is said of errors, but of those that a network file
 * system tells at the end.
 */
#ifndef SPANFLOW_TRANSPORT_FILE_H
#define SPANFLOW_TRANSPORT_FILE_H

#include <stdbool.h>

#include "transport/transport.h"

/*
 * Lines to a file (NULL: standard output), which begins anew unless it `appends`. When it cannot be opened
 * is_broken says why, and every send fails with that. NULL: no memory.
 */
struct transport *file_create(const char *name, const char *path, bool appends);
/*
 * From any thread: whether the path stands for another file by now, as when that was moved to begin a new one,
 * which is made then; or for one that could not be opened before, and can.
 */
bool file_has_moved(const struct transport *t, const char *path);
/*
 * The file, to append to; a pipe that nobody reads is refused, instead of waiting for a reader, and no write waits
 * for one. A descriptor or -errno.
 */
int file_open_at_once(void *ctx, const char *path);
/*
 * From now on files to append to are opened by `open_path`, as by file_open_at_once(), which needs no `ctx`: a
 * descriptor to append to, or -errno. NULL: as at first, when the open of a pipe waits for who reads it.
 */
void file_open_by(int (*open_path)(void *ctx, const char *path), void *ctx);

#endif
