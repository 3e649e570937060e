/* guard.c - the rules that decide whether a command may run.
 *
 * One small function per rule, one per class that lists its rules. Nothing is
 * read here but the arguments; the names and sentences stand in words.c.
 *
 * A rule puts what it finds into struct findings: a condition that is missing,
 * a fact that it needs and that nobody knows, or a question. All rules of a
 * class are heard before guard_decide weighs: a known refusal is not softened
 * by what is unknown, and an unknown fact is not settled by an answer.
 *
 * What a person gives (the variable, the flags, a terminal to be asked on, a
 * test twin to work on) is given or it is not: there unknown counts as no. */
#include "guard/guard.h"

#include <stddef.h>
#include <string.h>

struct findings {
	uint32_t missing; /* GUARD_REASON_* that refuse */
	uint32_t unknown; /* GUARD_REASON_UNKNOWN_* */
	uint32_t asks;    /* GUARD_ASK_* */
};

static enum fact fact_both(enum fact a, enum fact b)
{
	if (a == FACT_NO || b == FACT_NO)
		return FACT_NO;
	return a == FACT_YES && b == FACT_YES ? FACT_YES : FACT_UNKNOWN;
}

static enum fact fact_either(enum fact a, enum fact b)
{
	if (a == FACT_YES || b == FACT_YES)
		return FACT_YES;
	return a == FACT_NO && b == FACT_NO ? FACT_NO : FACT_UNKNOWN;
}

/* ---- what the facts say together -------------------------------------------- */

static enum fact stamped_production(const struct guard_facts *facts)
{
	return fact_both(facts->stamped, facts->stamp_production);
}

/* The environment's word makes a target production, and so does its stamp. */
static enum fact target_is_production(const struct guard_facts *facts)
{
	return fact_either(facts->production, stamped_production(facts));
}

/* Destroying is a change of the schema, whatever the row says. */
static bool command_changes_schema(const struct guard_command *command)
{
	if (command->class_ == GUARD_DESTRUCTIVE)
		return true;
	return command->changes_schema &&
	       (command->class_ == GUARD_WRITES || command->class_ == GUARD_RECOVERY);
}

/* ---- the rules --------------------------------------------------------------- */

static void refuse(uint32_t reason, struct findings *found)
{
	found->missing |= reason;
}

static void require_given(enum fact given, uint32_t reason, struct findings *found)
{
	if (given != FACT_YES)
		refuse(reason, found);
}

static uint32_t when_unknown(enum fact fact, uint32_t reason)
{
	return fact == FACT_YES || fact == FACT_NO ? 0 : reason;
}

/* A fact without which nothing can be said. */
static void require_known(enum fact fact, uint32_t reason, struct findings *found)
{
	found->unknown |= when_unknown(fact, reason);
}

/* A condition that no known fact fulfils: it is missing, unless an unknown one may fulfil it. */
static void refuse_unless_unknown(uint32_t reason, uint32_t unknown, struct findings *found)
{
	if (unknown)
		found->unknown |= unknown;
	else
		refuse(reason, found);
}

/* The contract with those who run production: three parts, all of them. */
static void require_contract(const struct guard_facts *facts, struct findings *found)
{
	require_given(facts->allow_destructive, GUARD_REASON_ALLOW_VARIABLE, found);
	require_given(facts->force, GUARD_REASON_FORCE, found);
	require_given(facts->yes, GUARD_REASON_YES, found);
}

/* Where nobody can be asked, --force stands for the answer, in every environment. */
static void require_force_without_terminal(const struct guard_facts *facts, struct findings *found)
{
	if (facts->terminal != FACT_YES)
		require_given(facts->force, GUARD_REASON_FORCE, found);
}

/* A database that says it is production is not touched by a run that says it is
 * somewhere else: one of the two is mistaken, and no flag tells which. */
static void require_agreement(const struct guard_facts *facts, struct findings *found)
{
	enum fact stamped = stamped_production(facts);
	require_known(facts->production, GUARD_REASON_UNKNOWN_PRODUCTION, found);
	if (facts->production != FACT_NO)
		return;
	require_known(stamped, GUARD_REASON_UNKNOWN_STAMP, found);
	if (stamped == FACT_YES)
		refuse(GUARD_REASON_STAMP_MISMATCH, found);
}

