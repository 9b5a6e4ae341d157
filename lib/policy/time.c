/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * time: batches as large as the time allows that their folios may be
 * inaccessible for. What a batch takes is predicted from the one before: a
 * folio waits for the copy, and for the longer of all unmaps and all remaps.
 *
 * Fits today's series, with one thing to measure: ktime_get() before the first
 * unmap, behind try_to_unmap_flush(), behind migrate_offload_batch_copy() and
 * behind the move passes, all within migrate_pages_batch().
 *
 *	groups		 0 whenever it is asked, as under batch
 *	last_pages	 nr_pages of the last migrate_pages_batch()
 *	unmap_rate	 of it, first unmap to the end of the flush
 *	copy_rate	 of it, migrate_offload_batch_copy()
 *	remap_rate	 of it, the move passes
 *	channels	 nr_dma_chan of the provider
 *
 * In a list whose folios differ in size the last batch tells little of the next:
 * there the bound does not hold.
 *
 * The state belongs to the caller of migrate_pages(), or to the pair of nodes.
 * split= does not fit, see batch.
 */
#include <migsim/policy.h>

struct time_args {
	uint64_t us;
	uint64_t first;
	uint64_t pages;
	uint64_t split;
};

struct time {
	uint64_t pages;		/* of the next batch; 0: the first of all */
	uint64_t ceiling;	/* a batch of so many took too long */
	uint64_t patience;	/* batches until that is tried again */
	uint64_t alone_ns;	/* one folio alone takes more than the bound */
};

/* A batch that took too long is tried again after so many: rates change. */
#define PATIENCE	64

static const struct migsim_param time_params[] = {
	{ .name = "us", .help = "longest time that a folio may be inaccessible for",
	  .offset = offsetof(struct time_args, us), .def = 500,
	  .min = 1, .max = 100000000 },
	{ .name = "first", .help = "base pages of the first batch of all",
	  .offset = offsetof(struct time_args, first), .def = 64,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "pages", .help = "most base pages of a batch",
	  .offset = offsetof(struct time_args, pages), .def = 65536,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "split", .help = "pieces that a folio is copied in",
	  .offset = offsetof(struct time_args, split),
	  .def = 1, .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

/* ns that so many pages take at a rate; 0 while it is unknown. */
static uint64_t ns_of(uint64_t pages, uint64_t rate)
{
	if (!rate || pages > UINT64_MAX / 1000 >> 16)
		return 0;
	return (pages << 16) * 1000 / rate;
}

static uint64_t inaccessible_ns(const struct migsim_policy_view *v)
{
	uint64_t unmap = ns_of(v->last_pages, v->unmap_rate);
	uint64_t remap = ns_of(v->last_pages, v->remap_rate);

	return ns_of(v->last_pages, v->copy_rate) +
	       (unmap > remap ? unmap : remap);
}

/* Whole folios, and of those that fill the channels as often as they do. */
static uint64_t whole(uint64_t pages, const struct migsim_policy_view *v)
{
	uint64_t folio = v->next_pages ? v->next_pages : 1;
	uint64_t folios = pages / folio;

	if (v->channels > 1 && folios > v->channels)
		folios -= folios % v->channels;
	if (folios)
		return folios * folio;
	return pages ? pages : 1;
}

/*
 * There is time left, if not for as many more as it took for these: a folio
 * more, which a channel that had none may copy at the same time.
 */
static uint64_t one_more(uint64_t pages, const struct migsim_policy_view *v)
{
	uint64_t folio = v->next_pages ? v->next_pages : 1;

	return pages / folio < v->channels ? pages + folio : pages;
}

static uint64_t scaled(uint64_t pages, uint64_t by, uint64_t of)
{
	/* At most twice as many: what fits twice is not known beyond. */
	if (of <= by / 2)
		return pages * 2;
	while (pages > UINT64_MAX / by) {
		by /= 2;
		of /= 2;
	}
	return of ? pages * by / of : pages;
}

static void learn(struct time *t, const struct time_args *a,
		  const struct migsim_policy_view *v)
{
	uint64_t bound = a->us * 1000, took = inaccessible_ns(v);
	uint64_t last = v->last_pages, folio = v->next_pages;

	/* The rates do not know of what the CPU copied in the engine's place. */
	if (took < v->longest)
		took = v->longest;
	if (!took)
		return;
	if (t->patience && !--t->patience)
		t->ceiling = 0;
	t->alone_ns = took > bound && last <= folio ? took : 0;
	t->pages = whole(scaled(last, bound, took), v);
	if (took <= bound && t->pages <= last)
		t->pages = one_more(last, v);
	if (took > bound && last > folio) {
		if (t->pages >= last)
			t->pages = whole(last - folio, v);
		if (!t->ceiling || last < t->ceiling) {
			t->ceiling = last;
			t->patience = PATIENCE;
		}
	}
	if (t->ceiling && t->pages >= t->ceiling)
		t->pages = whole(t->ceiling - 1, v);
}

static void time_decide(void *priv, const void *args,
			const struct migsim_policy_view *view,
			struct migsim_policy_answer *answer)
{
	const struct time_args *a = args;
	struct time *t = priv;

	answer->pieces = (uint32_t)a->split;
	if (view->groups)
		return;
	if (!t->pages)
		t->pages = a->first;
	else if (view->last_pages)
		learn(t, a, view);
	if (t->pages > a->pages)
		t->pages = a->pages;
	answer->admit = t->pages;
}

static uint64_t time_window(const void *args)
{
	const struct time_args *a = args;

	return a->pages;
}

static void time_note(const void *priv, const void *args,
		      struct migsim_policy_note *note)
{
	const struct time *t = priv;

	(void)args;
	note->window = t->pages;
	note->alone_ns = t->alone_ns;
}

static int time_async(const void *args)
{
	const struct time_args *a = args;

	return a->split > 1;
}

extern const struct migsim_policy_ops policy_time;
const struct migsim_policy_ops policy_time = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "time",
	.help = "batches that end in time, by what the last one took",
	.kind = "today",
	.params = time_params,
	.args_size = sizeof(struct time_args),
	.priv_size = sizeof(struct time),
	.decide = time_decide,
	.window = time_window,
	.note = time_note,
	.async = time_async,
};
