/* observer.c - the object that log, redactor and trail share: made by main,
 * freed by main. */
#include "observe/private.h"

struct observer *observer_new(void)
{
	struct observer *observer = mem_alloc(sizeof(*observer));

	pthread_mutex_init(&observer->log_lock, NULL);
	pthread_rwlock_init(&observer->secrets_lock, NULL);
	observer->level = LOG_WARN;
	observer->format = LOG_TEXT;
	return observer;
}

void observer_free(struct observer *observer)
{
	if (!observer)
		return;
	progress_stop(observer);
	log_done(observer);
	redact_done(observer);
	pthread_mutex_destroy(&observer->log_lock);
	pthread_rwlock_destroy(&observer->secrets_lock);
	mem_free(observer);
}
