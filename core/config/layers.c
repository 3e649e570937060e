/* layers.c - one connection's settings out of the environment, .env and its
 * INI section, by two rules: an endpoint is taken whole from one layer, and
 * credentials never come from a weaker layer than the endpoint (unless that is
 * the INI's). Otherwise one database's password would be sent to another host. */
#include "config/private.h"

#include <stdlib.h>
#include <string.h>

/* What one layer offers for a key. */
struct offer {
	const char *key;
	const char *label; /* as the person wrote it: "PG_HOST", "migration.user" */
	const char *value; /* of the INI: not yet substituted */
	struct origin origin;
	bool secret;
	bool role; /* it is for the role that counts now */
};
struct offers {
	struct offer *items;
	size_t count;
	size_t capacity;
};
struct layered {
	struct offers layers[LAYER_ENVIRONMENT + 1];
	bool role_values; /* for any role */
};

/* Are both the same value, perhaps in different forms? */
static bool same_value(const char *a, const char *b)
{
	size_t size = key_value_size(a);

	return size == key_value_size(b) && memcmp(a, b, size) == 0;
}

/* What a URL says already. (`database` may stand beside one that names none.) */
static bool url_replaces(const char *key)
{
	return (key_connection_flags(key) & KEY_ENDPOINT) && strcmp(key, "url") != 0 &&
	       strcmp(key, "database") != 0;
}

static const struct offer *offers_find(const struct offers *offers, const char *key)
{
	for (size_t i = 0; i < offers->count; i++) {
		if (same_value(offers->items[i].key, key))
			return &offers->items[i];
	}
	return NULL;
}

/* ---- variables ------------------------------------------------------------------- */

static const char *const roles[] = {"RUNTIME", "MIGRATION"};

static const char *role_now(const struct loader *loader)
{
	return roles[loader->project->role_migration];
}

static bool name_is_twin(const char *connection)
{
	return text_ends(connection, "_test");
}

/* Is one of the spellings set, itself or (a secret) as a file? */
static bool spelling_exists(struct loader *loader, enum layer layer, const char *connection,
			    const char *role, const struct convention_variable *variable)
{
	const struct convention_set *set = convention_set_find(connection);

	for (size_t i = 0; variable->stems[i]; i++) {
		const char *name = convention_variable_name(set, name_is_twin(connection), role,
							    variable->stems[i], loader->arena);

		if (environment_has(loader, layer, name))
			return true;
		if (key_is_secret(variable->key) &&
		    environment_has(loader, layer, arena_printf(loader->arena, "%s_FILE", name)))
			return true;
	}
	return false;
}

static bool layer_has_variable(struct loader *loader, enum layer layer, const char *connection,
			       const struct convention_set *set)
{
	for (size_t i = 0; set->variables[i].key; i++) {
		if (spelling_exists(loader, layer, connection, role_now(loader), &set->variables[i]) ||
		    spelling_exists(loader, layer, connection, NULL, &set->variables[i]))
			return true;
	}
	return false;
}

bool layers_variable_exists(struct loader *loader, const char *connection)
{
	const struct convention_set *set = convention_set_find(connection);

	for (enum layer layer = LAYER_DOTENV; set && layer <= LAYER_ENVIRONMENT; layer++) {
		/* Most layers hold nothing of most conventions, and this is cheap to see. */
		if (environment_has_prefix(loader, layer, set->prefix) &&
		    layer_has_variable(loader, layer, connection, set))
			return true;
	}
	return false;
}

/* One setting's variable in one layer, for one role or none. Two spellings that disagree
 * would let chance choose a database. */
static enum status spelling_read(struct loader *loader, enum layer layer, const char *connection,
				 const char *role, const struct convention_variable *variable,
				 struct setting *ret, struct error *error)
{
	const struct convention_set *set = convention_set_find(connection);

	*ret = (struct setting){0};
	for (size_t i = 0; variable->stems[i]; i++) {
		const char *name = convention_variable_name(set, name_is_twin(connection), role,
							    variable->stems[i], loader->arena);
		struct setting found;
		enum status status = environment_read(loader, layer, name, key_is_secret(variable->key),
						      &found, error);

		if (status)
			return status;
		if (ret->value && found.value && strcmp(ret->value, found.value) != 0) {
			config_error(error, &found.origin, "%s and %s mean the same and disagree",
				     ret->key, found.key);
			error_hint(error, "unset one of them");
			return STATUS_CONFIG;
		}
		if (!ret->value)
			*ret = found;
	}
	return STATUS_OK;
}

