/* SPDX-License-Identifier: MIT */
/*
 * Ranges of the application's memory that calls have met, each as its
 * VMA was then, with a bit for every base page that is in flight.
 */
#ifndef MIGSIM_RANGE_H
#define MIGSIM_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, end;
	uint64_t *flight;	/* a bit a base page */
	uint64_t lo, hi;	/* what the running call names of it; hi 0: nothing */
	bool registered;	/* [lo, hi) is under userfaultfd */
	int err;		/* why it is not */
};

struct ranges {
	struct range *range;	/* by address; never overlapping */
	size_t n, cap;
};

/*
 * The range that holds [addr, addr + bytes), or NULL. @hint: where it was
 * found last.
 */
struct range *ranges_find(const struct ranges *rs, size_t *hint, uint64_t addr,
			  uint64_t bytes);

struct vma {
	uint64_t start, end;
};

/*
 * Makes a range of [start, end), which lies within @vma, and of what earlier
 * ranges have in common with it or touch it there. What they have outside is
 * forgotten: the VMA is not what it was. 0 or -ENOMEM. Nothing is registered.
 */
int ranges_add(struct ranges *rs, uint64_t start, uint64_t end,
	       const struct vma *vma);

/* Forgets a range. */
void ranges_drop(struct ranges *rs, struct range *r);
void ranges_free(struct ranges *rs);

/* The VMA around an address, from /proc/self/maps. 0, or -ENOENT, -EIO. */
int vma_find(uint64_t addr, struct vma *vma);

/* Is the VMA around the address mlocked (smaps)? Fills @vma then. */
bool vma_locked(uint64_t addr, struct vma *vma);

/* Is any page of these in flight? */
bool range_any_flight(const struct range *r, uint64_t addr, uint64_t bytes);
void range_set_flight(struct range *r, uint64_t addr, uint64_t bytes, bool on);
bool range_in_flight(const struct range *r, uint64_t addr);

#endif
