/* table.c - the command table: every command there is, in the order in which
 * `list` shows them. Each row stands beside its handler in cmd_*.c. */
#include "cli/commands.h"

const struct command *const command_table[] = {
	&command_init,
	&command_list,
	&command_help,
	&command_version,
	&command_doctor,
	&command_completion,
	&command_plugin_list,
	&command_plugin_new,
	&command_make_migration,
	&command_migrate_run,
	&command_migrate_rollback,
	&command_migrate_status,
	&command_migrate_reset,
	&command_migrate_fresh,
	&command_migrate_redo,
	&command_migrate_baseline,
	&command_migrate_validate,
	&command_migrate_repair,
	&command_migrate_unlock,
	&command_db_stamp,
	&command_db_seed,
	&command_db_seed_precheck,
	&command_db_migrate,
	&command_db_backup,
	&command_db_backup_list,
	&command_db_backup_verify,
	&command_db_restore,
	&command_audit_show,
	&command_audit_verify,
	&command_cache_stats,
	&command_cache_clear,
};
const size_t command_count = COUNT_OF(command_table);

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = command_table[i];
		if (text_equal(command->name, name) ||
		    (command->alias && text_equal(command->alias, name)))
			return command;
	}
	return NULL;
}
