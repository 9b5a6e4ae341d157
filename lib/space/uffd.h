/* SPDX-License-Identifier: MIT */
/*
 * The uffd space: real memory of this process.
 *
 *	uffd.c	open and close, calls, flights
 *	name.c	what a call names, and puts under userfaultfd
 *	move.c	alloc, unmap, copy, remap, undo
 *	flight.c what is in flight, and UFFDIO_MOVE itself
 *	pool.c	target pages		arena.c	slots	refill.c the thread
 *	range.c	what calls have named	vma.c	what /proc says of it
 *	refused.c folios that UFFDIO_MOVE does not take as they are
 *	fault.c	first touches of pages that were never there
 *	fork.c	fork waits until nothing is in flight
 */
#ifndef MIGSIM_UFFD_H
#define MIGSIM_UFFD_H

#include <pthread.h>
#include <stdatomic.h>

#include <migsim/space.h>

#include "pool.h"
#include "range.h"
#include "sys.h"

/* space_flags of a folio: its enum pool_kind, and */
#define UFFD_POOL_MASK	0x03
#define UFFD_SPLIT	0x04	/* goes as base pages */
#define UFFD_NO_TARGET	0x08	/* the target was set apart */

struct uffd {
	int fd;
	int pagemap;
	struct pool_config config;
	struct pool pool[POOL_KINDS];
	struct ranges ranges;
	size_t hint;		/* of ranges_find() */
	struct vma locked;	/* the mlocked VMA found last; empty: none */
	struct vma refused;	/* one of this call that is not, but refuses */
	uint64_t flushes;
	uint64_t not_huge;
	uint64_t quarantined;

	/* fault.c: guards the flight bits of the ranges */
	pthread_mutex_t bits;
	struct sys_thread handler;
	int quit;		/* eventfd */
	atomic_ullong handler_cpu_ns;

	/* fork.c */
	struct uffd *next;
	pthread_mutex_t flight;
	pthread_cond_t flight_changed;
	bool flying;
	pthread_t pilot;	/* while flying */
	atomic_int forks;	/* waiting for the flight to end */
};

/*
 * name.c: puts what the folios name under userfaultfd, 0 or -ENOMEM; and takes
 * it away, when what waits for a first touch goes on.
 */
int name_ranges(struct uffd *u, const struct migsim_folio *folios, size_t n);
void unname_ranges(struct uffd *u);

/* flight.c */
void mark_leaving(struct uffd *u, struct migsim_folio **folios, uint32_t n);
void mark_back(struct uffd *u, struct migsim_folio **folios, uint32_t n);
void mark_back_and_wake(struct uffd *u, struct migsim_folio *f);
/* Moves as much as it can: bytes moved, and why it stopped. */
uint64_t uffd_move_some(struct uffd *u, uint64_t dst, uint64_t src, uint64_t len,
			int *err);
/*
 * Moves all that is there, however long it takes; what is not is skipped.
 * A hole makes the kernel refuse the whole, so it then goes page by page.
 */
uint64_t uffd_move_all(struct uffd *u, uint64_t dst, uint64_t src,
		       uint64_t len);
/*
 * As uffd_move_all(), where the pages may stay pinned for ever, by a device that
 * does not answer: then they are copied, and what it has is no longer ours.
 */
uint64_t uffd_bring_back(struct uffd *u, uint64_t dst, uint64_t src,
			 uint64_t len);

/* move.c */
uint32_t uffd_alloc(void *priv, struct migsim_folio **folios, uint32_t n);
void uffd_put(void *priv, struct migsim_folio **folios, uint32_t n);
void uffd_unmap(void *priv, struct migsim_folio **folios, uint32_t n);
int uffd_copy(void *priv, struct migsim_folio *folio);
void uffd_remap(void *priv, struct migsim_folio **folios, uint32_t n);
void uffd_undo(void *priv, struct migsim_folio **folios, uint32_t n);
void uffd_quarantine(void *priv, struct migsim_folio *folio);
int uffd_split(void *priv, struct migsim_folio *folio);

/*
 * refused.c: a folio that was refused with EBUSY, and lies where it did. True:
 * pages of it that only counted as shared do so no more.
 */
bool uffd_claim(struct uffd *u, struct migsim_folio *f);
/* The errno of one that was refused with EINVAL; -EAGAIN: a locked pool does. */
int uffd_explain(struct uffd *u, const struct migsim_folio *f);

/* fault.c */
int fault_start(struct uffd *u);
void fault_stop(struct uffd *u);

/* fork.c */
void fork_watch(struct uffd *u);
void fork_forget(struct uffd *u);
void uffd_enter(void *priv);
void uffd_leave(void *priv);
bool uffd_hold(void *priv);

#endif
