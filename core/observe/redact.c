/* redact.c - masks registered secrets, and what stands where credentials stand.
 *
 * Time is linear in the text for each spelling of a secret: a spelling is found
 * by memmem, and a run of overlapping finds is taken in one step. */
#include "observe/private.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_LEAST ((size_t)6)

/* ---- the spellings of a secret ---------------------------------------------- */

/* The smallest shift by which data overlaps itself; its size when by none. */
static size_t smallest_period(const char *data, size_t size)
{
	size_t *border = mem_alloc(size * sizeof(*border)); /* of each prefix */
	size_t length = 0;
	size_t period;

	for (size_t i = 1; i < size; i++) {
		while (length && data[i] != data[length])
			length = border[length - 1];
		if (data[i] == data[length])
			length++;
		border[i] = length;
	}
	period = size - border[size - 1];
	explicit_bzero(border, size * sizeof(*border));
	mem_free(border);
	return period;
}

static void pattern_add(struct patterns *patterns, const char *data, size_t size, bool partial_before,
			bool partial_after)
{
	for (size_t i = 0; i < patterns->count; i++) {
		struct pattern *other = &patterns->items[i];

		if (other->size == size && memcmp(other->data, data, size) == 0) {
			other->partial_before |= partial_before;
			other->partial_after |= partial_after;
			return;
		}
	}
	VEC_RESERVE(patterns);
	patterns->items[patterns->count++] = (struct pattern){
		.data = mem_copy(data, size),
		.size = size,
		.period = smallest_period(data, size),
		.partial_before = partial_before,
		.partial_after = partial_after,
	};
}

static void pattern_add_hex(struct patterns *patterns, const char *secret, size_t size)
{
	char *hex = mem_alloc(2 * size + 1);

	hex_encode((const uint8_t *)secret, size, hex);
	pattern_add(patterns, hex, 2 * size, false, false);
	for (size_t i = 0; i < 2 * size; i++) {
		if (hex[i] >= 'a')
			hex[i] = (char)(hex[i] - 'a' + 'A');
	}
	pattern_add(patterns, hex, 2 * size, false, false);
	explicit_bzero(hex, 2 * size);
	mem_free(hex);
}

/* The base64 digits that secret alone decides when `skip` bytes stand before it. */
static void pattern_add_base64(struct patterns *patterns, const char *secret, size_t size, size_t skip,
			       const char digits[65])
{
	size_t first = (8 * skip + 5) / 6;
	size_t end = 8 * (skip + size) / 6;
	char *text = mem_alloc(end - first + 1);

	for (size_t i = first; i < end; i++) {
		/* The two bytes in which the six bits of digit i lie. */
		size_t bit = 6 * i - 8 * skip;
		unsigned high = (unsigned char)secret[bit / 8];
		unsigned low = bit / 8 + 1 < size ? (unsigned char)secret[bit / 8 + 1] : 0;

		text[i - first] = digits[(high << 8 | low) >> (10 - bit % 8) & 63];
	}
	pattern_add(patterns, text, end - first, 8 * skip % 6 != 0, 8 * (skip + size) % 6 != 0);
	explicit_bzero(text, end - first);
	mem_free(text);
}

