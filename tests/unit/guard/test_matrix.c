/* test_matrix.c - guard_decide against tests/guard/verdicts.csv, which was
 * written by hand, in every combination of class and facts. */
#include "verdicts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct verdicts verdicts;
static bool walked; /* to the end, without a disagreement */

/* What a class's rows mention. */
struct mentioned {
	uint32_t facts; /* bit = coordinate */
	bool schema;
	bool confirms;
};

static struct mentioned mentioned_by(enum guard_class class_)
{
	struct mentioned found = {0};
	for (size_t i = 0; i < verdicts.count; i++) {
		mask matches = verdicts.items[i].matches;
		if (!(matches & BIT_CLASS(class_)))
			continue;
		for (unsigned at = 0; at < FACT_COUNT; at++) {
			mask whole = BIT_FACT(at, 0) | BIT_FACT(at, 1) | BIT_FACT(at, 2);
			if ((matches & whole) != whole)
				found.facts |= 1u << at;
		}
		found.schema = found.schema || (matches & BIT_SCHEMA(0)) == 0 ||
			       (matches & BIT_SCHEMA(1)) == 0;
		found.confirms = found.confirms || (matches & BIT_CONFIRMS(0)) == 0 ||
				 (matches & BIT_CONFIRMS(1)) == 0;
	}
	return found;
}

static mask bits_of_command(const struct guard_command *command)
{
	return BIT_CLASS(command->class_) | BIT_SCHEMA(command->changes_schema) |
	       BIT_CONFIRMS(command->confirms);
}

static mask bits_of(const struct guard_command *command, struct guard_facts *facts)
{
	mask bits = bits_of_command(command);
	for (unsigned i = 0; i < FACT_COUNT; i++)
		bits |= BIT_FACT(i, *fact_at(facts, i));
	return bits;
}

_Noreturn static void disagree(const char *what, const struct guard_command *command,
			       const struct guard_facts *facts, const struct guard_verdict *expected,
			       const struct guard_verdict *got)
{
	fprintf(stderr, "%s\n", what);
	space_print(command, *facts);
	space_print_verdict("expected", expected);
	space_print_verdict("guard_decide", got);
	fail();
	abort();
}

/* What the rows say together. The alternatives that match alone are counted, but
 * only where their kind decides: a question under a refusal proves nothing. */
static struct guard_verdict read_rows(struct alternative **rows, size_t count, mask bits,
				      bool *ret_allowed)
{
	uint32_t names[ROW_KIND_COUNT] = {0};
	uint32_t twice[ROW_KIND_COUNT] = {0};
	struct alternative *matching[ALTERNATIVES_CAP];
	size_t match_count = 0;
	for (size_t i = 0; i < count; i++) {
		if ((bits & rows[i]->matches) != bits)
			continue;
		twice[rows[i]->kind] |= names[rows[i]->kind] & rows[i]->name;
		names[rows[i]->kind] |= rows[i]->name;
		matching[match_count++] = rows[i];
	}
	enum row_kind kind = names[ROW_REFUSE] ? ROW_REFUSE
			     : names[ROW_LOOK] ? ROW_LOOK
			     : names[ROW_ASK]  ? ROW_ASK
					       : ROW_ALLOW;
	for (size_t i = 0; i < match_count; i++)
		if ((matching[i]->kind == kind || matching[i]->kind == ROW_WARN) &&
		    !(twice[matching[i]->kind] & matching[i]->name))
			matching[i]->alone++;
	*ret_allowed = names[ROW_ALLOW] != 0;
	struct guard_verdict verdict = {.warnings = names[ROW_WARN], .unknown = names[ROW_LOOK]};
	verdict.decision = kind == ROW_REFUSE ? GUARD_REFUSE
			   : kind == ROW_LOOK ? GUARD_LOOK
			   : kind == ROW_ASK  ? GUARD_ASK
					      : GUARD_ALLOW;
	if (kind == ROW_REFUSE || kind == ROW_LOOK)
		verdict.reasons = names[kind];
	if (kind == ROW_ASK)
		verdict.asks = names[ROW_ASK];
	return verdict;
}

static void expect_same(const char *what, const struct guard_command *command,
			const struct guard_facts *facts, const struct guard_verdict *expected)
{
	struct guard_verdict got = guard_decide(command, facts);
	if (!verdict_equal(&got, expected))
		disagree(what, command, facts, expected, &got);
}

/* Facts and members that no row of the class mentions change nothing, neither
 * one by one nor all together. `facts` and `command` are at their first values there. */
static void try_unmentioned(const struct guard_command *command, struct guard_facts facts,
			    const struct mentioned *mentioned, const struct guard_verdict *expected)
{
	static const char what[] = "a fact that no row of this class mentions has influence";
	for (int value = FACT_UNKNOWN; value <= FACT_YES; value++) {
		struct guard_facts all = facts;
		unsigned changed = 0;
		for (unsigned i = 0; i < FACT_COUNT; i++) {
			enum fact first = *fact_at(&facts, i);
			if ((mentioned->facts & (1u << i)) || first == (enum fact)value)
				continue;
			*fact_at(&all, i) = *fact_at(&facts, i) = (enum fact)value;
			expect_same(what, command, &facts, expected);
			*fact_at(&facts, i) = first;
			changed++;
		}
		if (changed > 1)
			expect_same(what, command, &all, expected);
	}
	for (unsigned both = 1; both <= 3; both++) {
		struct guard_command other = *command;
		if (((both & 1) && mentioned->schema) || ((both & 2) && mentioned->confirms))
			continue;
		other.changes_schema = other.changes_schema || (both & 1);
		other.confirms = other.confirms || (both & 2);
		expect_same(what, &other, &facts, expected);
	}
}

