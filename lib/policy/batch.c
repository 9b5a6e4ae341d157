/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * batch: upstream's policy. One flush group at a time, of a fixed number of
 * base pages (NR_MAX_BATCHED_MIGRATION), the folio that crosses the limit
 * included; nothing new until all of it is remapped.
 *
 * Fits today's series: migrate_pages() cuts its list by this number before it
 * calls migrate_pages_batch().
 */
#include <migsim/policy.h>

struct batch_args {
	uint64_t pages;
	uint64_t copy;
};

enum { COPY_BATCH, COPY_INLINE };

static const char *const copy_words[] = { "batch", "inline", NULL };

static const struct migsim_param batch_params[] = {
	{ .name = "pages", .help = "batch size in base pages",
	  .offset = offsetof(struct batch_args, pages),
	  .def = 512, .min = 1, .max = (uint64_t)1 << 32 },
	{ .name = "copy",
	  .help = "batch: copy all, then remap all; inline: folio by folio",
	  .type = MIGSIM_PARAM_CHOICE, .choices = copy_words,
	  .offset = offsetof(struct batch_args, copy), .def = COPY_BATCH },
	{ 0 },
};

static void batch_decide(void *priv, const void *args,
			 const struct migsim_policy_view *view,
			 struct migsim_policy_answer *answer)
{
	const struct batch_args *a = args;

	(void)priv;
	if (!view->groups)
		answer->admit = a->pages;
	answer->copy_inline = a->copy == COPY_INLINE;
}

static uint64_t batch_window(const void *args)
{
	const struct batch_args *a = args;

	return a->pages;
}

extern const struct migsim_policy_ops policy_batch;
const struct migsim_policy_ops policy_batch = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "batch",
	.help = "a fixed number of base pages at a time (upstream)",
	.kind = "today",
	.params = batch_params,
	.args_size = sizeof(struct batch_args),
	.decide = batch_decide,
	.window = batch_window,
};
