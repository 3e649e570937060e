/* parse.c - from words to an invocation. Options may stand anywhere, are
 * written in full (--y must not become --yes), and have one arity each over
 * all commands. What is wrong is named together with the nearest known word. */
#include "cli/cli.h"

#include <string.h>

struct parser {
	const char *const *words;
	int count;
	int next;
	struct invocation *out;
	struct error *error;
};

static void values_push(struct option_values *values, const char *value)
{
	VEC_PUSH(values, value);
}

static const struct convention *convention_flag(const char *name)
{
	for (size_t i = 0; i < convention_count; i++)
		if (text_equal(conventions[i].connection, name))
			return &conventions[i];
	return NULL;
}

static enum status unknown_option(struct parser *parser, const char *name)
{
	const char *known[OPTION_COUNT + 8];
	size_t count = 0;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		known[count++] = option_rows[i].name;
	for (size_t i = 0; i < convention_count && i < 8; i++)
		known[count++] = conventions[i].connection;
	error_set(parser->error, STATUS_USAGE, "there is no option --%s", name);
	const char *near = text_nearest(name, known, count);
	const char *answer = prohibited_answer(name);
	if (answer)
		return error_set(parser->error, STATUS_PROHIBITED, "--%s does not exist here: %s", name,
				 answer);
	if (near)
		error_hint(parser->error, "did you mean --%s? Options are written in full", near);
	else
		error_hint(parser->error, "eloquent help COMMAND lists a command's options");
	return STATUS_USAGE;
}

/* The value of an option of arity 1: behind '=', or the next word. */
static enum status take_value(struct parser *parser, const char *name, const char *attached,
			      const char **ret)
{
	if (attached) {
		*ret = attached;
		return STATUS_OK;
	}
	if (parser->next >= parser->count) {
		error_set(parser->error, STATUS_USAGE, "--%s needs a value", name);
		return STATUS_USAGE;
	}
	*ret = parser->words[parser->next++];
	return STATUS_OK;
}

static enum status store_option(struct parser *parser, enum option option, const char *attached)
{
	const struct option_row *row = &option_rows[option];
	struct option_values *values = &parser->out->options[option];
	const char *value = attached ? attached : "";
	if (row->arity == 0 && attached) {
		error_set(parser->error, STATUS_USAGE, "--%s takes no value", row->name);
		return STATUS_USAGE;
	}
	if (row->arity == 1) {
		enum status status = take_value(parser, row->name, attached, &value);
		if (status)
			return status;
		bool repeatable = option == OPTION_ENV_FILE || option == OPTION_CONNECTION;
		if (values->count && !repeatable)
			return error_set(parser->error, STATUS_USAGE,
					 "--%s is given twice: \"%s\" and \"%s\"", row->name,
					 values->items[0], value);
	}
	values_push(values, value);
	if (option == OPTION_CONNECTION)
		values_push(&parser->out->connections, value);
	return STATUS_OK;
}

static enum status parse_long(struct parser *parser, const char *word)
{
	const char *equals = strchr(word, '=');
	TEXT_CLEANUP struct text name = {0};
	text_append(&name, word, equals ? (size_t)(equals - word) : strlen(word));
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (text_equal(option_rows[i].name, text_string(&name)))
			return store_option(parser, (enum option)i, equals ? equals + 1 : NULL);
	const struct convention *convention = convention_flag(text_string(&name));
	if (!convention)
		return unknown_option(parser, text_string(&name));
	if (equals)
		return error_set(parser->error, STATUS_USAGE, "--%s takes no value",
				 text_string(&name));
	values_push(&parser->out->options[OPTION_CONNECTION], convention->connection);
	values_push(&parser->out->connections, convention->connection);
	return STATUS_OK;
}

static enum status parse_short(struct parser *parser, const char *word)
{
	if (text_equal(word, "h"))
		return store_option(parser, OPTION_HELP, NULL);
	if (word[0] == 'c')
		return store_option(parser, OPTION_CONNECTION, word[1] ? word + 1 : NULL);
	error_set(parser->error, STATUS_USAGE, "there is no option -%s", word);
	error_hint(parser->error, "short options are -c NAME and -h; all others are written --name");
	return STATUS_USAGE;
}

