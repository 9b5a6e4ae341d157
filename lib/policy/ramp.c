/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ramp: the first batch of a call is small and each next one larger, up to a
 * batch. Whoever waits for the first folio of a call waits less; those behind
 * wait as under batch, which is all that it changes.
 *
 * Fits today's series: the bound becomes a variable of migrate_pages() on the
 * stack, which grows from one migrate_pages_batch() to the next. It sees what
 * batch sees. split= does not fit, see batch.
 */
#include <migsim/policy.h>

struct ramp_args {
	uint64_t first;
	uint64_t pages;
	uint64_t factor;
	uint64_t split;
};

struct ramp {
	uint64_t pages;		/* of the next batch */
};

static const struct migsim_param ramp_params[] = {
	{ .name = "first", .help = "base pages of a call's first batch",
	  .offset = offsetof(struct ramp_args, first), .def = 32,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "pages", .help = "base pages of the largest batch",
	  .offset = offsetof(struct ramp_args, pages), .def = 512,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "factor", .help = "each batch is so many times the last one",
	  .offset = offsetof(struct ramp_args, factor), .def = 2,
	  .min = 2, .max = 1024 },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct ramp_args, split),
	  .def = 1, .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

static int ramp_init(void *priv, const void *args)
{
	const struct ramp_args *a = args;
	struct ramp *r = priv;

	r->pages = a->first < a->pages ? a->first : a->pages;
	return 0;
}

static void ramp_decide(void *priv, const void *args,
			const struct migsim_policy_view *view,
			struct migsim_policy_answer *answer)
{
	const struct ramp_args *a = args;
	struct ramp *r = priv;

	answer->pieces = (uint32_t)a->split;
	if (view->groups)
		return;
	answer->admit = r->pages;
	r->pages = r->pages < a->pages / a->factor ? r->pages * a->factor
						   : a->pages;
}

static uint64_t ramp_window(const void *args)
{
	const struct ramp_args *a = args;

	return a->pages;
}

static int ramp_async(const void *args)
{
	const struct ramp_args *a = args;

	return a->split > 1;
}

extern const struct migsim_policy_ops policy_ramp;
const struct migsim_policy_ops policy_ramp = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "ramp",
	.help = "a small first batch, then larger ones",
	.kind = "today",
	.params = ramp_params,
	.args_size = sizeof(struct ramp_args),
	.priv_size = sizeof(struct ramp),
	.init = ramp_init,
	.decide = ramp_decide,
	.window = ramp_window,
	.async = ramp_async,
};
