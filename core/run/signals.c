/* signals.c - SIGINT, SIGTERM and SIGHUP, on a thread of their own: the first asks to
 * stop at the next statement boundary, the second cancels the statements that
 * run, the third takes the default action. */
#include "run/private.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct signals {
	pthread_t thread;
	int signal_fd;
	int stop_fd; /* readable once a signal came */
	int quit_fd; /* readable when the thread shall end */
	sigset_t old;
};

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

static void cancel_all(struct run *run)
{
	for (size_t i = 0; i < run->target_count; i++)
		if (run->targets[i].database)
			database_cancel(run->targets[i].database);
}

static void take_default_action(int number)
{
	sigset_t set;
	signal_set(&set);
	signal(number, SIG_DFL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), number);
}

static void on_signal(struct run *run, int number, unsigned count)
{
	uint64_t one = 1;
	if (count == 1) {
		atomic_store(&run->stop, number);
		log_notice(run->observer,
			   "eloquent: stopping at the next statement boundary; once more cancels the "
			   "statement\n");
		(void)!write(run->signals->stop_fd, &one, sizeof(one));
	} else if (count == 2) {
		log_notice(run->observer, "eloquent: cancelling the statement\n");
		cancel_all(run);
	} else {
		progress_abandon(run->observer);
		take_default_action(number);
	}
}

static void *signal_loop(void *opaque)
{
	struct run *run = opaque;
	struct signals *signals = run->signals;
	unsigned count = 0;
	for (;;) {
		struct pollfd ready[2] = {{signals->signal_fd, POLLIN, 0},
					  {signals->quit_fd, POLLIN, 0}};
		if (poll(ready, 2, -1) < 0 && errno != EINTR)
			return NULL;
		if (ready[1].revents)
			return NULL;
		struct signalfd_siginfo info;
		if (ready[0].revents && read(signals->signal_fd, &info, sizeof(info)) == sizeof(info))
			on_signal(run, (int)info.ssi_signo, ++count);
	}
}

/* A signal that came while the run was ending (a terminal that goes away is end of input
 * and SIGHUP at once) has nothing left to stop: the run's own exit code stands. */
static void take_late_signals(void)
{
	const struct timespec now = {0};
	sigset_t set;
	signal_set(&set);
	while (sigtimedwait(&set, NULL, &now) > 0)
		continue;
}

static void signals_close(struct signals *signals)
{
	take_late_signals();
	pthread_sigmask(SIG_SETMASK, &signals->old, NULL);
	fd_close(&signals->signal_fd);
	fd_close(&signals->stop_fd);
	fd_close(&signals->quit_fd);
	mem_free(signals);
}

enum status signals_start(struct run *run, struct error *error)
{
	sigset_t set;
	struct signals *signals = mem_alloc(sizeof(*signals));
	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, &signals->old);
	signals->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	signals->stop_fd = eventfd(0, EFD_CLOEXEC);
	signals->quit_fd = eventfd(0, EFD_CLOEXEC);
	run->signals = signals;
	if (signals->signal_fd >= 0 && signals->stop_fd >= 0 && signals->quit_fd >= 0 &&
	    pthread_create(&signals->thread, NULL, signal_loop, run) == 0)
		return STATUS_OK;
	run->signals = NULL;
	signals_close(signals);
	return error_set(error, STATUS_FAILED,
			 "the thread that watches for signals cannot be started: %s", strerror(errno));
}

void signals_stop(struct run *run)
{
	uint64_t one = 1;
	struct signals *signals = run->signals;
	if (!signals)
		return;
	(void)!write(signals->quit_fd, &one, sizeof(one));
	pthread_join(signals->thread, NULL);
	run->signals = NULL;
	signals_close(signals);
}

int signals_fd(const struct run *run)
{
	return run->signals ? run->signals->stop_fd : -1;
}

bool stop_wait(const struct run *run, int64_t ms)
{
	struct pollfd ready = {signals_fd(run), POLLIN, 0};
	(void)poll(&ready, 1, (int)ms);
	return atomic_load(&run->stop) != 0;
}

enum status stop_status(const struct run *run, struct error *error)
{
	int number = atomic_load(&run->stop);
	if (!number)
		return STATUS_OK;
	return error_set(error, number == SIGINT ? STATUS_INTERRUPTED : STATUS_TERMINATED,
			 "%s before anything was written",
			 number == SIGINT ? "interrupted" : "terminated");
}
