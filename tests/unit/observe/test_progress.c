/* Rules of the line of progress: what it says, and that nothing is written behind it. The
 * terminals are real ones. */
#include "../base/scratch.h"

#include "observe/private.h"

#include <poll.h>
#include <sys/ioctl.h>

#define SECOND ((int64_t)1000000000)
#define MIB ((int64_t)1 << 20)
#define PATIENCE_MS 20000
#define ERASED "\033[K\r\033[K" /* a line, and then none */

/* ---- what it says ---------------------------------------------------------------- */

struct saying {
	const char *unit;
	int64_t done;
	int64_t total;
	int64_t elapsed_ns;
	const char *line;
};

static void says(const struct saying *saying)
{
	TEXT_CLEANUP struct text line = {0};
	struct progress progress = {.unit = saying->unit, .done = saying->done, .total = saying->total};
	text_add(&progress.what, "doing x");
	progress_format(&progress, saying->elapsed_ns, &line);
	assert_string_equal(text_string(&line), saying->line);
	text_free(&progress.what);
}

static void bytes_are_told_with_their_rate_and_what_is_left(void **state)
{
	static const struct saying sayings[] = {
		{NULL, 340 * MIB, 1000 * MIB, 4 * SECOND, "34 %, 340 MiB, 85 MiB/s, 7 s left  doing x"},
		{NULL, 340 * MIB, 0, 4 * SECOND, "340 MiB, 85 MiB/s  doing x"},
		{NULL, 1000 * MIB, 1000 * MIB, 10 * SECOND, "100 %, 1000 MiB, 100 MiB/s  doing x"},
		{NULL, 1001 * MIB, 1000 * MIB, 10 * SECOND, "100 %, 1001 MiB, 100 MiB/s  doing x"},
		{NULL, 999, 1000, SECOND, "99 %, 999 B, 999 B/s, 0 s left  doing x"},
		{NULL, 10239, 0, SECOND, "10239 B, 10239 B/s  doing x"},
		{NULL, 10240, 0, SECOND, "10 KiB, 10 KiB/s  doing x"},
		{NULL, 10 * MIB - 1, 0, 2 * SECOND, "10239 KiB, 5119 KiB/s  doing x"},
		{NULL, 10 * MIB, 0, 2 * SECOND, "10 MiB, 5120 KiB/s  doing x"},
		{NULL, 50 * 1024 * MIB, 0, 512 * SECOND, "50 GiB, 100 MiB/s  doing x"},
		{NULL, 1 * MIB, 601 * MIB, SECOND,
		 "0 %, 1024 KiB, 1024 KiB/s, 10 min 0 s left  doing x"},
		{NULL, INT64_MAX / 200, 0, SECOND, "41943 TiB, 41943 TiB/s  doing x"},
		{NULL, 1, 0, 0, "1 B, 1000 B/s  doing x"},
		{NULL, 1, INT64_MAX, SECOND, "0 %, 1 B, 1 B/s  doing x"},
		{NULL, 1, 86400, SECOND, "0 %, 1 B, 1 B/s, 23 h 59 min left  doing x"},
		{NULL, 1, 86401, SECOND, "0 %, 1 B, 1 B/s  doing x"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sayings); i++)
		says(&sayings[i]);
}

static void what_is_counted_is_told_with_its_word_and_the_time(void **state)
{
	static const struct saying sayings[] = {
		{"tables", 3, 12, 4 * SECOND, "3 of 12 tables  doing x, 4 s"},
		{"rows", 1, 0, 4 * SECOND, "1 row  doing x, 4 s"},
		{"rows", 12000, 0, 59 * SECOND, "12000 rows  doing x, 59 s"},
		{"rows", 12000, 0, 60 * SECOND, "12000 rows  doing x, 1 min 0 s"},
		{"rows", 12000, 0, 3599 * SECOND, "12000 rows  doing x, 59 min 59 s"},
		{"rows", 12000, 0, 7380 * SECOND, "12000 rows  doing x, 2 h 3 min"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sayings); i++)
		says(&sayings[i]);
}

