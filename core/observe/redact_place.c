/* redact_place.c - finds what stands where credentials stand, whatever it is:
 * scheme://user:THIS@host, password=THIS, "password":"THIS", PASSWORD 'THIS',
 * Authorization: Bearer THIS. Which names count is redact_key.c's to say.
 *
 * One pass. A separator is met, the name before it is looked back for (at most
 * KEY_CAP bytes), the value behind it is taken and stepped over. Where it cannot
 * be known how far a value goes, more is masked rather than less. */
#include "observe/private.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define KEY_CAP ((size_t)96)

struct scan {
	const struct view *view;
	struct spans *spans;
	const char *data;
	size_t size;
	size_t run_end; /* of the URL that was looked at last */
	size_t at_sign; /* the first '@' that was looked for last */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r' || c == '\0';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static size_t skip_blanks(const struct scan *scan, size_t at)
{
	while (at < scan->size && is_blank(scan->data[at]))
		at++;
	return at;
}

static bool is_redacted(const struct scan *scan, size_t start, size_t end)
{
	return end - start == strlen(REDACTED) &&
	       memcmp(scan->data + start, REDACTED, end - start) == 0;
}

/* Masks [start, end) unless it is masked already, and returns end. */
static size_t mask(struct scan *scan, size_t start, size_t end, bool number)
{
	if (!is_redacted(scan, start, end))
		view_add_span(scan->view, start, end, number, scan->spans);
	return end;
}

/* ---- names, looking back from a separator ------------------------------------- */

struct name {
	size_t start;
	size_t size;
	char quote; /* that encloses it, or 0 */
};

/* The bare name that ends at `end`. */
static struct name name_before(const struct scan *scan, size_t end)
{
	size_t start = end;

	while (start > 0 && end - start < KEY_CAP && is_name(scan->data[start - 1]))
		start--;
	return (struct name){.start = start, .size = end - start};
}

/* The name that ends at `end`, bare or in quotes. Size 0: none. */
static struct name key_before(const struct scan *scan, size_t end)
{
	char quote = end > 0 && is_quote(scan->data[end - 1]) ? scan->data[end - 1] : 0;
	size_t start;

