// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pinned pages are charged as those of io_uring's registered buffers are: to
 * the memory that they belong to, and to the user, who has a limit.
 */
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "bridge.h"

static int charge_user(struct user_struct *user, unsigned long pages)
{
	long limit = (long)min_t(unsigned long, LONG_MAX,
				 rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT);
	long old = atomic_long_read(&user->locked_vm);

	do {
		if (old + (long)pages > limit)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old,
					  old + (long)pages));
	return 0;
}

/* In the context of the caller. -ENOMEM: RLIMIT_MEMLOCK. */
int bridge_charge(struct bridge_charge *charge, struct bridge_group *group,
		  unsigned long pages)
{
	struct bridge_file *file = group->file;

	if (group->limited) {
		if (charge_user(file->cred->user, pages))
			return -ENOMEM;
		charge->cred = get_cred(file->cred);
	}
	mmgrab(file->mm);
	charge->mm = file->mm;
	atomic64_add((s64)pages, &file->mm->pinned_vm);
	charge->pages = pages;
	return 0;
}

void bridge_uncharge(struct bridge_charge *charge)
{
	if (!charge->pages)
		return;
	atomic64_sub((s64)charge->pages, &charge->mm->pinned_vm);
	if (charge->cred) {
		atomic_long_sub((long)charge->pages,
				&charge->cred->user->locked_vm);
		put_cred(charge->cred);
	}
	/* May be the last one: the process need not exist any more. */
	mmdrop(charge->mm);
	charge->pages = 0;
}
