/* SPDX-License-Identifier: MIT */
/*
 * The engine where it belongs: under a migrator.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "rig.h"

#define REGION	(4 * MIB)
#define CALLS	2

/* A region aligned to the largest folio, and what it must hold. */
struct region {
	unsigned char *map;	/* around the region */
	unsigned char *p;
	struct box box;
};

static bool region_open(struct region *r, uint64_t seed)
{
	const size_t huge = 2 * MIB;

	if (!box_open(&r->box, REGION, seed))
		return false;
	r->map = mmap(NULL, REGION + huge, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (r->map == MAP_FAILED) {
		box_close(&r->box);
		return false;
	}
	r->p = r->map + (-(uintptr_t)r->map & (huge - 1));
	return true;
}

static void region_close(struct region *r)
{
	munmap(r->map, REGION + 2 * MIB);
	box_close(&r->box);
}

/* Does what the report counts fit what was asked for? */
static bool counts_are_right(struct suite *s,
			     const struct migsim_report *report,
			     uint64_t folios)
{
	struct migsim_summary sum = { .size = sizeof(sum) };

	migsim_report_summary(report, &sum);
	if (sum.migrated != folios || sum.failed || sum.completion_errors)
		return fail(s,
			    "%" PRIu64 " folios migrate; came %" PRIu64 ", %" PRIu64 " failed, %" PRIu64 " completions of nothing",
			    folios, sum.migrated, sum.failed,
			    sum.completion_errors);
	if (!s->faults && (sum.declined || sum.cpu_fallback))
		return fail(s,
			    "the engine copies all folios; %" PRIu64 " copies were declined and %" PRIu64 " folios copied by the CPU",
			    sum.declined, sum.cpu_fallback);
	return true;
}

static bool migrate_some(struct suite *s, struct migsim_migrator *m,
			 const struct region *region, unsigned int order,
			 struct migsim_report *report)
{
	struct migsim_migrator_info info = { .size = sizeof(info) };
	unsigned int call;
	long rc;

	migsim_migrator_info(m, &info);
	migsim_report_reset(report);
	memcpy(region->p, region->box.was, REGION);
	for (call = 0; call < CALLS; call++) {
		rc = migsim_migrate_range(m, region->p, REGION, order, report);
		if (rc)
			return fail(s,
				    "folios of order %u migrate; call %u returns %ld",
				    order, call, rc);
		if (!(info.engine_flags & MIGSIM_ENGINE_NO_COPY) &&
		    memcmp(region->p, region->box.was, REGION))
			return fail(s,
				    "memory holds after call %u what it held before; it does not",
				    call);
	}
	return counts_are_right(s, report,
				CALLS * (REGION / (MIGSIM_PAGE_SIZE << order)));
}

static bool migrate_with(struct suite *s, const struct region *region,
			 const char *policy, struct migsim_report *report)
{
	static const unsigned int order[] = { 0, 4, MIGSIM_MAX_ORDER };
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_migrator *m;
	unsigned int i;
	bool well = true;
	int err;

	o.space = s->model ? "model" : "uffd";
	o.engine = s->word;
	o.policy = policy;
	/* A hot pool is quick, and nothing is measured. */
	o.pool_bytes = 2 * REGION;
	o.call_pages = REGION / MIGSIM_PAGE_SIZE;
	err = migsim_migrator_open(&m, &o);
	if (err == -EPERM || err == -ENODEV || err == -EOPNOTSUPP)
		return skip(s, "%s", last_sentence());
	if (err)
		return fail(s, "a migrator opens with it, came %s: %s",
			    strerror(-err), last_sentence());
	for (i = 0; i < 3 && well; i++)
		well = migrate_some(s, m, region, order[i], report);
	migsim_migrator_close(m);
	return well;
}

static void migrate(struct suite *s)
{
	struct migsim_report *report = migsim_report_new();
	struct region region;

	if (!report || !region_open(&region, s->seed)) {
		fail(s, "there is no memory for the check");
	} else {
		if (migrate_with(s, &region, "batch:pages=64", report))
			migrate_with(s, &region,
				     "batch:pages=512,copy=inline", report);
		region_close(&region);
	}
	migsim_report_free(report);
}

const struct check migrate_checks[] = {
	{ "migrate", "memory migrates, in batches and in line", migrate },
	{ 0 },
};