	if (!quote)
		return name_before(scan, end);
	start = --end;
	while (start > 0 && end - start < KEY_CAP && scan->data[start - 1] != quote &&
	       !is_line_end(scan->data[start - 1]))
		start--;
	if (start == 0 || scan->data[start - 1] != quote)
		return (struct name){.start = end};
	return (struct name){.start = start, .size = end - start, .quote = quote};
}

static enum place_key name_kind(const struct scan *scan, struct name name)
{
	return place_key_kind(scan->data + name.start, name.size);
}

static bool name_is(const struct scan *scan, struct name name, const char *word)
{
	return name.size == strlen(word) && strncasecmp(scan->data + name.start, word, name.size) == 0;
}

/* ---- values -------------------------------------------------------------------- */

/* The end of what the quote at `open` encloses: the closing quote. A backslash
 * keeps the next character inside, a doubled quote is one; unclosed, the line ends it. */
static size_t quoted_end(const struct scan *scan, size_t open)
{
	char quote = scan->data[open];
	size_t at = open + 1;

	while (at < scan->size && !is_line_end(scan->data[at])) {
		if (scan->data[at] == '\\' && at + 1 < scan->size) {
			at++;
		} else if (scan->data[at] == quote) {
			if (quote == '"' || at + 1 >= scan->size || scan->data[at + 1] != quote)
				return at;
			at++;
		}
		at++;
	}
	return at < scan->size ? at : scan->size;
}

/* Does another pair (`; host=`) begin behind the separator at `at`? */
static bool pair_follows(const struct scan *scan, size_t at)
{
	size_t start = skip_blanks(scan, at + 1);
	size_t end = start;

	while (end < scan->size && end - start < KEY_CAP && is_name(scan->data[end]))
		end++;
	return end > start && end < scan->size && scan->data[end] == '=';
}

/* Does the last byte of [start, end) belong to what is around a value? A bracket
 * that the value opened itself does not. */
static bool surrounds(const struct scan *scan, size_t start, size_t end)
{
	switch (scan->data[end - 1]) {
	case ',':
	case ';':
	case '\'':
	case '`':
		return true;
	case ')':
		return !memchr(scan->data + start, '(', end - start);
	case ']':
		return !memchr(scan->data + start, '[', end - start);
	case '}':
		return !memchr(scan->data + start, '{', end - start);
	default:
		return false;
	}
}

/* The end of a value without quotes: a blank, a double quote, the line's end, or
 * a separator behind which another pair begins. Brackets and separators at its
 * very end belong to what is around it. */
static size_t bare_end(const struct scan *scan, size_t start)
{
	size_t end = start;

	while (end < scan->size && !isspace((unsigned char)scan->data[end]) && scan->data[end] &&
	       scan->data[end] != '"' && !(strchr(",;&", scan->data[end]) && pair_follows(scan, end)))
		end++;
	while (end > start && !is_redacted(scan, start, end) && surrounds(scan, start, end))
		end--;
	return end;
}

/* A value behind '='. An escaped quote belongs to the view in which it is one. */
static size_t mask_value(struct scan *scan, size_t start)
{
	if (start < scan->size && is_quote(scan->data[start]))
		return mask(scan, start + 1, quoted_end(scan, start), false);
	if (start + 1 < scan->size && scan->data[start] == '\\' && is_quote(scan->data[start + 1]))
		return start;
	return mask(scan, start, bare_end(scan, start), false);
}

/* The value of a JSON key that stands in quotes like `quote`. */
static size_t mask_json_value(struct scan *scan, size_t start, char quote)
{
	static const char *const constants[] = {"null", "true", "false"};
	size_t end;

	if (start >= scan->size || strchr("{[\\", scan->data[start]))
		return start;
	if (is_quote(scan->data[start]))
		return mask_value(scan, start);
	end = start;
	while (end < scan->size && !isspace((unsigned char)scan->data[end]) &&
	       !strchr(",}]\"", scan->data[end]))
		end++;
	for (size_t i = 0; i < COUNT_OF(constants); i++) {
		if (end - start == strlen(constants[i]) &&
		    memcmp(scan->data + start, constants[i], end - start) == 0)
			return end;
	}
	return mask(scan, start, end,
		    quote == '"' &&
			    (isdigit((unsigned char)scan->data[start]) || scan->data[start] == '-'));
}

/* What follows "Authorization:": the scheme stays, one token goes; without a
 * scheme that we know, the rest of the line goes. */
static size_t mask_header(struct scan *scan, size_t start, char quote)
{
	static const char *const schemes[] = {"bearer", "basic", "token", "negotiate", "apikey"};
	size_t end = start;

	while (end < scan->size && isalpha((unsigned char)scan->data[end]))
		end++;
	for (size_t i = 0; i < COUNT_OF(schemes); i++) {
		struct name word = {.start = start, .size = end - start};

		if (name_is(scan, word, schemes[i]) && skip_blanks(scan, end) > end)
			return mask_value(scan, skip_blanks(scan, end));
	}
	for (end = start; end < scan->size && !is_line_end(scan->data[end]); end++) {
		if (scan->data[end] == '"' || (quote && scan->data[end] == quote))
			break;
	}
	return mask(scan, start, end, false);
}

/* "password: THIS" is masked where nothing else follows on the line; in front of
 * several words, and in "(using password: YES)", it was prose. */
static size_t mask_line_value(struct scan *scan, size_t start)
{
	static const char *const prose[] = {"yes", "no", "none", "null", "true", "false"};
	struct name word = {.start = start};
	size_t end;

	if (start < scan->size && is_quote(scan->data[start]))
		return mask_value(scan, start);
	end = bare_end(scan, start);
	if (end < scan->size && !is_line_end(scan->data[end]) && !strchr("\",;)]}'`", scan->data[end]))
		return start;
	word.size = end - start;
	for (size_t i = 0; i < COUNT_OF(prose); i++) {
		if (name_is(scan, word, prose[i]))
			return end;
	}
	return mask(scan, start, end, false);
}

/* ---- separators ------------------------------------------------------------------ */

static size_t at_equals(struct scan *scan, size_t at)
{
	size_t end = at;
	size_t start = at + 1;
	enum place_key kind;

	/* `:=`, `=>`, `==`, and an index: config['password'] = */
	if (end > 0 && scan->data[end - 1] == ':')
		end--;
	while (end > 0 && at - end < KEY_CAP && is_blank(scan->data[end - 1]))
		end--;
	if (end > 0 && scan->data[end - 1] == ']')
		end--;
	kind = name_kind(scan, key_before(scan, end));
	if (kind == PLACE_NONE)
		return at + 1;
	while (start < scan->size && (scan->data[start] == '=' || scan->data[start] == '>'))
		start++;
	start = skip_blanks(scan, start);
	if (kind == PLACE_HEADER && start < scan->size && !is_quote(scan->data[start]))
		return mask_header(scan, start, 0);
	return mask_value(scan, start);
}

static size_t at_colon(struct scan *scan, size_t at)
{
	size_t end = at;
	struct name name;
	enum place_key kind;
	size_t start;

	while (end > 0 && at - end < KEY_CAP && is_blank(scan->data[end - 1]))
		end--;
	name = key_before(scan, end);
	if (name.size == 0 || (!name.quote && end < at))
		return at + 1;
	kind = name_kind(scan, name);
	start = skip_blanks(scan, at + 1);
	if (kind == PLACE_NONE)
		return at + 1;
	if (name.quote)
		return mask_json_value(scan, start, name.quote);
	if (kind == PLACE_HEADER)
		return mask_header(scan, start,
				   name.start > 0 && scan->data[name.start - 1] == '\'' ? '\'' : 0);
	return kind == PLACE_SECRET ? mask_line_value(scan, start) : at + 1;
}

/* A quoted word behind a blank: PASSWORD 'THIS', identified by 'THIS'. */
static size_t at_quote(struct scan *scan, size_t at)
{
	size_t end = at;
	struct name name;

	while (end > 0 && at - end < KEY_CAP && isspace((unsigned char)scan->data[end - 1]))
		end--;
	if (end == at)
		return at + 1;
	name = name_before(scan, end);
	if (name_is(scan, name, "by") || name_is(scan, name, "as") || name_is(scan, name, "using")) {
		/* The plugin's name may stand between: identified with NAME by 'THIS'. */
		for (int word = 0; word < 4 && name.size && !name_is(scan, name, "identified");
		     word++) {
			end = name.start;
			while (end > 0 && isspace((unsigned char)scan->data[end - 1]))
				end--;
			name = name_before(scan, end);
		}
		if (!name_is(scan, name, "identified"))
			return at + 1;
	} else if (name_kind(scan, name) != PLACE_SECRET || name_is(scan, name, "pass")) {
		/* "pass" before a quoted word is the verb. */
		return at + 1;
	}
	return mask(scan, at + 1, quoted_end(scan, at), false);
}

/* ---- URLs -------------------------------------------------------------------------- */

static bool url_ends(char c)
{
	return isspace((unsigned char)c) || c == '\0' || is_quote(c) || c == '<' || c == '>';
}

static size_t first_of(const struct scan *scan, size_t from, size_t end, const char *stops)
{
	while (from < end && !strchr(stops, scan->data[from]))
		from++;
	return from;
}

/* The '@' that ends the password that begins at `start`, or run_end. Without an
 * '@' before the path, a port (digits) is none; anything else is a password that
 * holds a '/'. */
static size_t password_end(struct scan *scan, size_t start)
{
	size_t segment = first_of(scan, start, scan->run_end, "/?#");
	size_t digits = start;
	size_t last;

	if (scan->at_sign < start)
		scan->at_sign = first_of(scan, start, scan->size, "@");
	last = scan->at_sign;
	if (last >= scan->run_end)
		return scan->run_end;
	while (digits < segment && isdigit((unsigned char)scan->data[digits]))
		digits++;
	if (last > segment && digits == segment)
		return scan->run_end;
	segment = first_of(scan, last, scan->run_end, "/?#");
	for (size_t i = last; i < segment; i++) {
		if (scan->data[i] == '@')
			last = i;
	}
	return last;
}

/* `at` is the colon of "://". */
static size_t at_url(struct scan *scan, size_t at)
{
	size_t start = at + 3;
	size_t end;

	if (at == 0 || !isalnum((unsigned char)scan->data[at - 1]))
		return start;
	if (scan->run_end < start) {
		scan->run_end = start;
		while (scan->run_end < scan->size && !url_ends(scan->data[scan->run_end]))
			scan->run_end++;
	}
	start = first_of(scan, start, scan->run_end, ":/?#@");
	if (start >= scan->run_end || scan->data[start] != ':')
		return at + 3;
	start++;
	end = password_end(scan, start);
	return end < scan->run_end ? mask(scan, start, end, false) : at + 3;
}

void place_find(const struct view *view, struct spans *spans)
{
	struct scan scan = {.view = view, .spans = spans, .data = view->data, .size = view->size};
	size_t at = 0;

	while (at < scan.size) {
		char c = scan.data[at];

		if (c == ':' && at + 2 < scan.size && scan.data[at + 1] == '/' &&
		    scan.data[at + 2] == '/')
			at = at_url(&scan, at);
		else if (c == ':')
			at = at_colon(&scan, at);
		else if (c == '=')
			at = at_equals(&scan, at);
		else if (c == '\'' || c == '"')
			at = at_quote(&scan, at);
		else
			at++;
	}
}
