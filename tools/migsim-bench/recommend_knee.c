/* SPDX-License-Identifier: MIT */
/*
 * Where throughput over latency bends, by three criteria, which may disagree:
 *
 *	chord	farthest above the line from the first to the last point, over
 *		the logarithm of the latency
 *	95 %	the least latency that has 95 % of the most throughput
 *	power	the most throughput per latency
 *
 * They look at the points of one kind that none of that kind dominates. Where
 * a point with less latency cannot be told apart no knee is named, but the
 * range from that one on.
 */
#include <math.h>
#include <stdlib.h>

#include "bench.h"
#include "recommend.h"

const char *knee_word(enum knee_kind kind)
{
	static const char *const words[KNEES] = {
		[KNEE_CHORD] = "chord", [KNEE_95] = "95 %",
		[KNEE_POWER] = "power",
	};

	return words[kind];
}

/* Points stand by latency; only those that are faster than all before. */
static size_t take_front(const struct entry *e, const struct point **front)
{
	size_t i, n = 0;

	for (i = 0; i < e->n; i++)
		if (!n || e->point[i]->gib_s > front[n - 1]->gib_s)
			front[n++] = e->point[i];
	return n;
}

/* How far a point lies above the chord, in parts of both ranges. */
static double above_chord(const struct point *p, const struct point *lo,
			  const struct point *hi)
{
	double x = log(p->first_us / lo->first_us) /
		   log(hi->first_us / lo->first_us);
	double y = (p->gib_s - lo->gib_s) / (hi->gib_s - lo->gib_s);

	return y - x;
}

static const struct point *knee_chord(const struct point **front, size_t n)
{
	const struct point *at = NULL;
	double most = 0;
	size_t i;

	for (i = 1; i + 1 < n; i++) {
		double above = above_chord(front[i], front[0], front[n - 1]);

		if (above > most) {
			most = above;
			at = front[i];
		}
	}
	return at;
}

static const struct point *knee_95(const struct point **front, size_t n)
{
	size_t i = 0;

	while (front[i]->gib_s < ENOUGH * front[n - 1]->gib_s)
		i++;
	return front[i];
}

static const struct point *knee_power(const struct point **front, size_t n)
{
	size_t i, at = 0;

	for (i = 1; i < n; i++)
		if (front[i]->gib_s / front[i]->first_us >
		    front[at]->gib_s / front[at]->first_us)
			at = i;
	return front[at];
}

/* The first of those before @k->at that it cannot be told apart from. */
static void find_range(struct knee *k, const struct point **front, size_t n)
{
	size_t i;

	for (i = 0; k->at && i < n && front[i] != k->at; i++) {
		if (told_apart(k->at, front[i], MIGSIM_METRIC_GIB_S) > 0)
			continue;
		k->from = front[i];
		return;
	}
}

void entry_knees(struct entry *e)
{
	const struct point **front = calloc(e->n, sizeof(*front));
	size_t n, i;

	memset(e->knee, 0, sizeof(e->knee));
	e->knees_agree = true;
	if (!front)
		return;
	n = take_front(e, front);
	/* Three points bend; and ends that are alike leave nothing to bend. */
	if (n >= 3 && told_apart(front[n - 1], front[0],
				 MIGSIM_METRIC_GIB_S) > 0) {
		e->knee[KNEE_CHORD].at = knee_chord(front, n);
		e->knee[KNEE_95].at = knee_95(front, n);
		e->knee[KNEE_POWER].at = knee_power(front, n);
	}
	for (i = 0; i < KNEES; i++) {
		find_range(&e->knee[i], front, n);
		e->knees_agree &= e->knee[i].at == e->knee[0].at;
	}
	free(front);
}