/* The other role's passwords are not used, but they must not be shown either. */
static void other_role_note(struct loader *loader, enum layer layer, const char *connection,
			    const struct convention_variable *variable)
{
	const char *other = roles[!loader->project->role_migration];
	const struct convention_set *set = convention_set_find(connection);
	struct error ignored = {0};

	for (size_t i = 0; key_is_secret(variable->key) && variable->stems[i]; i++) {
		const char *name = convention_variable_name(set, name_is_twin(connection), other,
							    variable->stems[i], loader->arena);
		struct setting unused;

		if (environment_has(loader, layer, name) &&
		    environment_read(loader, layer, name, true, &unused, &ignored))
			error_clear(&ignored);
	}
}

static enum status variables_collect(struct loader *loader, const char *connection, enum layer layer,
				     struct layered *layered, struct error *error)
{
	const struct convention_set *set = convention_set_find(connection);

	if (!set || !environment_has_prefix(loader, layer, set->prefix))
		return STATUS_OK;
	for (size_t i = 0; set->variables[i].key; i++) {
		const struct convention_variable *variable = &set->variables[i];
		struct setting found;
		bool role = true;
		enum status status;

		for (size_t r = 0; r < COUNT_OF(roles); r++)
			layered->role_values |=
				spelling_exists(loader, layer, connection, roles[r], variable);
		other_role_note(loader, layer, connection, variable);
		status = spelling_read(loader, layer, connection, role_now(loader), variable, &found,
				       error);
		if (!status && !found.value) {
			role = false;
			status =
				spelling_read(loader, layer, connection, NULL, variable, &found, error);
		}
		if (status)
			return status;
		if (found.value)
			ARENA_PUSH(loader->arena, &layered->layers[layer],
				   ((struct offer){variable->key, found.key, found.value, found.origin,
						   found.secret, role}));
	}
	return STATUS_OK;
}

/* ---- the INI section ---------------------------------------------------------------- */

static void entry_collect(struct loader *loader, const struct entry *entry, struct layered *layered)
{
	const char *role;
	const char *key = key_without_role(entry->key, &role);
	struct offer offer = {
		key,         entry->key, entry->value, entry_origin(loader, entry), key_is_secret(key),
		role != NULL};
	unsigned flags = key_connection_flags(key);

	if ((flags & KEY_OURS) && !(flags & KEY_CREDENTIAL))
		return;
	layered->role_values |= role != NULL;
	if (offer.secret) {
		exposure_note(loader, key, entry->value, &offer.origin);
		if (!strstr(entry->value, "${"))
			secret_register(loader, entry->value);
	}
	if (role && (strcmp(role, "migration") == 0) != loader->project->role_migration)
		return;
	ARENA_PUSH(loader->arena, &layered->layers[LAYER_INI], offer);
}

/* Keys of the role that counts take the place of those for every role. */
static void roles_settle(struct offers *offers)
{
	size_t kept = 0;

	for (size_t i = 0; i < offers->count; i++) {
		bool replaced = false;

		for (size_t j = 0; j < offers->count && !offers->items[i].role; j++) {
			const struct offer *other = &offers->items[j];

			replaced |= other->role && (same_value(other->key, offers->items[i].key) ||
						    (strcmp(other->key, "url") == 0 &&
						     url_replaces(offers->items[i].key)));
		}
		if (!replaced)
			offers->items[kept++] = offers->items[i];
	}
	offers->count = kept;
}

static void section_collect(struct loader *loader, const char *connection, struct layered *layered)
{
	for (size_t i = 0; i < loader->entries.count; i++) {
		const char *name = section_name(loader->entries.items[i].section, "connection:");

		if (name && strcmp(name, connection) == 0)
			entry_collect(loader, &loader->entries.items[i], layered);
	}
	roles_settle(&layered->layers[LAYER_INI]);
}

/* ---- the two rules --------------------------------------------------------------------- */

static enum status conflict(struct loader *loader, const char *connection, const struct offer *a,
			    const struct offer *b, struct error *error)
{
	config_error(error, &b->origin, "connection %s: %s and %s (%s) are both set", connection,
		     b->label, a->label, origin_text(&a->origin, loader->arena));
	error_hint(error, "keep one of them");
	return STATUS_CONFIG;
}

/* Within a layer nothing is said twice: no URL beside parts, no password beside its file. */
static enum status conflicts_check(struct loader *loader, const char *connection,
				   const struct offers *offers, struct error *error)
{
	for (size_t i = 0; i < offers->count; i++) {
		for (size_t j = 0; j < offers->count; j++) {
			const struct offer *a = &offers->items[i];
			const struct offer *b = &offers->items[j];

			if (i < j && same_value(a->key, b->key))
				return conflict(loader, connection, a, b, error);
			if (strcmp(a->key, "url") == 0 && url_replaces(b->key))
				return conflict(loader, connection, a, b, error);
		}
	}
	return STATUS_OK;
}

