/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "region.h"

/* slot[i] becomes the place of the i-th folio of a part in migration order. */
static void shuffle(uint32_t *slot, uint64_t n, unsigned short state[3])
{
	for (uint64_t i = n; i > 1; i--) {
		uint64_t j = (uint64_t)nrand48(state) % i;
		uint32_t t = slot[i - 1];

		slot[i - 1] = slot[j];
		slot[j] = t;
	}
}

static uint32_t *order_slots(const struct region_shape *shape)
{
	unsigned short state[3] = { (unsigned short)shape->seed,
				    (unsigned short)(shape->seed >> 16),
				    (unsigned short)(shape->seed >> 32) };
	uint32_t *slot = calloc(shape->folios, sizeof(*slot));
	uint32_t *at = slot;

	if (!slot)
		return NULL;
	for (unsigned int i = 0; i < shape->mix.n; i++) {
		uint64_t n = shape->part[i].folios;

		for (uint64_t k = 0; k < n; k++)
			at[k] = (uint32_t)k;
		if (shape->layout == LAYOUT_SCATTERED)
			shuffle(at, n, state);
		at += n;
	}
	return slot;
}

static int list_folios(struct region *region)
{
	const struct region_shape *shape = &region->shape;
	uint64_t base = (uint64_t)(uintptr_t)region->start + MIGSIM_PAGE_SIZE;
	uint64_t given[MIGSIM_MAX_ORDER + 1] = { 0 };
	uint32_t *slot = order_slots(shape);
	uint32_t *next[MIGSIM_MAX_ORDER + 1];
	uint32_t *at = slot;

	if (!slot)
		return -ENOMEM;
	for (unsigned int i = 0; i < shape->mix.n; i++) {
		next[i] = at;
		at += shape->part[i].folios;
	}
	for (uint64_t k = 0; k < shape->folios; k++) {
		unsigned int i = region_mix_next(&shape->mix, given);

		region->folios[k].order = (uint8_t)shape->mix.part[i].order;
		region->folios[k].addr = base + shape->part[i].offset +
			*next[i]++ * region_slot_stride(shape) *
			region_part_folio(&shape->mix, i);
	}
	free(slot);
	return 0;
}

static void *map_memory(size_t length)
{
	void *p = mmap(NULL, length, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static long bind_memory(struct region *region, unsigned int node)
{
	unsigned long mask[MIGSIM_MAX_NODES / (8 * sizeof(long))] = { 0 };

	if (node >= MIGSIM_MAX_NODES) {
		errno = EINVAL;
		return -1;
	}
	mask[node / (8 * sizeof(long))] = 1ul << node % (8 * sizeof(long));
	/* The kernel reads one bit less than it is told. */
	return syscall(SYS_mbind, region->map, region->map_length, MPOL_BIND,
		       mask, MIGSIM_MAX_NODES + 1, 0);
}

/* The guards are neighbours of the folios, to catch what is copied too far. */
static int prepare_memory(struct region *region)
{
	const struct region_shape *shape = &region->shape;
	uint64_t base = (uint64_t)(uintptr_t)region->map + MIGSIM_PAGE_SIZE;
	int node = shape->route.from;

	base = (base + REGION_HUGE - 1) & ~(REGION_HUGE - 1);
	region->start = (uint8_t *)(uintptr_t)(base - MIGSIM_PAGE_SIZE);
	/* No kernel support, or a container's filter, matters with nodes only. */
	if (node >= 0 && bind_memory(region, (unsigned int)node) &&
	    ((errno != ENOSYS && errno != EPERM) ||
	     migsim_topology_nodes(NULL, 0) > 1))
		return -errno;
	/* A kernel without THP refuses both, and has base pages anyway. */
	madvise(region->map, region->map_length, MADV_NOHUGEPAGE);
	for (unsigned int i = 0; i < shape->mix.n; i++) {
		if (shape->mix.part[i].order == MIGSIM_MAX_ORDER)
			madvise((void *)(uintptr_t)(base + shape->part[i].offset),
				shape->part[i].length, MADV_HUGEPAGE);
	}
	return 0;
}

/* Far from all that is mapped, and at a multiple of 2M. */
#define VIRTUAL_BASE	((uint64_t)1 << 46)

static int open_memory(struct region *region)
{
	const struct region_shape *shape = &region->shape;

	region->pages = shape->length / MIGSIM_PAGE_SIZE + 2;
	if (shape->virtual) {
		region->start = (uint8_t *)(uintptr_t)(VIRTUAL_BASE -
						       MIGSIM_PAGE_SIZE);
		return 0;
	}
	region->map_length = shape->length + REGION_HUGE + 2 * MIGSIM_PAGE_SIZE;
	region->map = map_memory(region->map_length);
	return region->map ? prepare_memory(region) : -ENOMEM;
}

int region_open(struct region **opened, const struct region_shape *shape)
{
	struct region *region = calloc(1, sizeof(*region));
	int ret = -ENOMEM;

	if (!region)
		return -ENOMEM;
	region->shape = *shape;
	region->folios = map_memory(shape->folios * sizeof(*region->folios));
	if (region->folios)
		ret = open_memory(region);
	if (!ret)
		ret = list_folios(region);
	if (ret) {
		region_close(region);
		return ret;
	}
	*opened = region;
	return 0;
}

void region_close(struct region *region)
{
	if (!region)
		return;
	if (region->map)
		munmap(region->map, region->map_length);
	if (region->folios)
		munmap(region->folios,
		       region->shape.folios * sizeof(*region->folios));
	free(region);
}

static struct migsim_folio *clear_folios(struct migsim_folio *list, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		list[i] = (struct migsim_folio) { .addr = list[i].addr,
						  .order = list[i].order };
	return list;
}

struct migsim_folio *region_next(struct region *region, uint64_t n)
{
	/* The walk before may have gone in other steps. */
	region->cursor = (region->cursor + n - 1) / n * n;
	if (region->cursor + n > region->shape.folios) {
		region->cursor = 0;
		region->away = region->shape.route.back && !region->away;
	}
	region->cursor += n;
	/* Clearing would cost as much as modelling some of the calls. */
	if (region->shape.virtual)
		return region->folios + region->cursor - n;
	return clear_folios(region->folios + region->cursor - n, n);
}

struct migsim_folio *region_last(struct region *region, uint64_t n, bool *away)
{
	bool behind = region->cursor >= n;
	uint64_t end = behind ? region->cursor : region->shape.folios;

	*away = behind && region->shape.route.back ? !region->away : region->away;
	return clear_folios(region->folios + end - n, n);
}

static enum region_page kind_in_part(const struct region_shape *shape,
				   unsigned int i, uint64_t offset)
{
	uint64_t slot = offset / region_part_folio(&shape->mix, i);
	uint64_t stride = region_slot_stride(shape);

	return slot % stride || slot / stride >= shape->part[i].folios ?
	       PAGE_OF_GAP : PAGE_OF_FOLIO;
}

enum region_page region_page_kind(const struct region *region, uint64_t page)
{
	const struct region_shape *shape = &region->shape;
	uint64_t offset;

	if (page == 0 || page == region->pages - 1)
		return PAGE_OF_GUARD;
	offset = (page - 1) * MIGSIM_PAGE_SIZE;
	for (unsigned int i = 0; i < shape->mix.n; i++) {
		uint64_t inside = offset - shape->part[i].offset;

		if (inside < shape->part[i].length)
			return kind_in_part(shape, i, inside);
	}
	return PAGE_OF_GAP;
}
