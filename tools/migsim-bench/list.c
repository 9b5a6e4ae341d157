/* SPDX-License-Identifier: MIT */
/*
 * list: what there is to choose from.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "reproduce.h"
#include "render.h"

#define WIDTH	100

static void print_choices(const struct migsim_param *p)
{
	unsigned int i;

	for (i = 0; p->choices[i]; i++)
		printf("%s%s", i ? "|" : "", p->choices[i]);
	printf(" (%s)", p->choices[p->def]);
}

static void print_number(const struct migsim_param *p)
{
	printf("%" PRIu64 "…%" PRIu64, p->min, p->max);
	if (p->def_text)
		printf("|%s (%s)", p->def_text, p->def_text);
	else if (p->def <= p->max)
		printf(" (%" PRIu64 ")", p->def);
}

static void print_params(const struct migsim_param *p)
{
	for (; p && p->name; p++) {
		printf("    %s=", p->name);
		if (p->type == MIGSIM_PARAM_CHOICE)
			print_choices(p);
		else if (p->type == MIGSIM_PARAM_TEXT)
			printf("TEXT (%s)", p->def_text ? p->def_text : "none");
		else
			print_number(p);
		putchar('\n');
		print_wrapped(stdout, "        ", p->help, WIDTH);
	}
}

/* A name may come from a plug-in, and be as long as it likes. */
static void print_name(const char *name, const char *text)
{
	char lead[32];

	snprintf(lead, sizeof(lead), "%-9.20s ", name);
	print_wrapped(stdout, lead, text, WIDTH);
}

static void print_engine(const struct migsim_engine_ops *e)
{
	print_name(e->name, e->help);
	if (e->needs)
		print_wrapped(stdout, "    needs ", e->needs, WIDTH);
	print_params(e->params);
}

static int list_engines(void)
{
	const struct migsim_engine_ops *e;
	unsigned int i;

	for (i = 0; (e = migsim_engine_get(i)); i++)
		print_engine(e);
	return EXIT_DONE;
}

/* The library says what is wrong with a word. */
static int list_these_engines(char **words, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (migsim_engine_check(words[i]))
			return EXIT_USAGE;
	for (i = 0; i < n; i++)
		print_engine(migsim_engine_find(words[i]));
	return EXIT_DONE;
}

/* Some options make a policy one of the other kind. */
static void print_policy(const struct migsim_policy_ops *p, const char *kind)
{
	char text[256];

	snprintf(text, sizeof(text), "%s; %s", p->help,
		 strcmp(kind, "async") ? "fits today's series" :
		 "needs an asynchronous migrator");
	print_name(p->name, text);
	print_params(p->params);
}

static int list_policies(void)
{
	const struct migsim_policy_ops *p;
	unsigned int i;

	for (i = 0; (p = migsim_policy_get(i)); i++)
		print_policy(p, p->kind);
	return EXIT_DONE;
}

static int list_these_policies(char **words, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (migsim_policy_check(words[i]))
			return EXIT_USAGE;
	for (i = 0; i < n; i++)
		print_policy(migsim_policy_find(words[i]),
			     migsim_policy_kind(words[i]));
	return EXIT_DONE;
}

static void print_profile_key(const struct migsim_profile_key *key)
{
	unsigned int i;

	printf("    %s%s%s", key->name, *key->unit ? ", " : "", key->unit);
	for (i = 0; key->choices && key->choices[i]; i++)
		printf("%s%s", i ? "|" : "=", key->choices[i]);
	putchar('\n');
	print_wrapped(stdout, "        ", key->reading, WIDTH);
}

/* They all have the same keys. */
static void print_profile_keys(void)
{
	const struct migsim_profile_key *key;
	const char *section = "";
	unsigned int i;

	for (i = 0; (key = migsim_profile_key(i)); i++) {
		if (strcmp(section, key->section))
			printf("  %s\n", key->section);
		section = key->section;
		print_profile_key(key);
	}
}

