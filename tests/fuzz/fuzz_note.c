/* fuzz_note.c - note_read on any bytes: it answers, and never reads outside the
 * file or crashes. An accepted note keeps what it promises. */
#include "check.h"

#include "plugin/plugin.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ERROR_CLEANUP struct error error = {0};
	CLEANUP(fd_close) int fd = memfd_create("fuzz-note", MFD_CLOEXEC);
	struct elq_note note;
	if (fd < 0 || fd_write_all(fd, (const char *)data, size) != STATUS_OK)
		return 0;
	enum status status = note_read(fd, "fuzzed", &note, &error);
	if (status != STATUS_OK) {
		CHECK(status == STATUS_PLUGIN_REFUSED);
		CHECK(text_starts(error.message, "fuzzed: "));
		return 0;
	}
	CHECK(note.magic == ELQ_NOTE_MAGIC);
	CHECK(memchr(note.name, '\0', sizeof(note.name)) != NULL);
	CHECK(memchr(note.version, '\0', sizeof(note.version)) != NULL);
	CHECK(memchr(note.schemes, '\0', sizeof(note.schemes)) != NULL);
	if (note.abi_major == ELQ_ABI_MAJOR && note.abi_minor == ELQ_ABI_MINOR)
		CHECK(parse_name(note.name));
	return 0;
}
