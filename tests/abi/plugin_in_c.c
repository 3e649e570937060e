/* plugin_in_c.c - the identity of a plugin, as plugin.h shows it, in strict C11. */
#include <eloquent/driver.h>
#include <eloquent/plugin.h>

static const struct elq_driver ops = {.struct_size = sizeof(struct elq_driver)};

static const struct elq_manifest manifest = {
	.magic = ELQ_MANIFEST_MAGIC,
	.struct_size = sizeof(struct elq_manifest),
	.abi_major = ELQ_ABI_MAJOR,
	.abi_minor = ELQ_ABI_MINOR,
	.kind = ELQ_KIND_DRIVER,
	.name = {"probe", 5},
	.version = {"1.0.0", 5},
	.ops = &ops,
};

ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "probe", "1.0.0", "sql", "probe", "sql")
ELQ_PLUGIN_ENTRY(driver, probe, &manifest)