/* Rows of somebody's and no word about what they are: say it first. */
static void require_stamp_on_rows(const struct guard_facts *facts, struct findings *found)
{
	if (facts->stamped == FACT_YES || facts->holds_rows == FACT_NO)
		return;
	refuse_unless_unknown(GUARD_REASON_UNSTAMPED,
			      when_unknown(facts->stamped, GUARD_REASON_UNKNOWN_STAMP) |
				      when_unknown(facts->holds_rows, GUARD_REASON_UNKNOWN_ROWS),
			      found);
}

static void require_backup(const struct guard_facts *facts, struct findings *found)
{
	if (facts->require_backup == FACT_NO || facts->holds_rows == FACT_NO ||
	    facts->backup_fresh == FACT_YES)
		return;
	refuse_unless_unknown(GUARD_REASON_BACKUP,
			      when_unknown(facts->require_backup, GUARD_REASON_UNKNOWN_POLICY) |
				      when_unknown(facts->holds_rows, GUARD_REASON_UNKNOWN_ROWS) |
				      when_unknown(facts->backup_fresh, GUARD_REASON_UNKNOWN_BACKUP),
			      found);
}

static void require_role(const struct guard_facts *facts, struct findings *found)
{
	if (facts->role_wrong == FACT_NO)
		return;
	refuse_unless_unknown(GUARD_REASON_ROLE,
			      when_unknown(facts->role_wrong, GUARD_REASON_UNKNOWN_ROLE), found);
}

static void require_permission(const struct guard_facts *facts, struct findings *found)
{
	if (facts->forbid == FACT_NO)
		return;
	refuse_unless_unknown(GUARD_REASON_FORBIDDEN,
			      when_unknown(facts->forbid, GUARD_REASON_UNKNOWN_POLICY), found);
}

static void require_declared(const struct guard_facts *facts, struct findings *found)
{
	require_known(facts->content_undeclared, GUARD_REASON_UNKNOWN_CONTENT, found);
	if (facts->content_undeclared == FACT_YES)
		refuse(GUARD_REASON_UNDECLARED, found);
}

static void ask(enum fact answer, uint32_t question, struct findings *found)
{
	if (answer == FACT_NO)
		refuse(GUARD_REASON_ANSWER, found);
	else if (answer != FACT_YES)
		found->asks |= question;
}

/* Outside production, and only where there is somebody to ask and something to lose. */
static void ask_before_loss(const struct guard_facts *facts, struct findings *found)
{
	if (facts->terminal != FACT_YES || facts->twin == FACT_YES || facts->holds_rows == FACT_NO)
		return;
	require_known(facts->holds_rows, GUARD_REASON_UNKNOWN_ROWS, found);
	if (facts->holds_rows == FACT_YES)
		ask(facts->typed_destroy, GUARD_ASK_DESTROY, found);
}

/* A person at a terminal, and no flag in its place. */
static void require_typed_name(const struct guard_facts *facts, struct findings *found)
{
	if (facts->terminal == FACT_YES)
		ask(facts->typed_name, GUARD_ASK_NAME, found);
	else
		refuse(GUARD_REASON_TERMINAL, found);
}

/* ---- the classes --------------------------------------------------------------- */

/* Files that destroy data are what a destructive command is, and besides each loss is
 * declared in its file and allowed on the line. Nobody is asked: the declaration is a
 * person's, and was read by others. */
static void judge_content(const struct guard_facts *facts, struct findings *found)
{
	require_known(facts->content_destroys, GUARD_REASON_UNKNOWN_CONTENT, found);
	if (facts->content_destroys != FACT_YES)
		return;
	require_permission(facts, found);
	require_contract(facts, found);
	require_stamp_on_rows(facts, found);
	require_given(facts->content_allowed, GUARD_REASON_ALLOW_FLAG, found);
	require_declared(facts, found);
}

static void judge_writes(const struct guard_command *command, const struct guard_facts *facts,
			 struct findings *found)
{
	require_agreement(facts, found);
	if (target_is_production(facts) != FACT_YES || !command_changes_schema(command))
		return;
	require_backup(facts, found);
	require_role(facts, found);
	judge_content(facts, found);
}

static void judge_destructive_in_production(const struct guard_facts *facts, struct findings *found)
{
	require_permission(facts, found);
	require_contract(facts, found);
	require_stamp_on_rows(facts, found);
	require_backup(facts, found);
	require_role(facts, found);
	if (facts->terminal == FACT_YES) {
		ask(facts->typed_destroy, GUARD_ASK_DESTROY, found);
		ask(facts->typed_name, GUARD_ASK_NAME, found);
	}
}

