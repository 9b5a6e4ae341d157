/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * adaptive: finds its window while it runs. Told nothing but the time that a
 * folio may be inaccessible for, it climbs: it changes one of three numbers,
 * watches a few groups, and keeps the change when more pages come back per
 * second within that time, or as many sooner.
 *
 *	groups	groups in flight
 *	pages	base pages of a group, unmapped under one flush
 *	width	channels that a group is dealt over; a folio alone is cut
 *
 * When nothing helps any more it holds, and climbs anew when what it measures
 * has changed, or now and then. A synchronous engine has one group in flight,
 * copied in line, and only its size to find.
 *
 * Needs an asynchronous migrator, as sliding (which see) does, and:
 *
 *	now, pages_done	 ktime_get() and the sum of folio_nr_pages() moved, in
 *			 the task that migrates, behind remove_migration_ptes()
 *	groups_done	 a counter beside it
 *	longest		 ktime_get() at set_pmd/pte_migration and behind
 *			 remove_migration_ptes() of each folio
 *
 * What it learnt outlives the call: its state would belong to the migrator, or
 * to a pair of nodes, under a lock that is taken once for each group.
 */
#include <migsim/policy.h>

struct adaptive_args {
	uint64_t us;
	uint64_t pages;
	uint64_t split;
};

static const struct migsim_param adaptive_params[] = {
	{ .name = "us", .help = "longest time that a folio may be inaccessible for",
	  .offset = offsetof(struct adaptive_args, us), .def = 200,
	  .min = 1, .max = 100000000 },
	{ .name = "pages", .help = "most base pages in flight",
	  .offset = offsetof(struct adaptive_args, pages), .def = 16384,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PAGES },
	{ .name = "split", .help = "most pieces that a folio is copied in",
	  .offset = offsetof(struct adaptive_args, split), .def = 16,
	  .min = 1, .max = MIGSIM_POLICY_MAX_PIECES },
	{ 0 },
};

/* What is varied. */
struct point {
	uint64_t groups;
	uint64_t pages;
	uint64_t width;
};

/* What it brought. */
struct score {
	uint64_t rate;		/* base pages per ms */
	uint64_t time;		/* longest of a folio, ns */
};

enum move {
	MORE, LARGER, WIDER, JOINED, LESS, APART, NARROWER, MOVES,
};

struct adaptive {
	struct point at;	/* what is tried, or held */
	struct point home;	/* the best so far */
	struct score best;	/* of home; rate 0: not measured */
	uint64_t top_rate;	/* the highest since the climb began */
	uint64_t folio;		/* base pages of the smallest folio met */
	uint64_t largest;	/* of the largest of the call */
	enum move move;		/* that is tried */
	int fine;		/* more groups one by one */
	uint64_t rejected;	/* moves, one behind the other */
	uint64_t hold;		/* groups until it climbs anew; 0: it climbs */
	uint64_t next_hold;
	uint64_t settled;	/* looks, the first ones while it holds */
	uint64_t strange;	/* looks since, one behind the other */
	uint64_t alone_ns;	/* one folio alone takes more than the bound */

	/* the look that is under way */
	uint64_t skip;		/* groups of the point before */
	uint64_t groups, pages, ns, time;
	int watching;		/* the call has begun */
	/* seen last */
	uint64_t seen_groups, seen_pages, seen_now;
};

#define FIRST_GROUP	64	/* base pages */
#define FIRST_WIDTH	8
#define MOST_GROUPS	64
#define LEAST_PIECE	16	/* base pages: less is not worth a channel */
#define FIRST_HOLD	256	/* groups */
#define LONGEST_HOLD	8192
#define SETTLING_LOOKS	2
#define STRANGE_LOOKS	2
#define LOOK		4	/* groups, at least */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t widest(const struct adaptive *s, const struct adaptive_args *a,
		       const struct migsim_policy_view *v)
{
	uint64_t pages = max_u64(s->at.pages, s->folio);
	uint64_t folios = pages / max_u64(s->folio, 1);
	uint64_t pieces = max_u64(folios, 1) *
			  min_u64(a->split, max_u64(s->folio / LEAST_PIECE, 1));

	return max_u64(min_u64(v->channels, pieces), 1);
}

/* The next look: only groups that were admitted from now on count. */
static void look(struct adaptive *s, const struct migsim_policy_view *v)
{
	s->skip = v->groups;
	s->groups = s->pages = s->ns = s->time = 0;
}

static void climb(struct adaptive *s)
{
	s->best = (struct score){ 0 };
	s->top_rate = s->rejected = s->hold = s->strange = s->settled = 0;
	s->move = MORE;
	s->fine = 0;
	s->home = s->at;
}

/* A synchronous engine: the size of the group is all there is. */
static void step_alone(struct adaptive *s)
{
	struct point *p = &s->at;

	if (s->move == MORE)
		p->pages += max_u64(p->pages / (s->fine ? 8 : 2), s->folio);
	else if (s->move == LESS)
		p->pages -= (p->pages + 3) / 4;
}

