/* SPDX-License-Identifier: MIT */
/*
 * Words of validate, for people and for programs.
 */
#include <string.h>

#include "bench.h"
#include "render.h"
#include "validate.h"

const char *const validate_backend[BACKENDS] = {
	[UFFD] = "uffd", [KERNEL] = "kernel",
};

static const struct {
	const char *key, *name;
} metrics[VALIDATE_METRICS] = {
	[VALIDATE_COMPLETE] = { "moved", "pages moved" },
	[VALIDATE_GIB_S] = { "gib_s", "throughput" },
	[VALIDATE_SHAPE] = { "gib_s_shape", "throughput, shape" },
	[VALIDATE_PLATEAU] = { "plateau", "throughput, plateau" },
	[VALIDATE_FIRST] = { "first_us", "first-folio latency" },
	[VALIDATE_GROWTH] = { "first_us_growth", "first-folio growth" },
	[VALIDATE_PHASES] = { "unmap_share", "phases, unmap's share" },
	[VALIDATE_MODEL_GIB_S] = { "model_gib_s", "model, throughput" },
	[VALIDATE_MODEL_FIRST] = { "model_first_us", "model, first folio" },
};

static const struct {
	const char *key, *name;
} agreements[] = {
	[AGREES] = { "agrees", "agrees" },
	[DIFFERS] = { "differs", "differs" },
	[NOT_DECIDED] = { "not_decided", "not decided" },
	[NOT_MEASURED] = { "not_measured", "not measured" },
};

const char *validate_metric_name(enum validate_metric m)
{
	return metrics[m].name;
}

const char *validate_metric_key(enum validate_metric m)
{
	return metrics[m].key;
}

const char *validate_agreement(enum agreement a)
{
	return agreements[a].name;
}

const char *validate_agreement_key(enum agreement a)
{
	return agreements[a].key;
}

/* What holds for all that was run by userspace; the kernel has a part of it. */
void validate_conditions(FILE *out, const struct validation *v, size_t width)
{
	const struct config *c = &v->plan.configs[0];
	char text[1024], total[FIGURE_LEN];
	const char *how = v->traced ?
		"untraced for GiB/s, traced for latency and phases" :
		"untraced";

	size_figure(c->total, total);
	snprintf(text, sizeof(text),
		 "nodes %d->%d, total %s, layout %s, runs %u; uffd: engine %s, policy %s, pool %s; kernel: move_pages(2), %s",
		 c->from, c->to, total, c->layout == LAYOUT_SCATTERED ?
		 "scattered" : "contiguous", c->runs, c->engine, c->policy,
		 c->cold_pool ? "cold" : "warm", how);
	print_wrapped(out, "", text, width);
}

static bool any_held(const struct validation *v)
{
	size_t i, k;

	for (i = 0; i < v->n; i++)
		for (k = 0; k < v->table[i].n; k++)
			if (v->table[i].cell[k].held)
				return true;
	return false;
}

void validate_model_words(FILE *out, const struct validation *v, size_t width)
{
	char text[512];

	if (v->fitted)
		snprintf(text, sizeof(text),
			 "model: %s, fitted to %zu values of the kernel (rms %.1f %%)%s",
			 migsim_profile_name(v->start), v->nr_fitted,
			 100 * v->rms, any_held(v) ?
			 " but for the N marked *, which are predicted" :
			 "; no N was left for a prediction");
	else
		snprintf(text, sizeof(text), "model: %s", v->no_model);
	print_wrapped(out, "", text, width);
}
