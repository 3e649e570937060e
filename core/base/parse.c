/* parse.c - words of a configuration as values. A word is taken whole or
 * refused: no blanks, no signs that were not asked for, no rest behind it. */
#include "base/parse.h"

#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

bool parse_bool(const char *text, bool *ret)
{
	static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*ret = i % 2 == 1;
			return true;
		}
	}
	return false;
}

/* The digits at the start of text, as a negative number, because that range is
 * the larger one. Returns what follows them, or NULL without digits or on overflow. */
static const char *parse_digits(const char *text, int64_t *ret_negative)
{
	const char *at = text;
	int64_t value = 0;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, *at - '0', &value))
			return NULL;
	}
	if (at == text)
		return NULL;
	*ret_negative = value;
	return at;
}

bool parse_integer(const char *text, int64_t *ret)
{
	bool negative = text[0] == '-';
	const char *rest;
	int64_t value;

	rest = parse_digits(text + negative, &value);
	if (!rest || *rest)
		return false;
	if (!negative && __builtin_sub_overflow(0, value, &value))
		return false;
	*ret = value;
	return true;
}

static bool parse_units(const char *text, const struct unit *units, size_t count, int64_t *ret)
{
	const char *rest;
	int64_t value;

	rest = parse_digits(text, &value);
	if (!rest || __builtin_sub_overflow(0, value, &value))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rest, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].factor, &value))
			return false;
		*ret = value;
		return true;
	}
	return false;
}

bool parse_duration_us(const char *text, int64_t *ret)
{
	static const struct unit units[] = {
		{"", 1000000},           {"ms", 1000},
		{"s", 1000000},          {"m", 60 * 1000000LL},
		{"h", 3600 * 1000000LL}, {"d", 24 * 3600 * 1000000LL},
	};

	return parse_units(text, units, sizeof(units) / sizeof(units[0]), ret);
}

bool parse_size(const char *text, int64_t *ret)
{
	static const struct unit units[] = {
		{"", 1}, {"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}};

	return parse_units(text, units, sizeof(units) / sizeof(units[0]), ret);
}

bool parse_name(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz";
	static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	size_t size = strspn(text, others);

	return size >= 1 && size <= 32 && text[size] == '\0' && strchr(first, text[0]);
}

/* `count` digits as a number; -1: something else stands there. */
static int fixed_digits(const char *text, int count)
{
	int number = 0;
	for (int i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + text[i] - '0';
	}
	return number;
}

bool parse_date(const char *text)
{
	static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
		return false;
	int year = fixed_digits(text, 4);
	int month = fixed_digits(text + 5, 2);
	int day = fixed_digits(text + 8, 2);
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] &&
	       (month != 2 || day < 29 || leap);
}
