/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_space.h"

#define FRAMES	((uint64_t)1 << 44)	/* address of frame 0 */

struct fake_space fake;
char fake_label[64];

void fake_fail(const char *cond, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	fail_msg("%s%s (not: %s)", fake_label, why, cond);
	abort();
}

static uint64_t frame_address(uint64_t frame)
{
	return FRAMES + frame * MIGSIM_PAGE_SIZE;
}

static uint64_t new_frames(uint64_t n)
{
	uint64_t first = fake.next_frame;

	fake.next_frame += n;
	if (fake.next_frame > fake.nr_cells) {
		fake.nr_cells = 2 * fake.next_frame;
		fake.cell = realloc(fake.cell,
				    fake.nr_cells * sizeof(*fake.cell));
		assert_non_null(fake.cell);
	}
	/* Never what anybody wrote. */
	memset(fake.cell + first, 0xff, n * sizeof(*fake.cell));
	return first;
}

void fake_space_free(void)
{
	free(fake.folio);
	free(fake.event);
	free(fake.cell);
	memset(&fake, 0, sizeof(fake));
}

void fake_space_reset(size_t n)
{
	static const uint64_t cost[FAKE_OPS] = {
		[OP_ALLOC] = 20, [OP_UNMAP] = 300, [OP_FLUSH] = 1000,
		[OP_COPY] = 700, [OP_REMAP] = 400, [OP_UNDO] = 350,
		[OP_SPLIT] = 90,
	};
	uint64_t clock = fake.clock;

	fake_space_free();
	fake.clock = clock + 12345;
	fake.n = n;
	fake.pool_pages = UINT64_MAX / 2;
	fake.folio = calloc(n + 1, sizeof(*fake.folio));
	assert_non_null(fake.folio);
	memcpy(fake.cost, cost, sizeof(cost));
}

static void event(enum fake_op op, int32_t folio)
{
	if (fake.nr_events == fake.max_events) {
		fake.max_events = fake.max_events ? 2 * fake.max_events : 256;
		fake.event = realloc(fake.event,
				     fake.max_events * sizeof(*fake.event));
		assert_non_null(fake.event);
	}
	fake.event[fake.nr_events++] = (struct fake_event){ op, folio };
	fake.count[op]++;
	if (fake.on_event)
		fake.on_event(op, fake.count[op]);
	fake.clock += fake.cost[op];
}

void fake_space_story(uint32_t ops, char *buf, size_t len)
{
	static const char *const name[FAKE_OPS] = {
		"begin", "end", "enter", "leave", "alloc", "put", "unmap",
		"flush", "copy", "remap", "undo", "split", "quarantine",
		"offer", "engine", "hold",
	};
	const struct fake_event *e;
	size_t at = 0, i;

	*buf = '\0';
	for (i = 0; i < fake.nr_events && at < len; i++) {
		e = &fake.event[i];
		if (!(ops & 1u << e->op))
			continue;
		at += (size_t)snprintf(buf + at, len - at, "%s%s",
				       at ? " " : "", name[e->op]);
		if (e->folio >= 0 && at < len)
			at += (size_t)snprintf(buf + at, len - at, " %d",
					       e->folio);
	}
}

static int32_t index_of(const struct migsim_folio *f)
{
	fake_check(f >= fake.base && f < fake.base + fake.n,
		   "a folio of another list");
	return (int32_t)(f - fake.base);
}

static struct fake_folio *of(const struct migsim_folio *f)
{
	return &fake.folio[index_of(f)];
}

/* The application writes to every page of the folio where it lies. */
static void app_writes(const struct migsim_folio *f)
{
	struct fake_folio *o = of(f);
	uint64_t i;

	fake.version++;
	for (i = 0; i < migsim_folio_pages(f); i++)
		fake.cell[o->src + i] = fake.version << 16 | i;
}

static bool fault(struct fake_fault *ft)
{
	if (!ft->times)
		return false;
	if (ft->times != FAKE_FOREVER)
		ft->times--;
	return true;
}

static int fake_open(void **priv, const struct migsim_space_env *env,
		     const void *args)
{
	(void)env;
	(void)args;
	*priv = &fake;
	return 0;
}

static void fake_close(void *priv)
{
	(void)priv;
	fake_check(!fake.begun, "closed during a call");
}

static void fake_caps(void *priv, struct migsim_space_caps *caps)
{
	(void)priv;
	caps->flags = 0;
	caps->ticks_per_s = 1000000000;
}

static uint64_t fake_now(void *priv)
{
	(void)priv;
	return fake.clock++;
}

