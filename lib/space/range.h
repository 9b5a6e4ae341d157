/* SPDX-License-Identifier: MIT */
/*
 * Ranges of the application's memory that calls have named, each within one
 * VMA, with a bit for every base page that is in flight.
 */
#ifndef MIGSIM_RANGE_H
#define MIGSIM_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum locked { LOCKED_UNKNOWN, LOCKED_NO, LOCKED_YES };

struct range {
	uint64_t start, end;
	uint64_t *flight;	/* a bit a base page */
	enum locked locked;	/* mlocked by the application */
	bool registered;	/* under userfaultfd, for the running call */
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

/*
 * Makes one range of [start, end) and all that it touches. 0 or -ENOMEM.
 * Nothing is in flight.
 */
int ranges_add(struct ranges *rs, uint64_t start, uint64_t end);

/* Forgets a range. */
void ranges_drop(struct ranges *rs, struct range *r);
void ranges_free(struct ranges *rs);

/* The VMA around an address, from /proc/self/maps. 0, or -ENOENT, -EIO. */
int vma_find(uint64_t addr, uint64_t *start, uint64_t *end);

/* Is the VMA around the address mlocked (smaps)? */
bool vma_locked(uint64_t addr);

void range_set_flight(struct range *r, uint64_t addr, uint64_t bytes, bool on);
bool range_in_flight(const struct range *r, uint64_t addr);

#endif
