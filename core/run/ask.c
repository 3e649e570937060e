/* ask.c - the one place where a person is asked. Questions and answers go over
 * the terminal device, never over standard input, so that a pipe cannot
 * answer. End of input is "no". */
#include "run/private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_CAP 256

static int terminal_open(void)
{
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* A terminal that we may read from: it opens, and we are its foreground group. */
bool ask_terminal_present(void)
{
	int fd = terminal_open();
	if (fd < 0)
		return false;
	bool present = tcgetpgrp(fd) == getpgrp();
	close(fd);
	return present;
}

/* Reads one line. false: end of input, too long, or a signal came. */
static bool read_line(const struct run *run, int fd, char line[ANSWER_CAP])
{
	size_t size = 0;
	for (;;) {
		struct pollfd ready[2] = {{fd, POLLIN, 0}, {signals_fd(run), POLLIN, 0}};
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			return false;
		if (atomic_load(&run->stop))
			return false;
		if (!(ready[0].revents))
			continue;
		char c;
		ssize_t got = read(fd, &c, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		if (c == '\n')
			break;
		if (size == ANSWER_CAP - 1)
			return false;
		line[size++] = c;
	}
	if (size && line[size - 1] == '\r')
		size--;
	line[size] = 0;
	return true;
}

/* Does the person type exactly this? */
static bool typed(const struct run *run, int fd, const char *expected)
{
	char line[ANSWER_CAP];
	return read_line(run, fd, line) && strcmp(line, expected) == 0;
}

static void tell(int fd, const struct text *text)
{
	(void)fd_write_all(fd, text_string(text), text->size);
}

static bool must_be_asked(const struct target *target)
{
	return target_goes(target) && target->verdict.decision == GUARD_ASK;
}

static uint32_t asks_of_all(const struct run *run)
{
	uint32_t asks = 0;
	for (size_t i = 0; i < run->target_count; i++)
		if (must_be_asked(&run->targets[i]))
			asks |= run->targets[i].verdict.asks;
	return asks;
}

static void introduce(const struct run *run, int fd)
{
	TEXT_CLEANUP struct text text = {0};
	text_printf(&text, "\n%s will change:\n", run->command->name);
	for (size_t i = 0; i < run->target_count; i++) {
		const struct target *target = &run->targets[i];
		if (must_be_asked(target))
			text_printf(&text, "  %s: %s (%s), %s%s\n", target->connection->name,
				    target->info->location, target->info->product,
				    target->stamp.present ? "stamped " : "no stamp",
				    target->stamp.present ? target->stamp.word : "");
		if (must_be_asked(target) && target->about)
			text_printf(&text, "    %s\n", target->about);
	}
	tell(fd, &text);
}

static bool ask_destroy(const struct run *run, int fd)
{
	TEXT_CLEANUP struct text text = {0};
	text_add(&text, "The data in it will be destroyed. Type DESTROY_DATA to go on: ");
	tell(fd, &text);
	return typed(run, fd, "DESTROY_DATA");
}

static bool ask_name(const struct run *run, int fd, const struct target *target)
{
	TEXT_CLEANUP struct text text = {0};
	text_printf(&text,
		    "Type the name of the database of \"%s\" (%s) to go on: ", target->connection->name,
		    target->info->name);
	tell(fd, &text);
	return typed(run, fd, target->info->name);
}

static void answer(struct run *run, uint32_t ask, bool yes)
{
	for (size_t i = 0; i < run->target_count; i++) {
		struct target *target = &run->targets[i];
		if (!must_be_asked(target) || !(target->verdict.asks & ask))
			continue;
		target->asked = true;
		if (ask == GUARD_ASK_DESTROY)
			target->facts.typed_destroy = yes ? FACT_YES : FACT_NO;
	}
}

/* DESTROY_DATA once, then each database's name in sorted order. */
enum status ask_person(struct run *run, struct error *error)
{
	uint32_t asks = asks_of_all(run);
	if (!asks)
		return STATUS_OK;
	int fd CLEANUP(fd_close) = terminal_open();
	if (fd < 0)
		return error_set(error, STATUS_REFUSED,
				 "the terminal went away before the question was answered");
	progress_hide(run->observer);
	introduce(run, fd);
	bool going = true;
	if (asks & GUARD_ASK_DESTROY) {
		going = ask_destroy(run, fd);
		answer(run, GUARD_ASK_DESTROY, going);
	}
	for (size_t i = 0; i < run->target_count; i++) {
		struct target *target = &run->targets[i];
		if (!must_be_asked(target) || !(target->verdict.asks & GUARD_ASK_NAME))
			continue;
		going = going && ask_name(run, fd, target);
		target->asked = true;
		target->facts.typed_name = going ? FACT_YES : FACT_NO;
	}
	progress_show(run->observer);
	return stop_status(run, error);
}

/* ---- which backup? ---------------------------------------------------------------------- */

#define CHOICES 9

/* The newest verified ones, numbered from 1. */
static size_t offer(const struct target *target, const struct backups *backups,
		    const struct backup *choices[CHOICES], struct text *text)
{
	size_t count = 0;
	text_printf(text, "\nBackups of \"%s\" (%s):\n", target->connection->name,
		    target->info->location);
	for (size_t i = 0; i < backups->count && count < CHOICES; i++) {
		char began[CLOCK_TEXT];
		const struct backup *backup = &backups->items[i];
		if (backup->level != BACKUP_RESTORED)
			continue;
		clock_format(backup->began_us, began);
		choices[count++] = backup;
		text_printf(text, "  %zu  %s  %s  %s\n", count, backup->id, began, backup->reason);
	}
	text_add(text, "Which one is to be restored? Type its number: ");
	return count;
}

static enum status none_named(const struct backups *backups, struct error *error)
{
	error_set(error, STATUS_USAGE, "db:restore needs the id of a backup");
	if (backups->count)
		error_hint(error, "the newest is %s; eloquent db:backup:list shows all; or say latest",
			   backups->items[0].id);
	else
		error_hint(error, "there is no backup yet; eloquent db:backup takes one");
	return STATUS_USAGE;
}

enum status ask_backup(const struct run *run, const struct target *target,
		       const struct backups *backups, const char **ret, struct error *error)
{
	const struct backup *choices[CHOICES];
	TEXT_CLEANUP struct text text = {0};
	char line[ANSWER_CAP];
	size_t count = offer(target, backups, choices, &text);
	if (!count)
		return none_named(backups, error);
	int fd CLEANUP(fd_close) = terminal_open();
	if (fd < 0)
		return none_named(backups, error);
	progress_hide(run->observer);
	tell(fd, &text);
	bool answered = read_line(run, fd, line) && strlen(line) == 1 && line[0] >= '1' &&
			line[0] < '1' + (char)count;
	progress_show(run->observer);
	if (answered)
		*ret = choices[line[0] - '1']->id;
	else if (!atomic_load(&run->stop))
		return error_set(error, STATUS_REFUSED, "no backup was chosen. Nothing was changed");
	return stop_status(run, error);
}
