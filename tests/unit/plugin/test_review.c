/* test_review.c - elq.review of an open database: what the driver finds arrives as plain
 * text, and what cannot be understood never passes for nothing. */
#include "stage.h"

struct found {
	struct review_finding last; /* its strings are not used */
	char rule[64];
	char object[64];
	char message[64];
	size_t count;
};

static void keep(void *context, const struct review_finding *finding)
{
	struct found *found = context;
	found->last = *finding;
	found->count++;
	snprintf(found->rule, sizeof(found->rule), "%s", finding->rule);
	snprintf(found->object, sizeof(found->object), "%s", finding->object ? finding->object : "-");
	snprintf(found->message, sizeof(found->message), "%s", finding->message);
}

static struct review_session *begin(struct stage *stage)
{
	struct review_session *session = NULL;
	assert_int_equal(database_review_begin(stage->database, &session, &stage->scene.error),
			 STATUS_OK);
	return session;
}

static enum status feed(struct stage *stage, struct review_session *session, const char *text,
			struct found *found)
{
	error_clear(&stage->scene.error);
	return database_review_feed(session, text, strlen(text), keep, found, &stage->scene.error);
}

static void findings_arrive_with_the_number_of_their_statement(void **state)
{
	(void)state;
	struct stage stage;
	struct found found = {.count = 0};
	stage_play(&stage, "");
	struct review_session *session = begin(&stage);
	assert_int_equal(feed(&stage, session, "nothing", &found), STATUS_OK);
	assert_int_equal(found.count, 0);
	assert_int_equal(feed(&stage, session, "find 1 drop_table users", &found), STATUS_OK);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.last.severity, ELQ_FINDING_DESTROYS);
	assert_int_equal(found.last.statement, 1);
	assert_string_equal(found.rule, "drop_table");
	assert_string_equal(found.object, "users");
	assert_string_equal(found.message, "the puppet found something");
	assert_int_equal(feed(&stage, session, "find 2 dark -", &found), STATUS_OK);
	assert_int_equal(found.last.severity, ELQ_FINDING_OPAQUE);
	assert_null(found.last.object);
	database_review_end(session);
	stage_close(&stage);
}

static void a_finding_that_cannot_be_understood_is_a_broken_contract(void **state)
{
	(void)state;
	static const char *const wrong[] = {"find 0 rule x",    "find 4 rule x", "find 1 Rule x",
					    "find 1 drop-it x", "find_beyond",   "find_mute"};
	struct stage stage;
	struct found found = {.count = 0};
	stage_play(&stage, "");
	struct review_session *session = begin(&stage);
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(feed(&stage, session, wrong[i], &found), STATUS_INTERNAL);
		assert_non_null(strstr(stage.scene.error.message, "review.feed"));
	}
	assert_int_equal(found.count, 0);
	database_review_end(session);
	stage_close(&stage);
}

static void the_options_of_a_unit_arrive_converted(void **state)
{
	(void)state;
	static const struct setting options[] = {{.key = "foreign_keys", .value = "ON"}};
	static const struct setting unknown[] = {{.key = "sideways", .value = "ON"}};
	struct stage stage;
	stage_play(&stage, "");
	struct review_session *session = begin(&stage);
	assert_int_equal(
		database_review_unit(session, ELQ_BEGIN_MIGRATION, options, 1, &stage.scene.error),
		STATUS_OK);
	assert_int_equal(stage_run(&stage, "options"), STATUS_STATEMENT_FAILED);
	assert_string_equal(stage.scene.error.message, "foreign_keys=yes");
	error_clear(&stage.scene.error);
	assert_int_equal(
		database_review_unit(session, ELQ_BEGIN_MIGRATION, unknown, 1, &stage.scene.error),
		STATUS_MALFORMED);
	database_review_end(session);
	stage_close(&stage);
}

static void a_review_that_fails_says_why(void **state)
{
	(void)state;
	struct stage stage;
	struct found found = {.count = 0};
	struct review_session *session = NULL;
	stage_play(&stage, "review_fails");
	assert_int_equal(database_review_begin(stage.database, &session, &stage.scene.error),
			 STATUS_STATEMENT_FAILED);
	assert_null(session);
	stage_close(&stage);
	stage_play(&stage, "review_null");
	assert_int_equal(database_review_begin(stage.database, &session, &stage.scene.error),
			 STATUS_INTERNAL);
	stage_close(&stage);
	stage_play(&stage, "");
	session = begin(&stage);
	assert_int_equal(feed(&stage, session, "fail", &found), STATUS_STATEMENT_FAILED);
	assert_string_equal(stage.scene.error.message, "cannot judge");
	database_review_end(session);
	database_review_end(NULL);
	stage_close(&stage);
}

static void a_connection_without_the_extension_says_so_beforehand(void **state)
{
	(void)state;
	struct stage stage;
	struct review_session *session = NULL;
	stage_play(&stage, "no_review");
	assert_false(database_can_review(stage.database));
	assert_int_equal(database_review_begin(stage.database, &session, &stage.scene.error),
			 STATUS_UNSUPPORTED);
	assert_non_null(strstr(stage.scene.error.message, ELQ_EXT_REVIEW));
	stage_close(&stage);
	stage_play(&stage, "");
	assert_true(database_can_review(stage.database));
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_arrive_with_the_number_of_their_statement),
		cmocka_unit_test(a_finding_that_cannot_be_understood_is_a_broken_contract),
		cmocka_unit_test(the_options_of_a_unit_arrive_converted),
		cmocka_unit_test(a_review_that_fails_says_why),
		cmocka_unit_test(a_connection_without_the_extension_says_so_beforehand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
