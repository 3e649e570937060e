/* note.c - a plugin's identity, read from its ELF note through the descriptor
 * without mapping the file or running any of it. Segments are walked, not
 * sections: a stripped file has the former. Also refuses what would make the
 * dynamic linker read past the file's end. It is no judge of whether the note
 * is acceptable here; source.c is. */
#include "plugin/private.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_COUNT_CAP 64u
#define NOTE_SEGMENT_CAP ((uint64_t)64 << 10)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NATIVE_ORDER ELFDATA2LSB
#else
#define NATIVE_ORDER ELFDATA2MSB
#endif

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#elif defined(__riscv)
#define NATIVE_MACHINE EM_RISCV
#elif defined(__powerpc64__)
#define NATIVE_MACHINE EM_PPC64
#elif defined(__s390x__)
#define NATIVE_MACHINE EM_S390
#elif defined(__loongarch__)
#define NATIVE_MACHINE 258
#else
#error "name this machine's ELF number here"
#endif

struct image {
	int fd;
	const char *path;
	uint64_t size;
};

/* Our note's descriptor, as found. */
struct found {
	size_t count;
	size_t size; /* may be more than what is kept */
	uint8_t data[sizeof(struct elq_note)];
};

static const struct {
	uint32_t kind;
	const char *name;
} kinds[] = {{ELQ_KIND_DRIVER, "driver"}, {ELQ_KIND_SEEDER, "seeder"}, {ELQ_KIND_CACHE, "cache"}};

const char *kind_name(uint32_t kind)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (kinds[i].kind == kind)
			return kinds[i].name;
	return NULL;
}

bool kind_parse(const char *word, uint32_t *ret)
{
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		if (text_equal(kinds[i].name, word)) {
			*ret = kinds[i].kind;
			return true;
		}
	}
	return false;
}

static enum status refuse(const struct image *image, const char *reason, struct error *error)
{
	return error_set(error, STATUS_PLUGIN_REFUSED, "%s: %s", image->path, reason);
}

static enum status refuse_truncated(const struct image *image, struct error *error)
{
	error_set(error, STATUS_PLUGIN_REFUSED,
		  "%s: is truncated: its headers promise more than its %llu bytes", image->path,
		  (unsigned long long)image->size);
	error_hint(error, "install the plugin again");
	return STATUS_PLUGIN_REFUSED;
}

static bool inside(const struct image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static enum status read_at(const struct image *image, void *buffer, size_t size, uint64_t offset,
			   struct error *error)
{
	if (!inside(image, offset, size))
		return refuse_truncated(image, error);
	for (size_t done = 0; done < size;) {
		ssize_t got =
			pread(image->fd, (char *)buffer + done, size - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set(error, STATUS_PLUGIN_REFUSED, "%s: cannot be read: %s",
					 image->path, strerror(errno));
		if (got == 0)
			return refuse_truncated(image, error);
		done += (size_t)got;
	}
	return STATUS_OK;
}

static enum status check_header(const struct image *image, const Elf64_Ehdr *header,
				struct error *error)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(image, "is not a 64-bit ELF file", error);
	if (header->e_ident[EI_DATA] != NATIVE_ORDER || header->e_machine != NATIVE_MACHINE)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: was built for another machine (ELF machine %u, this one is %u)",
				 image->path, header->e_machine, NATIVE_MACHINE);
	if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
		return refuse(image, "is of an unknown ELF version", error);
	if (header->e_type != ET_DYN)
		return refuse(image, "is an ELF file, but not a shared object", error);
	if (header->e_phnum == 0 || header->e_phentsize != sizeof(Elf64_Phdr))
		return refuse(image, "has no program headers that can be read", error);
	if (header->e_phnum > SEGMENT_COUNT_CAP)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: has %u program headers; the cap is %u", image->path,
				 header->e_phnum, SEGMENT_COUNT_CAP);
	if (header->e_shoff != 0 &&
	    !inside(image, header->e_shoff, (uint64_t)header->e_shnum * header->e_shentsize))
		return refuse_truncated(image, error);
	return STATUS_OK;
}

