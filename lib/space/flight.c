/* SPDX-License-Identifier: MIT */
/*
 * What is in flight, and UFFDIO_MOVE with all that can stop it half-way.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include <migsim/types.h>

#include "sys.h"
#include "uffd.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

/* Tries of a move that says EAGAIN before the core counts a pass. */
#define MOVE_TRIES 16

/*
 * The folios are about to leave. What could not come back, for its range is
 * not under our userfaultfd, must not; nor what has left already, because the
 * list names it twice.
 */
void mark_leaving(struct uffd *u, struct migsim_folio **folios,
			 uint32_t n)
{
	struct migsim_folio *f;
	struct range *r;
	uint64_t bytes;
	uint32_t i;

	pthread_mutex_lock(&u->bits);
	for (i = 0; i < n; i++) {
		f = folios[i];
		bytes = migsim_folio_bytes(f);
		r = ranges_find(&u->ranges, &u->hint, f->addr, bytes);
		if (!r || f->addr < r->lo || f->addr + bytes > r->hi)
			f->err = -EFAULT;
		else if (!r->registered)
			f->err = r->err;
		else if (range_any_flight(r, f->addr, bytes))
			f->err = -EBUSY;
		else
			f->err = 0;
		if (!f->err)
			range_set_flight(r, f->addr, bytes, true);
	}
	pthread_mutex_unlock(&u->bits);
}

/* Folios that had been marked are there again, or never left. */
void mark_back(struct uffd *u, struct migsim_folio **folios, uint32_t n)
{
	struct range *r;
	uint32_t i;

	pthread_mutex_lock(&u->bits);
	for (i = 0; i < n; i++) {
		r = ranges_find(&u->ranges, &u->hint, folios[i]->addr,
				migsim_folio_bytes(folios[i]));
		range_set_flight(r, folios[i]->addr,
				 migsim_folio_bytes(folios[i]), false);
	}
	pthread_mutex_unlock(&u->bits);
}

/*
 * As mark_back(), where pages may be missing: a thread that touched one was
 * taken to wait for the move back, and must look again.
 */
void mark_back_and_wake(struct uffd *u, struct migsim_folio *f)
{
	mark_back(u, &f, 1);
	sys_uffd_wake(u->fd, f->addr, migsim_folio_bytes(f));
}

uint64_t uffd_move_some(struct uffd *u, uint64_t dst, uint64_t src, uint64_t len,
		     int *err)
{
	uint64_t done = 0, moved;
	unsigned int tries = 0;

	do {
		*err = sys_uffd_move(u->fd, dst + done, src + done, len - done,
				     &moved);
		done += moved;
		if (moved)
			tries = 0;
	} while (done < len && (moved || *err == -EINTR ||
				(*err == -EAGAIN && ++tries < MOVE_TRIES)));
	if (done == len)
		*err = 0;
	return done;
}

static bool worth_waiting(int err)
{
	return err == -EAGAIN || err == -EBUSY || err == -ENOMEM;
}

/*
 * One page. Where the application has changed the VMA meanwhile (mprotect(2),
 * mlock(2)), moves are refused, but the kernel copies; where it has put another
 * one in its place, that is not under our userfaultfd yet.
 */
static uint64_t move_page(struct uffd *u, uint64_t dst, uint64_t src)
{
	bool tried = false;
	int err;

	while (!uffd_move_some(u, dst, src, MIGSIM_PAGE_SIZE, &err)) {
		if (err == -EINVAL)
			err = sys_uffd_copy(u->fd, dst, src, MIGSIM_PAGE_SIZE);
		if (!err) {
			sys_advise((void *)(uintptr_t)src, MIGSIM_PAGE_SIZE,
				   MADV_DONTNEED_LOCKED);
			break;
		}
		if (!worth_waiting(err)) {
			if (tried ||
			    sys_uffd_register(u->fd, dst, MIGSIM_PAGE_SIZE))
				return 0;
			tried = true;
		}
		sched_yield();
	}
	return MIGSIM_PAGE_SIZE;
}

uint64_t uffd_move_all(struct uffd *u, uint64_t dst, uint64_t src,
		       uint64_t len)
{
	uint64_t done = 0, total = 0, moved;
	int err;

	while (done < len) {
		moved = uffd_move_some(u, dst + done, src + done, len - done, &err);
		done += moved;
		total += moved;
		if (!err)
			break;
		if (worth_waiting(err)) {
			sched_yield();
		} else {
			total += move_page(u, dst + done, src + done);
			done += MIGSIM_PAGE_SIZE;
		}
	}
	return total;
}

/* One page; 0 where the application has taken the address for another use. */
static uint64_t copy_back(struct uffd *u, uint64_t dst, uint64_t src)
{
	int err;

	while ((err = sys_uffd_copy(u->fd, dst, src, MIGSIM_PAGE_SIZE)))
		if (!worth_waiting(err) || sched_yield())
			return 0;
	sys_advise((void *)(uintptr_t)src, MIGSIM_PAGE_SIZE,
		   MADV_DONTNEED_LOCKED);
	return MIGSIM_PAGE_SIZE;
}

/*
 * Pages that are refused are not offered one by one: of a pinned THP the kernel
 * (6.12) would try to split it for ever.
 */
uint64_t uffd_bring_back(struct uffd *u, uint64_t dst, uint64_t src,
			 uint64_t len)
{
	uint64_t done, total;
	int err;

	total = done = uffd_move_some(u, dst, src, len, &err);
	for (; done < len; done += MIGSIM_PAGE_SIZE)
		total += copy_back(u, dst + done, src + done);
	return total;
}
