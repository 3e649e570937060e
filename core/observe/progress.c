/* progress.c - how far long work is: one line on the terminal of standard error that is
 * written over and over, and gone before anything else is written there.
 *
 * The work only leaves its numbers; a thread of our own draws them. So a statement that
 * runs for an hour is seen to run, and no work waits for a terminal that was stopped. */
#include "observe/private.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS ((int64_t)1000000000)
#define FIRST_NS SECOND_NS /* what is done sooner was no long work */
#define TICK_NS (SECOND_NS / 5)
#define LEAST_NS (SECOND_NS / 1000)
#define FORESEEN_NS (SECOND_NS * 86400) /* beyond that, nobody knows */
#define COLUMNS_OTHERWISE 80
static const char erase[] = "\r\033[K";

/* ---- the line ------------------------------------------------------------------- */

static void add_size(struct text *line, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	for (; bytes >= 10 * 1024 && unit + 1 < COUNT_OF(units); unit++)
		bytes /= 1024;
	text_printf(line, "%lld %s", (long long)bytes, units[unit]);
}

static void add_time(struct text *line, int64_t ns)
{
	long long seconds = ns / SECOND_NS;
	if (seconds < 60)
		text_printf(line, "%lld s", seconds);
	else if (seconds < 3600)
		text_printf(line, "%lld min %lld s", seconds / 60, seconds % 60);
	else
		text_printf(line, "%lld h %lld min", seconds / 3600, seconds / 60 % 60);
}

/* "34 %, 340 MiB, 85 MiB/s, 8 s left" */
static void add_bytes(struct text *line, int64_t done, int64_t total, int64_t elapsed_ns)
{
	double rate = (double)done / (double)(elapsed_ns > LEAST_NS ? elapsed_ns : LEAST_NS);
	double left_ns = (double)(total - done) / rate;
	if (total > 0)
		text_printf(line, "%lld %%, ", done < total ? (long long)(done * 100 / total) : 100);
	add_size(line, done);
	text_add(line, ", ");
	add_size(line, (int64_t)(rate * (double)SECOND_NS));
	text_add(line, "/s");
	if (done < total && left_ns < (double)FORESEEN_NS) {
		text_add(line, ", ");
		add_time(line, (int64_t)left_ns);
		text_add(line, " left");
	}
}

void progress_format(const struct progress *progress, int64_t elapsed_ns, struct text *ret)
{
	long long done = atomic_load_explicit(&progress->done, memory_order_relaxed);
	bool bytes = done > 0 && !progress->unit;
	if (bytes)
		add_bytes(ret, done, progress->total, elapsed_ns);
	else if (done > 0 && progress->total > 0)
		text_printf(ret, "%lld of %lld %s", done, (long long)progress->total, progress->unit);
	else if (done > 0) /* "1 row" */
		text_printf(ret, "%lld %.*s", done, (int)strlen(progress->unit) - (done == 1),
			    progress->unit);
	if (done > 0)
		text_add(ret, "  ");
	text_append(ret, text_string(&progress->what), progress->what.size);
	if (bytes)
		return;
	text_add(ret, ", ");
	add_time(ret, elapsed_ns);
}

/* A line that wraps could not be written over. No character takes more columns than it
 * has bytes, so that bytes are counted. */
static void cut_to_terminal(struct text *line)
{
	struct winsize window = {0};
	bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1;
	size_t columns = (known ? window.ws_col : COLUMNS_OTHERWISE) - 1u;
	if (line->size <= columns)
		return;
	while (columns > 0 && ((unsigned char)line->data[columns] & 0xC0) == 0x80)
		columns--; /* not within a character */
	text_cut(line, columns);
}

/* ---- the terminal ----------------------------------------------------------------- */

/* Once the shell has the terminal back (Ctrl-Z, then bg), its prompt stands there. */
static bool in_foreground(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);
	return group < 0 || group == getpgrp();
}

void progress_erase_locked(struct observer *observer)
{
	if (atomic_exchange(&observer->ticker.drawn, false) && in_foreground())
		(void)fd_write_all(STDERR_FILENO, erase, sizeof(erase) - 1);
}

void progress_abandon(struct observer *observer)
{
	atomic_fetch_add(&observer->ticker.hidden, 1);
	progress_erase_locked(observer);
}

void progress_hide(struct observer *observer)
{
	pthread_mutex_lock(&observer->log_lock);
	progress_abandon(observer);
	pthread_mutex_unlock(&observer->log_lock);
}

void progress_show(struct observer *observer)
{
	atomic_fetch_sub(&observer->ticker.hidden, 1);
}

static void take_away(struct observer *observer)
{
	pthread_mutex_lock(&observer->log_lock);
	progress_erase_locked(observer);
	pthread_mutex_unlock(&observer->log_lock);
}

