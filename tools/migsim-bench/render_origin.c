/* SPDX-License-Identifier: MIT */
/*
 * Where results come from, above them: the machine, or what was modelled; and
 * what to doubt in them, below.
 */
#include <string.h>

#include "render.h"

static const char *or_unknown(const char *text, const char *what)
{
	return text[0] ? text : what;
}

/* A line of its own: no wrapping tears the label apart. */
void print_emulated(FILE *out, bool emulated)
{
	if (emulated)
		fputs("(" EMULATED ")\n", out);
}

/* One line of what a reader must know first of the machine. */
static void print_machine(FILE *out, const struct migsim_sysinfo *si, size_t width)
{
	char text[512];

	snprintf(text, sizeof(text), "Linux %s, %s, %u CPU%s, %u node%s%s%s",
		 or_unknown(si->kernel, "(unknown release)"),
		 or_unknown(si->cpu, "unknown CPU"), si->cpus,
		 si->cpus == 1 ? "" : "s", si->numa_nodes,
		 si->numa_nodes == 1 ? "" : "s", si->hypervisor[0] ? ", " : "",
		 si->hypervisor);
	print_wrapped(out, "", text, width);
	print_emulated(out, si->emulated);
}

static bool same_model(const struct migsim_profile *a,
		       const struct migsim_profile *b)
{
	return a == b || (a && b &&
		!strcmp(migsim_profile_name(a), migsim_profile_name(b)) &&
		!strcmp(migsim_profile_description(a),
			migsim_profile_description(b)));
}

/* The first result of its machine, or of its profile. */
static bool is_first(const struct results *rs, size_t i)
{
	size_t k = 0;

	while (!same_model(rs->result[k].config->model,
			   rs->result[i].config->model))
		k++;
	return k == i;
}

/* A line for the machine and one for every profile that results are of. */
void print_origin(FILE *out, const struct results *rs, size_t width)
{
	size_t i;

	if (!rs->n)
		print_machine(out, &rs->sysinfo, width);
	for (i = 0; i < rs->n; i++) {
		const struct migsim_profile *p = rs->result[i].config->model;
		char text[512];

		if (!is_first(rs, i))
			continue;
		if (!p) {
			print_machine(out, &rs->sysinfo, width);
			continue;
		}
		snprintf(text, sizeof(text), "Modelled by %s: %s",
			 migsim_profile_name(p), migsim_profile_description(p));
		print_wrapped(out, "", text, width);
	}
}

/* The first result of its engine, and who copied for that is known. */
static bool is_new_engine(const struct fields *fs, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (!strcmp(field_text(fs, k, FIELD_ENGINE),
			    field_text(fs, i, FIELD_ENGINE)))
			return false;
	return field_text(fs, i, FIELD_DRIVER)[0];
}

/* Who copied, a line for each engine, where no column and no head says it. */
void print_drivers(FILE *out, const struct fields *fs, size_t results,
		   size_t width)
{
	char text[512];
	size_t i;

	if (fs->spread[FIELD_ENGINE] != SPREAD_VARIES ||
	    fs->spread[FIELD_DRIVER] == SPREAD_SAME)
		return;
	for (i = 0; i < results; i++) {
		if (!is_new_engine(fs, i))
			continue;
		snprintf(text, sizeof(text), "%s: driver %s",
			 field_text(fs, i, FIELD_ENGINE),
			 field_text(fs, i, FIELD_DRIVER));
		print_wrapped(out, "", text, width);
	}
}

void print_warnings(FILE *out, const struct results *rs, size_t width)
{
	size_t i;

	if (rs->interrupted)
		print_wrapped(out, "warning: ", "interrupted: this is what was "
			      "measured so far", width);
	for (i = 0; i < rs->nr_warnings; i++)
		print_wrapped(out, "warning: ", rs->warnings[i], width);
}
