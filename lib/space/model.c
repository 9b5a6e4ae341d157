/* SPDX-License-Identifier: MIT */
/*
 * The space "model": no memory and no time but those of a virtual CPU. Every
 * operation of the pipeline costs what the profile says.
 *
 * A target's address is made up of the folio's own and of its order, so that
 * the engine knows what it would be translating.
 */
#include <errno.h>
#include <string.h>

#include <migsim/log.h>

#include "builtin.h"
#include "core.h"
#include "model/model.h"
#include "model/profile.h"
#include "model/target.h"
#include "sys.h"

/* space_flags of a folio */
#define COPIED_BY_CPU	1

struct model_args {
	const char *profile;
};

static const struct migsim_param model_params[] = {
	{ .name = "profile", .help = "name or file of a cost profile",
	  .type = MIGSIM_PARAM_TEXT, .def_text = "zen3-ptdma",
	  .offset = offsetof(struct model_args, profile) },
	{ 0 },
};

static void model_close(void *priv)
{
	struct model *m = priv;

	migsim_profile_close(m->own);
	sys_unmap(m, sizeof(*m));
}

static int model_open(void **priv, const struct migsim_space_env *env,
		      const void *args)
{
	const struct model_args *a = args;
	struct model *m = sys_map(sizeof(*m));
	int err = 0;

	if (!m)
		return -ENOMEM;
	m->profile = env->profile;
	m->max_window = env->max_window;
	if (!m->profile) {
		err = migsim_profile_open(&m->own, a->profile);
		m->profile = m->own;
	}
	if (err) {
		model_close(m);
		return err;
	}
	costs_of(m->profile->value, &m->costs);
	*priv = m;
	return 0;
}

static void model_caps(void *priv, struct migsim_space_caps *caps)
{
	(void)priv;
	caps->flags = MIGSIM_SPACE_VIRTUAL;
	caps->ticks_per_s = PS_PER_S;
}

static uint64_t model_now(void *priv)
{
	const struct model *m = priv;

	return m->clock;
}

static void isolate(struct model *m, const struct migsim_folio *folios,
		    size_t n, unsigned int cost)
{
	uint64_t nr[ORDERS] = { 0 };
	unsigned int order;
	size_t i;

	for (i = 0; i < n; i++)
		nr[folios[i].order]++;
	for (order = 0; order < ORDERS; order++)
		if (nr[order])
			model_spend(m, cost + order, nr[order]);
}

/* move_pages() isolates all that it was given before it migrates. */
static int model_begin(void *priv, struct migsim_folio *folios, size_t n)
{
	struct model *m = priv;
	size_t cold = m->costs.cold_isolate_folios;

	m->cold_call = true;
	m->cold_unmap = m->costs.ps[COST_COLD_UNMAP] << COLD_SHIFT;
	m->cold_copy = m->costs.cold_copy_pages;
	model_spend(m, COST_CALL, 1);
	isolate(m, folios, n, COST_ISOLATE_0);
	isolate(m, folios, n < cold ? n : cold, COST_COLD_ISOLATE_0);
	return 0;
}

static void model_end(void *priv)
{
	struct model *m = priv;

	if (m->overrun && !m->told)
		migsim_log(MIGSIM_LOG_ERROR,
			   "the model's clock has run out after 53 days; migrate less, or look for a cost that is too high");
	m->told = m->overrun;
}

/* From here until the first remap, time counts as the first folio's. */
static void model_enter(void *priv)
{
	struct model *m = priv;

	m->first_mask = UINT64_MAX;
}

/*
 * The kernel allocates in its unmap loop: it is part of that cost. There are
 * no targets when there is no time for them.
 */
static uint32_t model_alloc(void *priv, struct migsim_folio **folios,
			    uint32_t n)
{
	const struct model *m = priv;
	uint32_t i;

	if (m->overrun)
		return 0;
	for (i = 0; i < n; i++)
		folios[i]->dst = target_of(folios[i]->addr, folios[i]->order);
	return n;
}

static void model_put(void *priv, struct migsim_folio **folios, uint32_t n)
{
	(void)priv;
	(void)folios;
	(void)n;
}

