/* The INI reader: what it passes on, and what it refuses with which line. */
#define FILE_NAME "x.ini"
#include "reading.h"

static enum status take_section(void *context, const char *section, int64_t line,
				struct error *error UNUSED)
{
	text_printf(context, "[%s]@%lld\n", section, (long long)line);
	return STATUS_OK;
}

static enum status take_key(void *context, const char *section, const char *key, const char *found,
			    int64_t line, struct error *error UNUSED)
{
	text_printf(context, "%s.%s=<%s>@%lld\n", section, key, found, (long long)line);
	return STATUS_OK;
}

static enum status parse(const char *data, size_t size, struct text *text, struct error *error)
{
	struct ini_handler handler = {text, take_section, take_key};

	return ini_parse_text(FILE_NAME, data, size, &handler, error);
}

static void sections_and_keys_arrive_in_order_with_their_lines(void **state UNUSED)
{
	reads_as("[a]\nb = c\n\n[d:e]\nf=g\n", "[a]@1\na.b=<c>@2\n[d:e]@4\nd:e.f=<g>@5\n");
}

static void an_empty_section_is_reported(void **state UNUSED)
{
	reads_as("[a]\n[b]\nc=d\n[e]\n[f]\n", "[a]@1\n[b]@2\nb.c=<d>@3\n[e]@4\n[f]@5\n");
}

static void a_text_without_anything_is_fine(void **state UNUSED)
{
	reads_as("", "");
	reads_as("\n  \n\t\n; only\n  # comments\n", "");
}

static void an_empty_value_is_a_value(void **state UNUSED)
{
	reads_as("[a]\nb =\nc = \nd = \"\"\n", "[a]@1\na.b=<>@2\na.c=<>@3\na.d=<>@4\n");
}

static void inner_blanks_of_a_value_stay(void **state UNUSED)
{
	reads_as("[a]\nb =  c  d\te  \n", "[a]@1\na.b=<c  d\te>@2\n");
}

static void a_value_may_hold_equals_and_colons(void **state UNUSED)
{
	reads_as("[a]\nb = postgres://u@h:1/d?x=y\n", "[a]@1\na.b=<postgres://u@h:1/d?x=y>@2\n");
}

static void a_comment_begins_at_the_line_or_behind_a_blank(void **state UNUSED)
{
	reads_as("[a] ; x\nb = c ; d\ne = f\t# g\n;h = i\n#j = k\n", "[a]@1\na.b=<c>@2\na.e=<f>@3\n");
}

static void without_a_blank_before_it_there_is_no_comment(void **state UNUSED)
{
	reads_as("[a]\nb = c;d\ne = f#g\nh =;i\nj =#k\n",
		 "[a]@1\na.b=<c;d>@2\na.e=<f#g>@3\na.h=<;i>@4\na.j=<#k>@5\n");
}

static void a_value_that_is_only_a_comment_is_empty(void **state UNUSED)
{
	reads_as("[a]\nb = ; c\nd = # e\n", "[a]@1\na.b=<>@2\na.d=<>@3\n");
}

static void quotes_protect_blanks_and_comment_signs_and_are_removed(void **state UNUSED)
{
	reads_as("[a]\nb = \" c ; d # e \" ; f\ng = 'h \" i'\n",
		 "[a]@1\na.b=< c ; d # e >@2\na.g=<h \" i>@3\n");
}

static void quotes_inside_a_value_are_letters(void **state UNUSED)
{
	reads_as("[a]\nb = it's ; c\nd = e \"f\" g\n", "[a]@1\na.b=<it's>@2\na.d=<e \"f\" g>@3\n");
}

static void the_strings_of_a_json_array_protect_comment_signs(void **state UNUSED)
{
	reads_as("[a]\nb = [\"c ; d\", \"e \\\" # f\"] ; g\n",
		 "[a]@1\na.b=<[\"c ; d\", \"e \\\" # f\"]>@2\n");
}

static void dos_line_ends_and_a_byte_order_mark_are_read(void **state UNUSED)
{
	reads_as("\xef\xbb\xbf[a]\r\nb = c\r\n\r\n", "[a]@1\na.b=<c>@2\n");
}

