/* SPDX-License-Identifier: MIT */
/*
 * The policy between the core and the one under test: shows it what the
 * scenario wants it to see, asks both of its states, and looks at the answer
 * before the core makes the best of it.
 */
#include <string.h>

#include "kit.h"

/* What a policy is given, and what lies behind it. */
struct fenced_answer {
	struct migsim_policy_answer answer;
	uint8_t fence[FENCE];
};

struct fenced_view {
	struct migsim_policy_view view;
	uint8_t fence[FENCE];
};

/* One of the limits, or what is true, by the number of the question. */
static uint64_t jump(const struct kit *k, unsigned int field, uint64_t is)
{
	static const uint64_t limits[] = {
		0, 1, (uint64_t)1 << 63, UINT64_MAX - 1, UINT64_MAX,
	};
	uint64_t dice = (k->asked * 16 + field + 1) * 0x9e3779b97f4a7c15;

	dice >>= 61;
	return dice < sizeof(limits) / sizeof(limits[0]) ? limits[dice] : is;
}

static uint64_t at_least(uint64_t least, uint64_t n)
{
	return n < least ? least : n;
}

/* What is in flight stays as it is, and what has to fit to it. */
static void show_limits(const struct kit *k, struct migsim_policy_view *v)
{
	v->now = jump(k, 0, v->now);
	if (v->folios_left) {
		v->folios_left = at_least(1, jump(k, 1, v->folios_left));
		v->pages_left = at_least(v->next_pages,
					 jump(k, 2, v->pages_left));
	}
	v->channels = (uint32_t)jump(k, 3, v->channels);
	v->channels_idle = jump(k, 4, 0) % 2 ? v->channels : 0;
	v->unmap_rate = jump(k, 5, v->unmap_rate);
	v->copy_rate = jump(k, 6, v->copy_rate);
	v->remap_rate = jump(k, 7, v->remap_rate);
	v->last_pages = jump(k, 8, v->last_pages);
	v->last_first = jump(k, 9, v->last_first);
	v->last_time = jump(k, 10, v->last_time);
	v->longest = jump(k, 11, v->longest);
	v->groups_done = jump(k, 12, v->groups_done);
	v->pages_done = jump(k, 13, v->pages_done);
	v->largest = jump(k, 14, 0) % 2 ? 512 : v->largest;
	v->capacity = at_least(v->capacity, jump(k, 15, v->capacity));
}

static void show(const struct kit *k, struct migsim_policy_view *v)
{
	switch (k->s.view) {
	case MIGSIM_TEST_NO_RATES:
		v->unmap_rate = v->copy_rate = v->remap_rate = 0;
		break;
	case MIGSIM_TEST_HUGE_RATES:
		v->unmap_rate = v->copy_rate = v->remap_rate = UINT64_MAX;
		break;
	case MIGSIM_TEST_LIMITS:
		show_limits(k, v);
		break;
	default:
		break;
	}
}

/* After every question, so not byte by byte. */
static bool is_fence(const uint8_t *fence)
{
	static const uint8_t whole[FENCE] = { [0 ... FENCE - 1] = 0xa5 };

	return !memcmp(fence, whole, FENCE);
}

void kit_check_fences(struct kit *k, const char *when)
{
	const uint8_t *p;
	unsigned int i;

	if (memcmp(k->args, k->args_was, k->args_size + FENCE))
		kit_broken(k, "%s writes to its arguments", when);
	for (i = 0; i < 2; i++) {
		p = k->twin[i].priv;
		if (!is_fence(k->twin[i].memory) ||
		    !is_fence(p + k->ops.priv_size))
			kit_broken(k, "%s writes beside its state of %zu bytes (priv_size)",
				   when, k->ops.priv_size);
	}
}

static void ask(struct kit *k, const struct twin *twin,
		const struct migsim_policy_view *view,
		struct migsim_policy_answer *answer)
{
	struct fenced_answer a;
	struct fenced_view v, was;

