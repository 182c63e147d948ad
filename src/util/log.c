#include "util/log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "util/line.h"
#include "util/now.h"
#include "util/outlet.h"
#include "util/repeat.h"

#define MESSAGE_SIZE 1536

static const struct {
	const char *name;
	const char *priority;
} levels[] = {
    [LOG_LEVEL_ERROR] = {"error", "<3>"},
    [LOG_LEVEL_WARNING] = {"warning", "<4>"},
    [LOG_LEVEL_INFO] = {"info", "<6>"},
};

static const char *const formats[] = {
    [LOG_FORMAT_AUTO] = "auto",
    [LOG_FORMAT_TEXT] = "text",
    [LOG_FORMAT_JSON] = "json",
    [LOG_FORMAT_JOURNAL] = "journal",
};

static atomic_uint present_level = LOG_LEVEL_WARNING;
static atomic_uint present_format = LOG_FORMAT_AUTO;
static atomic_bool is_holding;
static atomic_bool has_erred;
static atomic_uint_fast64_t lost;
static _Thread_local const char *thread_subject;
static _Thread_local bool thread_is_silent;
static _Thread_local struct log_copy *thread_copy;

/* Guards what follows, and the outlet. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lost_told;
static struct repeats repeats;

/* -- settings ----------------------------------------------------------------------------------- */

void log_open(void)
{
	outlet_open();
}

void log_set_level(enum log_level level)
{
	atomic_store(&present_level, level);
}

void log_set_format(enum log_format format)
{
	atomic_store(&present_format, format);
}

