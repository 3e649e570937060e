/* lookup.c - questions to a finished project: by name, by key, from where. */
#include "config/private.h"

#include <stdarg.h>
#include <string.h>

const struct connection *project_connection(const struct project *project, const char *name)
{
	for (size_t i = 0; i < project->connection_count; i++) {
		if (strcmp(project->connections[i].name, name) == 0)
			return &project->connections[i];
	}
	return NULL;
}

const char *project_connection_names(const struct project *project, struct arena *arena)
{
	TEXT_CLEANUP struct text text = {0};

	if (project->connection_count == 0)
		return "known: none, because no connection is configured";
	for (size_t i = 0; i < project->connection_count; i++) {
		text_add(&text, i ? ", " : "known: ");
		text_add(&text, project->connections[i].name);
	}
	return arena_copy(arena, text_string(&text), text.size);
}

const struct setting *settings_find(const struct settings *settings, const char *key)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->items[i].key, key) == 0)
			return &settings->items[i];
	}
	return NULL;
}

const char *origin_text(const struct origin *origin, struct arena *arena)
{
	switch (origin->layer) {
	case LAYER_INI:
	case LAYER_DOTENV:
		if (origin->line)
			return arena_printf(arena, "%s:%lld", origin->name, (long long)origin->line);
		return arena_text(arena, origin->name);
	case LAYER_ENVIRONMENT:
		return arena_printf(arena, "the variable %s", origin->name);
	case LAYER_COMMAND_LINE:
		return arena_text(arena, origin->name);
	case LAYER_DEFAULT:
	default:
		return origin->name ? arena_text(arena, origin->name) : "the default";
	}
}

enum status config_error(struct error *error, const struct origin *origin, const char *format, ...)
{
	TEXT_CLEANUP struct text message = {0};
	struct arena arena = {0};
	va_list args;

	va_start(args, format);
	text_vprintf(&message, format, args);
	va_end(args);
	/* The message itself names the variable. */
	error_set(error, STATUS_CONFIG, "%s: %s",
		  origin->layer == LAYER_ENVIRONMENT ? "environment" : origin_text(origin, &arena),
		  text_string(&message));
	if (origin->layer == LAYER_INI || origin->layer == LAYER_DOTENV)
		error_at(error, origin->name, origin->line, 0);
	arena_free(&arena);
	return STATUS_CONFIG;
}

struct settings connection_settings_with_url(const struct project *project,
					     const struct connection *connection, struct arena *arena)
{
	struct settings settings = {0};
	struct setting url = {"url", project->database_url, project->database_url_origin, true};

	for (size_t i = 0; i < connection->settings.count; i++) {
		const struct setting *setting = &connection->settings.items[i];

		unsigned flags = key_connection_flags(setting->key);

		if (flags & KEY_ENDPOINT)
			continue;
		if ((flags & KEY_CREDENTIAL) && setting->origin.layer < url.origin.layer)
			continue;
		ARENA_PUSH(arena, &settings, *setting);
	}
	ARENA_PUSH(arena, &settings, url);
	return settings;
}
