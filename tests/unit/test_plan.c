/* SPDX-License-Identifier: MIT */
/*
 * Options become configurations: the order of a sweep, what overrides what,
 * and which nodes are meant where none is named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench.h"
#include "plan.h"

static void set(struct options *o, const char *name, const char *text)
{
	assert_int_equal(options_set(o, name, text, name), 0);
}

static void small(struct options *o)
{
	set(o, "total", "2M");
}

static void defaults(void **state)
{
	struct options o = { 0 };
	struct plan plan;
	const struct config *c;

	(void)state;
	small(&o);
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	assert_int_equal(plan.n, 1);
	c = &plan.configs[0];
	assert_string_equal(c->backend, "uffd");
	assert_string_equal(c->engine, "memcpy");
	assert_string_equal(c->policy, "batch:pages=512");
	assert_int_equal(c->mix.n, 1);
	assert_int_equal(c->mix.part[0].order, 0);
	assert_int_equal(c->total, 2 << 20);
	assert_int_equal(c->folios_per_call, 0);
	assert_int_equal(c->layout, LAYOUT_CONTIGUOUS);
	assert_false(c->cold_pool);
	assert_int_equal(c->mode, MIGSIM_MODE_SYNC);
	assert_int_equal(c->reason, MIGSIM_REASON_SYSCALL);
	assert_int_equal(c->runs, 5);
	assert_int_equal(c->warmup, 1);
	assert_int_equal(c->busy, 0);
	assert_false(c->verify);
	assert_false(c->read_after);
	assert_int_equal(c->seed, 1);
	assert_true(c->from >= 0 && c->to >= 0);
	assert_int_equal(plan.format, FORMAT_TABLE);
	assert_null(plan.output);
	assert_false(plan.quiet);
	plan_free(&plan);
	options_free(&o);
}

/* Folios outermost, then engines, then policies, then the rest. */
static void nesting(void **state)
{
	static const struct {
		unsigned int order;
		const char *engine, *policy;
		enum layout layout;
	} want[] = {
		{ 9, "null", "batch:pages=512", LAYOUT_CONTIGUOUS },
		{ 9, "null", "batch:pages=512", LAYOUT_SCATTERED },
		{ 9, "null", "batch:pages=8", LAYOUT_CONTIGUOUS },
		{ 9, "null", "batch:pages=8", LAYOUT_SCATTERED },
		{ 9, "memcpy", "batch:pages=512", LAYOUT_CONTIGUOUS },
		{ 9, "memcpy", "batch:pages=512", LAYOUT_SCATTERED },
		{ 9, "memcpy", "batch:pages=8", LAYOUT_CONTIGUOUS },
		{ 9, "memcpy", "batch:pages=8", LAYOUT_SCATTERED },
		{ 0, "null", "batch:pages=512", LAYOUT_CONTIGUOUS },
	};
	struct options o = { 0 };
	struct plan plan;
	size_t i;

	(void)state;
	small(&o);
	set(&o, "layout", "contiguous,scattered");
	set(&o, "batch", "512,8");
	set(&o, "engine", "null,memcpy");
	set(&o, "order", "9,0");
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	assert_int_equal(plan.n, 16);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct config *c = &plan.configs[i];

		assert_int_equal(c->mix.part[0].order, want[i].order);
		assert_string_equal(c->engine, want[i].engine);
		assert_string_equal(c->policy, want[i].policy);
		assert_int_equal(c->layout, want[i].layout);
	}
	plan_free(&plan);
	options_free(&o);
}

/* A busy machine is a dimension, inside of all but the number of runs. */
static void busy(void **state)
{
	static const unsigned int want[] = { 0, 2, 4, 0, 2, 4 };
	struct options o = { 0 };
	struct plan plan;
	size_t i;

	(void)state;
	small(&o);
	set(&o, "batch", "1,2");
	set(&o, "busy", "0:4:+2");
	set(&o, "read-after", "yes");
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	assert_int_equal(plan.n, 6);
	for (i = 0; i < 6; i++) {
		assert_int_equal(plan.configs[i].busy, want[i]);
		assert_true(plan.configs[i].read_after);
	}
	plan_free(&plan);
	/* In virtual time neither means anything, unless it is off. */
	set(&o, "backend", "model");
	set(&o, "read-after", "no");
	assert_int_equal(plan_make(&plan, &o, 1), EXIT_USAGE);
	set(&o, "busy", "0");
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	plan_free(&plan);
	set(&o, "read-after", "yes");
	assert_int_equal(plan_make(&plan, &o, 1), EXIT_USAGE);
	options_free(&o);
}