void redact_add(struct observer *observer, const char *secret, size_t size)
{
	static const char standard[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char for_urls[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct patterns *patterns = &observer->patterns;
	CLEANUP(mem_free_text) char *form = NULL;

	/* Shorter ones would blacken innocent text; where credentials stand they
	 * are masked like anything else. */
	if (size < SECRET_LEAST)
		return;
	/* Form encoding writes a blank as '+'. */
	form = mem_copy(secret, size);
	for (size_t i = 0; i < size; i++) {
		if (form[i] == ' ')
			form[i] = '+';
	}
	pthread_rwlock_wrlock(&observer->secrets_lock);
	pattern_add(patterns, secret, size, false, false);
	pattern_add(patterns, form, size, false, false);
	pattern_add_hex(patterns, secret, size);
	for (size_t skip = 0; skip < 3; skip++) {
		pattern_add_base64(patterns, secret, size, skip, standard);
		pattern_add_base64(patterns, secret, size, skip, for_urls);
	}
	pthread_rwlock_unlock(&observer->secrets_lock);
	explicit_bzero(form, size);
}

void redact_done(struct observer *observer)
{
	for (size_t i = 0; i < observer->patterns.count; i++) {
		explicit_bzero(observer->patterns.items[i].data, observer->patterns.items[i].size);
		mem_free(observer->patterns.items[i].data);
	}
	mem_free(observer->patterns.items);
}

/* ---- finding them ------------------------------------------------------------- */

static bool base64_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
	       c == '/' || c == '-' || c == '_';
}

static void pattern_find(const struct view *view, const struct pattern *pattern, struct spans *spans)
{
	size_t from = 0;
	const char *hit;

	while (from < view->size &&
	       (hit = memmem(view->data + from, view->size - from, pattern->data, pattern->size))) {
		size_t start = (size_t)(hit - view->data);
		size_t end = start + pattern->size;
		size_t run = end;

		/* A periodic secret overlaps itself: as far as the period goes on, it is
		 * found again at each of its multiples. Then go on behind that run. */
		while (run < view->size && view->data[run] == view->data[run - pattern->period])
			run++;
		from = run - pattern->size + 1;
		end += (run - end) / pattern->period * pattern->period;
		if (pattern->partial_before && start > 0 && base64_digit(view->data[start - 1]))
			start--;
		if (pattern->partial_after && end < view->size && base64_digit(view->data[end]))
			end++;
		view_add_span(view, start, end, false, spans);
	}
}

static int span_compare(const void *a, const void *b)
{
	const struct span *left = a;
	const struct span *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/* Sorted, and what overlaps or touches made one. */
static void spans_merge(struct spans *spans)
{
	size_t kept = 0;

	if (spans->count == 0)
		return;
	qsort(spans->items, spans->count, sizeof(*spans->items), span_compare);
	for (size_t i = 1; i < spans->count; i++) {
		struct span *last = &spans->items[kept];
		const struct span *next = &spans->items[i];

		if (next->start > last->end) {
			spans->items[++kept] = *next;
			continue;
		}
		if (next->end > last->end)
			last->end = next->end;
		last->number = last->number || next->number;
	}
	spans->count = kept + 1;
}

static void patterns_find(struct observer *observer, const struct view *view, struct spans *spans)
{
	pthread_rwlock_rdlock(&observer->secrets_lock);
	for (size_t i = 0; i < observer->patterns.count; i++)
		pattern_find(view, &observer->patterns.items[i], spans);
	pthread_rwlock_unlock(&observer->secrets_lock);
}

static void spans_find(struct observer *observer, const char *data, size_t size, struct spans *spans)
{
	struct view views[VIEW_COUNT] = {0};
	struct tokens tokens = {0};
	bool document = document_read(data, size, &tokens);

	for (enum view_kind kind = VIEW_PLAIN; kind < VIEW_COUNT; kind++) {
		if (!view_build(kind, data, size, &views[kind]))
			continue;
		patterns_find(observer, &views[kind], spans);
		if (!document && (kind == VIEW_PLAIN || kind == VIEW_JSON))
			place_find(&views[kind], spans);
	}
	if (document)
		document_find_places(&tokens, &views[views[VIEW_JSON].data ? VIEW_JSON : VIEW_PLAIN],
				     spans);
	/* A mask that ended inside an escape would change what follows it. */
	for (size_t i = 0; i < spans->count; i++)
		view_widen_span(&views[VIEW_JSON], &spans->items[i]);
	spans_merge(spans);
	if (document)
		document_clip(&tokens, spans);
	mem_free(tokens.items);
	for (enum view_kind kind = VIEW_PLAIN; kind < VIEW_COUNT; kind++)
		view_free(&views[kind]);
}

void redact(struct observer *observer, const char *data, size_t size, struct text *ret)
{
	struct spans spans = {0};
	size_t done = 0;

	if (size > TEXT_CAP)
		mem_exhausted();
	if (size == 0)
		return;
	spans_find(observer, data, size, &spans);
	for (size_t i = 0; i < spans.count; i++) {
		const struct span *span = &spans.items[i];

		text_append(ret, data + done, span->start - done);
		text_add(ret, span->number ? "\"" REDACTED "\"" : REDACTED);
		done = span->end;
	}
	text_append(ret, data + done, size - done);
	mem_free(spans.items);
}