/* What is given or not given: unknown counts as no. */
static void try_unknown_gifts(const struct guard_command *command, struct guard_facts facts,
			      const struct mentioned *mentioned, const struct guard_verdict *expected)
{
	for (unsigned i = 0; i < AT_GIVEN_END; i++) {
		enum fact *fact = fact_at(&facts, i);
		if (!(mentioned->facts & (1u << i)) || *fact != FACT_NO)
			continue;
		*fact = FACT_UNKNOWN;
		expect_same("unknown does not count as no", command, &facts, expected);
		*fact = FACT_NO;
	}
}

static void walk(struct guard_command command, const struct mentioned *mentioned)
{
	struct alternative *rows[ALTERNATIVES_CAP];
	size_t count = 0;
	struct guard_facts facts;
	mask bits = bits_of_command(&command);
	for (size_t i = 0; i < verdicts.count; i++)
		if ((verdicts.items[i].matches & bits) == bits)
			rows[count++] = &verdicts.items[i];
	space_first(&facts);
	do {
		bool allowed = false;
		struct guard_verdict expected =
			read_rows(rows, count, bits_of(&command, &facts), &allowed);
		if (allowed != (expected.decision == GUARD_ALLOW))
			disagree("the allow rows contradict the others", &command, &facts, &expected,
				 &expected);
		expect_same("the file says otherwise", &command, &facts, &expected);
		try_unmentioned(&command, facts, mentioned, &expected);
		try_unknown_gifts(&command, facts, mentioned, &expected);
	} while (space_next(&facts, mentioned->facts));
}

static void walk_class(enum guard_class class_)
{
	struct mentioned mentioned = mentioned_by(class_);
	for (unsigned row = 0; row <= 3; row++) {
		struct guard_command command = {class_, (row & 1) != 0, (row & 2) != 0};
		if ((mentioned.schema || !command.changes_schema) &&
		    (mentioned.confirms || !command.confirms))
			walk(command, &mentioned);
	}
}

static void every_combination_gets_the_verdict_of_the_file(void **state)
{
	(void)state;
	for (int class_ = 0; class_ < CLASS_COUNT; class_++)
		if (class_ != GUARD_WRITES && class_ != GUARD_DESTRUCTIVE)
			walk_class((enum guard_class)class_);
	/* The largest by far: what is wrong elsewhere shows at once. */
	walk_class(GUARD_WRITES);
	walk_class(GUARD_DESTRUCTIVE);
	walked = true;
}

static void no_row_of_the_file_can_be_struck_out(void **state)
{
	(void)state;
	size_t idle = 0;
	assert_true(walked); /* otherwise no row had its chance */
	for (size_t i = 0; i < verdicts.count; i++)
		if (!verdicts.items[i].alone) {
			fprintf(stderr, "verdicts.csv:%u: alternative %u never decides anything\n",
				verdicts.items[i].line, verdicts.items[i].number);
			idle++;
		}
	assert_int_equal(idle, 0);
}

static void every_name_has_a_row(void **state)
{
	(void)state;
	uint32_t names[ROW_KIND_COUNT] = {0};
	for (size_t i = 0; i < verdicts.count; i++)
		names[verdicts.items[i].kind] |= verdicts.items[i].name;
	assert_int_equal(names[ROW_REFUSE] | names[ROW_LOOK], (1u << GUARD_REASON_COUNT) - 1);
	assert_int_equal(names[ROW_ASK], GUARD_ASK_DESTROY | GUARD_ASK_NAME);
	assert_int_equal(names[ROW_WARN],
			 GUARD_WARN_STAMP_MISMATCH | GUARD_WARN_OTHER_STAMP | GUARD_WARN_ROLE);
}

static void a_value_that_is_no_class_is_refused(void **state)
{
	(void)state;
	struct guard_facts facts;
	for (int value = FACT_UNKNOWN; value <= FACT_YES; value++) {
		for (unsigned i = 0; i < FACT_COUNT; i++)
			*fact_at(&facts, i) = (enum fact)value;
		struct guard_command command = {.class_ = (enum guard_class)CLASS_COUNT};
		assert_int_equal(guard_decide(&command, &facts).decision, GUARD_REFUSE);
		command.class_ = (enum guard_class)99;
		assert_int_equal(guard_decide(&command, &facts).decision, GUARD_REFUSE);
	}
}

int main(void)
{
	verdicts_read(&verdicts, TEST_SOURCE_DIR "/tests/guard/verdicts.csv");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_that_is_no_class_is_refused),
		cmocka_unit_test(every_combination_gets_the_verdict_of_the_file),
		cmocka_unit_test(no_row_of_the_file_can_be_struck_out),
		cmocka_unit_test(every_name_has_a_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
