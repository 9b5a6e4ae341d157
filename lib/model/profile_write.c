/* SPDX-License-Identifier: MIT */
/*
 * A profile as a file that says itself what its numbers mean.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "profile.h"

/* Correlations below this say nothing, and rows stay short enough to read. */
#define LEAST_CORRELATION	0.005
#define PAIRS_A_LINE		4

static void write_key(const struct migsim_profile *p, unsigned int key,
		      FILE *out)
{
	const struct migsim_profile_key *k = &profile_keys[key];
	char figure[32];

	fprintf(out, "# %s%s%s\n%s = ", k->unit, *k->unit ? ": " : "",
		k->reading, k->name);
	if (k->choices)
		fputs(k->choices[(unsigned int)p->value[key]], out);
	else
		fputs(profile_figure(p->value[key], figure), out);
	if (p->se[key] > 0)
		fprintf(out, " +- %s", profile_figure(p->se[key], figure));
	if (*migsim_profile_source(p, key))
		fprintf(out, " (%s)", p->source[key]);
	fputc('\n', out);
}

static void write_keys(const struct migsim_profile *p, FILE *out)
{
	const char *section = "";
	unsigned int k;

	for (k = 0; k < PROFILE_KEYS; k++) {
		if (strcmp(section, profile_keys[k].section)) {
			section = profile_keys[k].section;
			fprintf(out, "\n[%s]\n", section);
		}
		write_key(p, k, out);
	}
}

static double rounded(double r)
{
	return round(r * 1e4) / 1e4;
}

/* The pairs of @a with the keys behind it. True when there are any. */
static bool write_row(const struct migsim_profile *p, unsigned int a,
		      bool first, FILE *out)
{
	unsigned int b, pairs = 0;
	char figure[32];

	for (b = a + 1; b < PROFILE_KEYS; b++) {
		double r = p->correlation[a][b];

		if (!(fabs(r) >= LEAST_CORRELATION))
			continue;
		if (first && !pairs)
			fputs("\n# of the errors: a key with those behind it\n[correlation]\n",
			      out);
		if (!pairs)
			fprintf(out, "%s = ", profile_keys[a].name);
		else
			fputs(pairs % PAIRS_A_LINE ? ", " : "\n\t", out);
		fprintf(out, "%s %s", profile_keys[b].name,
			profile_figure(rounded(r), figure));
		pairs++;
	}
	if (pairs)
		fputc('\n', out);
	return pairs;
}

int migsim_profile_write(const struct migsim_profile *p, FILE *out)
{
	bool first = true;
	unsigned int k;

	fprintf(out, "# A cost profile: key = VALUE +- STANDARD ERROR (SOURCE)\n"
		"\n[profile]\nname = %s\ndescription = %s\n", p->name,
		p->description);
	write_keys(p, out);
	for (k = 0; k < PROFILE_KEYS; k++)
		if (write_row(p, k, first, out))
			first = false;
	return fflush(out) || ferror(out) ? -EIO : 0;
}