/* Joined and apart: of as many pages in flight, and channels. */
static void step_groups(struct adaptive *s)
{
	struct point *p = &s->at;

	switch (s->move) {
	case MORE:
		p->groups += s->fine ? 1 : (p->groups + 1) / 2;
		break;
	case LESS:
		if (p->groups > 1)
			p->groups -= (p->groups + 2) / 4;
		else
			p->pages /= 2;
		break;
	case WIDER:
		p->width *= 2;
		break;
	case NARROWER:
		p->width /= 2;
		break;
	case LARGER:
		p->pages *= 2;
		break;
	case JOINED:
		if (p->groups == 1)
			break;
		p->groups = (p->groups + 1) / 2;
		p->pages *= 2;
		p->width *= 2;
		break;
	default:
		if (p->pages <= s->folio)
			break;
		p->groups *= 2;
		p->pages = (p->pages / s->folio + 1) / 2 * s->folio;
		p->width /= 2;
	}
}

/* Changes s->at by s->move. 0: that way is closed. */
static int step(struct adaptive *s, const struct adaptive_args *a,
		const struct migsim_policy_view *v)
{
	struct point *p = &s->at, was = *p;

	if (v->channels)
		step_groups(s);
	else
		step_alone(s);
	p->groups = max_u64(min_u64(p->groups, MOST_GROUPS), 1);
	p->pages = max_u64(p->pages, s->folio);
	p->width = max_u64(min_u64(p->width, widest(s, a, v)), 1);
	if (p->groups * p->pages > a->pages)
		*p = was;
	return p->groups != was.groups || p->pages != was.pages ||
	       p->width != was.width;
}

/* Would it surely take too long? Twice the pages take nearly twice as long. */
static int is_hopeless(struct adaptive *s, const struct adaptive_args *a)
{
	uint64_t bound = a->us * 1000, time = s->best.time;

	if (s->move == MORE && time > bound - bound / 5)
		s->fine = 1;
	return (s->move == MORE && time > bound - bound / 20) ||
	       (s->move == LARGER && time > bound - bound / 3);
}

/* The next way that is open, from home. 0: there is none. */
static int next_way(struct adaptive *s, const struct adaptive_args *a,
		    const struct migsim_policy_view *v)
{
	for (; s->rejected < MOVES; s->rejected++) {
		s->at = s->home;
		if (!is_hopeless(s, a) && step(s, a, v))
			return 1;
		s->move = (s->move + 1) % MOVES;
	}
	s->at = s->home;
	return 0;
}

/* Within the bound: more, or as much and sooner. Beyond it: sooner. */
static int is_better(const struct adaptive *s, const struct score *now,
		     uint64_t bound)
{
	if (s->best.time > bound)
		return now->time <= bound ||
		       now->time < s->best.time - s->best.time / 20;
	if (now->time > bound)
		return 0;
	if (now->rate > s->best.rate + s->best.rate / 50)
		return 1;
	return now->rate >= s->top_rate - s->top_rate / 50 &&
	       now->time < s->best.time - s->best.time / 10;
}

/* No way leads from here to anything better. */
static void come_to_rest(struct adaptive *s, uint64_t bound)
{
	s->hold = s->next_hold;
	s->next_hold = min_u64(s->next_hold * 2, LONGEST_HOLD);
	if (s->best.time > bound && s->home.groups == 1 &&
	    s->home.pages <= s->folio)
		s->alone_ns = s->best.time;
}

static void judge_climb(struct adaptive *s, const struct adaptive_args *a,
			const struct migsim_policy_view *v,
			const struct score *now)
{
	uint64_t bound = a->us * 1000;

	if (now->time <= bound)
		s->top_rate = max_u64(s->top_rate, now->rate);
	if (!s->best.rate || is_better(s, now, bound)) {
		if (!s->best.rate && now->time > bound)
			s->move = LESS;
		s->home = s->at;
		s->best = *now;
		s->rejected = 0;
		s->alone_ns = 0;
	} else if (s->move == MORE && !s->fine && now->time > bound) {
		s->fine = 1;
	} else {
		s->rejected++;
		s->move = (s->move + 1) % MOVES;
	}
	if (!next_way(s, a, v))
		come_to_rest(s, bound);
}

/* While it holds: is all as it was? */
static void judge_hold(struct adaptive *s, const struct adaptive_args *a,
		       const struct score *now)
{
	uint64_t rate = s->best.rate, time = s->best.time;
	int strange;

	/* When it has come to rest: what the next looks are held against. */
	if (s->settled < SETTLING_LOOKS) {
		s->settled++;
		s->best = *now;
		return;
	}
	strange = now->rate > rate + rate / 10 || now->rate < rate - rate / 10 ||
		  now->time < time - time / 4 ||
		  (now->time > a->us * 1000 && !s->alone_ns);
	s->strange = strange ? s->strange + 1 : 0;
	s->hold -= min_u64(s->hold, s->groups);
	if (s->strange >= STRANGE_LOOKS)
		s->next_hold = FIRST_HOLD;
	if (s->strange >= STRANGE_LOOKS || !s->hold)
		climb(s);
}

