/* Rules of the log: one line per message, masked, visible, one write() each. */
#include "../base/scratch.h"

#include "observe/observe.h"

#include <jansson.h>
#include <pthread.h>
#include <sys/socket.h>

struct capture {
	int kept;    /* the real standard error */
	int ends[2]; /* of a pair that keeps the borders of writes */
	struct observer *observer;
};

static int capture_setup(void **state)
{
	struct capture *capture = mem_alloc(sizeof(*capture));

	capture->observer = observer_new();
	capture->kept = dup(STDERR_FILENO);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, capture->ends) != 0)
		return -1;
	dup2(capture->ends[1], STDERR_FILENO);
	*state = capture;
	return 0;
}

static int capture_teardown(void **state)
{
	struct capture *capture = *state;

	dup2(capture->kept, STDERR_FILENO);
	close(capture->kept);
	close(capture->ends[0]);
	close(capture->ends[1]);
	observer_free(capture->observer);
	mem_free(capture);
	return 0;
}

/* What one write() wrote, or "" when there was none. */
static const char *next_write(struct capture *capture, char line[4096])
{
	ssize_t size = recv(capture->ends[0], line, 4095, MSG_DONTWAIT);

	line[size > 0 ? size : 0] = '\0';
	return line;
}

static void a_text_line_names_program_and_level(void **state)
{
	struct capture *capture = *state;
	char line[4096];

	log_configure(capture->observer, LOG_DEBUG, LOG_TEXT);
	log_write(capture->observer, LOG_DEBUG, "a %d", 1);
	assert_string_equal(next_write(capture, line), "eloquent: debug: a 1\n");
	log_write(capture->observer, LOG_INFO, "b");
	assert_string_equal(next_write(capture, line), "eloquent: info: b\n");
	log_write(capture->observer, LOG_WARN, "c");
	assert_string_equal(next_write(capture, line), "eloquent: warning: c\n");
	log_write(capture->observer, LOG_ERROR, "d");
	assert_string_equal(next_write(capture, line), "eloquent: error: d\n");
	assert_string_equal(next_write(capture, line), "");
}

static void what_is_below_the_level_is_not_written(void **state)
{
	static const enum log_level levels[] = {LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR};
	struct capture *capture = *state;
	char line[4096];

	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		log_configure(capture->observer, levels[i], LOG_TEXT);
		for (size_t j = 0; j < COUNT_OF(levels); j++) {
			log_write(capture->observer, levels[j], "a");
			assert_int_equal(next_write(capture, line)[0] != '\0', j >= i);
		}
	}
}

static void control_characters_and_broken_bytes_become_visible(void **state)
{
	struct capture *capture = *state;
	char line[4096];

	log_write(capture->observer, LOG_WARN, "%s", "a\nb\tc\x1b[31m\x7f\xc2\x9b \xff é \"q\" \\");
	assert_string_equal(next_write(capture, line),
			    "eloquent: warning: a\\nb\\tc\\x1b[31m\\x7f\\x9b \\xff é \"q\" \\\n");
}

static void a_json_line_is_one_object(void **state)
{
	struct capture *capture = *state;
	const char *message = "a\n\"b\" \xff\x1b é";
	char line[4096];
	json_t *json;

	log_configure(capture->observer, LOG_WARN, LOG_JSON);
	log_set_command(capture->observer, "migrate:run", "0123");
	log_write(capture->observer, LOG_WARN, "%s", message);
	json = json_loads(next_write(capture, line), 0, NULL);
	assert_int_equal(json_object_size(json), 6);
	assert_string_equal(json_string_value(json_object_get(json, "level")), "warn");
	assert_string_equal(json_string_value(json_object_get(json, "message")),
			    "a\n\"b\" \xef\xbf\xbd\x1b é");
	assert_string_equal(json_string_value(json_object_get(json, "command")), "migrate:run");
	assert_string_equal(json_string_value(json_object_get(json, "run")), "0123");
	assert_int_equal(json_integer_value(json_object_get(json, "pid")), getpid());
	assert_int_equal(strlen(json_string_value(json_object_get(json, "time"))), 27);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	json_decref(json);
}

static void before_a_command_is_known_json_says_null(void **state)
{
	struct capture *capture = *state;
	char line[4096];

	log_configure(capture->observer, LOG_WARN, LOG_JSON);
	log_set_command(capture->observer, "a", "b");
	log_set_command(capture->observer, NULL, NULL);
	log_write(capture->observer, LOG_WARN, "a");
	assert_non_null(strstr(next_write(capture, line), "\"command\":null,\"run\":null,"));
}

