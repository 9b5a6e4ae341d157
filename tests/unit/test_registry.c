/* SPDX-License-Identifier: MIT */
/* Registering engines, policies and spaces, and the words that name them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <migsim/migsim.h>

#include "registry.h"
#include "said.h"

struct args {
	uint64_t number;
	uint64_t choice;
	const char *text;
	uint64_t parts;
};

static const char *const words[] = { "near", "far", NULL };

static const struct migsim_param params[] = {
	{ .name = "number", .help = "a number", .def = 7, .min = 2,
	  .max = (uint64_t)1 << 40, .offset = offsetof(struct args, number) },
	{ .name = "choice", .help = "a choice", .type = MIGSIM_PARAM_CHOICE,
	  .choices = words, .def = 1, .offset = offsetof(struct args, choice) },
	{ .name = "text", .help = "a text", .type = MIGSIM_PARAM_TEXT,
	  .def_text = "none", .offset = offsetof(struct args, text) },
	{ .name = "parts", .help = "a number or a word", .def = UINT64_MAX,
	  .def_text = "auto", .min = 1, .max = 64,
	  .offset = offsetof(struct args, parts) },
	{ 0 },
};

static void decide(void *priv, const void *args,
		   const struct migsim_policy_view *view,
		   struct migsim_policy_answer *answer)
{
	(void)priv;
	(void)args;
	(void)view;
	(void)answer;
}

static const struct migsim_policy_ops policy = {
	.size = sizeof(policy), .abi = MIGSIM_POLICY_ABI, .name = "words",
	.help = "has options", .kind = "today", .params = params,
	.args_size = sizeof(struct args), .decide = decide,
};

/* The arguments of a word that is understood. */
static struct args parsed(const char *word)
{
	struct spec spec;
	struct args a;
	static char text[64];

	assert_int_equal(spec_parse(OPS_POLICY, word, &spec), 0);
	a = *(struct args *)spec.args;
	snprintf(text, sizeof(text), "%s", a.text);
	a.text = text;
	spec_free(&spec);
	return a;
}

/* A word that is not, and what the sentence must name. */
static void refused(const char *word, const char *names)
{
	*said = '\0';
	sentences = 0;
	assert_int_equal(migsim_policy_check(word), -EINVAL);
	assert_int_equal(sentences, 1);
	if (!strstr(said, names))
		fail_msg("'%s' does not name '%s'", said, names);
}

static void defaults_are_set(void **state)
{
	struct args a = parsed("words");

	(void)state;
	assert_int_equal(a.number, 7);
	assert_int_equal(a.choice, 1);
	assert_string_equal(a.text, "none");
}

static void options_are_read(void **state)
{
	struct args a = parsed("words:text=x=y,choice=near,number=4K");

	(void)state;
	assert_int_equal(a.number, 4096);
	assert_int_equal(a.choice, 0);
	assert_string_equal(a.text, "x=y");
	assert_int_equal(parsed("words:number=2").number, 2);
	assert_true(parsed("words").parts == UINT64_MAX);
	assert_true(parsed("words:parts=auto").parts == UINT64_MAX);
	assert_int_equal(parsed("words:parts=64").parts, 64);
	assert_int_equal(parsed("words:number=3M").number, 3 << 20);
	assert_true(parsed("words:number=1024G").number == (uint64_t)1 << 40);
	assert_int_equal(sentences, 0);
}

static void bad_numbers_are_refused(void **state)
{
	static const char *const bad[] = {
		"1", "1025G", "-3", "+3", "3x", "3KK", "", " 3", "0x10", "3.5",
		"99999999999999999999", "18446744073709551615K", "K",
	};
	char word[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(word, sizeof(word), "words:number=%s", bad[i]);
		refused(word, "number");
	}
}

static void bad_options_are_named(void **state)
{
	(void)state;
	refused("words:parts=65", "from 1 to 64, or auto");
	refused("words:colour=red", "number, choice, text, parts");
	refused("words:choice=middle", "near, far");
	refused("words:number", "number");
	refused("words:text=", "text");
	refused("words:", "''");
	refused("words:number=3,", "''");
	refused("words:number=3,,choice=far", "''");
	refused("wordz", "batch");
	refused("", "batch");
}

