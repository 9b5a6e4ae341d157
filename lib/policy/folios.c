/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * folios: a batch of so many folios, or of so many for each channel. dcbm deals
 * whole folios over its channels, so that the number which fills them is one of
 * folios: 16 of 2M for 16 channels, 17 take twice as long.
 *
 * Fits today's series: migrate_pages() would count folios where it adds up
 * nr_pages, and the provider would have to tell its channels.
 *
 *	channels   nr_dma_chan of the provider, read before the list is cut
 *	capacity   no bound is needed in the kernel
 *
 * split= does not fit, see batch.
 */
#include <migsim/policy.h>

struct folios_args {
	uint64_t folios;
	uint64_t per_channel;
	uint64_t split;
};

static const struct migsim_param folios_params[] = {
	{ .name = "folios", .help = "folios of a batch",
	  .offset = offsetof(struct folios_args, folios), .def = 16,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "per_channel",
	  .help = "instead: so many for each channel of the engine; 0: as folios= says",
	  .offset = offsetof(struct folios_args, per_channel),
	  .max = 65536 },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct folios_args, split),
	  .def = 1, .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

static void folios_decide(void *priv, const void *args,
			  const struct migsim_policy_view *view,
			  struct migsim_policy_answer *answer)
{
	const struct folios_args *a = args;
	uint64_t folios = a->folios;

	(void)priv;
	if (a->per_channel)
		folios = a->per_channel * (view->channels ? view->channels : 1);
	if (!view->groups)
		answer->admit = view->capacity;
	answer->folios = folios < UINT32_MAX ? (uint32_t)folios : UINT32_MAX;
	answer->pieces = (uint32_t)a->split;
}

static int folios_async(const void *args)
{
	const struct folios_args *a = args;

	return a->split > 1;
}

extern const struct migsim_policy_ops policy_folios;
const struct migsim_policy_ops policy_folios = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "folios",
	.help = "a fixed number of folios at a time, or of folios per channel",
	.kind = "today",
	.params = folios_params,
	.args_size = sizeof(struct folios_args),
	.decide = folios_decide,
	.async = folios_async,
};
