/* pool.c - the work of several connections at once, on a few threads. */
#include "run/private.h"

#define JOBS_CAP 64

struct pool {
	struct run *run;
	void (*job)(struct run *run, struct target *target);
	atomic_size_t next;
};

static void *worker(void *opaque)
{
	struct pool *pool = opaque;
	for (;;) {
		size_t index = atomic_fetch_add(&pool->next, 1);
		if (index >= pool->run->target_count)
			return NULL;
		struct target *target = &pool->run->targets[index];
		if (target_goes(target))
			pool->job(pool->run, target);
	}
}

/* The calling thread is one of the workers; threads that cannot be made are
 * done without. */
void pool_run(struct run *run, int64_t jobs, void (*job)(struct run *run, struct target *target))
{
	struct pool pool = {.run = run, .job = job};
	pthread_t threads[JOBS_CAP];
	size_t started = 0;
	int64_t wanted = jobs < (int64_t)run->target_count ? jobs : (int64_t)run->target_count;
	for (int64_t i = 1; i < wanted && started < JOBS_CAP; i++)
		if (pthread_create(&threads[started], NULL, worker, &pool) == 0)
			started++;
	worker(&pool);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}
