/* cmd_audit_verify.c - audit:verify: is the trail one unbroken chain, and does it
 * still hold what the named databases have seen of it? */
#include "cli/commands.h"

static json_t *finding_json(const struct audit_finding *finding)
{
	return json_pack(
		"{s:s, s:o, s:o, s:s?, s:o, s:s}", "problem", audit_problem_word(finding->problem),
		"first", finding->first ? json_integer(finding->first) : json_null(), "last",
		finding->last ? json_integer(finding->last) : json_null(), "file", finding->path,
		"line", finding->path ? json_integer(finding->line) : json_null(), "message",
		finding->message);
}

static json_t *report_json(const struct run *run, const struct audit_report *report, size_t heads)
{
	json_t *findings = json_array();
	json_t *recovered = json_array();
	for (size_t i = 0; i < report->finding_count; i++)
		json_array_append_new(findings, finding_json(&report->findings[i]));
	for (size_t i = 0; i < report->recovery_count; i++) {
		const struct audit_recovery *one = &report->recoveries[i];
		json_array_append_new(recovered,
				      json_pack("{s:I, s:s, s:I, s:s}", "record",
						(json_int_t)one->sequence, "file", one->path, "line",
						(json_int_t)one->line, "message", one->message));
	}
	return json_pack("{s:s, s:I, s:I, s:s, s:b, s:I, s:I, s:I, s:I, s:o, s:o}", "path",
			 run->project.audit.path, "files", (json_int_t)report->files, "records",
			 (json_int_t)report->records, "head", report->head, "key",
			 run->project.audit.key != NULL, "authenticated",
			 (json_int_t)report->signatures, "heads", (json_int_t)heads, "findings_total",
			 (json_int_t)report->finding_total, "recovered_total",
			 (json_int_t)report->recovery_total, "findings", findings, "recovered",
			 recovered);
}

static const char *finding_text(const struct run *run, struct arena *arena,
				const struct audit_finding *finding)
{
	const char *word = arena_printf(arena, "%-9s", audit_problem_word(finding->problem));
	word = run_paint(run, arena, PAINT_RED, word);
	if (!finding->path)
		return arena_printf(arena, "%s  %s", word, finding->message);
	return arena_printf(arena, "%s  %s:%lld: %s", word, finding->path, (long long)finding->line,
			    finding->message);
}

static bool is_absent(const struct audit_report *report)
{
	return report->finding_count && report->findings[0].problem == AUDIT_PROBLEM_ABSENT;
}

static const char *summary_text(const struct run *run, struct arena *arena,
				const struct audit_report *report, size_t heads)
{
	TEXT_CLEANUP struct text text = {0};
	text_printf(&text, "%s: %lld record%s in %zu file%s", run->project.audit.path,
		    (long long)report->records, report->records == 1 ? "" : "s", report->files,
		    report->files == 1 ? "" : "s");
	if (run->project.audit.key)
		text_printf(&text, ", %lld with the right HMAC", (long long)report->signatures);
	if (heads)
		text_printf(&text, ", %zu heads of the database compared", heads);
	if (is_absent(report))
		text_printf(&text, "; nothing was verified");
	else
		text_printf(&text, "; %s",
			    report->finding_total ? "the chain is broken" : "the chain is whole");
	return arena_text(arena, text_string(&text));
}

/* Says the report, line by line, to whom it belongs. */
struct sayer {
	struct run *run;
	struct target *target; /* or NULL: the run's own */
	struct arena *arena;
};

static void say(const struct sayer *sayer, const char *line)
{
	if (sayer->target)
		target_say(sayer->run, sayer->target, "%s", line);
	else
		run_say(sayer->run, "%s", line);
}

static void say_report(const struct sayer *sayer, const struct audit_report *report, size_t heads)
{
	struct run *run = sayer->run;
	for (size_t i = 0; i < report->finding_count; i++)
		say(sayer, finding_text(run, sayer->arena, &report->findings[i]));
	if (report->finding_total > report->finding_count)
		say(sayer, arena_printf(sayer->arena, "... and %zu more",
					report->finding_total - report->finding_count));
	for (size_t i = 0; i < report->recovery_count; i++) {
		const struct audit_recovery *one = &report->recoveries[i];
		const char *word = run_paint(run, sayer->arena, PAINT_YELLOW, "recovered");
		say(sayer, arena_printf(sayer->arena, "%s  %s:%lld: record %lld %s", word, one->path,
					(long long)one->line, (long long)one->sequence, one->message));
	}
	say(sayer, summary_text(run, sayer->arena, report, heads));
}

static enum status report_status(const struct run *run, const struct audit_report *report,
				 struct error *error)
{
	if (!report->finding_total)
		return STATUS_OK;
	const struct audit_finding *first = &report->findings[0];
	if (is_absent(report)) {
		error_set(error, STATUS_CHECK_FAILED, "%s", first->message);
		error_hint(error,
			   "a project that has never written a record has none; otherwise it was "
			   "removed, or [audit] path or ELOQUENT_AUDIT_PATH names another place");
		return STATUS_CHECK_FAILED;
	}
	error_set(error, STATUS_CHECK_FAILED, "the audit trail %s does not verify: %zu finding%s; %s",
		  run->project.audit.path, report->finding_total, report->finding_total == 1 ? "" : "s",
		  first->message);
	error_hint(error, "keep its files as they are and compare them with a copy; docs/audit.md says "
			  "what each finding means");
	if (first->path)
		error_at(error, first->path, first->line, 0);
	return STATUS_CHECK_FAILED;
}

static enum status verify_local(struct run *run, struct error *error)
{
	struct sayer sayer = {run, NULL, &run->arena};
	struct audit_report report;
	enum status status = audit_verify(run->observer, &run->project.audit, NULL, 0, &report, error);
	if (status)
		return status;
	json_t *result = report_json(run, &report, 0);
	const char *key;
	json_t *value;
	json_object_foreach(result, key, value) run_result(run, key, json_incref(value));
	json_decref(result);
	say_report(&sayer, &report, 0);
	status = report_status(run, &report, error);
	audit_report_free(&report);
	return status;
}

static enum status verify_check(struct run *run, struct target *target, struct error *error)
{
	struct sayer sayer = {run, target, &target->arena};
	struct audit_head *heads = NULL;
	struct audit_report report;
	size_t count = 0;
	enum status status = history_heads(target->database, target->connection->name, &target->arena,
					   &heads, &count, error);
	if (!status)
		status = audit_verify(run->observer, &run->project.audit, heads, count, &report, error);
	if (status)
		return status;
	json_t *result = report_json(run, &report, count);
	json_object_update(target->result, result);
	json_decref(result);
	say_report(&sayer, &report, count);
	status = report_status(run, &report, error);
	audit_report_free(&report);
	return status;
}

static const enum option verify_options[] = {OPTION_CONNECT_WAIT, OPTION_COUNT};

const struct command command_audit_verify = {
	.name = "audit:verify",
	.group = "Audit",
	.summary = "check the audit trail's chain, record by record",
	.arguments = "",
	.options = verify_options,
	.guard = {.class_ = GUARD_SAFE},
	.flags = COMMAND_NAMED,
	.notes =
		"Walks every file of the trail and names each record that was changed, removed, "
		"moved,\n"
		"added or cut, and exits 4; so it does where there is no trail. With [audit] key_file\n"
		"it checks the HMACs. With --connection the heads that the database's history carries\n"
		"are looked for in the trail: a trail whose end was cut off does not have them. "
		"Without\n"
		"one no database is opened.",
	.local = verify_local,
	.check = verify_check,
};
