/*
 * Standard error as a place for lines that must neither stop nor end the program: what reads them may
 * be stuck, gone, or a disk that is full.
 *
 * A pipe or terminal is opened once more (util/reopen.h); where that cannot be, poll() alone tells whether a
 * write would wait.
 *
 * One thread at a time. System calls after outlet_open(): poll, write or sendto, rt_sigprocmask,
 * and after a broken pipe rt_sigtimedwait.
 */
#ifndef SPANFLOW_UTIL_OUTLET_H
#define SPANFLOW_UTIL_OUTLET_H

#include <stdbool.h>
#include <stddef.h>

/* Looks what standard error is; without that it is written to as it is. May be called again. */
void outlet_open(void);
/* Writes to that descriptor instead, and takes it over: for a fuzzer, whose own reports go to
 * standard error. */
void outlet_use(int fd);
/* Whether outlet_open() found it to be the journal, as JOURNAL_STREAM says (systemd.exec(5)). */
bool outlet_is_journal(void);

/*
 * Writes a whole line in one write; false: it is lost. At most 100 ms, and only for the first of
 * several that are lost, it waits for who reads them. A disk that fills up may tear a line: it is
 * lost, too, and the next one begins behind a line break.
 */
bool outlet_write(const char *line, size_t size);
/*
 * Writes a text of many lines. It waits for who reads them as long as something goes in ten seconds; then, or where
 * writing fails, the rest is lost: false.
 */
bool outlet_write_text(const char *text, size_t size);

#endif
