/* The .env reader: what it passes on, and what it refuses with which line. */
#define FILE_NAME "/p/.env"
#include "reading.h"

static enum status take_pair(void *context, const char *name, const char *found, int64_t line,
			     struct error *error UNUSED)
{
	text_printf(context, "%s=<%s>@%lld\n", name, found, (long long)line);
	return STATUS_OK;
}

static enum status parse(const char *data, size_t size, struct text *text, struct error *error)
{
	struct dotenv_handler handler = {text, take_pair};

	return dotenv_parse_text(FILE_NAME, data, size, &handler, error);
}

static void pairs_arrive_in_order_with_their_lines(void **state UNUSED)
{
	reads_as("A=b\n\n# c\n_D1 = e f\n  G=h", "A=<b>@1\n_D1=<e f>@4\nG=<h>@5\n");
}

static void export_is_passed_over_and_may_be_a_name(void **state UNUSED)
{
	reads_as("export A=b\nexport\tC=d\nexport=e\nexported=f\n",
		 "A=<b>@1\nC=<d>@2\nexport=<e>@3\nexported=<f>@4\n");
	reads_as("export = g\n", "export=<g>@1\n");
}

static void quotes_protect_and_are_removed(void **state UNUSED)
{
	reads_as("A=\" b # c \"\nD='e \" f'\nG=\"\" # h\n", "A=< b # c >@1\nD=<e \" f>@2\nG=<>@3\n");
}

static void nothing_is_expanded(void **state UNUSED)
{
	reads_as("A=$B ${C} \\n\nD=\"$E \\t\"\n", "A=<$B ${C} \\n>@1\nD=<$E \\t>@2\n");
}

static void a_comment_needs_a_blank_before_it(void **state UNUSED)
{
	reads_as("A=b#c\nD=e #f\nG=#h\nI= #j\nK=\n", "A=<b#c>@1\nD=<e>@2\nG=<#h>@3\nI=<>@4\nK=<>@5\n");
}

static void dos_line_ends_and_a_byte_order_mark_are_read(void **state UNUSED)
{
	reads_as("\xef\xbb\xbf"
		 "A=b\r\nC=\"d\"\r\n",
		 "A=<b>@1\nC=<d>@2\n");
}

static void bad_lines_are_refused_with_their_number(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t line;
		const char *word;
	} cases[] = {
		{"A=1\nB=2\nA=3\n", 3, "A stands twice; the first is in line 1"},
		{"A\n", 1, "not NAME=VALUE"},
		{"A=1\nexport\n", 2, "not NAME=VALUE"},
		{"export B\n", 1, "not NAME=VALUE"},
		{"1A=b\n", 1, "not NAME=VALUE"},
		{"A-B=c\n", 1, "not NAME=VALUE"},
		{"=c\n", 1, "not NAME=VALUE"},
		{"A b=c\n", 1, "not NAME=VALUE"},
		{"A=\"b\n", 1, "closing \""},
		{"A='b\n", 1, "closing '"},
		{"A=\"b\"c\n", 1, "something follows"},
		{"A=b\x07\n", 1, "control character"},
		{"A=1\nB=\xc3\x28\n", 2, "not UTF-8"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refuses(cases[i].text, cases[i].line, cases[i].word);
	refuses_bytes("A=b\0c\n", 6, 1, "zero byte");
}

static void a_bad_line_is_not_shown(void **state UNUSED)
{
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};
	const char input[] = "hunter2 hunter2\n";

	assert_int_equal(parse(input, strlen(input), &text, &error), STATUS_CONFIG);
	assert_null(strstr(error.message, "hunter2"));
}

static void values_up_to_64_kib_arrive_whole_and_longer_ones_are_refused(void **state UNUSED)
{
	TEXT_CLEANUP struct text input = {0};
	TEXT_CLEANUP struct text expected = {0};

	text_add(&input, "A=");
	text_add(&expected, "A=<");
	for (size_t i = 0; i < INI_LINE_CAP; i++) {
		text_add_char(&input, (char)('a' + i % 26));
		text_add_char(&expected, (char)('a' + i % 26));
	}
	text_add(&expected, ">@1\n");
	reads_as(text_string(&input), text_string(&expected));
	text_add(&input, "v");
	refuses(text_string(&input), 1, "65537 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_arrive_in_order_with_their_lines),
		cmocka_unit_test(export_is_passed_over_and_may_be_a_name),
		cmocka_unit_test(quotes_protect_and_are_removed),
		cmocka_unit_test(nothing_is_expanded),
		cmocka_unit_test(a_comment_needs_a_blank_before_it),
		cmocka_unit_test(dos_line_ends_and_a_byte_order_mark_are_read),
		cmocka_unit_test(bad_lines_are_refused_with_their_number),
		cmocka_unit_test(a_bad_line_is_not_shown),
		cmocka_unit_test(values_up_to_64_kib_arrive_whole_and_longer_ones_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