int log_parse_level(const char *name, enum log_level *level)
{
	for (unsigned i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (strcmp(levels[i].name, name) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	return -EINVAL;
}

int log_parse_format(const char *name, enum log_format *format)
{
	for (unsigned i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(formats[i], name) == 0) {
			*format = (enum log_format)i;
			return 0;
		}
	return -EINVAL;
}

void log_hold_repeats(bool holds)
{
	atomic_store(&is_holding, holds);
}

void log_set_subject(const char *subject)
{
	thread_subject = subject;
}

void log_be_silent(bool silent)
{
	thread_is_silent = silent;
}

/* -- lines -------------------------------------------------------------------------------------- */

/* Octets before the first ": "; 0: there is none. */
static size_t subject_size(const char *text)
{
	const char *end = strstr(text, ": ");

	return end ? (size_t)(end - text) : 0;
}

static void put_time(struct line *l)
{
	uint64_t now_ns = date_now();
	time_t seconds = (time_t)(now_ns / NS_PER_S);
	struct tm tm;
	char date[32], text[48];

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03uZ", date, (unsigned)(now_ns % NS_PER_S / NS_PER_MS));
	line_put(l, text);
}

static void put_object(struct line *l, enum log_level level, const char *text)
{
	size_t subject = subject_size(text);
	const char *message = text + (subject ? subject + 2 : 0);

	line_put(l, "{\"time\":\"");
	put_time(l);
	line_put(l, "\",\"level\":\"");
	line_put(l, levels[level].name);
	line_put(l, "\",\"subject\":\"");
	line_put_json(l, text, subject);
	line_put(l, "\",\"message\":\"");
	line_put_json(l, message, strlen(message));
	line_end(l, "\"}\n");
}

static bool write_line(enum log_level level, const char *text)
{
	unsigned format = atomic_load(&present_format);
	struct line l;

	l.used = 0;
	l.is_full = false;
	if (format == LOG_FORMAT_AUTO && outlet_is_journal())
		format = LOG_FORMAT_JOURNAL;
	if (format == LOG_FORMAT_JSON) {
		put_object(&l, level, text);
	} else {
		line_put(&l, format == LOG_FORMAT_JOURNAL ? levels[level].priority : "spanflow: ");
		line_put_text(&l, text, strlen(text));
		line_end(&l, "\n");
	}
	return outlet_write(l.text, l.used);
}

/* Whether nothing is left to tell. */
static bool tell_lost(void)
{
	uint64_t now_lost = atomic_load(&lost);
	char text[128];

	if (now_lost == lost_told || atomic_load(&present_level) < LOG_LEVEL_WARNING)
		return true;
	snprintf(text, sizeof(text),
	    "log: %" PRIu64 " lines lost: standard error could not take them",
	    now_lost - lost_told);
	if (!write_line(LOG_LEVEL_WARNING, text))
		return false;
	lost_told = now_lost;
	return true;
}

static void say(enum log_level level, const char *text)
{
	if (!tell_lost() || !write_line(level, text))
		atomic_fetch_add(&lost, 1);
}

/* -- messages ----------------------------------------------------------------------------------- */

static void say_held_back(const struct repeat_kind *k)
{
	char text[REPEAT_TEXT_SIZE + 128];
	size_t begin = k->subject ? k->subject + 2 : 0;
	const char *what = begin < strlen(k->text) ? k->text + begin : "";

	if (k->is_mixed)
		snprintf(text, sizeof(text),
		    "log: %" PRIu64 " messages of many kinds held back within %d s, the last: %s",
		    k->held_back, REPEAT_WINDOW_S, k->text);
	else
		snprintf(text, sizeof(text), "%.*s: held back %" PRIu64 " times within %d s: %s",
		    (int)k->subject, k->text, k->held_back, REPEAT_WINDOW_S, what);
	say((enum log_level)k->level, text);
}

static void catch_up(uint64_t now_ns)
{
	struct repeat_kind held;

	while (repeats_next(&repeats, now_ns, &held))
		say_held_back(&held);
}

void log_catch_up(uint64_t now_ns)
{
	pthread_mutex_lock(&mutex);
	catch_up(now_ns);
	tell_lost();
	pthread_mutex_unlock(&mutex);
}

bool log_write(const char *text, size_t size)
{
	bool is_written;

	pthread_mutex_lock(&mutex);
	is_written = outlet_write_text(text, size);
	pthread_mutex_unlock(&mutex);
	return is_written;
}

static void take_message(const struct repeat_message *m)
{
	uint64_t now_ns = steady_now();

	pthread_mutex_lock(&mutex);
	catch_up(now_ns);
	if (!atomic_load(&is_holding) || repeats_take(&repeats, m, now_ns))
		say((enum log_level)m->level, m->text);
	pthread_mutex_unlock(&mutex);
}

void log_copy_to(struct log_copy *copy)
{
	thread_copy = copy;
}

static void put_copy(struct log_copy *copy, enum log_level level, const char *text)
{
	size_t room = sizeof(copy->text) - copy->used;
	bool has_error = copy->error < copy->used || level == LOG_LEVEL_ERROR;

	if (strlen(text) + 2 <= room)
		copy->used += (size_t)snprintf(copy->text + copy->used, room, "%s\n", text);
	if (!has_error)
		copy->error = copy->used;
}

__attribute__((format(printf, 2, 0))) static void log_message(
    enum log_level level, const char *format, va_list ap)
{
	char text[MESSAGE_SIZE];
	struct repeat_message m = {.format = format, .text = text, .level = (int)level};
	int used = 0;

	bool is_told = level <= atomic_load_explicit(&present_level, memory_order_relaxed);
	bool is_copied = thread_copy && level <= LOG_LEVEL_WARNING;

	if (thread_is_silent || (!is_told && !is_copied))
		return;
	if (thread_subject)
		used = snprintf(text, sizeof(text) / 2, "%s: ", thread_subject);
	if (used >= (int)sizeof(text) / 2)
		used = (int)sizeof(text) / 2 - 1;
	vsnprintf(text + used, sizeof(text) - (size_t)used, format, ap);
	m.subject = subject_size(text);
	if (is_copied)
		put_copy(thread_copy, level, text);
	if (is_told)
		take_message(&m);
}

bool log_has_erred(void)
{
	return atomic_load(&has_erred);
}

void log_error(const char *format, ...)
{
	va_list ap;

	atomic_store(&has_erred, true);
	va_start(ap, format);
	log_message(LOG_LEVEL_ERROR, format, ap);
	va_end(ap);
}

void log_warning(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_message(LOG_LEVEL_WARNING, format, ap);
	va_end(ap);
}

void log_info(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_message(LOG_LEVEL_INFO, format, ap);
	va_end(ap);
}
