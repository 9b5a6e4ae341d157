/* SPDX-License-Identifier: MIT */
/*
 * One scenario in both worlds: the same list of folios, the same policy and
 * the same lib/migrate over real memory with memcpy, and over the model with
 * its CPU's copy. What happens, and in which order, must be the same.
 *
 * The witnesses stand outside of the core: the built-in policy and engines
 * with their operations written down, and the states of the folios, looked at
 * whenever one of them is called.
 */
#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <migsim/migsim.h>

#define FOLIOS	300
#define ROOM	(1u << 20)

/* What was seen in one world. */
struct story {
	char *text;
	size_t len;
	unsigned char state[FOLIOS];
};

static struct story stories[2], *story;
static struct migsim_folio *folios;
static const struct migsim_engine_ops *engine;
static const struct migsim_policy_ops *policy;
static struct migsim_policy_answer script;

__attribute__((format(printf, 1, 2)))
static void tell(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	story->len += (size_t)vsnprintf(story->text + story->len,
					ROOM - story->len, fmt, ap);
	va_end(ap);
	assert(story->len < ROOM - 1);
}

/* What the core and the space did to folios since the last look. */
static void look(void)
{
	unsigned int i;

	for (i = 0; i < FOLIOS; i++) {
		if (folios[i].state == story->state[i])
			continue;
		story->state[i] = folios[i].state;
		tell(" %u:%u", i, folios[i].state);
	}
}

static int traced_submit(void *priv, const struct migsim_copy *copies,
			 uint32_t n)
{
	int took;
	uint32_t i;

	look();
	took = engine->submit(priv, copies, n);
	tell("\nsubmit");
	for (i = 0; took > 0 && i < (uint32_t)took; i++)
		tell(" %llx+%llu", (unsigned long long)copies[i].cookie,
		     (unsigned long long)copies[i].len);
	return took;
}

static int traced_reap(void *priv, struct migsim_completion *done,
		       uint32_t max, uint64_t timeout_ns)
{
	int i, n;

	look();
	n = engine->reap(priv, done, max, timeout_ns);
	tell("\nreap");
	for (i = 0; i < n; i++)
		tell(" %llx=%d", (unsigned long long)done[i].cookie,
		     done[i].status);
	return n;
}

static void tell_question(const struct migsim_policy_view *v,
			  const struct migsim_policy_answer *a)
{
	tell("\nask left %llu copying %llu copied %llu groups %u: admit %llu",
	     (unsigned long long)v->pages_left,
	     (unsigned long long)v->pages_copying,
	     (unsigned long long)v->pages_copied, v->groups,
	     (unsigned long long)a->admit);
}

static void traced_decide(void *priv, const void *args,
			  const struct migsim_policy_view *view,
			  struct migsim_policy_answer *answer)
{
	look();
	policy->decide(priv, args, view, answer);
	tell_question(view, answer);
}

/* Several groups, cut and remapped as the scenario says. */
static void scripted_decide(void *priv, const void *args,
			    const struct migsim_policy_view *view,
			    struct migsim_policy_answer *answer)
{
	(void)priv;
	(void)args;
	look();
	*answer = script;
	if (view->groups >= 3)
		answer->admit = 0;
	tell_question(view, answer);
}

static const struct migsim_engine_ops *find_engine(const char *name)
{
	const struct migsim_engine_ops *e;
	unsigned int i;

	for (i = 0; (e = migsim_engine_get(i)); i++)
		if (!strcmp(e->name, name))
			return e;
	return NULL;
}

static void register_engine(struct migsim_engine_ops *ops, const char *of,
			    const char *name)
{
	*ops = *find_engine(of);
	ops->name = name;
	ops->submit = traced_submit;
	ops->reap = traced_reap;
	assert_int_equal(migsim_engine_register(ops), 0);
}

static int register_all(void **state)
{
	static struct migsim_engine_ops memcpy_ops, model_ops;
	static struct migsim_policy_ops batch_ops, script_ops;
	unsigned int i;

	(void)state;
	register_engine(&memcpy_ops, "memcpy", "traced-memcpy");
	register_engine(&model_ops, "model", "traced-model");
	for (i = 0; (policy = migsim_policy_get(i)); i++)
		if (!strcmp(policy->name, "batch"))
			break;
	batch_ops = *policy;
	batch_ops.name = "traced-batch";
	batch_ops.decide = traced_decide;
	script_ops = batch_ops;
	script_ops.name = "scripted";
	script_ops.decide = scripted_decide;
	script_ops.params = NULL;
	script_ops.window = NULL;
	for (i = 0; i < 2; i++)
		stories[i].text = malloc(ROOM);
	return !stories[0].text || !stories[1].text ||
	       migsim_policy_register(&batch_ops) ||
	       migsim_policy_register(&script_ops);
}

