/* What audit_verify finds: in a trail of several files each record that was
 * flipped, removed, swapped, added or cut is named, with its file and line. */
#include "trail.h"

#define KEY "0123456789abcdef"
#define RECORDS 12

/* A trail as it was written, and its lines in order. */
struct original {
	struct audit audit;
	struct {
		const char *path;
		const char *data;
		size_t size;
	} files[RECORDS];
	size_t file_count;
	struct {
		size_t file;
		int64_t line;
		const char *data;
		size_t size;
	} lines[RECORDS + 1]; /* by number, from 1 */
};

static void original_take_file(struct scratch *scratch, struct original *ret, const char *path,
			       int64_t *number)
{
	size_t file = ret->file_count++;
	const char *end;
	int64_t line = 0;

	ret->files[file].path = arena_text(&scratch->arena, path);
	ret->files[file].data = scratch_read(scratch, path, &ret->files[file].size);
	for (const char *at = ret->files[file].data; *at; at = end + 1) {
		end = strchr(at, '\n');
		++*number;
		assert_true(*number <= RECORDS);
		ret->lines[*number].file = file;
		ret->lines[*number].line = ++line;
		ret->lines[*number].data = at;
		ret->lines[*number].size = (size_t)(end + 1 - at);
	}
}

static struct original make_trail(struct scratch *scratch, const char *key)
{
	struct original ret = {.audit = {.path = scratch_path(scratch, "trail"),
					 .enabled = true,
					 .key = key,
					 .max_size = 1700}};
	struct audit_files files;
	struct error error = {0};
	int64_t number = 0;

	for (int i = 0; i < RECORDS; i++)
		assert_int_equal(append_as(&ret.audit, &intent, &error), STATUS_OK);
	assert_int_equal(audit_files_list(ret.audit.path, &files, &error), STATUS_OK);
	for (size_t i = 0; i < files.count; i++)
		original_take_file(scratch, &ret, files.items[i].path, &number);
	audit_files_free(&files);
	original_take_file(scratch, &ret, ret.audit.path, &number);
	assert_int_equal(number, RECORDS);
	assert_true(ret.file_count >= 3);
	return ret;
}

static void restore(const struct original *original)
{
	for (size_t i = 0; i < original->file_count; i++)
		scratch_write(original->files[i].path, original->files[i].data,
			      original->files[i].size);
}

static struct audit_report verify(const struct original *original)
{
	struct audit_report report = {0};
	struct error error = {0};

	assert_int_equal(audit_verify(NULL, &original->audit, NULL, 0, &report, &error), STATUS_OK);
	for (size_t i = 0; i < report.finding_count; i++)
		assert_non_null(report.findings[i].message);
	return report;
}

static const struct audit_finding *finding_of(const struct audit_report *report, int64_t number)
{
	for (size_t i = 0; i < report->finding_count; i++) {
		if (report->findings[i].first <= number && number <= report->findings[i].last)
			return &report->findings[i];
	}
	return NULL;
}

static void show(const struct audit_report *report)
{
	for (size_t i = 0; i < report->finding_count; i++)
		print_message("%s %s:%lld %s\n", audit_problem_word(report->findings[i].problem),
			      report->findings[i].path ? report->findings[i].path : "-",
			      (long long)report->findings[i].line, report->findings[i].message);
}

/* The records from first to last are named, and no other is. */
static void assert_named(const struct audit_report *report, int64_t first, int64_t last)
{
	for (int64_t number = 1; number <= RECORDS; number++) {
		bool named = finding_of(report, number) != NULL;

		if (named != (number >= first && number <= last)) {
			show(report);
			fail_msg("record %lld is %s, expected were %lld to %lld", (long long)number,
				 named ? "named" : "not named", (long long)first, (long long)last);
		}
	}
}

static void assert_at(const struct original *original, const struct audit_finding *finding,
		      int64_t number)
{
	assert_non_null(finding);
	assert_string_equal(finding->path, original->files[original->lines[number].file].path);
	assert_int_equal(finding->line, original->lines[number].line);
}