static void without_a_number_yet_the_time_alone_is_told(void **state)
{
	static const struct saying sayings[] = {
		{NULL, 0, 1000, 4 * SECOND, "doing x, 4 s"},
		{NULL, 0, 0, 4 * SECOND, "doing x, 4 s"},
		{"rows", -1, 0, 4 * SECOND, "doing x, 4 s"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(sayings); i++)
		says(&sayings[i]);
}

/* ---- on a terminal ------------------------------------------------------------------ */

struct screen {
	int kept; /* the real standard error */
	int ours; /* what the terminal shows is read here */
	struct observer *observer;
	struct text shown;
};

static int screen_setup(void **state)
{
	struct screen *screen = mem_alloc(sizeof(*screen));
	screen->observer = observer_new();
	screen->kept = dup(STDERR_FILENO);
	screen->ours = posix_openpt(O_RDWR | O_NOCTTY);
	if (screen->ours < 0 || grantpt(screen->ours) != 0 || unlockpt(screen->ours) != 0)
		return -1;
	int terminal = open(ptsname(screen->ours), O_RDWR | O_NOCTTY);
	if (terminal < 0 || dup2(terminal, STDERR_FILENO) < 0)
		return -1;
	close(terminal);
	*state = screen;
	return 0;
}

static int screen_teardown(void **state)
{
	struct screen *screen = *state;
	observer_free(screen->observer);
	dup2(screen->kept, STDERR_FILENO);
	close(screen->kept);
	close(screen->ours);
	text_free(&screen->shown);
	mem_free(screen);
	return 0;
}

/* false: nothing more comes for so long. */
static bool read_more(struct screen *screen, int wait_ms)
{
	char bytes[4096];
	struct pollfd ready = {screen->ours, POLLIN, 0};
	if (poll(&ready, 1, wait_ms) <= 0)
		return false;
	ssize_t size = read(screen->ours, bytes, sizeof(bytes));
	assert_true(size > 0);
	text_append(&screen->shown, bytes, (size_t)size);
	return true;
}

static void wait_for(struct screen *screen, const char *text)
{
	while (!strstr(text_string(&screen->shown), text))
		if (!read_more(screen, PATIENCE_MS))
			fail_msg("\"%s\" never came: %s", text, text_string(&screen->shown));
}

static void what_is_logged_stands_on_a_line_of_its_own(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	progress_enable(screen->observer);
	progress_begin(&progress, screen->observer, "tables", 12, "doing x");
	progress_step(&progress, 3);
	wait_for(screen, "\r3 of 12 tables  doing x, ");
	log_write(screen->observer, LOG_WARN, "a word");
	wait_for(screen, "\033[K\r\033[Keloquent: warning: a word\r\n");
	text_clear(&screen->shown);
	wait_for(screen, "3 of 12 tables  doing x");
	log_notice(screen->observer, "a notice\n");
	wait_for(screen, "\033[K\r\033[Ka notice\r\n");
	progress_end(&progress);
}

static void at_the_end_the_line_is_gone(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	progress_enable(screen->observer);
	progress_begin(&progress, screen->observer, NULL, 0, "doing x");
	wait_for(screen, "doing x, ");
	progress_end(&progress);
	progress_stop(screen->observer);
	wait_for(screen, ERASED);
	assert_false(read_more(screen, 400));
	assert_true(text_ends(screen->shown.data, ERASED));
	progress_begin(&progress, screen->observer, NULL, 0, "doing y");
	assert_null(progress.observer);
}

static void while_it_is_hidden_nothing_is_drawn(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	progress_enable(screen->observer);
	progress_begin(&progress, screen->observer, NULL, 0, "doing x");
	wait_for(screen, "doing x");
	progress_hide(screen->observer);
	wait_for(screen, ERASED);
	text_clear(&screen->shown);
	assert_false(read_more(screen, 600));
	progress_show(screen->observer);
	wait_for(screen, "doing x");
	progress_end(&progress);
}

static void of_several_works_the_oldest_is_told_and_the_others_are_counted(void **state)
{
	struct screen *screen = *state;
	struct progress one;
	struct progress two;
	struct progress three;
	progress_enable(screen->observer);
	progress_begin(&one, screen->observer, NULL, 0, "doing one");
	progress_begin(&two, screen->observer, NULL, 0, "doing two");
	progress_begin(&three, screen->observer, NULL, 0, "doing three");
	wait_for(screen, "\rdoing one, ");
	wait_for(screen, " s, and 2 more\033[K");
	progress_end(&two);
	wait_for(screen, " s, and 1 more\033[K");
	assert_null(strstr(screen->shown.data, "doing three"));
	progress_end(&one);
	wait_for(screen, "\rdoing three, ");
	progress_end(&three);
}

static void what_it_says_is_masked_and_visible_and_fits_on_one_line(void **state)
{
	struct screen *screen = *state;
	struct winsize narrow = {.ws_row = 24, .ws_col = 23};
	struct progress progress;
	assert_int_equal(ioctl(STDERR_FILENO, TIOCSWINSZ, &narrow), 0);
	redact_add(screen->observer, "canary-4711", 11);
	progress_enable(screen->observer);
	/* The 22nd byte is the second of a character. */
	progress_begin(&progress, screen->observer, NULL, 0, "a\nb canary-4711 12345\xc3\xa9 more");
	wait_for(screen, "\ra\\nb [REDACTED] 12345\033[K");
	progress_end(&progress);
	progress_stop(screen->observer);
	assert_null(strstr(screen->shown.data, "canary"));
}

static void where_nobody_looks_nothing_is_drawn_and_no_thread_runs(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	struct progress never = {0};
	progress_begin(&progress, screen->observer, NULL, 0, "doing x");
	progress_step(&progress, 1);
	progress_step(NULL, 1);
	assert_false(screen->observer->ticker.runs);
	assert_null(progress.what.data);
	progress_end(&progress);
	progress_end(&never);
	progress_begin(&progress, NULL, NULL, 0, "doing x");
	progress_end(&progress);
	progress_hide(screen->observer);
	progress_show(screen->observer);
	progress_stop(screen->observer);
	assert_false(read_more(screen, 200));
}

/* ---- where there is no terminal -------------------------------------------------------- */

#define EVERY_MS 300
#define EVERY_NS ((int64_t)EVERY_MS * 1000000)

static size_t lines_shown(const struct screen *screen)
{
	size_t count = 0;
	for (const char *at = text_string(&screen->shown); (at = strchr(at, '\n')) != NULL; at++)
		count++;
	return count;
}

static void without_a_terminal_lines_of_the_log_come_now_and_then(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	log_configure(screen->observer, LOG_INFO, LOG_TEXT);
	int64_t began_ns = clock_monotonic_ns();
	progress_enable_lines(screen->observer, EVERY_NS);
	progress_begin(&progress, screen->observer, "tables", 12, "doing x");
	progress_step(&progress, 3);
	for (size_t line = 1; line <= 3; line++) {
		while (lines_shown(screen) < line)
			assert_true(read_more(screen, PATIENCE_MS));
		assert_true(clock_monotonic_ns() - began_ns >= (int64_t)lines_shown(screen) * EVERY_NS);
	}
	progress_end(&progress);
	progress_stop(screen->observer);
	assert_true(
		text_starts(text_string(&screen->shown), "eloquent: info: 3 of 12 tables  doing x, "));
	assert_null(strchr(text_string(&screen->shown), '\033'));
}

static void without_a_terminal_work_that_is_soon_done_is_not_told(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	log_configure(screen->observer, LOG_INFO, LOG_TEXT);
	progress_enable_lines(screen->observer, PROGRESS_LINES_NS);
	progress_begin(&progress, screen->observer, NULL, 0, "doing x");
	assert_false(read_more(screen, 1500));
	progress_end(&progress);
	progress_stop(screen->observer);
	assert_false(read_more(screen, 0));
}

static void in_a_log_of_json_it_is_a_record_and_masked(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	log_configure(screen->observer, LOG_INFO, LOG_JSON);
	redact_add(screen->observer, "canary-4711", 11);
	progress_enable_lines(screen->observer, EVERY_NS);
	progress_begin(&progress, screen->observer, "tables", 12, "doing \"canary-4711\"");
	progress_step(&progress, 3);
	wait_for(screen, "\n");
	progress_end(&progress);
	assert_non_null(strstr(text_string(&screen->shown),
			       "\"level\":\"info\",\"message\":\"3 of 12 tables  doing "
			       "\\\"[REDACTED]\\\", "));
	assert_int_equal(screen->shown.data[0], '{');
}

static void without_a_terminal_nothing_is_told_while_somebody_is_asked(void **state)
{
	struct screen *screen = *state;
	struct progress progress;
	log_configure(screen->observer, LOG_INFO, LOG_TEXT);
	progress_enable_lines(screen->observer, EVERY_NS);
	progress_hide(screen->observer);
	progress_begin(&progress, screen->observer, NULL, 0, "doing x");
	assert_false(read_more(screen, 4 * EVERY_MS));
	progress_show(screen->observer);
	wait_for(screen, "doing x");
	progress_end(&progress);
}

static void *work_many(void *context)
{
	struct screen *screen = context;
	for (int i = 0; i < 2000; i++) {
		struct progress progress;
		progress_begin(&progress, screen->observer, NULL, 1000, "work %d", i);
		progress_step(&progress, i);
		progress_end(&progress);
	}
	return NULL;
}

static void works_of_several_threads_begin_and_end_in_any_order(void **state)
{
	struct screen *screen = *state;
	pthread_t threads[4];
	progress_enable(screen->observer);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work_many, screen), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		pthread_join(threads[i], NULL);
	assert_null(screen->observer->ticker.works);
}

#define SHOWN(test) cmocka_unit_test_setup_teardown(test, screen_setup, screen_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_told_with_their_rate_and_what_is_left),
		cmocka_unit_test(what_is_counted_is_told_with_its_word_and_the_time),
		cmocka_unit_test(without_a_number_yet_the_time_alone_is_told),
		SHOWN(what_is_logged_stands_on_a_line_of_its_own),
		SHOWN(at_the_end_the_line_is_gone),
		SHOWN(while_it_is_hidden_nothing_is_drawn),
		SHOWN(of_several_works_the_oldest_is_told_and_the_others_are_counted),
		SHOWN(what_it_says_is_masked_and_visible_and_fits_on_one_line),
		SHOWN(where_nobody_looks_nothing_is_drawn_and_no_thread_runs),
		SHOWN(without_a_terminal_lines_of_the_log_come_now_and_then),
		SHOWN(without_a_terminal_work_that_is_soon_done_is_not_told),
		SHOWN(in_a_log_of_json_it_is_a_record_and_masked),
		SHOWN(without_a_terminal_nothing_is_told_while_somebody_is_asked),
		SHOWN(works_of_several_threads_begin_and_end_in_any_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