static int fake_begin(void *priv, struct migsim_folio *folios, size_t n)
{
	size_t i;

	(void)priv;
	fake_check(!fake.begun, "begin within a call");
	fake_check(n == fake.n, "a list of another length");
	event(OP_BEGIN, -1);
	fake.begun = true;
	fake.base = folios;
	for (i = 0; i < n; i++) {
		fake.folio[i].where = ON_SOURCE;
		fake.folio[i].src = new_frames(migsim_folio_pages(&folios[i]));
		app_writes(&folios[i]);
	}
	return fake.begin_err;
}

static void fake_end(void *priv)
{
	(void)priv;
	fake_check(fake.begun && !fake.flying, "end without begin or leave");
	fake.begun = false;
	event(OP_END, -1);
}

static void fake_enter(void *priv)
{
	(void)priv;
	fake_check(fake.begun && !fake.flying, "enter within a flight");
	fake.flying = true;
	fake.flight++;
	event(OP_ENTER, -1);
}

static void fake_leave(void *priv)
{
	size_t i;

	(void)priv;
	fake_check(fake.flying, "leave without enter");
	for (i = 0; i < fake.n; i++)
		fake_check(fake.folio[i].where == ON_SOURCE ||
			   fake.folio[i].where == ON_TARGET,
			   "folio %zu is in flight at leave", i);
	fake_check(!fake.pages_in_flight, "pages in flight at leave");
	fake.flying = false;
	fake.held = false;
	event(OP_LEAVE, -1);
}

static bool fake_hold(void *priv)
{
	(void)priv;
	fake.asked_to_hold++;
	if (fake.hold_at && fake.asked_to_hold >= fake.hold_at)
		fake.held = true;
	if (fake.held)
		event(OP_HOLD, -1);
	return fake.held;
}

static bool alloc_one(struct migsim_folio *f)
{
	struct fake_folio *o = of(f);
	uint64_t pages = migsim_folio_pages(f);

	fake_check(o->where == ON_SOURCE, "folio %d: allocated twice",
		   index_of(f));
	fake_check(f->state == (o->is_split ? MIGSIM_FOLIO_SPLIT
					    : MIGSIM_FOLIO_FROM),
		   "folio %d: alloc in state %d", index_of(f), f->state);
	event(OP_ALLOC, index_of(f));
	if (!o->flight)
		o->flight = fake.flight;
	o->allocs++;
	if (fake.pool_pages < pages || fault(&o->alloc))
		return false;
	/* I7: who is retried alone is alone. */
	fake_check(o->is_split || o->flight == fake.flight ||
		   !fake.folios_in_flight,
		   "folio %d is not alone", index_of(f));
	fake.pool_pages -= pages;
	o->dst = new_frames(pages);
	f->dst = frame_address(o->dst);
	o->where = ALLOCATED;
	return true;
}

static uint32_t fake_alloc(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i;

	(void)priv;
	fake_check(fake.flying && n, "alloc out of place");
	fake_check(!fake.held, "alloc after hold");
	for (i = 0; i < n && alloc_one(folios[i]); i++)
		;
	return i;
}

static void give_back(struct migsim_folio *f)
{
	struct fake_folio *o = of(f);

	fake_check(f->dst == frame_address(o->dst), "folio %d: another target",
		   index_of(f));
	if (!o->quarantined)
		fake.pool_pages += migsim_folio_pages(f);
	o->where = ON_SOURCE;
}

static void fake_put(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i;

	(void)priv;
	for (i = 0; i < n; i++) {
		fake_check(of(folios[i])->where == ALLOCATED,
			   "folio %d: put of no unused target",
			   index_of(folios[i]));
		give_back(folios[i]);
		event(OP_PUT, index_of(folios[i]));
	}
}

static void unmap_one(struct migsim_folio *f)
{
	struct fake_folio *o = of(f);

	fake_check(o->where == ALLOCATED, "folio %d: unmap without a target",
		   index_of(f));
	o->unmaps++;
	f->err = 0;
	app_writes(f);
	o->unmapped = f->unmapped = fake.clock;
	event(OP_UNMAP, index_of(f));
	if (fault(&o->unmap)) {
		f->err = o->unmap.err;
		return;
	}
	f->src = frame_address(o->src);
	o->where = IN_FLIGHT;
	o->flushed = false;
	o->offered = 0;
	fake.folios_in_flight++;
	fake.pages_in_flight += migsim_folio_pages(f);
	if (fake.pages_in_flight > fake.max_pages_in_flight)
		fake.max_pages_in_flight = fake.pages_in_flight;
}

static void fake_unmap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i;

	(void)priv;
	fake_check(fake.flying && n, "unmap out of place");
	for (i = 0; i < n; i++)
		unmap_one(folios[i]);
}