/* Orders 0, 2 and 4, in an order that no batch size divides. */
static size_t lay_out(unsigned char *memory)
{
	static const unsigned char orders[] = { 0, 2, 0, 0, 4, 2, 0 };
	size_t at = 0, bytes;
	unsigned int i;

	for (i = 0; i < FOLIOS; i++) {
		bytes = (size_t)MIGSIM_PAGE_SIZE << orders[i % 7];
		at = (at + bytes - 1) / bytes * bytes;
		if (memory) {
			folios[i] = (struct migsim_folio){
				.addr = (uintptr_t)memory + at,
				.order = orders[i % 7],
			};
		}
		at += bytes;
	}
	return at;
}

/* What became of each folio, and that time went forward. */
static void check_folios(void)
{
	unsigned int i;

	for (i = 0; i < FOLIOS; i++) {
		assert_int_equal(folios[i].status, 0);
		assert_true(folios[i].unmapped <= folios[i].remapped);
		if (i)
			assert_true(folios[i - 1].unmapped <=
				    folios[i].unmapped);
	}
}

static struct migsim_summary live(unsigned int world, const char *space,
				  const char *engine_word,
				  const char *policy_word)
{
	struct migsim_options o = MIGSIM_OPTIONS_INIT;
	struct migsim_summary s = { .size = sizeof(s) };
	struct migsim_report *report = migsim_report_new();
	struct migsim_migrator *m;
	int err;

	story = &stories[world];
	story->len = 0;
	memset(story->state, 0, sizeof(story->state));
	o.space = space;
	o.engine = engine_word;
	o.policy = policy_word;
	engine = find_engine(world ? "model" : "memcpy");
	err = migsim_migrator_open(&m, &o);
	if (err == -EPERM) {
		printf("userfaultfd is not permitted here\n");
		exit(77);
	}
	assert_int_equal(err, 0);
	assert_int_equal(migsim_migrate(m, folios, FOLIOS, report), 0);
	look();
	migsim_migrator_close(m);
	check_folios();
	migsim_report_summary(report, &s);
	migsim_report_free(report);
	return s;
}

static void same_counters(const struct migsim_summary *a,
			  const struct migsim_summary *b)
{
	assert_int_equal(a->groups, b->groups);
	assert_int_equal(a->migrated, b->migrated);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->max_pages_in_flight, b->max_pages_in_flight);
	assert_int_equal(a->declined, b->declined);
	assert_int_equal(a->cpu_fallback, b->cpu_fallback);
	assert_int_equal(a->first_us.n, b->first_us.n);
	assert_int_equal(a->inaccessible_us.n, b->inaccessible_us.n);
}

static void in_both(const char *word)
{
	struct migsim_summary real, model;
	size_t len = lay_out(NULL);
	unsigned char *memory;

	memory = mmap(NULL, len + 65536, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	madvise(memory, len + 65536, MADV_NOHUGEPAGE);
	memset(memory, 1, len + 65536);
	lay_out(memory + (-(uintptr_t)memory & 65535));
	real = live(0, "uffd", "traced-memcpy", word);
	lay_out(memory + (-(uintptr_t)memory & 65535));
	model = live(1, "model", "traced-model:channels=0", word);
	same_counters(&real, &model);
	/* There was something to tell. */
	assert_true(stories[0].len > FOLIOS * 8);
	assert_string_equal(stories[0].text, stories[1].text);
	munmap(memory, len + 65536);
}

static void upstreams_batch(void **state)
{
	(void)state;
	in_both("traced-batch:pages=1");
	in_both("traced-batch:pages=37");
	in_both("traced-batch:pages=512");
	in_both("traced-batch:pages=100000");
}

static void the_copy_in_line(void **state)
{
	(void)state;
	in_both("traced-batch:pages=37,copy=inline");
	in_both("traced-batch:pages=512,copy=inline");
}

static void several_groups_cut_in_pieces(void **state)
{
	(void)state;
	script = (struct migsim_policy_answer){
		.admit = 40, .submit = 9, .pieces = 3, .fan = 2,
		.remap = MIGSIM_REMAP_GROUP };
	in_both("scripted");
	script.remap = MIGSIM_REMAP_FOLIO;
	in_both("scripted");
	script.remap = MIGSIM_REMAP_BATCH;
	script.no_offload = 1;
	in_both("scripted");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upstreams_batch),
		cmocka_unit_test(the_copy_in_line),
		cmocka_unit_test(several_groups_cut_in_pieces),
	};

	folios = mmap(NULL, FOLIOS * sizeof(*folios), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (folios == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, register_all, NULL);
}
