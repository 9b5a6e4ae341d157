/* SPDX-License-Identifier: MIT */
/*
 * First touches. While a range is under userfaultfd, a thread that touches a
 * page which was never there waits for somebody to bring one; so does a
 * thread that touches a folio in flight, but that one is woken by the move
 * back and must be left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <migsim/types.h>

#include "sys.h"
#include "uffd.h"

#define MESSAGES 64

/* True when the fault was on a folio in flight. */
static bool resolve(struct uffd *u, uint64_t addr)
{
	struct range *r;
	size_t hint = 0;
	bool flying;

	addr &= ~(MIGSIM_PAGE_SIZE - 1);
	pthread_mutex_lock(&u->bits);
	r = ranges_find(&u->ranges, &hint, addr, MIGSIM_PAGE_SIZE);
	flying = r && range_in_flight(r, addr);
	/* Under the lock: the page cannot be moved out in between. */
	if (!flying && sys_uffd_zeropage(u->fd, addr, MIGSIM_PAGE_SIZE))
		sys_uffd_wake(u->fd, addr, MIGSIM_PAGE_SIZE);
	pthread_mutex_unlock(&u->bits);
	return flying;
}

static bool resolve_some(struct uffd *u)
{
	struct uffd_msg msg[MESSAGES];
	ssize_t n = read(u->fd, msg, sizeof(msg));
	bool resolved = false;
	size_t i;

	for (i = 0; n > 0 && i < (size_t)n / sizeof(msg[0]); i++)
		if (msg[i].event == UFFD_EVENT_PAGEFAULT &&
		    !resolve(u, msg[i].arg.pagefault.address))
			resolved = true;
	return resolved;
}

static void *handle(void *arg)
{
	struct uffd *u = arg;
	struct pollfd fds[] = {
		{ .fd = u->fd, .events = POLLIN },
		{ .fd = u->quit, .events = POLLIN },
	};
	/* Faults on folios in flight are many and need nothing: look seldom. */
	const struct timespec nap = { .tv_nsec = 1000000 };

	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[1].revents)
			break;
		if (!resolve_some(u))
			nanosleep(&nap, NULL);
		atomic_store_explicit(&u->handler_cpu_ns, sys_thread_cpu_ns(),
				      memory_order_relaxed);
	}
	return NULL;
}

int fault_start(struct uffd *u)
{
	int err;

	u->quit = eventfd(0, EFD_CLOEXEC);
	if (u->quit < 0)
		return -errno;
	pthread_mutex_init(&u->bits, NULL);
	err = sys_thread_start(&u->handler, handle, u);
	if (err)
		close(u->quit);
	return err;
}

void fault_stop(struct uffd *u)
{
	eventfd_write(u->quit, 1);
	sys_thread_join(&u->handler);
	pthread_mutex_destroy(&u->bits);
	close(u->quit);
}
