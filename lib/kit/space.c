/* SPDX-License-Identifier: MIT */
/*
 * A space without memory. It counts by itself what is in flight, and how often
 * each folio came back.
 */
#include <errno.h>

#include "kit.h"

/* space_flags */
#define INACCESSIBLE	1

static uint64_t kit_now(void *priv)
{
	return ((struct kit *)priv)->clock;
}

static void pass(struct kit *k, const struct migsim_folio *f, uint64_t page_ns)
{
	if (!k->s.instant)
		k->clock += migsim_folio_pages(f) * page_ns;
}

static bool every(uint32_t so_manieth, const struct kit *k,
		  const struct migsim_folio *f)
{
	return so_manieth &&
	       (uint64_t)(f - k->folios) % so_manieth == so_manieth - 1;
}

static uint32_t kit_alloc(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i;

	(void)priv;
	for (i = 0; i < n; i++)
		folios[i]->dst = folios[i]->addr;
	return n;
}

static void kit_put(void *priv, struct migsim_folio **folios, uint32_t n)
{
	(void)priv;
	(void)folios;
	(void)n;
}

static void kit_unmap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	struct kit *k = priv;
	struct migsim_folio *f;
	uint32_t i;

	for (i = 0; i < n; i++) {
		f = folios[i];
		f->err = 0;
		if (every(k->s.pinned, k, f)) {
			f->err = -EBUSY;
			continue;
		}
		if (f->space_flags & INACCESSIBLE)
			kit_broken(k, "a folio is unmapped twice");
		f->space_flags |= INACCESSIBLE;
		f->src = f->addr;
		f->unmapped = k->clock;
		k->flying += migsim_folio_pages(f);
		pass(k, f, UNMAP_NS);
	}
}

static int kit_copy(void *priv, struct migsim_folio *f)
{
	pass(priv, f, CPU_COPY_NS);
	return 0;
}

static void came_back(struct kit *k, struct migsim_folio *f)
{
	if (!(f->space_flags & INACCESSIBLE))
		kit_broken(k, "a folio is remapped that was not unmapped");
	f->space_flags &= (uint8_t)~INACCESSIBLE;
	f->remapped = k->clock;
	k->flying -= migsim_folio_pages(f);
}

static void kit_remap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	struct kit *k = priv;
	struct migsim_folio *f;
	uint32_t i;

	for (i = 0; i < n; i++) {
		f = folios[i];
		f->err = 0;
		pass(k, f, REMAP_NS);
		if (every(k->s.busy, k, f) &&
		    k->tries[f - k->folios]++ < BUSY_TRIES) {
			f->err = -EAGAIN;
			continue;
		}
		came_back(k, f);
		k->ended[f - k->folios]++;
	}
}

static void kit_undo(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		came_back(priv, folios[i]);
}

const struct migsim_space_ops kit_space = {
	.size = sizeof(kit_space),
	.abi = MIGSIM_SPACE_ABI,
	.name = "kit",
	.now = kit_now,
	.alloc = kit_alloc,
	.put = kit_put,
	.unmap = kit_unmap,
	.copy = kit_copy,
	.remap = kit_remap,
	.undo = kit_undo,
};