static void the_last_line_needs_no_end(void **state UNUSED)
{
	reads_as("[a]\nb=c", "[a]@1\na.b=<c>@2\n");
}

static void a_value_that_looks_like_our_index_arrives_as_written(void **state UNUSED)
{
	reads_as("[a]\nb =#1\nc = \"#0\"\n", "[a]@1\na.b=<#1>@2\na.c=<#0>@3\n");
}

static void one_key_may_stand_in_several_sections(void **state UNUSED)
{
	reads_as("[a]\nb=1\n[c]\nb=2\n", "[a]@1\na.b=<1>@2\n[c]@3\nc.b=<2>@4\n");
}

static void values_of_every_length_up_to_64_kib_arrive_whole(void **state UNUSED)
{
	static const size_t sizes[] = {1, 49, 50, 190, 199, 200, 201, 400, 4096, 65535, 65536};

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		TEXT_CLEANUP struct text input = {0};
		TEXT_CLEANUP struct text expected = {0};
		TEXT_CLEANUP struct text long_value = {0};

		for (size_t j = 0; j < sizes[i]; j++)
			text_add_char(&long_value, (char)('a' + j % 26));
		text_printf(&input, "[a]\nb = %s\nc = d\ne = \"%s\" ; f\n", text_string(&long_value),
			    text_string(&long_value));
		text_printf(&expected, "[a]@1\na.b=<%s>@2\na.c=<d>@3\na.e=<%s>@4\n",
			    text_string(&long_value), text_string(&long_value));
		reads_as(text_string(&input), text_string(&expected));
	}
}

static void a_value_above_64_kib_is_refused_with_its_line(void **state UNUSED)
{
	TEXT_CLEANUP struct text input = {0};

	text_add(&input, "[a]\nx = y\nb = ");
	for (size_t i = 0; i <= INI_LINE_CAP; i++)
		text_add_char(&input, 'v');
	refuses(text_string(&input), 3, "65537 bytes");
	text_add(&input, "\nc = d\n");
	refuses(text_string(&input), 3, "64 KiB");
}

static void a_comment_above_64_kib_is_refused_with_its_line(void **state UNUSED)
{
	TEXT_CLEANUP struct text input = {0};

	text_add(&input, "[a]\n;");
	for (size_t i = 0; i < INI_LINE_CAP; i++)
		text_add_char(&input, 'v');
	refuses(text_string(&input), 2, "65537 bytes");
}

static void names_of_49_bytes_are_whole_and_longer_ones_refused(void **state UNUSED)
{
	const char name[] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
	char text[256];
	char expected[256];

	assert_int_equal(strlen(name), 49);
	snprintf(text, sizeof(text), "[%s]\n%s = v\n", name, name);
	snprintf(expected, sizeof(expected), "[%s]@1\n%s.%s=<v>@2\n", name, name, name);
	reads_as(text, expected);
	snprintf(text, sizeof(text), "[n%s]\n", name);
	refuses(text, 1, "50 bytes");
	snprintf(text, sizeof(text), "[a]\nn%s = v\n", name);
	refuses(text, 2, "50 bytes");
}

static void bad_lines_are_refused_with_their_number(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t line;
		const char *word;
	} cases[] = {
		{"[a]\nb = c\nb = d\n", 3, "\"b\" stands twice in [a]; the first is in line 2"},
		{"[a]\nb=1\nc=2\nd=3\nc=4\nb=5\n", 5, "\"c\" stands twice"},
		{"[a]\nb=1\nb=2\nb=3\n", 3, "the first is in line 2"},
		{"[a]\nb = c\n[d]\n[a]\n", 4, "[a] stands twice; the first is in line 1"},
		{"[a]\nb = c\n  d = e\n", 3, "begins with a blank"},
		{"[a]\nb = c\n\tcontinued\n", 3, "begins with a blank"},
		{" [a]\n", 1, "begins with a blank"},
		{"\nb = c\n", 2, "\"b\" stands before the first [section]"},
		{"[]\n", 1, "section without a name"},
		{"[a\n", 1, "no closing ]"},
		{"[a] b\n", 1, "something follows"},
		{"[a]b = c\n", 1, "something follows"},
		{"[a];c\n", 1, "something follows"},
		{"[a b]\n", 1, "cannot be the name of a section"},
		{"[a]\nb\n", 2, "\"b\" has no ="},
		{"[a]\nSome Words: x\n", 2, "no section, comment or"},
		{"[a]\n= c\n", 2, "key without a name"},
		{"[a]\nb c = d\n", 2, "cannot be the name of a key"},
		{"[a]\nb:c = d\n", 2, "cannot be the name of a key"},
		{"[a]\nb ; c = d\n", 2, "cannot be the name of a key"},
		{"[a]\nb = \"c\n", 2, "closing \""},
		{"[a]\nb = 'c\n", 2, "closing '"},
		{"[a]\nb = \"c\" d\n", 2, "something follows"},
		{"[a]\nb = \"c\"; d\n", 2, "something follows"},
		{"[a]\nb = c\x1b\n", 2, "control character"},
		{"[a]\nb = c\rd\n", 2, "control character"},
		{"[a]\nb = \xff\n", 2, "not UTF-8 (byte 5)"},
		{"[a]\n; \xe4\n", 2, "not UTF-8"},
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		refuses(cases[i].text, cases[i].line, cases[i].word);
	refuses_bytes("[a]\nb = c\0d\n", 12, 2, "zero byte");
}

