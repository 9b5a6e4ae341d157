/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run of the baseline is: baseline_main.c has the pages and deals them out
 * to channels, baseline_copy.c is what is measured.
 */
#ifndef MIGSIM_TESTS_BASELINE_RUN_H
#define MIGSIM_TESTS_BASELINE_RUN_H

#include <linux/completion.h>
#include <linux/dmaengine.h>
#include <linux/scatterlist.h>

#include "baseline.h"

#define MOST_CHANNELS	16

/* One side of a part: of pages that all lie beside each other no table. */
struct side {
	struct page **pages;
	bool is_one;
	dma_addr_t addr;
	struct sg_table table;
};

/* What one channel has mapped as one. */
struct part {
	struct dma_chan *chan;
	unsigned int pages;
	struct side src;
	struct side dst;
};

struct run {
	struct baseline_run in;
	unsigned int pages_each;
	unsigned long nr_pages;
	unsigned long pinned_src;
	unsigned long pinned_dst;
	struct page **src;
	struct page **dst;
	struct part *parts;
	unsigned int nr_parts;
	unsigned int mapped;		/* of them */
	struct dma_chan *chans[MOST_CHANNELS];
	atomic_t left;			/* descriptors, and one */
	struct completion done;
};

/* What was submitted is waited for, whatever happened. */
int baseline_copy(struct run *run);

#endif
