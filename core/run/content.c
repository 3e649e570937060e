/* content.c - what the files that would run destroy: asking for it, and showing it. What
 * follows from it is the guard's business. */
#include "run/private.h"

enum status target_review(struct target *target, struct error *error)
{
	enum status status = migrator_review(&target->migrator, &target->review, error);
	target->reviewed = status == STATUS_OK;
	return status;
}

static json_t *finding_json(const struct finding *finding)
{
	json_t *object =
		json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s, s:I, s:I}", "severity",
			  finding_severity_name(finding->severity), "rule", finding->rule, "object",
			  finding->object, "message", finding->message, "migration", finding->migration,
			  "file", finding->path, "line", (json_int_t)finding->line, "statement",
			  (json_int_t)finding->statement);
	json_object_set_new(object, "declared",
			    finding->severity == ELQ_FINDING_NOTE ? json_null()
								  : json_boolean(finding->declared));
	return object;
}

static void finding_say(struct run *run, struct target *target, const struct finding *finding)
{
	const char *word = finding_severity_name(finding->severity);
	bool note = finding->severity == ELQ_FINDING_NOTE;
	const char *declared = note ? "" : finding->declared ? " (declared)" : " (not declared)";
	target_say(run, target, "%s %s:%lld: %s%s",
		   run_paint(run, &target->arena, note ? PAINT_DIM : PAINT_YELLOW, word),
		   finding->migration, (long long)finding->line, finding->message, declared);
}

void target_findings(struct run *run, struct target *target, bool say)
{
	if (!target->reviewed)
		return;
	target_list(run, target, "findings");
	for (size_t i = 0; i < target->review.count; i++) {
		const struct finding *finding = &target->review.items[i];
		if (run->json)
			target_list_add(run, target, "findings", finding_json(finding));
		else if (say)
			finding_say(run, target, finding);
	}
}
