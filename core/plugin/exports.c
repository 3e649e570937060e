/* exports.c - which symbols a loaded plugin exports, from the tables that the
 * dynamic linker itself uses. For a warning only: nothing depends on it. */
#include "plugin/private.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

struct tables {
	const ElfW(Sym) * symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *hash;
};

/* The linker has relocated these addresses on most machines, not on all. */
static const void *address(const struct link_map *map, ElfW(Addr) value)
{
	return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

static struct tables find_tables(const struct link_map *map)
{
	struct tables tables = {0};
	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		const void *value = address(map, entry->d_un.d_ptr);
		if (entry->d_tag == DT_SYMTAB)
			tables.symbols = value;
		else if (entry->d_tag == DT_STRTAB)
			tables.strings = value;
		else if (entry->d_tag == DT_GNU_HASH)
			tables.gnu_hash = value;
		else if (entry->d_tag == DT_HASH)
			tables.hash = value;
	}
	return tables;
}

/* The GNU hash table does not say how many symbols there are: the chain of the
 * highest bucket ends with the last one. Layout: bucket count, first symbol,
 * filter words (of an address's size), shift; filter; buckets; chains. */
static uint32_t count_gnu(const uint32_t *table)
{
	uint32_t buckets = table[0], first = table[1], filter = table[2];
	const uint32_t *bucket = table + 4 + (size_t)filter * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
	const uint32_t *chain = bucket + buckets;
	uint32_t last = 0;
	for (uint32_t i = 0; i < buckets; i++)
		if (bucket[i] > last)
			last = bucket[i];
	if (last < first)
		return first;
	while ((chain[last - first] & 1) == 0)
		last++;
	return last + 1;
}

static bool exported(const ElfW(Sym) * symbol)
{
	unsigned bind = ELF64_ST_BIND(symbol->st_info);
	unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);
	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE) &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

const char *exports_extra(void *handle)
{
	struct link_map *map;
	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0)
		return NULL;
	struct tables tables = find_tables(map);
	if (tables.symbols == NULL || tables.strings == NULL)
		return NULL;
	uint32_t count = 0;
	if (tables.gnu_hash != NULL)
		count = count_gnu(tables.gnu_hash);
	else if (tables.hash != NULL)
		count = tables.hash[1];
	for (uint32_t i = 1; i < count; i++) {
		const char *name = tables.strings + tables.symbols[i].st_name;
		if (exported(&tables.symbols[i]) && !text_equal(name, ELQ_ENTRY_SYMBOL))
			return name;
	}
	return NULL;
}
