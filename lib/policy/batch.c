/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * batch: upstream's policy. One flush group at a time, of a fixed number of
 * base pages (NR_MAX_BATCHED_MIGRATION), the folio that crosses the limit
 * included; nothing new until all of it is remapped.
 *
 * Fits today's series: migrate_pages() cuts its list by this number before it
 * calls migrate_pages_batch(), so that the policy runs with no folio locked.
 *
 *	groups	      0 whenever it is asked: the batch is one call
 *	pages_left    what is left of the list "from"
 *	next_pages    folio_nr_pages() of the first folio on it
 *
 * offload_from= is a test of nr_batch before migrate_offload_batch_copy().
 * split= is not in the series: a provider would have to cut a folio over its
 * channels and count the pieces before it sets FOLIO_CONTENT_COPIED.
 */
#include <migsim/policy.h>

struct batch_args {
	uint64_t pages;
	uint64_t copy;
	uint64_t split;
	uint64_t offload_from;
};

enum { COPY_BATCH, COPY_INLINE };

static const char *const copy_words[] = { "batch", "inline", NULL };

static const struct migsim_param batch_params[] = {
	{ .name = "pages", .help = "batch size in base pages",
	  .offset = offsetof(struct batch_args, pages),
	  .def = 512, .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "copy",
	  .help = "batch: copy all, then remap all; inline: folio by folio",
	  .type = MIGSIM_PARAM_CHOICE, .choices = copy_words,
	  .offset = offsetof(struct batch_args, copy), .def = COPY_BATCH },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct batch_args, split),
	  .def = 1, .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ .name = "offload_from",
	  .help = "base pages: the CPU copies batches that are smaller",
	  .offset = offsetof(struct batch_args, offload_from),
	  .max = MIGSIM_POLICY_MAX_PAGES },
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
	answer->pieces = (uint32_t)a->split;
	answer->no_offload = a->pages < a->offload_from ||
			     view->pages_left < a->offload_from;
}

static uint64_t batch_window(const void *args)
{
	const struct batch_args *a = args;

	return a->pages;
}

static int batch_async(const void *args)
{
	const struct batch_args *a = args;

	return a->split > 1;
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
	.async = batch_async,
};