static enum status read_header(const struct image *image, Elf64_Ehdr *ret, struct error *error)
{
	Elf64_Ehdr header;
	if (image->size < SELFMAG)
		return refuse(image, "is not an ELF file", error);
	enum status status = read_at(image, &header, SELFMAG, 0, error);
	if (status != STATUS_OK)
		return status;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return refuse(image, "is not an ELF file", error);
	status = read_at(image, &header, sizeof(header), 0, error);
	if (status == STATUS_OK)
		status = check_header(image, &header, error);
	if (status == STATUS_OK)
		*ret = header;
	return status;
}

static void keep_note(struct found *found, const uint8_t *desc, size_t size)
{
	if (found->count++ > 0)
		return;
	found->size = size;
	sized_copy(found->data, sizeof(found->data), desc, size);
}

/* Padding counts from the segment's start, whose offset the linker aligned. */
static size_t pad(size_t offset, size_t align)
{
	return (offset + align - 1) & ~(align - 1);
}

static enum status walk_notes(const struct image *image, const uint8_t *data, size_t size, size_t align,
			      struct found *found, struct error *error)
{
	for (size_t at = 0; size - at >= sizeof(Elf64_Nhdr);) {
		Elf64_Nhdr header;
		memcpy(&header, data + at, sizeof(header));
		size_t name_at = at + sizeof(header);
		size_t desc_at = pad(name_at + header.n_namesz, align);
		if (desc_at > size || header.n_descsz > size - desc_at)
			return refuse(image, "has a malformed note segment", error);
		if (header.n_type == ELQ_NOTE_TYPE && header.n_namesz == sizeof(ELQ_NOTE_NAME) &&
		    memcmp(data + name_at, ELQ_NOTE_NAME, sizeof(ELQ_NOTE_NAME)) == 0)
			keep_note(found, data + desc_at, header.n_descsz);
		/* The last note's padding may lie outside the segment. */
		at = pad(desc_at + header.n_descsz, align);
		if (at > size)
			at = size;
	}
	return STATUS_OK;
}

static void free_bytes(uint8_t **bytes)
{
	mem_free(*bytes);
}

static enum status read_segment(const struct image *image, const Elf64_Phdr *segment,
				struct found *found, struct error *error)
{
	if (segment->p_filesz > NOTE_SEGMENT_CAP)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: has a note segment of %llu bytes; the cap is %llu", image->path,
				 (unsigned long long)segment->p_filesz,
				 (unsigned long long)NOTE_SEGMENT_CAP);
	if (segment->p_align > 4 && segment->p_align != 8)
		return refuse(image, "has a note segment that is aligned to neither 4 nor 8", error);
	CLEANUP(free_bytes) uint8_t *data = mem_alloc((size_t)segment->p_filesz + 1);
	enum status status = read_at(image, data, (size_t)segment->p_filesz, segment->p_offset, error);
	if (status != STATUS_OK)
		return status;
	return walk_notes(image, data, (size_t)segment->p_filesz, segment->p_align == 8 ? 8 : 4, found,
			  error);
}

static enum status find_note(const struct image *image, struct found *found, struct error *error)
{
	Elf64_Ehdr header = {0};
	Elf64_Phdr segments[SEGMENT_COUNT_CAP] = {0};
	enum status status = read_header(image, &header, error);
	if (status != STATUS_OK)
		return status;
	status = read_at(image, segments, header.e_phnum * sizeof(segments[0]), header.e_phoff, error);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < header.e_phnum; i++)
		if (!inside(image, segments[i].p_offset, segments[i].p_filesz))
			return refuse_truncated(image, error);
	for (size_t i = 0; i < header.e_phnum; i++) {
		if (segments[i].p_type != PT_NOTE)
			continue;
		status = read_segment(image, &segments[i], found, error);
		if (status != STATUS_OK)
			return status;
	}
	if (found->count == 0) {
		error_set(error, STATUS_PLUGIN_REFUSED, "%s: carries no eloquent note", image->path);
		error_hint(error, "it is not a plugin of eloquent; take it out of the plugin folder");
		return STATUS_PLUGIN_REFUSED;
	}
	if (found->count > 1)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: carries %zu eloquent notes instead of one", image->path,
				 found->count);
	return STATUS_OK;
}

