/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * bytes: a batch of so many bytes, whatever the base page is. As batch, so that
 * a number found with 4K base pages holds with 64K ones too, where
 * NR_MAX_BATCHED_MIGRATION (HPAGE_PMD_NR) means 512M instead of 2M.
 *
 * Fits today's series, and sees what batch sees: migrate_pages() would compare
 * nr_pages << PAGE_SHIFT. split= does not, see batch.
 */
#include <migsim/policy.h>

struct bytes_args {
	uint64_t bytes;
	uint64_t split;
};

static const struct migsim_param bytes_params[] = {
	{ .name = "bytes", .help = "batch size in bytes",
	  .offset = offsetof(struct bytes_args, bytes), .def = 2 << 20,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES * MIGSIM_POLICY_PAGE },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct bytes_args, split),
	  .def = 1, .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

static uint64_t bytes_window(const void *args)
{
	const struct bytes_args *a = args;

	return (a->bytes + MIGSIM_POLICY_PAGE - 1) / MIGSIM_POLICY_PAGE;
}

static void bytes_decide(void *priv, const void *args,
			 const struct migsim_policy_view *view,
			 struct migsim_policy_answer *answer)
{
	const struct bytes_args *a = args;

	(void)priv;
	if (!view->groups)
		answer->admit = bytes_window(args);
	answer->pieces = (uint32_t)a->split;
}

static int bytes_async(const void *args)
{
	const struct bytes_args *a = args;

	return a->split > 1;
}

extern const struct migsim_policy_ops policy_bytes;
const struct migsim_policy_ops policy_bytes = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "bytes",
	.help = "a fixed number of bytes at a time",
	.kind = "today",
	.params = bytes_params,
	.args_size = sizeof(struct bytes_args),
	.decide = bytes_decide,
	.window = bytes_window,
	.async = bytes_async,
};
