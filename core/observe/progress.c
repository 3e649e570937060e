/* progress.c - how far long work is: one line on the terminal of standard error that is
 * written over and over, and gone before anything else is written there. */
#include "observe/private.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_NS ((int64_t)1000000000) /* what is done sooner was no long work */
#define NEXT_NS ((int64_t)100000000)
#define COLUMNS_OTHERWISE 80
static const char erase[] = "\r\033[K";

void progress_enable(struct observer *observer)
{
	observer->progress = true;
}

struct progress progress_begin(struct observer *observer, const char *what)
{
	return (struct progress){
		.observer = observer && observer->progress ? observer : NULL,
		.what = what,
		.began_ns = clock_monotonic_ns(),
	};
}

static void add_size(struct text *line, double bytes)
{
	if (bytes < 10 << 10)
		text_printf(line, "%.0f B", bytes);
	else if (bytes < 10 << 20)
		text_printf(line, "%.0f KiB", bytes / (1 << 10));
	else
		text_printf(line, "%.0f MiB", bytes / (1 << 20));
}

static void line_format(const struct progress *progress, int64_t elapsed_ns, int64_t done, int64_t total,
			struct text *line)
{
	double rate = (double)done / ((double)elapsed_ns / 1e9);
	if (total > 0)
		text_printf(line, "%3.0f %%  ", 100.0 * (double)done / (double)total);
	add_size(line, (double)done);
	text_add(line, ", ");
	add_size(line, rate);
	text_add(line, "/s");
	if (total > done && done > 0)
		text_printf(line, ", %.0f s left", (double)(total - done) / rate);
	text_printf(line, "  %s", progress->what);
}

/* A line that wraps could not be written over. */
static size_t fitting(const struct text *line)
{
	struct winsize window = {0};
	bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1;
	size_t columns = (known ? window.ws_col : COLUMNS_OTHERWISE) - 1u;
	if (line->size <= columns)
		return line->size;
	while (columns > 0 && ((unsigned char)line->data[columns] & 0xC0) == 0x80)
		columns--; /* not within a character */
	return columns;
}

static void draw(struct observer *observer, const struct text *line)
{
	TEXT_CLEANUP struct text masked = {0};
	TEXT_CLEANUP struct text safe = {0};
	TEXT_CLEANUP struct text bytes = {0};
	redact(observer, text_string(line), line->size, &masked);
	json_text_visible(&safe, text_string(&masked), masked.size);
	text_add(&bytes, erase);
	text_append(&bytes, text_string(&safe), fitting(&safe));
	pthread_mutex_lock(&observer->log_lock);
	observer->progress_drawn = true;
	(void)fd_write_all(STDERR_FILENO, bytes.data, bytes.size);
	pthread_mutex_unlock(&observer->log_lock);
}

void progress_step(struct progress *progress, int64_t done, int64_t total)
{
	if (!progress->observer)
		return;
	int64_t now = clock_monotonic_ns();
	if (now - progress->began_ns < FIRST_NS || now - progress->drawn_ns < NEXT_NS)
		return;
	TEXT_CLEANUP struct text line = {0};
	progress->drawn_ns = now;
	line_format(progress, now - progress->began_ns, done, total, &line);
	draw(progress->observer, &line);
}

void progress_erase_locked(struct observer *observer)
{
	if (observer->progress_drawn)
		(void)fd_write_all(STDERR_FILENO, erase, strlen(erase));
	observer->progress_drawn = false;
}

void progress_erase(struct observer *observer)
{
	pthread_mutex_lock(&observer->log_lock);
	progress_erase_locked(observer);
	pthread_mutex_unlock(&observer->log_lock);
}

void progress_end(const struct progress *progress)
{
	if (progress->observer && progress->drawn_ns)
		progress_erase(progress->observer);
}