static void a_line_that_may_hold_a_secret_is_not_shown(void **state UNUSED)
{
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};
	const char input[] = "[a]\nS3cret-Words!\n";

	assert_int_equal(parse(input, strlen(input), &text, &error), STATUS_CONFIG);
	assert_null(strstr(error.message, "S3cret"));
}

static enum status refuse_second(void *context, const char *section UNUSED, const char *key,
				 const char *found UNUSED, int64_t line, struct error *error)
{
	text_printf(context, "%s;", key);
	if (strcmp(key, "second") == 0)
		return error_set(error, STATUS_CONFIG, "no (line %lld)", (long long)line);
	return STATUS_OK;
}

static void the_handlers_no_stops_at_once(void **state UNUSED)
{
	TEXT_CLEANUP struct text text = {0};
	ERROR_CLEANUP struct error error = {0};
	struct ini_handler handler = {&text, NULL, refuse_second};
	const char input[] = "[a]\nfirst = 1\nsecond = 2\nthird = 3\n";

	assert_int_equal(ini_parse_text("x.ini", input, strlen(input), &handler, &error),
			 STATUS_CONFIG);
	assert_string_equal(error.message, "no (line 3)");
	assert_string_equal(text_string(&text), "first;second;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections_and_keys_arrive_in_order_with_their_lines),
		cmocka_unit_test(an_empty_section_is_reported),
		cmocka_unit_test(a_text_without_anything_is_fine),
		cmocka_unit_test(an_empty_value_is_a_value),
		cmocka_unit_test(inner_blanks_of_a_value_stay),
		cmocka_unit_test(a_value_may_hold_equals_and_colons),
		cmocka_unit_test(a_comment_begins_at_the_line_or_behind_a_blank),
		cmocka_unit_test(without_a_blank_before_it_there_is_no_comment),
		cmocka_unit_test(a_value_that_is_only_a_comment_is_empty),
		cmocka_unit_test(quotes_protect_blanks_and_comment_signs_and_are_removed),
		cmocka_unit_test(quotes_inside_a_value_are_letters),
		cmocka_unit_test(the_strings_of_a_json_array_protect_comment_signs),
		cmocka_unit_test(dos_line_ends_and_a_byte_order_mark_are_read),
		cmocka_unit_test(the_last_line_needs_no_end),
		cmocka_unit_test(a_value_that_looks_like_our_index_arrives_as_written),
		cmocka_unit_test(one_key_may_stand_in_several_sections),
		cmocka_unit_test(values_of_every_length_up_to_64_kib_arrive_whole),
		cmocka_unit_test(a_value_above_64_kib_is_refused_with_its_line),
		cmocka_unit_test(a_comment_above_64_kib_is_refused_with_its_line),
		cmocka_unit_test(names_of_49_bytes_are_whole_and_longer_ones_refused),
		cmocka_unit_test(bad_lines_are_refused_with_their_number),
		cmocka_unit_test(a_line_that_may_hold_a_secret_is_not_shown),
		cmocka_unit_test(the_handlers_no_stops_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
