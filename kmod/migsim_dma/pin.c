// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of the caller are pinned for as long as a channel has them, and
 * charged as those of io_uring's registered buffers are.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "bridge.h"

unsigned long bridge_pages_of(u64 addr, u64 len)
{
	return (unsigned long)((offset_in_page(addr) + len + PAGE_SIZE - 1) >>
			       PAGE_SHIFT);
}

static int charge_user(struct bridge_pins *pins, unsigned long pages)
{
	long limit = (long)min_t(unsigned long, LONG_MAX,
				 rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT);
	struct user_struct *user = pins->cred->user;
	long old = atomic_long_read(&user->locked_vm);

	do {
		if (old + (long)pages > limit)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old,
					  old + (long)pages));
	return 0;
}

static int charge(struct bridge_pins *pins, struct bridge_file *file,
		  unsigned long pages)
{
	bool limited = !capable(CAP_IPC_LOCK);

	pins->cred = NULL;
	if (limited) {
		pins->cred = get_cred(file->cred);
		if (charge_user(pins, pages)) {
			put_cred(pins->cred);
			pins->cred = NULL;
			return -ENOMEM;
		}
	}
	mmgrab(file->mm);
	pins->mm = file->mm;
	atomic64_add((s64)pages, &pins->mm->pinned_vm);
	pins->charged = pages;
	return 0;
}

static void uncharge(struct bridge_pins *pins)
{
	if (!pins->charged)
		return;
	atomic64_sub((s64)pins->charged, &pins->mm->pinned_vm);
	if (pins->cred) {
		atomic_long_sub((long)pins->charged,
				&pins->cred->user->locked_vm);
		put_cred(pins->cred);
	}
	/* May be the last one: the process need not exist any more. */
	mmdrop(pins->mm);
	pins->charged = 0;
}

/* For so many pages. What is pinned later is undone with bridge_unpin(). */
int bridge_pins_init(struct bridge_pins *pins, struct bridge_file *file,
		     unsigned long pages)
{
	int rc = charge(pins, file, pages);

	if (rc)
		return rc;
	pins->pages = kvmalloc_array(pages, sizeof(*pins->pages), GFP_KERNEL);
	if (!pins->pages) {
		uncharge(pins);
		return -ENOMEM;
	}
	pins->max = pages;
	pins->nr = 0;
	return 0;
}

/*
 * Without FOLL_LONGTERM, which would move pages out of ZONE_MOVABLE, where the
 * memory of CXL devices is.
 */
int bridge_pin(struct bridge_pins *pins, u64 addr, u64 len, bool write)
{
	unsigned long pages = bridge_pages_of(addr, len);
	unsigned long start = (unsigned long)addr & PAGE_MASK;
	long got;

	if (WARN_ON_ONCE(pins->nr + pages > pins->max))
		return -EINVAL;
	while (pages) {
		if (fatal_signal_pending(current))
			return -EINTR;
		got = pin_user_pages_fast(start, (int)pages,
					  write ? FOLL_WRITE : 0,
					  pins->pages + pins->nr);
		if (got <= 0)
			return got == -ENOMEM || got == -EINTR ? (int)got :
							       -EFAULT;
		pins->nr += (unsigned long)got;
		pages -= (unsigned long)got;
		start += (unsigned long)got << PAGE_SHIFT;
	}
	return 0;
}

/* May sleep. */
void bridge_unpin(struct bridge_pins *pins, bool dirty)
{
	if (pins->nr)
		unpin_user_pages_dirty_lock(pins->pages, pins->nr, dirty);
	kvfree(pins->pages);
	pins->pages = NULL;
	pins->nr = 0;
	uncharge(pins);
}
