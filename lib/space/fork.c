/* SPDX-License-Identifier: MIT */
/*
 * A child forked while a folio is in flight would read zeros there: fork waits
 * until the flight has ended, and no other begins meanwhile. Children made
 * without the C library's fork() are not seen; vfork() shares the memory and
 * needs nothing.
 */
#include "uffd.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct uffd *spaces;

/* A fork in a signal handler of the migrating thread cannot be waited for. */
static bool own_flight(const struct uffd *u)
{
	return u->flying && pthread_equal(u->pilot, pthread_self());
}

static void before_fork(void)
{
	struct uffd *u;

	pthread_mutex_lock(&lock);
	for (u = spaces; u; u = u->next) {
		pthread_mutex_lock(&u->flight);
		atomic_fetch_add(&u->forks, 1);
		while (u->flying && !own_flight(u))
			pthread_cond_wait(&u->flight_changed, &u->flight);
	}
}

static void after_fork(void)
{
	struct uffd *u;

	for (u = spaces; u; u = u->next) {
		atomic_fetch_sub(&u->forks, 1);
		pthread_cond_broadcast(&u->flight_changed);
		pthread_mutex_unlock(&u->flight);
	}
	pthread_mutex_unlock(&lock);
}

static void watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork);
}

void fork_watch(struct uffd *u)
{
	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&lock);
	u->next = spaces;
	spaces = u;
	pthread_mutex_unlock(&lock);
}

void fork_forget(struct uffd *u)
{
	struct uffd **link;

	pthread_mutex_lock(&lock);
	for (link = &spaces; *link != u; link = &(*link)->next)
		;
	*link = u->next;
	pthread_mutex_unlock(&lock);
}

void uffd_enter(void *priv)
{
	struct uffd *u = priv;

	pthread_mutex_lock(&u->flight);
	while (atomic_load(&u->forks))
		pthread_cond_wait(&u->flight_changed, &u->flight);
	u->flying = true;
	u->pilot = pthread_self();
	pthread_mutex_unlock(&u->flight);
}

void uffd_leave(void *priv)
{
	struct uffd *u = priv;

	pthread_mutex_lock(&u->flight);
	u->flying = false;
	if (atomic_load(&u->forks))
		pthread_cond_broadcast(&u->flight_changed);
	pthread_mutex_unlock(&u->flight);
}

bool uffd_hold(void *priv)
{
	struct uffd *u = priv;

	return atomic_load_explicit(&u->forks, memory_order_relaxed);
}
