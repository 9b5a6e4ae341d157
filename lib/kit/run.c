/* SPDX-License-Identifier: MIT */
/*
 * One scenario: a migrator put together by hand, since neither its space nor
 * its engine have a name, the calls, and what must hold behind each.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "sys.h"

/* As a migrator has it where the policy names no bound. */
#define DEFAULT_WINDOW	65536
#define DEFAULT_DEPTH	1024

static _Thread_local char said[512];

__attribute__((format(printf, 1, 2)))
static const char *say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	return said;
}

void kit_broken(struct kit *k, const char *format, ...)
{
	va_list args;
	int len;

	if (k->broken)
		return;
	k->broken = true;
	len = snprintf(said, sizeof(said),
		       "policy %.40s, scenario '%.80s', call %u, question %llu: ",
		       k->ops.name, k->s.name, k->call,
		       (unsigned long long)k->asked);
	va_start(args, format);
	vsnprintf(said + len, sizeof(said) - (size_t)len, format, args);
	va_end(args);
	migsim_migrator_stop(k->m);
}

static const char *check_scenario(const struct migsim_policy_scenario *s)
{
	if (!s->folios || !s->calls || !s->name || !s->orders || !*s->orders ||
	    s->orders[strspn(s->orders, "0123456789")])
		return say("the scenario needs a name, folios, calls, and a digit for each order");
	if (s->engine > MIGSIM_TEST_DIES || s->view > MIGSIM_TEST_LIMITS ||
	    s->mode > MIGSIM_MODE_SYNC || s->reason >= MIGSIM_REASONS)
		return say("the scenario '%.80s' names an engine, a view, a mode or a reason that is none",
			   s->name);
	return NULL;
}

static bool make_twin(struct kit *k, struct twin *twin)
{
	size_t size = k->ops.priv_size;

	twin->memory = malloc(size + 2 * FENCE);
	if (!twin->memory)
		return false;
	memset(twin->memory, 0xa5, size + 2 * FENCE);
	twin->priv = twin->memory + FENCE;
	memset(twin->priv, 0, size);
	return true;
}

static bool make_memory(struct kit *k)
{
	size_t n = k->s.folios;

	k->depth = k->s.depth ? k->s.depth : DEFAULT_DEPTH;
	if (k->s.engine == MIGSIM_TEST_ONE)
		k->depth = 1;
	k->nr_channels = k->s.channels ? k->s.channels : 1;
	k->folios = calloc(n, sizeof(*k->folios));
	k->tries = malloc(n);
	k->ended = malloc(n);
	k->held = calloc(k->depth, sizeof(*k->held));
	k->channel_free = calloc(k->nr_channels, sizeof(*k->channel_free));
	k->m = sys_map(sizeof(*k->m));
	if (!k->folios || !k->tries || !k->ended || !k->held ||
	    !k->channel_free || !k->m)
		return false;
	k->m->slots = sys_map(MAX_GROUPS * sizeof(*k->m->slots));
	return k->m->slots && make_twin(k, &k->twin[0]) &&
	       make_twin(k, &k->twin[1]);
}

static const char *make_args(struct kit *k, const char *options)
{
	k->args_size = k->ops.args_size;
	k->args = calloc(1, k->args_size + FENCE);
	k->args_was = malloc(k->args_size + FENCE);
	k->options = strdup(options ? options : "");
	if (!k->args || !k->args_was || !k->options)
		return say("there is no memory for the test");
	if (params_parse(k->ops.params, *k->options ? k->options : NULL,
			 "policy", k->ops.name, k->args))
		return say("policy %.40s does not understand the options '%.200s'",
			   k->ops.name, options);
	memcpy(k->args_was, k->args, k->args_size + FENCE);
	return NULL;
}

/* As migsim_migrator_open() would. */
static void make_migrator(struct kit *k)
{
	struct migsim_migrator *m = k->m;

	k->window = k->ops.window ? k->ops.window(k->args) : 0;
	k->engine = (struct migsim_engine){
		.ops = &kit_engine, .priv = k,
		.caps = { .channels = k->s.channels, .depth = k->depth },
	};
	k->between = (struct migsim_policy_ops){
		.size = sizeof(k->between), .name = k->ops.name,
		.kind = k->ops.kind, .init = kit_policy_init,
		.decide = kit_policy_decide,
	};
	m->space = (struct migsim_space_ops *)(uintptr_t)&kit_space;
	m->engine = &k->engine;
	m->policy = &k->between;
	m->space_priv = m->policy_priv = k;
	m->space_caps.flags = MIGSIM_SPACE_VIRTUAL;
	m->space_caps.ticks_per_s = 1000000000;
	m->tick_mult = (uint64_t)1 << 32;
	m->copy_timeout = PATIENCE_NS;
	m->mode = k->s.mode;
	m->reason = k->s.reason;
	m->unused = m->slots;
	/* A kernel has no bound beside the policy's own. */
	m->max_window = DEFAULT_WINDOW;
	if (k->window && k->window > m->max_window / 2)
		m->max_window = k->window < UINT64_MAX / 2 ? 2 * k->window
							   : k->window;
	if (k->s.capacity && k->s.capacity < m->max_window)
		m->max_window = k->s.capacity;
}