static enum status parse_command_name(struct parser *parser, const char *word)
{
	parser->out->typed_name = word;
	parser->out->command = command_find(word);
	if (parser->out->command)
		return STATUS_OK;
	const char *answer = prohibited_answer(word);
	if (answer)
		return error_set(parser->error, STATUS_PROHIBITED, "%s does not exist here: %s", word,
				 answer);
	error_set(parser->error, STATUS_USAGE, "there is no command \"%s\"", word);
	const char *known[128];
	size_t count = 0;
	for (size_t i = 0; i < command_count && count < COUNT_OF(known); i++)
		known[count++] = command_table[i]->name;
	const char *near = text_nearest(word, known, count);
	if (near)
		error_hint(parser->error, "did you mean %s?", near);
	else
		error_hint(parser->error, "eloquent list shows the commands");
	return STATUS_USAGE;
}

static enum status parse_words(struct parser *parser)
{
	bool only_arguments = false;
	while (parser->next < parser->count) {
		const char *word = parser->words[parser->next++];
		enum status status = STATUS_OK;
		if (!only_arguments && text_equal(word, "--"))
			only_arguments = true;
		else if (!only_arguments && text_starts(word, "--"))
			status = parse_long(parser, word + 2);
		else if (!only_arguments && word[0] == '-' && word[1])
			status = parse_short(parser, word + 1);
		else if (!parser->out->typed_name)
			status = parse_command_name(parser, word);
		else
			values_push(&parser->out->arguments, word);
		if (status)
			return status;
	}
	return STATUS_OK;
}

/* Does the command take what was given? */
static enum status check_fit(const struct invocation *invocation, struct error *error)
{
	const struct command *command = invocation->command;
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!invocation->options[i].count || command_accepts(command, (enum option)i))
			continue;
		error_set(error, STATUS_USAGE, "%s does not take --%s", command->name,
			  option_rows[i].name);
		error_hint(error, "eloquent help %s lists its options", command->name);
		return STATUS_USAGE;
	}
	size_t count = invocation->arguments.count;
	if (count > command->arguments_max) {
		error_set(error, STATUS_USAGE, "%s: \"%s\" is one argument too many", command->name,
			  invocation->arguments.items[command->arguments_max]);
		error_hint(error, "usage: eloquent %s%s%s", command->name,
			   *command->arguments ? " " : "", command->arguments);
		return STATUS_USAGE;
	}
	if (count < command->arguments_min) {
		error_set(error, STATUS_USAGE, "%s needs %s", command->name, command->arguments);
		error_hint(error, "usage: eloquent %s %s", command->name, command->arguments);
		return STATUS_USAGE;
	}
	if (option_given(invocation, OPTION_DRY_RUN) && (command->flags & COMMAND_NO_DRY_RUN))
		return error_set(error, STATUS_USAGE, "%s has nothing to show under --dry-run",
				 command->name);
	enum status status = option_values_check(invocation, error);
	return status || !command->usage ? status : command->usage(invocation, error);
}

enum status invocation_parse(int count, const char *const *words, struct invocation *ret,
			     struct error *error)
{
	struct invocation out = {0};
	struct parser parser = {words, count, 0, &out, error};
	enum status status = parse_words(&parser);
	bool asks_help = option_given(&out, OPTION_HELP) || option_given(&out, OPTION_VERSION);
	if (!status && out.command && !asks_help)
		status = check_fit(&out, error);
	if (status) {
		const struct command *command = out.command;
		invocation_free(&out);
		out.command = command;
	}
	*ret = out;
	return status;
}

void invocation_free(struct invocation *invocation)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		mem_free(invocation->options[i].items);
	mem_free(invocation->arguments.items);
	mem_free(invocation->connections.items);
	*invocation = (struct invocation){0};
}
