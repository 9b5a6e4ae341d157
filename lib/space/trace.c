/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sys.h"
#include "trace.h"

static void free_lists(struct trace *t)
{
	sys_unmap(t->folio, t->cap * sizeof(*t->folio));
	sys_unmap(t->since, t->cap_pages * sizeof(*t->since));
	t->folio = NULL;
	t->since = NULL;
	t->cap = t->cap_pages = 0;
}

void trace_free(struct trace *t)
{
	free_lists(t);
}

static int make_room(struct trace *t, size_t n, uint64_t pages)
{
	if (n <= t->cap && pages <= t->cap_pages)
		return 0;
	free_lists(t);
	t->cap = n;
	t->cap_pages = pages;
	t->folio = sys_map(n * sizeof(*t->folio));
	t->since = sys_map(pages * sizeof(*t->since));
	if (t->folio && t->since)
		return 0;
	free_lists(t);
	return -ENOMEM;
}

static int by_address(const void *a, const void *b)
{
	const struct trace_folio *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

int trace_list(struct trace *t, const struct migsim_folio *folios, size_t n)
{
	uint64_t pages = 0;
	bool sorted = true;
	size_t i;

	for (i = 0; i < n; i++)
		pages += migsim_folio_pages(&folios[i]);
	t->n = 0;
	if (make_room(t, n, pages))
		return -ENOMEM;
	t->n = n;
	t->nr_pages = 0;
	for (i = 0; i < n; i++) {
		t->folio[i] = (struct trace_folio){
			.addr = folios[i].addr,
			.pages = migsim_folio_pages(&folios[i]),
			.page = t->nr_pages,
		};
		t->nr_pages += t->folio[i].pages;
		sorted &= !i || folios[i - 1].addr < folios[i].addr;
	}
	if (!sorted)
		qsort(t->folio, n, sizeof(*t->folio), by_address);
	return 0;
}

void trace_begin(struct trace *t, const struct migsim_space_seen *seen)
{
	size_t i;

	/* Every byte of TRACE_HERE. */
	memset(t->since, 0xff, t->nr_pages * sizeof(*t->since));
	for (i = 0; i < t->n; i++)
		t->folio[i].away = 0;
	t->at = 0;
	t->away = 0;
	t->t = 0;
	t->seen = seen;
}

static bool holds(const struct trace_folio *f, uint64_t addr)
{
	return addr >= f->addr &&
	       addr < f->addr + f->pages * MIGSIM_PAGE_SIZE;
}

/* NULL where no folio of the list holds the address. */
static struct trace_folio *find(struct trace *t, uint64_t addr)
{
	size_t lo = 0, hi = t->n, mid;

	/* Records come in the order of the list, which is often this one. */
	for (mid = t->at; mid < t->n && mid < t->at + 2; mid++) {
		if (holds(&t->folio[mid], addr)) {
			t->at = mid;
			return &t->folio[mid];
		}
	}
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (t->folio[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || !holds(&t->folio[lo - 1], addr))
		return NULL;
	t->at = lo - 1;
	return &t->folio[lo - 1];
}

static void page_goes(struct trace *t, struct trace_folio *f, uint64_t *since)
{
	if (*since != TRACE_HERE)
		return;
	*since = t->t;
	if (!f->away++)
		f->since = t->t;
	t->away++;
	if (t->seen)
		t->seen->unmapped(t->seen->arg, t->t, 1);
}

/* It may have gone before the first record: then nothing is known of it. */
static void page_comes(struct trace *t, struct trace_folio *f, uint64_t *since)
{
	uint64_t went = *since;

	if (went == TRACE_HERE)
		return;
	*since = TRACE_HERE;
	t->away--;
	if (t->seen)
		t->seen->remapped(t->seen->arg, t->t, went, 1);
	if (!--f->away && t->seen)
		t->seen->folio(t->seen->arg, t->t, f->since);
}

static void take_page(struct trace *t, uint64_t addr, bool goes)
{
	struct trace_folio *f = find(t, addr);
	uint64_t *since;

	if (!f)
		return;
	since = &t->since[f->page + (addr - f->addr) / MIGSIM_PAGE_SIZE];
	if (goes)
		page_goes(t, f, since);
	else
		page_comes(t, f, since);
}

void trace_take(struct trace *t, const struct trace_record *r)
{
	const bool huge = r->kind == TRACE_SET_PMD ||
			  r->kind == TRACE_REMOVE_PMD;
	const bool goes = r->kind == TRACE_SET_PTE || r->kind == TRACE_SET_PMD;
	uint64_t i, pages = huge ? 1 << MIGSIM_MAX_ORDER : 1;

	/* Two CPUs' clocks may differ by a little. */
	if (r->t > t->t)
		t->t = r->t;
	for (i = 0; i < pages; i++)
		take_page(t, r->addr + i * MIGSIM_PAGE_SIZE, goes);
}
