/* test_properties.c - what holds of guard_decide whatever the rules are: unknown
 * never permits more than known, nothing but the arguments counts, and a verdict
 * says one thing. The rules themselves are test_matrix.c's. */
#include "space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define UNKNOWN_REASONS                                                                                \
	(GUARD_REASON_UNKNOWN_PRODUCTION | GUARD_REASON_UNKNOWN_STAMP | GUARD_REASON_UNKNOWN_ROWS |    \
	 GUARD_REASON_UNKNOWN_BACKUP | GUARD_REASON_UNKNOWN_POLICY | GUARD_REASON_UNKNOWN_LOOSENS |    \
	 GUARD_REASON_UNKNOWN_ROLE | GUARD_REASON_UNKNOWN_CONTENT)

/* Every fact that may count for a class; test_matrix.c shows that the others do not. */
#define AT(name) (1u << AT_##name)
#define PLACE (AT(production) | AT(stamped) | AT(stamp_production))
#define CONTRACT (AT(allow_destructive) | AT(force) | AT(yes))
#define CONTENT (AT(content_destroys) | AT(content_undeclared) | AT(content_allowed))
#define ALL_FACTS ((1u << FACT_COUNT) - 1)
static const uint32_t counts_for[CLASS_COUNT] = {
	[GUARD_SAFE] = PLACE,
	[GUARD_WRITES] = PLACE | CONTRACT | CONTENT | AT(role_wrong) | AT(holds_rows) |
			 AT(backup_fresh) | AT(require_backup) | AT(forbid),
	[GUARD_DESTRUCTIVE] = ALL_FACTS & ~(AT(loosens) | CONTENT),
	[GUARD_RECOVERY] = PLACE | CONTRACT | AT(terminal) | AT(twin) | AT(role_wrong) |
			   AT(holds_rows) | AT(typed_destroy) | AT(typed_name),
	[GUARD_GENERATOR] = AT(production) | CONTRACT,
	[GUARD_STAMP] = PLACE | CONTRACT | AT(terminal) | AT(loosens) | AT(typed_name),
};

/* Calls `rule` in every combination; false from it fails the test with the
 * combination. */
typedef bool rule_on(const struct guard_command *command, struct guard_facts facts,
		     struct guard_verdict verdict);

static void holds_everywhere(rule_on *rule)
{
	for (int row = 0; row < 4 * CLASS_COUNT; row++) {
		struct guard_command command = {(enum guard_class)(row / 4), (row & 1) != 0,
						(row & 2) != 0};
		struct guard_facts facts;
		if (command.class_ == GUARD_DESTRUCTIVE && command.changes_schema)
			continue; /* it changes the schema whatever the row says */
		if (command.class_ == GUARD_WRITES && command.confirms)
			continue; /* it never does */
		space_first(&facts);
		do {
			struct guard_verdict verdict = guard_decide(&command, &facts);
			if (rule(&command, facts, verdict))
				continue;
			space_print(&command, facts);
			space_print_verdict("guard_decide", &verdict);
			fail();
		} while (space_next(&facts, counts_for[command.class_]));
	}
}

/* ---- unknown ------------------------------------------------------------------ */

static bool is_found(unsigned at)
{
	return !fact_is_given(at) && !fact_is_answer(at);
}

static bool learnt_changes_nothing(const struct guard_command *command, struct guard_facts facts,
				   struct guard_verdict verdict)
{
	if (verdict.decision != GUARD_ALLOW && verdict.decision != GUARD_ASK)
		return true;
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		enum fact *fact = fact_at(&facts, i);
		if (!is_found(i) || *fact != FACT_UNKNOWN)
			continue;
		for (int value = FACT_NO; value <= FACT_YES; value++) {
			*fact = (enum fact)value;
			struct guard_verdict known = guard_decide(command, &facts);
			if (known.decision != verdict.decision || known.asks != verdict.asks)
				return false;
		}
		*fact = FACT_UNKNOWN;
	}
	return true;
}

static void what_passes_with_an_unknown_fact_passes_whatever_it_is(void **state)
{
	(void)state;
	holds_everywhere(learnt_changes_nothing);
}

