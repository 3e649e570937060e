/* seeds.c - what seeds there are: every seeder's, in one order, each known by one name;
 * and which of them are for a database. */
#include "seed/private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char suffix[] = "Seeder";

/* How much of a name counts: a trailing "Seeder" does not, unless nothing else is left. */
static size_t plain_size(const char *name)
{
	size_t size = strlen(name);
	size_t end = strlen(suffix);
	return size > end && strcmp(name + size - end, suffix) == 0 ? size - end : size;
}

static bool same_name(const char *a, const char *b)
{
	size_t size = plain_size(a);
	return size == plain_size(b) && memcmp(a, b, size) == 0;
}

const struct seed *seeds_find(const struct seeds *seeds, const char *name)
{
	for (size_t i = 0; i < seeds->count; i++)
		if (same_name(seeds->items[i].name, name))
			return &seeds->items[i];
	return NULL;
}

/* ---- collecting -------------------------------------------------------------------- */

struct collecting {
	struct seeds *seeds;
	const struct seeder_plugin *seeder;
	struct error *error;
	enum status status;
};

static const char *own_text(struct arena *arena, struct elq_str text)
{
	return text.data ? arena_copy(arena, text.data, (size_t)text.size) : NULL;
}

static enum status one_name_twice(const struct seed *first, const struct seed *second,
				  struct error *error)
{
	error_set(error, STATUS_MALFORMED, "two seeds have the name %s: %s and %s", first->name,
		  first->file ? first->file : first->seeder->plugin.name,
		  second->file ? second->file : second->seeder->plugin.name);
	error_hint(error, "rename one; digits in front and \"Seeder\" at the end make no difference");
	return STATUS_MALFORMED;
}

static int32_t collect(void *context, const struct elq_seed *theirs)
{
	struct collecting *collecting = context;
	struct seeds *seeds = collecting->seeds;
	struct arena *arena = &seeds->arena;
	const char *name = own_text(arena, theirs->name);
	struct seed seed = {
		.name = arena_copy(arena, name, plain_size(name)),
		.listed = name,
		.file = own_text(arena, theirs->file),
		.environments = own_text(arena, theirs->environments),
		.line = theirs->line <= INT64_MAX ? (int64_t)theirs->line : 0,
		.storage = theirs->storage,
		.seeder = collecting->seeder,
	};
	const struct seed *known = seeds_find(seeds, name);
	if (known)
		collecting->status = one_name_twice(known, &seed, collecting->error);
	else
		VEC_PUSH(seeds, seed);
	return collecting->status != STATUS_OK;
}

static enum status ask_seeder(struct observer *observer, const struct project *project,
			      const char *name, struct seeds *seeds, struct error *error)
{
	struct collecting collecting = {.seeds = seeds, .error = error};
	enum status status = seeder_load(observer, project, name, &collecting.seeder, error);
	if (status)
		return status;
	struct sower *sower = sower_new(observer, collecting.seeder, NULL);
	status = sower_list(sower, seeds->folder, collect, &collecting, error);
	sower_free(sower);
	return status ? status : collecting.status;
}

/* ---- order --------------------------------------------------------------------------- */

static const char *order_key(const struct seed *seed)
{
	return seed->file ? path_name(seed->file) : seed->name;
}

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* As numbers of any length; a file without digits stands behind those with. */
static int compare_digits(const char *a, const char *b)
{
	size_t a_size = digits(a), b_size = digits(b);
	if (!a_size || !b_size)
		return (a_size == 0) - (b_size == 0);
	for (; a_size > 1 && *a == '0'; a_size--)
		a++;
	for (; b_size > 1 && *b == '0'; b_size--)
		b++;
	if (a_size != b_size)
		return a_size < b_size ? -1 : 1;
	return memcmp(a, b, a_size);
}

static int compare(const void *left, const void *right)
{
	const struct seed *a = left, *b = right;
	int order = compare_digits(order_key(a), order_key(b));
	if (!order)
		order = strcmp(order_key(a) + digits(order_key(a)),
			       order_key(b) + digits(order_key(b)));
	return order ? order : strcmp(a->name, b->name);
}

/* ---- listing -------------------------------------------------------------------------- */

static enum status check_folder(const char *folder, struct error *error)
{
	struct stat found;
	if (stat(folder, &found) == 0 && S_ISDIR(found.st_mode))
		return STATUS_OK;
	error_set(error, STATUS_CONFIG, "the seeds folder %s does not exist", folder);
	error_hint(error, "make it and put a script into it, or set [project] seeds in eloquent.ini");
	return STATUS_CONFIG;
}

