/* output_text.c - how failures look to a person: what, where, what stands, what
 * to do. Results were shown while the run went on (run->show). */
#include "cli/cli.h"

static void add_error(struct text *text, const char *who, const struct error *error)
{
	text_printf(text, "eloquent: %s%s%s\n", who ? who : "", who ? ": " : "",
		    error->message ? error->message : status_text(error->status));
	if (error->hint)
		text_printf(text, "  %s\n", error->hint);
	for (size_t i = 0; i < error->more_count; i++)
		add_error(text, who, &error->more[i]);
}

/* Commands that several connections share are said once, below the last of them. */
static void add_remedy(struct text *text, const struct run *run, size_t index)
{
	const char *remedy = run->targets[index].remedy;
	for (size_t i = index + 1; i < run->target_count; i++)
		if (text_equal(run->targets[i].remedy, remedy))
			return;
	if (remedy)
		text_printf(text, "  the command: %s\n", remedy);
}

void output_text(struct run *run, struct text *err)
{
	TEXT_CLEANUP struct text plain = {0};
	for (size_t i = 0; i < run->target_count; i++) {
		const struct target *target = &run->targets[i];
		if (target->status)
			add_error(&plain, target->connection->name, &target->error);
		add_remedy(&plain, run, i);
	}
	if (run->error.status)
		add_error(&plain, NULL, &run->error);
	size_t left_out = 0;
	for (size_t i = 0; i < run->target_count; i++)
		left_out += run->targets[i].skipped && !run->targets[i].status;
	if (left_out && run->status && run->target_count > 1)
		text_printf(&plain, "eloquent: nothing was run on the other connection%s\n",
			    left_out == 1 ? "" : "s");
	TEXT_CLEANUP struct text masked = {0};
	redact(run->observer, text_string(&plain), plain.size, &masked);
	text_add_visible(err, text_string(&masked), masked.size, false);
}