/* Zero-terminated, zero-padded, printable ASCII. */
static bool text_sound(const char *text, size_t size)
{
	size_t length = strnlen(text, size);
	if (length == size)
		return false;
	for (size_t i = 0; i < length; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	for (size_t i = length; i < size; i++)
		if (text[i] != '\0')
			return false;
	return true;
}

static bool schemes_sound(const char *schemes)
{
	bool in_word = false;
	for (const char *at = schemes; *at != '\0'; at++) {
		bool letter = *at >= 'a' && *at <= 'z';
		bool other = (*at >= '0' && *at <= '9') || *at == '+' || *at == '.' || *at == '-';
		if (*at == ' ' ? !in_word : !(letter || (in_word && other)))
			return false;
		in_word = *at != ' ';
	}
	return in_word || *schemes == '\0';
}

/* The member that is wrong, or NULL. With another ABI's layout a text member may
 * be nonsense that is no fault: it is emptied, so that a list can be printed. */
static const char *check_members(struct elq_note *note, bool foreign)
{
	struct {
		const char *name;
		char *text;
		size_t size;
	} members[] = {{"name", note->name, sizeof(note->name)},
		       {"version", note->version, sizeof(note->version)},
		       {"family", note->family, sizeof(note->family)},
		       {"schemes", note->schemes, sizeof(note->schemes)},
		       {"language", note->language, sizeof(note->language)}};
	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (text_sound(members[i].text, members[i].size))
			continue;
		if (!foreign)
			return members[i].name;
		memset(members[i].text, 0, members[i].size);
	}
	if (foreign)
		return NULL;
	if (!parse_name(note->name))
		return "name";
	if (note->version[0] == '\0')
		return "version";
	if (note->kind != ELQ_KIND_DRIVER)
		return NULL;
	if (!text_equal(note->family, "sql") && !text_equal(note->family, "document") &&
	    !text_equal(note->family, "other"))
		return "family";
	if (!schemes_sound(note->schemes))
		return "schemes";
	return text_equal(note->language, "sql") || text_equal(note->language, "json") ? NULL
										       : "language";
}

static enum status parse_note(const struct image *image, const struct found *found,
			      struct elq_note *ret, struct error *error)
{
	struct elq_note note;
	if (found->size < offsetof(struct elq_note, name))
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its note is cut off after %zu bytes", image->path, found->size);
	sized_copy(&note, sizeof(note), found->data, found->size);
	if (note.magic != ELQ_NOTE_MAGIC)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its note begins with 0x%08x instead of 0x%08x", image->path,
				 (unsigned)note.magic, (unsigned)ELQ_NOTE_MAGIC);
	bool foreign = note.abi_major != ELQ_ABI_MAJOR || note.abi_minor != ELQ_ABI_MINOR;
	size_t least = foreign ? offsetof(struct elq_note, name) : sizeof(note);
	if (note.struct_size > found->size || note.struct_size < least)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its note is cut off: it says %u bytes, holds %zu and needs %zu",
				 image->path, (unsigned)note.struct_size, found->size, least);
	sized_copy(&note, sizeof(note), found->data, note.struct_size);
	const char *wrong = check_members(&note, foreign);
	if (wrong != NULL)
		return error_set(error, STATUS_PLUGIN_REFUSED,
				 "%s: its note's member \"%s\" is malformed", image->path, wrong);
	*ret = note;
	return STATUS_OK;
}

enum status note_read(int fd, const char *path, struct elq_note *ret, struct error *error)
{
	struct image image = {.fd = fd, .path = path};
	struct found found = {0};
	struct stat info;
	if (fstat(fd, &info) != 0)
		return error_set(error, STATUS_PLUGIN_REFUSED, "%s: cannot be read: %s", path,
				 strerror(errno));
	if (info.st_size < 0 || !S_ISREG(info.st_mode))
		return refuse(&image, "is not a regular file", error);
	image.size = (uint64_t)info.st_size;
	enum status status = find_note(&image, &found, error);
	if (status != STATUS_OK)
		return status;
	return parse_note(&image, &found, ret, error);
}
