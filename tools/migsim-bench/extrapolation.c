/* SPDX-License-Identifier: MIT */
/*
 * Results of the model outside of what its profile was fitted to: they may be
 * right, but nothing shows it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "outcome.h"
#include "render.h"

/* A measured bound of the profile; false: it says nothing of that kind. */
static bool bound(const struct result *r, const char *key, double *value)
{
	int i = migsim_profile_find(key);

	if (i < 0)
		return false;
	*value = migsim_profile_value(r->config->model, (unsigned int)i);
	return true;
}

static bool outside(const struct result *r, const char *least,
		    const char *most, double value, double range[2])
{
	return bound(r, least, &range[0]) && bound(r, most, &range[1]) &&
	       (value < range[0] || value > range[1]);
}

/* A profile that nothing was fitted to names one batch size and no channel. */
static bool is_assumed(const struct result *r)
{
	double channels, least, most;

	return bound(r, "measured_channels", &channels) &&
	       bound(r, "measured_batch_min", &least) &&
	       bound(r, "measured_batch_max", &most) &&
	       channels < 1 && least >= most;
}

static int warn_of_channels(struct results *rs, const struct result *r)
{
	double most;

	if (!bound(r, "measured_channels", &most) || (double)r->channels <= most)
		return 0;
	return outcome_say(rs, "Extrapolated: more channels than the %.0f that "
			   "profile %s was fitted to.", most,
			   migsim_profile_name(r->config->model));
}

/* A batch holds the folio that crosses its limit, and no more than a call. */
static double true_batch(const struct result *r)
{
	const struct config *c = r->config;
	double batch = (double)(r->window_pages > r->batch_pages ?
				r->window_pages : r->batch_pages);
	double call = (double)c->total / (double)MIGSIM_PAGE_SIZE;

	if (c->folios_per_call && c->mix.n == 1)
		call = (double)c->folios_per_call *
		       (double)(1u << c->mix.part[0].order);
	return batch < call ? batch : call;
}

static int warn_of_engine(struct results *rs, const struct result *r)
{
	const char *profile = migsim_profile_name(r->config->model);
	char *engine = item_name(r->config->engine);
	int ret = 0;

	if (!engine)
		return -ENOMEM;
	if (strcmp(engine, "model"))
		ret = outcome_say(rs, "Extrapolated: engine %s; no profile was "
				  "fitted to it.", engine);
	else if (result_copies_inline(r) != !r->channels)
		ret = outcome_say(rs, "Extrapolated: copy=%s %s; profile %s was "
				  "fitted to the copy in line by the CPU and in "
				  "batches by channels.",
				  r->channels ? "inline" : "batch",
				  r->channels ? "by channels" : "by the CPU",
				  profile);
	free(engine);
	return ret;
}

static int warn_of_policy(struct results *rs, const struct result *r)
{
	const char *profile = migsim_profile_name(r->config->model);
	double range[2];
	char *policy;
	int ret;

	if (r->batch_pages >= 0) {
		if (!outside(r, "measured_batch_min", "measured_batch_max",
			     true_batch(r), range))
			return 0;
		return outcome_say(rs, "Extrapolated: batches outside of the "
				   "%.0f to %.0f pages that profile %s was "
				   "fitted to.", range[0], range[1], profile);
	}
	policy = item_name(r->config->policy);
	if (!policy)
		return -ENOMEM;
	ret = outcome_say(rs, "Extrapolated: policy %s; profile %s was fitted "
			  "to policy batch.", policy, profile);
	free(policy);
	return ret;
}

static void order_figure(double order, char buf[FIGURE_LEN])
{
	size_figure(MIGSIM_PAGE_SIZE << (unsigned int)order, buf);
}

static int warn_of_folios(struct results *rs, const struct result *r)
{
	const char *profile = migsim_profile_name(r->config->model);
	const struct mix *mix = &r->config->mix;
	char least[FIGURE_LEN], most[FIGURE_LEN];
	double range[2];
	unsigned int i;
	int ret = 0;

	if (mix->n > 1)
		ret = outcome_say(rs, "Extrapolated: folios of several sizes in "
				  "one call; profile %s was fitted to calls of "
				  "one size.", profile);
	for (i = 0; i < mix->n && !ret; i++) {
		if (!outside(r, "measured_order_min", "measured_order_max",
			     (double)mix->part[i].order, range))
			continue;
		order_figure(range[0], least);
		order_figure(range[1], most);
		ret = outcome_say(rs, "Extrapolated: folios outside of the %s "
				  "to %s that profile %s was fitted to.",
				  least, most, profile);
	}
	return ret;
}

static int warn_of_result(struct results *rs, const struct result *r)
{
	int ret;

	if (is_assumed(r))
		return outcome_say(rs, "Extrapolated: profile %s was fitted to "
				   "no measurement, all of it is assumed.",
				   migsim_profile_name(r->config->model));
	ret = warn_of_channels(rs, r);
	if (!ret)
		ret = warn_of_engine(rs, r);
	if (!ret)
		ret = warn_of_policy(rs, r);
	return ret ? ret : warn_of_folios(rs, r);
}

int warn_of_extrapolation(struct results *rs)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < rs->n && !ret; i++)
		if (config_is_model(rs->result[i].config))
			ret = warn_of_result(rs, &rs->result[i]);
	return ret;
}
