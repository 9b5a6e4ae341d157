/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

struct script script;

static void decide(void *priv, const void *args,
		   const struct migsim_policy_view *view,
		   struct migsim_policy_answer *answer)
{
	(void)priv;
	(void)args;
	script.asked++;
	if (view->groups > script.max_groups)
		script.max_groups = view->groups;
	script.inconsistent |=
		view->pages_copying + view->pages_copied !=
			fake.pages_in_flight ||
		view->pages_copied > fake.pages_in_flight ||
		view->channels_idle > view->channels ||
		!view->pages_left != !view->folios_left ||
		!view->folios_left != !view->next_pages;
	*answer = script.answer;
	if (view->groups >= script.groups)
		answer->admit = 0;
}

static const struct migsim_policy_ops ops = {
	.size = sizeof(ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "script",
	.help = "answers what it is told",
	.kind = "async",
	.decide = decide,
};

__attribute__((constructor)) static void register_script(void)
{
	migsim_policy_register(&ops);
}

int scene_setup(void **state)
{
	(void)state;
	*fake_label = '\0';
	fake_engine_reset();
	script = (struct script){ .groups = 1, .answer = { .admit = 512 } };
	return 0;
}

int scene_teardown(void **state)
{
	(void)state;
	fake_engine_free();
	fake_space_free();
	return 0;
}

void scene_new(struct scene *sc, size_t n, unsigned int order)
{
	size_t i;

	*sc = (struct scene){ .n = n, .options = MIGSIM_OPTIONS_INIT };
	sc->options.space = "fake";
	sc->options.engine = "fake";
	sc->options.mode = MIGSIM_MODE_ASYNC;
	sc->report = migsim_report_new();
	sc->folios = calloc(n + 1, sizeof(*sc->folios));
	fake_check(sc->report && sc->folios, "no memory");
	for (i = 0; i < n; i++) {
		/* Far from the list, the report and the stack. */
		sc->folios[i].addr = (uint64_t)(i + 1) << 21;
		sc->folios[i].order = (uint8_t)order;
	}
	fake_space_reset(n);
}

void scene_free(struct scene *sc)
{
	migsim_migrator_close(sc->migrator);
	migsim_report_free(sc->report);
	free(sc->folios);
	*sc = (struct scene){ 0 };
}

/* What the folios' own words add up to. */
struct tally {
	uint64_t pages, done, failed, untried;
	uint64_t folios_done, folios_failed, folios_untried;
	uint64_t thp_done, thp_failed, thp_split, split;
	uint64_t unmapped;
	long returned;
};

static void tally_one(struct tally *t, const struct migsim_folio *f,
		      const struct fake_folio *o)
{
	uint64_t pages = migsim_folio_pages(f);
	bool thp = f->order == MIGSIM_MAX_ORDER;

	t->pages += pages;
	t->done += f->status ? 0 : pages;
	t->failed += f->status < 0 ? pages : 0;
	t->untried += f->status > 0 ? pages : 0;
	t->folios_done += !f->status;
	t->folios_failed += f->status < 0;
	t->folios_untried += f->status > 0;
	t->thp_done += thp && !f->status && !o->is_split;
	t->thp_failed += thp && (f->status < 0 || o->is_split);
	t->thp_split += thp && o->is_split;
	t->split += o->is_split;
	t->unmapped += o->undos + (o->where == ON_TARGET);
	t->returned += f->status < 0 || o->is_split;
}

static struct tally tally(const struct scene *sc)
{
	struct tally t = { 0 };
	size_t i;

	for (i = 0; i < sc->n; i++)
		tally_one(&t, &sc->folios[i], &fake.folio[i]);
	return t;
}

#define same(a, b) \
	fake_check((uint64_t)(a) == (uint64_t)(b), "%s is %llu, not %llu", #a, \
		   (unsigned long long)(a), (unsigned long long)(b))

/* I8, I9, and every statistic of the kernel. */
static void check_counters(const struct scene *sc)
{
	const struct migsim_summary *s = &sc->s;
	struct tally t = tally(sc);

	same(s->nr_succeeded, t.done);
	same(s->nr_failed_pages, t.failed);
	same(s->nr_untried_pages, t.untried);
	same(s->nr_succeeded + s->nr_failed_pages + s->nr_untried_pages,
	     t.pages);
	same(s->bytes, t.done * MIGSIM_PAGE_SIZE);
	same(s->migrated, t.folios_done);
	same(s->failed, t.folios_failed);
	same(s->nr_thp_succeeded, t.thp_done);
	same(s->nr_thp_failed, t.thp_failed);
	same(s->nr_thp_split, t.thp_split);
	same(s->nr_split, t.split);
	same(s->flushes, fake.count[OP_FLUSH]);
	same(s->inaccessible_us.n, t.unmapped);
	same(s->quarantined_pages, fake.count[OP_QUARANTINE]);
	if (sc->rc >= 0) {
		same(sc->rc, t.returned);
		same(t.untried, 0);
	}
}

static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

static void check_times(const struct scene *sc)
{
	const struct migsim_summary *s = &sc->s;
	const struct migsim_phases *p = &s->phases_us;
	double sum = p->alloc + p->unmap + p->flush + p->submit + p->wait +
		     p->copy + p->reap + p->remap + p->other;

	fake_check(near(sum, s->elapsed_us), "phases %.3f us, elapsed %.3f us",
		   sum, s->elapsed_us);
	fake_check(near(s->page_seconds * 1e6,
			s->mean_pages_in_flight * s->elapsed_us),
		   "Little: %.6f against %.6f", s->page_seconds * 1e6,
		   s->mean_pages_in_flight * s->elapsed_us);
	fake_check(near(s->page_seconds * 1e9, fake.page_ticks),
		   "page-seconds %.3f, counted %.3f", s->page_seconds * 1e9,
		   fake.page_ticks);
	same(s->max_pages_in_flight, fake.max_pages_in_flight);
	/* One first folio for each group. */
	same(s->first_us.n, s->groups);
}

void scene_open(struct scene *sc)
{
	int err = migsim_migrator_open(&sc->migrator, &sc->options);

	fake_check(!err, "open: %d", err);
}

void scene_call(struct scene *sc)
{
	sc->rc = migsim_migrate(sc->migrator, sc->folios, sc->n, sc->report);
	sc->s.size = sizeof(sc->s);
	migsim_report_summary(sc->report, &sc->s);
	fake_engine_late_writes();
	fake_space_check();
	check_counters(sc);
	check_times(sc);
	fake_check(!script.inconsistent, "the policy saw nonsense");
}

void scene_run(struct scene *sc)
{
	scene_open(sc);
	scene_call(sc);
}
