/* SPDX-License-Identifier: MIT */
/*
 * Spaces: what unmaps, flushes and remaps. A space owns the memory and the
 * clock; the core sees neither but through these operations.
 *
 * The order of calls, all from the one thread that migrates:
 *
 *	open ── call* ── close
 *	call:	prepare ── begin ── flight* ── end
 *	flight:	enter ── {alloc, unmap, flush, copy, remap, undo…}* ── leave
 *
 * A flight lasts from the first group that is unmapped to the last that is
 * remapped. Operations on folios are vectors: folios[0..n) of one group, in
 * list order, each with its own result in folio->err.
 */
#ifndef MIGSIM_SPACE_H
#define MIGSIM_SPACE_H

#include <migsim/param.h>
#include <migsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIGSIM_SPACE_ABI	1

struct migsim_profile;

/* flags of struct migsim_space_caps */
#define MIGSIM_SPACE_UNMAP_FLUSHES (1u << 0) /* unmap and flush are one step */
#define MIGSIM_SPACE_VIRTUAL	   (1u << 1) /* no real memory, no real time */
#define MIGSIM_SPACE_TRACED	   (1u << 2) /* sees calls by events, which cost time */

/**
 * struct migsim_space_caps - what an open space is
 * @flags: MIGSIM_SPACE_*
 * @ticks_per_s: unit of its clock
 * @driver: of a space that does whole calls: what carries its copies; lives
 *          with the space; NULL: nothing but the CPU
 * @channels: of that
 */
struct migsim_space_caps {
	uint32_t flags;
	uint64_t ticks_per_s;
	const char *driver;
	uint32_t channels;
};

/**
 * struct migsim_space_seen - who is told what a space saw of a call that it
 * did by itself
 * @arg: for each of the functions
 * @unmapped: so many base pages became inaccessible at @t
 * @remapped: so many, which had become so at @since, are accessible again: on
 *            the target, or undone
 * @folio: told after @remapped of its last page: a folio of the list of which
 *         a part was inaccessible from @since on is wholly accessible again
 *
 * Times are ticks of the space's clock, within the call, and never go back.
 * A flush group begins with a page that becomes inaccessible when no other is.
 */
struct migsim_space_seen {
	void *arg;
	void (*unmapped)(void *arg, uint64_t t, uint64_t pages);
	void (*remapped)(void *arg, uint64_t t, uint64_t since, uint64_t pages);
	void (*folio)(void *arg, uint64_t t, uint64_t since);
};

/**
 * struct migsim_space_env - what a space is opened for
 * @from: source node; -1 for any
 * @to: target node; -1 for the node of the calling CPU
 * @cold_pool: every target page is newly allocated
 * @pool_bytes: bound on the memory that a pool holds; 0 lets the space choose
 * @max_window: base pages in flight at most, the folio that crosses it aside
 * @call_pages: most base pages of one call, when known; 0 otherwise
 * @profile: struct migsim_profile to compute with; NULL: the space's own choice
 */
struct migsim_space_env {
	int from;
	int to;
	bool cold_pool;
	uint64_t pool_bytes;
	uint64_t max_window;
	uint64_t call_pages;
	const struct migsim_profile *profile;
};

/**
 * struct migsim_space_note - what a space has to tell of its calls so far
 * @flushes: TLB flushes, where the space sees them better than the core
 * @allocated_pages: target pages that had to be allocated during calls
 * @not_huge: 2M folios that were not mapped by a huge page
 * @quarantined_pages: target pages that an engine may still write to
 * @helper_cpu_ns: CPU time of the space's own threads
 */
struct migsim_space_note {
	uint64_t flushes;
	uint64_t allocated_pages;
	uint64_t not_huge;
	uint64_t quarantined_pages;
	uint64_t helper_cpu_ns;
};

