/* SPDX-License-Identifier: MIT */
/*
 * What a recommendation keeps of a sweep: its points, where they come from,
 * and its warnings.
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "outcome.h"
#include "recommend.h"
#include "render.h"

/* Every point says for itself whether it is extrapolated. */
static bool is_of_points(const char *warning)
{
	static const char begin[] = "Extrapolated:";

	return !strncmp(warning, begin, sizeof(begin) - 1);
}

static int take_sentences(struct advice *a, const struct results *rs)
{
	struct results mine = { .warnings = a->warnings,
				.nr_warnings = a->nr_warnings };
	size_t i;
	int err = 0;

	for (i = 0; i < rs->nr_warnings && !err; i++)
		if (!is_of_points(rs->warnings[i]))
			err = outcome_say(&mine, "%s", rs->warnings[i]);
	a->warnings = mine.warnings;
	a->nr_warnings = mine.nr_warnings;
	return err;
}

/* The machine or the profile, and what all candidates share. */
static int take_origin(struct advice *a, const struct results *rs)
{
	struct fields fs;
	size_t len;
	FILE *out;
	int err = fields_init(&fs, rs);

	if (err)
		return err;
	out = open_memstream(&a->origin, &len);
	if (out) {
		print_origin(out, rs, LKML_WIDTH);
		a->conditions = fields_join(&fs, 0, SPREAD_SAME);
	}
	fields_free(&fs);
	return !out || fclose(out) || !a->conditions ? -ENOMEM : 0;
}

int advice_take(struct advice *a, const struct results *rs,
		const struct config *cpu)
{
	size_t i;
	int err = 0;

	a->interrupted |= rs->interrupted;
	if (!a->origin && rs->n) {
		a->sysinfo = rs->sysinfo;
		a->emulated = results_emulated(rs);
		err = take_origin(a, rs);
	}
	if (!err)
		err = take_sentences(a, rs);
	for (i = 0; i < rs->n && !err; i++)
		err = advice_add(a, &rs->result[i],
				 cpu && rs->result[i].config >= cpu);
	return err;
}
