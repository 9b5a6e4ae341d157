/* SPDX-License-Identifier: MIT */
/*
 * What a policy's decision costs: ns per group, for which it is asked three
 * times, as when one group ends, one is admitted, and then no more.
 */
#include <stdio.h>
#include <stdlib.h>

#include <migsim/migsim.h>

#include "registry.h"
#include "sample.h"
#include "sys.h"

#define GROUPS		200000
#define PAGES		512
#define GROUP_NS	100000

static void group_ends(struct migsim_policy_view *v)
{
	v->now += GROUP_NS;
	v->groups--;
	v->groups_done++;
	v->pages_done += PAGES;
	v->pages_copied = 0;
	/* Some are slower, so that a policy that learns has work. */
	v->longest = GROUP_NS * (1 + v->groups_done % 3);
	v->last_first = v->last_time = v->longest;
}

static void group_is_admitted(struct migsim_policy_view *v)
{
	v->groups++;
	v->pages_left -= PAGES;
}

static double ns_per_group(const struct spec *spec, void *priv)
{
	const struct migsim_policy_ops *ops = spec->ops;
	struct migsim_policy_view v = {
		.pages_left = (uint64_t)2 * GROUPS * PAGES,
		.folios_left = (uint64_t)2 * GROUPS, .next_pages = PAGES,
		.channels = 16, .channels_idle = 8, .groups = 1,
		.unmap_rate = 100 << 16, .copy_rate = 10 << 16,
		.remap_rate = 50 << 16, .last_pages = PAGES, .largest = PAGES,
		.capacity = 1 << 16,
	};
	struct migsim_policy_answer answer;
	uint64_t t, admitted = 0, i, k;

	if (ops->init)
		ops->init(priv, spec->args);
	t = sys_ticks();
	for (i = 0; i < GROUPS; i++) {
		for (k = 0; k < 3; k++) {
			answer = (struct migsim_policy_answer){ 0 };
			ops->decide(priv, spec->args, &v, &answer);
			admitted += answer.admit;
			if (k == 0)
				group_ends(&v);
			else if (k == 1)
				group_is_admitted(&v);
		}
	}
	t = sys_ticks() - t;
	if (!admitted)
		exit(1);
	return ticks_ns(t) / GROUPS;
}

static void measure(const char *word)
{
	double x[ROUNDS];
	struct spec spec;
	void *priv;
	size_t i;

	if (spec_parse(OPS_POLICY, word, &spec))
		exit(1);
	priv = calloc(1, ((struct migsim_policy_ops *)spec.ops)->priv_size + 1);
	if (!priv)
		exit(1);
	for (i = 0; i < ROUNDS; i++)
		x[i] = ns_per_group(&spec, priv);
	printf("%-10s %6.1f  100 %s\n", word, sample_median(x),
	       sample_median(x) <= 100 ? "met" : "not met");
	free(priv);
	spec_free(&spec);
}

int main(void)
{
	const struct migsim_policy_ops *ops;
	unsigned int i;

	printf("ns a group, three decisions, median of %d rounds, and the target\n",
	       ROUNDS);
	for (i = 0; (ops = migsim_policy_get(i)); i++)
		measure(ops->name);
	return 0;
}
