/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check_dnsbl_internal - one check of block lists in work
 *
 * Shared by the machine that asks (check_dnsbl.c) and what is said of its
 * results (check_dnsbl_words.c); for nobody else.
 */
#ifndef POSTERN_POLICY_CHECK_DNSBL_INTERNAL_H
#define POSTERN_POLICY_CHECK_DNSBL_INTERNAL_H

#include "policy/dnsbl_lists.h"

struct conf_dnsbl;
struct loop;
struct resolver;

/* What became of a question. */
enum dnsbl_answer { ASK_OPEN, ASK_NO, ASK_LISTED, ASK_SILENT, ASK_REFUSED, ASK_RESTS };

/* One question about one key to one item. */
struct dnsbl_ask {
    struct dnsbl_work *work;
    const struct dnsbl_list *list;
    const struct dnsbl_item *item;
    struct str key;
    bool address;                /* the key is one */
    bool chosen;                 /* ... and whoever connects chose it */
    bool confirming;             /* Exim's second look, in the zone of the text */
    uint64_t question;           /* 0: none open */
    enum dnsbl_answer answer;
    uint32_t code;
};

/* One check of one envelope; in its arena. */
struct dnsbl_work {
    struct policy *policy;
    uint64_t run;
    const struct dnsbl_lists *lists;
    struct resolver *resolver;
    struct loop *loop;
    const struct conf_dnsbl *conf;
    int64_t ends_ms;
    bool dry;
    struct dnsbl_ask *asks;
    size_t count;
    const struct dnsbl_ask *main;      /* its text is asked */
    uint64_t text_question;
    struct str text;
};

/* The sum of one list over the asks: a list counts once. */
struct dnsbl_tally {
    int64_t sum, may_add, may_take;
    int64_t may_defer;           /* what lists with +defer_unknown that do not answer would add */
    size_t open, answered, silent, refused, rests, listed;
    const struct dnsbl_ask *main;      /* the listed one with the largest weight */
    const struct dnsbl_ask *defer;     /* silent, with +defer_unknown */
};

/* What was found and where: "zen 127.0.0.4 1.00; list.dnswl.org 127.0.10.1 -2.00; other gave no
 * answer; sum -1.00". What has nothing to tell is left out. In the run's arena. */
struct str dnsbl_words(struct check_run *run, const struct dnsbl_work *w,
                       const struct dnsbl_tally *t);

/* The administrator's reply, or the built-in one, with %h %z %t %p replaced; w->main is set. */
struct str dnsbl_reply(struct check_run *run, const struct dnsbl_work *w);

#endif
