#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>

static bool log_quiet;
static const char *log_subject;

void log_set_quiet(bool quiet)
{
	log_quiet = quiet;
}

void log_set_subject(const char *subject)
{
	log_subject = subject;
}

/* One write a line, so that lines of several threads do not mix. */
static void log_line(const char *format, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, ap);
	if (log_subject)
		fprintf(stderr, "spanflow: %s: %s\n", log_subject, text);
	else
		fprintf(stderr, "spanflow: %s\n", text);
}

void log_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(format, ap);
	va_end(ap);
}

void log_warning(const char *format, ...)
{
	va_list ap;

	if (log_quiet)
		return;
	va_start(ap, format);
	log_line(format, ap);
	va_end(ap);
}