	memset(&a, 0, sizeof(a));
	memset(a.fence, 0xa5, sizeof(a.fence));
	memset(&v, 0xa5, sizeof(v));
	memcpy(&v.view, view, sizeof(*view));
	memcpy(&was, &v, sizeof(v));
	k->ops.decide(twin->priv, k->args, &v.view, &a.answer);
	if (memcmp(&v, &was, sizeof(v)))
		kit_broken(k, "decide writes to the view");
	if (!is_fence(a.fence))
		kit_broken(k, "decide writes behind the answer");
	*answer = a.answer;
}

/* In flight when the last folio that the answer admits comes to be unmapped. */
static uint64_t before_last(const struct kit *k, uint64_t left_folios,
			    const struct migsim_policy_answer *answer)
{
	const struct migsim_folio *f = k->folios + k->s.folios - left_folios;
	uint64_t left = answer->admit, flying = k->flying, before = flying;
	uint32_t max = answer->folios ? answer->folios : UINT32_MAX;

	for (; left && max && left_folios; f++, max--, left_folios--) {
		before = flying;
		if (before >= k->window)
			break;
		flying += migsim_folio_pages(f);
		left -= left < migsim_folio_pages(f) ? left
						     : migsim_folio_pages(f);
	}
	return before;
}

static void check_answer(struct kit *k, const struct migsim_policy_view *view,
			 const struct migsim_policy_answer *answer)
{
	uint64_t before;

	if (answer->pieces > MIGSIM_MAX_PIECES)
		kit_broken(k, "it cuts folios into %u pieces; %u are the most",
			   answer->pieces, MIGSIM_MAX_PIECES);
	if (answer->remap > MIGSIM_REMAP_FOLIO)
		kit_broken(k, "it remaps by %u, which is no enum migsim_remap",
			   answer->remap);
	if (!view->folios_left)
		return;
	if (!view->groups && !answer->admit)
		kit_broken(k, "it stalls: with nothing in flight and %llu folios left it admits none",
			   (unsigned long long)view->folios_left);
	if (!k->window || !answer->admit)
		return;
	before = before_last(k, view->folios_left, answer);
	if (before >= k->window)
		kit_broken(k, "it exceeds its window of %llu pages: %llu are in flight and it admits %llu more",
			   (unsigned long long)k->window,
			   (unsigned long long)k->flying,
			   (unsigned long long)answer->admit);
}

/* The core's own numbers, against what the space has counted. */
static void check_view(struct kit *k, const struct migsim_policy_view *v)
{
	if (v->pages_copying + v->pages_copied != k->flying)
		kit_broken(k, "the core tells of %llu pages in flight, and there are %llu",
			   (unsigned long long)(v->pages_copying +
						v->pages_copied),
			   (unsigned long long)k->flying);
}

void kit_policy_decide(void *kit, const void *args,
		       const struct migsim_policy_view *view,
		       struct migsim_policy_answer *answer)
{
	struct migsim_policy_view shown = *view;
	struct migsim_policy_answer again;
	struct kit *k = kit;
	const char *sentence;

	(void)args;
	k->asked++;
	check_view(k, view);
	show(k, &shown);
	ask(k, &k->twin[0], &shown, answer);
	ask(k, &k->twin[1], &shown, &again);
	kit_check_fences(k, "decide");
	if (memcmp(answer, &again, sizeof(again)))
		kit_broken(k, "it answers differently when it is asked the same: it admits %llu pages, then %llu",
			   (unsigned long long)answer->admit,
			   (unsigned long long)again.admit);
	check_answer(k, view, answer);
	if (k->s.watch && !k->broken) {
		sentence = k->s.watch(k->s.arg, &shown, answer);
		if (sentence)
			kit_broken(k, "%s", sentence);
	}
}

int kit_policy_init(void *kit, const void *args)
{
	struct kit *k = kit;
	int err = 0, again = 0;

	(void)args;
	if (!k->ops.init)
		return 0;
	err = k->ops.init(k->twin[0].priv, k->args);
	again = k->ops.init(k->twin[1].priv, k->args);
	kit_check_fences(k, "init");
	if (err != again)
		kit_broken(k, "init returns %d, then %d", err, again);
	else if (err)
		kit_broken(k, "init refuses the options: it returns %d", err);
	return err;
}
