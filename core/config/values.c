/* values.c - does a value fit its row of the key table? It is brought to the
 * form that is passed on; what it then means is known elsewhere. */
#include "config/private.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#define SHOWN 60 /* bytes of a wrong value in a message */

void value_make_absolute(const struct loader *loader, struct setting *setting)
{
	/* ":memory:" and the like are a driver's own words, not files. */
	if (setting->value[0] == '\0' || setting->value[0] == ':' || setting->value[0] == '/')
		return;
	setting->value =
		path_join(loader->arena, layer_folder(loader, setting->origin.layer), setting->value);
}

const char *key_type_text(enum key_type type)
{
	switch (type) {
	case KEY_BOOL:
		return "yes or no";
	case KEY_INTEGER:
		return "number";
	case KEY_SIZE:
		return "size";
	case KEY_DURATION:
		return "duration";
	case KEY_PATH:
		return "path";
	case KEY_LIST:
		return "list";
	case KEY_CHOICE:
		return "choice";
	case KEY_ARGUMENTS:
		return "arguments";
	case KEY_TEXT:
	default:
		return "text";
	}
}

/* The sentence for a value that does not fit. Secrets are not shown. */
static enum status value_refuse(const char *label, const struct setting *setting, const char *why,
				const char *hint, struct error *error)
{
	size_t size = strlen(setting->value);
	size_t shown = size > SHOWN ? SHOWN : size;

	/* Not through the middle of a character. */
	while (shown < size && ((unsigned char)setting->value[shown] & 0xc0) == 0x80)
		shown--;
	if (setting->secret)
		config_error(error, &setting->origin, "%s: %s", label, why);
	else
		config_error(error, &setting->origin, "%s = \"%.*s%s\": %s", label, (int)shown,
			     setting->value, shown < size ? "..." : "", why);
	error_hint(error, "%s", hint);
	return STATUS_CONFIG;
}

static void value_trim(const struct loader *loader, struct setting *setting)
{
	const char *start = setting->value;
	size_t size;

	while (isspace((unsigned char)*start))
		start++;
	size = strlen(start);
	while (size > 0 && isspace((unsigned char)start[size - 1]))
		size--;
	setting->value = arena_copy(loader->arena, start, size);
}

static enum status number_check(const struct key *key, const char *label, const struct setting *setting,
				struct error *error)
{
	int64_t number = 0;
	bool valid;

	switch (key->type) {
	case KEY_SIZE:
		valid = parse_size(setting->value, &number);
		if (!valid)
			return value_refuse(label, setting, "not a size",
					    "write bytes, or 512KiB, 16MiB, 1GiB", error);
		break;
	case KEY_DURATION:
		valid = parse_duration_us(setting->value, &number);
		if (!valid)
			return value_refuse(label, setting, "not a duration",
					    "write 250ms, 5s, 10m, 1h or 7d; a bare number is seconds",
					    error);
		break;
	default:
		valid = parse_integer(setting->value, &number);
		if (!valid)
			return value_refuse(label, setting, "not a number", "write decimal digits",
					    error);
	}
	if ((key->minimum || key->maximum) && (number < key->minimum || number > key->maximum)) {
		TEXT_CLEANUP struct text hint = {0};
		const char *unit = key->type == KEY_SIZE       ? " bytes"
				   : key->type == KEY_DURATION ? " microseconds"
							       : "";

		text_printf(&hint, "it must lie between %lld and %lld%s", (long long)key->minimum,
			    (long long)key->maximum, unit);
		return value_refuse(label, setting, "out of range", text_string(&hint), error);
	}
	return STATUS_OK;
}

static enum status choice_check(const struct loader *loader, const struct key *key, const char *label,
				struct setting *setting, struct error *error)
{
	TEXT_CLEANUP struct text hint = {0};
	char *rest = arena_text(loader->arena, key->choices);

	text_add(&hint, "write ");
	for (char *choice; (choice = strsep(&rest, " ")) != NULL;) {
		if (strcasecmp(choice, setting->value) == 0) {
			setting->value = choice;
			return STATUS_OK;
		}
		text_printf(&hint, "%s%s", choice, rest ? (strchr(rest, ' ') ? ", " : " or ") : "");
	}
	return value_refuse(label, setting, "unknown word", text_string(&hint), error);
}

static enum status arguments_check(const char *label, const struct setting *setting,
				   struct error *error)
{
	json_t *array = json_loads(setting->value, JSON_REJECT_DUPLICATES, NULL);
	bool valid = json_is_array(array) && json_array_size(array) > 0;

	for (size_t i = 0; valid && i < json_array_size(array); i++)
		valid = json_is_string(json_array_get(array, i));
	if (valid)
		valid = json_string_length(json_array_get(array, 0)) > 0;
	json_decref(array);
	return valid ? STATUS_OK
		     : value_refuse(label, setting, "not a program and its arguments",
				    "write a JSON array of strings, as [\"/usr/local/bin/program\", "
				    "\"argument\"]; "
				    "no shell is used",
				    error);
}

static enum status path_check(const struct loader *loader, const struct key *key, const char *label,
			      struct setting *setting, struct error *error)
{
	if (key->flags & KEY_ENDPOINT) { /* a connection's: an empty one is for the driver to judge */
		value_make_absolute(loader, setting);
		return STATUS_OK;
	}
	if (setting->value[0] == '\0')
		return value_refuse(label, setting, "an empty path",
				    "name a file or folder, or remove the key", error);
	if ((key->flags & KEY_ABSOLUTE) && setting->value[0] != '/')
		return value_refuse(label, setting, "not an absolute path", "begin it with /", error);
	value_make_absolute(loader, setting);
	return STATUS_OK;
}

enum status value_check(const struct loader *loader, const struct key *key, const char *label,
			struct setting *setting, struct error *error)
{
	bool ignored;

	if (key->type != KEY_TEXT && key->type != KEY_PATH)
		value_trim(loader, setting);
	switch (key->type) {
	case KEY_BOOL:
		if (parse_bool(setting->value, &ignored))
			return STATUS_OK;
		return value_refuse(label, setting, "not a yes or no",
				    "write yes or no (1/0, true/false, on/off)", error);
	case KEY_INTEGER:
	case KEY_SIZE:
	case KEY_DURATION:
		return number_check(key, label, setting, error);
	case KEY_CHOICE:
		return choice_check(loader, key, label, setting, error);
	case KEY_ARGUMENTS:
		return arguments_check(label, setting, error);
	case KEY_PATH:
		return path_check(loader, key, label, setting, error);
	case KEY_TEXT:
	case KEY_LIST:
	default:
		return STATUS_OK;
	}
}
