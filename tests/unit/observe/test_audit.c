/* Rules of docs/audit-format.md: one record per line, one chain, whoever appends. */
#include "trail.h"

#include <pthread.h>

/* ---- records and chain ----------------------------------------------------------- */

static const char *text_member(json_t *json, const char *name)
{
	return json_string_value(json_object_get(json, name));
}

static int64_t number_member(json_t *json, const char *name)
{
	json_t *value = json_object_get(json, name);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

static int64_t wall_of(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	return (int64_t)timegm(&tm) * 1000000 + strtol(rest + 1, NULL, 10);
}

static void the_documented_example_is_what_we_write(void **state)
{
	struct scratch *scratch = *state;
	const char *document = scratch_read(scratch, TEST_SOURCE_DIR "/docs/audit-format.md", NULL);
	const char *start = strstr(document, "```jsonl\n") + strlen("```jsonl\n");
	const char *end = strstr(start, "```");
	const char *path = scratch_path(scratch, "a");
	struct reader reader;
	int records = 0;

	scratch_write(path, start, (size_t)(end - start));
	reader = read_trail(scratch, path);
	assert_int_equal(reader.sequence, 4);
	assert_int_equal(reader.recovered, 1);
	start = strstr(end, "The head of this trail is `") + strlen("The head of this trail is `");
	assert_memory_equal(start, reader.head, 64);

	for (const char *line = reader.data; *line; line = strchr(line, '\n') + 1) {
		size_t size = (size_t)(strchr(line, '\n') + 1 - line);
		json_t *json = json_loadb(line, size, 0, NULL);
		TEXT_CLEANUP struct text text = {0};
		struct audit_record record;
		struct audit_line again;
		struct audit_entry entry;
		char memory[AUDIT_LINE_CAP];

		assert_int_equal(audit_line_parse(line, size - 1, memory, &entry), json != NULL);
		if (!json)
			continue;
		assert_int_equal(entry.sequence, number_member(json, "seq"));
		record = (struct audit_record){
			.run = text_member(json, "run"),
			.actor = text_member(json, "actor"),
			.command = text_member(json, "command"),
			.connection = text_member(json, "connection"),
			.database = text_member(json, "database"),
			.class_name = text_member(json, "class"),
			.verdict = text_member(json, "verdict"),
			.phase = text_member(json, "phase"),
			.duration_us = number_member(json, "duration_us"),
			.exit_code = (int)number_member(json, "exit"),
			.message = text_member(json, "message"),
		};
		again = (struct audit_line){
			.sequence = entry.sequence,
			.wall_us = wall_of(text_member(json, "time")),
			.pid = number_member(json, "pid"),
			.host = text_member(json, "host"),
			.previous = text_member(json, "previous"),
			.record = &record,
		};
		audit_line_format(&again, &text);
		assert_int_equal(text.size, size);
		assert_memory_equal(text.data, line, size);
		records++;
		json_decref(json);
	}
	assert_int_equal(records, 4);
}

static void the_first_record_makes_folder_and_file(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "x/y/audit.jsonl");
	char head[HASH_TEXT];
	struct stat found;
	struct reader reader;

	must_append(path, &intent, head);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0600);
	assert_int_equal(stat(scratch_path(scratch, "x/y"), &found), 0);
	assert_int_equal(found.st_mode & 07777, 0700);
	reader = read_trail(scratch, path);
	assert_int_equal(reader.sequence, 1);
	assert_string_equal(reader.head, head);
}

static void each_record_carries_the_hash_of_the_one_before(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	char head[HASH_TEXT];

	for (int i = 1; i <= 50; i++) {
		struct audit_record record = intent;
		struct reader reader;

		record.duration_us = i;
		record.exit_code = 0;
		must_append(path, &record, head);
		reader = read_trail(scratch, path);
		assert_int_equal(reader.sequence, i);
		assert_string_equal(reader.head, head);
	}
}

static void a_record_says_who_when_and_where(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	int64_t before = clock_wall_us();
	char host[256];
	json_t *json;

	must_append(path, &intent, NULL);
	json = json_loads(scratch_read(scratch, path, NULL), 0, NULL);
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	assert_string_equal(text_member(json, "host"), host);
	assert_int_equal(number_member(json, "pid"), getpid());
	assert_true(wall_of(text_member(json, "time")) >= before);
	assert_true(wall_of(text_member(json, "time")) <= clock_wall_us());
	assert_true(json_is_null(json_object_get(json, "database")));
	assert_true(json_is_null(json_object_get(json, "exit")));
	json_decref(json);
}

static void a_disabled_trail_writes_nothing(void **state)
{
	struct scratch *scratch = *state;
	struct observer *observer = observer_new();
	struct audit audit = {.path = scratch_path(scratch, "a")};
	ERROR_CLEANUP struct error error = {0};
	char head[HASH_TEXT] = "x";

	assert_int_equal(audit_append(observer, &audit, &intent, true, head, &error), STATUS_OK);
	assert_string_equal(head, "");
	assert_false(file_exists(audit.path));
	observer_free(observer);
}