/* Until the flush a processor may still write through its TLB. */
static void fake_flush(void *priv)
{
	size_t i;
	struct fake_folio *o;

	(void)priv;
	fake_check(fake.flying, "flush out of place");
	for (i = 0; i < fake.n; i++) {
		o = &fake.folio[i];
		if (o->where != IN_FLIGHT || o->flushed)
			continue;
		app_writes(&fake.base[i]);
		o->flushed = true;
	}
	event(OP_FLUSH, -1);
}

/* In flight, out of the TLB, and nobody writes to its target. */
static struct fake_folio *quiet(const struct migsim_folio *f, const char *op)
{
	struct fake_folio *o = of(f);
	int32_t i = index_of(f);

	fake_check(f->state == MIGSIM_FOLIO_UNMAPPED && o->where == IN_FLIGHT,
		   "folio %d: %s while not unmapped", i, op);
	fake_check(f->src == frame_address(o->src) &&
		   f->dst == frame_address(o->dst),
		   "folio %d: %s between other pages", i, op);
	fake_check(!o->engine, "folio %d: %s while the engine copies", i, op);
	return o;
}

static int fake_copy(void *priv, struct migsim_folio *f)
{
	struct fake_folio *o = quiet(f, "copy");
	uint64_t i;

	(void)priv;
	fake_check(o->flushed, "folio %d: copy before flush", index_of(f));
	fake_check(!o->stuck, "folio %d: copy to a stuck target", index_of(f));
	o->copies++;
	event(OP_COPY, index_of(f));
	if (fault(&o->copy))
		return o->copy.err;
	for (i = 0; i < migsim_folio_pages(f); i++)
		fake.cell[o->dst + i] = fake.cell[o->src + i];
	return 0;
}

static void accessible(struct migsim_folio *f)
{
	struct fake_folio *o = of(f);

	f->remapped = fake.clock;
	fake.folios_in_flight--;
	fake.pages_in_flight -= migsim_folio_pages(f);
	fake.page_ticks += (double)(f->remapped - o->unmapped) *
			   (double)migsim_folio_pages(f);
}

static void check_content(const struct migsim_folio *f, const char *when)
{
	struct fake_folio *o = of(f);
	uint64_t i;

	for (i = 0; i < migsim_folio_pages(f); i++)
		fake_check(fake.cell[o->dst + i] == fake.cell[o->src + i],
			   "folio %d: page %llu is stale at %s", index_of(f),
			   (unsigned long long)i, when);
}

static void remap_one(struct migsim_folio *f)
{
	struct fake_folio *o = quiet(f, "remap");

	fake_check(o->flushed, "folio %d: remap before flush", index_of(f));
	fake_check(!o->stuck, "folio %d: remap of a stuck target", index_of(f));
	check_content(f, "remap");
	o->remaps++;
	event(OP_REMAP, index_of(f));
	f->err = 0;
	if (fault(&o->remap)) {
		/* Whoever holds the extra reference may write. */
		app_writes(f);
		f->err = o->remap.err;
		return;
	}
	o->where = ON_TARGET;
	if (fake.recycle)
		fake.pool_pages += migsim_folio_pages(f);
	accessible(f);
}

static void fake_remap(void *priv, struct migsim_folio **folios, uint32_t n)
{
	uint32_t i;

	(void)priv;
	fake_check(n, "remap of nothing");
	for (i = 0; i < n; i++)
		remap_one(folios[i]);
}

static void fake_undo(void *priv, struct migsim_folio **folios, uint32_t n)
{
	struct fake_folio *o;
	uint32_t i;

	(void)priv;
	for (i = 0; i < n; i++) {
		o = quiet(folios[i], "undo");
		fake_check(!o->stuck || o->quarantined,
			   "folio %d: its target is reused",
			   index_of(folios[i]));
		o->undos++;
		event(OP_UNDO, index_of(folios[i]));
		give_back(folios[i]);
		o->quarantined = false;
		o->stuck = 0;
		accessible(folios[i]);
	}
}

static void fake_quarantine(void *priv, struct migsim_folio *f)
{
	(void)priv;
	fake_check(quiet(f, "quarantine")->stuck,
		   "folio %d: quarantine of a target nobody writes to",
		   index_of(f));
	of(f)->quarantined = true;
	event(OP_QUARANTINE, index_of(f));
}

static int fake_split(void *priv, struct migsim_folio *f)
{
	struct fake_folio *o = of(f);

	(void)priv;
	fake_check(o->where == ON_SOURCE && f->order && !o->is_split,
		   "folio %d: split out of place", index_of(f));
	o->splits++;
	event(OP_SPLIT, index_of(f));
	if (fault(&o->split))
		return o->split.err;
	o->is_split = true;
	return 0;
}

static void fake_note(void *priv, struct migsim_space_note *note)
{
	(void)priv;
	note->quarantined_pages = fake.count[OP_QUARANTINE];
}