static bool learnt_refuses_more(const struct guard_command *command, struct guard_facts facts,
				struct guard_verdict verdict)
{
	if (verdict.decision != GUARD_REFUSE)
		return true;
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		enum fact *fact = fact_at(&facts, i);
		if (!is_found(i) || *fact != FACT_UNKNOWN)
			continue;
		for (int value = FACT_NO; value <= FACT_YES; value++) {
			*fact = (enum fact)value;
			struct guard_verdict known = guard_decide(command, &facts);
			if (known.decision != GUARD_REFUSE || (verdict.reasons & ~known.reasons))
				return false;
		}
		*fact = FACT_UNKNOWN;
	}
	return true;
}

static void what_is_refused_stays_refused_for_the_same_reasons_when_more_is_known(void **state)
{
	(void)state;
	holds_everywhere(learnt_refuses_more);
}

static bool unknown_reason_names_unknown_fact(const struct guard_command *command,
					      struct guard_facts facts, struct guard_verdict verdict)
{
	(void)command;
	bool stamp = facts.stamped == FACT_UNKNOWN || facts.stamp_production == FACT_UNKNOWN;
	bool policy = facts.forbid == FACT_UNKNOWN || facts.require_backup == FACT_UNKNOWN;
	uint32_t known = 0;
	known |= facts.production ? GUARD_REASON_UNKNOWN_PRODUCTION : 0;
	known |= stamp ? 0 : GUARD_REASON_UNKNOWN_STAMP;
	known |= facts.holds_rows ? GUARD_REASON_UNKNOWN_ROWS : 0;
	known |= facts.backup_fresh ? GUARD_REASON_UNKNOWN_BACKUP : 0;
	known |= policy ? 0 : GUARD_REASON_UNKNOWN_POLICY;
	known |= facts.loosens ? GUARD_REASON_UNKNOWN_LOOSENS : 0;
	known |= facts.content_destroys && facts.content_undeclared ? GUARD_REASON_UNKNOWN_CONTENT : 0;
	known |= facts.role_wrong ? GUARD_REASON_UNKNOWN_ROLE : 0;
	return ((verdict.reasons | verdict.unknown) & known) == 0;
}

static void a_known_fact_is_never_named_as_unknown(void **state)
{
	(void)state;
	holds_everywhere(unknown_reason_names_unknown_fact);
}

static bool garbage_is_unknown(const struct guard_command *command, struct guard_facts facts,
			       struct guard_verdict verdict)
{
	struct guard_facts garbled = facts;
	for (unsigned i = 0; i < FACT_COUNT; i++)
		if (*fact_at(&facts, i) == FACT_UNKNOWN)
			*fact_at(&garbled, i) = (enum fact)(FACT_YES + 1);
	struct guard_verdict again = guard_decide(command, &garbled);
	return verdict_equal(&verdict, &again);
}

static void a_value_that_is_no_fact_counts_as_unknown(void **state)
{
	(void)state;
	holds_everywhere(garbage_is_unknown);
}

/* ---- given -------------------------------------------------------------------- */

/* The variable, the flags and the answers: taking one away never helps. (A
 * terminal does not belong here: without one nobody is asked.) */
static bool less_given_is_less_allowed(const struct guard_command *command, struct guard_facts facts,
				       struct guard_verdict verdict)
{
	static const unsigned given[] = {AT_allow_destructive, AT_force,         AT_yes,       AT_twin,
					 AT_content_allowed,   AT_typed_destroy, AT_typed_name};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		enum fact *fact = fact_at(&facts, given[i]);
		if (*fact != FACT_YES)
			continue;
		*fact = FACT_NO;
		struct guard_verdict less = guard_decide(command, &facts);
		*fact = FACT_YES;
		if (less.decision < verdict.decision)
			return false;
	}
	return true;
}

static void a_flag_or_an_answer_never_makes_a_verdict_stricter(void **state)
{
	(void)state;
	holds_everywhere(less_given_is_less_allowed);
}

/* ---- the verdict --------------------------------------------------------------- */

