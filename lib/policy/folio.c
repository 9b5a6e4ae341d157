/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * folio: a batch whose folios are remapped one by one, each when its own copy
 * has ended. Helps where a channel copies several folios one behind the other.
 *
 * Needs an asynchronous migrator: it sees what batch sees, but offload_copy()
 * would return before the end and complete folio by folio, in the task that
 * migrates. dcbm asks for an interrupt behind the last descriptor of a channel
 * only, and would need one behind each. Of the locks nothing changes: all
 * folios stay locked until they are moved, as today.
 */
#include <migsim/policy.h>

struct folio_args {
	uint64_t pages;
	uint64_t split;
};

static const struct migsim_param folio_params[] = {
	{ .name = "pages", .help = "batch size in base pages",
	  .offset = offsetof(struct folio_args, pages), .def = 512,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct folio_args, split),
	  .def = 1, .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

static void folio_decide(void *priv, const void *args,
			 const struct migsim_policy_view *view,
			 struct migsim_policy_answer *answer)
{
	const struct folio_args *a = args;

	(void)priv;
	if (!view->groups)
		answer->admit = a->pages;
	answer->remap = MIGSIM_REMAP_FOLIO;
	answer->pieces = (uint32_t)a->split;
}

static uint64_t folio_window(const void *args)
{
	const struct folio_args *a = args;

	return a->pages;
}

extern const struct migsim_policy_ops policy_folio;
const struct migsim_policy_ops policy_folio = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "folio",
	.help = "a batch, each folio remapped when its own copy has ended",
	.kind = "async",
	.params = folio_params,
	.args_size = sizeof(struct folio_args),
	.decide = folio_decide,
	.window = folio_window,
};