/* Which folio a copy belongs to: the one that has its target. */
static uint32_t owner(const struct migsim_copy *c)
{
	uint64_t dst = ((uint64_t)(uintptr_t)c->dst - FRAMES) /
		       MIGSIM_PAGE_SIZE;
	uint32_t i;

	for (i = 0; i < fake.n; i++)
		if (fake.folio[i].where == IN_FLIGHT &&
		    dst >= fake.folio[i].dst &&
		    dst < fake.folio[i].dst +
			  migsim_folio_pages(&fake.base[i]))
			return i;
	fake_fail("owner", "a copy to a target of no folio in flight");
}

uint32_t fake_space_offer(const struct migsim_copy *c)
{
	uint32_t i = owner(c);
	struct fake_folio *o = &fake.folio[i];
	const struct migsim_folio *f = &fake.base[i];
	uint64_t offset = (uint64_t)(uintptr_t)c->dst - f->dst;

	fake_check(o->flushed, "folio %u: offered before flush", i);
	fake_check((uint64_t)(uintptr_t)c->src == f->src + offset,
		   "folio %u: a piece between other places", i);
	fake_check(c->len && !(c->len % MIGSIM_PAGE_SIZE) &&
		   offset + c->len <= migsim_folio_bytes(f),
		   "folio %u: a piece beyond its end", i);
	o->offered += c->len;
	fake_check(o->offered <= migsim_folio_bytes(f),
		   "folio %u: pieces overlap", i);
	o->engine++;
	o->offers++;
	event(OP_OFFER, (int32_t)i);
	return i;
}

static void transfer(const struct migsim_copy *c, bool good)
{
	uint64_t dst = ((uint64_t)(uintptr_t)c->dst - FRAMES) / MIGSIM_PAGE_SIZE;
	uint64_t src = ((uint64_t)(uintptr_t)c->src - FRAMES) / MIGSIM_PAGE_SIZE;
	uint64_t i;

	for (i = 0; i < c->len / MIGSIM_PAGE_SIZE; i++)
		fake.cell[dst + i] = good ? fake.cell[src + i] : ~UINT64_C(1);
}

void fake_space_copied(const struct migsim_copy *c, bool good)
{
	uint32_t i = owner(c);

	fake_check(fake.folio[i].engine, "folio %u: copied by nobody", i);
	fake.folio[i].engine--;
	transfer(c, good);
	event(OP_ENGINE_COPY, (int32_t)i);
}

void fake_space_cancelled(const struct migsim_copy *c, bool stuck)
{
	uint32_t i = owner(c);

	fake.folio[i].engine--;
	fake.folio[i].stuck += stuck;
}

/* What the core was warned of: it comes when everybody has forgotten it. */
void fake_space_late_write(const struct migsim_copy *c)
{
	transfer(c, false);
}

static void check_status(uint32_t i)
{
	const struct migsim_folio *f = &fake.base[i];
	struct fake_folio *o = &fake.folio[i];

	fake_check(o->where == (f->status ? ON_SOURCE : ON_TARGET),
		   "folio %u: status %d, but it lies elsewhere", i, f->status);
	fake_check(!o->engine, "folio %u: the engine copies for ever", i);
	if (!f->status) {
		fake_check(f->state == MIGSIM_FOLIO_DONE, "folio %u: state", i);
		check_content(f, "the end");
	}
	fake_check(f->status <= 0 || f->status == MIGSIM_UNTRIED,
		   "folio %u: status %d", i, f->status);
}

void fake_space_check(void)
{
	uint32_t i;

	fake_check(!fake.begun && !fake.flying, "the call goes on");
	fake_check(!fake.pages_in_flight && !fake.folios_in_flight,
		   "folios in flight behind the end");
	for (i = 0; i < fake.n; i++)
		check_status(i);
}

static const struct migsim_space_ops ops = {
	.size = sizeof(ops),
	.abi = MIGSIM_SPACE_ABI,
	.name = "fake",
	.help = "checks the protocol",
	.open = fake_open,
	.close = fake_close,
	.caps = fake_caps,
	.now = fake_now,
	.begin = fake_begin,
	.end = fake_end,
	.enter = fake_enter,
	.leave = fake_leave,
	.hold = fake_hold,
	.alloc = fake_alloc,
	.put = fake_put,
	.unmap = fake_unmap,
	.flush = fake_flush,
	.copy = fake_copy,
	.remap = fake_remap,
	.undo = fake_undo,
	.quarantine = fake_quarantine,
	.split = fake_split,
	.note = fake_note,
};

__attribute__((constructor)) static void register_fake(void)
{
	migsim_space_register(&ops);
}
