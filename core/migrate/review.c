/* review.c - what the selected steps would destroy, statement by statement, and whether
 * their files say that it is meant. The driver judges; nothing is sent. Who may run what
 * was found is the guard's business. */
#include "migrate/private.h"

#include <string.h>

/* Where a statement of the session stands. */
struct place {
	const struct migration *file;
	int64_t line;
	int64_t statement; /* from 1 */
};
struct reviewing {
	struct migrator *migrator;
	struct review *review;
	struct place *items; /* by the statement's number in the session */
	size_t count;
	size_t capacity;
};

const char *finding_severity_name(uint32_t severity)
{
	if (severity == ELQ_FINDING_DESTROYS)
		return "destroys";
	return severity == ELQ_FINDING_OPAQUE ? "opaque" : "note";
}

void review_free(struct review *review)
{
	mem_free(review->items);
	arena_free(&review->arena);
	*review = (struct review){0};
}

/* A loss without a name is declared as what nobody can judge. */
static bool is_declared(const struct migration *file, uint32_t severity, const char *object)
{
	if (severity == ELQ_FINDING_OPAQUE || !object)
		return file->opaque != NULL;
	for (size_t i = 0; i < file->destroys.count; i++)
		if (text_equal(file->destroys.items[i].object, object))
			return true;
	return false;
}

static void finding_add(struct review *review, const struct place *place, uint32_t severity,
			const char *rule, const char *object, const char *message)
{
	struct finding finding = {
		.severity = severity,
		.rule = arena_text(&review->arena, rule),
		.object = arena_text(&review->arena, object),
		.message = arena_text(&review->arena, message),
		.migration = arena_text(&review->arena, place->file->name),
		.path = arena_text(&review->arena, place->file->path),
		.line = place->line,
		.statement = place->statement,
		.declared = severity != ELQ_FINDING_NOTE && is_declared(place->file, severity, object),
	};
	VEC_PUSH(review, finding);
	if (severity == ELQ_FINDING_NOTE)
		return;
	review->losses++;
	review->undeclared += !finding.declared;
}

static void take_finding(void *context, const struct review_finding *finding)
{
	struct reviewing *reviewing = context;
	finding_add(reviewing->review, &reviewing->items[finding->statement], finding->severity,
		    finding->rule, finding->object, finding->message);
}

/* A declaration that nothing needs: a slip of the pen, or of a name. */
static void note_idle_declarations(struct review *review, const struct step *step, size_t first)
{
	for (size_t i = 0; i < step->file->destroys.count; i++) {
		const struct declaration *declaration = &step->file->destroys.items[i];
		bool needed = false;
		for (size_t j = first; j < review->count && !needed; j++)
			needed = text_equal(review->items[j].object, declaration->object) &&
				 review->items[j].severity == ELQ_FINDING_DESTROYS;
		const struct place place = {step->file, declaration->line, 0};
		if (!needed)
			finding_add(review, &place, ELQ_FINDING_NOTE, "declared_in_vain",
				    declaration->object,
				    arena_printf(&review->arena,
						 "declares the loss of %s, but no statement causes it",
						 declaration->object));
	}
}

static enum status feed(struct reviewing *reviewing, struct review_session *session,
			const struct step *step, const struct script *script, struct error *error)
{
	const struct section *section = step_section(step);
	bool transaction = section_is_transactional(reviewing->migrator->database, section);
	uint32_t flags = ELQ_BEGIN_MIGRATION | (transaction ? 0 : ELQ_BEGIN_AUTOCOMMIT);
	enum status status = database_review_unit(session, flags, section->options.items,
						  section->options.count, error);
	for (size_t i = (size_t)step->resume_at; !status && i < script->count; i++) {
		const struct statement *statement = &script->items[i];
		struct place place = {step->file, statement->line, (int64_t)i + 1};
		VEC_PUSH(reviewing, place);
		status = database_review_feed(session, script->text.data + statement->start,
					      statement->size, take_finding, reviewing, error);
		if (status) {
			error_prefix(error, "%s:%lld: statement %zu cannot be reviewed",
				     step->file->path, (long long)statement->line, i + 1);
			error_at(error, step->file->path, statement->line, (int64_t)i + 1);
		}
	}
	return status;
}

/* Without a session nobody can judge anything: said once per file. */
static void note_unreviewed(struct reviewing *reviewing, const struct step *step,
			    const struct script *script)
{
	if ((size_t)step->resume_at >= script->count)
		return;
	struct place place = {step->file, script->items[step->resume_at].line, step->resume_at + 1};
	finding_add(reviewing->review, &place, ELQ_FINDING_OPAQUE, "not_reviewed", NULL,
		    arena_printf(&reviewing->review->arena, "the driver %s cannot judge statements",
				 database_driver(reviewing->migrator->database)->plugin.name));
}

static enum status review_step(struct reviewing *reviewing, struct review_session *session,
			       const struct step *step, struct script *script, struct error *error)
{
	struct migrator *migrator = reviewing->migrator;
	size_t first = reviewing->review->count;
	enum status status = script_load(migrator, step->file, script, error);
	if (!status)
		status =
			script_split(migrator->database, step->file, step_section(step), script, error);
	if (status)
		return status;
	if (!session) {
		note_unreviewed(reviewing, step, script);
		return STATUS_OK;
	}
	status = feed(reviewing, session, step, script, error);
	if (!status && !step->resume_at)
		note_idle_declarations(reviewing->review, step, first);
	return status;
}

enum status migrator_review(struct migrator *migrator, struct review *ret, struct error *error)
{
	SCRIPT_CLEANUP struct script script = {0};
	struct reviewing reviewing = {.migrator = migrator, .review = ret};
	struct review_session *session = NULL;
	enum status status = STATUS_OK;
	review_free(ret);
	if (!migrator->step_count)
		return STATUS_OK;
	if (database_can_review(migrator->database))
		status = database_review_begin(migrator->database, &session, error);
	for (size_t i = 0; !status && i < migrator->step_count; i++)
		status = review_step(&reviewing, session, &migrator->steps[i], &script, error);
	database_review_end(session);
	mem_free(reviewing.items);
	if (status)
		review_free(ret);
	return status;
}
