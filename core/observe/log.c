/* log.c - lines on standard error. What a line says is the caller's; here it is
 * masked, made visible, and written at once. */
#include "observe/private.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct level_row {
	enum log_level level;
	const char *word;  /* as configured, and in JSON */
	const char *label; /* in text */
};

static const struct level_row levels[] = {
	{LOG_DEBUG, "debug", "debug"},
	{LOG_INFO, "info", "info"},
	{LOG_WARN, "warn", "warning"},
	{LOG_ERROR, "error", "error"},
};

bool log_level_parse(const char *word, enum log_level *ret)
{
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		if (strcasecmp(word, levels[i].word) == 0) {
			*ret = levels[i].level;
			return true;
		}
	}
	return false;
}

bool log_format_parse(const char *word, enum log_format *ret)
{
	if (strcasecmp(word, "text") != 0 && strcasecmp(word, "json") != 0)
		return false;
	*ret = strcasecmp(word, "json") == 0 ? LOG_JSON : LOG_TEXT;
	return true;
}

void log_configure(struct observer *observer, enum log_level level, enum log_format format)
{
	pthread_mutex_lock(&observer->log_lock);
	observer->level = level;
	observer->format = format;
	pthread_mutex_unlock(&observer->log_lock);
}

void log_set_command(struct observer *observer, const char *command, const char *run)
{
	pthread_mutex_lock(&observer->log_lock);
	mem_free(observer->command);
	mem_free(observer->run);
	observer->command = mem_text(command);
	observer->run = mem_text(run);
	pthread_mutex_unlock(&observer->log_lock);
}

static const struct level_row *level_row(enum log_level level)
{
	size_t at = COUNT_OF(levels) - 1;

	while (at > 0 && levels[at].level > level)
		at--;
	return &levels[at];
}

static void line_format(const struct observer *observer, enum log_level level,
			const struct text *message, struct text *ret)
{
	const struct level_row *row = level_row(level);
	char now[CLOCK_TEXT];

	if (observer->format == LOG_TEXT) {
		text_printf(ret, "eloquent: %s: ", row->label);
		json_text_visible(ret, text_string(message), message->size);
		text_add_char(ret, '\n');
		return;
	}
	clock_format(clock_wall_us(), now);
	text_printf(ret, "{\"time\":\"%s\",\"level\":\"%s\",\"message\":", now, row->word);
	json_text_string(ret, text_string(message), message->size);
	text_add(ret, ",\"command\":");
	json_text_nullable(ret, observer->command);
	text_add(ret, ",\"run\":");
	json_text_nullable(ret, observer->run);
	text_printf(ret, ",\"pid\":%ld}\n", (long)getpid());
}

static void warning_keep(struct observer *observer, const struct text *message)
{
	struct text visible = {0};

	json_text_visible(&visible, text_string(message), message->size);
	VEC_PUSH(&observer->warnings, text_take(&visible));
}

void log_write(struct observer *observer, enum log_level level, const char *format, ...)
{
	TEXT_CLEANUP struct text said = {0};
	TEXT_CLEANUP struct text message = {0};
	TEXT_CLEANUP struct text line = {0};
	va_list args;

	va_start(args, format);
	text_vprintf(&said, format, args);
	va_end(args);
	redact(observer, text_string(&said), said.size, &message);

	pthread_mutex_lock(&observer->log_lock);
	if (level == LOG_WARN)
		warning_keep(observer, &message);
	if (level >= observer->level) {
		line_format(observer, level, &message, &line);
		progress_erase_locked(observer);
		/* Nobody is left to be told that standard error is gone. */
		(void)fd_write_all(STDERR_FILENO, line.data, line.size);
	}
	pthread_mutex_unlock(&observer->log_lock);
}

void log_notice(struct observer *observer, const char *line)
{
	pthread_mutex_lock(&observer->log_lock);
	progress_erase_locked(observer);
	(void)fd_write_all(STDERR_FILENO, line, strlen(line));
	pthread_mutex_unlock(&observer->log_lock);
}

const char *const *log_warnings(struct observer *observer, size_t *ret_count)
{
	const char *const *items;

	pthread_mutex_lock(&observer->log_lock);
	items = (const char *const *)observer->warnings.items;
	*ret_count = observer->warnings.count;
	pthread_mutex_unlock(&observer->log_lock);
	return items;
}

void log_done(struct observer *observer)
{
	for (size_t i = 0; i < observer->warnings.count; i++)
		mem_free(observer->warnings.items[i]);
	mem_free(observer->warnings.items);
	mem_free(observer->command);
	mem_free(observer->run);
}
