/* review.c - in production a seed only adds: what would destroy data, or cannot be judged,
 * is refused. The judge is the driver's elq.review, as for migrations; but a seed has no
 * place to declare a loss, and a migration has, so there are no exceptions here.
 *
 * The check judges everything before anything is written. Writing judges again: the
 * schema may have changed since, and a seeder need not say the same thing twice. */
#include "seed/private.h"

enum status bed_review_begin(struct sowing *sowing, enum sow_mode mode, struct review_session **ret,
			     struct error *error)
{
	*ret = NULL;
	if (!sowing->guarded || mode == SOW_SHOW || !database_can_review(sowing->database))
		return STATUS_OK;
	enum status status = database_review_begin(sowing->database, ret, error);
	/* As sow_unit begins: one unit for all seeds, and none of a migration's. */
	if (!status)
		status = database_review_unit(*ret, 0, NULL, 0, error);
	return status;
}

/* The first finding about a statement that is more than a note. */
struct loss {
	struct arena arena;
	uint32_t severity; /* 0: none */
	const char *rule;
	const char *object;
	const char *message;
};

static void loss_free(struct loss *loss)
{
	arena_free(&loss->arena);
}

static void take_finding(void *context, const struct review_finding *finding)
{
	struct loss *loss = context;
	if (loss->severity || finding->severity == ELQ_FINDING_NOTE)
		return;
	loss->severity = finding->severity;
	loss->rule = arena_text(&loss->arena, finding->rule);
	loss->object = arena_text(&loss->arena, finding->object);
	loss->message = arena_text(&loss->arena, finding->message);
}

/* Once something was written, maybe on other connections too, it is no refusal of the
 * command any more but a failure of its work. */
static enum status status_of_refusal(const struct bed *bed)
{
	return bed->mode == SOW_WRITE ? STATUS_FAILED : STATUS_REFUSED;
}

static enum status refuse(struct bed *bed, const char *place, const struct loss *loss)
{
	bool destroys = loss->severity == ELQ_FINDING_DESTROYS;
	error_set(&bed->error, status_of_refusal(bed), "%s: %s (%s), and in production a seed %s",
		  place, loss->message, loss->rule,
		  destroys ? "destroys nothing" : "holds nothing that nobody can judge");
	if (destroys && loss->object)
		error_hint(&bed->error,
			   "the place for it is a migration that says so: -- eloquent:destroys %s",
			   loss->object);
	else
		error_hint(&bed->error, "mend it; or if it is meant like this, the place for it is a "
					"migration that says why: -- eloquent:opaque REASON");
	return bed->error.status;
}

enum status bed_review_statement(struct bed *bed, const struct seed_place *place, const char *text,
				 size_t size)
{
	CLEANUP(loss_free) struct loss loss = {0};
	struct error *error = &bed->error;
	enum status status = STATUS_OK;
	if (!bed->sowing->guarded || bed->mode == SOW_SHOW)
		return STATUS_OK;
	const char *where = arena_printf(&loss.arena, "%s:%lld: statement %zu", place->path,
					 (long long)place->line, place->number);
	if (bed->review)
		status = database_review_feed(bed->review, text, size, take_finding, &loss, error);
	if (status)
		error_prefix(error, "%s cannot be reviewed", where);
	if (!bed->review) {
		loss.severity = ELQ_FINDING_OPAQUE;
		loss.rule = "not_reviewed";
		loss.message = arena_printf(&loss.arena, "the driver %s cannot judge statements",
					    database_driver(bed->sowing->database)->plugin.name);
	}
	if (!status && loss.severity)
		status = refuse(bed, where, &loss);
	if (status)
		error_at(error, place->path, place->line, (int64_t)place->number);
	return status;
}

enum status bed_review_load(struct bed *bed, const struct elq_load_plan *plan)
{
	CLEANUP(loss_free) struct loss loss = {0};
	if (!bed->sowing->guarded || plan->mode == ELQ_LOAD_INSERT || plan->mode == ELQ_LOAD_SKIP)
		return STATUS_OK;
	loss.severity = ELQ_FINDING_DESTROYS;
	loss.rule = "update";
	loss.message = arena_printf(&loss.arena, "rows that are there already in %s are overwritten",
				    text_string(&bed->table));
	enum status status = refuse(bed, arena_printf(&loss.arena, "seed %s", bed->seed->name), &loss);
	error_at(&bed->error, bed->seed->file, 0, 0);
	return status;
}