static void secrets_are_masked_and_texts_stay_one_line(void **state)
{
	struct scratch *scratch = *state;
	struct observer *observer = observer_new();
	struct audit audit = {.path = scratch_path(scratch, "a"), .enabled = true};
	struct audit_record record = intent;
	ERROR_CLEANUP struct error error = {0};
	const char *line;
	json_t *json;

	redact_add(observer, "canary-4711", 11);
	record.actor = "canary-4711";
	record.message = "a\nb\x1b[31m\x7f\xc2\x9b \"q\" \\ \xff canary-4711 password=x y";
	assert_int_equal(audit_append(observer, &audit, &record, true, NULL, &error), STATUS_OK);
	observer_free(observer);
	line = scratch_read(scratch, audit.path, NULL);
	assert_null(strstr(line, "canary"));
	assert_null(strpbrk(line, "\x1b\x7f\xff"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	json = json_loads(line, 0, NULL);
	assert_string_equal(text_member(json, "message"),
			    "a\nb\x1b[31m\x7f\xc2\x9b \"q\" \\ \xef\xbf\xbd "
			    "[REDACTED] password=[REDACTED] y");
	assert_string_equal(text_member(json, "actor"), "[REDACTED]");
	json_decref(json);
}

static void long_texts_are_cut_so_that_a_line_keeps_its_cap(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	char *noise = mem_alloc(1000001);
	char *accents = mem_alloc(1000001);
	struct audit_record record = {.duration_us = INT64_MAX, .exit_code = 143};
	struct reader reader;

	memset(noise, 1, 1000000);
	for (int i = 0; i < 1000000; i++)
		accents[i] = i % 2 ? '\xa9' : '\xc3';
	for (int i = 0; i < 2; i++) {
		const char *text = i ? accents : noise;

		record.run = record.actor = record.command = record.connection = text;
		record.database = record.class_name = record.verdict = record.phase = text;
		record.message = text;
		must_append(path, &record, NULL);
	}
	reader = read_trail(scratch, path);
	assert_int_equal(reader.sequence, 2);
	assert_true(strchr(reader.data, '\n') + 1 - reader.data <= 65536);
	assert_true(strchr(reader.data, '\n') + 1 - reader.data > 50000);
	assert_non_null(strstr(reader.data, " [cut]\",\"previous\""));
	assert_null(strstr(reader.data, "ufffd"));
	mem_free(noise);
	mem_free(accents);
}

/* ---- many at once ----------------------------------------------------------------- */

static int append_25(void *path)
{
	struct error error = {0};

	for (int i = 0; i < 25; i++) {
		if (append_to(path, &intent, false, NULL, &error) != STATUS_OK)
			return 1;
	}
	return 0;
}

static void twenty_processes_keep_one_chain(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "x/a");
	pid_t pids[20];

	for (int i = 0; i < 20; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(append_25((void *)path));
	}
	for (int i = 0; i < 20; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(read_trail(scratch, path).sequence, 500);
}

static void *append_25_thread(void *path)
{
	return append_25(path) ? path : NULL;
}

static void threads_of_one_process_keep_one_chain(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, append_25_thread, (void *)path), 0);
	for (int i = 0; i < 8; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(read_trail(scratch, path).sequence, 200);
}

static void a_record_goes_to_the_file_that_has_the_name_when_the_lock_is_free(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	const char *rotated = scratch_path(scratch, "a.1");
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	pthread_t thread;
	void *failed;
	size_t files;
	int fd;

	must_append(path, &intent, NULL);
	fd = open(path, O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	assert_int_equal(pthread_create(&thread, NULL, append_25_thread, (void *)path), 0);
	clock_sleep_ms(100);
	assert_int_equal(read_trail(scratch, path).sequence, 1);
	/* Rotated, and another process was quicker with the new file. */
	assert_int_equal(rename(path, rotated), 0);
	scratch_write(path, "", 0);
	close(fd);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(read_all_files(scratch, path, &files).sequence, 26);
	assert_int_equal(files, 2);
}

/* The door is free, and yet nobody may pass the one whose turn it is. */
static void a_writer_waits_behind_the_one_whose_turn_it_is(void **state)
{
	struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "a");
	struct flock gate = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1};
	pthread_t thread;
	void *failed;
	int fd;

	must_append(path, &intent, NULL);
	fd = open(path, O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &gate), 0);
	assert_int_equal(pthread_create(&thread, NULL, append_25_thread, (void *)path), 0);
	clock_sleep_ms(100);
	assert_int_equal(read_trail(scratch, path).sequence, 1);
	close(fd);
	pthread_join(thread, &failed);
	assert_null(failed);
	assert_int_equal(read_trail(scratch, path).sequence, 26);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(the_documented_example_is_what_we_write),
		IN_SCRATCH(the_first_record_makes_folder_and_file),
		IN_SCRATCH(each_record_carries_the_hash_of_the_one_before),
		IN_SCRATCH(a_record_says_who_when_and_where),
		IN_SCRATCH(a_disabled_trail_writes_nothing),
		IN_SCRATCH(secrets_are_masked_and_texts_stay_one_line),
		IN_SCRATCH(long_texts_are_cut_so_that_a_line_keeps_its_cap),
		IN_SCRATCH(twenty_processes_keep_one_chain),
		IN_SCRATCH(threads_of_one_process_keep_one_chain),
		IN_SCRATCH(a_writer_waits_behind_the_one_whose_turn_it_is),
		IN_SCRATCH(a_record_goes_to_the_file_that_has_the_name_when_the_lock_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