static int list_profiles(void)
{
	struct migsim_profile *p;
	const char *name;
	unsigned int i;

	for (i = 0; (name = migsim_profile_builtin(i)); i++) {
		if (migsim_profile_open(&p, name)) {
			say("the profile %s cannot be read", name);
			return EXIT_FAILED;
		}
		puts(name);
		print_wrapped(stdout, "    ", migsim_profile_description(p),
			      WIDTH);
		migsim_profile_close(p);
	}
	puts("keys of every profile, given as NAME:key=value,key=value");
	print_profile_keys();
	return EXIT_DONE;
}

static int list_tables(void)
{
	struct data data = { 0 };
	struct repro r = { 0 };
	int rc = data_read_published(&data);
	size_t i;

	if (!rc)
		rc = repro_tables(&r, &data, NULL, 0);
	for (i = 0; i < r.n; i++)
		repro_print_list(stdout, &r.table[i]);
	repro_free(&r);
	data_free(&data);
	return rc;
}

static void print_node(const struct migsim_node *node, unsigned int n)
{
	unsigned int i;

	printf("%4d  %4u  %7.1f GiB  %7.1f GiB  ", node->id, node->cpus,
	       (double)node->mem_bytes / (1 << 30),
	       (double)node->free_bytes / (1 << 30));
	for (i = 0; i < n; i++)
		printf(" %3u", node->distance[i]);
	putchar('\n');
}

static int list_topology(void)
{
	static struct migsim_node node[MIGSIM_MAX_NODES];
	int found = migsim_topology_nodes(node, MIGSIM_MAX_NODES);
	unsigned int n, i;

	if (found < 1) {
		say("the nodes of this machine cannot be read");
		return EXIT_FAILED;
	}
	n = found < MIGSIM_MAX_NODES ? (unsigned int)found : MIGSIM_MAX_NODES;
	printf("node  CPUs       memory         free   distance to");
	for (i = 0; i < n; i++)
		printf(" %d", node[i].id);
	putchar('\n');
	for (i = 0; i < n; i++)
		print_node(&node[i], n);
	printf("last-level cache of a CPU: %.1f MiB\n",
	       (double)migsim_topology_llc_bytes() / (1 << 20));
	return EXIT_DONE;
}

static const struct subject {
	const char *name;
	int (*list)(void);
	int (*list_these)(char **words, int n);	/* optional */
} subjects[] = {
	{ "engines", list_engines, list_these_engines },
	{ "policies", list_policies, list_these_policies },
	{ "profiles", list_profiles, NULL },
	{ "tables", list_tables, NULL },
	{ "topology", list_topology, NULL },
};

#define NR_SUBJECTS	(sizeof(subjects) / sizeof(subjects[0]))

static int help(void)
{
	puts("migsim-bench list [WHAT]    show what there is to choose from\n\n"
	     "  engines     what copies: name, options with bounds and (default)\n"
	     "  policies    how much is in flight: as for engines\n"
	     "  profiles    parameters of the cost model\n"
	     "  tables      published measurements\n"
	     "  topology    nodes, their memory and distances\n\n"
	     "Without a word all are shown. An engine or a policy is written\n"
	     "name:key=value,key=value; its name may be the path of an outside\n"
	     "one. 'list engines NAME…' and 'list policies NAME…' show only\n"
	     "these. Example:\n"
	     "  migsim-bench list engines memcpy ./libfoo.so");
	return EXIT_DONE;
}

static int list_all(void)
{
	size_t i;
	int rc = EXIT_DONE;

	for (i = 0; i < NR_SUBJECTS && !rc; i++) {
		printf("%s%s:\n", i ? "\n" : "", subjects[i].name);
		rc = subjects[i].list();
	}
	return rc;
}

int cmd_list(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return list_all();
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return help();
	for (i = 0; i < NR_SUBJECTS; i++) {
		if (strcmp(subjects[i].name, argv[1]))
			continue;
		if (argc == 2)
			return subjects[i].list();
		if (!subjects[i].list_these)
			break;
		listen_to_library(false);
		return subjects[i].list_these(argv + 2, argc - 2);
	}
	say("list takes one of engines, policies, profiles, tables and topology, not '%.100s'",
	    argv[argc - 1]);
	return EXIT_USAGE;
}