/* The strongest layer that says anything about the endpoint; the default: none. */
static enum layer endpoint_layer(const struct layered *layered, const struct offer **ret_offer)
{
	for (enum layer layer = LAYER_ENVIRONMENT; layer >= LAYER_INI; layer--) {
		for (size_t i = 0; i < layered->layers[layer].count; i++) {
			*ret_offer = &layered->layers[layer].items[i];
			if (key_connection_flags((*ret_offer)->key) & KEY_ENDPOINT)
				return layer;
		}
	}
	*ret_offer = NULL;
	return LAYER_DEFAULT;
}

static void left_out_warn(struct loader *loader, const char *connection, const struct offer *offer,
			  const struct offer *endpoint)
{
	bool credential = key_connection_flags(offer->key) & KEY_CREDENTIAL;

	log_write(loader->observer, LOG_WARN,
		  "connection %s: %s (%s) is not used, because %s gives the endpoint: %s", connection,
		  offer->label, origin_text(&offer->origin, loader->arena),
		  origin_text(&endpoint->origin, loader->arena),
		  credential ? "credentials never come from a weaker layer than the endpoint"
			     : "an endpoint is taken whole from one layer");
}

static void offers_choose(struct loader *loader, const char *connection, const struct layered *layered,
			  struct offers *ret)
{
	const struct offer *endpoint;
	enum layer from = endpoint_layer(layered, &endpoint);

	for (enum layer layer = LAYER_ENVIRONMENT; layer >= LAYER_INI; layer--) {
		for (size_t i = 0; i < layered->layers[layer].count; i++) {
			const struct offer *offer = &layered->layers[layer].items[i];
			unsigned flags = key_connection_flags(offer->key);
			bool whole = offers_find(ret, "url") && url_replaces(offer->key);

			if (offers_find(ret, offer->key))
				continue;
			if (layer < from && (flags & (KEY_ENDPOINT | KEY_CREDENTIAL))) {
				if (!whole)
					left_out_warn(loader, connection, offer, endpoint);
				continue;
			}
			ARENA_PUSH(loader->arena, ret, *offer);
		}
	}
}

/* ---- the result ----------------------------------------------------------------------- */

static enum status offer_finish(struct loader *loader, struct connection *connection,
				const struct offer *offer, struct error *error)
{
	const struct key *row = key_find("connection:", offer->key);
	struct setting setting = {offer->key, offer->value, offer->origin, offer->secret};
	enum status status = STATUS_OK;

	if (offer->origin.layer == LAYER_INI) {
		status = value_substitute(loader, offer->value, &setting.origin, &setting.value, error);
		if (!status && setting.secret)
			secret_register(loader, setting.value);
	}
	if (!status && row)
		status = value_check(loader, row, offer->label, &setting, error);
	if (status)
		return status;
	if (!row && text_ends(offer->key, "_file"))
		value_make_absolute(loader, &setting);
	if (!row || !(row->flags & KEY_OURS))
		ARENA_PUSH(loader->arena, &connection->settings, setting);
	setting.key = arena_printf(loader->arena, "connection:%s.%s", connection->name, offer->key);
	ARENA_PUSH(loader->arena, &loader->project->resolved, setting);
	return STATUS_OK;
}

static int setting_compare(const void *a, const void *b)
{
	return strcmp(((const struct setting *)a)->key, ((const struct setting *)b)->key);
}

enum status layers_resolve(struct loader *loader, struct connection *connection, struct error *error)
{
	struct layered layered = {0};
	struct offers chosen = {0};
	enum status status = STATUS_OK;

	loader->connection = connection->name;
	section_collect(loader, connection->name, &layered);
	for (enum layer layer = LAYER_DOTENV; !status && layer <= LAYER_ENVIRONMENT; layer++)
		status = variables_collect(loader, connection->name, layer, &layered, error);
	for (enum layer layer = LAYER_INI; !status && layer <= LAYER_ENVIRONMENT; layer++)
		status = conflicts_check(loader, connection->name, &layered.layers[layer], error);
	if (!status)
		offers_choose(loader, connection->name, &layered, &chosen);
	for (size_t i = 0; !status && i < chosen.count; i++)
		status = offer_finish(loader, connection, &chosen.items[i], error);
	if (connection->settings.count)
		qsort(connection->settings.items, connection->settings.count, sizeof(struct setting),
		      setting_compare);
	connection->role_credentials = layered.role_values;
	loader->connection = NULL;
	return status;
}
