/* seeder.c - a seeder at work: the only file that calls a seeder's slots. What it
 * writes goes through the target that it is given; nothing here touches a database. */
#include "plugin/private.h"

#include <string.h>

#define SEED_NAME_CAP 200u
#define SEED_TEXT_CAP ((uint64_t)4096)

struct sower {
	struct caller caller;
	const struct seeder_plugin *seeder;
};

struct sower *sower_new(struct observer *observer, const struct seeder_plugin *seeder,
			const struct database *follows)
{
	struct sower *sower = mem_alloc(sizeof(*sower));
	sower->seeder = seeder;
	caller_init(&sower->caller, observer, &seeder->plugin,
		    follows != NULL ? follows->connection->name : NULL);
	sower->caller.follows = follows != NULL ? &follows->caller : NULL;
	return sower;
}

void sower_free(struct sower *sower)
{
	if (sower == NULL)
		return;
	caller_done(&sower->caller);
	mem_free(sower);
}

void sower_on_progress(struct sower *sower,
		       void (*progress)(void *context, uint64_t done, uint64_t total, const char *unit),
		       void *context)
{
	sower->caller.progress = progress;
	sower->caller.progress_context = context;
}

struct seed_reader {
	int32_t (*seed)(void *context, const struct elq_seed *seed);
	void *context;
	bool stopped;
	const char *broken;
};

static bool plain_text(struct elq_str text, uint64_t cap)
{
	size_t bad;
	return text.size <= cap && memchr(text.data, '\0', (size_t)text.size) == NULL &&
	       utf8_valid(text.data, (size_t)text.size, &bad);
}

/* What is wrong with a seed, or NULL. */
static const char *check_seed(const struct elq_seed *seed)
{
	if (seed->name.data == NULL || seed->name.size == 0)
		return "a seed has no name";
	if (!plain_text(seed->name, SEED_NAME_CAP))
		return "a seed's name is no text, or a long one";
	if (seed->storage > ELQ_STORAGE_DOCUMENT)
		return "a seed's storage is unknown";
	if ((seed->file.data != NULL && !plain_text(seed->file, SEED_TEXT_CAP)) ||
	    (seed->environments.data != NULL && !plain_text(seed->environments, SEED_TEXT_CAP)))
		return "a seed's file or environments are no text";
	return NULL;
}

static int32_t take_seed(void *context, const struct elq_seed *theirs)
{
	struct seed_reader *reader = context;
	struct elq_seed seed;
	if (!ELQ_REACHES(theirs->struct_size, struct elq_seed, environments)) {
		reader->broken = "a seed's struct is too short";
		return 1;
	}
	sized_copy(&seed, sizeof(seed), theirs, theirs->struct_size);
	seed.struct_size = sizeof(seed);
	reader->broken = check_seed(&seed);
	if (reader->broken != NULL)
		return 1;
	reader->stopped = reader->seed(reader->context, &seed) != 0;
	return reader->stopped;
}

enum status sower_list(struct sower *sower, const char *folder,
		       int32_t (*seed)(void *context, const struct elq_seed *seed), void *context,
		       struct error *error)
{
	struct elq_call call;
	struct seed_reader reader = {seed, context, false, NULL};
	const struct elq_seed_sink sink = {
		.struct_size = sizeof(sink), .context = &reader, .seed = take_seed};
	const struct elq_str path = {folder, strlen(folder)};
	enum status status = call_enter(&sower->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = sower->seeder->ops.list(&call, &path, &sink);
	if (code == ELQ_ERR_STOPPED && reader.stopped)
		code = ELQ_OK;
	status = call_leave(&sower->caller, reader.broken != NULL ? ELQ_OK : code, "list", error);
	if (status == STATUS_OK && reader.broken != NULL)
		return call_broken(&sower->caller, "list", reader.broken, error);
	return status;
}

enum status sower_run(struct sower *sower, const struct elq_seed *seed,
		      const struct elq_seed_target *target, struct error *error)
{
	struct elq_call call;
	enum status status = call_enter(&sower->caller, false, &call, error);
	if (status != STATUS_OK)
		return status;
	int32_t code = sower->seeder->ops.run(&call, seed, target);
	return call_leave(&sower->caller, code, "run", error);
}
