/* test_lexer.c - SQL text as tokens. */
#include "sqlkit/lexer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct sqlkit_lexer plain = {.quotes = "'\""};
static const struct sqlkit_lexer rich = {.quotes = "'\"`", .brackets = true, .nested_comments = true};

/* The kinds of all tokens, one letter each. */
static const char *kinds(const struct sqlkit_lexer *lexer, const char *text)
{
	static char letters[128];
	static const char names[] = "$_cwq;oQC"; /* in the order of enum sqlkit_token_kind */
	size_t count = 0;
	uint64_t offset = 0;
	uint64_t size = strlen(text);
	for (;;) {
		struct sqlkit_token token = sqlkit_lexer_next(lexer, text, size, offset);
		letters[count++] = names[token.kind];
		letters[count] = '\0';
		if (token.kind == SQLKIT_TOKEN_END)
			return letters;
		assert_true(token.start == offset && token.size > 0 && offset + token.size <= size);
		offset += token.size;
	}
}

static void text_is_blanks_comments_words_quotes_and_the_rest(void **state)
{
	(void)state;
	assert_string_equal(kinds(&plain, ""), "$");
	assert_string_equal(kinds(&plain, "SELECT a1_$,'x'\t;\n"), "w_woq_;_$");
	assert_string_equal(kinds(&plain, "a-b - -c"), "wow_o_ow$");
	assert_string_equal(kinds(&plain, "-- c\nx--"), "c_wc$");
	assert_string_equal(kinds(&plain, "/* ; */x/**/"), "cwc$");
	assert_string_equal(kinds(&plain, "\xc3\xa9t\xc3\xa9 \x0b"), "w_o$");
	assert_string_equal(kinds(&plain, "1.5e3"), "wow$");
	assert_string_equal(kinds(&plain, "/ * -"), "o_o_o$");
}

static void quotes_are_the_dialects(void **state)
{
	(void)state;
	assert_string_equal(kinds(&plain, "`a;b` [c;d]"), "ow;wo_ow;wo$");
	assert_string_equal(kinds(&rich, "`a;b` [c;d]"), "q_q$");
	assert_string_equal(kinds(&rich, "'it''s;'"), "qq$");
	assert_string_equal(kinds(&rich, "[a]]"), "qo$");
}

static void comments_nest_where_the_dialect_says_so(void **state)
{
	(void)state;
	assert_string_equal(kinds(&plain, "/* /* */x*/"), "cwoo$");
	assert_string_equal(kinds(&rich, "/* /* */x*/"), "c$");
	assert_string_equal(kinds(&rich, "/*/**/*/x"), "cw$");
	assert_string_equal(kinds(&rich, "/* /* */"), "C$");
	assert_string_equal(kinds(&plain, "/*/ x"), "C$");
}

static void what_is_not_closed_reaches_to_the_end(void **state)
{
	(void)state;
	assert_string_equal(kinds(&rich, "a 'b;"), "w_Q$");
	assert_string_equal(kinds(&rich, "a [b;"), "w_Q$");
	assert_string_equal(kinds(&rich, "a /* b;"), "w_C$");
	assert_string_equal(kinds(&rich, "'"), "Q$");
	assert_string_equal(kinds(&rich, "/*"), "C$");
}

static void a_token_is_not_read_behind_the_texts_size(void **state)
{
	(void)state;
	struct sqlkit_token token = sqlkit_lexer_next(&rich, "abcdef", 3, 0);
	assert_int_equal(token.size, 3);
	assert_int_equal(sqlkit_lexer_next(&rich, "'a'", 2, 0).kind, SQLKIT_TOKEN_OPEN_QUOTE);
	assert_int_equal(sqlkit_lexer_next(&rich, "--x", 1, 0).kind, SQLKIT_TOKEN_OTHER);
	assert_int_equal(sqlkit_lexer_next(&rich, "/*/", 1, 0).kind, SQLKIT_TOKEN_OTHER);
	assert_int_equal(sqlkit_lexer_next(&rich, "x", 1, 7).kind, SQLKIT_TOKEN_END);
}

static void skipping_finds_the_next_real_token(void **state)
{
	(void)state;
	static const char text[] = " -- a\n /* b */ c";
	struct sqlkit_token token = sqlkit_lexer_skip(&plain, text, sizeof(text) - 1, 0);
	assert_int_equal(token.start, 15);
	assert_true(sqlkit_token_is(&token, text, "C", 1));
	assert_int_equal(sqlkit_lexer_skip(&plain, text, 14, 0).kind, SQLKIT_TOKEN_END);
}

static void words_compare_without_case_and_quoted_names_by_their_inside(void **state)
{
	(void)state;
	static const char text[] = "BeGin \"begin\"";
	struct sqlkit_token word = sqlkit_lexer_next(&plain, text, sizeof(text) - 1, 0);
	struct sqlkit_token quoted = sqlkit_lexer_next(&plain, text, sizeof(text) - 1, 6);
	assert_true(sqlkit_token_is(&word, text, "BEGIN", 5));
	assert_false(sqlkit_token_is(&word, text, "BEGI", 4));
	assert_false(sqlkit_token_is(&word, text, "BEGIM", 5));
	assert_true(sqlkit_token_is(&quoted, text, "BEGIN", 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_blanks_comments_words_quotes_and_the_rest),
		cmocka_unit_test(quotes_are_the_dialects),
		cmocka_unit_test(comments_nest_where_the_dialect_says_so),
		cmocka_unit_test(what_is_not_closed_reaches_to_the_end),
		cmocka_unit_test(a_token_is_not_read_behind_the_texts_size),
		cmocka_unit_test(skipping_finds_the_next_real_token),
		cmocka_unit_test(words_compare_without_case_and_quoted_names_by_their_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