static void draw(struct observer *observer, const struct text *line)
{
	TEXT_CLEANUP struct text masked = {0};
	TEXT_CLEANUP struct text safe = {0};
	TEXT_CLEANUP struct text bytes = {0};
	redact(observer, text_string(line), line->size, &masked);
	json_text_visible(&safe, text_string(&masked), masked.size);
	cut_to_terminal(&safe);
	text_printf(&bytes, "\r%s\033[K", text_string(&safe));
	pthread_mutex_lock(&observer->log_lock);
	if (!atomic_load(&observer->ticker.hidden) && in_foreground()) {
		atomic_store(&observer->ticker.drawn, true);
		(void)fd_write_all(STDERR_FILENO, bytes.data, bytes.size);
	}
	pthread_mutex_unlock(&observer->log_lock);
}

/* ---- the thread --------------------------------------------------------------------- */

/* Of several works the oldest; nothing when there is none, or not for long. */
static void compose(struct ticker *ticker, struct text *ret)
{
	const struct progress *work = ticker->works;
	int64_t now = clock_monotonic_ns();
	size_t others = 0;
	if (!work)
		ticker->since_ns = 0;
	if (!work || now - ticker->since_ns < FIRST_NS)
		return;
	progress_format(work, now - work->began_ns, ret);
	for (work = work->next; work; work = work->next)
		others++;
	if (others)
		text_printf(ret, ", and %zu more", others);
}

static void wait_a_tick(struct ticker *ticker)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)TICK_NS;
	if (until.tv_nsec >= SECOND_NS) {
		until.tv_sec++;
		until.tv_nsec -= (long)SECOND_NS;
	}
	pthread_cond_timedwait(&ticker->wake, &ticker->lock, &until);
}

static void *tick(void *context)
{
	struct observer *observer = context;
	struct ticker *ticker = &observer->ticker;
	pthread_mutex_lock(&ticker->lock);
	while (!ticker->ends) {
		TEXT_CLEANUP struct text line = {0};
		compose(ticker, &line);
		pthread_mutex_unlock(&ticker->lock);
		if (line.size)
			draw(observer, &line);
		else
			take_away(observer);
		pthread_mutex_lock(&ticker->lock);
		if (!ticker->ends)
			wait_a_tick(ticker);
	}
	pthread_mutex_unlock(&ticker->lock);
	return NULL;
}

/* Signals are other threads'. Without the thread nothing is shown. */
static void ticker_start(struct observer *observer)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	observer->ticker.runs = pthread_create(&observer->ticker.thread, NULL, tick, observer) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void progress_enable(struct observer *observer)
{
	struct ticker *ticker = &observer->ticker;
	pthread_condattr_t attributes;
	if (ticker->wanted)
		return;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&ticker->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&ticker->lock, NULL);
	ticker->wanted = true;
}

void progress_stop(struct observer *observer)
{
	struct ticker *ticker = &observer->ticker;
	if (!ticker->wanted)
		return;
	pthread_mutex_lock(&ticker->lock);
	ticker->ends = true;
	pthread_cond_signal(&ticker->wake);
	pthread_mutex_unlock(&ticker->lock);
	if (ticker->runs)
		pthread_join(ticker->thread, NULL);
	ticker->wanted = false;
	pthread_cond_destroy(&ticker->wake);
	pthread_mutex_destroy(&ticker->lock);
	take_away(observer);
}

/* ---- the work -------------------------------------------------------------------------- */

void progress_begin(struct progress *progress, struct observer *observer, const char *unit,
		    int64_t total, const char *format, ...)
{
	va_list args;
	*progress = (struct progress){.unit = unit, .total = total};
	if (!observer || !observer->ticker.wanted)
		return;
	struct ticker *ticker = &observer->ticker;
	progress->observer = observer;
	progress->began_ns = clock_monotonic_ns();
	va_start(args, format);
	text_vprintf(&progress->what, format, args);
	va_end(args);
	pthread_mutex_lock(&ticker->lock);
	struct progress **end = &ticker->works;
	while (*end)
		end = &(*end)->next;
	*end = progress;
	if (!ticker->since_ns)
		ticker->since_ns = progress->began_ns;
	if (!ticker->runs)
		ticker_start(observer);
	pthread_mutex_unlock(&ticker->lock);
}

void progress_step(struct progress *progress, int64_t done)
{
	if (progress && progress->observer)
		atomic_store_explicit(&progress->done, done, memory_order_relaxed);
}

void progress_measure(struct progress *progress, const char *unit, int64_t total)
{
	if (!progress->observer || (text_equal(progress->unit, unit) && progress->total == total))
		return;
	struct ticker *ticker = &progress->observer->ticker;
	pthread_mutex_lock(&ticker->lock);
	progress->unit = unit;
	progress->total = total;
	progress_step(progress, 0);
	pthread_mutex_unlock(&ticker->lock);
}

void progress_end(struct progress *progress)
{
	if (!progress->observer)
		return;
	struct ticker *ticker = &progress->observer->ticker;
	pthread_mutex_lock(&ticker->lock);
	struct progress **at = &ticker->works;
	while (*at != progress)
		at = &(*at)->next;
	*at = progress->next;
	pthread_mutex_unlock(&ticker->lock);
	text_free(&progress->what);
	progress->observer = NULL;
}
