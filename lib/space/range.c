/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include <migsim/types.h>

#include "range.h"
#include "sys.h"

static size_t flight_bytes(uint64_t start, uint64_t end)
{
	return ((end - start) / MIGSIM_PAGE_SIZE + 63) / 64 * 8;
}

static bool holds(const struct range *r, uint64_t addr, uint64_t bytes)
{
	return addr >= r->start && addr + bytes <= r->end;
}

struct range *ranges_find(const struct ranges *rs, size_t *hint, uint64_t addr,
			  uint64_t bytes)
{
	size_t lo = 0, hi = rs->n, mid;

	if (*hint < rs->n && holds(&rs->range[*hint], addr, bytes))
		return &rs->range[*hint];
	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (rs->range[mid].end <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == rs->n || !holds(&rs->range[lo], addr, bytes))
		return NULL;
	*hint = lo;
	return &rs->range[lo];
}

void ranges_drop(struct ranges *rs, struct range *r)
{
	size_t at = (size_t)(r - rs->range);

	sys_unmap(r->flight, flight_bytes(r->start, r->end));
	memmove(r, r + 1, (rs->n - at - 1) * sizeof(*r));
	rs->n--;
}

void ranges_free(struct ranges *rs)
{
	while (rs->n)
		ranges_drop(rs, &rs->range[rs->n - 1]);
	sys_unmap(rs->range, rs->cap * sizeof(*rs->range));
	*rs = (struct ranges){ 0 };
}

static int make_room(struct ranges *rs)
{
	size_t cap = rs->cap ? rs->cap * 2 : 64;
	struct range *range;

	if (rs->n < rs->cap)
		return 0;
	range = sys_map(cap * sizeof(*range));
	if (!range)
		return -ENOMEM;
	if (rs->n)
		memcpy(range, rs->range, rs->n * sizeof(*range));
	sys_unmap(rs->range, rs->cap * sizeof(*range));
	rs->range = range;
	rs->cap = cap;
	return 0;
}

/* What the running call has named so far stays named. */
static void name_too(struct range *r, const struct range *old)
{
	if (!old->hi)
		return;
	if (!r->hi || old->lo < r->lo)
		r->lo = old->lo;
	if (old->hi > r->hi)
		r->hi = old->hi;
}

int ranges_add(struct ranges *rs, uint64_t start, uint64_t end,
	       const struct vma *vma)
{
	struct range r = { 0 };
	size_t i = 0;

	while (i < rs->n) {
		struct range *old = &rs->range[i];

		if (old->end < start || old->start > end) {
			i++;
			continue;
		}
		if (old->start >= vma->start && old->end <= vma->end) {
			start = old->start < start ? old->start : start;
			end = old->end > end ? old->end : end;
		} else if (old->end == start || old->start == end) {
			i++;	/* a neighbour in another VMA */
			continue;
		}
		name_too(&r, old);
		ranges_drop(rs, old);
	}
	r.start = start;
	r.end = end;
	if (r.lo < start)
		r.lo = start;
	if (r.hi > end)
		r.hi = end;
	if (r.lo >= r.hi)
		r.lo = r.hi = 0;
	r.flight = sys_map(flight_bytes(start, end));
	if (!r.flight || make_room(rs)) {
		sys_unmap(r.flight, flight_bytes(start, end));
		return -ENOMEM;
	}
	for (i = 0; i < rs->n && rs->range[i].start < start; i++)
		;
	memmove(&rs->range[i + 1], &rs->range[i],
		(rs->n - i) * sizeof(r));
	rs->range[i] = r;
	rs->n++;
	return 0;
}

/* Of the word that holds bit @i: those in [i, end), of which there are @n. */
static uint64_t bits_of(uint64_t i, uint64_t end, uint64_t *n)
{
	*n = 64 - i % 64;
	if (*n > end - i)
		*n = end - i;
	return (*n == 64 ? UINT64_MAX : ((uint64_t)1 << *n) - 1) << i % 64;
}

void range_set_flight(struct range *r, uint64_t addr, uint64_t bytes, bool on)
{
	uint64_t i = (addr - r->start) / MIGSIM_PAGE_SIZE;
	uint64_t end = i + bytes / MIGSIM_PAGE_SIZE, n, mask;

	for (; i < end; i += n) {
		mask = bits_of(i, end, &n);
		if (on)
			r->flight[i / 64] |= mask;
		else
			r->flight[i / 64] &= ~mask;
	}
}

bool range_in_flight(const struct range *r, uint64_t addr)
{
	uint64_t i = (addr - r->start) / MIGSIM_PAGE_SIZE;

	return r->flight[i / 64] >> i % 64 & 1;
}

bool range_any_flight(const struct range *r, uint64_t addr, uint64_t bytes)
{
	uint64_t i = (addr - r->start) / MIGSIM_PAGE_SIZE;
	uint64_t end = i + bytes / MIGSIM_PAGE_SIZE, n;

	for (; i < end; i += n)
		if (r->flight[i / 64] & bits_of(i, end, &n))
			return true;
	return false;
}