static void the_check_is_of_its_own_kind(void **state)
{
	(void)state;
	assert_int_equal(migsim_policy_check("batch:pages=8,copy=inline"), 0);
	assert_int_equal(migsim_engine_check("memcpy"), 0);
	assert_int_equal(migsim_engine_check("null"), 0);
	assert_int_equal(migsim_space_check("uffd"), 0);
	assert_int_equal(migsim_space_check("kernel"), 0);
	assert_int_equal(sentences, 0);
	assert_int_equal(migsim_engine_check("batch"), -EINVAL);
	assert_non_null(strstr(said, "memcpy"));
	assert_int_equal(migsim_space_check("memcpy"), -EINVAL);
	assert_non_null(strstr(said, "uffd"));
	refused("batch:pages=0", "pages");
	assert_int_equal(migsim_engine_check("null:x=1"), -EINVAL);
	assert_non_null(strstr(said, "none"));
}

static void names_are_taken_once(void **state)
{
	struct migsim_policy_ops again = policy;

	(void)state;
	assert_int_equal(migsim_policy_register(&policy), -EEXIST);
	again.name = "batch";
	assert_int_equal(migsim_policy_register(&again), -EEXIST);
}

static void incomplete_tables_are_refused(void **state)
{
	struct migsim_policy_ops bad = policy;
	struct migsim_engine_ops engine;
	struct migsim_space_ops space;

	(void)state;
	assert_int_equal(migsim_policy_register(NULL), -EINVAL);
	assert_int_equal(migsim_engine_register(NULL), -EINVAL);
	assert_int_equal(migsim_space_register(NULL), -EINVAL);
	bad.name = NULL;
	assert_int_equal(migsim_policy_register(&bad), -EINVAL);
	bad.name = "";
	assert_int_equal(migsim_policy_register(&bad), -EINVAL);
	bad.name = "bad";
	bad.abi++;
	assert_int_equal(migsim_policy_register(&bad), -EINVAL);
	bad.abi--;
	bad.decide = NULL;
	assert_int_equal(migsim_policy_register(&bad), -EINVAL);
	bad.decide = decide;
	bad.size = 16;
	assert_int_equal(migsim_policy_register(&bad), -EINVAL);

	engine = *migsim_engine_get(0);
	engine.name = "bad";
	engine.reap = NULL;
	assert_int_equal(migsim_engine_register(&engine), -EINVAL);
	space = *migsim_space_get(0);
	space.name = "bad";
	space.undo = NULL;
	assert_int_equal(migsim_space_register(&space), -EINVAL);
	assert_int_equal(migsim_policy_check("bad"), -EINVAL);
}

/* What an older table lacks is NULL, whatever lies behind it in memory. */
static void an_older_table_ends_early(void **state)
{
	static struct migsim_policy_ops old;
	struct spec spec;

	(void)state;
	old = policy;
	old.name = "old";
	old.size = offsetof(struct migsim_policy_ops, window);
	memset(&old.window, 0x5a, sizeof(old.window));
	assert_int_equal(migsim_policy_register(&old), 0);
	assert_int_equal(spec_parse(OPS_POLICY, "old", &spec), 0);
	assert_null(((struct migsim_policy_ops *)spec.ops)->window);
	assert_ptr_equal(((struct migsim_policy_ops *)spec.ops)->decide, decide);
	spec_free(&spec);
}

/* The last test: it leaves no room. */
static void the_list_has_an_end(void **state)
{
	static struct migsim_policy_ops many[100];
	static char names[100][16];
	unsigned int i, known = 0;
	int err = 0;

	(void)state;
	for (i = 0; i < 100 && !err; i++) {
		snprintf(names[i], sizeof(names[i]), "many%u", i);
		many[i] = policy;
		many[i].name = names[i];
		err = migsim_policy_register(&many[i]);
	}
	assert_int_equal(err, -ENOSPC);
	while (migsim_policy_get(known))
		known++;
	assert_true(known >= i - 1 && known < 100);
	assert_string_equal(migsim_policy_get(known - 1)->name, names[i - 2]);
	/* The sentence that names them all is cut, and still ends. */
	refused("nobody", "batch");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults_are_set,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(options_are_read,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(bad_numbers_are_refused,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(bad_options_are_named,
						said_listen, said_quiet),
		cmocka_unit_test_setup_teardown(the_check_is_of_its_own_kind,
						said_listen, said_quiet),
		cmocka_unit_test(names_are_taken_once),
		cmocka_unit_test(incomplete_tables_are_refused),
		cmocka_unit_test(an_older_table_ends_early),
		cmocka_unit_test_setup_teardown(the_list_has_an_end,
						said_listen, said_quiet),
	};

	if (migsim_policy_register(&policy))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
