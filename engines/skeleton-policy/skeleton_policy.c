/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * skeleton: a policy to begin with. So many base pages in flight, in so many
 * groups; another group is unmapped as soon as one has been remapped. Its first
 * groups are small, to show what a state is for.
 *
 * Say here how it would look in the kernel, because that is what a reviewer
 * asks first. A policy of kind "today" fits the posted series, in which
 * migrate_pages() cuts its list and migrate_pages_batch() has one group in
 * flight. This one does not. Needs an asynchronous migrator: several lists of
 * unmapped folios at a time, offload_copy() returning before the copy has
 * ended, and a completion that wakes the task which migrates. What it looks at:
 *
 *	groups		 lists of unmapped folios at a time; one today
 *	pages_copying	 summed folio_nr_pages() of lists that a provider copies
 *	pages_copied	 of lists with FOLIO_CONTENT_COPIED set, not yet moved
 *
 * All three would be local to the task that migrates, and need no lock.
 *
 * A policy is integer arithmetic: no libc, no allocation, no recursion, no
 * variable of its own, no division by what may be 0. It needs the header below
 * and nothing else.
 */
#include <migsim/policy.h>

struct skeleton_args {
	uint64_t window;
	uint64_t groups;
};

/* Zeroed before the first call, and kept from call to call. */
struct skeleton {
	uint64_t admitted;	/* groups of this call */
};

static const struct migsim_param skeleton_params[] = {
	{ .name = "window", .help = "most base pages in flight",
	  .offset = offsetof(struct skeleton_args, window), .def = 1024,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "groups", .help = "groups that the window is cut into",
	  .offset = offsetof(struct skeleton_args, groups), .def = 4,
	  .min = 1, .max = 4096 },
	{ 0 },
};

/* Before every call. Here options that do not go together can be refused. */
static int skeleton_init(void *priv, const void *args)
{
	struct skeleton *s = priv;

	(void)args;
	s->admitted = 0;
	return 0;
}

/* After every event: how many base pages to unmap now? 0 waits. */
static void skeleton_decide(void *priv, const void *args,
			    const struct migsim_policy_view *view,
			    struct migsim_policy_answer *answer)
{
	const struct skeleton_args *a = args;
	uint64_t flying = view->pages_copying + view->pages_copied;
	uint64_t group = (a->window + a->groups - 1) / a->groups;
	struct skeleton *s = priv;

	/* The folio that crosses the window is in flight, too. */
	if (!view->folios_left || flying >= a->window ||
	    view->groups >= a->groups)
		return;
	if (s->admitted < 6 && group > (uint64_t)8 << s->admitted)
		group = (uint64_t)8 << s->admitted;
	if (group > a->window - flying)
		group = a->window - flying;
	answer->admit = group;
	s->admitted++;
}

/* The promise that the test holds it to. */
static uint64_t skeleton_window(const void *args)
{
	const struct skeleton_args *a = args;

	return a->window;
}

/* What the loader looks for. A file of the library has it under its own name. */
extern const struct migsim_policy_ops migsim_policy;

const struct migsim_policy_ops migsim_policy = {
	.size = sizeof(migsim_policy),
	.abi = MIGSIM_POLICY_ABI,
	.name = "skeleton",
	.help = "a policy to begin with: a window of some groups",
	.kind = "async",
	.params = skeleton_params,
	.args_size = sizeof(struct skeleton_args),
	.priv_size = sizeof(struct skeleton),
	.init = skeleton_init,
	.decide = skeleton_decide,
	.window = skeleton_window,
};