static void unmap_cold(struct model *m)
{
	if (m->cold_call)
		model_spend(m, COST_COLD_CALL, 1);
	m->cold_call = false;
	if (!m->cold_unmap)
		return;
	model_spend_ps(m, COST_COLD_UNMAP, m->cold_unmap >> COLD_SHIFT);
	m->cold_unmap = cold_next(&m->costs, m->cold_unmap);
}

/* More in flight, this folio included, than whose metadata the cache holds. */
static void spilled(struct model *m, const struct migsim_folio *f,
		    unsigned int cost)
{
	uint64_t over = m->window - m->costs.spill_pages;
	uint64_t pages = migsim_folio_pages(f);

	if (!f->order || !m->costs.single_entry[f->order])
		model_spend(m, cost, over < pages ? over : pages);
}

static void model_unmap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	struct model *m = priv;
	uint32_t i;

	for (i = 0; i < n; i++) {
		struct migsim_folio *f = folios[i];

		f->src = f->addr;
		f->err = 0;
		f->unmapped = m->clock;
		if (m->cold_call || m->cold_unmap)
			unmap_cold(m);
		model_spend(m, COST_UNMAP_0 + f->order, 1);
		m->window += migsim_folio_pages(f);
		if (m->window > m->costs.spill_pages)
			spilled(m, f, COST_SPILL_UNMAP);
	}
}

static void model_flush(void *priv)
{
	struct model *m = priv;

	model_spend(m, COST_FLUSH, 1);
	m->batch_ends++;
}

static int model_copy(void *priv, struct migsim_folio *f)
{
	model_spend_copy(priv, migsim_folio_pages(f));
	f->space_flags |= COPIED_BY_CPU;
	return 0;
}

/* What the mapping for DMA leaves behind. */
static void release(struct model *m, const struct migsim_folio *f)
{
	if (m->costs.map_pages[f->order])
		model_spend(m, COST_RELEASE_PAGE, m->costs.map_pages[f->order]);
	if (m->costs.map_large[f->order])
		model_spend(m, COST_RELEASE_LARGE, 1);
}

/* When the folio is accessible it is put back, and cleared up behind. */
static void remap_one(struct model *m, struct migsim_folio *f)
{
	model_spend(m, COST_REMAP_0 + f->order, 1);
	f->remapped = m->clock;
	f->err = 0;
	m->first_mask = 0;
	model_spend(m, COST_PUTBACK_0 + f->order, 1);
	if (m->channels && m->channels->n && !(f->space_flags & COPIED_BY_CPU))
		release(m, f);
	if (m->window > m->costs.spill_pages)
		spilled(m, f, COST_SPILL_REMAP);
	m->window -= migsim_folio_pages(f);
}

static void model_remap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	struct model *m = priv;
	uint32_t i;

	for (i = 0; i < n; i++)
		remap_one(m, folios[i]);
	if (m->batch_ends)
		model_spend(m, COST_FLUSH_END, m->batch_ends);
	m->batch_ends = 0;
}

static void model_quarantine(void *priv, struct migsim_folio *f)
{
	struct model *m = priv;

	m->quarantined += migsim_folio_pages(f);
}

static void model_notes(void *priv, struct migsim_space_note *note)
{
	const struct model *m = priv;

	note->quarantined_pages += m->quarantined;
}

static uint64_t model_cpu_ns(void *priv)
{
	const struct model *m = priv;

	return (m->clock - m->slept) / PS_PER_NS;
}

const struct migsim_space_ops space_model = {
	.size = sizeof(struct migsim_space_ops),
	.abi = MIGSIM_SPACE_ABI,
	.name = "model",
	.help = "a machine that is computed from a cost profile, in virtual time",
	.params = model_params,
	.args_size = sizeof(struct model_args),
	.open = model_open,
	.close = model_close,
	.caps = model_caps,
	.now = model_now,
	.begin = model_begin,
	.end = model_end,
	.enter = model_enter,
	.alloc = model_alloc,
	.put = model_put,
	.unmap = model_unmap,
	.flush = model_flush,
	.copy = model_copy,
	.remap = model_remap,
	.undo = model_remap,
	.quarantine = model_quarantine,
	.note = model_notes,
	.cpu_ns = model_cpu_ns,
};

struct model *model_of(const struct migsim_migrator *m)
{
	return m->space->open == model_open ? m->space_priv : NULL;
}