static void make_folios(struct kit *k)
{
	const char *order = k->s.orders;
	uint32_t i;

	for (i = 0; i < k->s.folios; i++, order++) {
		if (!*order)
			order = k->s.orders;
		k->folios[i].addr = (uint64_t)(i + 1) << 21;
		k->folios[i].order = (uint8_t)(*order - '0');
	}
}

static void free_kit(struct kit *k)
{
	if (k->m) {
		/* They are not such as a migrator closes. */
		k->m->engine = NULL;
		k->m->policy = NULL;
		migsim_migrator_close(k->m);
	}
	free(k->twin[0].memory);
	free(k->twin[1].memory);
	free(k->args);
	free(k->args_was);
	free(k->options);
	free(k->folios);
	free(k->tries);
	free(k->ended);
	free(k->held);
	free(k->channel_free);
}

/* A folio ended as its status says, and only such as may fail did. */
static void check_folio(struct kit *k, uint32_t i)
{
	const struct migsim_folio *f = &k->folios[i];
	bool may_fail = k->s.pinned || k->s.busy ||
			k->s.engine == MIGSIM_TEST_STUCK;

	if (f->status == MIGSIM_UNTRIED)
		kit_broken(k, "folio %u is lost: nothing became of it", i);
	else if (f->status && !may_fail)
		kit_broken(k, "folio %u failed: %d", i, f->status);
	else if (k->ended[i] != !f->status)
		kit_broken(k, "folio %u ends with %d and was remapped %u times",
			   i, f->status, k->ended[i]);
}

static void check_note(struct kit *k)
{
	struct {
		struct migsim_policy_note note;
		uint8_t fence[FENCE];
	} n = { 0 };
	size_t i;

	if (!k->ops.note)
		return;
	k->ops.note(k->twin[0].priv, k->args, &n.note);
	kit_check_fences(k, "note");
	for (i = 0; i < FENCE; i++)
		if (n.fence[i])
			kit_broken(k, "note writes behind the note");
	/* It may mean the folio that crosses the window, too. */
	if (k->window && n.note.window >= k->window + k->m->largest)
		kit_broken(k, "it notes a window of %llu pages, and names one of %llu",
			   (unsigned long long)n.note.window,
			   (unsigned long long)k->window);
}

static void run_call(struct kit *k)
{
	uint32_t i, n = k->s.folios;
	long rc;

	memset(k->tries, 0, n);
	memset(k->ended, 0, n);
	rc = migsim_migrate(k->m, k->folios, n, NULL);
	if (rc < 0)
		kit_broken(k, "the call ends with %ld", rc);
	if (k->flying)
		kit_broken(k, "%llu pages are still in flight",
			   (unsigned long long)k->flying);
	for (i = 0; i < n && !k->broken; i++)
		check_folio(k, i);
	check_note(k);
}

static const char *run(struct kit *k, const char *options)
{
	const char *sentence = make_args(k, options);

	if (sentence)
		return sentence;
	if (!make_memory(k))
		return say("there is no memory for the test");
	make_folios(k);
	make_migrator(k);
	while (k->call < k->s.calls && !k->broken) {
		k->call++;
		run_call(k);
	}
	return k->broken ? said : NULL;
}

const char *migsim_policy_test(const struct migsim_policy_ops *ops,
			       const char *options,
			       const struct migsim_policy_scenario *scenario)
{
	struct kit k = { 0 };
	const char *sentence;

	if (!ops || !policy_is_whole(ops))
		return say("the policy " POLICY_LACKS);
	if (!scenario ||
	    scenario->size < offsetof(struct migsim_policy_scenario, watch))
		return say("the scenario has no size: begin with MIGSIM_POLICY_SCENARIO_INIT");
	memcpy(&k.ops, ops, ops->size < sizeof(*ops) ? ops->size
						     : sizeof(*ops));
	memcpy(&k.s, scenario, scenario->size < sizeof(k.s) ? scenario->size
							    : sizeof(k.s));
	sentence = check_scenario(&k.s);
	if (!sentence)
		sentence = run(&k, options);
	free_kit(&k);
	return sentence;
}