static uint64_t look_groups(const struct adaptive *s)
{
	uint64_t n = s->at.groups;

	return n >= LOOK ? n : (LOOK + n - 1) / n * n;
}

static void watch(struct adaptive *s, const struct adaptive_args *a,
		  const struct migsim_policy_view *v)
{
	uint64_t groups = v->groups_done - s->seen_groups;
	struct score now;

	if (!s->watching) {
		/* Of a call, what lies before its first group is not theirs. */
		s->watching = 1;
	} else if (s->skip) {
		s->skip -= min_u64(s->skip, groups);
	} else {
		s->groups += groups;
		s->pages += v->pages_done - s->seen_pages;
		s->ns += v->now - s->seen_now;
		if (groups)
			s->time = max_u64(s->time, v->longest);
	}
	s->seen_groups = v->groups_done;
	s->seen_pages = v->pages_done;
	s->seen_now = v->now;
	if (!s->groups || !s->ns)
		return;
	/* Whole rounds of what is in flight, since groups end in bursts. */
	if (s->groups < look_groups(s) &&
	    (s->hold || !s->best.rate ||
	     s->time <= max_u64(a->us * 1000, s->best.time)))
		return;
	now.rate = s->pages * 1000000 / s->ns;
	now.time = s->time;
	if (s->hold)
		judge_hold(s, a, &now);
	else
		judge_climb(s, a, v, &now);
	look(s, v);
}

/* Folios of another size, or the first: what was learnt says nothing. */
static void start(struct adaptive *s, const struct adaptive_args *a,
		  const struct migsim_policy_view *v)
{
	s->largest = v->largest;
	s->folio = max_u64(v->next_pages, 1);
	s->at.groups = 1;
	s->at.pages = max_u64(min_u64(FIRST_GROUP, a->pages), s->folio);
	/* The shortest first, then more of it: a folio over many channels. */
	s->at.width = min_u64(FIRST_WIDTH, s->folio / LEAST_PIECE);
	s->at.width = max_u64(min_u64(s->at.width, widest(s, a, v)), 1);
	s->alone_ns = 0;
	s->next_hold = FIRST_HOLD;
	climb(s);
	look(s, v);
}

static int adaptive_init(void *priv, const void *args)
{
	struct adaptive *s = priv;

	(void)args;
	s->watching = 0;
	return 0;
}

static void adaptive_decide(void *priv, const void *args,
			    const struct migsim_policy_view *view,
			    struct migsim_policy_answer *answer)
{
	const struct adaptive_args *a = args;
	struct adaptive *s = priv;
	uint64_t flying = view->pages_copying + view->pages_copied;
	uint64_t need, folios;

	if (s->largest != view->largest)
		start(s, a, view);
	if (view->next_pages)
		s->folio = min_u64(s->folio, view->next_pages);
	watch(s, a, view);

	need = max_u64(s->at.pages, view->next_pages);
	if (!view->groups)
		answer->admit = min_u64(s->at.pages, a->pages);
	else if (view->groups < s->at.groups && flying < a->pages &&
		 need <= a->pages - flying)
		answer->admit = min_u64(s->at.pages, a->pages - flying);
	folios = max_u64(need / max_u64(view->next_pages, 1), 1);
	answer->pieces = (uint32_t)min_u64(max_u64(s->at.width / folios, 1),
					   a->split);
	answer->fan = (uint32_t)s->at.width;
	answer->copy_inline = !view->channels;
}

static uint64_t adaptive_window(const void *args)
{
	const struct adaptive_args *a = args;

	return a->pages;
}

static void adaptive_note(const void *priv, const void *args,
			  struct migsim_policy_note *note)
{
	const struct adaptive_args *a = args;
	const struct adaptive *s = priv;

	note->window = min_u64(s->home.groups * s->home.pages, a->pages);
	note->alone_ns = s->alone_ns;
}

extern const struct migsim_policy_ops policy_adaptive;
const struct migsim_policy_ops policy_adaptive = {
	.size = sizeof(struct migsim_policy_ops),
	.abi = MIGSIM_POLICY_ABI,
	.name = "adaptive",
	.help = "finds its window while it runs, within a bound of time",
	.kind = "async",
	.params = adaptive_params,
	.args_size = sizeof(struct adaptive_args),
	.priv_size = sizeof(struct adaptive),
	.init = adaptive_init,
	.decide = adaptive_decide,
	.window = adaptive_window,
	.note = adaptive_note,
};