/* --batch on the command line replaces a policy of the job file. */
static void overriding(void **state)
{
	struct options above = { 0 }, below = { 0 };
	struct plan plan;

	(void)state;
	set(&below, "policy", "batch:pages=4,copy=inline");
	set(&below, "runs", "3");
	small(&below);
	set(&above, "batch", "16");
	set(&above, "seed", "9");
	assert_int_equal(options_inherit(&above, &below), 0);
	assert_int_equal(plan_make(&plan, &above, 1), 0);
	assert_int_equal(plan.n, 1);
	assert_string_equal(plan.configs[0].policy, "batch:pages=16");
	assert_int_equal(plan.configs[0].runs, 3);
	assert_int_equal(plan.configs[0].seed, 9);
	assert_int_equal(plan.seed, 9);
	plan_free(&plan);
	options_free(&above);
	options_free(&below);
}

static void sets_are_joined(void **state)
{
	struct options sets[2] = { 0 };
	struct plan plan;

	(void)state;
	small(&sets[0]);
	set(&sets[0], "batch", "1,2");
	set(&sets[1], "total", "4M");
	set(&sets[1], "folio", "2M");
	assert_int_equal(plan_make(&plan, sets, 2), 0);
	assert_int_equal(plan.n, 3);
	assert_string_equal(plan.configs[1].policy, "batch:pages=2");
	assert_int_equal(plan.configs[2].mix.part[0].order, 9);
	plan_free(&plan);
	options_free(&sets[0]);
	options_free(&sets[1]);
}

/*
 * A machine with four nodes: 0 and 1 are sockets, 2 is memory without CPUs
 * nearer to 1 than to 0, 3 is CPUs without memory.
 */
static void machine_of_four(struct machine *m)
{
	static const unsigned int distance[4][4] = {
		{ 10, 21, 30, 15 },
		{ 21, 10, 17, 30 },
		{ 30, 17, 10, 40 },
		{ 15, 30, 40, 10 },
	};
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->nr_nodes = 4;
	m->sysinfo.mem_available_bytes = (uint64_t)4 << 30;
	m->sysinfo.llc_bytes = (uint64_t)32 << 20;
	for (i = 0; i < 4; i++) {
		m->node[i].id = (int)i;
		m->node[i].mem_bytes = i == 3 ? 0 : (uint64_t)8 << 30;
		m->node[i].cpus = i == 2 ? 0 : 4;
		memcpy(m->node[i].distance, distance[i], sizeof(distance[i]));
	}
}

static struct machine four;

static struct config usual(void)
{
	static char uffd[] = "uffd", batch[] = "batch:pages=512";

	return (struct config){
		.backend = uffd, .policy = batch, .total = 1 << 20,
		.mix = { .n = 1, .part[0].percent = 100 },
		.from = -1, .to = -1,
	};
}

/* Where it is -1 it is decided; the code is what the check returns. */
static void nodes(void **state)
{
	static const struct {
		int here, from, to, want_from, want_to, code;
	} all[] = {
		{ 0, -1, -1, 0, 1, 0 },
		{ 1, -1, -1, 1, 2, 0 },
		{ 3, -1, -1, 0, 1, 0 },
		{ 0, 2, -1, 2, 1, 0 },
		{ 0, -1, 2, 0, 2, 0 },
		{ 1, -1, 1, 2, 1, 0 },
		{ 0, 2, 0, 2, 0, 0 },
		{ 0, 1, 1, 1, 1, 0 },
		{ 0, -1, 3, 0, 0, EXIT_USAGE },
		{ 0, 3, -1, 0, 0, EXIT_USAGE },
		{ 0, 4, -1, 0, 0, EXIT_USAGE },
		{ 0, 0, 99, 0, 0, EXIT_USAGE },
	};
	const struct options o = { 0 };
	size_t i;

	(void)state;
	machine_of_four(&four);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct config c = usual();

		four.here = all[i].here;
		c.from = all[i].from;
		c.to = all[i].to;
		assert_int_equal(config_check(&c, &o, &four), all[i].code);
		if (all[i].code)
			continue;
		assert_int_equal(c.from, all[i].want_from);
		assert_int_equal(c.to, all[i].want_to);
	}
}

