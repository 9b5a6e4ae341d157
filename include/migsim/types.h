/* SPDX-License-Identifier: MIT */
/*
 * Words that every other header uses: modes, reasons, folios.
 */
#ifndef MIGSIM_TYPES_H
#define MIGSIM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIGSIM_PAGE_SHIFT	12
#define MIGSIM_PAGE_SIZE	((uint64_t)1 << MIGSIM_PAGE_SHIFT)
#define MIGSIM_MAX_ORDER	9	/* a 2M THP on x86-64 */
#define MIGSIM_MAX_PIECES	32	/* pieces one folio can be cut into */

/* The kernel's limit, in base pages (mm/migrate.c). */
#define MIGSIM_NR_MAX_BATCHED_MIGRATION	512

/*
 * As enum migrate_mode (include/linux/migrate_mode.h). SYNC_LIGHT is not
 * told apart: nothing here waits for writeback.
 */
enum migsim_mode {
	MIGSIM_MODE_ASYNC,	/* never waits for a single folio */
	MIGSIM_MODE_SYNC,	/* retries failed folios alone */
};

/* As enum migrate_reason; the names are those of the kernel's trace events. */
enum migsim_reason {
	MIGSIM_REASON_COMPACTION,
	MIGSIM_REASON_MEMORY_FAILURE,
	MIGSIM_REASON_MEMORY_HOTPLUG,
	MIGSIM_REASON_SYSCALL,
	MIGSIM_REASON_MEMPOLICY_MBIND,
	MIGSIM_REASON_NUMA_MISPLACED,
	MIGSIM_REASON_CONTIG_RANGE,
	MIGSIM_REASON_LONGTERM_PIN,
	MIGSIM_REASON_DEMOTION,
	MIGSIM_REASONS,
};

/* Where one folio of a call stands. The core's; spaces and callers read it. */
enum migsim_folio_state {
	MIGSIM_FOLIO_FROM,	/* not unmapped (yet) */
	MIGSIM_FOLIO_UNMAPPED,	/* inaccessible; on the group's unmap list */
	MIGSIM_FOLIO_DONE,	/* lies on the target */
	MIGSIM_FOLIO_RET,	/* failed; untouched on the source */
	MIGSIM_FOLIO_SPLIT,	/* large, to be migrated as base pages */
};

/* status of a folio that a call did not come to */
#define MIGSIM_UNTRIED	1

/**
 * struct migsim_folio - 2^order base pages that move as one
 * @addr: virtual address, aligned to the folio's size. The caller's.
 * @order: 0 (4K) to 9 (2M). The caller's.
 * @status: result of the last call: 0 migrated, a negative errno, or
 *          MIGSIM_UNTRIED. The core's.
 * @src: where the content lies while the folio is unmapped. The space's.
 * @dst: the target of the copy. The space's.
 * @unmapped: clock of the space just before the folio became inaccessible,
 *            in ticks. The space's.
 * @remapped: clock of the space just after it became accessible again, in
 *            ticks. The space's.
 * @err: result of the last operation of the space on it: 0, or -errno.
 *       The space's.
 * @pending: bit i is set while piece i is being copied. The core's.
 * @unit: place on the group's list of the first folio of its remap unit, the
 *        folios that are remapped together. The core's.
 * @unit_left: in the first folio of a unit: how many of it are still to be
 *             copied. The core's.
 * @state: enum migsim_folio_state. The core's.
 * @flags: the core's own marks.
 * @space_flags: the space's own marks.
 *
 * A list to migrate is an array of these, owned by the caller, who sets
 * @addr and @order, clears the rest and must not place the array inside the
 * memory that it names.
 */
struct migsim_folio {
	uint64_t addr;
	uint64_t src;
	uint64_t dst;
	uint64_t unmapped;
	uint64_t remapped;
	int32_t status;
	int32_t err;
	uint32_t pending;
	uint32_t unit;
	uint32_t unit_left;
	uint8_t order;
	uint8_t state;
	uint8_t flags;
	uint8_t space_flags;
};

/** migsim_folio_pages - base pages of a folio */
static inline uint64_t migsim_folio_pages(const struct migsim_folio *f)
{
	return (uint64_t)1 << f->order;
}

/** migsim_folio_bytes - bytes of a folio */
static inline uint64_t migsim_folio_bytes(const struct migsim_folio *f)
{
	return MIGSIM_PAGE_SIZE << f->order;
}

/**
 * migsim_reason_name - a reason as the kernel's trace events print it
 * @reason: enum migsim_reason
 * Return: a constant string; NULL for a number that is no reason.
 */
const char *migsim_reason_name(enum migsim_reason reason);

/**
 * migsim_reason_parse - the reason of a name
 * @name: as migsim_reason_name() gives it
 * Return: the reason, or -EINVAL.
 */
int migsim_reason_parse(const char *name);

#ifdef __cplusplus
}
#endif
#endif
