/* main.c - the program: one context, one run, one exit code. */
#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool wants_json(int count, char **words)
{
	for (int i = 1; i < count && strcmp(words[i], "--") != 0; i++)
		if (strcmp(words[i], "--json") == 0)
			return true;
	return false;
}

/* Memory is gone: nothing may be allocated any more. What the databases hold
 * rolls back by itself, as after kill -9. */
static bool exhausted_as_json;
static struct observer *dying_observer; /* for those who may only write: its line goes first */
static void memory_exhausted(void)
{
	static const char text[] = "eloquent: memory is exhausted; the run ended as if killed. "
				   "What was committed stands: see eloquent migrate:status\n";
	static const char json[] =
		"{\"schema\":\"eloquent/1\",\"command\":null,\"ok\":false,\"exit\":1,\"run\":\"\","
		"\"connections\":[],\"result\":null,\"error\":{\"code\":\"no_memory\",\"message\":"
		"\"memory is "
		"exhausted; the run ended as if killed\",\"hint\":\"what was committed stands: see "
		"eloquent "
		"migrate:status\",\"sqlstate\":null,\"native\":0,\"file\":null,\"line\":null,"
		"\"statement\":null},\"warnings\":[]}\n";
	if (dying_observer)
		progress_abandon(dying_observer);
	(void)fd_write_all(STDERR_FILENO, text, sizeof(text) - 1);
	if (exhausted_as_json)
		(void)fd_write_all(STDOUT_FILENO, json, sizeof(json) - 1);
	_exit(1);
}

/* A command that leaves nothing behind ends by a signal's default action, but not its line of
 * progress. One that works takes signals in another way, and this never runs (run/signals.c). */
static void end_by_signal(int number)
{
	progress_abandon(dying_observer);
	(void)raise(number);
}

static void watch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	/* Reset as it is called: what it raises is the default action. */
	struct sigaction action = {.sa_handler = end_by_signal,
				   .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	struct sigaction before;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			(void)sigaction(numbers[i], &action, NULL);
}

/* Standard output that went away makes every further result worthless. */
struct show_context {
	struct observer *observer;
	bool colour;
	bool failed;
};

static void show(void *opaque, const char *text, size_t size)
{
	struct show_context *context = opaque;
	TEXT_CLEANUP struct text masked = {0};
	TEXT_CLEANUP struct text safe = {0};
	redact(context->observer, text, size, &masked);
	text_add_visible(&safe, text_string(&masked), masked.size, context->colour);
	progress_hide(context->observer);
	if (fd_write_all(STDOUT_FILENO, text_string(&safe), safe.size))
		context->failed = true;
	progress_show(context->observer);
}

static void finish(struct run *run, struct show_context *shown)
{
	CLEANUP(document_free) struct document document = {0};
	TEXT_CLEANUP struct text err = {0};
	progress_stop(run->observer);
	output_text(run, &err);
	(void)fd_write_all(STDERR_FILENO, text_string(&err), err.size);
	if (run->json) {
		output_json(run, &document);
		if (document_write(&document, STDOUT_FILENO))
			shown->failed = true;
	}
	if (shown->failed && !run->status) {
		static const char lost[] =
			"eloquent: standard output cannot be written; the work itself is done\n";
		(void)fd_write_all(STDERR_FILENO, lost, sizeof(lost) - 1);
		run->status = STATUS_IO;
	}
}

/* A descriptor that is missing would be the next file's that is opened, and
 * messages would be written into a database. */
static void fill_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	fd_close(&fd);
}

/* A core file would hold the secrets that were read. */
static void forbid_core_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_CORE, &limit) == 0) {
		limit.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &limit);
	}
}

/* --help and --version in any place, and the bare program. */
static const struct command *command_of(struct invocation *invocation)
{
	if (option_given(invocation, OPTION_VERSION))
		return command_find("version");
	if (option_given(invocation, OPTION_HELP) || !invocation->command) {
		if (invocation->command) { /* help's only argument, whatever else was given */
			invocation->arguments.count = 0;
			VEC_PUSH(&invocation->arguments, invocation->command->name);
		}
		return command_find("help");
	}
	return invocation->command;
}

/* One that knows no escape sequence would show them, and be filled with lines that it
 * cannot erase. */
static bool is_capable_terminal(int fd)
{
	const char *terminal = getenv("TERM");
	return isatty(fd) && terminal && *terminal && !text_equal(terminal, "dumb");
}

static enum status run_words(struct run *run, struct invocation *invocation, int argc, char **argv)
{
	bool bare = argc == 1;
	run->status =
		invocation_parse(argc - 1, (const char *const *)argv + 1, invocation, &run->error);
	run->command = invocation->command;
	if (run->status)
		return run->status;
	bool nothing = !invocation->command && !option_given(invocation, OPTION_HELP) &&
		       !option_given(invocation, OPTION_VERSION);
	invocation->command = command_of(invocation);
	run->command = invocation->command;
	run->quiet = option_given(invocation, OPTION_QUIET) || option_given(invocation, OPTION_SILENT);
	run->verbose = option_given(invocation, OPTION_VERBOSE);
	run->dry_run = option_given(invocation, OPTION_DRY_RUN);
	const char *no_color = getenv("NO_COLOR");
	run->colour = !option_given(invocation, OPTION_NO_COLOR) && !(no_color && *no_color) &&
		      is_capable_terminal(STDOUT_FILENO);
	((struct show_context *)run->show_context)->colour = run->colour;
	bool wanted = !run->quiet && !run->json;
	if (wanted && is_capable_terminal(STDERR_FILENO)) {
		progress_enable(run->observer);
		watch_signals();
	} else if (wanted) {
		progress_enable_lines(run->observer, PROGRESS_LINES_NS);
	}
	run_execute(run);
	if ((bare || nothing) && !run->status)
		run->status = error_set(&run->error, STATUS_USAGE, "no command was given");
	return run->status;
}

int main(int argc, char **argv)
{
	forbid_core_files();
	fill_standard_descriptors();
	exhausted_as_json = wants_json(argc, argv);
	mem_on_exhausted(memory_exhausted);
	signal(SIGPIPE, SIG_IGN); /* a reader that went away, a file that may not grow: */
	signal(SIGXFSZ, SIG_IGN); /* both are errors of a write, said by the one who wrote */
	json_set_alloc_funcs(mem_alloc, mem_free);
	struct observer *observer = dying_observer = observer_new();
	struct invocation invocation = {0};
	struct show_context shown = {.observer = observer};
	struct run run;
	builtin_set(builtin_plugins);
	run_init(&run, observer, &invocation, (const char *const *)environ, ELOQUENT_PLUGIN_DIR);
	run.json = exhausted_as_json;
	run.show = show;
	run.show_context = &shown;
	run_words(&run, &invocation, argc, argv);
	finish(&run, &shown);
	int code = status_exit(run.status);
	run_free(&run);
	invocation_free(&invocation);
	observer_free(observer);
	return code;
}