/* What the cpuset forbids is not taken, and lacks where it is asked for. */
static void forbidden_nodes(void **state)
{
	static const struct {
		int here, from, to, want_from, want_to, code;
	} all[] = {
		{ 0, -1, -1, 0, 2, 0 },
		{ 1, -1, -1, 2, 0, 0 },
		{ 0, -1, 1, 0, 0, EXIT_LACKING },
		{ 0, 1, -1, 0, 0, EXIT_LACKING },
		{ 0, 0, 3, 0, 0, EXIT_USAGE },
	};
	const struct options o = { 0 };
	size_t i;

	(void)state;
	machine_of_four(&four);
	four.forbidden[1] = true;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct config c = usual();

		four.here = all[i].here;
		c.from = all[i].from;
		c.to = all[i].to;
		assert_int_equal(config_check(&c, &o, &four), all[i].code);
		if (all[i].code)
			continue;
		assert_int_equal(c.from, all[i].want_from);
		assert_int_equal(c.to, all[i].want_to);
	}
}

static void one_node(void **state)
{
	static char kernel[] = "kernel";
	const struct options o = { 0 };
	struct config c = usual();

	(void)state;
	machine_of_four(&four);
	four.nr_nodes = 1;
	assert_int_equal(config_check(&c, &o, &four), 0);
	assert_int_equal(c.from, 0);
	assert_int_equal(c.to, 0);
	c = usual();
	c.backend = kernel;
	assert_int_equal(config_check(&c, &o, &four), EXIT_LACKING);
	four.nr_nodes = 2;
	c = usual();
	c.backend = kernel;
	assert_int_equal(config_check(&c, &o, &four), 0);
	c.from = c.to = 1;
	assert_int_equal(config_check(&c, &o, &four), EXIT_LACKING);
}

static void memory(void **state)
{
	static char all_in_flight[] = "batch:pages=1M,copy=batch";
	const struct options o = { 0 };
	struct config c = usual();

	(void)state;
	machine_of_four(&four);
	c.total = (uint64_t)3 << 30;
	assert_int_equal(config_check(&c, &o, &four), 0);
	c.layout = LAYOUT_SCATTERED;
	assert_int_equal(config_check(&c, &o, &four), EXIT_USAGE);
	c.layout = LAYOUT_CONTIGUOUS;
	c.policy = all_in_flight;
	assert_int_equal(config_check(&c, &o, &four), EXIT_USAGE);
	/* Short calls go over the same memory again. */
	c.total = (uint64_t)64 << 30;
	assert_int_equal(config_check(&c, &o, &four), EXIT_USAGE);
	c.folios_per_call = 1024;
	assert_int_equal(config_check(&c, &o, &four), 0);
}

static void calls_and_totals(void **state)
{
	static const struct {
		const char *mix;
		uint64_t total, folios_per_call;
		int code;
	} all[] = {
		{ "4K", 4096, 0, 0 }, { "4K", 4095, 0, EXIT_USAGE },
		{ "4K", 1 << 20, 256, 0 }, { "4K", 1 << 20, 257, EXIT_USAGE },
		{ "2M", 2 << 20, 1, 0 }, { "2M", 1 << 20, 0, EXIT_USAGE },
		{ "2M", 4 << 20, UINT64_MAX, EXIT_USAGE },
		{ "4K:80/2M:20", 10 << 20, 0, 0 },
		{ "4K:80/2M:20", 1 << 20, 0, EXIT_USAGE },
		{ "4K:80/2M:20", 64 << 20, 2, EXIT_USAGE },
		{ "4K:80/2M:20", 64 << 20, 4096, 0 },
	};
	const struct options o = { 0 };
	size_t i;

	(void)state;
	machine_of_four(&four);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct config c = usual();

		assert_int_equal(parse_mix(all[i].mix, &c.mix), 0);
		c.total = all[i].total;
		c.folios_per_call = all[i].folios_per_call;
		assert_int_equal(config_check(&c, &o, &four), all[i].code);
	}
}

/* Every backend has its own engine; the model no nodes, chance nor rehearsal. */
static void backends(void **state)
{
	struct options o = { 0 };
	struct plan plan;
	const struct config *c;

	(void)state;
	small(&o);
	set(&o, "backend", "uffd,model");
	set(&o, "from", "0");
	set(&o, "runs", "7");
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	assert_int_equal(plan.n, 2);
	c = &plan.configs[0];
	assert_string_equal(c->engine, "memcpy");
	assert_int_equal(c->from, 0);
	assert_int_equal(c->runs, 7);
	assert_null(c->profile);
	assert_null(c->model);
	c = &plan.configs[1];
	assert_string_equal(c->engine, "model");
	assert_string_equal(c->policy, "batch:pages=512");
	assert_int_equal(c->from, -1);
	assert_int_equal(c->to, -1);
	assert_int_equal(c->runs, 1);
	assert_int_equal(c->warmup, 0);
	assert_string_equal(c->profile, "zen3-ptdma");
	assert_string_equal(migsim_profile_name(c->model), "zen3-ptdma");
	plan_free(&plan);
	options_free(&o);
}

