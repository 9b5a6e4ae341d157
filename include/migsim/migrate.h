/* SPDX-License-Identifier: MIT */
/*
 * Migrate folios: a space, an engine and a policy put together.
 */
#ifndef MIGSIM_MIGRATE_H
#define MIGSIM_MIGRATE_H

#include <migsim/engine.h>
#include <migsim/policy.h>
#include <migsim/report.h>
#include <migsim/space.h>
#include <migsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct migsim_migrator;
struct migsim_profile;

/**
 * struct migsim_options - what a migrator is made of
 * @size: set to sizeof(struct migsim_options)
 * @space: `name:key=value,…`; NULL is "uffd"
 * @engine: as @space; NULL is "memcpy"
 * @policy: as @space; NULL is "batch"
 * @from: source node, -1 for any (engines and pools are placed by it)
 * @to: target node; -1 for the node of the calling CPU or, where it has no
 *      memory or the cpuset forbids it, the nearest one that will do
 * @mode: enum migsim_mode
 * @reason: enum migsim_reason
 * @cold_pool: every target page is newly allocated
 * @pool_bytes: bound on the memory a pool of target pages holds; 0: default
 * @copy_timeout_ms: an engine that completes nothing for so long has hung;
 *                   0 is 10000, as the series' dcbm driver waits
 * @call_pages: most base pages of one call, when known, so that pools are not
 *              made larger than that, nor batches; 0: unknown
 * @profile: what the space "model" computes with; the caller's, unchanged
 *           until the migrator is closed; NULL: the profile that the space's
 *           word names
 */
struct migsim_options {
	size_t size;
	const char *space;
	const char *engine;
	const char *policy;
	int from;
	int to;
	enum migsim_mode mode;
	enum migsim_reason reason;
	bool cold_pool;
	uint64_t pool_bytes;
	uint32_t copy_timeout_ms;
	uint64_t call_pages;
	const struct migsim_profile *profile;
};

/** MIGSIM_OPTIONS_INIT - options with every default */
#define MIGSIM_OPTIONS_INIT						\
	{ .size = sizeof(struct migsim_options), .from = -1, .to = -1,	\
	  .mode = MIGSIM_MODE_SYNC, .reason = MIGSIM_REASON_SYSCALL }

/**
 * migsim_migrator_open - open a space, an engine and a policy
 * @m: set to the migrator, owned by the caller
 * @o: options; read during the call only
 *
 * Return: 0; -EINVAL for an unknown name or a bad option, -ENODEV for a node
 * that is not there or a target without memory, -EACCES for a target that the
 * cpuset of the process forbids (as move_pages(2)), -EPERM, -ENODEV or
 * -EOPNOTSUPP when the machine lacks something, -ENOMEM, -EMFILE or -EAGAIN
 * when there are no more files or threads to be had. A sentence that says
 * what is wrong goes to migsim_set_log().
 */
int migsim_migrator_open(struct migsim_migrator **m,
			 const struct migsim_options *o);

/**
 * migsim_migrator_close - close and free
 * @m: may be NULL
 */
void migsim_migrator_close(struct migsim_migrator *m);

/**
 * migsim_migrate - migrate a list of folios: one call
 * @m: used by one thread at a time
 * @folios: in the order of migration; addr and order set, the rest as it was
 *          or 0. Neither the array nor this thread's stack may lie within the
 *          folios, nor the library's mappings (its objects), nor what an
 *          engine of one's own touches during the call.
 * @n: their number
 * @r: the call is added to it; may be NULL
 *
 * As migrate_pages() of mm/migrate.c: unmap passes with retries, one flush,
 * the copy, move passes with retries, undo of what is left. Every folio ends
 * wholly on the target or untouched on the source, and its status says which.
 *
 * With the engine "null" the content of every folio is lost.
 *
 * Return: 0 when every folio was migrated; the number of folios that were
 * not (as in the kernel, one that had to be split counts even when its pages
 * were migrated in the end); or -ENOMEM (no target page; the rest is untried), -EINTR
 * (migsim_migrator_stop()), -EINVAL (a folio is misaligned or its order too
 * large, nothing was done), -EDEADLK (the folios hold memory that the
 * migration itself works with, nothing was done), or an error of the space's
 * begin.
 */
long migsim_migrate(struct migsim_migrator *m, struct migsim_folio *folios,
		    size_t n, struct migsim_report *r);

/**
 * migsim_migrate_range - migrate a buffer
 * @m: used by one thread at a time
 * @addr: start, a multiple of the folio's size
 * @len: bytes, a multiple of the folio's size
 * @order: 0 to 9
 * @r: the call is added to it; may be NULL
 * Return: as migsim_migrate(), and -ENOMEM.
 */
long migsim_migrate_range(struct migsim_migrator *m, void *addr, size_t len,
			  unsigned int order, struct migsim_report *r);

/**
 * migsim_migrator_stop - end the running call early
 * @m: the migrator
 *
 * Async-signal-safe, from any thread. Nothing new is unmapped, what is in
 * flight is finished, and migsim_migrate() returns -EINTR. Holds for later
 * calls too.
 */
void migsim_migrator_stop(struct migsim_migrator *m);

/**
 * struct migsim_migrator_info - what a migrator turned out to be
 * @size: set to sizeof(struct migsim_migrator_info)
 * @engine: name
 * @driver: what carries the copies; lives with the migrator; may be NULL
 * @channels: of the engine, or, as @driver, of a space that copies by itself
 * @engine_flags: MIGSIM_ENGINE_*
 * @space: name
 * @space_flags: MIGSIM_SPACE_*
 * @policy: name
 * @policy_kind: "today" or "async"
 * @window_pages: most base pages in flight, the folio that crosses this limit
 *                aside; 0: the policy names none
 * @engine_dead: it hung or died, and the CPU has copied everything since
 * @policy_note: what the policy has found out
 */
struct migsim_migrator_info {
	size_t size;
	const char *engine;
	const char *driver;
	uint32_t channels;
	uint32_t engine_flags;
	const char *space;
	uint32_t space_flags;
	const char *policy;
	const char *policy_kind;
	uint64_t window_pages;
	bool engine_dead;
	struct migsim_policy_note policy_note;
};

/**
 * migsim_migrator_info - what a migrator turned out to be
 * @m: the migrator
 * @info: info->size must be set
 */
void migsim_migrator_info(const struct migsim_migrator *m,
			  struct migsim_migrator_info *info);

/**
 * migsim_migrator_engine - the engine of a migrator, for engines that open in
 * one space only
 * @m: the migrator
 * Return: the open engine, the migrator's own; its operations may be called
 * while no call is running.
 */
const struct migsim_engine *
migsim_migrator_engine(const struct migsim_migrator *m);

#ifdef __cplusplus
}
#endif
#endif
