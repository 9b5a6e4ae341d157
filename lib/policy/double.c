/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * double: two halves of a batch. While the engine copies one, the CPU unmaps or
 * remaps the other. As many pages in flight as under batch.
 *
 * Needs an asynchronous migrator. In migrate_pages_batch(), whose lists and
 * counters are local:
 *
 *	groups		 lists of unmapped folios at a time, one today; each with
 *			 its own dst list, its own flush and its own passes
 *	pages_copying	 summed nr_pages of lists handed to the provider
 *	pages_copied	 of lists with FOLIO_CONTENT_COPIED set, not yet moved
 *
 * What would have to change: the folios of two lists stay locked at a time, so
 * that try-locking only (MIGRATE_ASYNC) is safe; offload_copy() returns before
 * the copy has ended, and its completion wakes the task that migrates, since
 * remove_migration_ptes() runs there; SRCU is held from submit to completion.
 */
#include <migsim/policy.h>

struct double_args {
	uint64_t pages;
	uint64_t split;
};

static const struct migsim_param double_params[] = {
	{ .name = "pages", .help = "base pages of both halves together",
	  .offset = offsetof(struct double_args, pages), .def = 1024,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct double_args, split),
	  .def = 1, .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

static void double_decide(void *priv, const void *args,
			  const struct migsim_policy_view *view,
			  struct migsim_policy_answer *answer)
{
	const struct double_args *a = args;
	uint64_t flying = view->pages_copying + view->pages_copied;
	uint64_t half = (a->pages + 1) / 2, need = half;

	(void)priv;
	if (need < view->next_pages)
		need = view->next_pages;
	if (!view->groups ||
	    (view->groups < 2 && flying < a->pages && a->pages - flying >= need))
		answer->admit = half;
	answer->pieces = (uint32_t)a->split;
}

static uint64_t double_window(const void *args)
{
	const struct double_args *a = args;

	return a->pages;
}

extern const struct migsim_policy_ops policy_double;
const struct migsim_policy_ops policy_double = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "double",
	.help = "two halves: one is copied while the other is unmapped or remapped",
	.kind = "async",
	.params = double_params,
	.args_size = sizeof(struct double_args),
	.decide = double_decide,
	.window = double_window,
};