static bool one_thing_is_said(const struct guard_command *command, struct guard_facts facts,
			      struct guard_verdict verdict)
{
	(void)command;
	(void)facts;
	switch (verdict.decision) {
	case GUARD_ALLOW:
		return !verdict.reasons && !verdict.asks && !verdict.unknown;
	case GUARD_ASK:
		return !verdict.reasons && verdict.asks && !verdict.unknown;
	case GUARD_LOOK:
		return verdict.reasons && !(verdict.reasons & ~UNKNOWN_REASONS) && !verdict.asks &&
		       verdict.unknown == verdict.reasons;
	case GUARD_REFUSE:
		return verdict.reasons && !(verdict.reasons & UNKNOWN_REASONS) && !verdict.asks &&
		       !(verdict.unknown & ~UNKNOWN_REASONS);
	}
	return false;
}

static void a_verdict_says_one_thing_and_why(void **state)
{
	(void)state;
	holds_everywhere(one_thing_is_said);
}

/* ---- purity -------------------------------------------------------------------- */

static uint64_t sum_of_all_verdicts(void)
{
	uint64_t sum = 0;
	for (int row = 0; row < 4 * CLASS_COUNT; row++) {
		struct guard_command command = {(enum guard_class)(row / 4), (row & 1) != 0,
						(row & 2) != 0};
		struct guard_facts facts;
		space_first(&facts);
		/* All facts of the small classes, and a plane through the large one. */
		uint32_t walked = counts_for[command.class_];
		if (command.class_ == GUARD_WRITES)
			walked = PLACE | CONTRACT | CONTENT | AT(holds_rows) | AT(forbid);
		if (command.class_ == GUARD_DESTRUCTIVE)
			walked = PLACE | CONTRACT | AT(terminal) | AT(holds_rows) | AT(typed_name);
		do {
			struct guard_verdict verdict = guard_decide(&command, &facts);
			sum = sum * 31 + verdict.reasons + verdict.asks * 7 + verdict.warnings * 3 +
			      verdict.decision;
		} while (space_next(&facts, walked));
	}
	return sum;
}

static void the_verdict_does_not_depend_on_the_environment(void **state)
{
	(void)state;
	static const char *const names[] = {"APP_ENV", "NODE_ENV", "ELOQUENT_ALLOW_PROD_DESTRUCTIVE",
					    "ELOQUENT_DB_ROLE", "CI"};
	uint64_t before = sum_of_all_verdicts();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(setenv(names[i], i < 2 ? "production" : "true", 1), 0);
	uint64_t after = sum_of_all_verdicts();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(unsetenv(names[i]), 0);
	assert_true(before == after);
}

/* In the kernel's strict mode any call but read, write and exit kills. */
static void deciding_makes_no_system_call(void **state)
{
	(void)state;
	uint64_t expected = sum_of_all_verdicts();
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
			syscall(SYS_exit, 2);
		syscall(SYS_exit, sum_of_all_verdicts() == expected ? 0 : 1);
	}
	int status = 0;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- guard_facts_equal ----------------------------------------------------------- */

static void facts_are_equal_when_all_but_the_answers_are(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FACT_COUNT; i++)
		for (int value = FACT_UNKNOWN; value <= FACT_YES; value++) {
			struct guard_facts a, b;
			memset(&a, 0, sizeof(a));
			memset(&b, 0, sizeof(b));
			assert_true(guard_facts_equal(&a, &b));
			*fact_at(&a, i) = (enum fact)value;
			bool same = value == FACT_UNKNOWN || fact_is_answer(i);
			assert_int_equal(guard_facts_equal(&a, &b), same);
			assert_int_equal(guard_facts_equal(&b, &a), same);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_equal_when_all_but_the_answers_are),
		cmocka_unit_test(what_passes_with_an_unknown_fact_passes_whatever_it_is),
		cmocka_unit_test(what_is_refused_stays_refused_for_the_same_reasons_when_more_is_known),
		cmocka_unit_test(a_known_fact_is_never_named_as_unknown),
		cmocka_unit_test(a_value_that_is_no_fact_counts_as_unknown),
		cmocka_unit_test(a_flag_or_an_answer_never_makes_a_verdict_stricter),
		cmocka_unit_test(a_verdict_says_one_thing_and_why),
		cmocka_unit_test(the_verdict_does_not_depend_on_the_environment),
		cmocka_unit_test(deciding_makes_no_system_call),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