/**
 * struct migsim_space_ops - a space; what is not optional must be there, unless
 * @migrate is
 * @size: sizeof(struct migsim_space_ops)
 * @abi: MIGSIM_SPACE_ABI
 * @name: word on the command line (--backend)
 * @help: one line
 * @needs: what the machine must have; NULL for nothing
 * @params: options; NULL for none
 * @args_size: bytes of the argument structure
 * @open: sets *@priv. -EPERM, -ENODEV, -EOPNOTSUPP when the machine lacks
 *        what it needs (and a sentence through migsim_log), -ENOMEM.
 * @close: no folio is in flight.
 * @caps: fills @caps, which is zeroed.
 * @now: the clock, in ticks; never goes back.
 * @prepare: optional; a call is about to migrate these folios, and its clock
 *           does not run yet: makes pools ready. May set space_flags, which
 *           are 0. 0, or -errno, which ends the call before anything moved.
 * @begin: optional; the clock runs, a call is about to migrate these folios. 0, or -errno,
 *         which ends the call before anything moved.
 * @end: optional; the call is over.
 * @migrate: optional; does a whole call by itself, sets status of every
 *           folio, and returns as migsim_migrate(). The operations below may
 *           then be absent.
 * @enter: optional; a flight begins. May wait (for a fork of the process).
 * @leave: optional; nothing is in flight any more.
 * @hold: optional; true asks that nothing new is unmapped until the flight
 *        has ended.
 * @alloc: gets targets (sets dst) for a prefix of the folios and returns its
 *         length; less than @n means that memory ran out.
 * @put: gives back targets that were not used, of folios that had got one and
 *       were not unmapped.
 * @unmap: makes folios inaccessible. Sets err of each: 0 (src and unmapped are
 *         set too), -EAGAIN (worth another try), other (will never work).
 *         Never -ENOMEM.
 * @flush: optional; the one flush of a group, before its first copy.
 * @copy: the CPU copies one folio. 0 or -errno (poisoned memory).
 * @remap: makes the content of dst accessible at addr. Sets err of each: 0
 *         (remapped is set; the pages at dst now belong to the application,
 *         those at src to the space), -EAGAIN, or other: nothing changed.
 * @undo: makes the untouched content of src accessible at addr again and
 *        takes back the target. Sets remapped. Must not fail; where the
 *        application has unmapped the address meanwhile, there is nothing to
 *        give back.
 * @quarantine: optional; an engine may write to dst for ever: never use these
 *              pages again. Called before undo, which then keeps the target.
 * @split: optional; the large folio will be migrated as base pages from now
 *         on. 0, or -EAGAIN or -EBUSY.
 * @note: optional; adds to @note what happened since open.
 * @cpu_ns: optional; CPU time of the calling thread in ns.
 * @see: optional, beside @migrate; the call is over and its clock stands:
 *       tells what became inaccessible, and accessible again, and when. 0;
 *       -ENODATA when the call was not, or not wholly, seen: then nothing was
 *       told.
 */
struct migsim_space_ops {
	uint32_t size;
	uint32_t abi;
	const char *name;
	const char *help;
	const char *needs;
	const struct migsim_param *params;
	size_t args_size;
	int (*open)(void **priv, const struct migsim_space_env *env,
		    const void *args);
	void (*close)(void *priv);
	void (*caps)(void *priv, struct migsim_space_caps *caps);
	uint64_t (*now)(void *priv);
	int (*prepare)(void *priv, struct migsim_folio *folios, size_t n);
	int (*begin)(void *priv, struct migsim_folio *folios, size_t n);
	void (*end)(void *priv);
	long (*migrate)(void *priv, struct migsim_folio *folios, size_t n,
		       enum migsim_mode mode);
	void (*enter)(void *priv);
	void (*leave)(void *priv);
	bool (*hold)(void *priv);
	uint32_t (*alloc)(void *priv, struct migsim_folio **folios, uint32_t n);
	void (*put)(void *priv, struct migsim_folio **folios, uint32_t n);
	void (*unmap)(void *priv, struct migsim_folio **folios, uint32_t n);
	void (*flush)(void *priv);
	int (*copy)(void *priv, struct migsim_folio *folio);
	void (*remap)(void *priv, struct migsim_folio **folios, uint32_t n);
	void (*undo)(void *priv, struct migsim_folio **folios, uint32_t n);
	void (*quarantine)(void *priv, struct migsim_folio *folio);
	int (*split)(void *priv, struct migsim_folio *folio);
	void (*note)(void *priv, struct migsim_space_note *note);
	uint64_t (*cpu_ns)(void *priv);
	int (*see)(void *priv, const struct migsim_space_seen *seen);
};

/**
 * migsim_space_register - make a space known by its name
 * @ops: must live as long as the process
 *
 * Return: 0; -EINVAL for a table that is incomplete or of another ABI;
 * -EEXIST when the name is taken; -ENOSPC when too many are registered.
 */
int migsim_space_register(const struct migsim_space_ops *ops);

/**
 * migsim_space_get - walk over the known spaces
 * @i: from 0
 * Return: the i-th space, NULL behind the last.
 */
const struct migsim_space_ops *migsim_space_get(unsigned int i);

#ifdef __cplusplus
}
#endif
#endif
