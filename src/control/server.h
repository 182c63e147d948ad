/*
 * The control socket: a Unix stream socket on which spanflowctl, or any program, asks one question per
 * connection.
 *
 * A request is one line of words: "text" or "json", then a command and what it takes. The answer
 * is the line "ok" or "error: WHY", then what was asked for, then the end of the stream. A client that
 * sends another octet behind its request gets ECONNRESET for the end where the answer broke off. Belongs to
 * the main thread and its event loop. Connections are few and short; one that stands still is
 * closed, so that no client can keep others out for long.
 */
#ifndef SPANFLOW_CONTROL_SERVER_H
#define SPANFLOW_CONTROL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct event_base;
struct control_server;
struct request;

#define REQUEST_WORDS_MAX 64

struct control_options {
	struct event_base *base;
	const char *path;
	mode_t mode;
	uid_t uid; /* of the socket's owner; (uid_t)-1: the program's, like the group */
	gid_t gid;
	/* Answers a request, now or later, through the functions below. */
	void (*handle)(void *ctx, struct request *r);
	void *ctx;
};

/* NULL after saying why not. A socket there that nobody listens on is replaced. */
struct control_server *control_create(const struct control_options *options);
/* Removes a socket that nobody listens on any more, for a program that could not. */
void control_clean_up(const char *path);
/* Removes the socket. */
void control_destroy(struct control_server *s);

/* -- for handle() ----------------------------------------------------------------------------- */

/* The words behind "text" or "json"; they live as long as the request. */
char *const *request_words(const struct request *r, size_t *count);
bool request_wants_json(const struct request *r);

/* Ends the request: what is wrong with it. */
void request_fail(struct request *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends the request with these octets, which are copied. */
void request_answer(struct request *r, const char *text, size_t size);
/*
 * An answer of any length: `more` is called again and again, whenever there is room, to add some of
 * it with request_add(). It returns false once there is no more. `gone` is called in any case, at
 * the end or when the client has left, and is the last that the owner hears of the request.
 */
void request_stream(struct request *r, bool (*more)(void *owner, struct request *r),
    void (*gone)(void *owner), void *owner);
void request_add(struct request *r, const void *octets, size_t size);
/*
 * It is answered later; `gone` is called if the server ends before. Of a client that has left nothing is known until
 * then: one that has said all that it wants may close its half.
 */
void request_wait(struct request *r, void (*gone)(void *owner), void *owner);

#endif
