/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * sliding: a window of base pages in flight that is refilled in small groups as
 * copies end. The CPU unmaps and remaps while channels copy, and a folio waits
 * for its group, not for a batch.
 *
 * A group is submitted at once, to `fan` channels, and remapped when its copies
 * have ended; `flush` of them are unmapped under one flush. `split` cuts folios
 * so that as many times more channels share each.
 *
 * Needs an asynchronous migrator. As double (which see), and:
 *
 *	pages_copying	 an atomic counter of the call instead of nr_pages of a
 *			 local list: completions lower it
 *	next_pages	 folio_nr_pages() of the first folio left on "from"
 *	channels_idle	 not used
 *
 * What would have to change beyond that: folio locks are held over many groups,
 * the oldest still copying while the newest is unmapped, which MIGRATE_ASYNC
 * allows by try-locking; the flush covers a group, not the call; completion
 * names folios, into the task that migrates; cutting takes a count of pieces
 * beside FOLIO_CONTENT_COPIED.
 */
#include <migsim/policy.h>

struct sliding_args {
	uint64_t window;
	uint64_t group;
	uint64_t fan;
	uint64_t flush;
	uint64_t split;
};

#define DEFAULT_GROUP	128

static const struct migsim_param sliding_params[] = {
	{ .name = "window", .help = "most base pages in flight",
	  .offset = offsetof(struct sliding_args, window), .def = 2048,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "group",
	  .help = "base pages submitted at once; 0: 128, half the window or a folio",
	  .offset = offsetof(struct sliding_args, group),
	  .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "fan", .help = "channels that a group is dealt over",
	  .offset = offsetof(struct sliding_args, fan), .def = 1,
	  .min = 1, .max = 64 },
	{ .name = "flush", .help = "groups that are unmapped under one flush",
	  .offset = offsetof(struct sliding_args, flush), .def = 1,
	  .min = 1, .max = 4096 },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct sliding_args, split), .def = 1,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

/* The larger of one folio and the smaller of half the window and 128 pages. */
static uint64_t group_pages(const struct sliding_args *a, uint64_t folio)
{
	uint64_t pages = a->window / 2;

	if (a->group)
		return a->group;
	if (pages > DEFAULT_GROUP)
		pages = DEFAULT_GROUP;
	return pages > folio ? pages : folio;
}

static void sliding_decide(void *priv, const void *args,
			   const struct migsim_policy_view *view,
			   struct migsim_policy_answer *answer)
{
	const struct sliding_args *a = args;
	uint64_t flying = view->pages_copying + view->pages_copied;
	uint64_t group = group_pages(a, view->next_pages);
	uint64_t room = flying < a->window ? a->window - flying : 0;
	uint64_t want = group * a->flush, need = want;

	(void)priv;
	if (need < view->next_pages)
		need = view->next_pages;
	/* What is left of the call need not fill a flush group. */
	if (need > view->pages_left)
		need = view->pages_left;
	if (room >= need)
		answer->admit = want < room ? want : room;
	else if (!view->groups)
		answer->admit = a->window;
	answer->submit = group;
	answer->fan = (uint32_t)(a->fan * a->split);
	answer->pieces = (uint32_t)a->split;
	answer->remap = MIGSIM_REMAP_GROUP;
}

static uint64_t sliding_window(const void *args)
{
	const struct sliding_args *a = args;

	return a->window;
}

extern const struct migsim_policy_ops policy_sliding;
const struct migsim_policy_ops policy_sliding = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "sliding",
	.help = "a window that is refilled in small groups as copies end",
	.kind = "async",
	.params = sliding_params,
	.args_size = sizeof(struct sliding_args),
	.decide = sliding_decide,
	.window = sliding_window,
};