/* One word, one profile, however many configurations compute with it. */
static void profiles(void **state)
{
	int key = migsim_profile_find("flush_base_us");
	struct options o = { 0 };
	struct plan plan;
	size_t i;

	(void)state;
	assert_true(key >= 0);
	small(&o);
	set(&o, "backend", "model");
	set(&o, "profile", "zen3-ptdma:flush_base_us=1,2,copy_us=3,zen3-ptdma");
	set(&o, "batch", "1,2");
	assert_int_equal(plan_make(&plan, &o, 1), 0);
	assert_int_equal(plan.n, 6);
	assert_int_equal(plan.nr_profiles, 3);
	for (i = 0; i < 3; i++)
		assert_ptr_equal(plan.configs[i].model,
				 plan.configs[i + 3].model);
	for (i = 0; i < 2; i++) {
		double v = migsim_profile_value(plan.configs[i].model,
						(unsigned int)key);

		assert_true(v > (double)i + 0.99 && v < (double)i + 1.01);
	}
	plan_free(&plan);
	set(&o, "profile", "zen3-ptdma:flush_base_us=1,copy_us=-1");
	assert_int_equal(plan_make(&plan, &o, 1), EXIT_USAGE);
	assert_null(plan.profiles);
	options_free(&o);
}

/* The machine has 4 GiB, and none of it counts but for a call's list. */
static void memory_of_the_model(void **state)
{
	static char model[] = "model";
	const struct options o = { 0 };
	struct config c = usual();

	(void)state;
	machine_of_four(&four);
	c.backend = model;
	c.from = 77;
	c.total = (uint64_t)1 << 30;
	assert_int_equal(config_check(&c, &o, &four), 0);
	assert_int_equal(c.folios_per_call, 0);
	c.total = (uint64_t)1 << 40;
	assert_int_equal(config_check(&c, &o, &four), 0);
	assert_int_equal(c.folios_per_call, 1 << 18);
	c.folios_per_call = (uint64_t)1 << 20;
	assert_int_equal(config_check(&c, &o, &four), 0);
	assert_int_equal(c.folios_per_call, 1 << 20);
	c.folios_per_call = (uint64_t)1 << 26;
	assert_int_equal(config_check(&c, &o, &four), EXIT_USAGE);
}

static void too_many(void **state)
{
	struct options sets[2] = { 0 };
	struct plan plan;

	(void)state;
	small(&sets[0]);
	set(&sets[0], "batch", "1:5000:+1");
	set(&sets[0], "mode", "sync,async");
	assert_int_equal(plan_make(&plan, sets, 1), 0);
	assert_int_equal(plan.n, MAX_CONFIGS);
	plan_free(&plan);
	/* One more, and nothing is left of the plan. */
	small(&sets[1]);
	assert_int_equal(plan_make(&plan, sets, 2), EXIT_USAGE);
	assert_int_equal(plan.n, 0);
	assert_null(plan.configs);
	options_free(&sets[0]);
	options_free(&sets[1]);
}

static void warnings_once(void **state)
{
	char **words;
	size_t n;

	(void)state;
	listen_to_library(true);
	migsim_log(MIGSIM_LOG_WARNING, "this is %s", "one");
	migsim_log(MIGSIM_LOG_WARNING, "this is %s", "two");
	migsim_log(MIGSIM_LOG_WARNING, "this is %s", "one");
	assert_int_equal(take_warnings(&words, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(words[0], "this is one");
	assert_string_equal(words[1], "this is two");
	free_words(words, n);
	assert_int_equal(take_warnings(&words, &n), 0);
	assert_int_equal(n, 0);
	migsim_set_log(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(nesting),
		cmocka_unit_test(busy),
		cmocka_unit_test(overriding),
		cmocka_unit_test(sets_are_joined),
		cmocka_unit_test(nodes),
		cmocka_unit_test(forbidden_nodes),
		cmocka_unit_test(one_node),
		cmocka_unit_test(memory),
		cmocka_unit_test(calls_and_totals),
		cmocka_unit_test(backends),
		cmocka_unit_test(profiles),
		cmocka_unit_test(memory_of_the_model),
		cmocka_unit_test(too_many),
		cmocka_unit_test(warnings_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
