/* options.c - the options behind `-- migrate:up` and `-- migrate:down`. Three
 * of them are ours; every other one is the driver's to know. */
#include "migrate/private.h"

#include <stdarg.h>
#include <string.h>

enum status malformed(struct error *error, const char *path, int64_t line, const char *remedy,
		      const char *format, ...)
{
	TEXT_CLEANUP struct text text = {0};
	va_list args;
	va_start(args, format);
	text_vprintf(&text, format, args);
	va_end(args);
	if (line)
		error_set(error, STATUS_MALFORMED, "%s:%lld: %s", path, (long long)line,
			  text_string(&text));
	else
		error_set(error, STATUS_MALFORMED, "%s: %s", path, text_string(&text));
	error_at(error, path, line, 0);
	if (remedy)
		error_hint(error, "%s", remedy);
	return STATUS_MALFORMED;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static enum status option_set(struct section *section, const char *path, int64_t line, const char *name,
			      const char *value, struct error *error)
{
	if (text_equal(name, "transaction")) {
		if (!parse_bool(value, &section->transaction))
			return malformed(error, path, line,
					 "write transaction:true or transaction:false",
					 "transaction:%s is neither true nor false", value);
		return STATUS_OK;
	}
	bool lock = text_equal(name, "lock_timeout");
	if (lock || text_equal(name, "timeout")) {
		int64_t *into = lock ? &section->lock_timeout_us : &section->timeout_us;
		if (!parse_duration_us(value, into) || *into < 0)
			return malformed(error, path, line,
					 "write a number with its unit: 250ms, 30s, 10m, 1h",
					 "%s:%s is not a duration", name, value);
		return STATUS_OK;
	}
	struct setting setting = {
		.key = name,
		.value = value,
		.origin = {.layer = LAYER_INI, .name = path, .line = line},
	};
	VEC_PUSH(&section->options, setting);
	return STATUS_OK;
}

static enum status option_parse(struct arena *arena, const char *path, int64_t line, char *word,
				struct settings *seen, struct section *section, struct error *error)
{
	char *colon = strchr(word, ':');
	if (!colon || !colon[1])
		return malformed(error, path, line,
				 "options are written name:value, for example transaction:false",
				 "\"%s\" is not an option", word);
	*colon = 0;
	if (!parse_name(word))
		return malformed(error, path, line,
				 "an option's name is made of small letters, digits and _",
				 "\"%s\" cannot be an option's name", word);
	if (settings_find(seen, word))
		return malformed(error, path, line, "keep one of them",
				 "the option %s stands there twice", word);
	struct setting setting = {.key = arena_text(arena, word),
				  .value = arena_text(arena, colon + 1)};
	VEC_PUSH(seen, setting);
	return option_set(section, path, line, setting.key, setting.value, error);
}

static void settings_free(struct settings *settings)
{
	mem_free(settings->items);
}

/* Options end up in the arena, like everything else of a migration. */
static void options_keep(struct arena *arena, struct settings *options)
{
	if (!options->count)
		return;
	struct setting *items = arena_alloc(arena, options->count * sizeof(*items));
	memcpy(items, options->items, options->count * sizeof(*items));
	mem_free(options->items);
	*options = (struct settings){items, options->count, options->count};
}

enum status options_parse(struct arena *arena, const char *path, int64_t line, const char *text,
			  size_t size, struct section *section, struct error *error)
{
	CLEANUP(settings_free) struct settings seen = {0};
	for (size_t at = 0; at < size;) {
		size_t end = at;
		while (end < size && !is_blank(text[end]))
			end++;
		CLEANUP(mem_free_text) char *word = mem_copy(text + at, end - at);
		enum status status = STATUS_OK;
		if (end > at)
			status = option_parse(arena, path, line, word, &seen, section, error);
		if (status) {
			mem_free(section->options.items);
			return status;
		}
		at = end + 1;
	}
	options_keep(arena, &section->options);
	return STATUS_OK;
}

/* The driver's hint names its own options; the mistyped one may be one of ours. */
static void options_hint(const char *name, struct error *error)
{
	static const char *const ours[] = {"transaction", "timeout", "lock_timeout"};
	const char *nearest = text_nearest(name, ours, COUNT_OF(ours));
	CLEANUP(mem_free_text) char *theirs = mem_text(error->hint);
	if (!theirs)
		error_hint(error, "write a value of that kind, or take the option out");
	else if (nearest)
		error_hint(error, "did you mean %s?", nearest);
	else
		error_hint(error, "%s; every driver has transaction, timeout and lock_timeout", theirs);
}

enum status options_check(struct database *database, const struct migration *file,
			  const struct section *section, struct error *error)
{
	for (size_t i = 0; i < section->options.count; i++) {
		const struct setting *option = &section->options.items[i];
		enum status status = database_check_option(database, option->key, option->value, error);
		if (status) {
			options_hint(option->key, error);
			error_prefix(error, "%s:%lld", file->path, (long long)option->origin.line);
			error_at(error, file->path, option->origin.line, 0);
			return status;
		}
	}
	return STATUS_OK;
}