static void lines_and_kept_warnings_are_masked(void **state)
{
	struct capture *capture = *state;
	const char *const *warnings;
	char line[4096];
	size_t count;

	redact_add(capture->observer, "canary-4711", 11);
	log_write(capture->observer, LOG_WARN, "canary-4711 in postgres://u:p@h");
	assert_string_equal(next_write(capture, line),
			    "eloquent: warning: [REDACTED] in postgres://u:[REDACTED]@h\n");
	warnings = log_warnings(capture->observer, &count);
	assert_int_equal(count, 1);
	assert_string_equal(warnings[0], "[REDACTED] in postgres://u:[REDACTED]@h");
}

static void warnings_are_kept_whatever_the_level_and_nothing_else_is(void **state)
{
	struct capture *capture = *state;
	const char *const *warnings;
	size_t count = 99;

	log_warnings(capture->observer, &count);
	assert_int_equal(count, 0);
	log_configure(capture->observer, LOG_ERROR, LOG_TEXT);
	log_write(capture->observer, LOG_WARN, "first");
	log_write(capture->observer, LOG_ERROR, "an error");
	log_write(capture->observer, LOG_INFO, "a word");
	log_write(capture->observer, LOG_WARN, "second\n\xff");
	warnings = log_warnings(capture->observer, &count);
	assert_int_equal(count, 2);
	assert_string_equal(warnings[0], "first");
	assert_string_equal(warnings[1], "second\\n\\xff");
}

static void a_closed_standard_error_is_survived(void **state)
{
	struct capture *capture = *state;

	close(STDERR_FILENO);
	log_write(capture->observer, LOG_ERROR, "a");
	dup2(capture->ends[1], STDERR_FILENO);
}

static void words_of_levels_and_formats_are_exact(void **state)
{
	enum log_level level = LOG_ERROR;
	enum log_format format = LOG_TEXT;

	(void)state;
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_true(log_level_parse("info", &level));
	assert_int_equal(level, LOG_INFO);
	assert_true(log_level_parse("Warn", &level));
	assert_int_equal(level, LOG_WARN);
	assert_true(log_level_parse("ERROR", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_false(log_level_parse("warning", &level));
	assert_false(log_level_parse("", &level));
	assert_false(log_level_parse("10", &level));
	assert_int_equal(level, LOG_ERROR);
	assert_true(log_format_parse("JSON", &format));
	assert_int_equal(format, LOG_JSON);
	assert_true(log_format_parse("text", &format));
	assert_int_equal(format, LOG_TEXT);
	assert_false(log_format_parse("xml", &format));
	assert_false(log_format_parse("", &format));
}

static void *write_many(void *observer)
{
	for (int i = 0; i < 50; i++)
		log_write(observer, LOG_WARN, "thread %s", "abcdefghijklmnopqrstuvwxyz");
	return NULL;
}

static void *drain(void *context)
{
	struct capture *capture = context;
	char line[4096];
	intptr_t lines = 0;

	while (lines < 200) {
		ssize_t size = recv(capture->ends[0], line, sizeof(line) - 1, 0);

		line[size > 0 ? size : 0] = '\0';
		if (strcmp(line, "eloquent: warning: thread abcdefghijklmnopqrstuvwxyz\n") != 0)
			break;
		lines++;
	}
	return (void *)lines;
}

static void lines_of_threads_do_not_mix(void **state)
{
	struct capture *capture = *state;
	pthread_t threads[4];
	pthread_t reader;
	void *lines;
	size_t count;

	assert_int_equal(pthread_create(&reader, NULL, drain, capture), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_many, capture->observer), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	pthread_join(reader, &lines);
	assert_int_equal((intptr_t)lines, 200);
	log_warnings(capture->observer, &count);
	assert_int_equal(count, 200);
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, capture_setup, capture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CAPTURED(a_text_line_names_program_and_level),
		CAPTURED(what_is_below_the_level_is_not_written),
		CAPTURED(control_characters_and_broken_bytes_become_visible),
		CAPTURED(a_json_line_is_one_object),
		CAPTURED(before_a_command_is_known_json_says_null),
		CAPTURED(lines_and_kept_warnings_are_masked),
		CAPTURED(warnings_are_kept_whatever_the_level_and_nothing_else_is),
		CAPTURED(a_closed_standard_error_is_survived),
		cmocka_unit_test(words_of_levels_and_formats_are_exact),
		CAPTURED(lines_of_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
