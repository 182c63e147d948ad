#include "util/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/log.h"
#include "util/now.h"

#define NS_PER_US 1000ull
#define PATIENCE_MS 1000
#define STATUS_SIZE 256

static int manager = -1;
static bool is_watched;

/* A name in the file system, or with '@' for its first octet, which is 0, an abstract one. */
static int connect_to(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);

	if ((*name != '/' && *name != '@') || length < 2)
		return -EAFNOSUPPORT;
	if (length >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, name, length);
	if (*name == '@')
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager < 0 || connect(manager, (struct sockaddr *)&address, size) < 0)
		return -errno;
	return 0;
}

/* The time is that of one process; what was started by that one may have inherited the words. */
static bool is_to_be_watched(void)
{
	const char *time = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");
	uint64_t time_us, pid;

	if (process && (parse_number(process, 0, INT32_MAX, &pid) < 0 || pid != (uint64_t)getpid()))
		return false;
	return time && parse_number(time, 1, UINT64_MAX, &time_us) == 0;
}

void notify_open(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int rc;

	notify_close();
	if (name) {
		rc = connect_to(name);
		if (rc) {
			log_warning("NOTIFY_SOCKET: '%s': %s: the service manager is told nothing",
			    name, strerror(-rc));
			notify_close();
		} else {
			is_watched = is_to_be_watched();
		}
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_close(void)
{
	if (manager >= 0)
		close(manager);
	manager = -1;
	is_watched = false;
}

static void tell(const char *text)
{
	struct pollfd fd = {.fd = manager, .events = POLLOUT};
	int flags = MSG_DONTWAIT | MSG_NOSIGNAL;

	if (manager < 0)
		return;
	if (send(manager, text, strlen(text), flags) >= 0 || errno != EAGAIN)
		return;
	if (poll(&fd, 1, PATIENCE_MS) > 0)
		(void)!send(manager, text, strlen(text), flags);
}

void notify_ready(void)
{
	tell("READY=1");
}

void notify_reloading(void)
{
	char text[64];

	/* The manager sees by the time whether READY=1 answers this or an earlier one. */
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)(steady_now() / NS_PER_US));
	tell(text);
}

void notify_stopping(void)
{
	tell("STOPPING=1");
}

void notify_status(const char *format, ...)
{
	char text[STATUS_SIZE] = "STATUS=";
	size_t used = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + used, sizeof(text) - used, format, ap);
	va_end(ap);
	/* What stands on another line is another message. */
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	tell(text);
}

void notify_watchdog(void)
{
	if (is_watched)
		tell("WATCHDOG=1");
}