/* A plugin may be listed twice: in the folder and in a section of its own. */
static bool listed_before(const struct candidates *candidates, size_t index)
{
	const struct elq_note *note = &candidates->items[index].note;
	for (size_t i = 0; i < index; i++) {
		const struct candidate *other = &candidates->items[i];
		if (other->has_note && !other->refusal && other->note.kind == note->kind &&
		    text_equal(other->note.name, note->name))
			return true;
	}
	return false;
}

static enum status ask_all(struct observer *observer, const struct project *project,
			   const struct candidates *candidates, struct seeds *ret, struct error *error)
{
	size_t asked = 0;
	enum status status = STATUS_OK;
	for (size_t i = 0; i < candidates->count && !status; i++) {
		const struct candidate *candidate = &candidates->items[i];
		if (!candidate->has_note || candidate->note.kind != ELQ_KIND_SEEDER ||
		    listed_before(candidates, i))
			continue;
		if (candidate->refusal) {
			log_write(observer, LOG_WARN, "the seeder %s is left out: %s", candidate->path,
				  candidate->refusal);
			continue;
		}
		status = ask_seeder(observer, project, candidate->note.name, ret, error);
		asked++;
	}
	if (status || asked)
		return status;
	error_set(error, STATUS_PLUGIN_MISSING, "there is no seeder plugin that could be used");
	error_hint(error, "eloquent plugin:list shows what is there, and why something is refused");
	return STATUS_PLUGIN_MISSING;
}

enum status seeds_list(struct observer *observer, const struct project *project, struct seeds *ret,
		       struct error *error)
{
	struct candidates candidates = {0};
	*ret = (struct seeds){.folder = project->seeds};
	enum status status = check_folder(project->seeds, error);
	if (status)
		return status;
	status = candidates_list(project, &candidates, error);
	if (!status)
		status = ask_all(observer, project, &candidates, ret, error);
	candidates_free(&candidates);
	if (!status && ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare);
	return status;
}

void seeds_free(struct seeds *seeds)
{
	mem_free(seeds->items);
	arena_free(&seeds->arena);
	*seeds = (struct seeds){0};
}

/* ---- choosing -------------------------------------------------------------------------- */

enum status seeds_require(const struct seeds *seeds, const char *name, const struct seed **ret,
			  struct error *error)
{
	*ret = seeds_find(seeds, name);
	if (*ret)
		return STATUS_OK;
	CLEANUP(arena_free) struct arena arena = {0};
	TEXT_CLEANUP struct text known = {0};
	const char **names = arena_alloc(&arena, (seeds->count + 1) * sizeof(*names));
	for (size_t i = 0; i < seeds->count; i++) {
		names[i] = seeds->items[i].name;
		text_printf(&known, "%s%s", i ? ", " : "", names[i]);
	}
	const char *plain = arena_copy(&arena, name, plain_size(name));
	const char *nearest = text_nearest(plain, names, seeds->count);
	error_set(error, STATUS_UNKNOWN_NAME, "no seed is called \"%s\" in %s", name, seeds->folder);
	if (nearest)
		error_hint(error, "did you mean %s? Known seeds: %s", nearest, text_string(&known));
	else
		error_hint(error, seeds->count ? "known seeds: %s" : "the folder holds no seed%s",
			   text_string(&known));
	return STATUS_UNKNOWN_NAME;
}

static bool names_word(const char *environments, const char *word)
{
	char one[128];
	for (const char *at = environments; *at;) {
		at += strspn(at, " ");
		size_t size = strcspn(at, " ");
		if (size && size < sizeof(one)) {
			memcpy(one, at, size);
			one[size] = '\0';
			/* Both sides in one form: "prod" in a file is the connection's "production". */
			if (word_is_production(one) ? word_is_production(word) : text_equal(one, word))
				return true;
		}
		at += size;
	}
	return false;
}

const char *seed_unfit(const struct seed *seed, const char *family, const char *word,
		       struct arena *arena)
{
	static const char *const storages[] = {"any", "sql", "document"};
	if (seed->storage != ELQ_STORAGE_ANY && !text_equal(storages[seed->storage], family))
		return arena_printf(arena, "it is for %s databases", storages[seed->storage]);
	if (!seed->environments)
		return word_is_production(word) ? "it does not name production among its environments"
						: NULL;
	if (names_word(seed->environments, word))
		return NULL;
	return arena_printf(arena, "it is for the environments %s, and this is %s", seed->environments,
			    word);
}
