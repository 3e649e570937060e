/* plugin_in_cxx.cpp - the identity of a plugin, as plugin.h shows it, in strict C++17. */
#include <eloquent/driver.h>
#include <eloquent/plugin.h>

namespace
{

const elq_driver ops = {};

elq_manifest make_manifest()
{
	elq_manifest manifest = {};
	manifest.magic = ELQ_MANIFEST_MAGIC;
	manifest.struct_size = sizeof(manifest);
	manifest.abi_major = ELQ_ABI_MAJOR;
	manifest.abi_minor = ELQ_ABI_MINOR;
	manifest.kind = ELQ_KIND_DRIVER;
	manifest.ops = &ops;
	return manifest;
}

const elq_manifest manifest = make_manifest();

} // namespace

ELQ_PLUGIN_NOTE(ELQ_KIND_DRIVER, "probe", "1.0.0", "sql", "probe", "sql")
ELQ_PLUGIN_ENTRY(driver, probe, &manifest)