static void a_whole_trail_has_no_findings(void **state)
{
	static const char *const keys[] = {NULL, KEY};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct original original = make_trail(*state, keys[i]);
		struct audit_report report = verify(&original);

		assert_int_equal(report.finding_total, 0);
		assert_int_equal(report.recovery_total, 0);
		assert_int_equal(report.records, RECORDS);
		assert_int_equal(report.signatures, keys[i] ? RECORDS : 0);
		assert_int_equal(report.files, original.file_count);
		audit_report_free(&report);
		scratch_empty(((struct scratch *)*state)->folder);
	}
}

/* ---- flips -------------------------------------------------------------------------- */

/* In place; a second time it is undone. */
static void flip(const struct original *original, int64_t number, size_t at, char bit)
{
	size_t file = original->lines[number].file;
	off_t offset = original->lines[number].data - original->files[file].data + (off_t)at;
	int fd = open(original->files[file].path, O_RDWR);
	char byte;

	assert_int_equal(pread(fd, &byte, 1, offset), 1);
	byte ^= bit;
	assert_int_equal(pwrite(fd, &byte, 1, offset), 1);
	close(fd);
}

/* A newline that is gone makes one line of two, in the same file; how many records
 * were in the bytes at a trail's end nobody can say. */
static int64_t last_damaged(const struct original *original, int64_t number, size_t at)
{
	bool newline = at == original->lines[number].size - 1;
	bool together = newline && number < RECORDS - 1 &&
			original->lines[number].file == original->lines[number + 1].file;

	return together ? number + 1 : number;
}

static void flip_each_byte(struct scratch *scratch, const char *key, int64_t records)
{
	struct original original = make_trail(scratch, key);

	for (int64_t number = 1; number <= records; number++) {
		for (size_t at = 0; at < original.lines[number].size; at++) {
			struct audit_report report;

			flip(&original, number, at, (char)(1 << at % 7));
			report = verify(&original);
			assert_named(&report, number, last_damaged(&original, number, at));
			assert_at(&original, finding_of(&report, number), number);
			audit_report_free(&report);
			flip(&original, number, at, (char)(1 << at % 7));
		}
	}
	scratch_empty(scratch->folder);
}

static void each_flipped_byte_names_its_record(void **state)
{
	flip_each_byte(*state, NULL, RECORDS - 2);
}

static void with_the_key_each_flipped_byte_names_its_record_to_the_last(void **state)
{
	flip_each_byte(*state, KEY, RECORDS);
}

static void without_a_key_only_the_last_record_has_no_witness(void **state)
{
	struct original original = make_trail(*state, NULL);
	const char *actor = strstr(original.lines[RECORDS].data, "\"ada\"");
	const char *previous = strstr(original.lines[RECORDS].data, "\"previous\":\"");
	struct audit_report report;

	flip(&original, RECORDS, (size_t)(actor + 1 - original.lines[RECORDS].data), 1);
	report = verify(&original);
	assert_int_equal(report.finding_total, 0);
	audit_report_free(&report);
	flip(&original, RECORDS, (size_t)(actor + 1 - original.lines[RECORDS].data), 1);
	/* What it says of the one before it cannot be told from that one's change. */
	previous = strpbrk(previous + strlen("\"previous\":\""), "0123456789");
	flip(&original, RECORDS, (size_t)(previous - original.lines[RECORDS].data), 1);
	report = verify(&original);
	assert_named(&report, RECORDS - 1, RECORDS - 1);
	assert_non_null(strstr(report.findings[0].message, "or was changed itself"));
	audit_report_free(&report);
}

/* ---- lines in other places -------------------------------------------------------------- */

/* Writes the trail with these records, each in the file of its place. */
static void rewrite(const struct original *original, const int64_t *numbers)
{
	restore(original);
	for (size_t file = 0; file < original->file_count; file++) {
		TEXT_CLEANUP struct text text = {0};

		for (int64_t place = 1; place <= RECORDS; place++) {
			if (original->lines[place].file == file && numbers[place])
				text_append(&text, original->lines[numbers[place]].data,
					    original->lines[numbers[place]].size);
		}
		scratch_write(original->files[file].path, text_string(&text), text.size);
	}
}

