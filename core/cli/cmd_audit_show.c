/* cmd_audit_show.c - audit:show: the newest records of the trail, or one run as a
 * report that a person can read. */
#include "cli/commands.h"

#include <string.h>

#define SHOW_LAST 20
#define RUN_DIGITS 4 /* of an id that is given in part */
#define SHORT_RUN 8

static json_t *entry_json(const struct audit_entry *entry)
{
	return json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s?, s:s?, s:s, s:s, s:s, "
			 "s:o, s:o, s:s?}",
			 "file", entry->path, "line", (json_int_t)entry->line, "seq",
			 (json_int_t)entry->sequence, "time", entry->time, "run", entry->run, "pid",
			 (json_int_t)entry->pid, "host", entry->host, "actor", entry->actor, "command",
			 entry->command, "connection", entry->connection, "database", entry->database,
			 "class", entry->class_name, "verdict", entry->verdict, "phase", entry->phase,
			 "duration_us",
			 entry->duration_us < 0 ? json_null() : json_integer(entry->duration_us),
			 "exit", entry->exit_code < 0 ? json_null() : json_integer(entry->exit_code),
			 "message", entry->message);
}

/* A record's text on one line. */
static const char *one_line(struct arena *arena, const char *text)
{
	char *copy = arena_text(arena, text ? text : "");
	for (char *at = copy; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = ' ';
	return copy;
}

/* "  exit 1 after 48.2 ms: near "TABEL": syntax error", or nothing */
static const char *outcome_text(struct arena *arena, const struct audit_entry *entry)
{
	TEXT_CLEANUP struct text text = {0};
	if (entry->exit_code >= 0)
		text_printf(&text, "  exit %d", entry->exit_code);
	if (entry->duration_us >= 0)
		text_printf(&text, " after %lld.%lld ms", (long long)(entry->duration_us / 1000),
			    (long long)(entry->duration_us / 100 % 10));
	if (entry->message)
		text_printf(&text, "%s%s", text.size ? ": " : "  ", one_line(arena, entry->message));
	return arena_text(arena, text_string(&text));
}

static enum paint entry_paint(const struct audit_entry *entry)
{
	if (text_equal(entry->phase, "refusal") || text_equal(entry->phase, "recovered"))
		return PAINT_YELLOW;
	if (text_equal(entry->phase, "outcome"))
		return entry->exit_code == 0 ? PAINT_GREEN : PAINT_RED;
	return PAINT_DIM;
}

static const char *phase_text(const struct run *run, struct arena *arena,
			      const struct audit_entry *entry)
{
	const char *phase = arena_printf(arena, "%-9s", one_line(arena, entry->phase));
	return run_paint(run, arena, entry_paint(entry), phase);
}

static void say_list(struct run *run, const struct audit_records *records)
{
	int width[2] = {0};
	for (size_t i = 0; i < records->count; i++) {
		const struct audit_entry *entry = &records->items[i];
		int sizes[] = {(int)strlen(entry->command),
			       (int)strlen(entry->connection ? entry->connection : "-")};
		for (size_t j = 0; j < COUNT_OF(width); j++)
			if (sizes[j] > width[j])
				width[j] = sizes[j];
	}
	for (size_t i = 0; i < records->count; i++) {
		const struct audit_entry *entry = &records->items[i];
		run_say(run, "%.10s %.8s  %.*s  %s  %-*s  %-*s  %s%s", entry->time, entry->time + 11,
			SHORT_RUN, entry->run, phase_text(run, &run->arena, entry), width[0],
			one_line(&run->arena, entry->command), width[1],
			one_line(&run->arena, entry->connection ? entry->connection : "-"),
			one_line(&run->arena, entry->actor), outcome_text(&run->arena, entry));
	}
	if (!records->count)
		run_say(run, "%s: no records", run->project.audit.path);
}

/* ---- one run ------------------------------------------------------------------- */

/* How it ended for the connection of its last record. */
static const char *end_text(struct arena *arena, const struct audit_entry *last)
{
	if (text_equal(last->phase, "refusal"))
		return "refused; nothing was changed";
	if (text_equal(last->phase, "outcome") && last->exit_code == 0)
		return "done";
	if (text_equal(last->phase, "outcome"))
		return arena_printf(arena, "ended with exit %d", last->exit_code);
	if (text_equal(last->phase, "intent"))
		return "no outcome is on record: it is still at work, was killed, or could not write "
		       "the trail; the database's own history says what stands";
	return NULL;
}

static void say_ends(struct run *run, const struct audit_records *records)
{
	for (size_t i = 0; i < records->count; i++) {
		const struct audit_entry *entry = &records->items[i];
		bool last = true;
		for (size_t j = i + 1; j < records->count && last; j++)
			last = !text_equal(records->items[j].connection, entry->connection);
		const char *end = last ? end_text(&run->arena, entry) : NULL;
		if (end)
			run_say(run, "%s: %s",
				one_line(&run->arena,
					 entry->connection ? entry->connection : entry->command),
				end);
	}
}

static void say_report(struct run *run, const struct audit_records *records)
{
	const struct audit_entry *first = &records->items[0];
	const struct audit_entry *last = &records->items[records->count - 1];
	struct arena *arena = &run->arena;
	run_say(run, "run      %s", one_line(arena, first->run));
	run_say(run, "command  %s (%s)", one_line(arena, last->command),
		one_line(arena, last->class_name));
	run_say(run, "actor    %s", one_line(arena, first->actor));
	run_say(run, "process  %lld on %s", (long long)first->pid, one_line(arena, first->host));
	run_say(run, "began    %s", first->time);
	run_say(run, "last     %s", last->time);
	run_say(run, "records  %lld (%s:%lld) to %lld (%s:%lld)", (long long)first->sequence,
		first->path, (long long)first->line, (long long)last->sequence, last->path,
		(long long)last->line);
	run_say(run, "%s", "");
	for (size_t i = 0; i < records->count; i++) {
		const struct audit_entry *entry = &records->items[i];
		const char *database = entry->database ? one_line(arena, entry->database) : NULL;
		run_say(run, "%.15s  %s  %s%s%s%s%s", entry->time + 11, phase_text(run, arena, entry),
			one_line(arena, entry->connection ? entry->connection : "-"),
			database ? " (database " : "", database ? database : "", database ? ")" : "",
			outcome_text(arena, entry));
	}
	run_say(run, "%s", "");
	say_ends(run, records);
}

/* ---- the command ------------------------------------------------------------------ */

static enum status show_usage(const struct invocation *invocation, struct error *error)
{
	const char *id = option_value(invocation, OPTION_RUN);
	int64_t last = option_count(invocation, OPTION_LAST, SHOW_LAST);
	if (last > AUDIT_RECORDS_CAP)
		return error_set(error, STATUS_USAGE,
				 "--last %lld: at most %d records are shown at once", (long long)last,
				 AUDIT_RECORDS_CAP);
	if (id && (strspn(id, "0123456789abcdef") != strlen(id) || strlen(id) < RUN_DIGITS ||
		   strlen(id) >= RANDOM_ID_TEXT)) {
		error_set(error, STATUS_USAGE, "--run %.60s is no run's id", id);
		error_hint(error, "an id has 32 digits 0-9 and a-f; its first %d are enough",
			   RUN_DIGITS);
		return STATUS_USAGE;
	}
	if (id && option_given(invocation, OPTION_LAST)) {
		error_set(error, STATUS_USAGE, "--run and --last do not go together");
		error_hint(error, "--run shows all records of that run");
		return STATUS_USAGE;
	}
	return STATUS_OK;
}

static enum status show_local(struct run *run, struct error *error)
{
	struct audit_records records = {0};
	const char *id = option_value(run->invocation, OPTION_RUN);
	int64_t last = id ? AUDIT_RECORDS_CAP : option_count(run->invocation, OPTION_LAST, SHOW_LAST);
	enum status status = audit_collect(&run->project.audit, id, (size_t)last, &records, error);
	if (status)
		return status;
	if (records.left_out)
		log_write(run->observer, LOG_WARN,
			  "%zu lines of the audit trail are no records and are not shown; eloquent "
			  "audit:verify names them",
			  records.left_out);
	json_t *list = json_array();
	for (size_t i = 0; i < records.count; i++)
		json_array_append_new(list, entry_json(&records.items[i]));
	run_result(run, "path", json_string(run->project.audit.path));
	run_result(run, "records", list);
	if (id)
		say_report(run, &records);
	else
		say_list(run, &records);
	audit_records_free(&records);
	return STATUS_OK;
}

static const enum option show_options[] = {OPTION_RUN, OPTION_LAST, OPTION_COUNT};

const struct command command_audit_show = {
	.name = "audit:show",
	.group = "Audit",
	.summary = "what was done, refused and intended, the newest last",
	.arguments = "",
	.options = show_options,
	.guard = {.class_ = GUARD_SAFE},
	.notes =
		"--run ID shows one run as a report: who, where, what was intended, how it ended. The\n"
		"trail is read, not verified: see audit:verify.",
	.usage = show_usage,
	.local = show_local,
};