static void judge_destructive(const struct guard_command *command, const struct guard_facts *facts,
			      struct findings *found)
{
	enum fact production = target_is_production(facts);
	require_agreement(facts, found);
	if (production == FACT_YES)
		judge_destructive_in_production(facts, found);
	if (!command->confirms)
		return;
	require_force_without_terminal(facts, found);
	if (production == FACT_NO)
		ask_before_loss(facts, found);
}

/* Putting back what was lost: `forbid` does not stop it, and no backup of the
 * damaged database is asked for. */
static void judge_recovery(const struct guard_command *command, const struct guard_facts *facts,
			   struct findings *found)
{
	enum fact production = target_is_production(facts);
	require_agreement(facts, found);
	require_force_without_terminal(facts, found);
	if (production == FACT_NO)
		ask_before_loss(facts, found);
	if (production != FACT_YES)
		return;
	require_contract(facts, found);
	require_stamp_on_rows(facts, found);
	require_typed_name(facts, found);
	if (command_changes_schema(command))
		require_role(facts, found);
}

/* Writes files, opens no database: only the environment counts. */
static void judge_generator(const struct guard_facts *facts, struct findings *found)
{
	require_known(facts->production, GUARD_REASON_UNKNOWN_PRODUCTION, found);
	if (facts->production == FACT_YES)
		require_contract(facts, found);
}

/* db:stamp. Tightening is free; loosening has conditions of its own, and
 * `forbid` does not stop it: it is the only way out of `forbid`. */
static void judge_stamp(const struct guard_facts *facts, struct findings *found)
{
	require_agreement(facts, found);
	require_known(facts->loosens, GUARD_REASON_UNKNOWN_LOOSENS, found);
	if (facts->loosens != FACT_YES)
		return;
	if (facts->production == FACT_NO)
		refuse(GUARD_REASON_NOT_PRODUCTION, found);
	require_contract(facts, found);
	require_typed_name(facts, found);
}

/* false: no such class; nobody may run it. */
static bool judge(const struct guard_command *command, const struct guard_facts *facts,
		  struct findings *found)
{
	switch (command->class_) {
	case GUARD_SAFE:
		return true;
	case GUARD_WRITES:
		judge_writes(command, facts, found);
		return true;
	case GUARD_DESTRUCTIVE:
		judge_destructive(command, facts, found);
		return true;
	case GUARD_RECOVERY:
		judge_recovery(command, facts, found);
		return true;
	case GUARD_GENERATOR:
		judge_generator(facts, found);
		return true;
	case GUARD_STAMP:
		judge_stamp(facts, found);
		return true;
	}
	return false;
}

/* ---- the verdict ---------------------------------------------------------------- */

/* At most one: each speaks of another place. */
static uint32_t warning_of(const struct guard_command *command, const struct guard_facts *facts)
{
	if (command->class_ == GUARD_SAFE && facts->production == FACT_NO &&
	    stamped_production(facts) == FACT_YES)
		return GUARD_WARN_STAMP_MISMATCH;
	if (facts->production == FACT_YES && facts->stamped == FACT_YES &&
	    facts->stamp_production == FACT_NO)
		return GUARD_WARN_OTHER_STAMP;
	if (facts->role_wrong == FACT_YES && command_changes_schema(command) &&
	    target_is_production(facts) == FACT_NO)
		return GUARD_WARN_ROLE;
	return 0;
}

struct guard_verdict guard_decide(const struct guard_command *command, const struct guard_facts *facts)
{
	struct findings found = {0};
	struct guard_verdict verdict = {.decision = GUARD_REFUSE,
					.warnings = warning_of(command, facts)};
	bool judged = judge(command, facts, &found);
	verdict.unknown = found.unknown;
	if (!judged || found.missing) {
		verdict.reasons = found.missing;
	} else if (found.unknown) {
		verdict.decision = GUARD_LOOK;
		verdict.reasons = found.unknown;
	} else if (found.asks) {
		verdict.decision = GUARD_ASK;
		verdict.asks = found.asks;
	} else {
		verdict.decision = GUARD_ALLOW;
	}
	return verdict;
}

/* The answers come last, and they are no facts of the database. */
_Static_assert(sizeof(struct guard_facts) ==
		       offsetof(struct guard_facts, typed_destroy) + 2 * sizeof(enum fact),
	       "the two answers end struct guard_facts");

bool guard_facts_equal(const struct guard_facts *a, const struct guard_facts *b)
{
	return memcmp(a, b, offsetof(struct guard_facts, typed_destroy)) == 0;
}