static void in_order(int64_t numbers[RECORDS + 1])
{
	for (int64_t i = 0; i <= RECORDS; i++)
		numbers[i] = i;
}

static void each_removed_record_is_named_at_the_line_behind_it(void **state)
{
	static const char *const keys[] = {NULL, KEY};

	for (size_t k = 0; k < COUNT_OF(keys); k++) {
		struct original original = make_trail(*state, keys[k]);

		for (int64_t number = 1; number < RECORDS; number++) {
			int64_t numbers[RECORDS + 1];
			struct audit_report report;

			in_order(numbers);
			numbers[number] = 0;
			rewrite(&original, numbers);
			report = verify(&original);
			assert_named(&report, number, number);
			assert_int_equal(report.findings[0].problem, AUDIT_PROBLEM_MISSING);
			if (original.lines[number].file == original.lines[number + 1].file)
				assert_at(&original, &report.findings[0], number);
			else
				assert_at(&original, &report.findings[0], number + 1);
			audit_report_free(&report);
		}
		scratch_empty(((struct scratch *)*state)->folder);
	}
}

static void each_swapped_pair_is_named(void **state)
{
	struct original original = make_trail(*state, NULL);

	for (int64_t i = 1; i < RECORDS; i++) {
		for (int64_t j = i + 1; j <= RECORDS; j++) {
			int64_t numbers[RECORDS + 1];
			struct audit_report report;

			in_order(numbers);
			numbers[i] = j;
			numbers[j] = i;
			rewrite(&original, numbers);
			report = verify(&original);
			/* Of two neighbours moving one explains all. */
			if (j == i + 1) {
				assert_named(&report, j, j);
				assert_at(&original, &report.findings[0], i);
			} else {
				assert_int_equal(report.finding_total, 2);
				assert_at(&original, finding_of(&report, j), i);
				assert_at(&original, finding_of(&report, i), j);
			}
			for (size_t f = 0; f < report.finding_count; f++)
				assert_int_equal(report.findings[f].problem, AUDIT_PROBLEM_MOVED);
			audit_report_free(&report);
		}
	}
}

static void a_record_that_stands_there_twice_is_named(void **state)
{
	struct original original = make_trail(*state, NULL);

	for (int64_t number = 1; number < RECORDS; number++) {
		TEXT_CLEANUP struct text text = {0};
		struct audit_report report;
		size_t last = original.file_count - 1;

		text_append(&text, original.files[last].data, original.files[last].size);
		text_append(&text, original.lines[number].data, original.lines[number].size);
		scratch_write(original.files[last].path, text.data, text.size);
		report = verify(&original);
		assert_named(&report, number, number);
		assert_int_equal(report.findings[0].problem, AUDIT_PROBLEM_ADDED);
		assert_int_equal(report.findings[0].line, original.lines[RECORDS].line + 1);
		audit_report_free(&report);
	}
}

static void a_removed_record_and_a_flipped_one_behind_it_are_both_named(void **state)
{
	struct original original = make_trail(*state, NULL);
	struct audit_report report;
	int64_t numbers[RECORDS + 1];
	char *line = mem_copy(original.lines[3].data, original.lines[3].size);

	strstr(line, "ada")[0] = 'b';
	original.lines[3].data = line;
	in_order(numbers);
	numbers[2] = 0;
	rewrite(&original, numbers);
	report = verify(&original);
	assert_named(&report, 2, 3);
	assert_int_equal(finding_of(&report, 2)->problem, AUDIT_PROBLEM_MISSING);
	assert_int_equal(finding_of(&report, 3)->problem, AUDIT_PROBLEM_CHANGED);
	audit_report_free(&report);
	mem_free(line);
}

static void a_removed_file_is_named_record_by_record(void **state)
{
	struct original original = make_trail(*state, NULL);

	for (size_t file = 0; file + 1 < original.file_count; file++) {
		struct audit_report report;
		int64_t first = 0;
		int64_t last = 0;

		for (int64_t number = RECORDS; number > 0; number--) {
			if (original.lines[number].file == file) {
				first = number;
				last = last ? last : number;
			}
		}
		assert_int_equal(unlink(original.files[file].path), 0);
		report = verify(&original);
		assert_named(&report, first, last);
		assert_int_equal(report.finding_total, 1);
		assert_at(&original, &report.findings[0], last + 1);
		audit_report_free(&report);
		restore(&original);
	}
}

/* ---- cuts ---------------------------------------------------------------------------------- */

static void a_file_that_is_cut_in_a_line_names_the_record(void **state)
{
	struct original original = make_trail(*state, NULL);

	for (size_t file = 0; file < original.file_count; file++) {
		int64_t number = RECORDS;
		size_t start;

		while (original.lines[number].file != file)
			number--;
		start = (size_t)(original.lines[number].data - original.files[file].data);
		for (size_t cut = start + 1; cut < original.files[file].size; cut++) {
			struct audit_report report;
			/* A record that lacks its newline alone, and is not the last, is whole. */
			bool whole = cut == original.files[file].size - 1;

			scratch_write(original.files[file].path, original.files[file].data, cut);
			report = verify(&original);
			if (whole && number < RECORDS) {
				assert_int_equal(report.finding_total, 0);
			} else {
				assert_named(&report, number, number);
				assert_at(&original, &report.findings[0], number);
			}
			audit_report_free(&report);
		}
		restore(&original);
	}
}

static void what_was_cut_off_shows_by_the_heads_that_databases_have_seen(void **state)
{
	struct original original = make_trail(*state, NULL);
	struct audit_head heads[RECORDS];
	struct audit_report report;
	struct error error = {0};
	int64_t numbers[RECORDS + 1];

	for (int i = 0; i < RECORDS; i++) {
		heads[i].seen = arena_printf(&((struct scratch *)*state)->arena, "event %d", i + 1);
		hash_bytes(original.lines[i + 1].data, original.lines[i + 1].size, heads[i].hash);
	}
	assert_int_equal(audit_verify(NULL, &original.audit, heads, RECORDS, &report, &error),
			 STATUS_OK);
	assert_int_equal(report.finding_total, 0);
	audit_report_free(&report);
	in_order(numbers);
	numbers[RECORDS] = numbers[RECORDS - 1] = 0;
	rewrite(&original, numbers);
	assert_int_equal(audit_verify(NULL, &original.audit, heads, RECORDS, &report, &error),
			 STATUS_OK);
	assert_int_equal(report.finding_total, 2);
	/* In order of the hashes, which depend on the moment. */
	bool swapped = text_starts(report.findings[0].message, "event 12 ");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(report.findings[i].problem, AUDIT_PROBLEM_HEAD_LOST);
		assert_true(text_starts(report.findings[i].message,
					(i == 1) != swapped ? "event 12 " : "event 11 "));
	}
	audit_report_free(&report);
}

#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_SCRATCH(a_whole_trail_has_no_findings),
		IN_SCRATCH(each_flipped_byte_names_its_record),
		IN_SCRATCH(with_the_key_each_flipped_byte_names_its_record_to_the_last),
		IN_SCRATCH(without_a_key_only_the_last_record_has_no_witness),
		IN_SCRATCH(each_removed_record_is_named_at_the_line_behind_it),
		IN_SCRATCH(each_swapped_pair_is_named),
		IN_SCRATCH(a_record_that_stands_there_twice_is_named),
		IN_SCRATCH(a_removed_record_and_a_flipped_one_behind_it_are_both_named),
		IN_SCRATCH(a_removed_file_is_named_record_by_record),
		IN_SCRATCH(a_file_that_is_cut_in_a_line_names_the_record),
		IN_SCRATCH(what_was_cut_off_shows_by_the_heads_that_databases_have_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
